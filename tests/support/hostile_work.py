"""Work that behaves badly, to be run in isolation only. Its module is imported by a nursery."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
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
        # The first call hangs, the next answers: its nursery was killed meanwhile.
        if not Path(rest).exists():
            Path(rest).write_text(str(os.getppid()))
            time.sleep(1000)
    elif word == "deadly":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)
    return argument


BY_SEED = {9001: "hang", 9002: "eat", 9003: "crash", 9004: "raise"}


def solve(document: Mapping[str, Any]) -> dict[str, Any]:
    """A solve that takes a moment, or behaves badly where its seed says so."""
    if document["seed"] in BY_SEED:
        work(BY_SEED[document["seed"]])
    time.sleep(0.05)
    return {"digest": "d", "status": "refused"}
