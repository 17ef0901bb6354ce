"""Standard output is ours alone, whatever a library writes to its descriptor; what cannot be written is told."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Run
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.result import Status

import fairbound
from fairbound.cli.solve import write_result

NOISY = """
import os, sys
from fairbound.cli import command
import fairbound.solvers.engines.highs as engine
run = engine.execute
def noisy(highs):
    os.write(1, b"an engine speaks past Python\\n")
    run(highs)
engine.execute = noisy
sys.exit(command())
"""


def test_json_stands_alone_beside_an_engine_that_prints(tmp_path: Path) -> None:
    arguments = ["solve", "cep/calpads33", "--set", "threshold=0.40", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", NOISY, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert json.loads(done.stdout)["primal_bound"] == "86824/5"


def test_a_closed_standard_output_is_no_accident(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m fairbound solve cep/calpads33 --out answer >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert (tmp_path / "answer" / "result.json").is_file()


def test_a_folder_that_cannot_be_made_is_refused_at_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, out, error = run("solve", "cep/calpads33", "--out", str(tmp_path / "file" / "answer"))
    assert (code, out) == (2, "")
    assert "answer: cannot be written: found" in error
    assert "which is a file', wanted another --out" in error


def test_a_full_disk_leaves_the_answer_on_the_screen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, text: str, *arguments: Any, **more: Any) -> int:
        if "board.html" in path.name:
            write(path, text[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, text, *arguments, **more)

    monkeypatch.setattr(Path, "write_text", full)
    code, out, error = run("solve", "cep/calpads33", "--out", "answer")
    assert (code, error) == (2, "error: answer/board.html: cannot be written (No space left on device)\n")
    assert "17,364.8" in out
    assert not list(Path("answer").glob("*.part"))
    code, out, error = run("solve", "cep/calpads33", "--json", "--out", "answer")
    assert (code, json.loads(out)["primal_bound"]) == (2, "86824/5")


def test_an_answer_takes_the_place_of_an_earlier_one_whole(run: Run) -> None:
    assert run("solve", "cep/calpads33", "--set", "threshold=0.40", "--out", "answer").returncode == 0
    assert run("bundle", "answer").returncode == 0
    Path("answer/notes.txt").write_text("mine")
    assert run("solve", "cep/calpads33", "--set", "threshold=0.9", "--set", "cover=all", "--out", "answer")[0] == 1
    assert {path.name for path in Path("answer").iterdir()} == {"result.json", "checker.pyz", "notes.txt"}


def test_whoever_stops_a_solve_at_once_keeps_the_plan_that_is_there(run: Run) -> None:
    assert run("solve", "cep/calpads33", "--set", "threshold=0.40", "--out", "answer").returncode == 0
    plan = Path("answer/solution.csv").read_bytes()
    asked = fairbound.load("cep/calpads33")
    found = fairbound.solve(asked)
    nothing = replace(found, solution=None, certificate=None, status=Status.UNKNOWN, primal_bound=None)
    write_result(find_problem("cep"), asked, nothing, Path("answer"))
    assert json.loads(Path("answer/result.json").read_text())["status"] == "unknown"
    assert Path("answer/solution.csv").read_bytes() == plan
    write_result(find_problem("cep"), asked, replace(nothing, status=Status.INFEASIBLE), Path("answer"))
    assert not Path("answer/solution.csv").exists()


def test_a_folder_that_held_no_answer_keeps_what_it_holds(run: Run) -> None:
    Path("mine").mkdir()
    Path("mine/certificate.json").write_text("mine")
    assert run("solve", "cep/calpads33", "--set", "threshold=0.9", "--set", "cover=all", "--out", "mine")[0] == 1
    assert Path("mine/certificate.json").read_text() == "mine"


def test_a_front_takes_the_place_of_an_earlier_one_whole(run: Run) -> None:
    front = ("pareto", "cep/calpads33", "--objectives", "reimbursement,students", "--out", "front")
    assert run(*front).returncode == 0
    points = sorted(Path("front").glob("point_*.csv"))
    assert len(points) > 1
    Path("front/point_of_view.csv").write_text("mine")
    assert run(*front, "--set", "threshold=0.9", "--set", "cover=all").returncode == 1
    assert not any(path.exists() for path in points)
    assert Path("front/point_of_view.csv").exists()


def test_an_audit_without_a_better_solution_keeps_none_of_an_earlier_one(run: Run) -> None:
    run("solve", "cep/calpads33", "--out", "best")
    run("solve", "cep/calpads33", "--set", "threshold=0.60", "--out", "worse")
    for plan, found in (("worse", True), ("best", False)):
        assert run("audit", "cep/calpads33", f"{plan}/solution.csv", "--out", "audit").returncode == 0
        assert Path("audit/better.csv").exists() == found


def test_the_file_of_an_instance_stays(run: Run) -> None:
    text = "school_id,enrolled,identified\ns1,100,50\ns2,90,20\n"
    for name in ("plan.csv", "file.lp"):
        Path(name).write_text(text)
    code, out, error = run("solve", "plan.csv", "--out", ".")
    assert (code, "80" in out, "the instance was read from this file" in error) == (2, True, True)
    code, _, error = run("export", "file.lp", "--problem", "cep", "--formulation", "membership", "-o", "./file.lp")
    assert (code, "the instance was read from this file" in error) == (2, True)
    assert Path("plan.csv").read_text() == Path("file.lp").read_text() == text
    assert run("solve", "plan.csv", "--out", "answer").returncode == 0
    assert run("solve", "plan.csv", "--start", "answer/solution.csv", "--out", "answer").returncode == 0


def test_an_instance_is_not_made_into_a_file_of_another_kind(run: Run) -> None:
    Path("mine.csv").write_text("mine")
    make = ("instance", "make", "blocks", "grid", "--set", "n=20", "--set", "k=2", "-o")
    code, _, error = run(*make, "mine.csv")
    assert (code, "found '.csv', wanted .json" in error) == (2, True)
    assert Path("mine.csv").read_text() == "mine"
    assert run(*make, "city.json").returncode == 0


@pytest.mark.parametrize("problem", ["cep", "blocks"])
def test_a_template_is_fine_and_stays_once_it_is_filled_in(run: Run, problem: str) -> None:
    template = ("instance", "template", problem, "-o", "new/table.csv")
    assert run(*template).returncode == 0
    assert run("instance", "check", "new/table.csv").returncode == 0
    Path("new/table.csv").write_text("mine")
    code, _, error = run(*template)
    assert (code, "there already" in error) == (2, True)
    assert Path("new/table.csv").read_text() == "mine"


def test_a_front_without_points_says_why(run: Run) -> None:
    front = ("pareto", "cep/calpads33", "--objectives", "reimbursement,students")
    code, out, _ = run(*front, "--set", "threshold=0.9", "--set", "cover=all")
    assert code == 1
    assert "infeasible" in out
    assert "cannot be kept: cover=all" in out
    assert "sample" not in out
    code, out, _ = run(*front, "--set", "threshold=0.9", "--set", "cover=all", "--json")
    front_said = json.loads(out)
    assert (code, front_said["status"], front_said["points"]) == (1, "infeasible", [])
    assert "cannot be kept: cover=all" in front_said["explanation"][0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("more", ["", "--json"])
def test_an_output_that_takes_nothing_is_told_in_a_line(tmp_path: Path, more: str) -> None:
    command = f"exec {sys.executable} -m fairbound solve cep/calpads33 {more} >/dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert {line.rpartition(": ")[2] for line in done.stderr.splitlines()} <= {
        "the output cannot be written (No space left on device)",
        "cannot be written (No space left on device)",
    }
    assert not list(tmp_path.iterdir())


DISTRICT = "school_id,enrolled,identified\nadams,366,190\nbaker,792,407\nclark,2503,910\n"
FULL = [
    ("solve d.csv", "2,411.2", "12056/5"),
    ("pareto d.csv --objectives reimbursement,students", "2,411.2", "12056/5"),
    ("audit d.csv plan.csv", "60.38 %", "12056/5"),
    ("compare d.csv --methods membership,levels", "levels", '"levels"'),
    ("analyse cover d.csv", "2,411.20", "12056/5"),
    ("study classes/seed100 --time-limit 1", "matching, regular", "matching, regular"),
]


@pytest.mark.parametrize(("command", "words", "document"), FULL)
@pytest.mark.parametrize("more", ["", "--json"])
def test_a_disk_that_takes_nothing_leaves_every_answer_on_the_screen(
    tmp_path: Path, command: str, words: str, document: str, more: str
) -> None:
    (tmp_path / "d.csv").write_text(DISTRICT)
    (tmp_path / "plan.csv").write_text("school_id,group\nadams,1\nbaker,1\nclark,\n")
    setting = "" if command.startswith("study") else "--set threshold=0.40"
    line = f"ulimit -f 0; exec {sys.executable} -m fairbound {command} {setting} --out o {more}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: o/")
    assert done.stderr.endswith("cannot be written (File too large)\n")
    assert done.stderr.count("\n") == 1
    assert (document if more else words) in done.stdout
    if more:
        json.loads(done.stdout)
    assert not [path for path in (tmp_path / "o").rglob("*") if path.is_file()]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_the_code_is_the_same_where_nobody_can_be_told(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m fairbound solve nowhere.csv >/dev/full 2>/dev/full"
    assert subprocess.run(["bash", "-c", command], check=False, cwd=tmp_path).returncode == 2
