"""The atlas: a shock is another threshold and multiplier, exactly; fates, what is at stake, a page without network."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from fairbound.benchmarks.cep import atlas
from fairbound.benchmarks.cep.atlas import District, Found, Point
from fairbound.models.cep import CepInstance, Grouping, School, evaluate, find_rates
from fairbound.models.core.errors import InputError

STATE = """state,District Code,District Name,School Code,total_enrolled,total_eligible
hi,01,North,1,500,400
hi,01,North,2,500,200
ca,01,South,1,600,155
ca,01,South,2,100,10
ca,02,West,1,300,195
ca,03,East,1,300,
"""


def test_a_shock_is_another_threshold_and_multiplier() -> None:
    counts = [(90, 40), (80, 21), (70, 19)]
    schools = tuple(School(f"s{i}", Fraction(n), Fraction(e)) for i, (n, e) in enumerate(counts))
    for percent in (-5, -10, -20, -37):
        kept = 1 + Fraction(percent, 100)
        fallen = tuple(replace(school, identified=school.identified * kept) for school in schools)
        rates, tau, m = find_rates("us48-2627"), Fraction(1, 4), Fraction(8, 5)
        for plan in (Grouping((("s0", "s1", "s2"),)), Grouping((("s0",), ("s1", "s2"))), Grouping((("s1",),))):
            asked = evaluate(CepInstance("d", schools, tau / kept, m * kept, rates=rates), plan)
            truth = evaluate(CepInstance("d", fallen, tau, m, rates=rates), plan)
            assert (asked.values, asked.feasible) == (truth.values, truth.feasible)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "fairbound", "atlas", *arguments]
    return subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "out" / "atlas.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_a_file_of_two_states_becomes_an_atlas(tmp_path: Path) -> None:
    (tmp_path / "state.csv").write_text(STATE)
    asked = ("state.csv", "--by", "state,District Code", "--rates", "2026-27", "--shock", "0,-20", "--out", "out")
    done = run(tmp_path, *asked)
    assert done.returncode == 0, done.stderr
    assert "4 districts, 8 answers (8 new)" in " ".join(done.stdout.split())
    assert "2 have none" in done.stdout  # East has no number of identified students
    found = {(row["name"], row["shock_percent"]): row for row in rows(tmp_path)}
    # A breakfast and a lunch on 180 days. Hawaii: (3.29 - .52) + (6.19 - .59) dollars above the paid rate.
    assert found["North", "0"]["dollars_exact"] == str(Fraction("8.37") * 180 * 960)
    assert found["North", "-20"]["dollars_exact"] == str(Fraction("8.37") * 180 * 768)
    assert found["South", "0"]["students_in_cep"] == "600.0"
    assert (found["South", "-20"]["dollars"], found["South", "-20"]["fate"]) == ("0.0", "falls off CEP")
    assert (found["West", "0"]["fully_funded"], found["West", "-20"]["fate"]) == ("yes", "loses full funding")
    assert {row["level"] for row in rows(tmp_path)} <= {"L2", "L4", ""}
    page = (tmp_path / "out" / "atlas.html").read_text()
    assert "falls off CEP" in page
    assert "src=" not in page.split('id="plotly"')[0]
    again = run(tmp_path, *asked)
    assert "8 answers (0 new)" in " ".join(again.stdout.split())


def test_districts_without_names_are_called_by_what_the_file_was_split_by(tmp_path: Path) -> None:
    text = "district,school_id,enrolled,identified\nElm & Oak,a,100,50\nPine,b,90,60\n"
    (tmp_path / "county.csv").write_text(text)
    asked = ("county.csv", "--by", "district", "--shock", "0,-5,0,-5.0", "--purse", "federal,federal", "--out", "out")
    done = run(tmp_path, *asked)
    assert done.returncode == 0, done.stderr
    assert "2 districts, 4 answers (4 new)" in " ".join(done.stdout.split())
    assert {row["name"] for row in rows(tmp_path)} == {"Elm & Oak", "Pine"}
    page = (tmp_path / "out" / "atlas.html").read_text()
    assert "<h1>CEP atlas of county</h1>" in page
    assert "2 points: rates 2026-27; identified students 0 %, -5 %; purse federal" in page


def district(values: dict[int, tuple[int, int, bool]]) -> District:
    found = {
        Point("2026-27", Fraction(shock), "federal"): Found(Fraction(value), students, full, "L2")
        for shock, (value, students, full) in values.items()
    }
    return District("d", "ca", found=found)


def test_fates_and_what_is_at_stake() -> None:
    base, harder = (Point("2026-27", Fraction(shock), "federal") for shock in (0, -10))
    kinds = {
        "falls off CEP": district({0: (10, 5, True), -10: (0, 0, False)}),
        "loses full funding": district({0: (10, 5, True), -10: (9, 5, False)}),
        "covers fewer": district({0: (10, 5, False), -10: (8, 4, False)}),
        "less money": district({0: (10, 5, False), -10: (9, 5, False)}),
        "as before": district({0: (0, 0, False), -10: (0, 0, False)}),
        "": district({0: (10, 5, True)}),
    }
    assert [atlas.fate(one, base, harder) for one in kinds.values()] == list(kinds)
    assert atlas.at_stake(kinds.values(), base, harder) == 10 + 1 + 2 + 1


@pytest.mark.parametrize(
    ("rates", "shock", "purse", "wrong"),
    [
        ("2030-31", "0", "federal", "--rates: found '2030-31'"),
        ("2026-27", "5", "federal", "--shock: found '5'"),
        ("2026-27", "-100", "federal", "--shock"),
        ("2026-27", "x", "federal", "--shock"),
        ("2026-27", "0", "state", "--purse: found 'state'"),
    ],
)
def test_points_that_cannot_be_are_refused(rates: str, shock: str, purse: str, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        atlas.points([rates], [shock], [purse])


def test_what_an_atlas_settles_is_not_set() -> None:
    asked = atlas.points(["2026-27"], ["0"], ["federal"])
    with pytest.raises(InputError, match="--set: found 'rates', wanted --rates"):
        atlas.plan_atlas("cep/calpads33", asked, {"rates": "none"})
    with pytest.raises(InputError, match="parameter threshold: found 'x'"):
        atlas.plan_atlas("cep/calpads33", asked, {"threshold": "x"})
    with pytest.raises(InputError, match="a fall under which a group can qualify"):
        atlas.plan_atlas("cep/calpads33", atlas.points(["2026-27"], ["-80"], ["federal"]), {})
