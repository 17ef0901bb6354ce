"""Many programs on one engine, one after the other in one process; one that crashes it costs its own answer alone.

``python -m fairbound.solvers.engines.batch ENGINE FOLDER SECONDS FIRST COUNT`` is that process, and may be another
interpreter with another version of the engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.engines.base import Asked, EngineRefused, Program, Run
from fairbound.solvers.engines.process import begin, claimed, claims, how_it_ended, load, save
from fairbound.solvers.engines.registry import find_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REFUSED = "refused: "
GRACE = 10.0
"""Seconds beyond the limit of a program until it counts as hanging."""


def run_all(
    engine: str,
    programs: Sequence[Program],
    seconds: float,
    python: str | None = None,
    on_done: Callable[[int], None] = lambda _: None,
) -> list[Run]:
    """What an engine claims of each program; ``python`` is another interpreter."""
    found: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="fairbound-batch-") as name:
        folder = Path(name)
        for i, program in enumerate(programs):
            save(program, folder / f"{i}.npz", None)
        while len(found) < len(programs):
            before = len(found)
            why = _from(engine, folder, before, len(programs), seconds, python, found, on_done)
            if len(found) < len(programs):
                found.append(Run(Termination.ENGINE_ERROR, message=why))
                on_done(len(found))
    return found


def _from(
    engine: str,
    folder: Path,
    first: int,
    count: int,
    seconds: float,
    python: str | None,
    found: list[Run],
    on_done: Callable[[int], None],
) -> str:
    """Answers from one process, from a program on; returns why it ended before the last."""
    words = folder / "words"
    with words.open("wb") as errors:
        process = subprocess.Popen(
            [python or sys.executable, "-m", __name__, engine, str(folder), str(seconds), str(first), str(count)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    heard, hung = time.monotonic(), threading.Event()

    def watch() -> None:
        while process.poll() is None:
            if time.monotonic() - heard > seconds + GRACE:
                hung.set()
                process.kill()
            time.sleep(0.2)

    watcher = threading.Thread(target=watch, daemon=True)
    with process:
        watcher.start()
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if not line.endswith("\n"):
                    break
                heard = time.monotonic()
                found.append(claimed(json.loads(line)))
                on_done(len(found))
        finally:
            process.kill()
    watcher.join()
    if hung.is_set():
        return "it did not heed its limit"
    return f"it {how_it_ended(process, words)}"


def main(engine: str, folder: Path, seconds: float, first: int, count: int) -> None:
    """The process: a line for each program."""
    lines = begin()
    chosen = find_engine(engine)
    for i in range(first, count):
        program, _ = load(folder / f"{i}.npz")
        reason = chosen.refuses(program)
        if reason is None:
            try:
                ran = chosen.run(program, Asked(Settings(time_limit=seconds)))
            except EngineRefused as refused:
                reason = str(refused)
        if reason is not None:
            ran = Run(Termination.ENGINE_ERROR, message=f"{REFUSED}{reason}")
        lines.write(json.dumps(claims(ran)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    os._exit(0)  # some libraries crash while they are unloaded
