"""Growth is measured size by size, in processes, and goes on where it stopped; the roads to HiGHS pass one model."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from fairbound.benchmarks.core import growth, highs_road
from fairbound.benchmarks.core.growth import Line


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fairbound.benchmarks.core.growth", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_family_is_measured_to_its_last_size_and_not_again(tmp_path: Path) -> None:
    words = ("designs/cohort", "--seconds", "20", "--most", "16", "--out", str(tmp_path))
    done = run(*words)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "growth.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["size"] for row in rows] == ["12", "16"]
    assert {row["outcome"] for row in rows} == {"ok"}
    assert {float(row["gap"]) for row in rows} == {0.0}
    assert "Largest closed: 16." in (tmp_path / "growth.md").read_text()
    assert {path.stem for path in tmp_path.glob("*.svg")} == {"growth-seconds", "growth-gap", "growth-memory"}
    marked = (tmp_path / "growth.csv").read_text().replace("halves", "marked")
    (tmp_path / "growth.csv").write_text(marked)
    assert run(*words).stdout.count("method marked") == 2
    assert (tmp_path / "growth.csv").read_text() == marked


def test_what_breaks_is_a_line_and_ends_the_family(tmp_path: Path) -> None:
    lines = [Line("designs/cohort", 12, "killed at the wall limit"), Line("designs/cohort", 16, "ended by -9")]
    growth.write(lines, 20, tmp_path)
    assert growth.read(tmp_path / "growth.csv") == lines
    done = run("designs/cohort", "--seconds", "20", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert growth.read(tmp_path / "growth.csv") == lines
    assert "None closed." in (tmp_path / "growth.md").read_text()


def test_unknown_families_are_refused() -> None:
    done = run("designs/cohorts")
    assert done.returncode == 1
    assert "error: unknown family: found 'designs/cohorts', wanted one of designs/cohort" in done.stderr


def test_the_power_of_growth() -> None:
    lines = [Line("f", n, "ok", gap=0.0, wall=(n / 100) ** 2.0) for n in (100, 200, 400)]
    assert growth.exponent(lines) == pytest.approx(2)
    assert growth.exponent(lines[:2]) is None
    assert growth.exponent([*lines[:2], Line("f", 400, "ok", gap=0.1, wall=16.0)]) is None


def test_every_family_has_its_first_instance() -> None:
    for name, (problem, family) in growth.families().items():
        if name.startswith("cep/"):
            continue  # drawn from a city whose data may be absent
        assert family.instance(family.sizes[0]).problem == problem


@pytest.mark.parametrize("problem", ["cep", "blocks"])
def test_all_roads_pass_the_same_model(problem: str) -> None:
    road = highs_road.roads()[problem]
    try:
        road.instance(300)
    except ValueError as error:
        pytest.skip(str(error))
    ways = [highs_road.OURS, *(way for way in road.others if way != highs_road.PEER or find_spec(way))]
    held = [highs_road.measure(problem, way, 300) for way in ways]
    columns, nonzeros = {run["columns"] for run in held}, {run["nonzeros"] for run in held[:-1]}
    assert len(columns) == len(nonzeros) == 1


def test_one_search_and_two_side_by_side(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fairbound.benchmarks.core.racing", "blocks/grid of 300 (seed 1)", "--out"]
    subprocess.run([*command, str(tmp_path)], check=True, capture_output=True)
    with (tmp_path / "racing.csv").open() as file:
        one, two = csv.DictReader(file)
    assert (one["workers"], two["workers"]) == ("1", "2")
    assert (one["gap"], one["value"]) == (two["gap"], two["value"]) == ("0.0", one["value"])
    assert "| blocks/grid of 300 (seed 1) | 2 | 0 | finished L4 |" in (tmp_path / "racing.md").read_text()
