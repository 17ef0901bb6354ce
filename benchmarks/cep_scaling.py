"""Seconds, memory and gap of ``price_curve`` against the number of schools.

    python -m fairbound.benchmarks.cep_scaling [SECONDS] [SIZES...]

Districts are drawn from New York's schools (with replacement beyond their number; seed 0). Each
size runs in a process of its own, so that its peak memory is its own. ``bound s`` is the time
until the bound was proven, ``to 1e-4`` the time until the gap was at most that.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from fairbound.instances import catalogue
from fairbound.models.cep_grouping import CepInstance
from fairbound.solvers.algorithms import price_curve
from fairbound.solvers.result import Settings

SIZES = (10, 30, 100, 300, 1000, 3000, 10_000, 20_000)
SEED = 0
COLUMNS = ("schools", "value", "gap", "bound s", "to 1e-4 s", "wall s", "user s", "MB", "columns", "knots")


def resampled(size: int, seed: int = SEED) -> CepInstance:
    """``size`` of New York's schools, drawn with replacement where they do not suffice."""
    city = catalogue.load("cep/nyc1453")
    assert isinstance(city, CepInstance)
    chance = random.Random(seed)
    drawn = chance.sample(city.schools, size) if size <= len(city.schools) else chance.choices(city.schools, k=size)
    schools = tuple(replace(school, id=f"{school.id}.{i}") for i, school in enumerate(drawn))
    return replace(city, name=f"cep/nyc1453 resampled to {size}", schools=schools)


def measure(size: int, seconds: float) -> dict[str, Any]:
    """One line of the table."""
    instance = resampled(size)
    began = time.perf_counter()
    result = price_curve.run(instance, "reimbursement", Settings(time_limit=seconds))
    bounded = next((moment.seconds for moment in result.trace if moment.dual is not None), None)
    near = next(
        (m.seconds for m in result.trace if m.dual is not None and m.primal and m.dual - m.primal <= 1e-4 * m.primal),
        None,
    )
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "schools": f"{size:,}",
        "value": "" if result.primal_bound is None else f"{float(result.primal_bound):,.0f}",
        "gap": "" if result.gap is None else f"{result.gap:.1e}",
        "bound s": "" if bounded is None else f"{bounded:.1f}",
        "to 1e-4 s": "" if near is None else f"{near:.1f}",
        "wall s": f"{time.perf_counter() - began:.1f}",
        "user s": f"{usage.ru_utime:.1f}",
        "MB": f"{usage.ru_maxrss / 1024:.0f}",
        "columns": "" if result.model is None else f"{result.model.columns:,}",
        "knots": "" if result.certificate is None else str(len(result.certificate["knots"])),
    }


def main(arguments: list[str]) -> None:
    """Print the table; with ``--one`` a single line as JSON."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(measure(int(arguments[1]), float(arguments[2]))))
        return
    seconds = arguments[0] if arguments else "60"
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + " ---: |" * len(COLUMNS))
    for size in arguments[1:] or [str(size) for size in SIZES]:
        command = [sys.executable, "-m", "fairbound.benchmarks.cep_scaling", "--one", size, seconds]
        line = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print("| " + " | ".join(line[column] for column in COLUMNS) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
