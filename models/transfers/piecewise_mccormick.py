r"""Piecewise McCormick relaxation of the unweighted race objective: one mixed-integer linear program.

With t_j the term of district j, w_j >= sum_r m_jr^2 / n_j is convex and w_j = t_j n_j is not. The range
of n_j is cut into pieces; a binary z_jk picks one, and on it

.. math::

    w_j \ge \sum_r (2 v m_{jr} - v^2 n_j) \ (16), \quad
    w_j \le u_{jk} t_j + \underline t_j (n_j - u_{jk}), \quad
    w_j \le l_{jk} t_j + \overline t_j (n_j - l_{jk}) \ (17)

Kept: every rule of a plan. Changed: the product t n is relaxed inside a piece, and squares to tangents at
``TANGENTS`` points; so the value is a bound, not an answer. It is here to be compared with: the spatial tree
puts pieces only where they matter.
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

PIECES = 8
TANGENTS = 12


def build(instance: TransferInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the model; pieces have equal ratios of their ends."""
    model = rules.start_model("piecewise_mccormick", instance)
    parts = ratios(instance, objective)
    districts = range(len(instance.districts))
    index = [(j, k) for j in districts for k in range(PIECES)]
    model.z = Var(index, domain=UnitInterval if relaxed else Binary)
    model.t = Var(index, domain=NonNegativeReals)
    model.n = Var(index, domain=NonNegativeReals)
    model.w = Var(districts, range(len(parts)), domain=NonNegativeReals)
    model.eq17a_pieces = ConstraintList()
    model.eq16_tangent = ConstraintList()
    model.eq17_mccormick = ConstraintList()
    for j, size in enumerate(instance.sizes):
        near = (*instance.neighbours[j], j)
        # A mix of mixes is nowhere further from the overall one than its furthest part.
        most = max(float(sum(d * d for d in instance.deviations[i])) for i in near)
        low, high = (float(bound / size) for bound in instance.size_bounds[j])
        ends = [low * (high / low) ** (k / PIECES) for k in range(PIECES + 1)]
        _, students = rules.ratio_scale(model, parts[0], j)
        model.eq17a_pieces.add(sum(model.z[j, k] for k in range(PIECES)) == 1)
        model.eq17a_pieces.add(sum(model.n[j, k] for k in range(PIECES)) == students)
        above, below = 0, 0
        for k in range(PIECES):
            left, right = ends[k], ends[k + 1]
            model.eq17a_pieces.add(model.n[j, k] >= left * model.z[j, k])
            model.eq17a_pieces.add(model.n[j, k] <= right * model.z[j, k])
            model.eq17a_pieces.add(model.t[j, k] <= most * model.z[j, k])
            above += right * model.t[j, k]
            below += left * model.t[j, k] + most * (model.n[j, k] - left * model.z[j, k])
        deviation = sum(model.w[j, r] for r in range(len(parts)))
        model.eq17_mccormick.add(deviation <= above)
        model.eq17_mccormick.add(deviation <= below)
        for r, ratio in enumerate(parts):
            numerator, _ = rules.ratio_scale(model, ratio, j)
            rates = ratio.numerator.rates
            assert rates is not None
            least, largest = min(rates[i] for i in near), max(rates[i] for i in near)
            for step in range(TANGENTS):
                v = float(least + (largest - least) * Fraction(step, TANGENTS - 1))
                model.eq16_tangent.add(model.w[j, r] >= 2 * v * numerator - v * v * students)
    model.objective = Objective(expr=sum(model.t.values()) * float(parts[0].weight), sense=minimize)
    return model


def refuses(instance: TransferInstance, objective: str) -> str | None:
    """Questions that the relaxation does not state."""
    return rules.refuse_common(instance, objective, (RACE,))


FORMULATION = Formulation(
    name="piecewise_mccormick",
    summary="pieces of the sizes in one mixed-integer relaxation: a bound to compare with",
    build=build,
    extract=rules.extract,
    assign=rules.assign,
    refuses=refuses,
    scope=Scope.RELAXATION,
)
