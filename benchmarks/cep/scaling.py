"""Seconds, memory and gap against the number of schools, with the method that ``solve`` takes at each size.

    python -m fairbound.benchmarks.cep.scaling --seconds 60 --out scaling

Districts are drawn from New York's schools (with replacement beyond their number; seed 0). Each
size runs in a process of its own, so that its peak memory is its own. ``bound s`` is the time
until the first proven bound, ``to 1e-4 s`` and ``to 1e-5 s`` the time until the gap was at most that.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.benchmarks.core.static_figures import write_static
from fairbound.instances.core import catalogue
from fairbound.models.cep import CepInstance
from fairbound.solvers.core.methods import default_method
from fairbound.solvers.core.result import Settings

SIZES = (10, 30, 100, 300, 1000, 3000, 10_000, 20_000)
SEED = 0
NEAR = (1e-4, 1e-5)


def resampled(size: int, seed: int = SEED) -> CepInstance:
    """``size`` of New York's schools, drawn with replacement where they do not suffice."""
    city = catalogue.load("cep/nyc1453")
    assert isinstance(city, CepInstance)
    chance = random.Random(seed)
    drawn = chance.sample(city.schools, size) if size <= len(city.schools) else chance.choices(city.schools, k=size)
    schools = tuple(replace(school, id=f"{school.id}.{i}") for i, school in enumerate(drawn))
    return replace(city, name=f"cep/nyc1453 resampled to {size}", schools=schools)


def measure(size: int, seconds: float) -> dict[str, Any]:
    """One line of the table; ``None`` where something was not reached."""
    instance = resampled(size)
    method = default_method(instance, "reimbursement")
    began = time.perf_counter()
    result = method.run(instance, "reimbursement", Settings(time_limit=seconds), None, None)
    gaps = [
        (moment.seconds, (moment.dual - moment.primal) / abs(moment.primal))
        for moment in result.trace
        if moment.dual is not None and moment.primal
    ]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    closed = time.perf_counter() - began if result.gap == 0 else None
    return {
        "schools": size,
        "method": method.name,
        "value": None if result.primal_bound is None else float(result.primal_bound),
        "gap": result.gap,
        "bound s": next((moment.seconds for moment in result.trace if moment.dual is not None), closed),
        **{f"to {near:.0e} s": next((at for at, gap in gaps if gap <= near), closed) for near in NEAR},
        "wall s": time.perf_counter() - began,
        "user s": usage.ru_utime,
        "MB": usage.ru_maxrss / 1024,
    }


def shown(line: dict[str, Any]) -> list[str]:
    """A line as text."""
    forms = {"schools": ",d", "method": "", "value": ",.2f", "gap": ".1e", "MB": ".0f"}
    return ["" if value is None else format(value, forms.get(column, ".1f")) for column, value in line.items()]


def scaling_figures(lines: list[dict[str, Any]]) -> list[Figure]:
    """Gap and seconds against the number of schools."""
    sizes = tuple(float(line["schools"]) for line in lines)
    axis = Axis("schools", log=True)

    def series(name: str, column: str) -> Series:
        return Series(name, sizes, tuple(line[column] or None for line in lines), Mark.LINE)

    times = [series(f"gap at most {near:.0e}", f"to {near:.0e} s") for near in NEAR]
    return [
        Figure(
            "cep-gap", "CEP with real meals: gap at the limit", "Districts drawn from New York's schools; a size closed"
            " to 0 has no point.", axis, Axis("gap", log=True), (series("gap", "gap"),),
        ),
        Figure(
            "cep-seconds", "CEP with real meals: seconds", "Wall time until the gap was reached, and in all.",
            axis, Axis("seconds", log=True), (*times, series("first bound", "bound s"), series("whole run", "wall s")),
        ),
    ]  # fmt: skip


def main(arguments: list[str]) -> None:
    """Print the table, and draw it."""
    parser = argparse.ArgumentParser(prog="python -m fairbound.benchmarks.cep.scaling", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of schools")
    parser.add_argument("--seconds", type=float, default=60.0, help="time limit of each size")
    parser.add_argument("--out", type=Path, help="folder for the figures")
    parser.add_argument("--one", action="store_true", help="one size, as JSON")
    given = parser.parse_args(arguments)
    if given.one:
        print(json.dumps(measure(given.sizes[0], given.seconds)))
        return
    lines: list[dict[str, Any]] = []
    for size in given.sizes:
        command = [sys.executable, "-m", "fairbound.benchmarks.cep.scaling", "--one", str(size)]
        command += ["--seconds", str(given.seconds)]
        line = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        if not lines:
            print("| " + " | ".join(line) + " |\n|" + " ---: |" * len(line))
        print("| " + " | ".join(shown(line)) + " |", flush=True)
        lines.append(line)
    if given.out is not None:
        write_static(scaling_figures(lines), given.out)


if __name__ == "__main__":
    main(sys.argv[1:])
