"""Figures of zones and applicants show the counts of the solutions that they are given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench_rows import row
from fairbound.benchmarks.applicants.figures import applicant_figures
from fairbound.benchmarks.blocks import tiny as tiny_blocks
from fairbound.benchmarks.blocks.figures import front_figures, unit_shapes, zone_figures
from fairbound.benchmarks.core.figure import Figure, Mark
from fairbound.benchmarks.core.static_figures import write_static
from fairbound.benchmarks.core.suite import load_suite, plan
from fairbound.models.blocks import ZoneInstance
from fairbound.models.core.registry import find_problem

from fairbound import InputError, load, solve


def bars(figure: Figure) -> dict[str, tuple[object, ...]]:
    return {series.name: series.x for series in figure.series if series.mark is Mark.BARS}


def test_maps_show_what_moves(tmp_path: Path) -> None:
    city = load("blocks/grid100")
    assert isinstance(city, ZoneInstance)
    unit = next(i for i in range(len(city.units)) if i not in city.roots)
    other = next(school.id for school in city.schools if school.id != city.units[unit].today)
    solution = [{"unit": u.id, "school": other if i == unit else u.today} for i, u in enumerate(city.units)]
    shared = {
        "problem": "blocks", "instance": "blocks/grid100", "digest": city.digest,
        "objective": "dissimilarity", "sense": "minimize",
    }  # fmt: skip
    worse = row(**shared, method="worse", primal_bound="1/2")
    better = row(**shared, method="better", primal_bound="1/9")
    kept = {better.key: solution, worse.key: [{"unit": u.id, "school": u.today} for u in city.units]}
    today, best, change, shares = zone_figures([worse, better], kept.get)
    assert "better" in best.caption
    assert change.caption.startswith(f"{city.units[unit].students:,} of 6,536 students")
    areas = {series.name: series for series in change.series if series.mark is Mark.AREA}
    assert set(areas) == {"stays", "rezoned"}
    assert None not in areas["rezoned"].x
    assert areas["stays"].x.count(None) == 98
    for figure in (today, best, change):
        assert len(next(series for series in figure.series if series.mark is Mark.SITES).x) == 4
    group = sum(u.groups[0] for u in city.units)
    assert bars(shares)["today"][0] == bars(shares)["best zones"][0] == group / 6536
    zone = [u for i, u in enumerate(city.units) if (other if i == unit else u.today) == other]
    place = 1 + city.school_index[other]
    assert bars(shares)["best zones"][place] == sum(u.groups[0] for u in zone) / sum(u.students for u in zone)
    assert len(write_static([today, shares], tmp_path)) == 8
    # Other data under the same name, or no solution kept: no picture.
    assert zone_figures([replace(better, digest="other")], kept.get) == []
    assert zone_figures([better], lambda key: None) == []


def test_a_front_is_drawn_as_small_multiples(tmp_path: Path) -> None:
    shared = {"problem": "blocks", "instance": "blocks/grid100", "objective": "dissimilarity", "sense": "minimize"}
    rows, kept, reached = [], {}, []
    for limit in ("0", "244", "300", "632"):
        city = load("blocks/grid100", {"max_rezoned": limit})
        result = solve(city)
        rows.append(
            row(**shared, given=f"max_rezoned={limit}", digest=city.digest, primal_bound=str(result.primal_bound))
        )
        kept[rows[-1].key] = find_problem("blocks").solution_rows(city, result.solution)
        reached.append(str(result.values["rezoned"]))
    # The same limit by a worse method, and a question of its own, are no points.
    rows.append(replace(rows[1], key="worse", primal_bound="1/2", primal_float=0.5))
    kept["worse"] = kept[rows[0].key]
    rows.append(replace(rows[0], key="other", given=""))
    (front,) = front_figures(rows[::-1], kept.get)
    notes = next(series for series in front.series if series.mark is Mark.LABELS)
    assert [text.split(" at ")[1] for text in notes.hover] == reached
    assert notes.hover[0].startswith("0.1236")
    areas = [series for series in front.series if series.mark is Mark.AREA]
    assert len(areas) == 4
    assert sum(1 + series.x.count(None) for series in areas) == 4 * 100
    assert len(next(series for series in front.series if series.mark is Mark.SITES).x) == 4 * 4
    assert len(write_static([front], tmp_path)) == 4
    assert front_figures(rows[:1], kept.get) == []


def test_units_without_polygons_get_cells_that_fill_the_city() -> None:
    city = load("blocks/grid100")
    assert isinstance(city, ZoneInstance)
    shapes = unit_shapes(city)
    assert len(shapes) == 100
    assert all(len(rings) == 1 and rings[0][0] == rings[0][-1] for rings in shapes)
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0))
    outlined = replace(city, outline=tuple((unit.id, (square,)) for unit in city.units))
    assert unit_shapes(outlined) == [(square,)] * 100
    with pytest.raises(InputError, match="no map of"):
        unit_shapes(tiny_blocks.NAMED["grid"])


def test_bars_show_each_plan_once() -> None:
    instance = load("applicants/sfusd65")
    shared = {
        "problem": "applicants", "instance": "applicants/sfusd65", "digest": instance.digest, "objective": "tvd",
        "sense": "minimize",
    }  # fmt: skip
    result = solve(instance, objective="tvd")
    best = find_problem("applicants").solution_rows(instance, result.solution)
    empty = [{**cells, "first": "0"} for cells in best]
    rows = [
        row(**shared, method="vote", primal_bound=None),
        row(**shared, method="one", primal_bound="19/286"),
        row(**shared, method="two", primal_bound="19/286"),
    ]
    kept = {rows[0].key: empty, rows[1].key: best, rows[2].key: best}
    first, second = applicant_figures(rows, kept.get)
    assert first.title.endswith("one, two")
    assert bars(first)["Webster (22)"][0] == 6 / 22
    assert bars(first)["Mission Bay (43)"][0] == 10 / 43
    assert "breaks a rule" in second.caption
    assert set(bars(second)["Webster (0)"]) == {0.0}


def test_suites_find_an_entry_of_another_problem() -> None:
    solves = plan(load_suite("smoke")).specifications
    assert {solve.problem for solve in solves if solve.instance == "applicants/sfusd65"} == {"applicants"}
