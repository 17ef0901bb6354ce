"""The floor of a sweep asks the question that the sweep answers."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from fairbound.benchmarks.cep.sweep_floor import floor

import fairbound

SCHOOLS = (
    ("01", [(100, 80), (120, 50), (90, 30)]),
    ("02", [(300, 150), (200, 79), (500, 120), (250, 90)]),
    ("03", [(100, 10), (100, 39)]),
    ("04", [(100, 110), (100, 0)]),
)


def test_it_finds_the_values_that_are_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "cep" / "us_districts.csv.gz"
    file.parent.mkdir()
    with gzip.open(file, "wt", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(
            ["state", "district_code", "district_name", "school_code", "school_name", "enrolled", "identified"]
        )
        for code, schools in SCHOOLS:
            lines.writerows(["aa", code, "D", i, "S", *students] for i, students in enumerate(schools))
    monkeypatch.setenv("FAIRBOUND_DATA", str(tmp_path))
    found = floor(file)
    assert len(found) == len(SCHOOLS)
    for district, (value, bound) in found.items():
        best = fairbound.solve(f"cep/us/{district}").primal_bound
        assert best is not None
        assert value == pytest.approx(float(best))
        assert bound == pytest.approx(float(best))
