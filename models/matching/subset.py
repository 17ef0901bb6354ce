r"""Who is kept on each side: a binary for each student.

.. math::

    \max \textstyle\sum_{i \in T} v_i \ (3), \qquad \sum_{i \in T} v_i = \sum_{i \in C} v_i, \quad
    \sum_{i \in T_\ell} v_i = \sum_{i \in C_\ell} v_i \ (1), \quad
    \Bigl| \sum_{i \in T} d_i v_i - \sum_{i \in C} d_i v_i \Bigr| \le \delta \sum_{i \in T} v_i \ (2)

Which treated student is compared with which control does not matter to the estimate, so no pair is written.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from fairbound.models.core.exact import integer_row
from fairbound.models.core.problem import Formulation
from fairbound.models.matching.instance import PAIRS, Comparison, MatchingInstance
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def build(instance: MatchingInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="subset")
    model.instance = instance
    model.v = pyo.Var(range(len(instance.members)), domain=pyo.UnitInterval if relaxed else pyo.Binary)
    sign = {i: 1 if unit.treated else -1 for i, unit in enumerate(instance.members)}
    model.eq1_balance = pyo.ConstraintList()
    model.eq1_balance.add(weighted((model.v[i], s) for i, s in sign.items()) == 0)
    for members in instance.levels.values():
        model.eq1_balance.add(weighted((model.v[i], sign[i]) for i in members) == 0)
    if instance.means:
        model.eq2_means = pyo.ConstraintList()
    for offsets, allowed in instance.mean_rows.values():
        for direction in (1, -1):
            row = mean_row(instance, offsets, allowed, direction)
            model.eq2_means.add(weighted((model.v[i], a) for i, a in row.items()) <= 0)
    goal = weighted((model.v[i], 1) for i in instance.treated)
    model.objective = pyo.Objective(expr=goal, sense=pyo.maximize)
    return model


def mean_row(instance: MatchingInstance, offsets: Sequence[int], allowed: int, direction: int) -> Mapping[int, float]:
    """Coefficients of rule (2) in one direction, as whole numbers where floats hold them."""
    exact: list[Fraction] = []
    for i, unit in enumerate(instance.members):
        offset = direction * offsets[i]
        exact.append(Fraction(offset - allowed if unit.treated else -offset))
    return {i: a for i, a in enumerate(integer_row(exact)) if a}


def weighted(terms: Iterable[tuple[Any, float]]) -> Any:
    """A sum of variables with coefficients."""
    pairs = list(terms)
    return LinearExpression(linear_coefs=[float(a) for _, a in pairs], linear_vars=[v for v, _ in pairs])


def extract(model: pyo.ConcreteModel) -> Comparison:
    """Read who is kept, rounded."""
    chosen = {i for i, variable in model.v.items() if (variable.value or 0) > 0.5}
    return Comparison.of(len(model.instance.members), chosen)


def assign(model: pyo.ConcreteModel, comparison: Comparison) -> None:
    """Write who is kept."""
    for i, variable in model.v.items():
        variable.set_value(int(comparison.weights[i]), skip_validation=True)


def refuses(_instance: MatchingInstance, objective: str) -> str | None:
    """It counts pairs."""
    return None if objective == PAIRS else "the largest weight is asked, and students count 0 or 1 here"


FORMULATION = Formulation(
    name="subset",
    summary="a binary for each student: who is kept on each side",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
