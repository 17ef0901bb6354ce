"""A sweep loses no finished row and repeats none, whoever is killed; bad solves do not stop it."""

from __future__ import annotations

import importlib.util
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from bench_driver import SUPPORT, drive, specifications
from fairbound.benchmarks.core.runner import Event, run_plan, run_specifications
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.suite import load_suite, parse_suite, plan
from fairbound.models.core.errors import InputError

HOSTILE = {"work": "hostile_work:solve", "modules": ["hostile_work"], "path": [SUPPORT]}
SMALL = """
name = "small"
title = "A few solves"
[limits]
seconds = 60
[[experiment]]
instances = ["cep/calpads33"]
methods = ["membership", "set_partitioning", "alone", "width:12.5"]
relaxations = true
"""
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes through /proc")


def children(pid: int) -> list[int]:
    """Processes whose parent is this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.append(int(path.parent.name))
    return found


def rows_in(folder: Path) -> int:
    """Rows committed so far, seen from outside."""
    file = folder / "results.sqlite"
    if not file.is_file():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        try:
            return int(db.execute("SELECT count(*) FROM rows").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def wait_for_rows(folder: Path, count: int) -> None:
    for _ in range(1200):
        if rows_in(folder) >= count:
            return
        time.sleep(0.05)
    pytest.fail(f"only {rows_in(folder)} rows")


def start_driver(folder: Path, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(Path(SUPPORT) / "bench_driver.py"), str(folder), str(count)])


def test_a_plan_runs_and_runs_only_once(tmp_path: Path) -> None:
    planned = plan(parse_suite(SMALL, "small.toml"))
    events: list[Event] = []
    summary = run_plan(planned, tmp_path, on_event=events.append)
    assert (summary.planned, summary.kept, summary.done, summary.interrupted) == (6, 0, 6, False)
    assert len([event for event in events if event.row is None]) == 6
    with Store(tmp_path) as store:
        rows = {(row.method, row.relaxed): row for row in store}
        assert store.facts()["title"] == "A few solves"
        assert store.solution(rows["membership", False].key) is not None
        assert store.solution(rows["membership", True].key) is None
    best = rows["membership", False]
    assert (best.outcome, best.status, best.level, best.primal_bound) == ("ok", "optimal", "L2", "86824/5")
    assert best.dual_bound == best.primal_bound
    assert (best.engine, best.model_columns, best.kind) == ("highs", 34, "formulation")
    assert best.moments
    assert best.memory_mb > 10
    assert rows["membership", True].relaxation == pytest.approx(17693.6, abs=0.1)
    refused = rows["set_partitioning", False]
    assert (refused.outcome, refused.status) == ("ok", "refused")
    assert "too many subsets" in refused.message
    assert rows["width:12.5", False].primal_bound == "17333"
    assert run_plan(planned, tmp_path).done == 0


def test_bad_solves_are_recorded_and_the_sweep_goes_on(tmp_path: Path) -> None:
    asked = [
        replace(one, seed=seed, memory_mb=300, seconds=2 if seed == 9001 else 60)
        for one, seed in zip(specifications(8), (0, 9001, 1, 9002, 2, 9003, 9004, 3), strict=True)
    ]
    with Store(tmp_path, write=True) as store:
        run_specifications(asked, store, "test", **HOSTILE)  # type: ignore[arg-type]
        outcomes = {row.seed: row.outcome for row in store}
    assert outcomes == {9001: "timeout", 9002: "memory", 9003: "killed", 9004: "error"} | dict.fromkeys(range(4), "ok")


def test_rows_that_did_not_end_well_can_be_tried_again(tmp_path: Path) -> None:
    asked = [replace(one, seed=seed) for one, seed in zip(specifications(2), (0, 9004), strict=True)]
    with Store(tmp_path, write=True) as store:
        run_specifications(asked, store, "test", **HOSTILE)  # type: ignore[arg-type]
        again = run_specifications(asked, store, "test", retry=["error"], **HOSTILE)  # type: ignore[arg-type]
        assert (again.kept, again.done) == (1, 1)
        assert len(store.rows()) == 2


@linux
def test_killed_workers_and_a_killed_driver_lose_nothing(tmp_path: Path) -> None:
    count = 60
    driver = start_driver(tmp_path, count)
    try:
        for rows in (4, 12, 20):  # three times: kill a worker, that is a fork server with what it runs
            wait_for_rows(tmp_path, rows)
            workers = children(driver.pid)
            assert workers
            os.kill(workers[0], signal.SIGKILL)
        wait_for_rows(tmp_path, 30)
        workers = children(driver.pid)
    finally:
        driver.kill()
        driver.wait()
    for _ in range(200):  # nobody outlives the driver
        if not any(Path(f"/proc/{pid}").exists() for pid in workers):
            break
        time.sleep(0.05)
    else:
        pytest.fail("a worker outlived its driver")
    kept = rows_in(tmp_path)
    assert 30 <= kept < count
    drive(tmp_path, count)
    with Store(tmp_path) as store:
        rows = store.rows()
    assert Counter(row.seed for row in rows) == Counter(range(count))
    assert {row.outcome for row in rows} == {"ok"}


@linux
def test_ctrl_c_keeps_every_finished_row(tmp_path: Path) -> None:
    driver = start_driver(tmp_path, 40)
    wait_for_rows(tmp_path, 5)
    driver.send_signal(signal.SIGINT)
    assert driver.wait(60) == 0
    kept = rows_in(tmp_path)
    assert 5 <= kept < 40
    drive(tmp_path, 40)
    with Store(tmp_path) as store:
        assert Counter(row.seed for row in store) == Counter(range(40))


def test_two_drivers_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        Store(tmp_path, write=True),
        pytest.raises(InputError, match="another run is writing here"),
    ):
        run_plan(plan(load_suite("smoke")), tmp_path)


def test_a_scheduler_that_does_not_answer_is_wrong_input(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra cluster is not installed")
    with pytest.raises(InputError, match=r"no scheduler answers .* wanted dask, slurm, or an address"):
        run_plan(plan(parse_suite(SMALL, "small.toml")), tmp_path, scheduler="nowhere:no-port")


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="the extra cluster is not installed")
def test_dask_workers_give_the_same_rows(tmp_path: Path) -> None:
    """In a process of its own: Dask starts processes and warns in ways of its own."""
    script = (
        "import sys; from pathlib import Path\n"
        "from fairbound.benchmarks.core.runner import run_plan\n"
        "from fairbound.benchmarks.core.suite import parse_suite, plan\n"
        "if __name__ == '__main__':\n"
        "    planned = plan(parse_suite(Path(sys.argv[1]).read_text(), 'small.toml'))\n"
        "    run_plan(planned, Path(sys.argv[2]), workers=1, scheduler='dask')\n"
    )
    (tmp_path / "small.toml").write_text(SMALL)
    (tmp_path / "driver.py").write_text(script)
    command = [sys.executable, "driver.py", "small.toml", "out"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    run_plan(plan(parse_suite(SMALL, "small.toml")), tmp_path / "here")
    with Store(tmp_path / "out") as there, Store(tmp_path / "here") as here:
        facts = [
            sorted((row.key, row.outcome, row.status, row.primal_bound, row.dual_bound) for row in store)
            for store in (there, here)
        ]
    assert facts[0] == facts[1]
