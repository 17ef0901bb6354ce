"""What engines claim of models whose answers are known exactly: the evidence for what level L1 means.

Every generated model has whole coefficients, each row times a power of two, and few whole columns: enumeration in whole
numbers finds its best value, or that there is none, for the very numbers that the engine gets. Families differ in what
makes floats hard: big-M rows, rows scaled up and down, equations at the tolerance, nearly parallel rows. The
formulations of fairbound stand beside them, on the tiny hostile instances whose answers brute force knows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models import PROBLEMS
from fairbound.models.core.errors import TriviallyInfeasibleError, UnsupportedModelError
from fairbound.models.core.problem import Scope
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.result import Termination
from fairbound.solvers.engines import mps
from fairbound.solvers.engines.base import Program, Run
from fairbound.solvers.engines.batch import REFUSED, run_all
from fairbound.solvers.engines.standard_form import compile_model
from scipy import sparse as sp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SECONDS = 10.0
"""For each program."""
TOLERANCE = 1e-6
"""A value is another one if it differs by more than this share of it, or this much of a small one."""
BIG = tuple(10**k for k in range(3, 10))
MOST_POINTS = 10**6
WRONG = ("false optimum", "beaten bound", "falsely infeasible", "falsely feasible")
OUTCOMES = (*WRONG, "no answer", "not taken", "right")


@dataclass(frozen=True)
class Row:
    """low <= a x <= high in whole numbers, all times 2**shift; ``None`` for a side that is open."""

    terms: tuple[int, ...]
    low: int | None
    high: int | None
    shift: int = 0


@dataclass(frozen=True)
class Case:
    """A model with its truth.

    Attributes
    ----------
    family, parameter
        What makes it hard, and how much.
    cost, rows, upper
        Least cost over whole x from 0 to ``upper``; empty for a formulation of fairbound, which brings its program.
    best
        Its exact least cost (of a formulation: its best value); ``None`` where there is none.
    own
        The program of a formulation.
    """

    name: str
    family: str
    parameter: str
    cost: tuple[int, ...] = ()
    rows: tuple[Row, ...] = ()
    upper: tuple[int, ...] = ()
    best: Fraction | None = None
    own: Program | None = None

    def program(self) -> Program:
        """What engines get."""
        if self.own is not None:
            return self.own
        scale = np.array([2.0**row.shift for row in self.rows])
        matrix = np.array([row.terms for row in self.rows], dtype=float).reshape(len(self.rows), len(self.cost))
        low = np.array([-np.inf if row.low is None else float(row.low) for row in self.rows])
        high = np.array([np.inf if row.high is None else float(row.high) for row in self.rows])
        return Program(
            maximize=False,
            c=np.array(self.cost, dtype=float),
            offset=0.0,
            A=sp.csr_array(matrix * scale[:, None]),
            row_lower=low * scale,
            row_upper=high * scale,
            column_lower=np.zeros(len(self.cost)),
            column_upper=np.array(self.upper, dtype=float),
            integrality=np.ones(len(self.cost), dtype=np.int32),
        )


def settled(case: Case) -> Case:
    """The case with its best value, by enumeration of every point in whole numbers."""
    count = int(np.prod([up + 1 for up in case.upper]))
    assert count <= MOST_POINTS
    points = np.indices([up + 1 for up in case.upper]).reshape(len(case.upper), -1)
    keep = np.ones(points.shape[1], dtype=bool)
    for row in case.rows:
        body = np.array(row.terms, dtype=np.int64) @ points  # of numbers far below 2**63
        if row.low is not None:
            keep &= body >= row.low
        if row.high is not None:
            keep &= body <= row.high
    values: NDArray[Any] = np.array(case.cost, dtype=np.int64) @ points[:, keep]
    return replace(case, best=Fraction(int(values.min())) if values.size else None)


# Families -----------------------------------------------------------------------------------------------


def _numbers(draw: Random, count: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(draw.randint(low, high) for _ in range(count))


def _small(draw: Random) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """Columns, rows and costs of a well-scaled program that has a solution."""
    n = draw.randint(4, 7)
    upper = tuple(draw.choice((1, 1, 2, 3)) for _ in range(n))
    inside = [draw.randint(0, up) for up in upper]
    rows = []
    for _ in range(draw.randint(2, 4)):
        terms = _numbers(draw, n, -9, 9)
        body = sum(a * x for a, x in zip(terms, inside, strict=True))
        rows.append(Row(terms, body - draw.randint(0, 5), None))
    return _numbers(draw, n, -20, 20), rows, upper


def well_scaled(draw: Random, _: int) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """Coefficients up to 9."""
    return _small(draw)


def indicator(draw: Random, big: int) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """A sum of small columns forces a binary: a x <= M y."""
    k, n = 3, 4
    forced = [(*_numbers(draw, n, -3, 0), *(big if j == i else 0 for j in range(k))) for i in range(k)]
    rows = [Row(terms, draw.randint(-2, 0), None) for terms in forced]
    rows.append(Row((*_numbers(draw, n, -5, 9), *[0] * k), draw.randint(0, 15), None))
    rows.append(Row((*[0] * n, *_numbers(draw, k, 1, 5)), None, draw.randint(3, 9)))
    return (*_numbers(draw, n, -9, 9), *_numbers(draw, k, 0, 30)), rows, (*[3] * n, *[1] * k)


def disjunction(draw: Random, big: int) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """Jobs on one machine: of each two, one comes first, by two rows with M."""
    n, horizon = 3, 12
    long, pairs = _numbers(draw, n, 1, 4), [(i, j) for i in range(n) for j in range(i + 1, n)]
    rows = []
    for k, (i, j) in enumerate(pairs):
        order, choice = [0] * n, [0] * len(pairs)
        order[i], order[j], choice[k] = -1, 1, -big
        rows.append(Row((*order, *choice), long[i] - big, None))
        rows.append(Row((*(-a for a in order), *(-a for a in choice)), long[j], None))
    return (*_numbers(draw, n, 1, 9), *[0] * len(pairs)), rows, (*[horizon] * n, *[1] * len(pairs))


def facility(draw: Random, big: int) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """Each customer is served by one place, and a place that serves is open: sum x <= M y."""
    n, m = 3, 3
    rows = [Row((*(int(k // m == i) for k in range(n * m)), *[0] * m), 1, 1) for i in range(n)]
    served = [(*(-int(k % m == j) for k in range(n * m)), *(big if k == j else 0 for k in range(m))) for j in range(m)]
    rows += [Row(terms, 0, None) for terms in served]
    return (*_numbers(draw, n * m, 1, 20), *_numbers(draw, m, 1, 30)), rows, (1,) * (n * m + m)


def mixed(draw: Random, big: int) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """Coefficients near multiples of M beside small ones in one row."""
    cost, rows, upper = _small(draw)
    inside = [draw.randint(0, up) for up in upper]
    made = []
    for _ in rows:
        near = [draw.randint(-3, 3) * big + draw.randint(-9, 9) for _ in upper]
        terms = tuple(draw.choice((0, draw.randint(-9, 9), large)) for large in near)
        body = sum(a * x for a, x in zip(terms, inside, strict=True))
        made.append(Row(terms, body - draw.randint(0, 5), None))
    return cost, made, upper


def parallel(draw: Random, big: int) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """Two rows that are parallel but for a millionth part: coefficients M + a, from both sides."""
    n = draw.randint(4, 7)
    terms = tuple(big + a for a in _numbers(draw, n, -20, 20))
    inside = _numbers(draw, n, 0, 1)
    body, width = sum(a * x for a, x in zip(terms, inside, strict=True)), draw.randint(0, 10)
    other = tuple(a + draw.randint(-1, 1) for a in terms)
    second = sum(a * x for a, x in zip(other, inside, strict=True))
    rows = [Row(terms, body - width, None), Row(other, None, second + width)]
    return _numbers(draw, n, -20, 20), rows, (1,) * n


def scaled(draw: Random, power: int) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """A well-scaled program, one of its rows times about 10**power (a power of two, so that nothing is rounded)."""
    cost, rows, upper = _small(draw)
    k = draw.randrange(len(rows))
    rows[k] = replace(rows[k], shift=round(power * np.log2(10)))
    return cost, rows, upper


def at_tolerance(draw: Random, digits: int) -> tuple[tuple[int, ...], list[Row], tuple[int, ...]]:
    """An equation whose right-hand side is missed by about 10**-digits, or met; engines keep rows to 1e-6."""
    n = draw.randint(4, 6)
    upper = tuple(draw.choice((1, 2, 3)) for _ in range(n))
    terms, inside = _numbers(draw, n, 1, 9), [draw.randint(0, up) for up in upper]
    body, fine = sum(a * x for a, x in zip(terms, inside, strict=True)), round(digits * np.log2(10))
    right = body * 2**fine + draw.choice((0, 1))
    row = Row(tuple(a * 2**fine for a in terms), right, right, -fine)
    return _numbers(draw, n, -20, 20), [row], upper


FAMILIES: tuple[tuple[str, Callable[..., Any], tuple[int, ...], int], ...] = (
    ("well scaled", well_scaled, (1,), 60),
    ("big-M: indicators", indicator, BIG, 14),
    ("big-M: disjunctions", disjunction, BIG, 14),
    ("big-M: facilities", facility, BIG, 14),
    ("big-M: mixed rows", mixed, BIG, 14),
    ("nearly parallel rows", parallel, BIG, 14),
    ("one row scaled", scaled, (-8, -7, -6, -5, -4, 4, 6, 8), 12),
    ("equation at the tolerance", at_tolerance, (3, 5, 6, 7, 8, 9), 12),
)
"""Name, how it is drawn, its parameters, and cases of each."""
OWN = "formulations of fairbound"


def corpus(seed: int = 0, times: float = 1.0, own: bool = True) -> list[Case]:
    """The cases; one seed gives the same on every machine.

    Parameters
    ----------
    times
        So many times the usual number of cases.
    own
        With the formulations of fairbound on its tiny instances.
    """
    cases = []
    for family, make, parameters, count in FAMILIES:
        for parameter in parameters:
            for k in range(max(1, round(count * times))):
                draw = Random(f"{seed}/{family}/{parameter}/{k}")
                cost, rows, upper = make(draw, parameter)
                label = f"{make.__name__}_{parameter}_{k}"
                cases.append(settled(Case(label, family, _words(make, parameter), cost, tuple(rows), upper)))
    return [*cases, *(own_cases() if own else ())]


def _words(make: Callable[..., Any], parameter: int) -> str:
    if make is well_scaled:
        return ""
    if parameter in BIG:
        return f"M = 10^{len(str(parameter)) - 1}"
    return f"off by 10^-{parameter}" if make is at_tolerance else f"row times 10^{parameter}"


def own_cases() -> Iterator[Case]:
    """Every linear formulation with whole columns, on every tiny instance and objective that it states."""
    for name in PROBLEMS:
        problem, tiny = find_problem(name), import_module(f"fairbound.benchmarks.{name}.tiny").TINY
        for instance in tiny.instances:
            for objective in problem.objectives:
                best = None
                for formulation in problem.formulations:
                    if formulation.beyond or formulation.scope is not Scope.EXACT:
                        continue
                    if formulation.refuses(instance, objective.name) is not None:
                        continue
                    model = formulation.build(instance, objective.name)
                    try:
                        program = compile_model(model)
                    except (TriviallyInfeasibleError, UnsupportedModelError):
                        continue
                    if program.Q is not None or not program.integrality.any():
                        continue
                    best = tiny.best(instance, objective.name) if best is None else best
                    label = f"{name}_{formulation.name}_{instance.name}_{objective.name}".replace(" ", "_")
                    unit = Fraction(getattr(model, "objective_unit", 1))
                    truth = None if best is None else best / unit
                    bare = Program(**{field: getattr(program, field) for field in Program.__dataclass_fields__})
                    yield Case(label, OWN, name, best=truth, own=bare)


# Judgement ----------------------------------------------------------------------------------------------


def judge(case: Case, ran: Run) -> str:
    """What an engine's claim is worth: one of ``OUTCOMES``.

    A falsely feasible answer calls a point optimal where no point keeps the rows; engines keep rows to a tolerance.
    """
    if ran.message.startswith(REFUSED):
        return "not taken"
    if ran.termination is Termination.INFEASIBLE:
        return "right" if case.best is None else "falsely infeasible"
    if ran.termination is not Termination.FINISHED or ran.primal is None:
        return "no answer"
    if case.best is None:
        return "falsely feasible"
    best = float(case.best)
    allowed = TOLERANCE * max(1.0, abs(best))
    beyond = 0.0 if ran.dual is None else ran.dual - best
    maximize = case.own is not None and case.own.maximize
    if (-beyond if maximize else beyond) > allowed:
        return "beaten bound"
    return "right" if abs(ran.primal - best) <= allowed else "false optimum"


def smaller(case: Case) -> Iterator[Case]:
    """The case without one of its rows or columns, its truth found anew."""
    if case.own is not None:
        return
    for i in range(len(case.rows)):
        yield settled(replace(case, rows=case.rows[:i] + case.rows[i + 1 :]))
    for j in range(len(case.cost)):
        if len(case.cost) > 1:
            rows = tuple(replace(row, terms=row.terms[:j] + row.terms[j + 1 :]) for row in case.rows)
            cost, upper = (values[:j] + values[j + 1 :] for values in (case.cost, case.upper))
            yield settled(replace(case, cost=cost, upper=upper, rows=rows))


def minimal(
    wrong: Sequence[tuple[Case, Run]], ask: Callable[[Sequence[Program]], Sequence[Run]]
) -> list[tuple[Case, Run]]:
    """Each case without all rows and columns that may go while the engine stays wrong in the same way.

    Its answers come along, those to the smaller cases where there are such. A case of a formulation stays as it is.
    """
    known, outcomes = list(wrong), [judge(*pair) for pair in wrong]
    shrinking = set(range(len(known)))
    while shrinking:
        tried = [(k, one) for k in sorted(shrinking) for one in smaller(known[k][0])]
        runs = ask([one.program() for _, one in tried]) if tried else []
        shrunk: dict[int, tuple[Case, Run]] = {}
        for (k, one), ran in zip(tried, runs, strict=True):
            if k not in shrunk and judge(one, ran) == outcomes[k]:
                shrunk[k] = one, ran
        for k, pair in shrunk.items():
            known[k] = pair
        shrinking = set(shrunk)
    return known


@dataclass(frozen=True)
class Tally:
    """Outcomes of one engine on one family and parameter."""

    engine: str
    version: str
    family: str
    parameter: str
    counts: dict[str, int]

    @property
    def cases(self) -> int:
        """How many models were asked."""
        return sum(self.counts.values())

    @property
    def wrong(self) -> int:
        """How many claims were wrong."""
        return sum(self.counts[outcome] for outcome in WRONG)


def tallies(engine: str, version: str, cases: Sequence[Case], outcomes: Sequence[str]) -> list[Tally]:
    """Outcomes by family and parameter, in the order of the corpus."""
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for case, outcome in zip(cases, outcomes, strict=True):
        counts = counted.setdefault((case.family, case.parameter), dict.fromkeys(OUTCOMES, 0))
        counts[outcome] += 1
    return [Tally(engine, version, *key, counts) for key, counts in counted.items()]


@dataclass(frozen=True)
class Falsehood:
    """One wrong claim, as small as it could be made; ``file`` holds its program."""

    engine: str
    version: str
    family: str
    parameter: str
    outcome: str
    claimed: float | None
    bound: float | None
    truth: Fraction | None
    columns: int
    rows: int
    file: str


def examine(
    engine: str,
    cases: Sequence[Case],
    out: Path,
    seconds: float = SECONDS,
    python: str | None = None,
    on_done: Callable[[int], None] = lambda _: None,
) -> tuple[list[Tally], list[Falsehood]]:
    """Ask one engine all cases; write each wrong claim as a small MPS file below ``out/false``."""

    def ask(programs: Sequence[Program]) -> list[Run]:
        return run_all(engine, programs, seconds, python)

    runs = run_all(engine, [case.program() for case in cases], seconds, python, on_done)
    outcomes = [judge(case, ran) for case, ran in zip(cases, runs, strict=True)]
    version = next((ran.version for ran in runs if ran.version), "")
    wrong = [(case, ran) for case, ran, outcome in zip(cases, runs, outcomes, strict=True) if outcome in WRONG]
    told = []
    for case, ran in minimal(wrong, ask):
        program, outcome = case.program(), judge(case, ran)
        name = f"{engine}_{version}_{case.name}.mps".replace("/", "_")
        truth = "no point keeps the rows" if case.best is None else f"the best value is {case.best}"
        claim = f"claimed by {engine} {version}: {ran.termination.value}, value {ran.primal}, bound {ran.dual}"
        (out / "false").mkdir(parents=True, exist_ok=True)
        mps.write(program, out / "false" / name, comments=(f"{outcome}: {truth}", claim))
        size = program.size
        told.append(
            Falsehood(
                engine,
                version,
                case.family,
                case.parameter,
                outcome,
                ran.primal,
                ran.dual,
                case.best,
                size.columns,
                size.rows,
                f"false/{name}",
            )
        )
    return tallies(engine, version, cases, outcomes), told


def tally_rows(found: Sequence[Tally]) -> list[dict[str, str]]:
    """Tallies as a table: a row for each engine, family and parameter."""
    return [
        {"engine": one.engine, "version": one.version, "family": one.family, "parameter": one.parameter}
        | {"cases": str(one.cases), "wrong": str(one.wrong)}
        | {outcome: str(count) for outcome, count in one.counts.items()}
        for one in found
    ]


def summary_rows(tallied: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Wrong claims of all cases taken, from ``tally_rows``: a row for each family, a column for each engine."""
    rows = []
    for family in dict.fromkeys(row["family"] for row in tallied):
        cells = {"family": family}
        for engine, version in dict.fromkeys((row["engine"], row["version"]) for row in tallied):
            mine = [r for r in tallied if (r["engine"], r["version"], r["family"]) == (engine, version, family)]
            taken = sum(int(row["cases"]) - int(row["not taken"]) for row in mine)
            cells[f"{engine} {version}"] = f"{sum(int(row['wrong']) for row in mine)} of {taken}" if taken else "-"
        rows.append(cells)
    return rows


def falsehood_rows(told: Sequence[Falsehood]) -> list[dict[str, str]]:
    """Wrong claims as a table; ``truth`` is exact, empty where there is no solution."""
    return [{field: "" if value is None else str(value) for field, value in vars(one).items()} for one in told]
