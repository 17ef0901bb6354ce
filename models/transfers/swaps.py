r"""Swaps: every district keeps its size, so the denominators are constants and the program is a convex QP.

.. math:: \min \sum_j \frac{1}{N S_j^2} \sum_r m_{jr}(x)^2, \quad n_j(x) = S_j, \quad (2), (6)

Changed against the poster: sizes may not change at all (band 0). Kept: everything else. The moves are the
only variables: the squares are substituted out, because a QP with m as variables defeats the engine.
"""

from __future__ import annotations

from fairbound.models.core.problem import Formulation
from fairbound.models.transfers import rules
from fairbound.models.transfers.instance import RACE, RACE_WEIGHTED, TransferInstance
from fairbound.models.transfers.terms import ratios
from pyomo.core import ConcreteModel, Objective, minimize


def build(instance: TransferInstance, objective: str, relaxed: bool = False) -> ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = rules.start_model("swaps", instance)
    total = 0
    for ratio in ratios(instance, objective):
        for j, size in enumerate(instance.sizes):
            weight = float(ratio.weight * size) if objective == RACE_WEIGHTED else float(ratio.weight)
            total += weight * rules.held(model, ratio.numerator, j, 1 / size) ** 2
    model.objective = Objective(expr=total, sense=minimize)
    return model


def refuses(instance: TransferInstance, objective: str) -> str | None:
    """Questions that are no convex QP."""
    return rules.refuse_common(instance, objective, (RACE, RACE_WEIGHTED)) or rules.refuse_free_sizes(instance)


FORMULATION = Formulation(
    name="swaps",
    summary="every district keeps its size (band 0): a convex QP in the moves",
    build=build,
    extract=rules.extract,
    assign=rules.assign,
    refuses=refuses,
)
