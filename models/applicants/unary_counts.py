r"""Unary counts: a race's applicants at a school one by one, so that its distance is a sum over them.

.. math::

    \sum_k \delta_{jrk} = \sum_{c \in r} y_{jc} \ (30), \qquad
    1 \ge \delta_{jr1} \ge \delta_{jr2} \ge \dots \ge 0 \ (31), \qquad
    \text{tvd}_j = \frac{1}{2 n_j N} \sum_r \Bigl( n_j N_r + \sum_k
    \bigl( |N k - n_j N_r| - |N (k - 1) - n_j N_r| \bigr) \delta_{jrk} \Bigr) \ (32)

:math:`\delta_{jrk} = 1` if school j has k applicants of race r or more. What each adds to the distance grows with k, so
the sum is exact wherever counts are whole, and at a fixed size the relaxation over (24) has whole vertices: separable
convex costs over a network (Hochbaum and Shanthikumar 1990). Its bound of the least distance is the distance itself.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pyomo.core as pyo
from fairbound.models.applicants.cell_counts import unit_of
from fairbound.models.applicants.evaluate import lattice
from fairbound.models.applicants.instance import INCOME, LOSS, TVD, WORST, ApplicantInstance, Division
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import integer_row

Terms = list[tuple[Any, Fraction]]


def build(instance: ApplicantInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="unary_counts")
    model.instance = instance
    wanted = {objective, *(name for name, _ in instance.limits)}
    # The other schools matter to the worst of all alone.
    model.asked = range(len(instance.schools) if WORST in wanted else 1)
    sizes, cells = range(instance.fewest, instance.most + 1), range(len(instance.cells))
    model.y = pyo.Var(sizes, model.asked, cells, domain=pyo.NonNegativeReals if relaxed else pyo.NonNegativeIntegers)
    model.size = pyo.Var(sizes, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    _add_counts(model)
    goals: dict[str, Terms] = {}
    if wanted & {TVD, LOSS, WORST}:
        distances = _distances(model)
        goals[TVD] = [term for n in sizes for term in distances[n, 0]]
    if wanted & {INCOME, LOSS}:
        goals[INCOME] = _income(model)
    goals[LOSS] = goals.get(TVD, []) + goals.get(INCOME, [])
    model.objective_unit = unit = unit_of(instance, objective)
    if WORST in wanted:
        goals[WORST] = _worst(model, distances, unit)
    model.objective = pyo.Objective(expr=_in_units(goals[objective], unit), sense=pyo.minimize)
    model.eq26_ceiling = pyo.Constraint([name for name, _ in instance.limits])
    for name, limit in instance.limits:
        step = lattice(instance, name)
        assert step is not None
        bound = (limit // step) * step + step / 2  # between two achievable values: no rounding can matter
        model.eq26_ceiling[name] = _in_units(goals[name], unit) <= float(bound / unit)
    return model


def _in_units(terms: Terms, unit: Fraction) -> Any:
    return weighted((variable, float(value / unit)) for variable, value in terms)


def _add_counts(model: pyo.ConcreteModel) -> None:
    """One size, seats that are filled, and applicants who are there: (24), and (28) where every school is asked."""
    instance: ApplicantInstance = model.instance
    cells = range(len(instance.cells))
    model.eq24_one_size = pyo.Constraint(expr=weighted((chosen, 1) for chosen in model.size.values()) == 1)
    model.eq24_seats = pyo.ConstraintList()
    model.eq24_cell = pyo.ConstraintList()
    model.eq28_cell = pyo.ConstraintList()
    for n, chosen in model.size.items():
        for j in model.asked:
            seats = instance.seats_of(n)[j]
            model.eq24_seats.add(weighted([*((model.y[n, j, c], 1) for c in cells), (chosen, -seats)]) == 0)
            for c in cells:
                model.y[n, j, c].setub(instance.cells[c].count)
        for c in cells:
            body = weighted([*((model.y[n, j, c], 1) for j in model.asked), (chosen, -instance.cells[c].count)])
            if len(model.asked) > 1:
                model.eq28_cell.add(body == 0)
            else:
                model.eq24_cell.add(body <= 0)


def _distances(model: pyo.ConcreteModel) -> dict[tuple[int, int], Terms]:
    """The distance of each school at each size (32), with the rows (30) and (31) of its applicants one by one."""
    instance: ApplicantInstance = model.instance
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    members = [[c for c, cell in enumerate(instance.cells) if cell.race == race] for race in instance.races]
    ladder = {
        (n, j, r): range(1, min(count, instance.seats_of(n)[j]) + 1)
        for n in model.size
        for j in model.asked
        for r, count in enumerate(everyone)
    }
    model.d = pyo.Var([(*key, k) for key, steps in ladder.items() for k in steps], bounds=(0, 1))
    model.eq30_count = pyo.ConstraintList()
    model.eq31_order = pyo.ConstraintList()
    found: dict[tuple[int, int], Terms] = {(n, j): [] for n in model.size for j in model.asked}
    for (n, j, r), steps in ladder.items():
        chosen, seats = model.size[n], instance.seats_of(n)[j]
        if not seats:
            continue
        counted = [(model.y[n, j, c], -1) for c in members[r]]
        model.eq30_count.add(weighted([*((model.d[n, j, r, k], 1) for k in steps), *counted]) == 0)
        above, whole = chosen, 2 * seats * instance.total
        found[n, j].append((chosen, Fraction(seats * everyone[r], whole)))
        for k in steps:
            model.eq31_order.add(weighted([(model.d[n, j, r, k], 1), (above, -1)]) <= 0)
            above = model.d[n, j, r, k]
            before, after = (abs(instance.total * i - seats * everyone[r]) for i in (k - 1, k))
            found[n, j].append((above, Fraction(after - before, whole)))
    return found


def _worst(model: pyo.ConcreteModel, distances: dict[tuple[int, int], Terms], unit: Fraction) -> Terms:
    """z is at least the distance of every school (33), a sum over sizes of which all but one are 0."""
    model.z = pyo.Var(domain=pyo.NonNegativeReals)
    model.eq33_worst = pyo.ConstraintList()
    for j in model.asked:
        terms = [(v, float(a / unit)) for n in model.size for v, a in distances[n, j]]
        if terms:
            model.eq33_worst.add(weighted([*terms, (model.z, -1)]) <= 0)
    return [(model.z, unit)]


def _income(model: pyo.ConcreteModel) -> Terms:
    """w[n] >= +- sum of (income - mean) y, equation (25), in units of the mean."""
    instance: ApplicantInstance = model.instance
    model.w = pyo.Var(list(model.size), domain=pyo.NonNegativeReals)
    model.eq25_income = pyo.ConstraintList()
    excess = [((cell.income or Fraction(0)) - instance.mean_income) / instance.mean_income for cell in instance.cells]
    for n in model.size:
        for sign in (1, -1):
            pairs = [(c, sign * value) for c, value in enumerate(excess) if value]
            row = integer_row([value for _, value in pairs] + [Fraction(-1)])
            terms = [(model.y[n, 0, c], a / abs(row[-1])) for (c, _), a in zip(pairs, row, strict=False)]
            model.eq25_income.add(weighted([*terms, (model.w[n], -1.0)]) <= 0)
    return [(model.w[n], Fraction(1, n)) for n in model.size]


def extract(model: pyo.ConcreteModel) -> Division:
    """Read the counts of the chosen size, rounded."""
    instance: ApplicantInstance = model.instance
    counts = [
        tuple(sum(round(model.y[n, j, c].value or 0) for n in model.size) for c in range(len(instance.cells)))
        for j in model.asked
    ]
    return instance.filled(counts[0]) if len(counts) == 1 else Division(counts[0], tuple(counts[1:-1]))


def assign(model: pyo.ConcreteModel, division: Division) -> None:
    """Write a division into the counts, and the deviations that follow."""
    instance: ApplicantInstance = model.instance
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    mean, worst = instance.mean_income, Fraction(0)
    held: dict[tuple[int, int, int], int] = {}
    for n in model.size:
        chosen = n == sum(division.counts)
        model.size[n].set_value(int(chosen), skip_validation=True)
        for j, taken in zip(model.asked, division.by_school(instance), strict=False):
            counts = taken if chosen else (0,) * len(taken)
            for c, count in enumerate(counts):
                model.y[n, j, c].set_value(count, skip_validation=True)
            races, seats = instance.race_counts(counts), sum(counts)
            held |= {(n, j, r): count for r, count in enumerate(races)}
            if seats:
                gaps = (abs(instance.total * k - seats * all_) for k, all_ in zip(races, everyone, strict=True))
                worst = max(worst, Fraction(sum(gaps), 2 * seats * instance.total))
            if hasattr(model, "w") and j == 0:
                amounts = ((c.income or 0) - mean for c in instance.cells)
                total = sum((k * amount for k, amount in zip(counts, amounts, strict=True)), Fraction(0))
                model.w[n].set_value(float(abs(total / mean)), skip_validation=True)
    if hasattr(model, "d"):
        for (*place, k), variable in model.d.items():
            variable.set_value(int(held[tuple(place)] >= k), skip_validation=True)
    if hasattr(model, "z"):
        model.z.set_value(float(worst / model.objective_unit), skip_validation=True)


def refuses(instance: ApplicantInstance, objective: str) -> str | None:
    """Refuse a question about incomes that are not there."""
    if {INCOME, LOSS} & {objective, *(name for name, _ in instance.limits)} and not instance.has_incomes:
        return "an applicant has no income, or nobody has any"
    return None


FORMULATION = Formulation(
    name="unary_counts",
    summary="each race's applicants counted one by one: the relaxation has the least distance itself as its bound",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
