r"""A plan by breakpoints: each district's amount as a mixture of the points where its curve bends (Dantzig 1960).

.. math::

    t_d = \sum_{k \ge 1} b_{dk} \lambda_{dk}, \qquad
    y_d = \mu_d + h_d(0) + \sum_{k \ge 1} \bigl( h_d(b_{dk}) - h_d(0) \bigr) \lambda_{dk}, \qquad
    \sum_{k \ge 1} \lambda_{dk} \le z_d, \quad \lambda \ge 0 \ (10)

with the rows (3), (6) and (7). Curves are concave, so mixtures of points that are not neighbours only lose, and no
adjacency is asked for. Both this and ``segments`` describe the hull of no grant and of what a grant makes, so their LP
bounds are the same; one row a district ties its grant to z_d here, and points where the slope stays are left out.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.grants import segments
from fairbound.models.grants.evaluate import grants
from fairbound.models.grants.instance import MEAN, THOUSAND, GrantsInstance, Plan
from fairbound.models.grants.tail import add_scores, assign_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.grants.instance import Piece


def bends(pieces: Sequence[Piece]) -> list[tuple[int, Fraction]]:
    """Dollars per student and points added by them where a curve bends, and where it ends."""
    found, dollars, points = [], 0, Fraction(0)
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        dollars, points = dollars + piece.dollars, points + piece.dollars * piece.gain
        if after is None or after.gain != piece.gain:
            found.append((dollars, points))
    return found


def build(instance: GrantsInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="breakpoints")
    model.instance = instance
    # Who cannot be in the worst tenth needs no grant, unless the mean counts.
    all_count = objective == MEAN or MEAN in dict(instance.limits)
    granted = [d for d in (range(len(instance.curves)) if all_count else instance.near) if instance.curves[d].pieces]
    model.points = {d: bends(instance.curves[d].pieces) for d in granted}
    model.w = pyo.Var([(d, k) for d, points in model.points.items() for k in range(len(points))], bounds=(0, 1))
    spent: dict[int, list[Any]] = {d: [] for d in granted}
    amounts = []
    for (d, k), weight in model.w.items():
        dollars, gain = model.points[d][k]
        spent[d].append((weight, float(gain)))
        amounts.append((weight, instance.districts_data[d].students * dollars / THOUSAND))
    model.eq3_pot = pyo.Constraint(expr=weighted(amounts) <= float(instance.pot / THOUSAND))
    some = instance.districts is not None and instance.districts < len(granted)
    if some:
        model.z = pyo.Var(granted, domain=pyo.UnitInterval if relaxed else pyo.Binary)
        model.eq3_districts = pyo.Constraint(expr=weighted((model.z[d], 1) for d in granted) <= instance.districts)
    model.eq10_mixture = pyo.Constraint(granted)
    for d in granted:
        mixture = [(model.w[d, k], 1) for k in range(len(model.points[d]))]
        model.eq10_mixture[d] = weighted([*mixture, (model.z[d], -1)]) <= 0 if some else weighted(mixture) <= 1
    start = [
        district.score + curve.start for district, curve in zip(instance.districts_data, instance.curves, strict=True)
    ]
    add_scores(model, instance, spent, start, objective)
    return model


def extract(model: pyo.ConcreteModel) -> Plan:
    """Read each district's amount, to a millionth of a dollar, and make most of it."""
    amounts: dict[int, Fraction] = {}
    for (d, k), weight in model.w.items():
        value = min(max(weight.value or 0.0, 0.0), 1.0)
        dollars, digits = model.points[d][k][0], segments.DIGITS
        amounts[d] = amounts.get(d, Fraction(0)) + Fraction(f"{value * dollars / THOUSAND:.{digits}f}") * THOUSAND
    ends = {d: Fraction(points[-1][0]) for d, points in model.points.items()}
    return segments.whole_plan(model, {d: min(amount, ends[d]) for d, amount in amounts.items()})


def assign(model: pyo.ConcreteModel, plan: Plan) -> None:
    """Write each amount as a mixture of the points around it, and the scores that it leads to."""
    amounts = grants(plan)
    for d, points in model.points.items():
        amount, below = amounts.get(d, Fraction(0)), Fraction(0)
        for k, (dollars, _) in enumerate(points):
            share = min(max((amount - below) / (dollars - below), Fraction(0)), Fraction(1))
            model.w[d, k].set_value(float(share), skip_validation=True)
            if k and share:
                model.w[d, k - 1].set_value(float(1 - share), skip_validation=True)
            below = Fraction(dollars)
    assign_scores(model, plan)


FORMULATION: Formulation[GrantsInstance, Plan] = Formulation(
    name="breakpoints",
    summary="each district's amount as a mixture of the points where its curve bends",
    build=build,
    extract=extract,
    assign=assign,
    first=lambda instance, _objective: Plan.of(instance, {}),
)
