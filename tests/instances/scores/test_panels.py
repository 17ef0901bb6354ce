"""The seed's tables, tables of one's own, and what is refused in them."""

from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from fairbound.instances.core.catalogue import write_made
from fairbound.instances.core.entry import data_file
from fairbound.models.core.errors import InputError
from fairbound.models.scores.evaluate import bands
from fairbound.models.scores.panel import Panel

import fairbound


@pytest.mark.skipif(data_file("texas/functions_table.csv.gz") is None, reason="no Texas tables here")
def test_the_seeds_counts() -> None:
    asked = fairbound.load("scores/texas")
    said = " ".join(asked.repairs)
    assert "212 of 1,341 districts lack a year" in said
    assert "199 of 1,129 districts have fewer than 60 %" in said
    assert isinstance(asked.source, Panel)
    assert len(asked.source.districts) == 930
    design = asked.design
    assert (len(design.labels), len(design.test_labels), design.test_labels[0]) == (4464, 2976, 15400)
    found = {name: int(inside.sum()) for name, inside in bands(asked).items()}
    assert found == {"rmse": 2976, "rmse_high": 52, "rmse_middle": 2900, "rmse_low": 24}
    # 2019 has no scores: its labels are those of 2018 copied forward.
    last = np.array(design.columns[6].test)
    assert int((last == np.array(design.test_labels)).sum()) >= 930
    clean = fairbound.load("scores/texas", {"split": "clean"}).design
    assert len(clean.test_labels) == 920
    grants = fairbound.load("grants/texas")
    assert len(grants.districts_data) == 930


YEARS = range(2005, 2020)


def panel_text(scores: dict[int, str] | None = None, extra: str = "") -> str:
    rows = ["district_id,year,students,score,Instruction,Guidance"]
    for name in ("7", "8", "9"):
        for year in YEARS:
            score = (scores or {}).get(year, str(15 + (year * int(name)) % 5))
            rows.append(f"{name},{year},120,{score},{4000 + year % 7},{200 + (year * int(name)) % 11}")
    return "\n".join(rows) + "\n" + extra


def test_a_panel_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    for masked in ("nan", "-", "N/A"):
        path.write_text(panel_text({2006: masked, 2010: "-1", 2011: "."}))
        again = fairbound.load(path)
        path.write_text(panel_text({2006: "*", 2010: "-1", 2011: ""}))
        assert fairbound.load(path).canonical() == again.canonical()
    asked = fairbound.load(path)
    assert asked.problem == "scores"
    assert asked.repairs == ("9 of 45 scores are missing and are filled (parameter fill)",)
    assert asked.source.districts[0].scores[1] is None


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("7,2006,120", "7,2005,120", "row 3: a district stands twice in a year"),
        ("7,2006,120,17,4004", "7,2006,120,17,4o04", "row 3, column Instruction: cannot be used: found '4o04'"),
        ("7,2006,120,17,4004", "7,2006,120,17,-4004", "row 3, column Instruction: negative spending"),
        ("7,2006,120,17", "7,2006,120,seventeen", "row 3, column score"),
        ("7,2006,120,17", "7,2006,120,1700", "row 3, column score: cannot be used: found '1700', wanted a score"),
        ("7,2006,120,17", "7,2006,120,<10", "row 3, column score: cannot be used: found '<10', wanted a score"),
        ("7,2006,120,17", "7,2006,12.5,17", "row 3, column students"),
        ("7,2006,120", ",2006,120", "row 3, column district_id"),
        ("7,2006,120", "7,206,120", "row 3, column year"),
        (",students,", ",pupils,", "column students: missing column"),
        ("7,2006,120", "7,2025,120", "column year: a year is missing"),
    ],
)  # fmt: skip
def test_refused_panels(tmp_path: Path, old: str, new: str, parts: str) -> None:
    path, good = tmp_path / "mine.csv", panel_text()
    assert old in good
    path.write_text(good.replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        fairbound.load(path, problem="scores")
    assert str(path) in str(refused.value)
    assert parts in str(refused.value)


def test_a_district_without_a_year_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("".join(line for line in panel_text().splitlines(True) if not line.startswith("8,2012")))
    asked = fairbound.load(path)
    assert asked.repairs[0] == "1 of 3 districts lack a year and are left out"
    assert [district.id for district in asked.source.districts] == ["7", "9"]


def seed_tables(folder: Path, pack: bool = False) -> Path:
    """The seed's layout with three districts."""
    functions = ["District_Id,Year,Instruction_All_Funds,Instruction_General_Funds,Food_General_Funds"]
    pupils, tests = ["District_Id,Year,Fall_Enrollment"], ["District_Id,Year,Avg_Sat,Avg_Act"]
    for name in ("20", "3", "100"):
        for year in range(2004, 2020):
            functions.append(f"{name},{year},9,{1000 * int(name) + 7 * year},5")
            pupils.append(f"{name},{year},{int(name) + year % 3}")
            tests.append(f"{name},{year},,{'' if year == 2019 else 14 + (year + int(name)) % 9}")
    for stem, rows in (("functions_table", functions), ("enrollment_table", pupils), ("test_scores_table", tests)):
        text = "\n".join(rows) + "\n"
        if pack and stem != "functions_table":
            (folder / f"{stem}.csv.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (folder / f"{stem}.csv").write_text(text)
    return folder / "functions_table.csv"


@pytest.mark.parametrize("pack", [False, True])
def test_the_seeds_layout(tmp_path: Path, pack: bool) -> None:
    asked = fairbound.load(seed_tables(tmp_path, pack))
    panel = asked.source
    assert (panel.functions, panel.years[0], panel.years[-1]) == (("Instruction",), 2005, 2019)
    assert [district.id for district in panel.districts] == ["3", "20", "100"]
    first = panel.districts[0]
    assert (first.students[0], first.spending[0][0]) == (4, round((3000 + 7 * 2005) / 4))
    assert asked.repairs == ("3 of 45 scores are missing and are filled (parameter fill)",)


def test_the_seeds_layout_needs_all_three_tables(tmp_path: Path) -> None:
    path = seed_tables(tmp_path)
    (tmp_path / "enrollment_table.csv").unlink()
    with pytest.raises(InputError, match=r"enrollment_table.csv: no such file"):
        fairbound.load(path)


def test_a_plain_table_of_features(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("label,x,y,set\n1.5,1,0.25,train\n2,3,0.5,train\n4,2,1,train\n9,9,9,test\n")
    asked = fairbound.load(path, {"k": "1"})
    assert [column.unit for column in asked.design.columns] == [1, Fraction(1, 4)]
    assert asked.design.test_labels == (18,)
    path.write_text("label,x,set\n1,2,often\n")
    with pytest.raises(InputError, match="row 2, column set"):
        fairbound.load(path)


def test_a_made_panel_hides_its_truth(tmp_path: Path) -> None:
    paths = write_made("scores", "panel", {"districts": "30", "years": "10"}, 3, tmp_path)
    assert [path.name for path in paths] == ["districts.csv", "districts_truth.csv"]
    asked = fairbound.load(paths[0])
    assert len(asked.source.districts) == 30
    with pytest.raises(InputError, match="this is a hidden truth"):
        fairbound.load(paths[1])
    for wrong in ({"districts": "3"}, {"years": "4"}, {"missing": "0.9"}, {"noise": "much"}):
        with pytest.raises(InputError, match="setting"):
            write_made("scores", "panel", wrong, 3, tmp_path)
