"""Cities and applicants from files, and what is refused before any engine sees it."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from fairbound.instances.applicants.sources import load_tables
from fairbound.instances.blocks.grid_city import grid_city
from fairbound.instances.core import catalogue
from fairbound.instances.core.entry import data_file
from fairbound.models.blocks import Zoning, evaluate
from fairbound.models.core.errors import InputError

import fairbound

GRAPH: dict[str, Any] = {
    "n": 4,
    "k": 2,
    "roots": [0, 3],
    "students": [10, 20, 30, 40],
    "group": [5, 5, 10, 30],
    "xy": [[0, 0], [1, 0], [2.5, 0], [3, 0]],
    "edges": [[0, 1], [1, 2], [2, 3]],
}


def write(tmp_path: Path, **changes: Any) -> str:
    path = tmp_path / "city.json"
    path.write_text(json.dumps(GRAPH | changes))
    return str(path)


def test_json_city(tmp_path: Path) -> None:
    city = fairbound.load(write(tmp_path))
    assert [unit.today for unit in city.units] == ["s0", "s0", "s1", "s1"]
    assert [school.seats for school in city.schools] == [30, 70]
    assert city.travel[2] == (Fraction("2.5"), Fraction("0.5"))
    assert not city.repairs
    assert fairbound.load(write(tmp_path, name="a city", sheets=[1])).repairs == ("fields that are not read: 'sheets'",)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"seats": [20, 30]}, ["cannot hold the students", "43 short", "100 students"]),
        ({"seats": [100, 100]}, ["cannot fill the seats"]),
        ({"roots": [0, 9]}, ["roots", "9", "below 4"]),
        ({"edges": [[0, 1], [1, 7]]}, ["edges", "7", "below 4"]),
        ({"edges": [[0, 1], [2, 2]]}, ["two different units"]),
        ({"edges": [[0, 1]]}, ["part of the city without a school", "1 unit (2)"]),
        ({"group": [11, 5, 10, 30]}, ["group", "11 in unit 0", "at most its 10"]),
        ({"students": [10, 20, 30]}, ["students", "3 values", "a list of 4"]),
        ({"students": [10, 20, 30, "many"]}, ["students", "many", "a whole number"]),
        ({"students": [10, 20, 30, 10**15]}, ["students", "below 1e15"]),
        ({"xy": [[0, 0], [1, 0], [2, 0], [3]]}, ["xy", "pairs of numbers"]),
    ],
)
def test_refused_graphs(tmp_path: Path, changes: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(InputError) as error:
        fairbound.load(write(tmp_path, **changes))
    for part in parts:
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_parameter_can_mend_what_the_data_refuse(tmp_path: Path) -> None:
    path = write(tmp_path, seats=[20, 30], edges=[[0, 1]])
    with pytest.raises(InputError, match="cannot hold the students: 43 short"):
        fairbound.load(path)
    with pytest.raises(InputError, match="part of the city without a school"):
        fairbound.load(path, {"seats_tolerance": "1"})
    city = fairbound.load(path, {"seats_tolerance": "3", "contiguous": "no"})
    assert fairbound.solve(city).status is fairbound.Status.OPTIMAL


def test_a_city_that_hangs_together_by_corners(tmp_path: Path) -> None:
    path = rectangles(tmp_path, (0, 0, 1, 1), (1, 1, 2, 2))
    with pytest.raises(InputError, match=r"1 unit \(b\) with no way to the rest; 1 contact at a point is no border"):
        fairbound.load(str(path))


def test_missing_field(tmp_path: Path) -> None:
    path = tmp_path / "city.json"
    path.write_text(json.dumps({key: value for key, value in GRAPH.items() if key != "students"}))
    with pytest.raises(InputError, match="students"):
        fairbound.load(str(path))


CSV = """unit,students,group:black,group:asian,today,school,income,x,y,neighbours
a,10,4,1,north,north,50000,0,0,b;c
b,12,2,2,north,,60000,0,1,a;d
c,11,6,0,south,,40000,1,0,a;d
d,9,1,3,south,south,80000,1,1,b;c
"""


def test_csv_city(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_text(CSV)
    city = fairbound.load(str(path))
    assert len(city.borders) == 4
    assert city.group_names == ("black", "asian")
    values = evaluate(city, Zoning.of(city, city.today)).values
    # Shares of the group: 6/22 and 7/20 of all 42 with 13.
    assert values["max_share_deviation"] == abs(Fraction(7, 20) - Fraction(13, 42))
    assert values["tvd"] == Fraction(1, 2 * 42 * 42) * 2 * (
        abs(42 * 6 - 13 * 22) + abs(42 * 3 - 6 * 22) + abs(42 * 13 - 23 * 22)
    )
    assert values["income"] > 0


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("b;c\n", "b;z\n", ["row 2", "neighbours", "'z'"]),
        ("a,10,", "a,ten,", ["row 2", "students", "'ten'"]),
        ("c,11,6", "c,11,60", ["unit c"]),
        ("south,south", "south,west", ["row 4", "today", "'south'"]),
        (",neighbours", ",next", ["neighbours"]),
    ],
)
def test_refused_tables(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    path = tmp_path / "units.csv"
    path.write_text(CSV.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        fairbound.load(str(path))
    for part in parts:
        assert part in str(error.value)


def square(x: int, y: int, **properties: object) -> dict[str, Any]:
    ring = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def four_squares(tmp_path: Path) -> Path:
    features = [
        square(
            x,
            y,
            unit=f"{x}{y}",
            students=10,
            today="s" if x == 0 else "t",
            school={"00": "s", "11": "t"}.get(f"{x}{y}", ""),
        )
        for x in (0, 1)
        for y in (0, 1)
    ]
    for feature in features:
        feature["properties"]["group:g"] = 3
    path = tmp_path / "units.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_corners_are_no_borders(tmp_path: Path) -> None:
    city = fairbound.load(str(four_squares(tmp_path)))
    assert {(border.one, border.other) for border in city.borders} == {
        ("00", "01"),
        ("00", "10"),
        ("01", "11"),
        ("10", "11"),
    }
    assert all(border.length == 1 for border in city.borders)
    assert city.repairs == ("2 contacts at points are no borders",)


def rectangles(tmp_path: Path, *boxes: tuple[float, float, float, float]) -> Path:
    """Units a, b, ... from boxes (left, bottom, right, top); the school stands in a."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "unit": unit,
                "students": 10,
                "group:g": 3,
                "today": "s",
                "school": "s" if unit == "a" else "",
            },
            "geometry": {"type": "Polygon", "coordinates": [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]]},
        }
        for unit, (x0, y0, x1, y1) in zip("abcdef", boxes, strict=False)
    ]
    path = tmp_path / "rectangles.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def lengths(path: Path) -> dict[str, float]:
    return {border.one + border.other: float(border.length or 0) for border in fairbound.load(str(path)).borders}


def test_borders_that_meet_half_way_along_a_side(tmp_path: Path) -> None:
    """A wide unit over two narrow ones: T-junctions, no vertex of the wide one where they meet."""
    assert lengths(rectangles(tmp_path, (0, 1, 3, 2), (0, 0, 1, 1), (1, 0, 3, 1))) == {"ab": 1, "ac": 2, "bc": 1}
    # Only part of either side is shared, and no vertex at all.
    assert lengths(rectangles(tmp_path, (0, 1, 2, 2), (0.5, 0, 1.25, 1), (1.25, 0, 2.5, 1)))["ac"] == 0.75


def test_slivers_are_borders_and_corners_are_not(tmp_path: Path) -> None:
    off = 2e-5  # of a side, more than the rounding of coordinates
    for gap in (off, -off):
        found = lengths(rectangles(tmp_path, (0, 1 + gap, 3, 2), (0, 0, 1, 1), (1, 0, 3, 1)))
        assert found == {"ab": pytest.approx(1, abs=1e-3), "ac": pytest.approx(2, abs=1e-3), "bc": 1}
        city = fairbound.load(
            str(rectangles(tmp_path, (0, 0, 1, 1), (1, 0, 2, 1), (2 + gap, 1 + gap, 3, 2), (2, 0, 3, 1)))
        )
        assert {border.one + border.other for border in city.borders} == {"ab", "bd", "cd"}
        assert city.repairs[0] == "1 contact at a point is no border"


def test_degrees_are_no_plane(tmp_path: Path) -> None:
    """At 61 degrees north a degree of longitude is half as long as one of latitude: the northern school is farther."""
    shared = {"students": 10, "group:g": 5}

    def block(x: float, y: float, unit: str, school: str, today: str) -> dict[str, Any]:
        ring = [[x, y], [x + 0.02, y], [x + 0.02, y + 0.012], [x, y + 0.012], [x, y]]
        properties = {"unit": unit, "school": school, "today": today} | shared
        return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    features = [
        block(-149.90, 61.200, "a", "A", "A"),
        block(-149.88, 61.200, "m", "", "B"),
        block(-149.88, 61.212, "b", "B", "B"),
    ]
    path = tmp_path / "city.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    city = fairbound.load(path)
    assert "coordinates are degrees: travel is straight lines in kilometres" in city.repairs
    to_a, to_b = city.travel[1]
    assert float(to_a) == pytest.approx(0.02 * 111.195 * 0.48163, abs=2e-3)
    assert float(to_b) == pytest.approx(0.012 * 111.195, abs=2e-3)
    assert to_a < to_b
    for feature in features:  # points of their own are on a plane of their own
        feature["properties"] |= {"x": 1, "y": 2}
    features[1]["properties"]["x"] = 4
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert fairbound.load(path).travel[1] == (3, 3)


EPSG = "urn:ogc:def:crs:EPSG::"


@pytest.mark.parametrize(
    ("system", "side", "travel"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 1, 111.195),
        (EPSG + "4326", 0.5, 55.598),
        ("EPSG:4269", 0.5, 55.598),
        (None, 0.5, 55.598),
        (None, 1, 1),  # whole numbers throughout are of a plane
        (None, 100.5, 100.5),
        (EPSG + "26910", 1, 1),
        ("EPSG:3857", 100.5, 100.5),
        ("PROJCS[a plane, GEOGCS[of the earth]]", 100.5, 100.5),
        (EPSG + "26910", 0.5, "another system: found 'urn:ogc:def:crs:EPSG::26910', wanted longitude and latitude"),
        ("a local grid", 0.5, "coordinates that may be degrees, in another system"),
        (
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            100.5,
            r"coordinates that are no degrees: found '100.5, 100.5', wanted longitude",
        ),
        ("WGS 84", 100.5, "coordinates that are no degrees"),
        (4326, 0.5, r"column crs: cannot be used: found .*4326.*, wanted .*, or none"),
    ],
)
def test_what_a_file_says_of_its_coordinates_counts(tmp_path: Path, system: Any, side: float, travel: Any) -> None:
    path = four_squares(tmp_path)
    data = json.loads(path.read_text())
    for feature in data["features"]:
        for ring in feature["geometry"]["coordinates"]:
            ring[:] = [[x * side, y * side] for x, y in ring]
        feature["properties"] = {k: v for k, v in feature["properties"].items() if k not in ("x", "y")}
    if system is not None:
        data["crs"] = {"type": "name", "properties": {"name": system}}
    path.write_text(json.dumps(data))
    if isinstance(travel, str):
        with pytest.raises(InputError, match=rf"{path.name}, column crs: .*{travel.removeprefix('column crs: ')}"):
            fairbound.load(path)
        return
    city = fairbound.load(path)
    assert float(city.travel[1][0]) == pytest.approx(travel, abs=2e-3)  # of 01 to the school of 00, due south
    assert (f"coordinates are of {system}" in city.repairs) is (system is not None)
    degrees = "coordinates are degrees: travel is straight lines in kilometres" in city.repairs
    assert degrees is (travel != side)


def test_units_that_overlap(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"units a and b overlap: found 'a common area of 0\.5'"):
        fairbound.load(str(rectangles(tmp_path, (0, 0, 1, 1), (0.5, 0, 2, 1))))


def test_invalid_geometry(tmp_path: Path) -> None:
    path = four_squares(tmp_path)
    data = json.loads(path.read_text())
    data["features"][1]["geometry"]["coordinates"][0].pop()
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match="row 2: invalid geometry of unit 01"):
        fairbound.load(str(path))


def test_polygons_that_cross_themselves(tmp_path: Path) -> None:
    path = four_squares(tmp_path)
    data = json.loads(path.read_text())
    data["features"][2]["geometry"]["coordinates"] = [[[0, 1], [1, 2], [1, 1], [0, 3], [0, 1]]]
    path.write_text(json.dumps(data))
    with pytest.raises(
        InputError,
        match=r"row 3: invalid geometry of unit 10: found 'Self-intersection\[.*that do not cross.*make_valid",
    ):
        fairbound.load(str(path))
    for ring in ([[0, 1], [1, 2], [1, 1], [0, 2], [0, 1]], [[0, 1], [1, 1], [2, 1], [0, 1]]):  # a bow, a line
        data["features"][2]["geometry"]["coordinates"] = [ring]
        path.write_text(json.dumps(data))
        with pytest.raises(InputError, match="unit 10: found 'Self-intersection"):
            fairbound.load(str(path))
    twice = [[[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]], [[[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]]]
    data["features"][2]["geometry"] = {"type": "MultiPolygon", "coordinates": twice}
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match="row 3: invalid geometry"):
        fairbound.load(str(path))


def test_grid_is_the_same_every_time() -> None:
    one, again, other = grid_city(60, 4, 1), grid_city(60, 4, 1), grid_city(60, 4, 2)
    assert one == again
    assert one != other
    assert len(one["edges"]) == 2 * 60 - 6 - 10
    with pytest.raises(InputError, match="from 1 to the 4 units"):
        grid_city(4, 5, 1)


def test_make(tmp_path: Path) -> None:
    path = tmp_path / "grid.json"
    path.write_text(catalogue.make("blocks", "grid", {"n": "30", "k": "3"}, 7)[""])
    assert len(fairbound.load(str(path)).units) == 30
    for settings, part in (
        ({"n": "30"}, "--set k="),
        ({"n": "30", "k": "3", "m": "1"}, "'m'"),
        ({"n": "x", "k": "3"}, "'x'"),
    ):
        with pytest.raises(InputError) as error:
            catalogue.make("blocks", "grid", settings, 7)
        assert part in str(error.value)


def test_neighbours_in_a_geojson_are_bridges(tmp_path: Path) -> None:
    """An island is joined by the property; a border that the geometry has is not counted again."""
    shared = {"students": 30, "group:g": 10, "today": "A"}
    features = [
        square(0, 0, unit="m1", school="A", **shared),
        square(1, 0, unit="m2", school="", neighbours="m1; island", **shared),
        square(5, 0, unit="island", school="", **shared),
    ]
    path = tmp_path / "city.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    city = fairbound.load(path)
    assert {frozenset((border.one, border.other)) for border in city.borders} == {
        frozenset(("m1", "m2")),
        frozenset(("m2", "island")),
    }
    assert "1 borders are added by the property neighbours" in city.repairs
    features[1]["properties"]["neighbours"] = "m9"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(InputError, match="adjacency names an unknown unit: found 'm9'"):
        fairbound.load(path)


APPLICATIONS = """Anon idRequest,SchoolName,Grade,ProgramCode,BerkeleyID,Race,Block Group
1,Webster (Daniel) ES,K,GE,11,White,60750610000.0
2,Webster (Daniel) ES,K,GE,12,,60750610000.0
3,Webster (Daniel) ES,K,GE,13,Chinese,60750620000.0
4,Webster (Daniel) ES,K,SN,14,White,60750610000.0
5,Webster (Daniel) ES,1,GE,15,White,60750610000.0
6,Other ES,K,GE,16,White,60750610000.0
7,Webster (Daniel) ES,K,GE,17,White,60750630000.0
8,Webster (Daniel) ES,K,GE,18,White,60759999999.0
"""
SHEET = """Geoid1,Median HH Income
,"$143,575"
60750610000.0,"$100,000"
60750620000.0,
60750630000.0,"$40,001"
"""


@pytest.mark.parametrize(
    ("written", "joined"), [("060750610000", True), ("1500000US060750610000", True), ("6.0750610E+10", False)]
)
def test_block_groups_join_as_numbers(tmp_path: Path, written: str, joined: bool) -> None:
    (tmp_path / "applications.csv").write_text(APPLICATIONS.replace("60750610000.0", written))
    (tmp_path / "sheet.csv").write_text(SHEET)
    if joined:
        instance = load_tables(tmp_path / "applications.csv", tmp_path / "sheet.csv", seats=2)
        assert instance.total == 4
        assert instance.repairs == ("1 applicants whose block group is not in sheet.csv are left out",)
        return
    with pytest.raises(InputError, match="row 2, column Block Group: cannot be used"):
        load_tables(tmp_path / "applications.csv", tmp_path / "sheet.csv", seats=2)


def test_files_of_two_places_are_not_joined(tmp_path: Path) -> None:
    (tmp_path / "applications.csv").write_text(APPLICATIONS)
    (tmp_path / "sheet.csv").write_text(SHEET.replace("6075061", "4875061").replace("6075062", "4875062"))
    with pytest.raises(InputError, match="block groups of another place: found '4 of 5 applicants'"):
        load_tables(tmp_path / "applications.csv", tmp_path / "sheet.csv", seats=2)


def test_the_seeds_tables(tmp_path: Path) -> None:
    """GE, K, the school, an inner join; dollar text; the mean for missing incomes; Not Specified."""
    (tmp_path / "applications.csv").write_text(APPLICATIONS)
    (tmp_path / "sheet.csv").write_text(SHEET)
    instance = load_tables(tmp_path / "applications.csv", tmp_path / "sheet.csv", seats=2)
    cells = {(cell.place, cell.race): (cell.count, cell.income) for cell in instance.cells}
    assert cells == {
        ("60750610000", "Not Specified"): (1, 100000),
        ("60750610000", "White"): (1, 100000),
        ("60750620000", "Chinese"): (1, 80000),  # int((100000 + 100000 + 40001) / 3)
        ("60750630000", "White"): (1, 40001),
    }
    loaded = fairbound.load(str(tmp_path / "applications.csv"))
    assert loaded.cells == instance.cells
    assert (
        "1 applicants whose block group has no income are given the mean of the others, 80,000 dollars"
        in loaded.repairs
    )
    assert "1 applicants without a race are called Not Specified" in loaded.repairs
    assert "3 of 8 applications are for another programme, grade or school, and are not read" in loaded.repairs
    for income in ("40k", "-666666666", "$0", "40001,5", "250,000+", "9" * 20):
        (tmp_path / "sheet.csv").write_text(SHEET.replace("$40,001", income))
        with pytest.raises(InputError, match=r"sheet\.csv, row 5, column Median HH Income: cannot be used: found"):
            fairbound.load(str(tmp_path / "applications.csv"))
    (tmp_path / "sheet.csv").write_text(SHEET.replace("60750620000.0,", "60750620000.0,-"))
    assert fairbound.load(str(tmp_path / "applications.csv")).cells == instance.cells
    (tmp_path / "sheet.csv").write_text(SHEET.replace("$40,001", "40001.0").replace("Median HH", "median hh"))
    assert fairbound.load(str(tmp_path / "applications.csv")).cells == instance.cells


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("White,60750630000", "white,60750630000", "applications.csv, row 8, column Race: values that look alike"),
        (",1,GE,", ",k,GE,", "applications.csv, row 6, column Grade: values that look alike: found 'k'"),
        (",SN,", ",Ge,", "applications.csv, row 5, column ProgramCode: values that look alike: found 'Ge'"),
        ("Other ES", "webster (Daniel) ES", "applications.csv, row 7, column SchoolName: values that look alike"),
    ],
)
def test_applicants_are_not_divided_by_how_a_word_is_written(tmp_path: Path, old: str, new: str, where: str) -> None:
    (tmp_path / "applications.csv").write_text(APPLICATIONS.replace(old, new, 1))
    (tmp_path / "sheet.csv").write_text(SHEET)
    with pytest.raises(InputError) as refused:
        fairbound.load(str(tmp_path / "applications.csv"))
    assert where in str(refused.value)
    assert "--accept alike" in str(refused.value)
    assert fairbound.load(f"{tmp_path / 'applications.csv'}#accept=alike").cells


def test_without_any_income_none_is_made_up(tmp_path: Path) -> None:
    (tmp_path / "applications.csv").write_text(APPLICATIONS)
    (tmp_path / "sheet.csv").write_text(re.sub(r',"\$.*"', ",", SHEET))
    found = fairbound.load(str(tmp_path / "applications.csv"))
    assert {cell.income for cell in found.cells} == {None}
    assert "no block group of an applicant has an income" in found.repairs


@pytest.mark.skipif(data_file("blocks/sf_tract2010_k6.json") is None, reason="the real tract graphs are not here")
def test_real_graphs_start_where_they_are_known_to() -> None:
    for name, percent in (("sf194", 28.45), ("nm498", 16.08), ("la1124", 22.14)):
        city = fairbound.load(f"blocks/{name}")
        evaluation = evaluate(city, Zoning.of(city, city.today))
        assert evaluation.feasible
        assert round(float(100 * evaluation.values["dissimilarity"]), 2) == percent
