"""Small CEP instances whose meals are not proportional to enrolment."""

import random

import numpy as np
from fairbound.benchmarks.cep.tiny import MEALS as ROWS
from fairbound.benchmarks.cep.tiny import with_meals
from fairbound.models.cep import CepInstance
from fairbound.solvers.cep.share_cells import Cells
from fairbound.solvers.cep.share_plan import ListModel

__all__ = ["ROWS", "list_model", "seven", "with_meals"]


def seven(seed: int) -> CepInstance:
    """Seven schools; two of them must be covered."""
    chance = random.Random(seed)
    rows = []
    for _ in range(7):
        enrolled = chance.randint(60, 900)
        identified = round(enrolled * chance.uniform(0.35, 0.65))
        rows.append((enrolled, identified, chance.randint(0, 9000), chance.randint(2000, 30000)))
    return with_meals(f"drawn {seed}", rows, forced_in=("s1", "s2"))


def list_model(instance: CepInstance, home: list[int], share: float) -> tuple[Cells, ListModel]:
    """Groups that lose at most a share of the sum of prices, which are what each unit is worth at full funding."""
    cells = Cells(instance, "reimbursement", float(sum(instance.weights)))
    units, levels = cells.repaired(cells.arrays.fixed + cells.arrays.slope, np.zeros(len(cells.knots)), cells.box())
    prices = cells.prices(np.maximum(units, 0.0), levels, np.zeros(len(cells.middle)))
    room = share * prices.bound
    listed = cells.listed(cells.box(), prices, prices.bound - room, lambda: False)
    assert listed is not None
    return cells, ListModel(cells, cells.box(), listed, prices, room, home)
