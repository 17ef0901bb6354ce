"""Lexicographic optimisation: each objective is settled before the next one is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.solvers.core import proving
from fairbound.solvers.core.result import OnProgress, Result, Seconds, Settings, Status, Termination

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.models.core.problem import Instance, Problem
    from fairbound.solvers.core.method import Method


def solve_lexicographic(
    problem: Problem[Any, Any],
    method: Method,
    instance: Instance,
    objectives: Sequence[str],
    settings: Settings,
    on_progress: OnProgress | None = None,
    prove: Callable[[Instance, Result], Result] | None = None,
) -> Result:
    """Optimise the first objective, keep its best value as a rule, optimise the next, and so on.

    Every stage starts from the solution of the one before. The result carries the bounds of the
    last objective and the earlier results as ``stages``; it is optimal only if all of them are.

    Parameters
    ----------
    prove
        What gives the answer of a stage its certificate.

    Raises
    ------
    InputError
        If the method cannot state the question of a stage exactly.
    """
    stages: list[Result] = []
    asked = instance
    for objective in objectives:
        reason = method.refuses(asked, objective)
        if reason is not None:
            raise InputError(f"method {method.name} refuses objective {objective} of {instance.name}: {reason}")
        start = stages[-1].solution if stages else None
        result = method.run(asked, objective, settings, on_progress, start=start)
        if prove is not None and result.termination not in (Termination.INTERRUPTED, Termination.ENGINE_ERROR):
            result = prove(asked, result)
        stages.append(result)
        if result.primal_bound is None or result.termination is Termination.INTERRUPTED:
            break
        asked = problem.bounded(asked, objective, result.primal_bound)

    last, earlier = stages[-1], stages[:-1]
    if len(stages) < len(objectives) or last.primal_bound is None:
        # What the stage before found keeps this question's rules too: it is the answer, unproven. The bounds
        # are of the last objective, of which nothing else is known.
        final = objectives[-1]
        nothing_known: dict[str, Any] = {"dual_bound": None, "basis": None, "proven": None, "certificate": None}
        solved = [stage for stage in stages if stage.primal_bound is not None]
        value = solved[-1].values[final] if solved else None
        about: dict[str, Any] = {"sense": problem.objective(final).sense, "primal_bound": value, **nothing_known}
        if solved:
            failed, before = stages[-1], solved[-1].objective
            kept = f"{failed.objective} gave no plan ({failed.termination.value}): that of {before} is kept"
            about["message"] = "; ".join(filter(None, (kept, failed.message)))
        last, earlier = replace((solved or stages)[-1], termination=last.termination, **about), solved
    level = min(stage.level for stage in stages)
    certificate, bound, fault = None, None, ""  # that of a stage is about the rules of that stage
    if len(stages) == len(objectives):
        certificate, bound, fault = proving.joined(instance, stages)
    if bound is not None and bound.value == last.dual_bound and last.primal_bound is not None:
        level, last = bound.level, replace(last, basis=bound.basis, proven=bound)
    proven = len(stages) == len(objectives) and all(stage.status is Status.OPTIMAL for stage in stages)
    status = Status.FEASIBLE if last.status is Status.OPTIMAL and not proven else last.status
    total = Seconds(
        *(
            sum(getattr(stage.seconds, step) for stage in stages)
            for step in ("build", "compile", "solve", "total", "prove")
        )
    )
    return replace(
        last,
        certificate=certificate,
        message="; ".join(filter(None, (last.message, fault))),
        digest=instance.digest,
        parameters=instance.parameters,
        objective=",".join(objectives),
        status=status,
        level=level,
        stages=tuple(earlier),
        contradiction="; ".join(stage.contradiction for stage in stages if stage.contradiction),
        seconds=total,
    )
