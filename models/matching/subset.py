r"""Who is kept on each side: a binary for each student.

.. math::

    \max \textstyle\sum_{i \in T} v_i \ (3), \qquad \sum_{i \in T} v_i = \sum_{i \in C} v_i, \quad
    \sum_{i \in T_\ell} v_i = \sum_{i \in C_\ell} v_i \ (1), \quad
    \Bigl| \sum_{i \in T} d_i v_i - \sum_{i \in C} d_i v_i \Bigr| \le \delta \sum_{i \in T} v_i \ (2)

Which treated student is compared with which control does not matter to the estimate, so no pair is written.
"""

from __future__ import annotations

from fractions import Fraction
from math import frexp
from typing import TYPE_CHECKING, Any

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import integer_row
from fairbound.models.matching.instance import IMBALANCE, WEIGHT, Comparison, MatchingInstance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


LARGEST_BITS = 13


def build(instance: MatchingInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
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
    pairs = [(model.v[i], 1) for i in instance.treated]
    if instance.fewest_pairs:
        model.eq3_fewest = pyo.Constraint(expr=weighted(pairs) >= instance.fewest_pairs)
    if objective == IMBALANCE:
        add_imbalance(model, instance, lambda row: [(model.v[i], a) for i, a in row.items()])
    else:
        model.objective = pyo.Objective(expr=weighted(pairs), sense=pyo.maximize)
    return model


def add_imbalance(model: pyo.ConcreteModel, instance: MatchingInstance, stated: Callable[..., list[Any]]) -> None:
    """The difference of sums, which is 0 where that of means (11) is; with any number of pairs 0 is reached.

    ``stated`` makes terms of a row over students.
    """
    model.t = pyo.Var(bounds=(0, None))
    model.eq11_sums = pyo.ConstraintList()
    for column, (offsets, _) in instance.mean_rows.items():
        scale = float(instance.deviations[column] / instance.mean_units[column])
        for direction in (1, -1):
            sides = [direction if unit.treated else -direction for unit in instance.members]
            terms = stated({i: sides[i] * d / scale for i, d in enumerate(offsets) if d})
            model.eq11_sums.add(weighted([*terms, (model.t, -1)]) <= 0)
    model.objective = pyo.Objective(expr=model.t, sense=pyo.minimize)


def mean_row(instance: MatchingInstance, offsets: Sequence[int], allowed: int, direction: int) -> Mapping[int, float]:
    """Coefficients of rule (2) in one direction: exact but for a factor, unless floats cannot hold them."""
    exact: list[Fraction] = []
    for i, unit in enumerate(instance.members):
        offset = direction * offsets[i]
        exact.append(Fraction(offset - allowed if unit.treated else -offset))
    row = integer_row(exact)
    # A power of two, so that nothing is rounded: engines lose their way in rows of very large numbers.
    step = 2.0 ** max(0, frexp(max(map(abs, row), default=1.0))[1] - LARGEST_BITS)
    return {i: a / step for i, a in enumerate(row) if a}


def extract(model: pyo.ConcreteModel) -> Comparison:
    """Read who is kept, rounded."""
    chosen = {i for i, variable in model.v.items() if (variable.value or 0) > 0.5}
    return Comparison.of(len(model.instance.members), chosen)


def assign(model: pyo.ConcreteModel, comparison: Comparison) -> None:
    """Write who is kept."""
    for i, variable in model.v.items():
        variable.set_value(int(comparison.weights[i]), skip_validation=True)
    assign_imbalance(model)


def assign_imbalance(model: pyo.ConcreteModel) -> None:
    """Write the difference of sums that follows, if it is asked."""
    if hasattr(model, "t"):
        model.t.set_value(0, skip_validation=True)
        worst = max((pyo.value(row.body) for row in model.eq11_sums.values()), default=0.0)
        model.t.set_value(worst, skip_validation=True)


def refuses(instance: MatchingInstance, objective: str) -> str | None:
    """It counts pairs."""
    if objective == IMBALANCE and instance.fewest_pairs:
        return (
            "a difference of means over so many pairs or more is no linear function; set max_imbalance, ask for pairs"
        )
    return None if objective != WEIGHT else "the largest weight is asked, and students count 0 or 1 here"


FORMULATION = Formulation(
    name="subset",
    summary="a binary for each student: who is kept on each side",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
