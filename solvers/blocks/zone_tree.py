"""One tree over exact rows as a method: zones, their bound, and the tree as its certificate."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite
from random import Random
from typing import TYPE_CHECKING, Any

from fairbound.models.blocks import rules
from fairbound.models.blocks.instance import DISSIMILARITY, INCOME, MAX_SHARE, ZoneInstance, Zoning
from fairbound.models.core.arrays import collector_paused
from fairbound.solvers.blocks.incumbents import TRIALS, ZoneIncumbents, ZoneSearch
from fairbound.solvers.blocks.tree import solution_json
from fairbound.solvers.blocks.zone_branching import ZoneTree
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.isolation import note_engine_threads
from fairbound.solvers.core.result import EngineInfo, OnProgress, Seconds, Settings, Termination
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.proofs.tree import Node, assembled, nodes

if TYPE_CHECKING:
    from fractions import Fraction

    from fairbound.solvers.checker.linear import System

NAME = "zone_tree"
ROUGH_STEPS = 30
"""Annealing steps for each unit that has a choice: the relaxation soon gives better zones to begin from."""
REST = 0.9
"""Where no time is left for rows, annealing takes so much of it."""
LITTLE, STOPPED = 1.0, 3.0
"""Seconds that a replay may take beyond the limit, and once somebody has asked to stop."""
BUILD_TIMES, CHECK_TIMES = 6, 2.5
"""Rows and their replay take so many times as long as the data; the replay so many times as long as the rows."""


def answer(
    instance: ZoneInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Zoning | None = None,
) -> Answer:
    """Solve a zoning question by one tree over exact rows."""
    with collector_paused():  # long-lived rows, hardly any garbage
        return _answer(instance, objective, settings, on_progress, start)


def _answer(
    instance: ZoneInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Zoning | None = None,
) -> Answer:
    random = Random(settings.seed)
    known = ZoneIncumbents(instance, objective, settings, on_progress)
    search = known.search
    termination, tree, top, built = Termination.FINISHED, None, None, 0.0
    try:
        known.tell()  # of a large city the rest takes seconds
        if not all(known.options):
            return Answer(Termination.INFEASIBLE, message="a unit is left without a school that it could have")
        known.start(start, random, ROUGH_STEPS)
        if not (search.late() or known.perfect or known.balance(random, TRIALS[0])):
            began = search.seconds()
            data = instance.canonical()
            left, wanted = search.left(), BUILD_TIMES * (search.seconds() - began)
            if left is None or left > wanted:
                system = checker.rows_of("blocks").system(data, objective)
                stated = system.copied()
                built = search.seconds() - began
                note_engine_threads(1)
                left = search.left()
                # The checker builds the rows once more.
                seconds = inf if left is None else max(0.0, left - CHECK_TIMES * built)
                tree = ZoneTree(known, system, random, seconds)
                with search.interruptible():
                    top = tree.grow()
            else:
                known.start(None, random, share=REST)
    except KeyboardInterrupt:
        search.stop.set()
    open_left = top is None or any(node.kind == "open" for node in nodes(top))
    if open_left and not known.perfect and (settings.time_limit is not None or search.stop.is_set()):
        termination = search.why_late()
    info = EngineInfo(engine.NAME, engine.version(), engine.options(settings))
    answered = Answer(
        termination,
        search.solution,
        proven=known.floor,
        engine=info,
        nodes=search.nodes,
        trace=tuple(search.trace),
        seconds=Seconds(0.0, built, search.seconds() - built),
    )
    if tree is None or top is None:
        return answered
    claim = tree.least * float(tree.system.unit)
    message = f"{tree.nodes} nodes, {len(tree.steps)} rows added"
    answered = replace(
        answered, nodes=tree.nodes, message=message, claim=claim if isfinite(claim) else None, unit=tree.system.unit
    )
    known_cost = tree.claim / tree.system.unit
    floor = tree.floor(top, patience(search)) if open_left else known_cost
    cost = None if floor is None else min(floor, known_cost)
    answered = stronger(answered, tree, cost, "leaves of a tree over rows (7) to (19)")
    if search.solution is None:
        return answered if open_left else replace(answered, termination=Termination.INFEASIBLE)
    if not settings.prove or known.perfect or cost is None or tree.proof_seconds(0) > patience(search):
        return answered
    try:
        return certified(tree, top, data, stated, answered, cost)
    except KeyboardInterrupt:
        return replace(answered, termination=search.why_late())


def stronger(answered: Answer, tree: ZoneTree, cost: Fraction | None, source: str) -> Answer:
    """The answer with what multipliers prove by weak duality, whether or not a checker gets to replay them."""
    if cost is None:
        return answered
    bound = Bound(tree.system.proves(cost), Basis.MULTIPLIERS, source)
    known = answered.proven
    return replace(answered, proven=bound) if known is None or bound.value > known.value else answered


def patience(search: ZoneSearch) -> float:
    """How long a replay may take: what is left of the limit and a little, less once somebody has asked to stop."""
    left = search.left()
    return min(inf if left is None else left + LITTLE, STOPPED if search.stop.is_set() else inf)


def certified(
    tree: ZoneTree, top: Node, data: dict[str, Any], stated: System, answered: Answer, cost: Fraction
) -> Answer:
    """The answer with its tree as a certificate that nothing costs less, if the checker accepts it.

    ``stated`` are the rows of the data without what the tree has added to them.
    """
    search = tree.known.search
    for node in nodes(top):
        if node.kind == "open":
            node.kind = "bound"  # its multipliers prove as much as the cost
    # Branches name the columns of sides, so their steps stay in the file even where no leaf uses their rows.
    first = next(node for node in nodes(top) if node.kind != "branch")
    defined = [(tree.base + n, 0.0) for n, step in enumerate(tree.steps) if step[0] == "side"]
    known = {i for i, _ in first.multipliers or ()}
    first.multipliers = [*(first.multipliers or ()), *(pair for pair in defined if pair[0] not in known)]
    document = {
        "format": checker.FORMAT,
        "instance": search.instance.name,
        "digest": search.instance.digest,
        "data": data,
        "objective": search.objective,
        "solution": solution_json(search.instance, search.solution),
        "bound": str(tree.system.proves(cost)),
        **assembled(tree, top),
    }
    try:
        proven = Bound(checker.check(document, stated=stated), Basis.CERTIFICATE, checker.FORMAT)
    except Rejected as reason:
        words = f"the checker rejected its certificate, which is a fault to report: {reason}"
        # What the root's multipliers prove stands by itself, whatever is wrong with the tree.
        least = replace(answered, message="; ".join((answered.message, words)), proven=tree.known.floor)
        return stronger(least, tree, tree.root_floor, "the root of a tree over rows (7) to (19)")
    if answered.proven is not None and answered.proven.value > proven.value:
        return answered  # the theorem says more
    return replace(answered, claim=None, proven=proven, certificate=document)


def hesitates(instance: ZoneInstance, objective: str) -> str | None:
    """Where there are no sides, or repairs do not understand a limit, rounds of an integer model are faster."""
    if instance.limits or instance.rezoned_share is not None:
        return "local search does not understand limits on objectives"
    return None if objective in (DISSIMILARITY, INCOME) else "the objective has no sides to branch on"


def refuses(instance: ZoneInstance, objective: str) -> str | None:
    """Refuse what has no exact rows."""
    if objective == MAX_SHARE:
        return "a largest share is a ratio; share_levels solves it by a sequence of linear models"
    return rules.refuse_income(instance, objective)
