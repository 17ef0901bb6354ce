"""What a sweep of the national file costs beside its floor: a script of arrays and one live HiGHS, and nothing else.

    python -m fairbound.benchmarks.cep.sweep_floor --rounds 3

The floor reads the file, states each district's knapsack in floats, and takes HiGHS's word for value and bound. The
sweep proves its bounds, scores its plans exactly, and keeps a durable row of each. Both are commands of their own, in
turn; the figures are processor seconds, those of their children too.
"""

from __future__ import annotations

import csv
import gzip
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

THRESHOLD, MULTIPLIER = 0.4, 1.6
HELD, KEY = ("enrolled", "identified"), ("state", "district_code")


def read(path: Path) -> dict[str, Any]:
    """Enrolled and identified students of each district's schools, shape (schools, 2), by ``state/code``."""
    districts: dict[str, list[list[float]]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            students = [float(row[column] or 0) for column in HELD]
            districts.setdefault("/".join(row[column] for column in KEY), []).append(students)
    return {name: np.array(rows) for name, rows in districts.items()}


def pass_knapsack(highs: Any, share: Any, claimed: Any, cap: Any, most: float) -> None:
    """State a district as a matrix: rows (6), (4) and (5), with a coefficient a school each, and the end of z."""
    import highspy  # the parent measures and needs no engine

    count, columns = len(share), np.arange(len(share) + 1, dtype=np.int32)
    highs.passModel(
        count + 1,
        3,
        3 * count + 2,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        np.append(np.zeros(count), 1.0),
        np.zeros(count + 1),
        np.append(np.ones(count), most),
        np.zeros(3),
        np.full(3, highspy.kHighsInf),
        np.array([0, count, 2 * count + 1], dtype=np.int32),
        np.concatenate([columns[:count], columns, columns]),
        np.concatenate([share, claimed, [-1.0], cap, [-1.0]]),
        np.append(np.ones(count, dtype=np.int32), 0),
    )


def floor(path: Path) -> dict[str, tuple[float, float]]:
    """Value and bound of each district, as HiGHS says them."""
    import highspy

    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    options = {"log_to_console": False, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0, "threads": 1}
    for name, option in options.items():
        highs.setOptionValue(name, option)
    found = {}
    for district, schools in read(path).items():
        enrolled, identified = schools[:, 0], np.minimum(schools[:, 1], schools[:, 0])
        pass_knapsack(highs, identified - THRESHOLD * enrolled, MULTIPLIER * identified, enrolled, enrolled.sum())
        highs.run()
        info = highs.getInfo()
        found[district] = (info.objective_function_value, info.mip_dual_bound)
    return found


def cpu_seconds(command: list[str]) -> float:
    """Processor seconds of a command and its children; raises ``CalledProcessError`` where it fails."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main(rounds: int = 3) -> None:
    """Run both in turn and print each pair, then the median of the ratios."""
    from fairbound.instances.cep.sources import US  # not where the floor is measured
    from fairbound.instances.core.entry import need_file

    path, ratios = need_file("cep/us", US), []
    for _ in range(rounds):
        with TemporaryDirectory() as folder:
            low = cpu_seconds([sys.executable, __file__, str(path)])
            table = str(Path(folder) / "us.csv")
            sweep = cpu_seconds([sys.executable, "-m", "fairbound", "sweep", "cep/us/*", "-o", table])
        ratios.append(sweep / low)
        print(f"floor {low:.2f} s, sweep {sweep:.2f} s: {ratios[-1]:.2f} times")
    print(f"median {statistics.median(ratios):.2f} times")


if __name__ == "__main__":
    if __spec__ is None:  # as a file: fairbound itself is not loaded
        floor(Path(sys.argv[1]))
    else:
        import typer

        typer.run(main)
