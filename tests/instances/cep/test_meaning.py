"""Tables of schools as people have them: what would be taken for something else is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from fairbound.instances.core.source import Reading, Source
from fairbound.models.core.errors import InputError

import fairbound

GOOD = """school_id,enrolled,identified,breakfasts,lunches
alder,320,136,20000,40000
birch,400,120,15000,50000
cedar,200,116,12000,20000
"""
WITHOUT = "school_id,enrolled,identified\nalder,320,136\nbirch,400,120\ncedar,200,116\n"


def load(folder: Path, text: str) -> fairbound.Instance:
    path = folder / "d.csv"
    path.write_text(text)
    return fairbound.load(path)


def test_a_districts_own_table_is_asked_under_todays_law(tmp_path: Path) -> None:
    for text in (GOOD, WITHOUT):
        assert load(tmp_path, text).parameters["threshold"] == "0.25"
    assert fairbound.solve(load(tmp_path, WITHOUT)).primal_bound == Fraction(2976, 5)
    assert fairbound.load("cep/calpads33").parameters["threshold"] == "0.4"  # the notebook's


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (
            "136\nbirch,400,120\ncedar,200,116",
            "0.425\nbirch,400,0.3\ncedar,200,0.58",
            "column identified: identified looks like a share",
        ),
        (
            "136\nbirch,400,120\ncedar,200,116",
            "42.50\nbirch,400,30.00\ncedar,200,58.00",
            "looks like a percentage: found '42.5, 30, 58'",
        ),
        (
            "136\nbirch,400,120\ncedar,200,116",
            "42.5\nbirch,400,30.5\ncedar,200,58",
            "looks like a percentage: found '42.5, 30.5, 58'",
        ),
        (
            "320,136\nbirch,400,120",
            "1.320,1.136\nbirch,1.400,1.120",
            "points between thousands, or three decimals: found '1.320, 1.136, 1.400', wanted numbers",
        ),
        (
            "identified\nalder,320,136\nbirch,400,120\ncedar,200,116",
            "identified,School Year\nalder,320,136,2024\nbirch,400,120,2025\ncedar,200,116,2025",
            "column School Year: several years in a table: found '2024, 2025', wanted one year: --only",
        ),
        ("birch", "Alder", "row 3, column school_id: ids that look alike: found 'Alder', wanted one that differs"),
        ("birch", "alder\u200b", "row 3, column school_id: ids that look alike: found 'alder\\u200b'"),
        ("alder,320,136\nbirch", "7.0,320,136\n007", "found '007', wanted one that differs from '7.0' of row 2"),
        ("cedar,200,116\n", "cedar,200,116\ndogwood,80,8\nDistrict Total,1000,380\n", "row 6: a row of totals"),
        ("cedar,200,116\n", "cedar,200,116\nx,920,372\n", "row 5: a row of totals: found 'x'"),
        ("cedar,200,116\n", "cedar,200,116\nAverage,307,124\n", "row 5: a row of totals: found 'Average'"),
        ("cedar,200,116\n", "cedar,200,116\nDistrict avg.,307,124\n", "row 5: a row of totals"),
        (
            "identified\nalder,320,136\nbirch,400,120",
            "identified,District Code\nalder,320,136,A\nbirch,400,120,B",
            "column District Code: several districts in a table: found 'A, B'",
        ),
        (
            "identified\nalder,320,136\nbirch,400,120",
            "identified,include_in_mealscount\nalder,320,136,true\nbirch,400,120,false",
            "row 3, column include_in_mealscount: a school that is marked as left out: found 'false'",
        ),
        (
            "identified\nalder,320,136\nbirch,400,120",
            "identified,daily_lunch_served\nalder,320,136,200\nbirch,400,120,210",
            "column daily_lunch_served: a column of meals that is not read",
        ),
    ],
)
def test_what_would_be_misread(tmp_path: Path, old: str, new: str, parts: str) -> None:
    assert old in WITHOUT
    text = WITHOUT.replace(old, new, 1)
    extra = {"District Code": ",A", "include_in": ",true", "daily_": ",90"}
    for word, cell in extra.items():
        text = text.replace("cedar,200,116\n", f"cedar,200,116{cell}\n") if word in text else text
    with pytest.raises(InputError) as refused:
        load(tmp_path, text)
    assert parts in str(refused.value)


SUBTOTALS = ("a,100,50", "b,200,90", "x,300,140", "c,400,100", "d,100,30", "y,500,130")


@pytest.mark.parametrize("last", [(), ("z,800,270",)])
def test_subtotals_are_no_schools(tmp_path: Path, last: tuple[str, ...]) -> None:
    text = "\n".join(("school_id,enrolled,identified", *SUBTOTALS, *last, ""))
    with pytest.raises(InputError, match="row 4: a row of totals: found 'x'"):
        load(tmp_path, text)
    schools = as_it_stands(tmp_path, text, leave_out=("totals",)).schools
    assert [school.id for school in schools] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "rows",
    [
        SUBTOTALS[:1],  # one
        (*SUBTOTALS, "e,70,20"),  # a school follows
        SUBTOTALS[3:5] + SUBTOTALS[:3],  # the sums of the last two alone
        ("a,100,50", "b,100,50", "c,100,50", "d,100,50"),  # as large as one another
        (*SUBTOTALS[:3], "d,300,140"),  # one block, and a school like it
    ],
)
def test_schools_that_add_up_by_chance_are_schools(tmp_path: Path, rows: tuple[str, ...]) -> None:
    found = load(tmp_path, "\n".join(("school_id,enrolled,identified", *rows, "")))
    assert len(found.schools) == len(rows)


@pytest.mark.parametrize(
    ("meals", "parts"),
    [
        (("111,222", "83,277", "66,111"), "meals look like those of a day or a month"),
        (("2220,4440", "1660,5540", "1320,2220"), "meals look like those of a day or a month"),
        (("20000,200000",) * 3, "row 2, column lunches: more meals than days"),
    ],
)
def test_meals_of_a_day_are_no_years(tmp_path: Path, meals: tuple[str, str, str], parts: str) -> None:
    text = GOOD
    for row, cells in zip(("20000,40000", "15000,50000", "12000,20000"), meals, strict=True):
        text = text.replace(row, cells, 1)
    with pytest.raises(InputError, match=parts):
        load(tmp_path, text)


def test_counts_that_are_small_or_from_a_spreadsheet_are_counts(tmp_path: Path) -> None:
    """Estimated counts, whole numbers with a point, one district's code, marks that say yes."""
    assert load(tmp_path, WITHOUT.replace("136", "136.5")).problem == "cep"
    small = "school_id,enrolled,identified,district,active\na,40.0,12.0,7,yes\nb,90.0,31.0,7,yes\nc,20,3.0,7,1\n"
    assert load(tmp_path, small).problem == "cep"


@pytest.mark.parametrize("word", ["N/A", "nan", "0", "Not CEP", "none"])
def test_words_for_no_group_are_no_group(tmp_path: Path, word: str) -> None:
    asked = load(tmp_path, WITHOUT)
    rows = [{"school_id": "alder", "group": "1"}, {"school_id": "birch", "group": word}]
    with pytest.raises(InputError, match="row 3, column group: a word where a group is wanted"):
        fairbound.models.cep.PROBLEM.read_solution(asked, rows)


def test_the_layout_that_this_field_exchanges_is_understood(tmp_path: Path) -> None:
    header = (
        "state,District Code,School Code,School Name,individual_isp,participating_in_cep,total_enrolled,total_eligible"
    )
    rows = [
        "zz,0101,0010,Alder,42.50%,Y,320,136",
        "zz,0101,0020,Birch,30.00%,N,400,120",
        "zz,0101,0030,Cedar,58%,,200,116",
    ]
    asked = load(tmp_path, "\n".join([header, *rows]) + "\n")
    assert [school.id for school in asked.schools] == ["0010", "0020", "0030"]
    assert fairbound.solve(asked).primal_bound == Fraction(2976, 5)
    assert "column total_eligible is read as identified" in asked.repairs
    assert asked.repairs[-1] == "columns that are not read: state, District Code, individual_isp, participating_in_cep"
    with pytest.raises(InputError, match="two columns could be meant: found 'School Code and school id'"):
        load(tmp_path, "\n".join([header.replace("School Name", "school id"), *rows]) + "\n")


def test_every_bad_cell_is_named_at_once(tmp_path: Path) -> None:
    text = "school_id,enrolled,identified\na,N/A,1\nb,10,3\nc,≤11,3\nd,10,**\n"
    with pytest.raises(InputError) as refused:
        load(tmp_path, text)
    assert "row 2, column enrolled: cannot be used: found 'N/A'" in str(refused.value)
    others = "3 such cells: also row 4 enrolled '≤11', row 5 identified '**'; or --leave-out incomplete"
    assert str(refused.value).endswith(others)


def as_it_stands(folder: Path, text: str, **said: tuple[str, ...]) -> fairbound.Instance:
    path = folder / "d.csv"
    path.write_text(text)
    return fairbound.load(str(Source(path, Reading(**said))))


@pytest.mark.parametrize(
    ("kind", "old", "new", "noted"),
    [
        ("counts", "136\nbirch,400,120\ncedar,200,116", "0.425\nbirch,400,0.3\ncedar,200,0.58", "looks like a share"),
        ("totals", "cedar,200,116\n", "cedar,200,116\nx,920,372\n", "a row of totals"),
        ("over", "cedar,200,116", "cedar,100,116", "more identified than enrolled"),
        ("alike", "birch", "ALDER", "ids that look alike"),
        ("counts", "320,136\nbirch,400,120", "1.320,1.136\nbirch,1.400,1.120", "points between thousands"),
    ],
)
def test_what_is_meant_is_taken_and_recorded(tmp_path: Path, kind: str, old: str, new: str, noted: str) -> None:
    text = WITHOUT.replace(old, new)
    with pytest.raises(InputError, match=f"--accept {kind}"):
        load(tmp_path, text)
    asked = as_it_stands(tmp_path, text, accept=(kind,))
    assert any(repair.startswith(f"accepted ({kind}): ") and noted in repair for repair in asked.repairs)
    assert len(asked.schools) == text.count("\n") - 1
    if kind == "over":
        assert asked.by_id["cedar"].identified == 100


def test_rows_are_left_out_by_name_and_reason(tmp_path: Path) -> None:
    text = "school_id,enrolled,identified,active\na,100,60,yes\nb,,3,yes\nc,50,20,no\nd,80,*,yes\nTotal,230,83,yes\n"
    asked = as_it_stands(tmp_path, text, leave_out=("incomplete", "marked", "totals"))
    assert [school.id for school in asked.schools] == ["a"]
    assert asked.repairs[:4] == (
        "row 4 (c): left out, active is no",
        "row 3 (b): left out, enrolled is ''",
        "row 5 (d): left out, identified is '*'",
        "row 6 (Total): left out, a row of totals",
    )
    kept = as_it_stands(tmp_path, text, accept=("marked",), leave_out=("incomplete", "totals"))
    assert [school.id for school in kept.schools] == ["a", "c"]
    with pytest.raises(InputError, match=r"found '', wanted .*, in one row or more"):
        as_it_stands(tmp_path, "school_id,enrolled,identified\na,,1\n", leave_out=("incomplete",))
    with pytest.raises(InputError, match="accepted and left out"):
        as_it_stands(tmp_path, text, accept=("marked",), leave_out=("marked",))
    with pytest.raises(InputError, match="nothing to leave out has this name: found 'marks', wanted one of marked"):
        as_it_stands(tmp_path, text, leave_out=("marks",))
