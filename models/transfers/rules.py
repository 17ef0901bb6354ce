"""What the Pyomo formulations share: shares x[i,j] that move, the rules of a plan, extraction."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyomo.core as pyo
from fairbound.models.transfers.instance import TransferInstance, TransferPlan, refuse_unbanded
from fairbound.models.transfers.repair import repair
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.transfers.terms import Amount, Ratio

Terms = list[tuple[Any, Fraction]]
"""Variables and their exact coefficients."""


def start_model(name: str, instance: TransferInstance, whole: bool = False) -> pyo.ConcreteModel:
    """A model with the moves and equations (2), (6) and (7); rows are scaled by each district's size.

    x[i,j] is the share of district i that attends in its neighbour j; with ``whole`` it counts
    students and is integer. Who stays is not a variable: conservation (2) says that at most all leave.
    """
    model = pyo.ConcreteModel(name=name)
    model.instance = instance
    model.unit = [Fraction(1) if whole else size for size in instance.sizes]
    model.x = pyo.Var(instance.arcs, domain=pyo.NonNegativeIntegers if whole else pyo.UnitInterval)
    if whole:
        for (i, _), variable in model.x.items():
            variable.setub(int(instance.sizes[i]))
    districts = range(len(instance.districts))
    leaving: list[Terms] = [[] for _ in districts]
    for (i, _), variable in model.x.items():
        leaving[i].append((variable, model.unit[i]))
    model.eq2_conservation = pyo.ConstraintList()
    model.eq7_sizes = pyo.ConstraintList()
    for j, size in enumerate(instance.sizes):
        if leaving[j]:
            model.eq2_conservation.add(linear(leaving[j], 1 / size) <= 1)
            low, high = instance.size_bounds[j]
            change = linear(change_terms(model, j, None), 1 / size)
            model.eq7_sizes.add(pyo.inequality(float((low - size) / size), change, float((high - size) / size)))
    everyone = [pair for terms in leaving for pair in terms]
    if everyone:
        scale = len(instance.districts) / instance.total
        model.eq6_budget = pyo.Constraint(expr=linear(everyone, scale) <= float(instance.p * len(instance.districts)))
    return model


def linear(terms: Terms, scale: Fraction = Fraction(1), constant: Fraction = Fraction(0)) -> Any:
    """A Pyomo linear expression of exact terms, scaled."""
    return LinearExpression(
        constant=float(constant * scale),
        linear_coefs=[float(value * scale) for _, value in terms],
        linear_vars=[variable for variable, _ in terms],
    )


def change_terms(model: pyo.ConcreteModel, j: int, rates: Sequence[Fraction] | None) -> Terms:
    """What the moves add to district j: arrivals minus departures, each at its origin's rate (1 if none)."""
    instance: TransferInstance = model.instance
    terms: Terms = []
    for i in instance.neighbours[j]:
        terms.append((model.x[i, j], model.unit[i] * (1 if rates is None else rates[i])))
        terms.append((model.x[j, i], -model.unit[j] * (1 if rates is None else rates[j])))
    return [(variable, value) for variable, value in terms if value]


def held(model: pyo.ConcreteModel, amount: Amount, j: int, scale: Fraction = Fraction(1)) -> Any:
    """An amount that district j holds after the moves, as a linear expression."""
    terms = [] if amount.rates is None else change_terms(model, j, amount.rates)
    return linear(terms, scale, amount.today[j])


def most_held(instance: TransferInstance, amount: Amount, j: int) -> Fraction:
    """No plan leaves district j with more of an amount than this, in absolute value."""
    most = abs(amount.today[j])
    if amount.rates is not None:
        most += sum((abs(amount.rates[i]) * instance.sizes[i] for i in (j, *instance.neighbours[j])), Fraction(0))
    return most


def ratio_scale(model: pyo.ConcreteModel, ratio: Ratio, j: int) -> tuple[Any, Any]:
    """Numerator and denominator of a ratio in j, both divided by the denominator of today."""
    scale = 1 / ratio.denominator.today[j]
    return held(model, ratio.numerator, j, scale), held(model, ratio.denominator, j, scale)


def extract(model: pyo.ConcreteModel) -> TransferPlan:
    """Read a plan that keeps every rule exactly; see ``repair``."""
    students = {arc: float(model.unit[arc[0]]) * (variable.value or 0.0) for arc, variable in model.x.items()}
    return repair(model.instance, students)


def assign(model: pyo.ConcreteModel, plan: TransferPlan) -> None:
    """Write a plan into the moves; other variables keep no value."""
    instance: TransferInstance = model.instance
    for variable in model.x.values():
        variable.set_value(0, skip_validation=True)
    for origin, target, students in plan.moves:
        i, j = instance.index[origin], instance.index[target]
        model.x[i, j].set_value(float(students / model.unit[i]), skip_validation=True)


def refuse_common(
    instance: TransferInstance, objective: str, answers: Sequence[str], whole: bool = False, caps: bool = False
) -> str | None:
    """Why a formulation for some objectives cannot state a question, or ``None``."""
    reason = refuse_unbanded(instance)
    if reason is not None:
        return reason
    if instance.limits and not caps:
        return "it takes no bound on another objective; spatial_tree does"
    if instance.whole != whole:
        return "students move whole here" if instance.whole else "it moves whole students; set whole=yes"
    if objective not in answers:
        return f"it states {' and '.join(answers)}, not {objective}"
    return None


def refuse_free_sizes(instance: TransferInstance) -> str | None:
    """Why a formulation for swaps refuses an instance, or ``None``."""
    if any(low != high for low, high in instance.size_bounds):
        return "it swaps students so that every size stays; set band=0"
    return None
