"""Covers: what they leave is what brute force leaves, in the search and in the checker."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from fairbound.solvers.cep.share_cells import Cells, Prices, crowded
from fairbound.solvers.cep.share_cover import HIGH, LOW, OUT, Choices, covers
from fairbound.solvers.checker import cep_cover as checker
from general_meals import with_meals

Row = tuple[int, tuple[int, ...], tuple[int, int, int, int], int]
"""A choice: its loss, its units, what it adds to the surpluses, its place."""
ROOM, PRICE = 60, 2


def drawn(units: int, chance: random.Random) -> list[Row]:
    """Some choices of each unit by itself, and groups."""
    rows: list[Row] = []
    for unit in range(units):
        for place in (LOW, HIGH, OUT):
            if chance.random() < 0.7:
                w, x = sorted((chance.randint(-9, 9), chance.randint(-9, 9)))
                added = {LOW: (x, w, 0, 0), HIGH: (0, 0, x, w), OUT: (0, 0, 0, 0)}[place]
                rows.append((chance.randint(0, 30), (unit,), added, place))
    for group in range(3 * units):
        inside = tuple(sorted(chance.sample(range(units), chance.randint(1, 3))))
        rows.append((chance.randint(0, 40), inside, (0, 0, 0, 0), group))
    return rows


def left(rows: list[Row], units: int) -> set[frozenset[Row]]:
    """By brute force: all sets of choices that settle every unit once, within what they may lose."""

    def settled(unit: int, made: tuple[Row, ...]) -> Iterator[tuple[Row, ...]]:
        taken = {member for row in made for member in row[1]}
        while unit in taken:
            unit += 1
        if unit == units:
            yield made
            return
        for row in rows:
            if min(row[1]) <= unit and unit in row[1] and not taken & set(row[1]):
                yield from settled(unit, (*made, row))

    found = set()
    for made in settled(0, ()):
        w, x, y, z = (sum(row[2][i] for row in made) for i in range(4))
        if w >= 0 >= x and y >= 0 and sum(row[0] for row in made) + PRICE * max(z, 0) < ROOM:
            found.add(frozenset(made))
    return found


def searched(rows: list[Row], units: int, most: float = np.inf) -> tuple[set[frozenset[Row]], list[int]]:
    rows = sorted(rows)
    inside = np.zeros((len(rows) + 1, units), dtype=bool)
    for i, row in enumerate(rows):
        inside[i, list(row[1])] = True
    choices = Choices(
        inside,
        np.array([*(float(row[0]) for row in rows), 0.0]),
        np.array([*(row[3] for row in rows), OUT]),
        np.array([*(row[2] for row in rows), (0, 0, 0, 0)], dtype=float).T,
    )
    found = covers(choices, PRICE, ROOM, 0.0, most, lambda: False)
    assert found is not None
    return {frozenset(rows[k] for k in made if k < len(rows)) for made in found.chosen.T.tolist()}, found.order


@pytest.mark.parametrize("seed", range(12))
def test_search_checker_and_brute_force_leave_the_same(seed: int) -> None:
    units, chance = 6, random.Random(seed)
    rows = drawn(units, chance)
    truth = left(rows, units)
    assert len(truth) > 5
    found, order = searched(rows, units)
    assert sorted(order) == list(range(units))
    assert found == truth
    place = {unit: depth for depth, unit in enumerate(order)}
    choices: list[list[checker.Choice]] = [[] for _ in order]
    for i, row in enumerate(sorted(rows)):
        bits = sum(1 << unit for unit in row[1])
        choices[min(place[unit] for unit in row[1])].append((row[0], bits, row[2], i, 0))
    made = checker.covers([sorted(options) for options in choices], order, PRICE, ROOM, lambda _steps: None)
    assert {frozenset(sorted(rows)[choice[3]] for choice in each) for each in made} == truth


def test_more_units_than_a_word_has_bits() -> None:
    units = 130
    rows: list[Row] = [(1, (unit, unit + 1), (0, 0, 0, 0), unit) for unit in range(0, units, 2)]
    assert searched(rows, units)[0] == set()  # 65 of them lose more than there is room for
    cheap: list[Row] = [(0, *row[1:]) for row in rows]
    dear: Row = (5, (64,), (0, 0, 0, 0), OUT)
    single: Row = (7, (65,), (0, 0, 0, 0), OUT)
    assert searched([*cheap, dear, single], units)[0] == {
        frozenset(cheap),
        frozenset([*(row for row in cheap if 64 not in row[1]), dear, single]),
    }


def test_a_search_that_would_take_too_long_says_so() -> None:
    rows = drawn(6, random.Random(0))
    with pytest.raises(AssertionError):
        searched(rows, 6, most=10)


def test_the_lower_strip_leaves_out_where_schools_crowd_above_the_threshold() -> None:
    def lower(identified: int, room: float) -> tuple[int, Cells]:
        rows = [(500, identified + k % 6, 9000 + k, 20_000) for k in range(30)]
        cells = Cells(with_meals("alike", rows), "reimbursement", 1.0)
        units = cells.arrays.fixed + cells.arrays.slope * 1.6 * (identified + 5) / 500
        prices = Prices(units, np.zeros(len(cells.knots)), np.zeros(len(cells.middle)), cells.strips)
        return crowded(cells, prices, room * float(units.sum()), lambda: False), cells

    crowd, cells = lower(200, 0.01)
    assert cells.edges[crowd] > 1.6 * 203 / 500
    assert lower(300, 0.01)[0] == cells.strips[0]  # the same crowd far from the threshold
    assert lower(200, 1e-9)[0] == cells.strips[0]  # and one that has no room
