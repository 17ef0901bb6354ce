"""The least largest share deviation, by a sequence of linear questions.

max_j |S a(j) - A s(j)| / (S s(j)) is a ratio. At a level delta let F be the least value of
max_j |S a(j) - A s(j)| - delta S s(j), equation (14). A zoning with a negative value has a smaller
deviation than delta, and becomes the next level; if F is 0, delta is the least deviation
(Dinkelbach). If only F >= -e is known, every zoning deviates by at least delta - e / (S L), where L is
the least number of students of a zone that has any: a zone without students has no share, and no part in (14).
"""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction

from fairbound.models.blocks import PROBLEM, evaluate, rules
from fairbound.models.blocks.instance import MAX_SHARE, ZoneInstance, Zoning
from fairbound.models.core.problem import Sense
from fairbound.solvers.blocks.separator_loop import SeparatorLoop, solve_loop
from fairbound.solvers.core.result import (
    EngineInfo,
    OnProgress,
    Progress,
    Result,
    Seconds,
    Settings,
    Termination,
    conclude,
    doubt,
    engine_accuracy,
    lattice_bound,
    tells_apart,
)
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.standard_form import TriviallyInfeasibleError

NAME = "share_levels"
MOST_LEVELS = 60


def run(
    city: ZoneInstance,
    objective: str,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    on_progress: OnProgress | None = None,
    start: Zoning | None = None,
) -> Result:
    """Lower the level until no zoning is below it."""
    began = time.perf_counter()
    best = start if start is not None and evaluate(city, start).feasible else None
    if best is None and evaluate(city, Zoning.of(city, city.today)).feasible:
        best = Zoning.of(city, city.today)
    termination, bound, nodes, levels = Termination.TIME_LIMIT, Fraction(0), 0, 0
    while levels < MOST_LEVELS:
        levels += 1
        level = Fraction(1) if best is None else evaluate(city, best).values[MAX_SHARE]
        left = None if settings.time_limit is None else settings.time_limit - (time.perf_counter() - began)
        try:
            loop = SeparatorLoop(city, MAX_SHARE, replace(settings, time_limit=left), None, share_level=level)
        except TriviallyInfeasibleError:
            termination = Termination.INFEASIBLE
            break
        termination = solve_loop(loop, best)
        nodes += loop.nodes
        if loop.dual is not None and not doubt(loop.size):
            unit = Fraction(loop.model.objective_unit)
            lowest = Fraction(loop.dual) * unit
            step = rules.excess_lattice(city, level)
            if tells_apart(step, lowest, unit):
                lowest = lattice_bound(float(lowest), step, Sense.MINIMIZE, unit)
            else:
                lowest -= engine_accuracy(lowest, unit)
            smallest = min((unit.students for unit in city.units if unit.students), default=0)
            fewest = min(city.seat_range(school)[0] or smallest for school in city.schools)
            if lowest >= 0:
                bound = level
            elif fewest and city.students:
                bound = max(bound, level + lowest / (city.students * fewest))
        if loop.value is None or (best is not None and loop.value >= 0):
            break
        best = Zoning.of(city, loop.incumbent or city.today)
        if on_progress is not None:
            value = float(evaluate(city, best).values[MAX_SHARE])
            on_progress(Progress(time.perf_counter() - began, value, float(bound), nodes, best))
        if termination is not Termination.FINISHED:
            break
    result = conclude(
        PROBLEM,
        city,
        objective,
        NAME,
        solution=best,
        termination=termination,
        claimed_bound=bound,
        settings=settings,
        engine=EngineInfo(engine.NAME, engine.version(), engine.options(settings)),
        nodes=nodes,
        message=f"{levels} levels",
    )
    total = time.perf_counter() - began
    return replace(result, seconds=Seconds(solve=total, total=total))


def refuses(city: ZoneInstance, objective: str) -> str | None:
    """Refuse objectives that are linear already."""
    return None if objective == MAX_SHARE else "the objective is linear; separator_loop solves it at once"
