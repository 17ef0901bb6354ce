r"""Pairs as a flow: a binary for each treated student and each control he may be paired with.

.. math::

    \max \textstyle\sum_{ij} y_{ij}, \qquad \sum_j y_{ij} \le 1, \quad \sum_i y_{ij} \le 1 \ (6),

with the balance rows (1) and (2) on the sums :math:`v_i = \sum_j y_{ij}`. It says more than is asked, who goes with
whom, and pays for it with a variable for each pair.
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.matching.instance import PAIRS, Comparison, MatchingInstance
from fairbound.models.matching.subset import mean_row, nobody, refuses

MOST_PAIRS = 20_000


def build(instance: MatchingInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="pair_flow")
    model.instance = instance
    pairs = [(i, j) for i in instance.treated for j in instance.controls]
    model.y = pyo.Var(pairs, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    of: dict[int, list[Any]] = {i: [] for i in range(len(instance.members))}
    for (i, j), variable in model.y.items():
        of[i].append(variable)
        of[j].append(variable)
    model.eq6_once = pyo.ConstraintList()
    for variables in of.values():
        model.eq6_once.add(weighted((variable, 1) for variable in variables) <= 1)
    sign = {i: 1 if unit.treated else -1 for i, unit in enumerate(instance.members)}
    model.eq1_balance = pyo.ConstraintList()
    for members in instance.levels.values():
        model.eq1_balance.add(_summed(of, {i: sign[i] for i in members}) == 0)
    if instance.means:
        model.eq2_means = pyo.ConstraintList()
    for offsets, allowed in instance.mean_rows.values():
        for direction in (1, -1):
            model.eq2_means.add(_summed(of, dict(mean_row(instance, offsets, allowed, direction))) <= 0)
    pairs_made = [(variable, 1) for variable in model.y.values()]
    if instance.fewest_pairs:
        model.eq3_fewest = pyo.Constraint(expr=weighted(pairs_made) >= instance.fewest_pairs)
    model.objective = pyo.Objective(expr=weighted(pairs_made), sense=pyo.maximize)
    return model


def _summed(of: dict[int, list[Any]], row: dict[int, float]) -> Any:
    """A row over students as one over pairs."""
    return weighted((variable, a) for i, a in row.items() for variable in of[i])


def extract(model: pyo.ConcreteModel) -> Comparison:
    """Read who stands in a pair."""
    pairs = [pair for pair, variable in model.y.items() if (variable.value or 0) > 0.5]
    return Comparison.of(len(model.instance.members), {i for pair in pairs for i in pair})


def assign(model: pyo.ConcreteModel, comparison: Comparison) -> None:
    """Write pairs of those who are kept, in their order."""
    instance: MatchingInstance = model.instance
    kept = [[i for i in side if comparison.weights[i]] for side in (instance.treated, instance.controls)]
    pairs = set(zip(*kept, strict=True))
    for pair, variable in model.y.items():
        variable.set_value(int(pair in pairs), skip_validation=True)


def too_many(instance: MatchingInstance, objective: str) -> str | None:
    """It grows with the pairs."""
    pairs = len(instance.treated) * len(instance.controls)
    if pairs > MOST_PAIRS:
        return f"{pairs:,} pairs; it takes at most {MOST_PAIRS:,}"
    if objective != PAIRS:
        return "pairs are what it counts"
    return refuses(instance, objective)


FORMULATION = Formulation(
    name="pair_flow",
    summary="a binary for each pair of a treated student and a control",
    build=build,
    extract=extract,
    assign=assign,
    refuses=too_many,
    first=nobody,
)
