"""CP-SAT: whole numbers and clauses, no linear program to lean on. An optional extra, never beside HiGHS."""

from __future__ import annotations

from fractions import Fraction
from importlib import metadata
from math import lcm
from typing import Any

import numpy as np
from fairbound.solvers.core.result import Termination
from fairbound.solvers.engines.base import Asked, Engine, Floats, Program, Run, set_options

LARGEST_SUM = 2**62
"""No row may be able to reach more."""


def whole_rows(program: Program) -> list[tuple[list[tuple[int, int]], int | None, int | None]]:
    """Every row in whole numbers: (column, coefficient) pairs, least and largest value; the cost comes last.

    Floats are exact rationals, so each row has a factor that makes it whole.
    """
    found = []
    A = program.A
    for i in range(A.shape[0]):
        part = slice(A.indptr[i], A.indptr[i + 1])
        low, high = program.row_lower[i], program.row_upper[i]
        ends = [Fraction(float(end)) for end in (low, high) if np.isfinite(end)]
        terms = [(int(j), Fraction(float(a))) for j, a in zip(A.indices[part], A.data[part], strict=True) if a]
        scale = lcm(*(a.denominator for _, a in terms), *(end.denominator for end in ends))
        found.append(
            (
                [(j, int(a * scale)) for j, a in terms],
                int(Fraction(float(low)) * scale) if np.isfinite(low) else None,
                int(Fraction(float(high)) * scale) if np.isfinite(high) else None,
            )
        )
    return found


def _cost(program: Program) -> tuple[list[tuple[int, int]], int]:
    """The cost in whole numbers, and the factor that made it so."""
    terms = [(j, Fraction(float(c))) for j, c in enumerate(program.c.tolist()) if c]
    scale = lcm(*(c.denominator for _, c in terms))
    return [(j, int(c * scale)) for j, c in terms], scale


def refuses(program: Program) -> str | None:
    """Refuse columns that are not whole or have no bounds, and sums beyond 62 bits."""
    if program.Q is not None or not program.integrality.all():
        return "some columns need not be whole; this engine takes whole numbers alone"
    if not (np.isfinite(program.column_lower).all() and np.isfinite(program.column_upper).all()):
        return "some columns have no bounds; this engine wants both for each"
    ends = np.maximum(np.abs(program.column_lower), np.abs(program.column_upper)).tolist()
    for terms in [*(row for row, _, _ in whole_rows(program)), _cost(program)[0]]:
        if sum(abs(a) * int(ends[j]) for j, a in terms) > LARGEST_SUM:
            return "the numbers of a row are beyond 62 bits; this engine would overflow"
    return None


def run(program: Program, asked: Asked) -> Run:
    """CP-SAT on the exact rows; one worker for one thread, so that runs repeat."""
    from ortools.sat.python import cp_model

    settings, model = asked.settings, cp_model.CpModel()
    bounds = zip(program.column_lower.tolist(), program.column_upper.tolist(), strict=True)
    columns = [
        model.new_int_var(int(np.ceil(low)), int(np.floor(high)), f"x{j}") for j, (low, high) in enumerate(bounds)
    ]
    for terms, low, high in whole_rows(program):
        body = sum(a * columns[j] for j, a in terms)
        if low is not None and low == high:
            model.add(body == low)
            continue
        if low is not None:
            model.add(body >= low)
        if high is not None:
            model.add(body <= high)
    terms, scale = _cost(program)
    goal = sum(a * columns[j] for j, a in terms)
    (model.maximize if program.maximize else model.minimize)(goal)
    if asked.start is not None:
        for column, value in zip(columns, np.rint(asked.start).astype(int).tolist(), strict=True):
            model.add_hint(column, value)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = settings.threads
    solver.parameters.random_seed = settings.seed
    solver.parameters.relative_gap_limit = settings.gap
    solver.parameters.absolute_gap_limit = 0.0
    solver.parameters.log_search_progress = asked.log()
    if settings.time_limit is not None:
        solver.parameters.max_time_in_seconds = settings.time_limit

    def put(name: str, value: Any) -> None:
        setattr(solver.parameters, name, value)

    set_options("CP-SAT", {}, settings, put, (AttributeError, TypeError, ValueError))

    class Teller(cp_model.CpSolverSolutionCallback):  # type: ignore[misc,unused-ignore]
        def on_solution_callback(self) -> None:
            x: Floats = np.array([float(self.value(column)) for column in columns])
            asked.tell(program.value(x), self.best_objective_bound / scale + program.offset, 0, x)

    status: Any = solver.solve(model, Teller())
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    x = np.array([float(solver.value(column)) for column in columns]) if found else None
    late = settings.time_limit is not None and solver.wall_time >= 0.9 * settings.time_limit
    ends = {
        cp_model.OPTIMAL: Termination.FINISHED,
        cp_model.INFEASIBLE: Termination.INFEASIBLE,
        cp_model.FEASIBLE: Termination.TIME_LIMIT if late else Termination.GAP_LIMIT,
        cp_model.UNKNOWN: Termination.TIME_LIMIT,
    }
    return Run(
        ends.get(status, Termination.ENGINE_ERROR),
        values=x,
        primal=None if x is None else program.value(x),
        dual=solver.best_objective_bound / scale + program.offset if found else None,
        nodes=int(solver.num_branches),
        message="" if status in ends else f"CP-SAT ended with {solver.status_name(status)}",
        version=metadata.version("ortools"),
    )


ENGINES = (
    Engine(
        "cpsat",
        "CP-SAT: clauses and exact whole numbers; no continuous columns",
        "ortools",
        "pip install fairbound[cpsat]",
        run,
        refuses,
    ),
)
