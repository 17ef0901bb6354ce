r"""Cell counts: how many applicants of every cell go to the first school, for each number of seats.

.. math::

    \min \sum_r \tfrac{u_r}{2 n_1 N} \quad u_r \ge \pm (N n_r - n_1 N_r) \ (23), \quad
    n_r = \sum_{c \in r} y_c, \quad \sum_c y_c = n_1, \quad 0 \le y_c \le m_c \text{ integer} \ (24)

Applicants who are alike are interchangeable, so counts lose nothing. At a fixed number of seats
everything is linear, the income gap too (25); free seats choose one size among those allowed, and
the deviations of the sizes that are not chosen are 0 because their counts are.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pyomo.core as pyo
from fairbound.models.applicants.evaluate import lattice
from fairbound.models.applicants.instance import INCOME, LOSS, TVD, WORST, ApplicantInstance, Division
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import integer_row


def build(instance: ApplicantInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="cell_counts")
    model.instance = instance
    cells, sizes = range(len(instance.cells)), range(instance.fewest, instance.most + 1)
    model.y = pyo.Var(sizes, cells, domain=pyo.NonNegativeReals if relaxed else pyo.NonNegativeIntegers)
    model.size = pyo.Var(sizes, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.eq24_one_size = pyo.Constraint(expr=weighted([(model.size[n], 1) for n in sizes]) == 1)
    model.eq24_seats = pyo.ConstraintList()
    model.eq24_cell = pyo.ConstraintList()
    for n in sizes:
        model.eq24_seats.add(weighted([*((model.y[n, c], 1) for c in cells), (model.size[n], -n)]) == 0)
        for c in cells:
            model.y[n, c].setub(instance.cells[c].count)
            model.eq24_cell.add(weighted([(model.y[n, c], 1), (model.size[n], -instance.cells[c].count)]) <= 0)
    wanted = {objective, *(name for name, _ in instance.limits)}
    goals: dict[str, list[tuple[Any, Fraction]]] = {}
    goals[TVD] = _race_terms(model) if wanted & {TVD, LOSS} else []
    goals[INCOME] = _income_terms(model) if wanted & {INCOME, LOSS} else []
    goals[LOSS] = goals[TVD] + goals[INCOME]
    model.objective_unit = unit = unit_of(instance, objective)
    terms = [(variable, float(value / unit)) for variable, value in goals[objective]]
    model.objective = pyo.Objective(expr=weighted(terms), sense=pyo.minimize)
    model.eq26_ceiling = pyo.Constraint([name for name, _ in instance.limits])
    for name, limit in instance.limits:
        step = lattice(instance, name)
        assert step is not None
        bound = (limit // step) * step + step / 2  # between two achievable values: no rounding can matter
        model.eq26_ceiling[name] = weighted([(v, float(value / unit)) for v, value in goals[name]]) <= float(
            bound / unit
        )
    return model


def unit_of(instance: ApplicantInstance, objective: str) -> Fraction:
    """What an engine counts an objective in: its lattice, unless incomes or free sizes make that too fine."""
    coarsest = Fraction(1, 1000 * instance.total)
    step = lattice(instance, objective) if objective in {TVD, WORST} else None
    return coarsest if step is None else max(coarsest, step)


def _race_terms(model: pyo.ConcreteModel) -> list[tuple[Any, Fraction]]:
    """u[n,r] >= +-(N n_r - n N_r), equation (23), and their worth in TVD."""
    instance: ApplicantInstance = model.instance
    sizes = range(instance.fewest, instance.most + 1)
    races = instance.races
    model.u = pyo.Var(sizes, range(len(races)), bounds=(0, instance.total**2))
    model.eq23_gap = pyo.ConstraintList()
    for n in sizes:
        for r, race in enumerate(races):
            members = [c for c, cell in enumerate(instance.cells) if cell.race == race]
            everyone = sum(instance.cells[c].count for c in members)
            for sign in (1, -1):
                gap = [(model.y[n, c], sign * instance.total) for c in members]
                model.eq23_gap.add(weighted([*gap, (model.size[n], -sign * n * everyone), (model.u[n, r], -1)]) <= 0)
    return [(model.u[n, r], Fraction(1, 2 * n * instance.total)) for n in sizes for r in range(len(races))]


def _income_terms(model: pyo.ConcreteModel) -> list[tuple[Any, Fraction]]:
    """w[n] >= +- sum of (income - mean) y, equation (25), in units of the mean."""
    instance: ApplicantInstance = model.instance
    sizes = range(instance.fewest, instance.most + 1)
    model.w = pyo.Var(sizes, domain=pyo.NonNegativeReals)
    model.eq25_income = pyo.ConstraintList()
    excess = [((cell.income or Fraction(0)) - instance.mean_income) / instance.mean_income for cell in instance.cells]
    for n in sizes:
        for sign in (1, -1):
            pairs = [(c, sign * value) for c, value in enumerate(excess) if value]
            row = integer_row([value for _, value in pairs] + [Fraction(-1)])
            factor = abs(row[-1])
            terms = [(model.y[n, c], a / factor) for (c, _), a in zip(pairs, row, strict=False)]
            model.eq25_income.add(weighted([*terms, (model.w[n], -1.0)]) <= 0)
    return [(model.w[n], Fraction(1, n)) for n in sizes]


def extract(model: pyo.ConcreteModel) -> Division:
    """Read the counts of the chosen size, rounded."""
    instance: ApplicantInstance = model.instance
    sizes = range(instance.fewest, instance.most + 1)
    return instance.filled([sum(round(model.y[n, c].value or 0) for n in sizes) for c in range(len(instance.cells))])


def assign(model: pyo.ConcreteModel, division: Division) -> None:
    """Write a division into the counts, and the deviations that follow."""
    instance: ApplicantInstance = model.instance
    taken = sum(division.counts)
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    for n in range(instance.fewest, instance.most + 1):
        chosen = n == taken
        counts = division.counts if chosen else (0,) * len(instance.cells)
        model.size[n].set_value(int(chosen), skip_validation=True)
        for c, count in enumerate(counts):
            model.y[n, c].set_value(count, skip_validation=True)
        if hasattr(model, "u"):
            for r, (mine, all_) in enumerate(zip(instance.race_counts(counts), everyone, strict=True)):
                gap = abs(instance.total * mine - n * all_) if chosen else 0
                model.u[n, r].set_value(gap, skip_validation=True)
        if hasattr(model, "w"):
            mean = instance.mean_income
            amounts = (k * ((cell.income or 0) - mean) / mean for k, cell in zip(counts, instance.cells, strict=True))
            model.w[n].set_value(abs(float(sum(amounts))), skip_validation=True)


def refuses(instance: ApplicantInstance, objective: str) -> str | None:
    """Refuse a question about all schools, and one about incomes that are not there."""
    if WORST in {objective, *(name for name, _ in instance.limits)}:
        return "it balances the first school; school_counts balances all"
    if {INCOME, LOSS} & {objective, *(name for name, _ in instance.limits)} and not instance.has_incomes:
        return "an applicant has no income, or nobody has any"
    return None


FORMULATION = Formulation(
    name="cell_counts",
    summary="how many applicants of every cell go to the first school; linear at each number of seats",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
