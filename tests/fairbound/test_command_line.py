"""The command line as a person uses it: exit codes, one-line errors, JSON, files, resuming."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Run
from fairbound.instances.cep import sources as cep
from fairbound.instances.core.entry import data_file

from fairbound.cli import demo
from fairbound.cli.app import FILES, commands_of


def answer(run: Run, *arguments: str) -> dict[str, object]:
    done = run("solve", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize(
    ("arguments", "value", "schools"),
    [
        (["--set", "threshold=0.40"], "86824/5", "27"),
        (["--set", "threshold=0.25"], "103496/5", "33"),
        (["--objective", "students"], "27054", "25"),
        (["--set", "multiplier=1.3"], "141089/10", "27"),
        (["--set", "multiplier=2.0"], "21706", "27"),
    ],
)
def test_known_answers(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], value: str, schools: str
) -> None:
    document = answer(run, "cep/calpads33", *arguments)
    assert document["primal_bound"] == document["dual_bound"] == value
    assert document["status"] == "optimal"
    assert document["level"] != "L0"
    assert document["gap"] == 0
    assert document["values"]["schools"] == schools  # type: ignore[index]


def test_json_has_every_field_and_nothing_else_on_standard_output(run: Run) -> None:
    done = run("solve", "cep/calpads33", "--method", "membership", "--json")
    document = json.loads(done.stdout)
    wanted = {
        *("problem", "instance", "digest", "parameters", "objective", "sense", "method", "engine", "status"),
        *("termination", "primal_bound", "dual_bound", "primal_bound_float", "dual_bound_float", "gap", "level"),
        *("seconds", "model", "solution", "seed"),
    }
    assert wanted <= set(document)
    assert set(document["seconds"]) == {"build", "compile", "solve", "total", "prove"}
    assert set(document["model"]) == {"columns", "rows", "nonzeros", "integers", "row_range", "matrix_range"}
    assert set(document["engine"]) == {"name", "version", "options"}
    assert len(document["solution"]) == 33
    assert document["digest"] == json.loads(run("instance", "show", "cep/calpads33", "--json").stdout)["digest"]


def test_lexicographic_answers_name_their_stages(run: Run) -> None:
    document = answer(run, "cep/calpads33", "--objective", "full_funding,reimbursement")
    assert document["primal_bound"] == "86761/5"
    assert [(s["objective"], s["primal_bound"]) for s in document["stages"]] == [("full_funding", "2")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["solve", "cep/calpads3"], "wanted one of cep/calpads33"),
        (["solve", "cep/calpads33", "--set", "treshold=1"], "found 'treshold', wanted one of threshold"),
        (["solve", "cep/calpads33", "--set", "threshold=1.5"], "found '1.5', wanted a number in (0, 1]"),
        (["solve", "cep/calpads33", "--set", "threshold"], "wanted KEY=VALUE"),
        (["solve", "cep/calpads33", "--set", "threshold=1", "--set", "threshold=1"], "names a parameter twice"),
        (["solve", "cep/calpads33", "--objective", "money"], "unknown objective of cep"),
        (["solve", "cep/calpads33", "--method", "membersip"], "wanted one of membership"),
        (["solve", "cep/calpads33", "--method", "set_partitioning"], "too many subsets"),
        (["solve", "cep/calpads33", "--workers", "1000"], "workers: found '1000', wanted 1 to"),
        (["list", "cap"], "unknown problem: found 'cap', wanted one of cep"),
        (["instance", "check", "absent.csv"], "absent.csv: no such file"),
        (["sweep", "cep/calpads/*", "-o", "t.csv"], "no instance of that name"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], text: str, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert text in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_too_many_searches_are_refused_before_a_process_is_forked_for_each(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairbound.cli.show.kept", lambda *_, **__: pytest.fail("forked"))
    assert run("solve", "cep/calpads33", "--workers", "1000").returncode == 2


def test_a_broken_table_leaves_nothing_behind(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "district.csv"
    table.write_text("school_id,enrolled,identified\na,10,11\n")
    monkeypatch.chdir(tmp_path)
    done = run("solve", "district.csv", "--out", "results")
    assert done.returncode == 2
    assert done.stderr == (
        "error: district.csv, row 2, column identified: more identified than enrolled: found '11', wanted at most 10 "
        "or --accept over\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["district.csv"]


def test_a_district_from_a_table(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "district.csv"
    table.write_text("school_id,enrolled,identified\na,100,80\nb,120,50\nc,90,30\nd,200,40\n")
    monkeypatch.chdir(tmp_path)
    done = run("solve", "district.csv", "--set", "rates=us48-2324", "--out", "results")
    assert done.returncode == 0, done.stderr
    assert "optimal" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 160
    with (tmp_path / "results" / "solution.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["school_id"] for row in rows] == ["a", "b", "c", "d"]
    document = json.loads((tmp_path / "results" / "result.json").read_text())
    assert document["status"] == "optimal"
    assert "trace" in document


def test_an_infeasible_question_is_answered_no(run: Run) -> None:
    done = run("solve", "cep/calpads33", "--set", "cover=all", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["status"] == "infeasible"


def test_compare_lists_methods_side_by_side(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    methods = "membership,levels,numbered_groups_ordered,set_partitioning,width:3.125,width:12.5,one_group,alone"
    done = run("compare", "cep/calpads33", "--methods", methods, "--out", str(tmp_path / "c"))
    assert done.returncode == 0
    for name in ("membership", "levels", "numbered_groups_ordered", "width:12.5", "one_group", "alone"):
        assert name in done.stdout
    assert "set_partitioning refused: 33 schools" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    documents = json.loads((tmp_path / "c" / "compare.json").read_text())
    assert {d["method"]: d.get("primal_bound") for d in documents}["width:3.125"] == "61249/5"


def test_pareto(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = run("pareto", "cep/calpads33", "--objectives", "reimbursement,students", "--json")
    front = json.loads(done.stdout)
    assert front["complete"]
    assert [(p["reimbursement"], p["students"]) for p in front["points"]] == [
        ("86824/5", "26628"),
        ("86664/5", "27054"),
    ]


SMALL_SUITE = """
name = "small"
title = "A small suite"

[[experiment]]
instances = ["cep/calpads33"]
methods = ["membership", "alone"]
"""


def test_demo_writes_what_it_shows(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first experiment and a small suite; all of it is run from the wheel."""
    (tmp_path / "small.toml").write_text(SMALL_SUITE)
    monkeypatch.setattr(demo, "EXPERIMENTS", demo.EXPERIMENTS[:1])
    monkeypatch.setattr(demo, "SUITE", "small.toml")
    done = run("demo", "--out", "here")
    assert done.returncode == 0, done.stderr
    assert "17,364.8" in done.stdout
    assert "14,235.4" in done.stdout
    assert (tmp_path / "here" / "cep-threshold-0.40" / "solution.csv").is_file()
    assert "open here/report.html in a browser" in done.stdout
    assert "A small suite" in (tmp_path / "here" / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(data_file(cep.US) is None, reason="the national file is not on this machine (FAIRBOUND_DATA)")
def test_a_sweep_says_what_it_did_and_goes_on(run: Run) -> None:
    done = run("sweep", "cep/us/vt/*", "-o", "vt.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("vt.csv: 23 rows, 23 new (23 optimal L2) in ")
    assert run("sweep", "cep/us/vt/*", "-o", "vt.csv").stdout.startswith("vt.csv: 23 rows, 0 new (")
    assert run("sweep", "cep/us/vt/*", "-o", "vt.csv", "--set", "threshold=0.25").stdout.startswith(
        "vt.csv: 23 rows, 23 new ("
    )
    shown = run("bench", "show", "vt.csv.rows")
    assert "46 solves: 46 ok" in shown.stdout


def test_the_program_and_the_module_run() -> None:
    """As processes of their own."""
    program = Path(sys.executable).with_name("fairbound")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout[:10]) == (0, "fairbound ")
    module = subprocess.run([sys.executable, "-m", "fairbound", "list"], capture_output=True, text=True, check=True)
    assert "cep" in module.stdout


def test_no_command_waits_for_what_it_does_not_draw() -> None:
    program = (
        "import sys, fairbound.cli.app; print([m for m in ('matplotlib', 'openpyxl', 'shapely') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_commands_are_where_the_table_says() -> None:
    for file in set(FILES.values()):
        assert set(commands_of(file)) == {name for name, place in FILES.items() if place == file}


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["--version"], ["numpy", "pyomo", "scipy", "highspy", "pandas", "networkx", "fairbound.api"]),
        (["list"], ["numpy", "pyomo", "scipy", "highspy", "pandas", "networkx", "fairbound.api"]),
        (
            ["solve", "cep/calpads33", "--set", "threshold=0.40"],
            ["scipy.stats", "pandas", "networkx", "fairbound.models.transfers", "fairbound.instances.blocks"],
        ),
    ],
)
def test_commands_load_what_they_use(words: list[str], absent: list[str]) -> None:
    program = (
        "import sys; from fairbound.cli import main\n"
        f"sys.argv = ['fairbound', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {absent!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
