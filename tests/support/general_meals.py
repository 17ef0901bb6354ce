"""Small CEP instances whose meals are not proportional to enrolment."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from fairbound.models.cep import CepInstance, School, find_rates

ROWS = [(100, 70, 2000, 9000), (120, 40, 9000, 5000), (90, 50, 1000, 16000), (200, 60, 300, 9000), (60, 30, 7000, 200)]


def with_meals(name: str, rows: Sequence[tuple[int, int, int, int]] = ROWS, **scenario: object) -> CepInstance:
    """An instance from (enrolled, identified, breakfasts, lunches)."""
    schools = tuple(
        School(f"s{i}", Fraction(n), Fraction(e), breakfasts=Fraction(b), lunches=Fraction(m))
        for i, (n, e, b, m) in enumerate(rows, start=1)
    )
    return CepInstance(name=name, schools=schools, **({"rates": find_rates("nyc2017")} | scenario))  # type: ignore[arg-type]
