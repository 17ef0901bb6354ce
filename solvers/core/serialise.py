"""Results as JSON types: one flat object with exact bounds as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.core.problem import Instance, Problem, values_text

if TYPE_CHECKING:
    from fractions import Fraction

    from fairbound.solvers.core.result import Progress, Result


def exact_text(value: Fraction | None) -> str | None:
    """``"86824/5"``, an integer string, or ``None``."""
    return None if value is None else str(value)


def result_json(
    problem: Problem[Any, Any], instance: Instance, result: Result, with_trace: bool = False
) -> dict[str, Any]:
    """The object that ``--json`` prints; the solution is inline."""
    document: dict[str, Any] = {
        "problem": result.problem,
        "instance": result.instance,
        "digest": result.digest,
        "parameters": dict(result.parameters),
        "repairs": list(instance.repairs),
        "assumptions": list(problem.assumptions(instance)),
        "objective": result.objective,
        "sense": result.sense.value,
        **answer_json(problem, instance, result),
    }
    if with_trace:
        document["trace"] = [_moment(moment) for moment in result.trace]
    return document


def answer_json(problem: Problem[Any, Any], instance: Instance, result: Result) -> dict[str, Any]:
    """The part of it that is the answer, without the question."""
    return {
        "method": result.method,
        "engine": None
        if result.engine is None
        else {
            "name": result.engine.name,
            "version": result.engine.version,
            "options": dict(result.engine.options),
        },
        "status": result.status.value,
        "termination": result.termination.value,
        "primal_bound": exact_text(result.primal_bound),
        "dual_bound": exact_text(result.dual_bound),
        "primal_bound_float": None if result.primal_bound is None else float(result.primal_bound),
        "dual_bound_float": None if result.dual_bound is None else float(result.dual_bound),
        "gap": result.gap,
        "level": result.level.value,
        "basis": None if result.basis is None else result.basis.value,
        "proven_bound": exact_text(result.proven_bound),
        "proven_level": None if result.proven is None else result.proven.level.value,
        "proven_gap": result.proven_gap,
        "seconds": vars(result.seconds),
        "witnesses": [
            {**vars(one), "value": None if one.value is None else str(one.value)} for one in result.witnesses
        ],
        "model": None if result.model is None else vars(result.model),
        "nodes": result.nodes,
        "seed": result.seed,
        "values": values_text(result.values),
        "measures": values_text(result.measures),
        "violations": [str(violation) for violation in result.violations],
        "message": result.message,
        "contradiction": result.contradiction,
        "explanation": list(result.explanation),
        "certificate": result.certificate,
        "stages": [result_json(problem, instance, stage) for stage in result.stages],
        "solution": None if result.solution is None else problem.solution_rows(instance, result.solution),
    }


def _moment(moment: Progress) -> dict[str, Any]:
    return {"seconds": moment.seconds, "primal": moment.primal, "dual": moment.dual, "nodes": moment.nodes}
