"""Models of rows as files of others: which formulation, and how far their values are the question's."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.export import Format
from fairbound.models.core.errors import InputError, TriviallyInfeasibleError, UnsupportedModelError
from fairbound.models.core.problem import Scope, Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.engines.standard_form import compile_model

if TYPE_CHECKING:
    from fairbound.models.core.problem import Formulation, Instance
    from fairbound.solvers.engines.base import Program
    from pyomo.core import ConcreteModel


@dataclass(frozen=True)
class Written:
    """A model as it is written.

    Attributes
    ----------
    kind
        MPS for linear models and quadratic objectives, NL for all others.
    program
        The arrays of a linear one; ``None`` for NL.
    unit
        The question's value is so many times that of the file, which is minimised: below 0 where the question is not.
    """

    formulation: Formulation[Any, Any]
    model: ConcreteModel
    kind: Format
    program: Program | None
    unit: Fraction


def stating(instance: Instance, objective: str) -> list[Formulation[Any, Any]]:
    """Formulations that state a question exactly; large ones may have none, and are for algorithms of their own."""
    known = find_problem(instance.problem).formulations
    return [each for each in known if each.scope is Scope.EXACT and each.refuses(instance, objective) is None]


def formulation_of(instance: Instance, objective: str) -> Formulation[Any, Any]:
    """The formulation whose file stands for a question; raises ``InputError`` where there is none."""
    found = written(instance, objective)
    if found is None:
        raise InputError("no formulation states this question", found=instance.name)
    return found.formulation


def written(instance: Instance, objective: str) -> Written | None:
    """Build the model that stands for a question: the first formulation that fits MPS, else the first of all."""
    known = stating(instance, objective)
    sign = 1 if find_problem(instance.problem).objective(objective).sense is Sense.MINIMIZE else -1
    # One that our own engine does not take may be linear all the same.
    for each in sorted(known, key=lambda each: bool(each.beyond)):
        model = each.build(instance, objective)
        unit = sign * Fraction(getattr(model, "objective_unit", 1))
        try:
            return Written(each, model, Format.MPS, compile_model(model), unit)
        except (UnsupportedModelError, TriviallyInfeasibleError):
            continue
    if not known:
        return None
    model = known[0].build(instance, objective)
    return Written(known[0], model, Format.NL, None, sign * Fraction(getattr(model, "objective_unit", 1)))
