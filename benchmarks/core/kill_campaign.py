"""Kill a sweep again and again: no committed row may be lost, none solved twice, no table be half there.

    python -m fairbound.benchmarks.core.kill_campaign 'cep/us/ca/*' --kills 300

A driver is killed (SIGKILL) when a random number of its rows is committed, often when all are: then the
table is being published. The same command goes on until a run ends by itself; then a new table begins.
"""

from __future__ import annotations

import argparse
import csv
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.store import FILE
from fairbound.benchmarks.core.sweep import store_of
from fairbound.instances.core import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_THE_END = 0.4
"""So large a share of the kills waits for the last row."""
DELAY = 0.2
"""Seconds, at most, between the row that is waited for and the kill."""
LATER_DELAY = 3.0
"""The same from the start of a run that finds every row there: it may end by itself first."""
LEFT_ALONE = 0.5
"""So large a share of those runs is left alone, so that new tables begin."""
POLL = 0.002

Fingerprints = dict[str, tuple[str, float]]
"""When each row was made, and in how many seconds: a row that was solved again has others."""


@dataclass
class Findings:
    """What a campaign found; all but ``kills``, ``tables`` and ``at_the_end`` should be zero.

    Attributes
    ----------
    kills, at_the_end
        Drivers killed, and those of them that had committed every row.
    tables
        Tables completed in spite of it.
    lost, repeated
        Committed rows that were gone afterwards, or had been solved again.
    broken
        Tables that were there without being whole, or whole and wrong.
    refused
        Runs that ended with another exit code than 0.
    """

    kills: int = 0
    at_the_end: int = 0
    tables: int = 0
    lost: int = 0
    repeated: int = 0
    broken: int = 0
    refused: int = 0
    words: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, repeated, broken or refused."""
        return not (self.lost or self.repeated or self.broken or self.refused)


def committed(table: Path) -> Fingerprints:
    """The rows in the store of a table, seen from outside."""
    file = store_of(table) / FILE
    if not file.is_file():
        return {}
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as db:
        try:
            found = db.execute("SELECT key, finished_at, wall_seconds FROM rows").fetchall()
        except sqlite3.OperationalError:
            return {}  # not made yet
    return {key: (made, seconds) for key, made, seconds in found}


def campaign(command: Sequence[str], folder: Path, instances: Sequence[str], kills: int, seed: int = 0) -> Findings:
    """Kill so many drivers.

    Parameters
    ----------
    command
        Runs the sweep; the path of the table is added as the last argument.
    folder
        An empty folder for tables and stores.
    instances
        What the column ``instance`` of a whole table must hold, in this order.
    """
    chance, findings = random.Random(seed), Findings()
    table = folder / "0.csv"
    while findings.kills < kills:
        before = committed(table)
        code, seen = _run(command, table, *_moment(chance, len(before), len(instances)))
        after = committed(table)
        known = before | seen
        findings.lost += len(known.keys() - after.keys())
        findings.repeated += sum(after[key] != made for key, made in known.items() if key in after)
        if table.exists() and not _whole(table, instances):
            findings.broken += 1
        if code is None:
            findings.kills += 1
            findings.at_the_end += len(after) == len(instances)
            continue
        if code:
            findings.refused += 1
            findings.words.append(f"{table.name}: exit code {code}")
        elif not table.exists() or len(after) != len(instances):
            findings.broken += 1
        findings.tables += not code
        table = folder / f"{int(table.stem) + 1}.csv"
    return findings


def _moment(chance: random.Random, there: int, all_rows: int) -> tuple[float, float]:
    """How many rows to wait for, and how long from then on."""
    if there == all_rows:
        return (inf if chance.random() < LEFT_ALONE else all_rows), chance.uniform(0, LATER_DELAY)
    some = min(all_rows, there + chance.randint(0, 1 + all_rows // 4))
    return (all_rows if chance.random() < AT_THE_END else some), chance.uniform(0, DELAY)


def _run(command: Sequence[str], table: Path, rows: float, delay: float) -> tuple[int | None, Fingerprints]:
    """Run until so many rows are committed, then kill; exit code (``None`` if killed) and the rows last seen."""
    with subprocess.Popen([*command, str(table)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as driver:
        seen: Fingerprints = {}
        while driver.poll() is None:
            seen = committed(table)
            if len(seen) >= rows:
                try:
                    driver.wait(delay)
                except subprocess.TimeoutExpired:
                    seen = committed(table)
                    driver.kill()
                break
            time.sleep(POLL)
        code = driver.wait()
    return (None if code == -9 else code), seen


def _whole(table: Path, instances: Sequence[str]) -> bool:
    with table.open(encoding="utf-8", newline="") as stream:
        return [row["instance"] for row in csv.DictReader(stream)] == list(instances)


def main() -> int:
    """Run a campaign on a family of the catalogue and print what it found; exit code 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("family")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.perf_counter()
    command = [sys.executable, "-m", "fairbound", "sweep", asked.family, "-o"]
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(command, Path(folder), catalogue.expand(asked.family), asked.kills, asked.seed)
    print(f"{asked.family}, {time.perf_counter() - began:.0f} s")
    for name, value in vars(found).items():
        print(f"{name.replace('_', ' '):<12}{value}")
    return 0 if found.clean else 1


if __name__ == "__main__":
    sys.exit(main())
