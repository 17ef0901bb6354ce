"""The analyses of a CEP district, on the embedded one whose answers are known."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

import fairbound
from fairbound import analyses
from fairbound.cli.show import table


def rows(analysis: str, *arguments: object) -> list[dict[str, str]]:
    district = analyses.cep_instance("cep/calpads33", {})
    found: list[dict[str, str]] = getattr(analyses, analysis)(district, *arguments)
    return found


def test_sensitivity_names_each_value() -> None:
    found = rows("sensitivity", "multiplier", ["1.6", "1.3", "2"])
    assert [(row["multiplier set to"], row["value"]) for row in found] == [
        ("1.6", "17,364.80"),
        ("1.3", "14,108.90"),
        ("2", "21,706.00"),
    ]
    assert [row["groups set to"] for row in rows("sensitivity", "groups", ["1", "none"])] == ["1", "none"]


def test_front_runs_from_money_to_students() -> None:
    found = rows("front", 3)
    assert (found[0]["value"], found[0]["students"]) == ("17,364.80", "26,628")
    assert (found[-1]["value"], found[-1]["students"]) == ("17,332.80", "27,054")


def test_a_school_adds_what_its_absence_costs() -> None:
    inside, outside = rows("school", "1000001")
    without = fairbound.solve("cep/calpads33", parameters={"forced_out": "1000001"}).primal_bound
    assert outside["value"] == f"{float(without or 0):,.2f}"
    assert inside["adds"] == f"{17364.8 - float(without or 0):+,.2f}"
    assert inside["its group"] == "27 schools"


def test_tables_fit_a_hundred_columns() -> None:
    for title, found in (
        ("front", rows("front", 2)),
        ("sensitivity", rows("sensitivity", "groups", ["1", "none"])),
        ("school", rows("school", "1000001")),
    ):
        printed = Console(width=100, record=True, file=StringIO())
        printed.print(table(title, found))
        text = printed.export_text()
        assert all(value in text for row in found for value in row.values()), title
