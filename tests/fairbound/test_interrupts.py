"""Ctrl-C and SIGTERM end every command with code 130; what is known is said and written."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, Run
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.result import Termination
from general_meals import ROWS

from fairbound import api

SUPPORT = Path(__file__).parents[1] / "support"
STUBBORN = str(SUPPORT / "stubborn.py")
BOTH = [signal.SIGINT, signal.SIGTERM]
Interrupt = Callable[..., Done]


@pytest.fixture
def interrupt(tmp_path: Path) -> Interrupt:
    """Run the command line with stubborn methods, and send signals once one of them runs.

    A second one is sent when the first was heard: two at once are one to a process that waits for its turn.
    """
    lines = [f"s{i},{row[0]},{row[1]}" for i, row in enumerate(ROWS, start=1)]
    (tmp_path / "five.csv").write_text("\n".join(["school_id,enrolled,identified", *lines]) + "\n")
    said = {name: tmp_path / name for name in ("STUBBORN_STARTED", "STUBBORN_HEARD")}

    def command(*arguments: str, sent: tuple[signal.Signals, ...] = (signal.SIGINT,)) -> Done:
        for file in said.values():
            file.unlink(missing_ok=True)
        environment = os.environ | {name: str(file) for name, file in said.items()} | {"PYTHONPATH": str(SUPPORT)}
        with subprocess.Popen(
            [sys.executable, STUBBORN, *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                for number, file in zip(sent, said.values(), strict=False):
                    for _ in range(1200):
                        if file.exists() or process.poll() is not None:
                            break
                        time.sleep(0.05)
                    process.send_signal(number)
                out, error = process.communicate(timeout=60)
            finally:
                process.kill()
        return Done(process.returncode, out, error)

    return command


@pytest.mark.parametrize("number", BOTH)
def test_solve_says_it_and_writes_what_it_has(interrupt: Interrupt, number: signal.Signals, tmp_path: Path) -> None:
    code, out, error = interrupt("solve", "five.csv", "--method", "heedful", "--out", "o", sent=(number,))
    assert (code, error) == (130, "")
    assert "stopped interrupted" in " ".join(out.split())
    document = json.loads((tmp_path / "o" / "result.json").read_text())
    assert (document["termination"], document["status"]) == ("interrupted", "feasible")
    with (tmp_path / "o" / "solution.csv").open() as stream:
        assert [row["school_id"] for row in csv.DictReader(stream)] == [f"s{i}" for i in range(1, 6)]


@pytest.mark.parametrize("number", BOTH)
def test_searches_side_by_side_all_end(interrupt: Interrupt, number: signal.Signals) -> None:
    code, out, _ = interrupt("solve", "five.csv", "--method", "heedful", "--workers", "2", "--json", sent=(number,))
    document = json.loads(out)
    assert (code, document["termination"], document["status"]) == (130, "interrupted", "feasible")
    pid, _, said = document["message"].partition("; ")
    assert said.startswith("2 searches side by side")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_solve_says_it_as_json(interrupt: Interrupt) -> None:
    code, out, _ = interrupt("solve", "five.csv", "--method", "heedful", "--json")
    document = json.loads(out)
    assert (code, document["termination"]) == (130, "interrupted")
    assert document["primal_bound"] is not None


def test_a_method_that_does_not_heed_it_is_ended_with_its_incumbent(interrupt: Interrupt) -> None:
    code, out, _ = interrupt("solve", "five.csv", "--method", "deaf", "--json")
    document = json.loads(out)
    assert (code, document["termination"], document["dual_bound"]) == (130, "interrupted", "1000000")
    assert document["primal_bound"] is not None
    assert "did not heed the interrupt" in document["message"]


def test_a_second_one_ends_at_once(interrupt: Interrupt) -> None:
    code, out, error = interrupt("solve", "five.csv", "--method", "deaf", sent=(signal.SIGINT, signal.SIGINT))
    assert (code, out, error) == (130, "", "interrupted\n")


def test_a_stage_that_was_interrupted_leaves_the_first_answer(interrupt: Interrupt) -> None:
    words = ("solve", "five.csv", "--method", "heedful", "--objective", "reimbursement,students", "--json")
    code, out, _ = interrupt(*words)
    document = json.loads(out)
    assert (code, document["termination"], document["status"]) == (130, "interrupted", "feasible")
    assert document["primal_bound"] == document["values"]["students"]
    assert document["dual_bound"] is None
    assert [stage["objective"] for stage in document["stages"]] == ["reimbursement"]


def test_compare_keeps_its_lines(interrupt: Interrupt, tmp_path: Path) -> None:
    methods = "membership,heedful,levels,width:12.5"
    words = ("compare", "five.csv", "--methods", methods, "--all", "--out", "o")
    code, out, _ = interrupt(*words)
    assert code == 130
    assert "membership optimal L4" in " ".join(out.split())
    assert "interrupted: 2 of 4 methods had run" in out
    with (tmp_path / "o" / "compare.csv").open() as stream:
        rows = {row["method"]: row for row in csv.DictReader(stream)}
    assert list(rows) == methods.split(",")
    assert [row["status"] for row in rows.values()] == ["optimal", "feasible", "skipped", "skipped"]
    assert [row["level"] for row in rows.values()] == ["L4", "L1", "", ""]
    assert rows["levels"]["note"] == "skipped: interrupted"
    documents = json.loads((tmp_path / "o" / "compare.json").read_text())
    assert [document["termination"] for document in documents] == ["finished", *["interrupted"] * 3]


def test_compare_says_it_as_json(interrupt: Interrupt) -> None:
    code, out, _ = interrupt("compare", "five.csv", "--methods", "heedful,levels", "--json", sent=(signal.SIGTERM,))
    assert code == 130
    assert [document["termination"] for document in json.loads(out)] == ["interrupted", "interrupted"]


def test_a_front_keeps_its_points(interrupt: Interrupt) -> None:
    words = ("pareto", "five.csv", "--objectives", "reimbursement,students", "--method", "heedful")
    code, out, _ = interrupt(*words, "--json")
    front: dict[str, Any] = json.loads(out)
    assert (code, front["termination"], front["complete"]) == (130, "interrupted", False)
    assert [point["status"] for point in front["points"]] == ["feasible"]
    code, out, _ = interrupt(*words)
    assert code == 130
    assert "interrupted: the points found by then" in out


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_an_audit_shows_what_it_knew(run: Run, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]) -> None:
    def solve(*arguments: Any, **options: Any) -> Any:
        with interruptible():
            signal.raise_signal(signal.SIGINT)
            return replace(solved(*arguments, **options), termination=Termination.INTERRUPTED)

    assert run("solve", "cep/calpads33", "--out", "o").returncode == 0
    solved = api.solve
    monkeypatch.setattr(api, "solve", solve)
    code, out, _ = run("audit", "cep/calpads33", "o/solution.csv", *more)
    assert code == 130
    assert ('"termination": "interrupted"' if more else "interrupted: the bound and what is offered") in out


LOADING = """
import os, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "pyomo":
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder())
"""
"""The signal comes while the libraries load, which takes a second."""
READING = """
import os
from fairbound import api
load = api.load
def interrupted(*arguments, **more):
    os.kill(os.getpid(), {number})
    return load(*arguments, **more)
api.load = interrupted
"""
RUN = """
import sys
from fairbound.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize("moment", [LOADING, READING])
def test_a_command_that_has_nothing_yet_says_so(number: signal.Signals, moment: str) -> None:
    script = moment.format(number=int(number)) + RUN
    words = [sys.executable, "-c", script, "instance", "show", "cep/calpads33"]
    for more, said in (((), ""), (("--json",), '{"termination": "interrupted"}\n')):
        done = subprocess.run([*words, *more], capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (130, said, "interrupted\n")
