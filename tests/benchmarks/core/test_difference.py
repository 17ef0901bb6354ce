"""Two runs compared: what counts as a change, and what is noise."""

from __future__ import annotations

from typing import Any

import pytest
from bench_rows import row
from fairbound.benchmarks.core.difference import Change, Pair, difference, totals


def compare(first: dict[str, Any], second: dict[str, Any]) -> Pair:
    [pair] = difference([row(**first)], [row(**second)])
    return pair


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(1.0, 1.2, "same"), (1.0, 1.3, "slower"), (1.3, 1.0, "faster"), (0.01, 0.05, "same"), (1.0, 1.0, "same")],
)
def test_times_change_beyond_the_noise_only(before: float, after: float, change: str) -> None:
    assert compare({"cpu_seconds": before}, {"cpu_seconds": after}).change == change


def test_repetitions_say_how_much_noise_there_is() -> None:
    first = [row(repetition=i, cpu_seconds=seconds) for i, seconds in enumerate((1.0, 2.0, 3.0))]
    second = [row(repetition=i, cpu_seconds=3.5) for i in range(3)]
    [pair] = difference(first, second)
    assert (pair.noise, pair.first, pair.second, pair.ratio, pair.change) == (1.0, 2.0, 3.5, 1.75, Change.SAME)


@pytest.mark.parametrize(
    ("first", "second", "change", "why"),
    [
        ({}, {"primal_bound": "101"}, "better", "primal bound 100 -> 101"),
        ({}, {"primal_bound": "99"}, "worse", "primal bound 100 -> 99"),
        ({}, {"primal_bound": "99", "sense": "minimize"}, "worse", "primal bound 100 -> 99"),
        ({"dual_bound": "110"}, {"dual_bound": "105"}, "better", "dual bound 110 -> 105"),
        ({"dual_bound": "105"}, {"dual_bound": "110"}, "worse", "dual bound 105 -> 110"),
        ({"dual_bound": None}, {}, "better", "a dual bound"),
        ({}, {"primal_bound": None}, "worse", "no primal bound"),
        ({}, {"level": "L2"}, "better", "level L1 -> L2"),
        ({}, {"outcome": "timeout"}, "worse", "outcome ok -> timeout"),
        ({"outcome": "memory"}, {}, "better", "outcome memory -> ok"),
        ({}, {"digest": "d2"}, "other data", ""),
    ],
)
def test_quality_comes_before_time(first: dict[str, Any], second: dict[str, Any], change: str, why: str) -> None:
    if second.get("sense"):
        first = first | {"sense": second["sense"]}
        change = "better"  # a smaller value of a minimisation
    pair = compare(first | {"cpu_seconds": 1.0}, second | {"cpu_seconds": 9.0})
    assert (pair.change, pair.why) == (change, why)


def test_solves_of_one_run_only_are_named() -> None:
    pairs = difference([row(), row(seed=1)], [row(), row(method="levels")])
    assert [pair.change.value for pair in pairs] == ["same", "only in the first", "only in the second"]
    counted = totals(pairs)
    assert counted.counts[Change.SAME] == 1
    assert counted.mean_first == pytest.approx(2.0)
    assert totals([]).mean_first is None
