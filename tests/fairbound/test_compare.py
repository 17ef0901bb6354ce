"""``compare``: a line as each method ends, cheap exact methods first, none for long on what is closed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import stubborn
from command_line import Run
from engines_here import need
from fairbound.instances.cep import sources as cep_instances
from fairbound.models.cep import PROBLEM
from fairbound.solvers.core import comparison, wall
from fairbound.solvers.core.isolation import note_engine_threads
from fairbound.solvers.core.methods import cheapest_first
from fairbound.solvers.core.result import Progress

from fairbound import api
from fairbound.cli.compare import Screen


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comparison, "LEAST_SECONDS", 0.2)
    monkeypatch.setattr(comparison, "TIMES_CLOSING", 1.0)
    wall.close()
    note_engine_threads(1)  # whatever tests before did: only a fork has the methods listed here
    with stubborn.listed():
        yield


def rows(folder: str) -> dict[str, dict[str, str]]:
    with Path(folder, "compare.csv").open() as stream:
        return {row["method"]: row for row in csv.DictReader(stream)}


def test_a_closed_question_is_not_run_to_the_limit(run: Run) -> None:
    words = ("compare", "cep/calpads33", "--methods", "membership,deaf,mute,levels,alone", "--out", "o")
    code, out, _ = run(*words)
    assert code == 0
    found = rows("o")
    statuses = [row["status"] for row in found.values()]
    assert statuses == ["optimal", "skipped", "skipped", "optimal", "feasible"]
    assert [row["level"] for row in found.values()] == ["L4", "", "", "L1", "L1"]
    assert [found[name]["note"] for name in ("deaf", "mute")] == ["skipped: closed by membership"] * 2
    assert (found["deaf"]["bound"], found["mute"]["bound"]) == ("1000000", "")
    assert "deaf, mute skipped: closed by membership" in out
    documents = {document["method"]: document for document in json.loads(Path("o/compare.json").read_text())}
    assert documents["mute"]["skipped"] == "closed by membership"
    assert "skipped" not in documents["levels"]


def test_all_runs_methods_to_their_limit(run: Run) -> None:
    words = ("compare", "cep/calpads33", "--methods", "membership,deaf", "--out", "o")
    assert run(*words, "--all", "--time-limit", "0.5").returncode == 0
    found = rows("o")["deaf"]
    assert (found["status"], found["level"]) == ("feasible", "L1")
    assert "did not heed its limit of 0.5 s" in found["note"]


def test_an_open_question_has_the_whole_limit(run: Run) -> None:
    assert (
        run("compare", "cep/calpads33", "--methods", "alone,mute", "--time-limit", "0.3", "--out", "o").returncode == 0
    )
    assert rows("o")["mute"]["status"] == "unknown"


def test_each_line_is_there_when_its_method_ends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a later method tells its first progress, the lines before it are printed and written."""
    seen: list[tuple[bool, list[str]]] = []
    printed: list[str] = []
    monkeypatch.setattr(Screen, "_print", lambda self, text, style=None: printed.append(text))

    def compare(*arguments: object, **more: object) -> object:
        shown = more["on_progress"]

        def on_progress(moment: Progress) -> None:
            if moment.nodes == 7:  # the stubborn one
                seen.append((any(text.startswith("membership") for text in printed), list(rows("o"))))
            shown(moment)  # type: ignore[operator]

        return real(*arguments, **{**more, "on_progress": on_progress})

    real = api.compare
    monkeypatch.setattr(api, "compare", compare)
    assert run("compare", "cep/calpads33", "--methods", "membership,deaf,alone", "--out", "o").returncode == 0
    assert seen == [(True, ["membership"])]


def test_cheap_exact_methods_come_first_and_baselines_last(run: Run) -> None:
    order = [method.name for method in cheapest_first(PROBLEM)]
    assert order[:3] == ["everyone_or_nobody", "slack_table", "subset_dp"]
    assert run("compare", "cep/calpads33", "--methods", "alone,levels,membership", "--out", "o").returncode == 0
    assert list(rows("o")) == ["levels", "membership", "alone"]


def test_a_narrow_terminal_loses_columns_and_never_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(PROBLEM, "d", ["membership"])
    monkeypatch.setenv("COLUMNS", "120")
    assert list(screen._exact_widths())[4:] == ["LP bound", "nodes", "size", "seconds", "gap"]
    monkeypatch.setenv("COLUMNS", "100")
    assert list(screen._exact_widths())[4:] == ["LP bound", "nodes", "seconds", "gap"]
    monkeypatch.setenv("COLUMNS", "80")
    assert list(screen._exact_widths())[4:] == ["seconds", "gap"]
    widths = screen._exact_widths()
    row = dict.fromkeys(widths, "x") | {"value": "123,456,789,012,345.6789"}
    assert "123,456,789,012,345.6789" in screen._row(row, widths)


def test_the_table_holds_numbers(run: Run) -> None:
    """Every cell is a number in full, a share and no percent, with the exact fraction beside it, or a word."""
    methods = "membership,levels,width:12.5,alone"
    assert run("compare", "cep/calpads33", "--methods", methods, "--out", "o").returncode == 0
    found = rows("o")
    best = found["membership"]
    assert (best["value"], best["value_exact"]) == ("17364.8", "86824/5")
    assert (best["bound"], best["bound_exact"]) == ("17364.8", "86824/5")
    assert best["gap"] == "0.0"
    heuristic = found["width:12.5"]
    assert (heuristic["value"], heuristic["value_exact"]) == ("17333", "17333")
    assert (heuristic["bound"], heuristic["bound_exact"]) == ("", "")
    assert float(heuristic["shortfall"]) == float((Fraction(86824, 5) - 17333) / Fraction(86824, 5))
    words = {"method", "status", "level", "note"}
    for row in found.values():
        for name, cell in row.items():
            if name.endswith("_exact"):
                assert not cell or Fraction(cell) == Fraction(row[name.removesuffix("_exact")]).limit_denominator(10**6)
            elif name not in words:
                assert not cell or repr(float(cell)) == cell or str(int(cell)) == cell, name
    [bound] = [value.relaxation for value in api.compare(cep_instances.calpads33(), methods=["levels"])]
    assert float(found["levels"]["relaxation"]) == bound


def test_python_hears_lines_too() -> None:
    heard: list[str] = []
    lines = api.compare(
        cep_instances.calpads33(), methods=["alone", "membership"], on_line=lambda line: heard.append(line.method.name)
    )
    assert heard == [line.method.name for line in lines] == ["membership", "alone"]


def test_formulations_on_engines_side_by_side(run: Run) -> None:
    """Baselines run once; an engine that does not take the model is a line that says so, and the rest goes on."""
    need("cpsat")
    words = ("compare", "cep/calpads33", "--methods", "membership,one_group", "--set", "threshold=0.40")
    code, out, _ = run(*words, "--engine", "highs,cpsat,highs-nopresolve", "--all", "--out", "o")
    assert code == 0
    found = rows("o")
    assert list(found) == ["membership", "membership@cpsat", "membership@highs-nopresolve", "one_group"]
    assert [row["status"] for row in found.values()] == ["optimal", "refused", "optimal", "feasible"]
    assert found["membership"]["value_exact"] == found["membership@highs-nopresolve"]["value_exact"] == "86824/5"
    refused = "membership@cpsat refused: engine cpsat refuses the model: some columns need not be whole"
    assert refused in " ".join(out.split())
    code, _, error = run(*words, "--engine", "hihgs")
    assert (code, "unknown engine: found 'hihgs'" in error) == (2, True)
