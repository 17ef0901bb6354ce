"""Tables whose columns are read whatever they are called: what is no covariate, no function, no district."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fairbound.models.core.errors import InputError

import fairbound

DESIGNS = "subject_id,income,score\na,52000,81.5\nb,41000,77\nc,63000,90.25\nd,47500,68\ne,51000,70.5\nf,38000,88\n"
GRANTS = """district_id,students,score,Instruction,Guidance
101,1200,17.5,6100,310
102,450,19.25,7200,280
103,8000,20.5,6400,350
104,3100,18.5,6900,300
105,900,16.25,5800,290
"""
PANEL = "district_id,year,score,students,Instruction,Guidance\n" + "".join(
    f"{d},{y},{16 + d + y % 4},{900 + 100 * d},{5000 + 90 * (y % 11)},{300 + 9 * d}\n"
    for d in (1, 2, 3, 4)
    for y in range(2008, 2020)
)
PLAIN = "x,y,z,label\n" + "".join(f"{i},{i * i % 7},{i % 3},{2 * i + i % 4}\n" for i in range(12))
TEXTS = {"designs": DESIGNS, "grants": GRANTS, "scores": PANEL, "plain": PLAIN}
SET = {"grants": {"effects": "literature", "pot": "100000"}}


def load(folder: Path, kind: str, text: str, reading: str = "") -> Any:
    path = folder / "t.csv"
    path.write_text(text)
    return fairbound.load(f"{path}{reading}", SET.get(kind), problem={"plain": "scores"}.get(kind, kind))


def added(text: str, *cells: str) -> str:
    """A table with one column more, its header first; the last cell stands in all further rows."""
    lines = text.splitlines()
    more = [*cells, *[cells[-1]] * (len(lines) - len(cells))]
    return "".join(f"{line},{cell}\n" for line, cell in zip(lines, more, strict=True))


@pytest.mark.parametrize("kind", TEXTS)
def test_names_notes_and_an_index_are_no_numbers(tmp_path: Path, kind: str) -> None:
    plain = load(tmp_path, kind, TEXTS[kind])
    indexed = "".join(f"{i or ''},{line}\n" for i, line in enumerate(TEXTS[kind].splitlines()))
    whole = load(tmp_path, kind, added(added(indexed, "Name", "Ann Lee", "*", ""), "notes", ""))
    assert whole.canonical() == plain.canonical()
    assert whole.repairs == ("columns that are not read: (no name), Name, notes", *plain.repairs)
    # A number that is written in a strange way is still meant as one.
    for cell in ("$5", "50%", "1 200", "3-May", "2026-05-03", "(500)"):
        with pytest.raises(InputError, match=r"t\.csv, row 2, column other: cannot be used: found"):
            load(tmp_path, kind, added(TEXTS[kind], "other", cell))


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("again", ["{}.1", " {}_", "{}"])
def test_a_column_stands_once(tmp_path: Path, kind: str, again: str) -> None:
    column = TEXTS[kind].splitlines()[0].split(",")[2]
    name = again.format(column.upper() if again == "{}" else column)
    with pytest.raises(InputError, match=r"row 1: columns that look alike: found '.* and .*', wanted one of them"):
        load(tmp_path, kind, added(TEXTS[kind], name, "5"))


def test_numbered_columns_are_not_the_same(tmp_path: Path) -> None:
    numbered = added(added(DESIGNS, "pc.1", "1", "2"), "pc.2", "3", "4")
    assert load(tmp_path, "designs", numbered).columns == ("income", "score", "pc.1", "pc.2")


TOTAL = ("a row of totals", "totals")


@pytest.mark.parametrize(
    ("kind", "text", "row", "parts"),
    [
        ("designs", DESIGNS + "g,0,0\nTotal,292500,475.25\n", 9, TOTAL),
        ("designs", DESIGNS + "g,0,0\nState average,48750,79.2\n", 9, TOTAL),
        ("grants", GRANTS + "State total,13650,18.4,6480,306\n", 7, TOTAL),
        ("grants", GRANTS + "999,13650,18.4,6480,306\n", 7, TOTAL),
        ("grants", GRANTS + "Statewide,,,,\n", 7, TOTAL),
        ("scores", PANEL + "District average,2019,17,,5000,300\n", 50, TOTAL),
        ("scores", PANEL + "99,2019,17,4600,5000,300\n", 50, TOTAL),
        ("designs", DESIGNS.replace("b,", "A,"), 3, ("ids that look alike", "alike")),
        ("grants", GRANTS.replace("102,", "0101,"), 3, ("ids that look alike", "alike")),
        ("scores", PANEL.replace("2,2008", "1.0,2008"), 14, ("ids that look alike", "alike")),
        ("designs", DESIGNS.replace("68", "-999"), 5, ("a mark for a missing value: found '-999'", "counts")),
        ("plain", PLAIN.replace("\n3,2", "\n3,-666666666"), 5, ("a mark for a missing value", "counts")),
        ("grants", GRANTS.replace("17.5", "-1"), 2, ("a mark for a missing value: found '-1'", "counts")),
        ("grants", GRANTS.replace("6100", "7320000"), 2, ("more than any district spends on a student", "counts")),
    ],
)  # fmt: skip
def test_rows_that_would_be_misread(tmp_path: Path, kind: str, text: str, row: int, parts: tuple[str, str]) -> None:
    what, accept = parts
    with pytest.raises(InputError) as refused:
        load(tmp_path, kind, text)
    assert f"t.csv, row {row}" in str(refused.value)
    assert what in str(refused.value)
    assert f"--accept {accept}" in str(refused.value)
    if ",," not in text:
        assert any("accepted" in note for note in load(tmp_path, kind, text, f"#accept={accept}").repairs)


@pytest.mark.parametrize("kind", ["designs", "grants", "scores"])
def test_a_subject_stands_once(tmp_path: Path, kind: str) -> None:
    text = TEXTS[kind] + TEXTS[kind].splitlines()[-1] + "\n"
    row = len(text.splitlines())
    with pytest.raises(InputError, match=rf"t\.csv, row {row}(, column .*)?: a (subject|district) stands twice"):
        load(tmp_path, kind, text)


@pytest.mark.parametrize("kind", ["designs", "grants", "scores"])
def test_totals_are_left_out(tmp_path: Path, kind: str) -> None:
    plain = load(tmp_path, kind, TEXTS[kind])
    row = {"designs": "Total,292500,475.25", "grants": "Total,13650,,,", "scores": "Total,2019,,,,"}[kind]
    found = load(tmp_path, kind, f"{TEXTS[kind]}{row}\n", "#leave_out=totals")
    assert found.canonical() == plain.canonical()
    assert any("(Total): left out, a row of totals" in note for note in found.repairs)
    with pytest.raises(InputError, match="no row is left: found 'rows of totals alone'"):
        load(tmp_path, kind, f"{TEXTS[kind].splitlines()[0]}\n{row}\n", "#leave_out=totals")


@pytest.mark.parametrize("kind", ["grants", "scores"])
@pytest.mark.parametrize("name", ["Total", "All functions"])
def test_a_column_of_totals_is_no_function(tmp_path: Path, kind: str, name: str) -> None:
    lines = [line.split(",") for line in TEXTS[kind].splitlines()]
    text = added(TEXTS[kind], name, *(str(int(cells[-1]) + int(cells[-2])) for cells in lines[1:]))
    with pytest.raises(InputError, match=rf"row 1, column {name}: a column of totals"):
        load(tmp_path, kind, text)
    found = load(tmp_path, kind, text, "#leave_out=totals")
    assert found.canonical() == load(tmp_path, kind, TEXTS[kind]).canonical()
    assert f"columns that are not read: {name}" in found.repairs
    kept = load(tmp_path, kind, text, "#accept=totals")
    assert kept.canonical() != found.canonical()


@pytest.mark.parametrize("kind", ["grants", "scores"])
def test_years_are_no_function(tmp_path: Path, kind: str) -> None:
    plain = load(tmp_path, kind, TEXTS[kind])
    one = load(tmp_path, kind, added(TEXTS[kind], "School Year", "2025"))
    assert one.canonical() == plain.canonical()
    assert "columns that are not read: School Year" in one.repairs
    with pytest.raises(InputError, match="column School Year: several years in a table"):
        load(tmp_path, kind, added(TEXTS[kind], "School Year", "2024", "2025"))


@pytest.mark.parametrize(
    ("kind", "column", "cells", "refused"),
    [
        ("grants", "Health", ("6.100", "980", "5.250"), True),
        ("grants", "Health", ("6.1", "980", "5.25"), False),
        ("designs", "rent", ("1.200", "950", "1.500"), True),
        ("designs", "rent", ("1.125", "950", "1.875"), False),  # eighths
        ("designs", "rent", ("1.200", "0.950", "1.500"), False),
        ("plain", "rent", ("1.200", "950", "1.500"), True),
    ],
)
def test_points_between_thousands(tmp_path: Path, kind: str, column: str, cells: list[str], refused: bool) -> None:
    text = added(TEXTS[kind], column, *cells)
    if not refused:
        load(tmp_path, kind, text)
        return
    with pytest.raises(InputError, match=r"points between thousands, or three decimals.* --accept counts"):
        load(tmp_path, kind, text)
    assert any("accepted (counts)" in note for note in load(tmp_path, kind, text, "#accept=counts").repairs)


def test_few_values_below_zero_alone_are_suspicious(tmp_path: Path) -> None:
    change = added(DESIGNS, "change", "-99", "5", "-12", "-3", "4", "9")
    assert load(tmp_path, "designs", change).subjects[0].numbers[2] == -99


def test_a_plain_table_says_which_rows_are_for_testing(tmp_path: Path) -> None:
    halves = ["train"] * 8 + ["test"]
    with pytest.raises(InputError, match=r"row 1, column split: rows for training and testing: wanted --map set=split"):
        load(tmp_path, "plain", added(PLAIN, "split", *halves))
    assert len(load(tmp_path, "plain", added(PLAIN, "Set", *halves)).design.test_labels) == 4
    with pytest.raises(InputError, match="no rows for training: found '12 for testing'"):
        load(tmp_path, "plain", added(PLAIN, "set", "test"))


@pytest.mark.parametrize("kind", TEXTS)
def test_a_missing_column_is_told_with_the_way_to_name_it(tmp_path: Path, kind: str) -> None:
    column = "label" if kind == "plain" else TEXTS[kind].partition(",")[0]
    text = TEXTS[kind].replace(column, "What", 1)
    with pytest.raises(InputError) as refused:
        load(tmp_path, kind, text)
    assert f"--map {column}=" in str(refused.value) or "--map WANTED=FOUND" in str(refused.value)
    assert column in str(refused.value)
    assert "What" in str(refused.value)
    assert (
        load(tmp_path, kind, text, f"#map={column}=What").canonical() == load(tmp_path, kind, TEXTS[kind]).canonical()
    )


@pytest.mark.parametrize(
    ("kind", "row", "column"),
    [
        ("grants", {"district_id": "101", "function": "Instruction", "change": "5"}, "change"),
        ("plain", {"feature": "x", "coefficient": "5"}, "coefficient"),
    ],
)
def test_a_plan_beyond_floats_is_refused(tmp_path: Path, kind: str, row: dict[str, str], column: str) -> None:
    asked = load(tmp_path, kind, TEXTS[kind])
    assert fairbound.evaluate(asked, [row]).values
    with pytest.raises(InputError, match=rf"row 2, column {column}: cannot be used: found '1e400'"):
        fairbound.evaluate(asked, [row | {column: "1e400"}])
