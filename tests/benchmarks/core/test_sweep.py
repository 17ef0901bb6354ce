"""A sweep's table is of its own question, whole or not there; its rows survive whoever is killed."""

from __future__ import annotations

import csv
import gzip
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bench_driver import SUPPORT, specifications
from fairbound.benchmarks.core import sweep
from fairbound.benchmarks.core.kill_campaign import campaign
from fairbound.benchmarks.core.runner import Event, run_specifications
from fairbound.benchmarks.core.specification import Specification
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.sweep import part_of, plan_sweep, run_sweep, store_of
from fairbound.instances.cep import sources as cep
from fairbound.instances.core import catalogue
from fairbound.models.core.errors import InputError

HOSTILE = {"work": "hostile_work:solve", "modules": ["hostile_work"], "path": [SUPPORT]}


def write_districts(folder: Path, first: int = 80) -> None:
    """The national file with two states of our own: 120 districts in ``aa``, 12 in ``bb``, three schools each."""
    lines = ["state,district_code,district_name,school_code,school_name,enrolled,identified"]
    for state, count in (("aa", 120), ("bb", 12)):
        for k in range(count):
            for school, (enrolled, identified) in enumerate([(100, first), (120, 50), (90 + k, 30)]):
                lines.append(f"{state},{k:02},District {k},{school},School {school},{enrolled},{identified}")
    file = folder / cep.US
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))


@pytest.fixture(autouse=True)
def districts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    write_districts(tmp_path)
    monkeypatch.setenv("FAIRBOUND_DATA", str(tmp_path))
    cep._us_rows.cache_clear()
    yield
    cep._us_rows.cache_clear()


def read(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def stopped(planned: tuple[Specification, ...], table: Path) -> list[str]:
    """Run a sweep and stop it, as by Ctrl-C, when its first rows are there; returns the instances of those."""

    sent: list[Event] = []

    def stop(event: Event) -> None:
        if event.row is not None and not sent:
            sent.append(event)
            signal.raise_signal(signal.SIGINT)

    summary, kept = run_sweep(planned, table, on_event=stop)
    assert summary.interrupted
    return [row.instance for row in kept]


def test_a_table_has_a_row_for_each_instance_and_is_not_solved_twice(tmp_path: Path) -> None:
    planned, table = plan_sweep("cep/us/aa/*"), tmp_path / "t.csv"
    summary, _ = run_sweep(planned, table)
    assert (summary.planned, summary.kept, summary.done) == (120, 0, 120)
    rows = read(table)
    assert [row["instance"] for row in rows] == catalogue.expand("cep/us/aa/*")
    assert {row["outcome"] for row in rows} == {"ok"}
    assert {row["status"] for row in rows} == {"optimal"}
    first = rows[0]
    assert (first["title"], first["schools"], first["method"], first["nodes"]) == (
        "District 0",
        "3",
        "everyone_or_nobody",
        "",
    )
    assert first["primal_bound"] == first["dual_bound"] == first["value_reimbursement"]
    text = table.read_bytes()
    assert run_sweep(planned, table)[0].done == 0
    assert table.read_bytes() == text
    with Store(store_of(table)) as store:
        assert store.solution(planned[0].key) is not None


def test_a_stopped_sweep_shows_its_rows_and_leaves_the_table_alone(tmp_path: Path) -> None:
    planned, table = plan_sweep("cep/us/aa/*"), tmp_path / "t.csv"
    table.write_text("an earlier table\n")
    store_of(table).mkdir()
    kept = stopped(planned, table)
    assert table.read_text() == "an earlier table\n"
    assert kept
    assert [row["instance"] for row in read(part_of(table))] == kept
    summary, rows = run_sweep(planned, table)
    assert summary.kept == len(kept)
    assert [row["instance"] for row in read(table)] == [one.instance for one in planned]
    assert not part_of(table).exists()
    assert len({row.key for row in rows}) == 120


def test_nothing_of_another_question_is_in_a_table(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    stopped(plan_sweep("cep/us/aa/*"), table)
    for asked in (
        plan_sweep("cep/us/bb/*"),
        plan_sweep("cep/us/bb/*", parameters={"threshold": "0.25"}),
        plan_sweep("cep/us/bb/*", method="levels"),
        plan_sweep("cep/us/bb/*", objective="students"),
    ):
        assert run_sweep(asked, table)[0].done == 12
        assert [row["instance"] for row in read(table)] == catalogue.expand("cep/us/bb/*")
    assert {row["objective"] for row in read(table)} == {"students"}


def test_other_data_and_another_version_are_another_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "t.csv"
    run_sweep(plan_sweep("cep/us/bb/*"), table)
    before = read(table)
    write_districts(tmp_path, first=90)
    cep._us_rows.cache_clear()
    assert run_sweep(plan_sweep("cep/us/bb/*"), table)[0].done == 12
    assert all(old["digest"] != new["digest"] for old, new in zip(before, read(table), strict=True))
    monkeypatch.setattr(sweep, "versions", lambda: "fairbound 99")
    assert run_sweep(plan_sweep("cep/us/bb/*"), table)[0].done == 12


def test_data_that_changes_while_it_runs_is_noticed(tmp_path: Path) -> None:
    planned = plan_sweep("cep/us/bb/*")
    write_districts(tmp_path, first=90)
    _, rows = run_sweep(planned[:2], tmp_path / "t.csv")
    assert {row.outcome for row in rows} == {"error"}
    assert all("the data has changed since the run was planned" in row.message for row in rows)


def test_a_second_driver_is_told_who_the_first_is(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    words = rf"another run is writing here: found 'process {os.getpid()} on {socket.gethostname()}'"
    with Store(store_of(table), write=True):
        for _ in range(2):  # to be refused leaves the word of the first in its place
            with pytest.raises(InputError, match=words):
                run_sweep(plan_sweep("cep/us/bb/*"), table)
    assert run_sweep(plan_sweep("cep/us/bb/*"), table)[0].done == 12


def test_a_file_that_no_sweep_has_written_stays(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("mine\n")
    with pytest.raises(InputError, match="a file that no sweep has written"):
        run_sweep(plan_sweep("cep/us/bb/*"), table)
    assert table.read_text() == "mine\n"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("mine")] == ["mine.csv"]


def test_wrong_words_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for wrong, more in (
        ("unknown method", {"method": "levls"}),
        ("unknown objective", {"objective": "money"}),
        ("found '1.5'", {"parameters": {"threshold": "1.5"}}),
        ("found 'treshold'", {"parameters": {"treshold": "1"}}),
    ):
        with pytest.raises(InputError, match=wrong):
            plan_sweep("cep/us/bb/*", **more)  # type: ignore[arg-type]


def test_a_refusal_is_a_row(tmp_path: Path) -> None:
    planned = plan_sweep("cep/us/bb/*", method="group_columns")
    _, rows = run_sweep(planned, tmp_path / "t.csv")
    assert {(row.outcome, row.status, row.method) for row in rows} == {("ok", "refused", "group_columns")}


def test_bad_solves_in_a_batch_are_blamed_alone(tmp_path: Path) -> None:
    seeds = (0, 1, 9001, 2, 9002, 3, 4, 9003, 9004, 5, 6, 7)
    asked = [
        replace(one, seed=seed, memory_mb=300, seconds=1) for one, seed in zip(specifications(12), seeds, strict=True)
    ]
    with Store(tmp_path, write=True) as store:
        run_specifications(asked, store, "test", batch=12, **HOSTILE)  # type: ignore[arg-type]
        rows = store.rows()
    assert Counter(row.seed for row in rows) == Counter(seeds)
    bad = {row.seed: row.outcome for row in rows if row.outcome != "ok"}
    assert bad == {9001: "timeout", 9002: "memory", 9003: "killed", 9004: "error"}


def test_what_solves_leave_behind_in_a_batch_is_nobody_elses_fault(tmp_path: Path) -> None:
    """Each needs a third of the limit; the fourth in one process dies of it and is well by itself."""
    asked = [replace(one, seed=8000 + k, memory_mb=200, seconds=60) for k, one in enumerate(specifications(12))]
    with Store(tmp_path, write=True) as store:
        run_specifications(asked, store, "test", workers=1, batch=12, **HOSTILE)  # type: ignore[arg-type]
        assert Counter((row.seed, row.outcome) for row in store) == Counter((8000 + k, "ok") for k in range(12))


def test_the_wall_limit_is_of_each_solve_in_a_batch(tmp_path: Path) -> None:
    """Twenty solves of 0.05 s share a process and a limit of 0.8 s each."""
    asked = [replace(one, seconds=0.8) for one in specifications(40)]
    with Store(tmp_path, write=True) as store:
        run_specifications(asked, store, "test", workers=1, batch=20, **HOSTILE)  # type: ignore[arg-type]
        assert {row.outcome for row in store} == {"ok"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="relies on the death of children with their parent")
def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    """A few here; ``python -m fairbound.benchmarks.core.kill_campaign`` does hundreds."""
    folder = tmp_path / "tables"
    folder.mkdir()
    command = [sys.executable, "-m", "fairbound", "sweep", "cep/us/aa/*", "-o"]
    found = campaign(command, folder, catalogue.expand("cep/us/aa/*"), kills=4, seed=3)
    assert found.kills == 4
    assert found.clean, found


STATE = """state,District Code,District Name,School Code,total_enrolled,total_eligible,include_in_mealscount
aa,01,North,1,500,400,true
aa,01,North,2,500,,true
aa,01,North,3,900,800,false
aa,02,South,1,600,60,true
bb,01,West,1,300,**,true
bb,01,West,2,300,100,true
bb,02,East,1,100,120,true
"""


def command(folder: Path, *arguments: str) -> None:
    words = [sys.executable, "-m", "fairbound", "sweep", "state.csv", "-o", "out.csv", *arguments]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def test_a_file_is_split_by_columns_and_nothing_is_left_out_unsaid(tmp_path: Path) -> None:
    (tmp_path / "state.csv").write_text(STATE)
    command(tmp_path, "--by", "state,District Code")
    rows = read(tmp_path / "out.csv")
    assert [(row["state"], row["District Code"], row["title"], row["status"], row["value"]) for row in rows] == [
        ("aa", "01", "North", "optimal", "500"),
        ("aa", "02", "South", "optimal", "0"),
        ("bb", "01", "West", "optimal", "160"),
        ("bb", "02", "", "refused", ""),
    ]
    told = [(row["state"], row["District Code"], row["what"]) for row in read(tmp_path / "out.left_out.csv")]
    assert told[:2] == [
        ("aa", "01", "row 4 (3): left out, include_in_mealscount is false"),
        ("aa", "01", "row 3 (2): left out, identified is ''"),
    ]
    assert told[2] == ("bb", "01", "row 6 (1): left out, identified is '**'")
    assert "row 8, column identified: more identified than enrolled" in told[3][2]
    assert len(told) == 4


def test_a_split_may_be_strict_and_pools_nothing(tmp_path: Path) -> None:
    (tmp_path / "state.csv").write_text(STATE)
    command(tmp_path, "--by", "state,District Code", "--strict")
    assert [row["status"] for row in read(tmp_path / "out.csv")] == ["refused", "optimal", "refused", "refused"]
    # Code 01 stands in two states.
    command(tmp_path, "--by", "District Code")
    assert "several districts in a table" in read(tmp_path / "out.csv")[0]["message"]
    with pytest.raises(InputError, match="no such column: found 'District', wanted one of"):
        plan_sweep(str(tmp_path / "state.csv"), by=["District"])
    with pytest.raises(InputError, match="only a file is split by a column"):
        plan_sweep("cep/us/*", by=["District"])
