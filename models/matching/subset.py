r"""Who is kept on each side: a binary for each student.

.. math::

    \max \textstyle\sum_{i \in T} v_i \ (3), \qquad \sum_{i \in T} v_i = \sum_{i \in C} v_i, \quad
    \sum_{i \in T_\ell} v_i = \sum_{i \in C_\ell} v_i \ (1), \quad
    \Bigl| \sum_{i \in T} d_i v_i - \sum_{i \in C} d_i v_i \Bigr| \le \delta \sum_{i \in T} v_i \ (2)

Which treated student is compared with which control does not matter to the estimate, so no pair is written.
"""

from __future__ import annotations

from math import frexp
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.core as pyo
from fairbound.models.core.arrays import Columns, Goal, Part, Rows
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
    members = len(instance.members)
    model.v = Columns(members, lambda: range(members), lower=0.0, upper=1.0, whole=not relaxed)
    sign = np.array([1.0 if unit.treated else -1.0 for unit in instance.members])
    levels = [np.arange(members), *map(np.array, instance.levels.values())]
    rows = [Part(model.v, row, those, sign[those]) for row, those in enumerate(levels)]
    model.eq1_balance = Rows(len(levels), lambda: range(1, len(levels) + 1), rows, lower=0.0, upper=0.0)
    if instance.means:
        directions = [(*row, direction) for row in instance.mean_rows.values() for direction in (1, -1)]
        parts = []
        for row, direction in enumerate(directions):
            known = mean_row(instance, *direction)
            parts.append(Part(model.v, row, list(known), list(known.values())))
        model.eq2_means = Rows(len(parts), lambda: range(1, len(parts) + 1), parts, upper=0.0)
    treated = Part(model.v, 0, instance.treated, 1.0)
    if instance.fewest_pairs:
        model.eq3_fewest = Rows(1, lambda: [1], [treated], lower=float(instance.fewest_pairs))
    if objective == IMBALANCE:
        add_imbalance(model, instance, lambda row: [(model.v[i], a) for i, a in row.items()])
    else:
        model.objective = Goal([treated], sense=pyo.maximize)
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
    signed = [direction * offset for offset in offsets]
    exact = [d - allowed if unit.treated else -d for d, unit in zip(signed, instance.members, strict=True)]
    row = integer_row(exact)
    # A power of two, so that nothing is rounded: engines lose their way in rows of very large numbers.
    step = 2.0 ** max(0, frexp(max(map(abs, row), default=1.0))[1] - LARGEST_BITS)
    return {i: a / step for i, a in enumerate(row) if a}


def extract(model: pyo.ConcreteModel) -> Comparison:
    """Read who is kept, rounded."""
    return Comparison.of(model.v.count, set(np.flatnonzero(model.v.read() > 0.5).tolist()))


def nobody(instance: MatchingInstance, _objective: str) -> Comparison:
    """The comparison of nobody with nobody, which is there at once."""
    return Comparison.of(len(instance.members), set())


def assign(model: pyo.ConcreteModel, comparison: Comparison) -> None:
    """Write who is kept."""
    model.v.write(np.array([int(weight) for weight in comparison.weights], dtype=float))
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
    first=nobody,
)
