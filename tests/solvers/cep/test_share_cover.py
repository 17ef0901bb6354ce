"""Covers: what they leave is what brute force leaves, in the search and in the checker."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from fairbound.solvers.cep import share_cover, share_orders
from fairbound.solvers.cep.share_cells import Cells, Prices, crowded
from fairbound.solvers.cep.share_cover import HIGH, LOW, OUT, Choices, Priced, Split, Sweep
from fairbound.solvers.cep.share_orders import race
from fairbound.solvers.checker import cep_cover as checker
from fairbound.solvers.checker.cep_cover import SPLIT
from general_meals import with_meals


class Row(NamedTuple):
    """A choice."""

    units: tuple[int, ...]
    place: int
    surplus: tuple[int, int, int, int]
    worth: int


Left = dict[tuple[frozenset[int], frozenset[int]], int]
"""Of each set of units in the lower strip and in the upper the most that groups are worth beside them."""
ROOM, PRICE, NONE = 60, 2, (0, 0, 0, 0)


def drawn(units: int, chance: random.Random, vectors: int = 3) -> tuple[list[Row], list[checker.Priced]]:
    """Some choices of each unit by itself, and groups, at prices that hold for all of them."""
    target = 70 * units - ROOM
    prices = [[70 + chance.randint(-8, 8) * (k > 0) for _ in range(units)] for k in range(vectors)]
    rows: list[Row] = []
    for unit in range(units):
        for place in (LOW, HIGH, OUT):
            if chance.random() < 0.7:
                w, x = sorted((chance.randint(-9, 9), chance.randint(-9, 9)))
                rows.append(Row((unit,), place, {LOW: (x, w, 0, 0), HIGH: (0, 0, x, w), OUT: NONE}[place], 0))
    for _ in range(3 * units):
        inside = tuple(sorted(chance.sample(range(units), chance.randint(1, 3))))
        least = min(sum(vector[unit] for unit in inside) for vector in prices)
        rows.append(Row(inside, inside[0], NONE, least - chance.randint(0, 40)))
    priced = []
    for vector in prices:
        low, high = ({unit: vector[unit] - chance.randint(0, 30) for unit in range(units)} for _ in range(2))
        priced.append(checker.Priced(vector, low, high, sum(vector) - target, PRICE))
    rows = [row for row in rows if all(each.lost([choice_of(row)])[0] >= 0 for each in priced)]
    return [row for row in rows if priced[0].lost([choice_of(row)])[0] < ROOM], priced


def choice_of(row: Row) -> checker.Choice:
    return checker.Choice(row.units, sum(1 << unit for unit in row.units), *row[1:])


Side = tuple[list[int], int]
"""The units of one side of a split, and its parts of a loss."""


def left(rows: list[Row], units: int, priced: list[checker.Priced], side: Side | None = None) -> Left:
    """By brute force: all ways to settle every unit once that lose less than there is room for at all prices.

    Of a split those that lose less than a side's part by choices within it, of what choices across have left.
    """

    def settled(unit: int, made: tuple[Row, ...]) -> Iterator[tuple[Row, ...]]:
        taken = {member for row in made for member in row.units}
        while unit in taken:
            unit += 1
        if unit == units:
            yield made
            return
        for row in rows:
            if unit in row.units and not taken & set(row.units):
                yield from settled(unit, (*made, row))

    found: Left = {}
    for made in settled(0, ()):
        w, x, y, z = (sum(row.surplus[i] for row in made) for i in range(4))
        if w < 0 or x > 0 or y < 0:
            continue
        if any(sum(e.lost([choice_of(row) for row in made])) + PRICE * max(z, 0) >= e.room for e in priced):
            continue
        if side is not None:
            lost = dict(zip(made, priced[0].lost([choice_of(row) for row in made]), strict=True))
            within = sum(loss for row, loss in lost.items() if set(row.units) <= set(side[0]))
            across = sum(loss for row, loss in lost.items() if 0 < len(set(row.units) & set(side[0])) < len(row.units))
            if 8 * within >= side[1] * (priced[0].room - across):
                continue
        low, high = (frozenset(row.units[0] for row in made if row.place == place) for place in (LOW, HIGH))
        found[low, high] = max(found.get((low, high), 0), sum(row.worth for row in made))
    return found


def sweep_of(rows: list[Row], units: int, priced: list[checker.Priced]) -> Sweep:
    """A sweep that has settled nothing yet."""
    inside = np.zeros((len(rows) + 1, units), dtype=bool)
    for i, row in enumerate(rows):
        inside[i, list(row.units)] = True
    choices = Choices(
        inside,
        np.array([*(i if row.place >= 0 else row.place for i, row in enumerate(rows)), OUT]),
        np.array([*(row.worth for row in rows), 0.0]),
        np.array([*(row.surplus for row in rows), NONE], dtype=float).T,
    )
    nothing = Prices(np.zeros(units), np.zeros(0), np.zeros(0), (0, 0))
    every = [
        Priced(np.array([*e.lost([choice_of(row) for row in rows]), 0], dtype=float), e.room, e.price, nothing)
        for e in priced
    ]
    further = iter(every[1:])
    return Sweep(choices, every[0], lambda _shares, _left: next(further, None), 0.0, 1e-6)


def searched(
    rows: list[Row],
    units: int,
    priced: list[checker.Priced],
    most: float = np.inf,
    planned: list[int] | None = None,
    side: Side | None = None,
) -> tuple[Left, list[int], list[list[int]]]:
    """What the search leaves, its order, and the prices that it looked at."""
    split = None if side is None else Split(np.array(side[0], dtype=np.intp), side[1])
    done = race([sweep_of(rows, units, priced).along(planned or [], split)], most, lambda: False)
    assert done is not None
    found = done.covers()
    assert len(found.further) == len(done.priced) - 1 - (side is not None)
    groupings: Left = {}
    for made in found.chosen.T.tolist():
        taken = [rows[k] for k in made if k < len(rows)]
        assert sorted(unit for row in taken for unit in row.units) == list(range(units))
        low, high = (frozenset(row.units[0] for row in taken if row.place == place) for place in (LOW, HIGH))
        groupings[low, high] = max(groupings.get((low, high), 0), sum(row.worth for row in taken))
    return groupings, found.order, found.by


def checked(
    rows: list[Row], order: list[int], by: list[list[int]], priced: list[checker.Priced], side: Side | None = None
) -> Left:
    """What the checker leaves."""
    place = {unit: depth for depth, unit in enumerate(order)}
    choices: list[list[checker.Choice]] = [[] for _ in order]
    for row in rows:
        choices[min(place[unit] for unit in row.units)].append(choice_of(row))
    split = None if side is None else checker.Split(priced[0], sum(1 << unit for unit in side[0]), side[1])
    found: Left = {}
    for low, high, worth in checker.covers(
        choices, order, by, lambda number: split if split and number == SPLIT else priced[number], lambda _steps: None
    ):
        key = frozenset(checker.members(low)), frozenset(checker.members(high))
        found[key] = max(found.get(key, 0), worth)
    return found


@pytest.mark.parametrize("vectors", [1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_search_checker_and_brute_force_leave_the_same(
    seed: int, vectors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_cover, "MANY_STATES", 0)  # further prices from the first unit on
    monkeypatch.setattr(share_cover, "GROWN", 0)
    units, chance = 6, random.Random(seed)
    rows, priced = drawn(units, chance, vectors)
    truth = left(rows, units, priced)
    assert truth or vectors > 1
    found, order, by = searched(rows, units, priced)
    assert sorted(order) == list(range(units))
    assert {number for looked in by for number in looked} == set(range(vectors))
    assert found == truth
    assert checked(rows, order, by, priced) == truth


@pytest.mark.parametrize("vectors", [1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_the_sides_of_a_split_leave_what_brute_force_does(
    seed: int, vectors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_cover, "MANY_STATES", 0)
    monkeypatch.setattr(share_cover, "GROWN", 0)
    units, chance = 6, random.Random(seed)
    rows, priced = drawn(units, chance, vectors)
    order = chance.sample(range(units), units)
    cut, parts = chance.randint(1, units - 1), chance.randint(1, 7)
    together: Left = {}
    for along, side in ((order, (order[:cut], parts)), (order[::-1], (order[cut:], 8 - parts))):
        truth = left(rows, units, priced, side)
        found, settled, by = searched(rows, units, priced, planned=along, side=side)
        assert settled == along or not truth
        assert all(SPLIT in looked for looked in by)
        assert found == truth
        assert checked(rows, settled, by, priced, side) == truth
        together |= {key: max(worth, together.get(key, 0)) for key, worth in found.items()}
    assert together == left(rows, units, priced)


def test_a_split_keeps_what_is_worth_less_and_loses_less_in_it() -> None:
    """Two ways to settle four units: the better one loses within the side, and then the last two lose too much."""
    rows = [Row((0, 1), 0, NONE, 134), Row((2, 3), 2, NONE, 140), Row((0, 2), 0, NONE, 133), Row((1, 3), 1, NONE, 140)]
    rows.append(Row((4, 5), 4, NONE, 138))
    priced, side = [checker.Priced([70] * 6, {}, {}, 15, PRICE)], ([0, 1, 4, 5], 4)
    truth = {(frozenset[int](), frozenset[int]()): 411}
    assert left(rows, 6, priced, side) == truth
    found, order, by = searched(rows, 6, priced, planned=[0, 1, 2, 3, 4, 5], side=side)
    assert found == truth
    assert checked(rows, order, by, priced, side) == truth
    assert left(rows, 6, priced) == {(frozenset(), frozenset()): 412}


def test_what_is_alike_in_a_split_costs_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six times four units, in pairs within the sides or across them: 64 groupings, none better in both losses."""
    choices: list[list[checker.Choice]] = [[] for _ in range(24)]
    for k in range(6):
        a, b, c, d = range(4 * k, 4 * k + 4)
        for units, lost in (((a, b), 6), ((c, d), 1), ((a, c), 4), ((b, d), 4)):
            choices[units[0]].append(choice_of(Row(units, units[0], NONE, 140 - lost * 2**k)))
    priced = checker.Priced([70] * 24, {}, {}, 2000, PRICE)
    split = checker.Split(priced, sum(0b11 << 4 * k for k in range(6)), 4)

    def spent() -> int:
        steps: list[int] = []
        many = {0: priced, SPLIT: split}
        left = list(checker.covers(choices, list(range(24)), [[0, SPLIT]] * 24, many.__getitem__, steps.append))
        assert len(left) == 64
        return sum(steps)

    every = spent()
    monkeypatch.setattr("fairbound.solvers.checker.cep_cover._After.steps", lambda _after: 0)
    assert every > spent() + 64 * 63 / 2 / 8


def test_a_split_that_begins_or_ends_on_the_way_is_refused() -> None:
    rows, priced = drawn(6, random.Random(0))
    side = [0, 1, 2], 4
    _, order, by = searched(rows, 6, priced[:1], side=side)
    for looked in ([*by[:3], *([0] for _ in by[3:])], [*([0] for _ in by[:3]), *by[3:]]):
        with pytest.raises(checker.Rejected, match="a split is not of all"):
            checked(rows, order, looked, priced[:1], side)


@pytest.mark.parametrize("alone", [2, 20])
def test_the_sweep_with_fewest_steps_goes_on(alone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the end of a unit that has no choice a sweep is done at once; from the other it has ten states first."""
    monkeypatch.setattr(share_orders, "ALONE", alone)
    units = 12
    rows = [Row(pair, pair[0], NONE, 140) for pair in itertools.combinations(range(1, units), 2)]
    sweep = sweep_of(rows, units, [checker.Priced([70] * units, {}, {}, 10, PRICE)])
    for numbers in ([0, 1], [1, 0]):
        sweeps = [sweep.along(list(range(units))), sweep.along(list(range(units))[::-1])]
        assert race([sweeps[i] for i in numbers], np.inf, lambda: False) is sweeps[0]
        assert len(sweeps[1].order) == (numbers[0] if alone == 2 else numbers[0] * 2)
    assert not sweep.order
    assert race([sweep.along([])], np.inf, lambda: True) is None


def test_further_prices_close_more() -> None:
    rows, priced = drawn(6, random.Random(1))
    fewer = [sum(left(rows, 6, priced[:count]).values()) for count in (1, 3)]
    assert fewer[1] < fewer[0]


def test_prices_that_close_all_that_is_left_are_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_cover, "MANY_STATES", 0)
    monkeypatch.setattr(share_cover, "GROWN", 0)
    rows = [Row((unit,), OUT, NONE, 0) for unit in range(4)]
    priced = [checker.Priced([10] * 4, {}, {}, 50, PRICE), checker.Priced([50, 10, 10, 10], {}, {}, 50, PRICE)]
    found, order, by = searched(rows, 4, priced)
    assert found == {}
    assert checked(rows, order, by, priced) == {}
    assert checked(rows, order, [by[0]] * 4, priced) == {(frozenset(), frozenset()): 0}


def test_of_states_that_are_alike_only_the_best_goes_on() -> None:
    units = 12
    pairs = [Row((unit, unit + 1), unit, NONE, 140 - unit % 3) for unit in range(0, units, 2)]
    crossed = [Row((unit, unit + 3), unit, NONE, 138) for unit in range(0, units, 4)]
    crossed += [Row((unit + 1, unit + 2), unit + 1, NONE, 138) for unit in range(0, units, 4)]
    priced = [checker.Priced([70] * units, {}, {}, 1000, PRICE)]
    found, order, by = searched([*pairs, *crossed], units, priced)
    assert found == {(frozenset(), frozenset()): sum(row.worth for row in pairs)}
    assert checked([*pairs, *crossed], order, by, priced) == found


def test_prices_that_do_not_hold_are_refused() -> None:
    rows, priced = drawn(6, random.Random(0))
    dear = priced[1]._replace(units=[price // 2 for price in priced[1].units])
    _, order, by = searched(rows, 6, priced[:1])
    for numbers in ([0, 1], [1], [1, 0]):
        with pytest.raises(checker.Rejected, match="worth more than their prices"):
            checked(rows, order, [by[0], *(numbers for _ in by[1:])], [priced[0], dear])


def test_states_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, priced = drawn(6, random.Random(0))
    _, order, by = searched(rows, 6, priced[:1])
    monkeypatch.setattr(checker, "MOST_STATES", 3)
    with pytest.raises(checker.Rejected, match="more than 3 states"):
        checked(rows, order, by, priced[:1])
    pairs = [Row((0, other), 0, NONE, 140) for other in range(1, 6)]  # five states at once, and nothing follows
    with pytest.raises(checker.Rejected, match="more than 3 states"):
        checked(pairs, list(range(6)), [[0]] * 6, [checker.Priced([70] * 6, {}, {}, 100, PRICE)])


def test_more_units_than_a_word_has_bits() -> None:
    units = 130
    rows = [Row((unit, unit + 1), unit, NONE, 139) for unit in range(0, units, 2)]
    dear, single = Row((64,), OUT, NONE, 0), Row((65,), OUT, NONE, 0)
    prices = [70] * units
    prices[64], prices[65] = 5, 7
    priced = checker.Priced(prices, {}, {}, 66, PRICE)
    rows[32] = rows[32]._replace(worth=12)
    assert searched([*rows, dear, single], units, [priced._replace(room=64)])[0] == {}  # 64 of them lose 64
    every = searched([*rows, dear, single], units, [priced])[0]
    assert every == {(frozenset(), frozenset()): sum(row.worth for row in rows)}


def test_a_search_that_would_take_too_long_says_so() -> None:
    rows, priced = drawn(6, random.Random(0))
    with pytest.raises(AssertionError):
        searched(rows, 6, priced, most=1)


def test_strips_leave_out_where_schools_crowd() -> None:
    def strips(identified: int, room: float) -> tuple[tuple[int, int], Cells]:
        rows = [(500, identified + k % 6, 9000 + k, 20_000) for k in range(30)]
        cells = Cells(with_meals("alike", rows), "reimbursement", 1.0)
        units = cells.arrays.fixed + cells.arrays.slope * 1.6 * (identified + 5) / 500
        prices = Prices(units, np.zeros(len(cells.knots)), np.zeros(len(cells.middle)), cells.strips)
        return crowded(cells, prices, room * float(units.sum()), lambda: False), cells

    (crowd, other), cells = strips(200, 0.01)
    assert cells.edges[crowd] > 1.6 * 203 / 500
    assert other == cells.strips[1]
    assert strips(250, 0.01)[0] == cells.strips  # the same crowd far from either end
    assert strips(200, 1e-9)[0] == cells.strips  # and one that has no room
    (other, crowd), cells = strips(309, 0.01)
    assert cells.edges[-1 - crowd] < 1.6 * 312 / 500
    assert other == cells.strips[0]
