"""An engine in a process of its own: the program in a file, progress in lines, the answer in a file.

Libraries of engines clash in one process, crash it, or hold it so that nobody can stop it. ``python -m
fairbound.solvers.engines.process ENGINE FOLDER`` is that process; ``run`` starts it, hears it and ends it. What it told
last is kept whatever becomes of it.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.result import Progress, Settings, Termination
from fairbound.solvers.engines.base import Asked, EngineRefused, Floats, Program, Run
from fairbound.solvers.engines.matrix import RowMatrix

GRACE, GRACE_SHARE = 5.0, 0.1
"""An engine that does not heed its limit is ended so many seconds, and this share of the limit, after it."""
POINT, ANSWER, MODEL = "point.npy", "answer.npz", "model.npz"

OnPoint = Callable[[Progress, Callable[[], Floats] | None], None]


def run(
    engine: str,
    program: Program,
    settings: Settings,
    start: Floats | None = None,
    on_progress: OnPoint = lambda *_: None,
) -> Run:
    """Give a program to an engine and wait for it.

    Parameters
    ----------
    on_progress
        Hears each moment, in the units of the program, and what reads the better point that came with it, if any.

    Raises
    ------
    EngineRefused
        If the engine does not take the program or an option.
    """
    with tempfile.TemporaryDirectory(prefix="fairbound-engine-") as name:
        folder = Path(name)
        save(program, folder / MODEL, start)
        words = Path(settings.log) if settings.log else folder / "words"
        with words.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, engine, str(folder), json.dumps(asdict(settings))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        with process:
            return _heard(process, engine, program, folder, settings, on_progress, words)


def _heard(
    process: subprocess.Popen[str],
    engine: str,
    program: Program,
    folder: Path,
    settings: Settings,
    on_progress: OnPoint,
    words: Path,
) -> Run:
    """What the process says, until it ends or is ended."""
    assert process.stdout is not None
    trace: list[Progress] = []
    last: dict[str, Any] = {}
    began, late = time.perf_counter(), threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    limit = settings.time_limit
    timer = None if limit is None else threading.Timer(limit * (1 + GRACE_SHARE) + GRACE, end)
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        with interruptible(process.kill) as stop:
            for line in process.stdout:
                if not line.endswith("\n"):  # it was ended in the middle of a word
                    break
                said = json.loads(line)
                if "nodes" not in said:
                    last = said
                    continue
                moment = Progress(time.perf_counter() - began, said["primal"], said["dual"], said["nodes"])
                trace.append(moment)
                on_progress(moment, (lambda: _point(folder)) if said["point"] else None)
            process.wait()
    finally:
        if timer is not None:
            timer.cancel()
        process.kill()
    if "refused" in last:
        raise EngineRefused(last["refused"])
    if last:
        with np.load(folder / ANSWER) as answer:
            found = {name: answer[name] for name in answer.files}
        return replace(claimed(last["run"]), **found, trace=tuple(trace))
    ended, message = Termination.ENGINE_ERROR, f"engine {engine} {how_it_ended(process, words)}"
    if stop.is_set():
        ended, message = Termination.INTERRUPTED, ""
    elif late.is_set():
        ended, message = Termination.TIME_LIMIT, f"engine {engine} did not heed its limit of {limit:g} s and was ended"
    x = _point(folder) if (folder / POINT).exists() else None
    dual = next((moment.dual for moment in reversed(trace) if moment.dual is not None), None)
    nodes = trace[-1].nodes if trace else 0
    return Run(ended, x, None if x is None else program.value(x), dual, nodes, message, trace=tuple(trace))


def _point(folder: Path) -> Floats:
    """The last better point that the engine told."""
    found: Floats = np.load(folder / POINT)
    return found


def how_it_ended(process: subprocess.Popen[str], words: Path) -> str:
    """The code with which a process ended, and the last line that it or the engine printed."""
    last = (words.read_text(errors="replace").strip() or "no word").splitlines()[-1].strip()
    return f"ended with code {process.returncode}: {last}"


def save(program: Program, path: Path, start: Floats | None) -> None:
    """A program, and a point of shape (columns,) to begin from, in one file."""
    parts: dict[str, Any] = {
        "maximize": program.maximize,
        "offset": program.offset,
        "data": program.A.data,
        "indices": program.A.indices,
        "indptr": program.A.indptr,
        "shape": program.A.shape,
        **{name: getattr(program, name) for name in VECTORS},
    }
    if start is not None:
        parts["start"] = start
    np.savez(path, **parts)


VECTORS = ("c", "row_lower", "row_upper", "column_lower", "column_upper", "integrality")


def load(path: Path) -> tuple[Program, Floats | None]:
    """The program and the point, shape (columns,), of a file: the inverse of ``save``."""
    with np.load(path) as parts:
        rows, columns = parts["shape"].tolist()
        program = Program(
            maximize=bool(parts["maximize"]),
            offset=float(parts["offset"]),
            A=RowMatrix(parts["data"], parts["indices"], parts["indptr"], (rows, columns)),
            **{name: parts[name] for name in VECTORS},
        )
        return program, parts["start"] if "start" in parts.files else None


def _finite(value: float | None) -> float | None:
    """The value as JSON has it."""
    return None if value is None or not isfinite(value) else float(value)


def claims(ran: Run) -> dict[str, Any]:
    """What an engine claims, without points, as JSON types."""
    return {
        "termination": ran.termination.value,
        "primal": _finite(ran.primal),
        "dual": _finite(ran.dual),
        "nodes": ran.nodes,
        "message": ran.message,
        "version": ran.version,
    }


def claimed(said: dict[str, Any]) -> Run:
    """The inverse of ``claims``."""
    return Run(**{**said, "termination": Termination(said["termination"])})


def begin() -> TextIO:
    """Make this the process of an engine: it ends with its parent, and what the engine prints goes to standard error.

    Returns
    -------
    TextIO
        Where the process says its lines.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nobody is left to hear it then
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return lines


def main(name: str, folder: Path, settings: Settings) -> None:
    """The process; what the engine prints goes to the log where there is one."""
    from fairbound.solvers.engines.registry import find_engine

    lines = begin()
    program, start = load(folder / MODEL)

    def tell(primal: float | None, dual: float | None, nodes: int, x: Floats | None) -> None:
        if x is not None:
            made = folder / f"new-{POINT}"
            np.save(made, x)
            made.replace(folder / POINT)  # a reader sees the old point or the whole new one
        said = {"primal": _finite(primal), "dual": _finite(dual), "nodes": nodes, "point": x is not None}
        lines.write(json.dumps(said) + "\n")

    try:
        found = find_engine(name).run(program, Asked(settings, start, tell))
    except EngineRefused as refused:
        lines.write(json.dumps({"refused": str(refused)}) + "\n")
        return
    points = {"values": found.values, "row_dual": found.row_dual}
    kept: dict[str, Any] = {key: value for key, value in points.items() if value is not None}
    np.savez(folder / ANSWER, **kept)
    lines.write(json.dumps({"run": claims(found)}) + "\n")


def _settings(text: str) -> Settings:
    given = json.loads(text)
    pairs = tuple((name, value) for name, value in given["engine_options"])
    return Settings(**{**given, "engine_options": pairs, "witness": ()})


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), _settings(sys.argv[3]))
    sys.stdout.flush()
    os._exit(0)  # some libraries crash while they are unloaded
