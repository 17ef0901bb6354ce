"""An integer program from the vertex of its relaxation: what is fractional there is searched, and some columns besides.

A vertex has no more fractional columns than there are rows, so where rows are few nearly all of it is whole. The others
keep their values, and the engine searches a core of the columns (Balas and Zemel 1980; relaxation-enforced search,
Berthold 2014). The multipliers of the relaxation bound the whole program, whatever the core misses.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.engines import highs
from fairbound.solvers.engines.model import proven_bound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairbound.solvers.engines.base import Floats, Program

CORES = (300, 3000)
"""Columns that are searched beside the fractional ones."""
WHOLE = 1e-6
CORE_SHARE = 0.3
"""Share of the time that is left which one core may take."""


@dataclass(frozen=True)
class Vertex:
    """A vertex of the relaxation, shape (columns,), and the bound that its multipliers prove."""

    point: Floats
    bound: float


def vertex_of(program: Program, settings: Settings) -> Vertex | None:
    """An optimal vertex, by interior points and crossover; ``None`` if none was found or nothing is proven."""
    relaxed = replace(program, integrality=np.zeros(len(program.c), dtype=np.int32))
    ran = highs.solve(relaxed, _plain(settings), solver="ipm")
    bound = proven_bound(relaxed, ran.row_dual) if ran.termination is Termination.FINISHED else None
    return None if ran.values is None or bound is None else Vertex(ran.values, bound)


def near(program: Program, vertex: Vertex, settings: Settings) -> Iterator[Floats]:
    """Feasible points near the vertex, from ever larger cores; shape (columns,). Settings say when to stop."""
    from scipy.sparse import csr_array  # takes longer to load than a small solve

    began, chance = time.perf_counter(), np.random.default_rng(settings.seed)
    integer = program.integrality > 0
    point = np.where(integer, np.round(vertex.point), vertex.point)
    open_ = ~integer | (np.abs(vertex.point - point) > WHOLE)
    rows = csr_array((program.A.data, program.A.indices, program.A.indptr), shape=program.A.shape)
    columns = rows.tocsc()
    for size in CORES:
        core = open_.copy()
        core[chance.choice(len(core), min(size, len(core)), replace=False)] = True
        fixed, free = np.where(core, 0.0, point), np.flatnonzero(core)
        kept = rows @ fixed
        smaller = replace(
            program,
            c=program.c[free],
            offset=program.offset + float(program.c @ fixed),
            A=columns[:, free].tocsr(),
            row_lower=program.row_lower - kept,
            row_upper=program.row_upper - kept,
            column_lower=program.column_lower[free],
            column_upper=program.column_upper[free],
            integrality=program.integrality[free],
        )
        limit = settings.time_limit
        if limit is not None:
            limit = CORE_SHARE * max(0.0, limit - (time.perf_counter() - began))
        ran = highs.solve(smaller, replace(_plain(settings), time_limit=limit))
        if ran.values is not None:
            found = fixed.copy()
            found[free] = ran.values
            yield found


def _plain(settings: Settings) -> Settings:
    return replace(settings, engine_options=(), log="")
