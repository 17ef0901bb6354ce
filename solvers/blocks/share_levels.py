"""The least largest share deviation, by a sequence of linear questions.

max_j |S a(j) - A s(j)| / (S s(j)) is a ratio. At a level delta let F be the least value of
max_j |S a(j) - A s(j)| - delta S s(j), equation (14). A zoning with a negative value has a smaller
deviation than delta, and becomes the next level; if F is 0, delta is the least deviation
(Dinkelbach). If only F >= -e is known, every zoning deviates by at least delta - e / (S L), where L is
the least number of students of a zone that has any: a zone without students has no share, and no part in (14).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from fairbound.models.blocks import rules
from fairbound.models.blocks.instance import MAX_SHARE, ZoneInstance, Zoning
from fairbound.models.core.errors import TriviallyInfeasibleError
from fairbound.models.core.problem import Sense
from fairbound.solvers.blocks.separator_loop import SeparatorLoop, solve_loop
from fairbound.solvers.core.answer import Answer, doubt, engine_accuracy, lattice_bound, resolves
from fairbound.solvers.core.result import EngineInfo, OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines import highs as engine

NAME = "share_levels"
MOST_LEVELS = 60


def answer(
    instance: ZoneInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Zoning | None = None,
) -> Answer:
    """Lower the level until no zoning is below it."""
    search = Search(instance, objective, settings, on_progress, bound=Fraction(0))
    if start is None or not search.offer(start):
        search.offer(Zoning.of(instance, instance.today))
    termination, levels = Termination.TIME_LIMIT, 0
    while levels < MOST_LEVELS:
        levels += 1
        level = Fraction(1) if search.value is None else search.value
        rest = replace(settings, time_limit=search.left())
        loop = SeparatorLoop(instance, MAX_SHARE, rest, share_level=level)
        try:
            termination = solve_loop(loop, search.solution)
        except TriviallyInfeasibleError:
            termination = Termination.INFEASIBLE
            break
        search.nodes += loop.search.nodes
        bound = level_bound(loop, level)
        if bound is not None:
            search.tighten(bound)
        if loop.search.value is None or (search.solution is not None and loop.search.value >= 0):
            break
        search.offer(loop.search.solution)
        if termination is not Termination.FINISHED:
            break
    return Answer(
        termination,
        search.solution,
        claim=search.bound,
        engine=EngineInfo(engine.NAME, engine.version(), engine.options(settings)),
        nodes=search.nodes,
        trace=tuple(search.trace),
        message=f"{levels} levels",
    )


def level_bound(loop: SeparatorLoop, level: Fraction) -> Fraction | None:
    """What the engine's bound of a level says about the deviation, or ``None``."""
    instance = loop.instance
    if loop.dual is None or doubt(loop.size):
        return None
    unit = loop.objective_unit
    lowest = Fraction(loop.dual) * unit
    step = rules.excess_lattice(instance, level)
    if resolves(step, lowest, unit):
        lowest = lattice_bound(float(lowest), step, Sense.MINIMIZE, unit)
    else:
        lowest -= engine_accuracy(lowest, unit)
    if lowest >= 0:
        return level
    smallest = min((unit.students for unit in instance.units if unit.students), default=0)
    fewest = min(instance.seat_range(school)[0] or smallest for school in instance.schools)
    return level + lowest / (instance.students * fewest) if fewest and instance.students else None


def refuses(_city: ZoneInstance, objective: str) -> str | None:
    """Refuse objectives that are linear already."""
    return None if objective == MAX_SHARE else "the objective is linear; separator_loop solves it at once"
