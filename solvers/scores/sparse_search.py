"""Sparse least absolute deviations of many features: a good start by swaps, then ``big_m`` from there."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from fairbound.models.scores import big_m
from fairbound.solvers.core.formulations import answer_formulation
from fairbound.solvers.scores.exact_lad import fit
from fairbound.solvers.scores.selection import best_addition, correlations, greedy

if TYPE_CHECKING:
    from fairbound.models.scores.instance import LinearModel, ScoresInstance
    from fairbound.solvers.core.answer import Answer
    from fairbound.solvers.core.result import OnProgress, Settings

NAME = "sparse_search"
SHARE = 0.2
"""Share of a time limit that the start may take."""
PATIENCE = 10.0


def start_of(instance: ScoresInstance, settings: Settings) -> LinearModel | None:
    """The subset that squares prefer, and single swaps while they leave less."""
    limit = PATIENCE if settings.time_limit is None else SHARE * settings.time_limit
    end = time.perf_counter() + limit
    found = correlations(instance)
    subset = greedy(found, instance.k)
    best = fit(instance, subset, limit, settings.seed)
    tried = {tuple(subset)}
    improved = best is not None
    while improved and best is not None and best.bound is not None:
        improved = False
        for old in list(subset):
            rest = [j for j in subset if j != old]
            other = sorted([*rest, best_addition(found, rest)])
            if tuple(other) in tried or time.perf_counter() > end:
                continue
            tried.add(tuple(other))
            again = fit(instance, other, max(0.1, end - time.perf_counter()), settings.seed)
            if again is not None and again.bound is not None and again.bound < best.bound:
                best, subset, improved = again, other, True
                break
    return None if best is None else best.model


def answer(
    instance: ScoresInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: LinearModel | None = None,
) -> Answer:
    """What ``big_m`` makes of the start."""
    began = time.perf_counter()
    begin = start if start is not None else start_of(instance, settings)
    rest = settings
    if settings.time_limit is not None:
        rest = replace(settings, time_limit=max(0.1, settings.time_limit - (time.perf_counter() - began)))
    found = answer_formulation(big_m.FORMULATION, instance, objective, rest, on_progress, begin)
    return replace(found, method=NAME, solution=found.solution if found.solution is not None else begin)
