r"""Counts of students who are alike: a whole number for each kind of student on each side.

.. math::

    \max \textstyle\sum_{c \in T} y_c \ (3), \qquad \sum_{c \in T} y_c = \sum_{c \in C} y_c, \quad
    \sum_{c \in T_\ell} y_c = \sum_{c \in C_\ell} y_c \ (1), \quad 0 \le y_c \le m_c \text{ whole} \ (12)

with the rows (2) on the numbers of each kind. Two students of a side who are alike in every column that is balanced may
be exchanged, so only how many are kept matters: the orbits of the symmetry are shrunk to one variable each (Fischetti
and Liberti 2012), with the LP bound of ``subset``. Where no two are alike it is ``subset`` again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.matching import subset
from fairbound.models.matching.instance import IMBALANCE, Comparison, MatchingInstance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def kinds(instance: MatchingInstance) -> list[list[int]]:
    """Members of one side who are alike in every column that is balanced, in their order."""
    found: dict[object, list[int]] = {}
    for i, unit in enumerate(instance.members):
        labels = tuple(instance.cell(unit, column) for column in instance.exact)
        numbers = tuple(values[i] for values in instance.numbers.values())
        found.setdefault((unit.treated, labels, numbers), []).append(i)
    return list(found.values())


def build(instance: MatchingInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="alike_counts")
    model.instance = instance
    model.kinds = alike = kinds(instance)
    domain = pyo.NonNegativeReals if relaxed else pyo.NonNegativeIntegers
    model.y = pyo.Var(range(len(alike)), domain=domain)
    home: dict[int, int] = {}
    for c, members in enumerate(alike):
        model.y[c].setub(len(members))
        home |= dict.fromkeys(members, c)
    # A row over students has one coefficient for all who are alike.
    first = {c: members[0] for c, members in enumerate(alike)}

    def row(values: Mapping[int, float], members: Iterable[int]) -> list[tuple[pyo.Var, float]]:
        kept = sorted({home[i] for i in members})
        return [(model.y[c], values[first[c]]) for c in kept if values.get(first[c])]

    sign = {i: 1.0 if unit.treated else -1.0 for i, unit in enumerate(instance.members)}
    model.eq1_balance = pyo.ConstraintList()
    for those in (range(len(instance.members)), *instance.levels.values()):
        model.eq1_balance.add(weighted(row(sign, those)) == 0)
    if instance.means:
        model.eq2_means = pyo.ConstraintList()
    for offsets, allowed in instance.mean_rows.values():
        for direction in (1, -1):
            terms = row(subset.mean_row(instance, offsets, allowed, direction), range(len(instance.members)))
            model.eq2_means.add(weighted(terms) <= 0)
    pairs = [(model.y[c], 1) for c, i in first.items() if instance.members[i].treated]
    if instance.fewest_pairs:
        model.eq3_fewest = pyo.Constraint(expr=weighted(pairs) >= instance.fewest_pairs)
    if objective == IMBALANCE:
        subset.add_imbalance(model, instance, lambda values: row(values, range(len(instance.members))))
    else:
        model.objective = pyo.Objective(expr=weighted(pairs), sense=pyo.maximize)
    return model


def extract(model: pyo.ConcreteModel) -> Comparison:
    """Keep the first students of each kind, counts rounded."""
    chosen = {i for c, members in enumerate(model.kinds) for i in members[: round(model.y[c].value or 0)]}
    return Comparison.of(len(model.instance.members), chosen)


def assign(model: pyo.ConcreteModel, comparison: Comparison) -> None:
    """Write how many of each kind are kept."""
    for c, members in enumerate(model.kinds):
        model.y[c].set_value(sum(int(comparison.weights[i]) for i in members), skip_validation=True)
    subset.assign_imbalance(model)


FORMULATION = Formulation(
    name="alike_counts",
    summary="how many students of each kind are kept, those of a side who are alike in all that is balanced",
    build=build,
    extract=extract,
    assign=assign,
    refuses=subset.refuses,
    first=subset.nobody,
)
