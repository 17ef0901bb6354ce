"""Pictures of zones are drawn, name what they show, and refuse cities without coordinates."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_blocks
from fairbound.benchmarks.zone_maps import share_bars, zone_map, zone_maps
from fairbound.models.block_assignment import ApplicantInstance, Division, ZoneInstance, Zoning

from fairbound import InputError, load


def test_maps(tmp_path: Path) -> None:
    city = load("blocks/grid100")
    assert isinstance(city, ZoneInstance)
    homes = list(city.today)
    unit = next(i for i in range(len(homes)) if i not in city.roots)
    homes[unit] = (homes[unit] + 1) % len(city.schools)
    zoning = Zoning.of(city, homes)
    zone_map(city, zoning, tmp_path / "map.svg")
    text = (tmp_path / "map.svg").read_text()
    assert f"{city.units[unit].students} of 6,536 students" in text
    zone_maps(city, [("one", zoning)] * 5, tmp_path / "maps.svg")
    assert (tmp_path / "maps.svg").stat().st_size > 1000
    with pytest.raises(InputError, match="no zonings"):
        zone_maps(city, [], tmp_path / "none.svg")
    bare = tiny_blocks.ZONES_NAMED["grid"]
    with pytest.raises(InputError, match="no coordinates"):
        zone_map(bare, Zoning.of(bare, bare.today), tmp_path / "bare.svg")


def test_bars(tmp_path: Path) -> None:
    instance = load("blocks/sfusd65")
    assert isinstance(instance, ApplicantInstance)
    share_bars(instance, Division((6, 1, 4, 1, 0, 3, 0, 0, 0, 6, 1)), tmp_path / "bars.svg")
    assert "Mission Bay (43)" in (tmp_path / "bars.svg").read_text()
