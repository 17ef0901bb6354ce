r"""Set partitioning: one binary per group that may be formed, worth exactly what it is worth.

.. math::

    \max\ \sum_G v_G \lambda_G \quad
    \sum_{G \ni s} \lambda_G \le 1 \ (15) \quad (= 1 \text{ where } s \text{ must be covered})

Every subset that meets the threshold is enumerated, so the formulation prices any meals and any
objective, and is bound to few schools.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pyomo.environ as pyo
from fairbound.models.cep import rules
from fairbound.models.cep.evaluate import evaluate, meets, totals
from fairbound.models.cep.instance import OBJECTIVES, CepInstance, Cover, Grouping
from fairbound.models.core.problem import Formulation
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_SCHOOLS = 12


def admissible_groups(instance: CepInstance) -> Iterator[tuple[str, ...]]:
    """Every group that the rules allow on its own: threshold, forced_out, together, min_group."""
    schools = [school for school in instance.schools if school.id not in instance.forced_out]
    for size in range(instance.min_group, len(schools) + 1):
        for members in combinations(schools, size):
            identified, enrolled = totals(members)
            ids = {school.id for school in members}
            whole = all(ids.isdisjoint(group) or ids.issuperset(group) for group in instance.together)
            if whole and meets(identified, enrolled, instance.threshold):
                yield tuple(school.id for school in members)


def build(instance: CepInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="set_partitioning")
    model.instance = instance
    model.groups = groups = tuple(admissible_groups(instance))
    numbers = range(len(groups))
    model.chosen = pyo.Var(numbers, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.eq15_school = pyo.ConstraintList()
    for school in instance.schools:
        holding = [model.chosen[g] for g in numbers if school.id in groups[g]]
        body = LinearExpression(linear_coefs=[1] * len(holding), linear_vars=holding)
        if instance.cover is Cover.ALL or school.id in instance.forced_in:
            if not holding:
                # No group may hold this school: an empty sum cannot be 1, and the engine is to say so.
                if not hasattr(model, "unreachable"):
                    model.unreachable = pyo.Var(bounds=(0, 0))
                body = LinearExpression(linear_coefs=[1], linear_vars=[model.unreachable])
            model.eq15_school.add(body == 1)
        elif holding:
            model.eq15_school.add(body <= 1)
    if instance.groups is not None:
        model.eq17_groups = pyo.Constraint(
            expr=LinearExpression(linear_coefs=[1] * len(groups), linear_vars=list(model.chosen.values()))
            <= instance.groups
        )
    worth = [evaluate(instance, Grouping((group,))).values for group in groups]
    objectives = {goal.name: [(model.chosen[g], worth[g][goal.name]) for g in numbers] for goal in OBJECTIVES}
    rules.set_goal(model, objective, objectives)
    return model


def extract(model: pyo.ConcreteModel) -> Grouping:
    """Read the chosen groups, integers rounded."""
    return Grouping.of(group for g, group in enumerate(model.groups) if (model.chosen[g].value or 0) > 0.5)


def assign(model: pyo.ConcreteModel, grouping: Grouping) -> None:
    """Choose the groups of a grouping."""
    wanted = {frozenset(group) for group in grouping.groups}
    for g, group in enumerate(model.groups):
        model.chosen[g].set_value(int(frozenset(group) in wanted), skip_validation=True)


def refuses(instance: CepInstance, _objective: str) -> str | None:
    """Refuse more schools than can be enumerated."""
    if len(instance.schools) > MOST_SCHOOLS:
        return f"{len(instance.schools)} schools have too many subsets to enumerate (at most {MOST_SCHOOLS})"
    return None


FORMULATION = Formulation(
    name="set_partitioning",
    summary=f"one binary per admissible group, enumerated; at most {MOST_SCHOOLS} schools",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
    hesitates=rules.hesitates,
)
