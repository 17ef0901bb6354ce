"""Cities as people have them: several schools in a unit, second campuses, no travel, dual graphs, geographic files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from fairbound.instances.core.entry import data_file
from fairbound.models.core.errors import InputError

import fairbound

CITY = """unit,students,group:g,today,school,x,y,neighbours
a,40,20,A,A,0,0,b
b,40,10,A,,1,0,a;c
c,40,10,B,,2,0,b;d
d,40,20,B,B,3,0,c
"""


def changed(parts: dict[str, str]) -> str:
    text = CITY
    for old, new in parts.items():
        assert old in text
        text = text.replace(old, new)
    return text


def load(folder: Path, text: str, name: str = "d.csv", **parameters: str) -> fairbound.Instance:
    (folder / name).write_text(text)
    return fairbound.load(folder / name, parameters)


def test_zones_in_pieces_may_stay_so_and_are_named(tmp_path: Path) -> None:
    """Field case 22: unit d lies apart in today's zone of A."""
    text = changed({"b,40,10,A": "b,40,10,B", "d,40,20,B,B": "d,40,20,A,", "c,40,10,B,": "c,40,10,B,B"})
    loose = {"seats_tolerance": "1", "travel_ratio": "none"}
    strict = load(tmp_path, text, rezoned_share="0", **loose)
    assert fairbound.solve(strict).status == "infeasible"
    [said] = fairbound.models.blocks.PROBLEM.assumptions(strict)
    assert said.startswith("today's zone of A is in 2 pieces (d lies apart): the new ones must be connected")
    kept = fairbound.solve(load(tmp_path, text, rezoned_share="0", contiguous="no_worse", **loose))
    assert kept.status == "optimal"
    assert kept.solution is not None
    assert kept.solution.schools == ("A", "B", "B", "A")
    joined = fairbound.solve(load(tmp_path, text, rezoned_share="0", borders="a+d", **loose))
    assert joined.status == "optimal"


def test_two_schools_in_a_unit_have_a_campus_each(tmp_path: Path) -> None:
    text = """unit,students,group:g,today,school,seats,x,y,neighbours
a,40,20,A,A,60,0,0,b
b,40,10,A,M;N,30;40,1,0,a;c
c,40,10,B,,,2,0,b;d
d,40,20,B,B,60,3,0,c
"""
    city = load(tmp_path, text, seats_tolerance="0.5", travel_ratio="none")
    assert [(s.id, s.unit, int(s.seats)) for s in city.schools] == [
        ("A", "a", 60),
        ("M", "b (M)", 30),
        ("N", "b (N)", 40),
        ("B", "d", 60),
    ]
    assert city.repairs == ("unit b holds several schools (M, N): each has a campus beside it, without students",)
    assert [int(distance) for distance in city.travel[4]] == [1, 0, 0, 2]
    result = fairbound.solve(city)
    assert result.status == "optimal"
    with pytest.raises(InputError, match="row 3, column seats: seats: found '30', wanted 2 numbers joined by ;"):
        load(tmp_path, text.replace("30;40", "30"))


def test_a_second_campus_holds_its_zone_together(tmp_path: Path) -> None:
    text = changed({"d,40,20,B,B": "d,40,20,A,A", "c,40,10,B,": "c,40,10,B,B", "b,40,10,A": "b,40,10,B"})
    city = load(tmp_path, text, seats_tolerance="0", travel_ratio="none")
    assert [(s.id, s.unit, int(s.seats)) for s in city.schools] == [("A", "a", 80), ("B", "c", 80)]
    assert city.parameters["forced"] == "d=A"
    assert city.parameters["borders"] == "a+d"
    assert [int(distance) for distance in city.travel[3]] == [0, 1]  # to the nearer campus
    result = fairbound.solve(city, objective="rezoned")
    assert result.primal_bound == 0
    assert city.repairs == ("school A has 2 campuses: a, d",)


def test_no_travel_is_no_way(tmp_path: Path) -> None:
    text = """unit,students,group:g,today,school,travel:A,travel:B,neighbours
a,40,20,A,A,0,,b
b,40,10,A,,1,1,a;c
c,40,10,B,B,2,0,b
"""
    city = load(tmp_path, text, seats_tolerance="1", travel_ratio="none")
    assert city.parameters["barred"] == "a=B"
    assert city.repairs == ("1 pairs of a unit and a school without travel: the unit may not attend it",)
    with pytest.raises(InputError, match="a unit that may not attend its school of today: found 'a=A'"):
        load(tmp_path, text.replace("A,A,0,,b", "A,A,,1,b"))


GRAPH = {
    "directed": False,
    "nodes": [
        {"id": 0, "GEOID": "060750101001", "POP": 90, "group:g": 40, "x": 0, "y": 0},
        {"id": 1, "GEOID": "060750101002", "POP": 80, "group:g": 30, "x": 1, "y": 0},
        {"id": 2, "GEOID": "060750101003", "POP": 90, "group:g": 10, "x": 2, "y": 0},
    ],
    "adjacency": [[{"id": 1, "shared_perim": 1.5}], [{"id": 0, "shared_perim": 1.5}, {"id": 2}], [{"id": 1}]],
}
ASSIGNMENT = "GEOID,assignment,school\n60750101001,A,A\n1500000US060750101002,A,\n060750101003.0,B,B\n"


def test_a_dual_graph_with_an_assignment_beside_it(tmp_path: Path) -> None:
    (tmp_path / "city.json").write_text(json.dumps(GRAPH))
    (tmp_path / "city_assignment.csv").write_text(ASSIGNMENT)
    city = fairbound.load(f"{tmp_path / 'city.json'}#map=students=POP")
    assert [(u.id, u.students, u.today) for u in city.units] == [
        ("060750101001", 90, "A"),
        ("060750101002", 80, "A"),
        ("060750101003", 90, "B"),
    ]
    assert [b.length for b in city.borders] == [1.5, None]
    assert [(s.id, s.unit) for s in city.schools] == [("A", "060750101001"), ("B", "060750101003")]
    assert "city_assignment.csv: 3 rows joined, 0 not" in city.repairs
    (tmp_path / "city_assignment.csv").write_text(ASSIGNMENT.replace("0750101", "9750101"))
    with pytest.raises(InputError, match="units of another city: found '3 rows'"):
        fairbound.load(f"{tmp_path / 'city.json'}#map=students=POP")
    (tmp_path / "city_assignment.csv").unlink()
    broken = {**GRAPH, "adjacency": [[{"id": 7}], [], []]}
    (tmp_path / "city.json").write_text(json.dumps(broken))
    with pytest.raises(InputError, match=r"no dual graph: found .*7.*, wanted edges between its nodes"):
        fairbound.load(f"{tmp_path / 'city.json'}#map=students=POP")


def squares() -> dict[str, object]:
    names = ["unit", "students", "group:g", "today", "school"]
    rows = [("a", 40, 20, "A", "A"), ("b", 40, 10, "A", None), ("c", 40, 10, "B", "B")]
    features = []
    for i, row in enumerate(rows):
        ring = [[i, 0], [i + 1, 0], [i + 1, 1], [i, 1], [i, 0]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": dict(zip(names, row, strict=True)), "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


@pytest.mark.parametrize("suffix", ["gpkg", "shp"])
def test_geographic_files_are_as_geojson(tmp_path: Path, suffix: str) -> None:
    pyogrio = pytest.importorskip("pyogrio", reason="the extra geo is not installed")
    import numpy as np

    document = squares()
    (tmp_path / "city.geojson").write_text(json.dumps(document))
    truth = fairbound.load(tmp_path / "city.geojson")
    features = document["features"]
    assert isinstance(features, list)
    columns = list(features[0]["properties"])
    shapes, data = np.empty(len(features), dtype=object), []
    for i, feature in enumerate(features):
        shapes[i] = shapely.to_wkb(shapely.from_geojson(json.dumps(feature["geometry"])))
    for column in columns:
        kind = int if column in ("students", "group:g") else object
        data.append(np.array([feature["properties"][column] for feature in features], dtype=kind))
    named = [column.replace(":", "_") for column in columns]  # shapefiles know no colon
    driver = {"gpkg": "GPKG", "shp": "ESRI Shapefile"}[suffix]
    path = tmp_path / f"city.{suffix}"
    pyogrio.raw.write(path, shapes, data, named, geometry_type="Polygon", crs="EPSG:26910", driver=driver)
    (tmp_path / "city.geojson").unlink()
    city = fairbound.load(tmp_path / f"city.{suffix}")
    assert city.repairs[0] == "coordinates are of EPSG:26910"
    assert [(u.id, u.students, u.groups, u.today) for u in city.units] == [
        (u.id, u.students, u.groups, u.today) for u in truth.units
    ]
    assert {(b.one, b.other) for b in city.borders} == {(b.one, b.other) for b in truth.borders}
    assert city.travel == truth.travel


@pytest.mark.skipif(data_file("blocks/sf_tract2010_units.geojson") is None, reason="the real tracts are not here")
def test_tracts_in_degrees_have_the_same_nearest_schools_as_in_metres(tmp_path: Path) -> None:
    """San Francisco: 194 tracts as longitude and latitude, one of which crosses itself."""
    source = data_file("blocks/sf_tract2010_units.geojson")
    assert source is not None
    metres = fairbound.load("blocks/sf194")
    (tmp_path / "sf.geojson").write_bytes(source.read_bytes())
    stands = {school.unit: school.id for school in metres.schools}
    rows = [f"{unit.id},{unit.today},{stands.get(unit.id, '')},{unit.groups[0]}" for unit in metres.units]
    (tmp_path / "sf_units.csv").write_text("\n".join(["unit,today,school,group:g", *rows]) + "\n")
    with pytest.raises(InputError, match="row 162: invalid geometry of unit 161: found 'Self-intersection"):
        fairbound.load(tmp_path / "sf.geojson")
    degrees = fairbound.load(f"{tmp_path / 'sf.geojson'}#accept=shapes")
    assert "accepted (shapes): row 162: invalid geometry of unit 161" in degrees.repairs

    def nearest(city: fairbound.Instance) -> list[str]:
        ids = [school.id for school in city.schools]
        return [min(zip(row, ids, strict=True))[1] for row in city.travel]

    assert nearest(degrees) == nearest(metres)
