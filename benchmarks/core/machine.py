"""What a figure was measured on: processor, memory, system and the versions of what matters."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fairbound.models.core.plugins import digests

ENGINES = ("highspy", "pyscipopt", "ortools", "swiglpk", "gurobipy", "xpress", "cplex", "coptpy", "casadi")
PACKAGES = ("fairbound", "pyomo", *ENGINES, "numpy", "scipy", "networkx")


def _line(file: str, key: str) -> str | None:
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith(key)), None)


@cache
def describe() -> dict[str, str]:
    """Hardware and versions; no host name, no user, no paths."""
    facts = {
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }
    memory = _line("/proc/meminfo", "MemTotal")
    if memory is not None:
        facts["memory"] = f"{int(memory.split()[0]) / 2**20:.1f} GiB"
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            continue
    return facts


def versions() -> str:
    """What a solve was made with, in one line: another version's answer is another answer, another plugin's too."""
    facts = describe() | digests()
    return ", ".join(f"{package} {facts[package]}" for package in (*PACKAGES, *digests()) if package in facts)
