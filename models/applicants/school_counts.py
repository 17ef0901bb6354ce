r"""School counts: how many applicants of every cell go to each school, for each number of seats of the first.

.. math::

    \min z \quad z \ge \sum_r \tfrac{u_{jr}}{2 n_j N} \ (27), \quad u_{jr} \ge \pm (N n_{jr} - n_j N_r), \quad
    \sum_c y_{jc} = n_j, \quad \sum_j y_{jc} = m_c, \quad y_{jc} \ge 0 \text{ integer} \ (28)

At known sizes the largest distance of a school is linear. Free seats choose one size, as in ``cell_counts``.
"""

from __future__ import annotations

import pyomo.core as pyo
from fairbound.models.applicants.cell_counts import unit_of
from fairbound.models.applicants.instance import WORST, ApplicantInstance, Division
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation


def build(instance: ApplicantInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="school_counts")
    model.instance = instance
    schools, cells, races = range(len(instance.schools)), range(len(instance.cells)), range(len(instance.races))
    sizes = range(instance.fewest, instance.most + 1)
    model.objective_unit = unit = unit_of(instance, objective)
    model.y = pyo.Var(sizes, schools, cells, domain=pyo.NonNegativeReals if relaxed else pyo.NonNegativeIntegers)
    model.size = pyo.Var(sizes, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.u = pyo.Var(sizes, schools, races, bounds=(0, instance.total**2))
    model.z = pyo.Var(domain=pyo.NonNegativeReals)
    model.eq28_one_size = pyo.Constraint(expr=weighted([(model.size[n], 1) for n in sizes]) == 1)
    model.eq28_seats = pyo.ConstraintList()
    model.eq28_cell = pyo.ConstraintList()
    model.eq28_gap = pyo.ConstraintList()
    model.eq27_worst = pyo.ConstraintList()
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    for n in sizes:
        chosen = model.size[n]
        for c in cells:
            terms = [(model.y[n, j, c], 1) for j in schools]
            model.eq28_cell.add(weighted([*terms, (chosen, -instance.cells[c].count)]) == 0)
        for j, seats in enumerate(instance.seats_of(n)):
            model.eq28_seats.add(weighted([*((model.y[n, j, c], 1) for c in cells), (chosen, -seats)]) == 0)
            if not seats:
                continue
            for r, race in enumerate(instance.races):
                members = [c for c in cells if instance.cells[c].race == race]
                for sign in (1, -1):
                    gap = [(model.y[n, j, c], sign * instance.total) for c in members]
                    here = [(chosen, -sign * seats * everyone[r]), (model.u[n, j, r], -1)]
                    model.eq28_gap.add(weighted([*gap, *here]) <= 0)
            # In units of the lattice: each deviation of this school is worth so many of them.
            worth = float(1 / (2 * seats * instance.total * unit))
            model.eq27_worst.add(weighted([*((model.u[n, j, r], worth) for r in races), (model.z, -1)]) <= 0)
    model.objective = pyo.Objective(expr=weighted([(model.z, 1)]), sense=pyo.minimize)
    return model


def extract(model: pyo.ConcreteModel) -> Division:
    """Read the counts of the chosen size, rounded."""
    instance: ApplicantInstance = model.instance
    sizes = range(instance.fewest, instance.most + 1)
    counts = [
        tuple(sum(round(model.y[n, j, c].value or 0) for n in sizes) for c in range(len(instance.cells)))
        for j in range(len(instance.schools) - 1)
    ]
    return Division(counts[0], tuple(counts[1:]))


def assign(model: pyo.ConcreteModel, division: Division) -> None:
    """Write a division into the counts, and the deviations that follow."""
    instance: ApplicantInstance = model.instance
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    worst = 0.0
    for n in range(instance.fewest, instance.most + 1):
        chosen = n == sum(division.counts)
        model.size[n].set_value(int(chosen), skip_validation=True)
        for j, taken in enumerate(division.by_school(instance)):
            counts = taken if chosen else (0,) * len(taken)
            for c, count in enumerate(counts):
                model.y[n, j, c].set_value(count, skip_validation=True)
            seats = sum(counts)
            gaps = [
                abs(instance.total * mine - seats * all_)
                for mine, all_ in zip(instance.race_counts(counts), everyone, strict=True)
            ]
            for r, gap in enumerate(gaps):
                model.u[n, j, r].set_value(gap, skip_validation=True)
            if seats:
                worst = max(worst, float(sum(gaps) / (2 * seats * instance.total * model.objective_unit)))
    model.z.set_value(worst, skip_validation=True)


def refuses(instance: ApplicantInstance, objective: str) -> str | None:
    """Refuse other objectives, which concern the first school alone, and limits."""
    if objective != WORST:
        return "it balances all schools; cell_counts balances the first"
    return "limits on objectives are rows of cell_counts" if instance.limits else None


FORMULATION = Formulation(
    name="school_counts",
    summary="how many applicants of every cell go to each school; the largest distance of a school is least",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
