r"""Piecewise hull of the unweighted race objective: theorem 2 on pieces of the sizes, in one mixed-integer program.

Knots :math:`e_0 < \dots < e_K` cut the range of :math:`n_j`. A point between two of them is a mixture of a composition
at each end, and of no other knot:

.. math::

    & s_{ij} = \sum_k e_k \lambda^k_{ij}, \quad \theta^k_j = \sum_i \lambda^k_{ij}, \quad
      \sum_k \theta^k_j = 1 \ (25) \\
    & \theta^k_j \le z_{jk} + z_{j,k+1}, \quad \sum_k z_{jk} = 1 \ (26), \qquad
    q^k_{jr} \ge 2 v \sum_i d_{ir} \lambda^k_{ij} - v^2 \theta^k_j \ (27)

with a binary z for each piece: the disaggregated convex combination of Vielma, Ahmed and Nemhauser (2010), over
compositions in the place of numbers. Kept: every rule of a plan. Changed: squares to tangents at ``TANGENTS`` points,
and compositions mixed inside a piece. It needs no bound on the term of a district.
"""

from __future__ import annotations

from fractions import Fraction

from fairbound.models.core.problem import Formulation, Scope
from fairbound.models.transfers import rules
from fairbound.models.transfers.instance import RACE, TransferInstance
from fairbound.models.transfers.terms import ratios
from pyomo.core import (
    Binary,
    ConcreteModel,
    ConstraintList,
    NonNegativeReals,
    Objective,
    UnitInterval,
    Var,
    minimize,
)
from pyomo.core.expr import LinearExpression

PIECES = 2
"""The hull of the whole range is nearly that of its pieces, so few will do."""
TANGENTS = 24


def build(instance: TransferInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the model; pieces have equal ratios of their ends."""
    model = rules.start_model("piecewise_hull", instance)
    parts = ratios(instance, objective)
    districts, knots = range(len(instance.districts)), range(PIECES + 1)
    places = [(i, j) for j in districts for i in (*instance.neighbours[j], j)]
    model.z = Var(districts, range(PIECES), domain=UnitInterval if relaxed else Binary)
    model.mass = Var(places, knots, domain=UnitInterval)
    model.theta = Var(districts, knots, domain=UnitInterval)
    model.q = Var(districts, range(len(parts)), knots, domain=NonNegativeReals)
    model.eq25_mixture = ConstraintList()
    model.eq26_piece = ConstraintList()
    model.eq27_tangent = ConstraintList()
    for j, size in enumerate(instance.sizes):
        low, high = (float(bound / size) for bound in instance.size_bounds[j])
        ends = [low * (high / low) ** (k / PIECES) for k in knots]
        near = (*instance.neighbours[j], j)
        leaving = [(model.x[j, i], -model.unit[j]) for i in instance.neighbours[j]]
        for i in near:
            terms, today = ([(model.x[i, j], model.unit[i])], 0.0) if i != j else (leaving, 1.0)
            mixed = LinearExpression(linear_coefs=ends, linear_vars=[model.mass[i, j, k] for k in knots])
            model.eq25_mixture.add(mixed - rules.linear(terms, 1 / size) == today)
        model.eq25_mixture.add(sum(model.theta[j, k] for k in knots) == 1)
        model.eq26_piece.add(sum(model.z[j, k] for k in range(PIECES)) == 1)
        for k in knots:
            model.eq25_mixture.add(sum(model.mass[i, j, k] for i in near) == model.theta[j, k])
            beside = [model.z[j, p] for p in (k - 1, k) if 0 <= p < PIECES]
            model.eq26_piece.add(model.theta[j, k] <= sum(beside))
        for r, ratio in enumerate(parts):
            rates = ratio.numerator.rates
            assert rates is not None
            least, largest = min(rates[i] for i in near), max(rates[i] for i in near)
            for k in knots:
                # No composition is further from the overall one; with an end for it, multipliers prove a bound.
                model.q[j, r, k].setub(float(max(least * least, largest * largest)) * (1 + 1e-9))
                terms = [(model.mass[i, j, k], rates[i]) for i in near]
                for step in range(TANGENTS):
                    v = least + (largest - least) * Fraction(step, TANGENTS - 1)
                    line = [(variable, 2 * v * rate - v * v) for variable, rate in terms]
                    model.eq27_tangent.add(rules.linear(line) - model.q[j, r, k] <= 0)
    weight = float(parts[0].weight)
    model.objective = Objective(
        expr=LinearExpression(linear_coefs=[weight] * len(model.q), linear_vars=list(model.q.values())), sense=minimize
    )
    return model


def refuses(instance: TransferInstance, objective: str) -> str | None:
    """Questions that the relaxation does not state."""
    return rules.refuse_common(instance, objective, (RACE,))


FORMULATION = Formulation(
    name="piecewise_hull",
    summary="the hull of theorem 2 on pieces of the sizes: a stronger bound than McCormick rows on the same pieces",
    build=build,
    extract=rules.extract,
    assign=rules.assign,
    refuses=refuses,
    scope=Scope.RELAXATION,
)
