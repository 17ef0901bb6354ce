"""Small CEP instances whose meals are not proportional to enrolment."""

import random

from fairbound.benchmarks.cep.tiny import MEALS as ROWS
from fairbound.benchmarks.cep.tiny import with_meals
from fairbound.models.cep import CepInstance

__all__ = ["ROWS", "seven", "with_meals"]


def seven(seed: int) -> CepInstance:
    """Seven schools; two of them must be covered."""
    chance = random.Random(seed)
    rows = []
    for _ in range(7):
        enrolled = chance.randint(60, 900)
        identified = round(enrolled * chance.uniform(0.35, 0.65))
        rows.append((enrolled, identified, chance.randint(0, 9000), chance.randint(2000, 30000)))
    return with_meals(f"drawn {seed}", rows, forced_in=("s1", "s2"))
