r"""Set partitioning: one binary per group that may be formed, worth exactly what it is worth.

.. math::

    \max\ \sum_G v_G \lambda_G \quad
    \sum_{G \ni s} \lambda_G \le 1 \ (15) \quad (= 1 \text{ where } s \text{ must be covered})

Every subset that meets the threshold is enumerated, so the formulation prices any meals and any
objective, and is bound to few schools.
"""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

import numpy as np
import pyomo.core as pyo
from fairbound.models.cep import rules
from fairbound.models.cep.evaluate import evaluate, meets, totals
from fairbound.models.cep.instance import OBJECTIVES, CepInstance, Cover, Grouping
from fairbound.models.core.arrays import Columns, Part, Rows
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import Vector

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
    model.chosen = Columns(len(groups), lambda: numbers, lower=0, upper=1, whole=not relaxed)
    # No group may hold some school: an empty sum cannot be 1, and the engine is to say so.
    model.unreachable = Columns(1, lambda: [0], lower=0, upper=0)
    must = np.array([instance.cover is Cover.ALL or school.id in instance.forced_in for school in instance.schools])
    held = [[g for g in numbers if school.id in groups[g]] for school in instance.schools]
    alone = [i for i, holding in enumerate(held) if not holding and must[i]]
    model.eq15_school = Rows(
        len(held),
        lambda: [school.id for school in instance.schools],
        [
            Part(
                model.chosen,
                np.repeat(range(len(held)), [len(holding) for holding in held]),
                list(chain.from_iterable(held)),
                1,
            ),
            Part(model.unreachable, alone, [0] * len(alone), 1),
        ],
        lower=np.where(must, 1.0, -np.inf),
        upper=1,
    )
    if instance.groups is not None:
        model.eq17_groups = Rows(1, lambda: ["all"], [Part(model.chosen, 0, numbers, 1)], upper=instance.groups)
    worth = [evaluate(instance, Grouping((group,))).values for group in groups]
    objectives = {
        goal.name: [(model.chosen, numbers, Vector.of([values[goal.name] for values in worth]))] for goal in OBJECTIVES
    }
    rules.set_goal(model, objective, objectives)
    return model


def extract(model: pyo.ConcreteModel) -> Grouping:
    """Read the chosen groups, integers rounded."""
    return Grouping.of(group for group, value in zip(model.groups, model.chosen.read(), strict=True) if value > 0.5)


def assign(model: pyo.ConcreteModel, grouping: Grouping) -> None:
    """Choose the groups of a grouping."""
    wanted = {frozenset(group) for group in grouping.groups}
    model.chosen.write(np.array([float(frozenset(group) in wanted) for group in model.groups]))
    model.unreachable.write(np.zeros(1))


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
