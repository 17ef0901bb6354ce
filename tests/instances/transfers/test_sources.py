"""Transfer instances: the two tables, every refusal with its place, the county and the made-up ones."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import networkx as nx
import pytest
from fairbound.instances.core import catalogue
from fairbound.instances.core.entry import data_file
from fairbound.instances.transfers.planar import planar
from fairbound.instances.transfers.sources import DISTRICTS, load_csv, write_tables
from fairbound.models.core.errors import InputError
from fairbound.models.transfers import TransferPlan, evaluate

GOOD = "district,enroll,black,white,teachers,ada\na,100,60,40,5,1\nb,200,20,180,8,1\n"
BORDERS = "a,b\na,b\n"
needs_county = pytest.mark.skipif(data_file(DISTRICTS) is None, reason=f"{DISTRICTS} is not on this machine")


def tables(folder: Path, districts: str = GOOD, borders: str = BORDERS) -> Path:
    path = folder / "county_1819.csv"
    path.write_text(districts)
    (folder / "county_adjacency.csv").write_text(borders)
    return path


def test_two_tables_make_an_instance(tmp_path: Path) -> None:
    instance = catalogue.load(str(tables(tmp_path)))
    assert instance.problem == "transfers"
    assert instance.groups == ("black", "white")
    assert instance.sizes == (100, 200)
    assert [(m.name, m.amounts) for m in instance.measures] == [("teachers", (5, 8))]


def test_thousands_are_read_in_every_column(tmp_path: Path) -> None:
    text = GOOD.replace("b,200", 'b,"1,200"').replace("180,8", '"1,180",8')
    assert text.count('"') == 4
    instance = load_csv(tables(tmp_path, text))
    assert instance.sizes == (100, 1200)


def test_further_measures_are_columns(tmp_path: Path) -> None:
    text = "district,enroll,g,per_student:books,students_per:buses\na,3,3,10,2\nb,4,4,11,1\n"
    assert [(m.name, m.kind.value) for m in load_csv(tables(tmp_path, text)).measures] == [
        ("books", "per_student"),
        ("buses", "students_per"),
    ]


@pytest.mark.parametrize(
    ("districts", "borders", "line"),
    [
        (
            GOOD.replace("a,100", "a,101"),
            BORDERS,
            "row 2, column enroll: counts do not add up: found '101', wanted 100",
        ),
        (GOOD.replace("a,100,60,40", "a,0,0,0"), BORDERS, "row 2, column enroll: a district with no students"),
        (GOOD.replace("60,40", "60,-40"), BORDERS, "row 2, column white: cannot be used: found '-40'"),
        (GOOD.replace("180,8", "180,1e400"), BORDERS, "row 3, column teachers: cannot be used: found '1e400', wanted"),
        (GOOD.replace("b,200", "a,200"), BORDERS, "row 3, column district: duplicate district: found 'a'"),
        (GOOD.replace("180,8", "180,0"), BORDERS, "row 3, column teachers: students per nothing"),
        (GOOD, "a,b\na,zz\n", "row 2, column b: unknown district: found 'zz', wanted one of a, b"),
        (GOOD, "a,b\na,a\n", "row 2, column b: border with itself"),
        (GOOD, "a,b\na,b\na,b\n", "row 3: duplicate border: found 'a, b'"),
    ],
)
def test_refusals_say_where(tmp_path: Path, districts: str, borders: str, line: str) -> None:
    with pytest.raises(InputError) as error:
        load_csv(tables(tmp_path, districts, borders))
    assert line in str(error.value)


def test_asymmetric_borders_are_refused(tmp_path: Path) -> None:
    three = GOOD + "c,10,5,5,1,1\n"
    with pytest.raises(InputError, match=r"row 4: asymmetric borders: .* wanted c, b too"):
        load_csv(tables(tmp_path, three, "a,b\na,b\nb,a\nb,c\n"))
    both = load_csv(tables(tmp_path, three, "a,b\na,b\nb,a\nb,c\nc,b\n"))
    assert both.borders == (("a", "b"), ("b", "c"))


def test_a_missing_border_table_is_named(tmp_path: Path) -> None:
    path = tables(tmp_path)
    (tmp_path / "county_adjacency.csv").unlink()
    with pytest.raises(InputError, match=r"no border table beside it: wanted county_1819_borders\.csv or "):
        load_csv(path)


@pytest.mark.parametrize("n", [1, 2, 9, 40])
def test_planar_counties_are_planar_connected_and_repeatable(n: int) -> None:
    instance = planar(n, 3)
    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(instance.arcs)
    assert nx.is_connected(graph)
    assert nx.check_planarity(graph)[0]
    assert planar(n, 3).digest == instance.digest
    assert n == 1 or planar(n, 4).digest != instance.digest


def test_tables_are_read_back(tmp_path: Path) -> None:
    instance = planar(9, 1)
    path, _ = write_tables(instance, tmp_path / "county.csv")
    assert load_csv(path, name=instance.name).digest == instance.digest


@needs_county
def test_alameda_starts_where_the_seed_does() -> None:
    """17 districts, 28 borders; the groups of the Common Core of Data give the start value 0.10678."""
    instance = catalogue.load("transfers/alameda17")
    assert (len(instance.districts), len(instance.borders), len(instance.groups)) == (17, 28, 7)
    assert round(float(evaluate(instance, TransferPlan(())).values["race"]), 5) == 0.10678
    assert all("synthetic" in m.provenance or "proxy" in m.provenance for m in instance.measures)


@needs_county
@pytest.mark.parametrize("count", [2, 10, 16])
def test_parts_of_alameda_are_connected(count: int) -> None:
    part = catalogue.load(f"transfers/alameda/{count}")
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(part.arcs)
    assert len(part.districts) == count
    assert nx.is_connected(graph)


@pytest.mark.parametrize(
    "name", ["transfers/alameda/1", "transfers/alameda/x", "transfers/planar/0", "transfers/planar/a"]
)
def test_unknown_parts_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        catalogue.load(name)


def test_points_and_counts_are_exact() -> None:
    district = planar(9, 1).districts[0]
    assert district.point is not None
    assert all(isinstance(x, Fraction) for x in (*district.point, *district.counts))


def test_a_county_is_made(tmp_path: Path) -> None:
    """The files of a generated county say what the catalogue's county of that size and seed is."""
    paths = catalogue.write_made("transfers", "planar", {"n": "12"}, 3, tmp_path / "made")
    assert [path.name for path in paths] == ["county.csv", "county_borders.csv"]
    made, known = load_csv(paths[0]), planar(12, 3)
    assert (made.districts, made.borders) == (known.districts, known.borders)
    assert [m.amounts for m in made.measures] == [m.amounts for m in known.measures]
    again = catalogue.write_made("transfers", "planar", {"n": "12"}, 3, tmp_path / "mine.csv")
    assert [path.name for path in again] == ["mine.csv", "mine_borders.csv"]
    assert again[0].read_bytes() == paths[0].read_bytes()
    assert catalogue.make("transfers", "planar", {"n": "12"}, 4) != catalogue.make(
        "transfers", "planar", {"n": "12"}, 3
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"n": "1"}, "at least 2"), ({"n": "x"}, "found 'x'"), ({}, "needs a setting"), ({"m": "3"}, "unknown setting")],
)
def test_wrong_settings_of_a_county_are_refused(settings: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        catalogue.write_made("transfers", "planar", settings, 1, tmp_path)
    assert not list(tmp_path.iterdir())
