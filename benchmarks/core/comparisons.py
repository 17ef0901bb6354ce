"""Methods beside one another over the questions of a run: exact ones, engines, refusals, heuristics."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import permutations
from statistics import median
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.measures import (
    gap_to_dual,
    par10,
    primal_dual_integral,
    root_gap,
    shifted_geometric_mean,
)
from fairbound.benchmarks.core.work import REFUSED
from fairbound.solvers.core.formulations import split_name
from fairbound.solvers.core.isolation import Outcome
from fairbound.solvers.core.method import Kind
from fairbound.solvers.core.result import relative_gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fairbound.benchmarks.core.questions import Question
    from fairbound.benchmarks.core.row import Row

SHIFTS = (10.0, 1.0)
"""Shifts of the geometric means, in seconds."""
UNKNOWN = "unknown"
"""The engine of a method of which no solve lived long enough to name it."""


def _median(values: Iterable[float | int | None]) -> float | None:
    present = [value for value in values if value is not None]
    return float(median(present)) if present else None


@dataclass(frozen=True)
class Cell:
    """One exact method on one question; figures are medians over seeds and repetitions.

    Attributes
    ----------
    seconds
        Wall seconds of the method, build and compile included; ``None`` unless every run closed the question.
    spent
        The same whether it closed the question or not.
    root_gap
        Distance of the LP relaxation's optimum to the best value known.
    integral
        Primal-dual integral, in seconds.
    """

    question: Question
    method: str
    kind: str
    engine: str
    runs: int
    solved: int
    status: str
    columns: float | None
    rows: float | None
    nonzeros: float | None
    integers: float | None
    relaxation: float | None
    root_gap: float | None
    nodes: float | None
    seconds: float | None
    spent: float | None
    cpu_seconds: float | None
    memory_mb: float | None
    gap: float | None
    integral: float | None
    limit: float
    message: str
    engine_name: str


def compare_exact(asked: Sequence[Question]) -> list[Cell]:
    """Every formulation and algorithm on every question."""
    cells = []
    for question in asked:
        methods: dict[str, list[Row]] = {}
        for row in question.rows:
            if row.kind != Kind.BASELINE:
                methods.setdefault(row.method, []).append(row)
        cells += [_cell(question, method, rows) for method, rows in methods.items()]
    return cells


def _cell(question: Question, method: str, rows: Sequence[Row]) -> Cell:
    runs = [row for row in rows if not row.relaxed]
    bounds = [row.relaxation for row in rows if row.relaxed and row.relaxation is not None]
    relaxation = bounds[0] if bounds else None
    answered = [row for row in runs if row.outcome == Outcome.OK and row.status != REFUSED]
    solved = [row for row in answered if row.solved]
    statuses = list(dict.fromkeys(row.status if row.outcome == Outcome.OK else row.outcome for row in runs))
    engines = dict.fromkeys(f"{row.engine} {row.engine_version}".strip() for row in answered)
    integrals = [
        primal_dual_integral(row.moments, row.total_seconds)
        for row in answered
        if row.moments and row.total_seconds is not None
    ]
    return Cell(
        question=question,
        method=method,
        kind=rows[0].kind,
        engine=", ".join(engine for engine in engines if engine),
        runs=len(runs),
        solved=len(solved),
        status=", ".join(statuses),
        columns=_median(row.model_columns for row in answered),
        rows=_median(row.model_rows for row in answered),
        nonzeros=_median(row.model_nonzeros for row in answered),
        integers=_median(row.model_integers for row in answered),
        relaxation=relaxation,
        root_gap=root_gap(relaxation, question.primal),
        nodes=_median(row.nodes for row in answered),
        seconds=_median(row.total_seconds for row in solved) if runs and len(solved) == len(runs) else None,
        spent=_median(row.total_seconds for row in answered),
        cpu_seconds=_median(row.cpu_seconds for row in answered),
        memory_mb=_median(row.memory_mb for row in answered),
        gap=_median(relative_gap(row.primal, row.dual) for row in answered),
        integral=_median(integrals),
        limit=max((row.time_limit for row in runs), default=0.0),
        message=next((row.message for row in runs if row.message), ""),
        engine_name=next((row.engine for row in answered if row.engine), ""),
    )


@dataclass(frozen=True)
class Standing:
    """One exact method over all questions of an objective.

    Attributes
    ----------
    asked, solved, refused
        Questions put to it, closed by it, and refused by it. A refused question counts as not solved.
    mean_10, mean_1
        Shifted geometric means of seconds (shift 10 s, 1 s); not solved counts as the time limit.
    par10
        Mean seconds; not solved counts ten times the limit.
    fastest
        Questions on which it was the fastest of all.
    median_root_gap
        Over the questions whose LP relaxation was solved.
    """

    objective: str
    method: str
    asked: int
    solved: int
    refused: int
    fastest: int
    mean_10: float
    mean_1: float
    par10: float
    median_root_gap: float | None


def standings(cells: Sequence[Cell]) -> list[Standing]:
    """Exact methods by objective, in the order of their shifted geometric means, fastest first."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    best: dict[str, float] = {}
    for cell in cells:
        if cell.runs:
            groups.setdefault((cell.question.objective, cell.method), []).append(cell)
            if cell.seconds is not None:
                key = cell.question.key
                best[key] = min(cell.seconds, best.get(key, cell.seconds))
    found = []
    for (objective, method), group in groups.items():
        limit = max(cell.limit for cell in group)
        times = _times(group)
        mean_10, mean_1 = (shifted_geometric_mean(times, shift) for shift in SHIFTS)
        found.append(
            Standing(
                objective=objective,
                method=method,
                asked=len(group),
                solved=sum(cell.seconds is not None for cell in group),
                refused=sum(cell.status == REFUSED for cell in group),
                fastest=sum(cell.seconds is not None and cell.seconds <= best[cell.question.key] for cell in group),
                mean_10=mean_10,
                mean_1=mean_1,
                par10=par10([cell.seconds for cell in group], limit),
                median_root_gap=_median(cell.root_gap for cell in group),
            )
        )
    objectives = list(dict.fromkeys(objective for objective, _ in groups))
    return sorted(found, key=lambda standing: (objectives.index(standing.objective), standing.mean_1))


def _times(cells: Iterable[Cell]) -> list[float]:
    """Seconds of each question, the limit where it was not closed."""
    return [cell.limit if cell.seconds is None else min(cell.seconds, cell.limit) for cell in cells]


@dataclass(frozen=True)
class Tally:
    """A formulation on an engine, over the questions of an objective.

    Attributes
    ----------
    seconds
        Shifted geometric mean (1 s); not closed counts as the time limit, and so does refused.
    """

    closed: int
    asked: int
    refused: int
    seconds: float


@dataclass(frozen=True)
class Crossing:
    """A formulation on every engine that was asked.

    Attributes
    ----------
    equal, near
        Questions on which all engines that closed one, two at least, have the same exact value, or values apart
        that contradict no bound.
    contradicted
        Questions on which the plan of one engine is better than the bound of another, or exists where another says
        that none does.
    """

    objective: str
    formulation: str
    tallies: dict[str, Tally]
    equal: int
    near: int
    contradicted: tuple[str, ...]


def crossings(asked: Sequence[Question]) -> list[Crossing]:
    """Formulations by engine; empty where fewer than two engines were asked."""
    groups: dict[tuple[str, str], dict[str, list[Cell]]] = {}
    cells = [cell for cell in compare_exact(asked) if cell.kind == Kind.FORMULATION and cell.runs]
    # What died or was refused names no engine: it is that of the method's other solves, or the usual one.
    named = {cell.method: cell.engine_name for cell in cells if cell.engine_name}
    usual = Counter(engine for method, engine in named.items() if not split_name(method)[1]).most_common(1)
    for cell in cells:
        formulation, engine = split_name(cell.method)
        engine = engine or named.get(cell.method) or (usual[0][0] if usual else UNKNOWN)
        engines = groups.setdefault((cell.question.objective, formulation), {})
        engines.setdefault(engine, []).append(cell)
    if len({engine for engines in groups.values() for engine in engines if engine != UNKNOWN}) < 2:
        return []
    return [_crossing(objective, formulation, engines) for (objective, formulation), engines in groups.items()]


def _crossing(objective: str, formulation: str, engines: dict[str, list[Cell]]) -> Crossing:
    tallies = {
        engine: Tally(
            closed=sum(cell.seconds is not None for cell in cells),
            asked=len(cells),
            refused=sum(cell.status == REFUSED for cell in cells),
            seconds=shifted_geometric_mean(_times(cells), SHIFTS[1]),
        )
        for engine, cells in engines.items()
    }
    said: dict[str, tuple[Question, dict[str, list[Row]]]] = {}
    for engine, cells in engines.items():
        for cell in cells:
            rows = [row for row in cell.question.solves if row.method == cell.method and row.outcome == Outcome.OK]
            said.setdefault(cell.question.key, (cell.question, {}))[1].setdefault(engine, []).extend(rows)
    equal = near = 0
    contradicted = []
    for question, answers in said.values():
        if any(_contradict(question, one, other) for one, other in permutations(answers.values(), 2)):
            contradicted.append(question.title)
            continue
        closed = [rows for rows in answers.values() if rows and all(row.solved for row in rows)]
        if len(closed) > 1:
            same = len({row.primal for rows in closed for row in rows}) == 1
            equal, near = equal + same, near + (not same)
    return Crossing(objective, formulation, tallies, equal, near, tuple(contradicted))


def _contradict(question: Question, one: Sequence[Row], other: Sequence[Row]) -> bool:
    """Whether a plan of one engine is better than the other says that any plan can be."""
    return any(
        row.primal is not None
        and (
            bound.status == "infeasible" or (bound.dual is not None and question.sense.improves(row.primal, bound.dual))
        )
        for row in one
        for bound in other
    )


@dataclass(frozen=True)
class Refusal:
    """Why a method does not state questions: those refused for the same reason, whatever its numbers are."""

    objective: str
    method: str
    reason: str
    titles: tuple[str, ...]


def refusals(cells: Iterable[Cell]) -> list[Refusal]:
    """The questions refused, by method and reason."""
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        if cell.status == REFUSED:
            alike = re.sub(r"\d[\d,.]*", "#", cell.message)
            groups.setdefault((cell.question.objective, cell.method, alike), []).append(cell)
    return [
        Refusal(
            objective,
            method,
            own[0].message if len({cell.message for cell in own}) == 1 else f"{own[0].message} (and alike)",
            tuple(cell.question.title for cell in own),
        )
        for (objective, method, _), own in groups.items()
    ]


@dataclass(frozen=True)
class HeuristicGap:
    """One baseline on one question: its value beside the best dual bound."""

    question: Question
    method: str
    row: Row
    gap: float | None


def heuristic_gaps(asked: Sequence[Question]) -> list[HeuristicGap]:
    """Every baseline on every question: the worst of its seeds, so that no lucky draw is reported."""
    found = []
    for question in asked:
        methods: dict[str, list[Row]] = {}
        for row in question.solves:
            if row.kind == Kind.BASELINE:
                methods.setdefault(row.method, []).append(row)
        for method, rows in methods.items():
            worst = rows[0]
            for row in rows[1:]:
                if row.primal is None or (
                    worst.primal is not None and question.sense.improves(worst.primal, row.primal)
                ):
                    worst = row
            found.append(HeuristicGap(question, method, worst, gap_to_dual(worst.primal, question.dual)))
    return found
