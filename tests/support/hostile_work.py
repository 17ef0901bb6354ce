"""Work that behaves badly, to be run in isolation only. Its module is imported by a fork server."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def work(argument: str) -> Any:
    """Do what the argument says."""
    word, _, rest = argument.partition(" ")
    if word == "hang":
        time.sleep(1000)
    elif word == "eat":
        kept = []
        while True:
            kept.append(bytearray(10**7))
    elif word == "crash":
        ctypes.string_at(0)
    elif word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "exit":
        os._exit(3)
    elif word == "raise":
        raise ValueError("no such luck")
    elif word == "print":
        print("not an answer", flush=True)
    elif word == "child":
        child = subprocess.Popen(["sleep", "1000"])
        Path(rest).write_text(str(child.pid))
        time.sleep(1000)
    elif word == "eating_child":
        # Each process alone stays under the limit of address space.
        script = "import time; kept = [bytearray(10**7) for _ in range(15)]; time.sleep(1000)"
        for _ in range(3):
            subprocess.Popen([sys.executable, "-c", script])
        time.sleep(1000)
    elif word == "once":
        # The first call hangs, the next answers: its fork server was killed meanwhile.
        if not Path(rest).exists():
            Path(rest).write_text(str(os.getppid()))
            time.sleep(1000)
    elif word == "deadly":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)
    return argument


def count(argument: int, tell: Callable[[Any], None]) -> str:
    """Tells numbers."""
    for k in range(argument):
        tell(k)
    return "counted"


def heed(argument: Any, tell: Callable[[Any], None]) -> str:
    """Ends when it is asked to."""
    try:
        tell("begun")
        time.sleep(1000)
    except KeyboardInterrupt:
        return "heeded"
    return "slept"


def ignore(argument: Any, tell: Callable[[Any], None]) -> None:
    """Does not."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    tell("begun")
    time.sleep(1000)


LEAKS = 8000
"""Seeds from here on leave 60 MB behind them."""
_left: list[bytearray] = []
BY_SEED = {9001: "hang", 9002: "eat", 9003: "crash", 9004: "raise"}


def solve(document: Mapping[str, Any]) -> dict[str, Any]:
    """A solve that takes a moment, or behaves badly where its seed says so."""
    if document["seed"] in BY_SEED:
        work(BY_SEED[document["seed"]])
    if document["seed"] in range(LEAKS, LEAKS + 100):
        _left.append(bytearray(60 * 2**20))
    time.sleep(0.05)
    return {"digest": "d", "status": "refused"}
