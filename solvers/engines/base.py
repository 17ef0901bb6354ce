"""What an engine is: a mixed-integer program in arrays in, what the engine claims out.

Nothing here is believed further up: values are rounded and scored exactly, bounds are claims. An engine is one file of
this folder with ``ENGINES``, and one word in ``registry.MODULES``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.errors import InputError
from fairbound.solvers.core.result import ModelSize, Progress, Settings, Termination
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fairbound.solvers.engines.matrix import RowMatrix

Floats = NDArray[np.float64]


class EngineRefused(InputError):
    """An engine does not take a model, an option or this machine; the text says who refuses and why."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """Minimise or maximise c x + offset (+ 1/2 x Q x) over row_lower <= A x <= row_upper, some x whole.

    Attributes
    ----------
    A
        Matrix by rows, shape (rows, columns).
    integrality
        1 for integer columns, 0 for continuous ones.
    Q
        Lower triangle of the Hessian, its columns as the rows of the matrix, or ``None``.
    """

    maximize: bool
    c: Floats
    offset: float
    A: RowMatrix
    row_lower: Floats
    row_upper: Floats
    column_lower: Floats
    column_upper: Floats
    integrality: NDArray[np.int32]
    Q: RowMatrix | None = None

    @property
    def size(self) -> ModelSize:
        """Rows, columns, nonzeros, integers and how far coefficients lie apart."""
        row, matrix = coefficient_ranges(self.A)
        rows, columns = self.A.shape
        return ModelSize(columns, rows, int(self.A.nnz), int(self.integrality.sum()), row, matrix)

    def value(self, x: Floats) -> float:
        """The linear objective of a point of shape (columns,), in floats."""
        return float(self.c @ x) + self.offset


def coefficient_ranges(matrix: RowMatrix) -> tuple[float, float]:
    """Largest over smallest absolute nonzero coefficient: of the row where that is most, and of all rows."""
    filled = np.diff(matrix.indptr) > 0
    if not filled.any():
        return 1.0, 1.0
    values, starts = np.abs(matrix.data), matrix.indptr[:-1][filled]
    largest = np.maximum.reduceat(values, starts)
    smallest = np.minimum.reduceat(np.where(values > 0, values, np.inf), starts)
    return float(np.max(largest / smallest, initial=1.0)), float(max(1.0, largest.max() / smallest.min()))


@dataclass(frozen=True)
class Asked:
    """How an engine is to run.

    Attributes
    ----------
    settings
        Time limit, gap, threads, seed, the engine's own options as pairs of text, and the file for its log.
    start
        A point to begin from, by column, or ``None``.
    tell
        Hears ``tell(primal, dual, nodes, x)`` while the engine runs; each may be ``None``, ``x`` is a better point.
    """

    settings: Settings
    start: Floats | None = None
    tell: Callable[[float | None, float | None, int, Floats | None], None] = lambda *_: None

    def log(self) -> bool:
        """Whether the engine is to print what it does."""
        return bool(self.settings.log)


@dataclass(frozen=True)
class Run:
    """What an engine claims of a program, in the units of its objective.

    Attributes
    ----------
    values
        The best point by column, or ``None``.
    dual
        Bound on every point; ``None`` where the engine gives none.
    version
        Of the engine, as it names itself.
    row_dual
        Multipliers of the rows of a solved linear program, where the engine has them.
    """

    termination: Termination
    values: Floats | None = None
    primal: float | None = None
    dual: float | None = None
    nodes: int = 0
    message: str = ""
    version: str = ""
    trace: tuple[Progress, ...] = ()
    row_dual: Floats | None = None


@dataclass(frozen=True)
class ModelRun:
    """What an engine made of a nonlinear Pyomo model; values are in its variables if ``has_solution``."""

    termination: Termination
    has_solution: bool
    dual: float | None = None
    nodes: int = 0
    message: str = ""
    version: str = ""


def _takes_linear(program: Program) -> str | None:
    return None if program.Q is None else "the objective is quadratic, and this engine is given linear ones alone"


@dataclass(frozen=True)
class Engine:
    """An engine.

    Attributes
    ----------
    library, install
        The Python module that it needs, and how that is installed.
    run
        ``run(program, asked)``; raises ``EngineRefused`` for a model or an option that the engine does not take.
    refuses
        Why a program cannot be given to it, or ``None``.
    options
        Names and values that a setting stands for, for the record.
    own_process
        Whether it runs in a process of its own: libraries clash, and a crash must end nothing else.
    nonlinear
        ``nonlinear(model, settings)`` for Pyomo models that are no linear program, or ``None``.
    local
        Whether its answers are local ones, without a bound.
    seeded
        Whether it takes a seed.
    """

    name: str
    summary: str
    library: str
    install: str
    run: Callable[[Program, Asked], Run]
    refuses: Callable[[Program], str | None] = _takes_linear
    options: Callable[[Settings], Mapping[str, Any]] = lambda settings: dict(settings.engine_options)
    own_process: bool = True
    nonlinear: Callable[[Any, Settings], ModelRun] | None = None
    local: bool = False
    seeded: bool = True

    def missing(self) -> str | None:
        """Why it cannot run on this machine, or ``None``."""
        if find_spec(self.library) is not None:
            return None
        return f"engine {self.name} is not installed ({self.install})"

    def version(self) -> str:
        """Version of the Python package that carries it; the engine's own name for itself comes with each run."""
        return metadata.version(self.library)


READING_START, READING_SHARE = 0.1, 0.05
"""Incumbents are read for at most so many seconds, plus this share of the run."""


class Reader:
    """Makes solutions of a problem from better points, in a twentieth of the time; what is skipped is made later.

    Attributes
    ----------
    better
        Returns the newest point that was not read yet; ``None`` without one.
    """

    def __init__(self, incumbent: Callable[[Floats], Any] | None) -> None:
        self.incumbent = incumbent
        self.better: Callable[[], Floats] | None = None
        self.seconds = 0.0

    def carry(self, moment: Progress) -> Progress:
        """The moment with the newest solution, if there is one and time for it."""
        late = self.seconds > READING_START + READING_SHARE * moment.seconds
        if self.incumbent is None or self.better is None or late:
            return moment
        started = time.perf_counter()
        solution, self.better = self.incumbent(self.better()), None
        self.seconds += time.perf_counter() - started
        return replace(moment, solution=solution)


def set_options(
    engine: str,
    given: Mapping[str, Any],
    settings: Settings,
    put: Callable[[str, Any], object],
    errors: tuple[type[BaseException], ...],
) -> None:
    """Give an engine what the settings stand for, then its own options; raises ``EngineRefused`` for one it refuses."""
    own = {name: typed(text) for name, text in settings.engine_options}
    for name, value in {**given, **own}.items():
        try:
            put(name, value)
        except errors as error:
            raise EngineRefused(f"{engine} does not take option {name} ({error})", found=value) from None


def made(
    program: Program, termination: Termination, x: Floats | None, bound: float | None, infinite: float, **more: Any
) -> Run:
    """What an engine found of the file of a program: its least cost without the offset is turned back.

    ``x`` has shape (columns,).
    """
    dual = None
    if bound is not None and np.isfinite(bound) and abs(bound) < infinite:
        dual = (-bound if program.maximize else bound) + program.offset
    return Run(termination, x, None if x is None else program.value(x), dual, **more)


def typed(text: str) -> bool | int | float | str:
    """An option's text as the value that it looks like."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
