"""The specification of dividing applicants: exact scores and broken rules of a division, (20) to (22)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.applicants.instance import INCOME, LOSS, TVD, WORST, ApplicantInstance, Division
from fairbound.models.core.exact import common_measure, decimal_text
from fairbound.models.core.problem import Evaluation, Violation

if TYPE_CHECKING:
    from collections.abc import Sequence


def evaluate(instance: ApplicantInstance, division: Division) -> Evaluation:
    """Score a division exactly: equations (20) to (22) for the first school, (27) for all."""
    cells = instance.cells
    for counts in (division.counts, *division.more):
        if len(counts) != len(cells):
            return Evaluation({}, (Violation("every cell once", "the division", str(len(counts)), str(len(cells))),))
    if len(division.more) != len(instance.schools) - 2:
        found, wanted = f"{len(division.more) + 2} schools", f"{len(instance.schools)}"
        return Evaluation({}, (Violation("every school", "the division", found, wanted),))
    schools = division.by_school(instance)
    broken = []
    for c, cell in enumerate(cells):
        wrong = [counts[c] for counts in schools if not 0 <= counts[c] <= cell.count]
        if wrong:
            found, wanted = str(wrong[0]), f"0 to {cell.count}"
            broken.append(Violation("applicants of a cell", f"{cell.place}, {cell.race}", found, wanted))
    taken = sum(division.counts)
    if not instance.fewest <= taken <= instance.most:
        wanted = f"{instance.fewest} to {instance.most}"
        broken.append(Violation("seats", instance.schools[0], str(taken), wanted))
    for name, counts, seats in zip(instance.schools[1:], schools[1:], instance.rest, strict=False):
        if sum(counts) != seats:
            broken.append(Violation("seats", name, str(sum(counts)), str(seats)))
    if broken:
        return Evaluation({}, tuple(broken))
    scored = [_values(instance, counts) for counts in schools]
    values = scored[0] | {WORST: max(found[TVD] for found in scored if found)}
    for name, limit in instance.limits:
        if name not in values or values[name] > limit:
            found = decimal_text(values[name]) if name in values else "no incomes"
            broken.append(Violation(f"max_{name}", instance.schools[0], found, f"at most {decimal_text(limit)}"))
    second = {f"second_{name}": value for name, value in scored[1].items()}
    others = {f"school_{j}_{name}": value for j, found in enumerate(scored[2:], 3) for name, value in found.items()}
    measures = second | others | {"seats": Fraction(taken)}
    return Evaluation(values, tuple(broken), measures)


def _values(instance: ApplicantInstance, counts: Sequence[int]) -> dict[str, Fraction]:
    taken = sum(counts)
    if not taken:
        return {}
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    gaps = (
        Fraction(n, taken) - Fraction(m, instance.total)
        for n, m in zip(instance.race_counts(counts), everyone, strict=True)
    )
    values = {TVD: sum((abs(gap) for gap in gaps), Fraction(0)) / 2}
    if instance.has_incomes:
        amounts = (n * (c.income or Fraction(0)) for n, c in zip(counts, instance.cells, strict=True))
        mean = sum(amounts, Fraction(0)) / taken
        values[INCOME] = abs(mean - instance.mean_income) / instance.mean_income
        values[LOSS] = values[TVD] + values[INCOME]
    return values


def lattice(instance: ApplicantInstance, objective: str) -> Fraction | None:
    """A rational of which every achievable value is a multiple.

    With n_1 seats TVD is an integer over n_1 N: the gaps N n_r - n_1 N_r sum to 0, so half of their
    absolute sum is a whole number.
    """
    sizes = range(instance.fewest, instance.most + 1)
    if objective == WORST:
        every = {seats for size in sizes for seats in instance.seats_of(size)}
        return common_measure(Fraction(1, size * instance.total) for size in every if size)
    per_size = [Fraction(1, size * instance.total) for size in sizes]
    if objective != TVD:
        if not instance.has_incomes:
            return None
        cents = common_measure((cell.income or Fraction(0)) - instance.mean_income for cell in instance.cells)
        steps = [(cents or Fraction(1)) / (size * instance.mean_income) for size in sizes]
        per_size = steps if objective == INCOME else per_size + steps
    return common_measure(per_size)
