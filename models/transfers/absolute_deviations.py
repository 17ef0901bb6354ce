r"""Absolute deviations: linear programs, and with whole students a mixed-integer one.

.. math::

    \min \sum_j c_j \sum_r d_{jr}, \quad -d_{jr} \le m_{jr}(x) \le d_{jr} \ (15), \quad (2), (6), (7)

with c_j = 1/S for deviations weighted by students (11), whatever the sizes, and c_j = 1/(N S_j) for (10) where
every district keeps its size. Changed against the poster: absolute values for squares; and weights, or swaps.
``whole_students`` moves students whole and keeps all else.
"""

from __future__ import annotations

from fractions import Fraction

from fairbound.models.core.problem import Formulation
from fairbound.models.transfers import rules
from fairbound.models.transfers.instance import RACE_L1, RACE_L1_WEIGHTED, TransferInstance, TransferPlan
from fairbound.models.transfers.terms import ratios
from pyomo.core import ConcreteModel, ConstraintList, NonNegativeReals, Objective, Reals, Var, minimize, value

ANSWERS = (RACE_L1, RACE_L1_WEIGHTED)


def build(instance: TransferInstance, objective: str, relaxed: bool = False) -> ConcreteModel:  # noqa: ARG001
    """Build the linear program."""
    return _build("absolute_deviations", instance, objective, whole=False)


def build_whole(instance: TransferInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the program in whole students; ``relaxed`` lets them be divided."""
    model = _build("whole_students", instance, objective, whole=True)
    if relaxed:
        for variable in model.x.values():
            variable.domain = Reals
    return model


def _build(name: str, instance: TransferInstance, objective: str, whole: bool) -> ConcreteModel:
    model = rules.start_model(name, instance, whole)
    model.parts = parts = ratios(instance, objective)
    model.d = Var(range(len(instance.districts)), range(len(parts)), domain=NonNegativeReals)
    model.eq15_absolute = ConstraintList()
    total: rules.Terms = []
    for j, size in enumerate(instance.sizes):
        for r, ratio in enumerate(parts):
            # d is in units of S_j: coefficients far under 1 would be dropped by the engine.
            deviation = rules.held(model, ratio.numerator, j, 1 / size)
            model.eq15_absolute.add(deviation - model.d[j, r] <= 0)
            model.eq15_absolute.add(deviation + model.d[j, r] >= 0)
            # No plan deviates by more; with an end for every column, multipliers prove a bound.
            model.d[j, r].setub(float(rules.most_held(instance, ratio.numerator, j) / size) * (1 + 1e-9))
            total.append((model.d[j, r], ratio.weight * (size if objective == RACE_L1_WEIGHTED else 1)))
    model.objective = Objective(expr=rules.linear(total, Fraction(1)), sense=minimize)
    return model


def assign(model: ConcreteModel, plan: TransferPlan) -> None:
    """Write a plan and the deviations that follow from it."""
    rules.assign(model, plan)
    for (j, r), variable in model.d.items():
        variable.set_value(abs(value(rules.held(model, model.parts[r].numerator, j, 1 / model.instance.sizes[j]))))


def _states(instance: TransferInstance, objective: str, whole: bool) -> str | None:
    reason = rules.refuse_common(instance, objective, ANSWERS, whole)
    if reason is None and objective == RACE_L1:
        reason = rules.refuse_free_sizes(instance)
    return reason


def refuses(instance: TransferInstance, objective: str) -> str | None:
    """Questions that are no linear program."""
    return _states(instance, objective, whole=False)


def refuses_divided(instance: TransferInstance, objective: str) -> str | None:
    """Questions that are no linear program in whole students."""
    return _states(instance, objective, whole=True)


FORMULATION = Formulation(
    name="absolute_deviations",
    summary="absolute deviations with weights, or with swaps (band 0): a linear program",
    build=build,
    extract=rules.extract,
    assign=assign,
    refuses=refuses,
)
WHOLE = Formulation(
    name="whole_students",
    summary="the same in whole students (whole=yes): a mixed-integer program",
    build=build_whole,
    extract=rules.extract,
    assign=assign,
    refuses=refuses_divided,
)
