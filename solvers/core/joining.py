"""What several searches of one question have found, as one result: each part the best, and each from where it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fairbound.solvers.core.bound import Basis, Bound, level_of
from fairbound.solvers.core.comparison import closes
from fairbound.solvers.core.contradictions import settle
from fairbound.solvers.core.fork_server import words_of
from fairbound.solvers.core.proving import FAULT, room_of
from fairbound.solvers.core.result import Progress, Result, Settings, Status, Termination

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from fairbound.models.core.problem import Instance

WITH_SEED = " with seed "


def joined(
    instance: Instance,
    ended: Mapping[int, Result | BaseException | None],
    asked: Collection[int],
    settings: Settings,
    trace: Sequence[Progress],
    seconds: float,
) -> Result:
    """The best plan, the strongest bound, and the strongest proven one with its certificate.

    What the best plan disproves of any search is a contradiction, named by its seed.

    Parameters
    ----------
    ended
        What each search answered or raised, by its seed.
    asked
        Seeds whose searches were ended because the question was closed.

    Raises
    ------
    BaseException
        What the first has raised, where none has answered.
    """
    raised = {seed: error for seed, error in ended.items() if isinstance(error, BaseException)}
    answered = [result for result in ended.values() if isinstance(result, Result)]
    if not answered:
        raise next(iter(raised.values()))
    named = [replace(result, method=f"{result.method}{WITH_SEED}{result.seed}") for result in answered]
    found = settle(named)
    sign = found[0].sense.sign
    lead = max(found, key=lambda r: (r.primal_bound is not None, sign * (r.primal_bound or 0), closes(r)))
    bound = min(found, key=lambda r: (r.dual_bound is None, sign * (r.dual_bound or 0), r.basis is Basis.CLAIM))
    proof = min(found, key=lambda r: (r.proven is None, sign * (r.proven_bound or 0), r.certificate is None))
    dual = None if bound.dual_bound is None or bound.basis is None else Bound(bound.dual_bound, bound.basis)
    certificate = proof.certificate
    if certificate is not None and "solution" in certificate and lead.primal_bound is not None:
        # The checker asks of the plan that it keeps every rule and is no better than the bound: both are known here.
        room = room_of(instance.problem)
        if room is not None and lead is not proof:
            certificate = {**certificate, "solution": room.solution_json(instance, lead.solution)}
    status = lead.status
    if lead.primal_bound is not None:
        status = Status.OPTIMAL if lead.primal_bound == bound.dual_bound else Status.FEASIBLE
    contradictions = [result.contradiction for result in found if result.contradiction]
    failed = [f"the search with seed {seed} failed: {words_of(error)}" for seed, error in raised.items()]
    said = []
    for result in found:
        broken = result.termination is Termination.ENGINE_ERROR or FAULT in result.message
        if broken or (result.seed not in asked and (result is lead or result is bound)):
            said.append(f"seed {result.seed}: {result.message}" if broken else result.message)
    where = f"{len(ended)} searches side by side: the plan of seed {lead.seed}, the bound of seed {bound.seed}"
    joint = replace(
        lead,
        method=lead.method.rpartition(WITH_SEED)[0],
        status=status,
        level=level_of(lead.primal_bound is not None, dual),
        dual_bound=bound.dual_bound,
        basis=bound.basis,
        proven=proof.proven,
        certificate=certificate,
        contradiction="; ".join(contradictions),
        message="; ".join(dict.fromkeys(filter(None, (*said, *failed, *contradictions, where)))),
        nodes=sum(result.nodes or 0 for result in found) if any(r.nodes is not None for r in found) else None,
        trace=tuple(trace),
        seconds=replace(lead.seconds, total=seconds),
    )
    return replace(joint, termination=_termination(joint, found, asked, settings))


def _termination(joint: Result, found: Sequence[Result], asked: Collection[int], settings: Settings) -> Termination:
    """Why all have ended: the question is closed by one or by all together, a person asked, or the time is over."""
    own = [r for r in found if r.seed not in asked and r.termination is not Termination.ENGINE_ERROR]
    closing = [result.termination for result in own if closes(result)]
    if closing:
        return closing[0]
    if joint.gap is not None and joint.gap <= settings.gap:
        return Termination.FINISHED if joint.gap == 0 else Termination.GAP_LIMIT
    ends = [result.termination for result in own] or [joint.termination]
    return next((t for t in (Termination.INTERRUPTED, Termination.TIME_LIMIT) if t in ends), ends[0])
