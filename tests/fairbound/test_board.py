"""What --out writes for those who decide: it says no more than was proven, and every number is exact somewhere."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
import shapely
from fairbound.models.cep import CepInstance, Grouping, School, evaluate
from fairbound.models.cep.decisions import decisions, reasons
from fairbound.models.core.registry import find_problem
from hypothesis import given, settings
from hypothesis import strategies as st

import fairbound
from fairbound.cli.board import board_page, verdict, write_decision

SMALL = {
    "cep": "cep/calpads33",
    "blocks": "blocks/grid100",
    "applicants": "applicants/sfusd65",
    "transfers": "transfers/planar9",
    "designs": "designs/seed16",
}


def solved(name: str) -> tuple[fairbound.Instance, fairbound.Result]:
    asked = fairbound.load(name)
    return asked, fairbound.solve(asked, settings=fairbound.Settings(time_limit=20))


@pytest.mark.parametrize("problem", SMALL)
def test_every_problem_writes_a_page_and_its_tables(tmp_path: Path, problem: str) -> None:
    asked, result = solved(SMALL[problem])
    kind = find_problem(problem)
    write_decision(kind, asked, result, tmp_path)
    page = (tmp_path / "board.html").read_text()
    assert verdict(result)[0] in page
    assert asked.digest in page
    assert "<svg" in page
    assert "<script" not in page
    with (tmp_path / "plan.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(list((kind.decisions or kind.solution_rows)(asked, result.solution)))
    for row in rows:
        for name, cell in row.items():
            if name.endswith("_exact") and cell:
                assert float(Fraction(cell)) == float(row[name.removesuffix("_exact")])
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert book.sheetnames[-1] == "about"
    assert book["plan"].max_row == len(rows) + 1


def test_a_page_says_no_more_than_was_proven() -> None:
    asked, result = solved("cep/calpads33")
    assert verdict(result) == ("No plan that keeps the rules is better. This is proven.", "kept")
    claimed = replace(result, proven=None)
    assert verdict(claimed) == ("The engine claims that no plan is better. This is not proven.", "open")
    assert result.proven is not None
    loose = replace(result, proven=replace(result.proven, value=result.proven.value * Fraction(11, 10)))
    assert "may be better by 10.00 % at most. This is proven." in verdict(loose)[0]
    broken = replace(result, violations=("a rule",))
    assert verdict(broken)[1] == "broken"
    page = board_page(find_problem("cep"), asked, claimed, decisions(asked, claimed.solution), Path("out"))
    assert "nothing is proven" in page
    assert "This is proven" not in page


def test_text_that_looks_like_a_formula_or_a_tag_stays_text(tmp_path: Path) -> None:
    schools = (School("=1+1", Fraction(100), Fraction(60), "<b>x</b>"), School("b", Fraction(50), Fraction(1)))
    asked = CepInstance("d", schools)
    write_decision(find_problem("cep"), asked, fairbound.solve(asked), tmp_path)
    assert "'=1+1" in (tmp_path / "plan.csv").read_text()
    cell = openpyxl.load_workbook(tmp_path / "plan.xlsx")["plan"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    page = (tmp_path / "board.html").read_text()
    assert "<b>x" not in page


def test_zones_are_the_union_of_their_units(tmp_path: Path) -> None:
    names = ["unit", "students", "group:g", "today", "school"]
    rows = [("a", 40, 20, "A", "A"), ("b", 40, 10, "A", None), ("c", 40, 10, "B", "B"), ("d", 40, 10, "B", None)]
    features = []
    for i, row in enumerate(rows):
        ring = [[i, 0], [i + 1, 0], [i + 1, 1], [i, 1], [i, 0]]
        hole = [[i + 0.25, 0.25], [i + 0.5, 0.25], [i + 0.5, 0.5], [i + 0.25, 0.25]]
        geometry = {"type": "Polygon", "coordinates": [ring, hole]}
        features.append({"type": "Feature", "properties": dict(zip(names, row, strict=True)), "geometry": geometry})
    (tmp_path / "city.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    asked = fairbound.load(tmp_path / "city.geojson")
    result = fairbound.solve(asked, objective="rezoned")
    write_decision(find_problem("blocks"), asked, result, tmp_path / "out")
    zones = json.loads((tmp_path / "out" / "zones.geojson").read_text())["features"]
    assert [zone["properties"]["school"] for zone in zones] == ["A", "B"]
    for zone, left in zip(zones, (0, 2), strict=True):
        shape = shapely.from_geojson(json.dumps(zone["geometry"]))
        assert shape.bounds == (left, 0, left + 2, 1)
        assert shape.area == pytest.approx(2 - 2 * 0.03125)
        assert zone["properties"]["students"] == 80


SCHOOLS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(-20, 20)).map(
        lambda t: (max(t[0], t[1]), min(t[0], t[1]), t[2])
    ),
    min_size=1,
    max_size=5,
)


def moves(grouping: Grouping, name: str) -> Iterator[tuple[str, Grouping]]:
    """Every other place of one school."""
    rest = [[i for i in group if i != name] for group in grouping.groups]
    home = next((g for g, group in enumerate(grouping.groups) if name in group), None)
    if home is not None:
        yield "outside", Grouping.of(rest)
    for g in range(len(rest)):
        if g != home:
            yield f"group {g + 1}", Grouping.of([*group, name] if h == g else group for h, group in enumerate(rest))
    if home is None or len(grouping.groups[home]) > 1:
        yield "a group of its own", Grouping.of([*rest, [name]])


@settings(deadline=None, max_examples=150)
@given(SCHOOLS, st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_what_changes_if_one_school_moves(counts: list[tuple[int, int, int]], homes: list[int]) -> None:
    schools = tuple(School(f"s{i}", Fraction(n), Fraction(e), gain=Fraction(g)) for i, (n, e, g) in enumerate(counts))
    asked = CepInstance("d", schools)
    groups: dict[int, list[str]] = {}
    for school, home in zip(schools, homes, strict=False):
        if home:
            groups.setdefault(home, []).append(school.id)
    plan = Grouping.of(groups.values())
    now = evaluate(asked, plan)
    if not now.feasible:
        return
    for row in decisions(asked, plan):
        found = [evaluate(asked, other) for _, other in moves(plan, str(row["school_id"]))]
        best = [e.values["reimbursement"] for e in found if e.feasible]
        change = max(best) - now.values["reimbursement"] if best else None
        assert row["change_if_moved"] == change
    outside = [row for row in decisions(asked, plan) if not row["group"]]
    assert len(reasons(decisions(asked, plan))) == len(outside)
