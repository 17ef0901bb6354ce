"""Maps of districts: polygons or cells, a panel for each plan, colours by value."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from bench_rows import row
from fairbound.benchmarks.core.figure import Figure, Mark, Series
from fairbound.benchmarks.core.row import Row
from fairbound.benchmarks.core.static_figures import write_static
from fairbound.benchmarks.transfers.maps import CLASSES, map_figures
from fairbound.models.transfers import PROBLEM, TransferInstance, TransferPlan, evaluate

from fairbound import InputError, load

DISTRICTS = "district,enroll,g0,g1\na,100,60,40\nb,200,20,180\nc,100,0,100\n"
BORDERS = "a,b\na,b\nb,c\n"


def square(name: str | None, x: int) -> dict[str, Any]:
    ring = [[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]
    return {
        "type": "Feature",
        "properties": {"district": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def county(folder: Path, features: list[dict[str, Any]] | None) -> Path:
    table = folder / "county.csv"
    table.write_text(DISTRICTS)
    (folder / "county_borders.csv").write_text(BORDERS)
    if features is not None:
        (folder / "county.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return table


SQUARES = [square("a", 0), square("b", 1), square("c", 2)]
MOVE = [{"from": "a", "to": "b", "students": "10"}, {"from": "b", "to": "a", "students": "20"}]


def asked(name: str, p: str) -> Row:
    instance = load(name, {"p": p})
    assert isinstance(instance, TransferInstance)
    value = evaluate(instance, PROBLEM.read_solution(instance, MOVE)).values["race"]
    return row(
        problem="transfers", instance=name, digest=instance.digest, objective="race", sense="minimize",
        given=f"p={p}", parameters=json.dumps(instance.parameters), primal_bound=str(value),
    )  # fmt: skip


def of(figure: Figure, mark: Mark) -> list[Series]:
    return [series for series in figure.series if series.mark is mark]


def test_each_plan_is_a_panel_of_polygons(tmp_path: Path) -> None:
    name = str(county(tmp_path, SQUARES))
    rows = [asked(name, "0.1"), asked(name, "1")]
    deviation, share = map_figures(rows, lambda key: MOVE)
    [labels] = of(deviation, Mark.LABELS)
    assert labels.hover == ("today", "p = 0.1", "p = 1")
    rings = sum(series.x.count(None) + 1 for series in of(deviation, Mark.AREA))
    assert rings == 9
    assert {series.colour for series in of(deviation, Mark.AREA)} <= set(CLASSES)
    [dots] = of(deviation, Mark.DOTS)
    # a has 60 of 100 students in g0 today where all have 80 of 400; two groups deviate alike: sqrt(2) 0.4.
    assert dots.hover[0] == "a, today: 56.6%, 100 students"
    assert dots.hover[3] == dots.hover[6].replace("p = 1", "p = 0.1")
    assert share.title.startswith("Share of g0: ")
    assert of(share, Mark.DOTS)[0].hover[0] == "a, today: 60.0%, 100 students"
    darkest = next(series for series in of(share, Mark.AREA) if series.colour == CLASSES[-1])
    assert min(x for x in darkest.x if isinstance(x, float)) == 0
    assert len(write_static([deviation], tmp_path / "drawn")) == 4
    assert "p = 0.1" in (tmp_path / "drawn" / "transfers-map-1.csv").read_text()


def test_districts_with_points_get_cells_and_those_without_no_map(tmp_path: Path) -> None:
    planar = load("transfers/planar/6")
    assert isinstance(planar, TransferInstance)
    kept = PROBLEM.solution_rows(planar, TransferPlan(()))
    cells = row(
        problem="transfers", instance="transfers/planar/6", digest=planar.digest, objective="race", sense="minimize",
        parameters=json.dumps(planar.parameters), primal_bound="1",
    )  # fmt: skip
    figure, _ = map_figures([cells], lambda key: kept)
    assert sum(series.x.count(None) + 1 for series in of(figure, Mark.AREA)) == 12
    bare = asked(str(county(tmp_path, None)), "1")
    assert map_figures([bare], lambda key: MOVE) == []


def test_polygons_are_no_part_of_the_question(tmp_path: Path) -> None:
    plain = load(str(county(tmp_path, None)))
    drawn = load(str(county(tmp_path, SQUARES)))
    assert isinstance(drawn, TransferInstance)
    assert drawn.digest == plain.digest
    assert [name for name, _ in drawn.outline] == ["a", "b", "c"]
    assert replace(drawn, p=Fraction(1, 2)).outline == drawn.outline


@pytest.mark.parametrize(
    ("features", "line"),
    [
        (SQUARES[:2], "column district: a district without a polygon: wanted a feature for c (row 4 of county.csv)"),
        ([*SQUARES, square("a", 4)], "row 4, column district: duplicate district: found 'a'"),
        ([*SQUARES, square("z", 4)], "row 4, column district: unknown district: found 'z'"),
        ([*SQUARES, square(None, 4)], "row 4, column district: unknown district"),
        ([], "no features"),
    ],
)
def test_wrong_polygons_are_refused(tmp_path: Path, features: list[dict[str, Any]], line: str) -> None:
    table = county(tmp_path, features)
    with pytest.raises(InputError) as error:
        load(str(table))
    assert str(tmp_path / "county.geojson") in str(error.value)
    assert line in str(error.value)
