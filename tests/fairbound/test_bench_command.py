"""``fairbound bench`` and ``fairbound export`` as people type them."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from command_line import Done

from fairbound.cli import main

SUITE = """
name = "two"
title = "Two methods"
[[experiment]]
instances = ["cep/calpads33"]
methods = ["membership", "width:12.5"]
relaxations = true
"""


def fairbound(*words: object, cwd: Path) -> Done:
    """Run the command line in this process: importing everything anew for each command is slow."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["fairbound", *map(str, words)])
        try:
            code = main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a suite and its results in ``a`` and ``b``."""
    made = tmp_path_factory.mktemp("bench")
    (made / "two.toml").write_text(SUITE)
    for name in ("a", "b"):
        done = fairbound("bench", "run", "two.toml", "--out", name, cwd=made)
        assert done.returncode == 0, done.stderr
        assert f"{name}: 3 of 3 solves (3 new)" in done.stdout
    return made


def test_a_second_run_has_nothing_to_do(folder: Path) -> None:
    done = fairbound("bench", "run", "two.toml", "--out", "a", cwd=folder)
    assert (done.returncode, "3 of 3 solves (0 new)" in done.stdout) == (0, True)
    assert (folder / "a" / "results.parquet").is_file()


def test_show(folder: Path) -> None:
    done = fairbound("bench", "show", "a", cwd=folder)
    assert done.returncode == 0
    for words in ("17,364.8", "membership", "width:12.5", "0.183 %", "3 solves: 3 ok"):
        assert words in done.stdout
    assert fairbound("bench", "show", "a/results.parquet", cwd=folder).stdout == done.stdout


def test_report(folder: Path) -> None:
    done = fairbound("bench", "report", "a", "--title", "Mine", "--no-static", cwd=folder)
    assert (done.returncode, done.stdout.split()) == (0, ["written:", "a/report.html"])
    assert "<h1>Mine</h1>" in (folder / "a" / "report.html").read_text()


def test_diff(folder: Path) -> None:
    done = fairbound("bench", "diff", "a", "b", cwd=folder)
    assert done.returncode == 0
    assert "beyond its noise" in done.stdout


def test_references(tmp_path: Path, folder: Path) -> None:
    done = fairbound("bench", "references", "--update", folder / "a", "--table", "table", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 rows taken" in done.stdout
    done = fairbound("bench", "references", "--table", "table", cwd=tmp_path)
    assert done.returncode == 0
    assert "cep-calpads33-reimbursement" in done.stdout
    done = fairbound("bench", "references", "--verify", "--table", "table", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 references, 0 wrong: 1 " in done.stdout
    table = tmp_path / "table" / "cep.csv"
    table.write_text(table.read_text().replace("86824/5", "86825/5", 1))
    done = fairbound("bench", "references", "--verify", "--table", "table", cwd=tmp_path)
    assert done.returncode == 1
    assert "1 references, 1 wrong" in done.stdout


def test_the_library_is_measured_exported_and_taken_from(tmp_path: Path, folder: Path) -> None:
    row, table = "cep-calpads33-reimbursement", ("--table", "table")
    fairbound("bench", "references", "--update", folder / "a", *table, cwd=tmp_path)
    done = fairbound("bench", "references", "--measure", "--engines", "highs", "--seconds", "5", *table, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 rows have statistics\n1 claims\n")
    assert f"{row},membership,mps,-1,34,33,3," in (tmp_path / "table" / "statistics.csv").read_text()
    assert f"{row},highs," in (tmp_path / "table" / "engines.csv").read_text()
    done = fairbound("bench", "references", "--export", "out", *table, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "written: out\n")
    assert (tmp_path / "out" / "library.solu").read_text() == f"=opt= {row} -86824/5\n"
    start = tmp_path / "out" / "starts" / f"{row}.sol"
    done = fairbound("bench", "references", "--submit", start, "--row", row, "--name", "Ada", *table, cwd=tmp_path)
    assert done.returncode == 2
    assert "no better than what stands" in done.stderr
    assert done.stderr.count("\n") == 1


def test_suites(tmp_path: Path) -> None:
    assert "Every seed's experiment beside its exact answer" in fairbound("bench", "suites", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nothing", "--out", "x"), "error: unknown suite: found 'nothing'"),
        (("run", "smoke", "--out", "x", "--retry", "lost"), "error: --retry: found 'lost', wanted ok, timeout"),
        (("report", "x"), "error: x: no results here"),
        (("references", "--engines", "x"), "error: unknown engine: found 'x'"),
        (("diff", "x", "y"), "error: x: no results here"),
    ],
)
def test_wrong_input_is_one_line_and_code_2(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = fairbound("bench", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


def test_export(tmp_path: Path) -> None:
    done = fairbound(
        "export", "cep/calpads33", "--formulation", "levels", "--format", "mps", "-o", "m.txt", cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, "written: m.txt\n")
    assert "eq12_level(level0)" in (tmp_path / "m.txt").read_text()
    done = fairbound("export", "cep/calpads33", "--formulation", "level", "-o", "m.lp", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown formulation of cep: found 'level', wanted one of levels")
