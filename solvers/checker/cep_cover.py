"""Every way to settle the units of a district that loses less than there is room for. Standard library, whole numbers.

Units are settled one after the other, in an order that is given: each by a group of a list, by the lower strip of
claim shares, by the upper, or by staying out. ``cep_shares`` says what each of these loses, and what is left to show.
What may follow is the same for all states with the same units settled and the same of them in either strip: of these
only the one whose groups are worth most goes on.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from fairbound.solvers.checker.common import Rejected

LOWER, UPPER, OUTSIDE = -1, -2, -3
"""Places of a unit that no group of the list holds."""
MOST_STATES = 1_000_000
PARTS, SPLIT = 8, -1
"""Parts of a loss, and the number that stands for what is lost in a split among those of prices."""
MADE, CHEAP, PRICED = 4, 8, 2
"""Steps for a choice that fits a state, choices that do not fit it in the time of a step, and steps to price one."""

Surplus = tuple[int, int, int, int]
"""Sums of q - t N: of the lower strip at its lower and its upper edge, and of the upper strip at its two."""
NONE: Surplus = (0, 0, 0, 0)
Key = tuple[int, int, int]
"""Units that are settled, those in the lower strip and those in the upper, as bits."""
State = tuple[int, list[int], Surplus]
"""Worth of the groups, what is lost at each of the prices that are looked at, and the strips' surpluses."""


class Choice(NamedTuple):
    """What may become of some units: their place is ``LOWER``, ``UPPER``, ``OUTSIDE``, or else they are a group."""

    units: tuple[int, ...]
    bits: int
    place: int
    surplus: Surplus
    """What it adds to the strips' surpluses."""
    worth: int
    """Of a group."""


class Priced(NamedTuple):
    """Prices of units, and the most that each is worth in the lower strip and in the upper.

    A grouping worth more than the bound loses less than there is room for. The upper strip's surplus over full funding
    earns nothing, and so loses its price.
    """

    units: list[int]
    low: dict[int, int]
    high: dict[int, int]
    room: int
    price: int

    def lost(self, choices: list[Choice]) -> list[int]:
        """What each of some choices loses."""
        prices, strips = self.units, {LOWER: self.low, UPPER: self.high}
        lost = [sum([prices[unit] for unit in units]) - worth for units, _, _, _, worth in choices]
        for index, (units, _, place, _, _) in enumerate(choices):
            if place in strips:
                lost[index] -= strips[place][units[0]]
        return lost


class Split(NamedTuple):
    """Some units as bits, and how many parts in ``PARTS`` of a loss are theirs.

    A grouping that loses a within the units, b within the others and c across, a + b + c < room, has
    PARTS a + parts c < parts room, or else PARTS b + (PARTS - parts) c < (PARTS - parts) room.
    """

    prices: Priced
    inside: int
    parts: int

    @property
    def room(self) -> int:
        """For what is lost by these parts."""
        return self.parts * self.prices.room

    @property
    def price(self) -> int:
        """A surplus over full funding is nobody's loss."""
        return 0

    def lost(self, choices: list[Choice]) -> list[int]:
        """What each of some choices loses, by parts."""
        return [
            loss * (0 if not bits & self.inside else self.parts if bits & ~self.inside else PARTS)
            for loss, (_, bits, _, _, _) in zip(self.prices.lost(choices), choices, strict=True)
        ]


Losses = Priced | Split


def members(bits: int) -> list[int]:
    """The units of a set that stands as bits."""
    return [unit for unit, bit in enumerate(bin(bits)[:1:-1]) if bit == "1"]


def covers(
    choices: list[list[Choice]],
    order: list[int],
    by: list[list[int]],
    priced: Callable[[int], Losses],
    spend: Callable[[int], None],
) -> Iterator[tuple[int, int, int]]:
    """What becomes of all units, each time that it loses less than there is room for: of all that are alike the best.

    In a split that is the best of all that lose no more in it.

    Yields the units in the lower strip and in the upper, as bits, and what the groups are worth. Raises ``Rejected``
    where a choice is worth more than its prices.

    Parameters
    ----------
    choices
        For each unit in its order what may become of it and of none before it.
    by
        For each unit in its order numbers of prices: choices are taken by what they lose at the first of them. The
        number of a split stands for all units or for none.
    priced
        The prices of a number.
    spend
        Is told how many choices were looked at, and may stop the search.
    """
    rest = [NONE]
    for options in reversed(choices):
        a, b, c, d = rest[-1]
        a += max([0, *(choice.surplus[0] for choice in options)])
        b += min([0, *(choice.surplus[1] for choice in options)])
        c += max([0, *(choice.surplus[2] for choice in options)])
        d += min([0, *(choice.surplus[3] for choice in options)])
        rest.append((a, b, c, d))
    rest.reverse()
    sweep = _Sweep([list(options) for options in choices])
    for depth, unit in enumerate(order):
        sweep.look(depth, by[depth], priced, spend)
        limits = [(each.room, each.price) for each in sweep.prices.values()]
        # Taken by the first loss; the index keeps two that are alike from being compared further.
        losses = zip(*(sweep.lost[number][depth] for number in by[depth]), strict=True)
        ordered = sorted((lost[0], index, lost) for index, lost in enumerate(losses))
        taken_by = [(lost, sweep.choices[depth][index]) for _, index, lost in ordered]
        after = _After(by[depth].index(SPLIT) if SPLIT in by[depth] else None)
        for key, states in sweep.states.items():
            settled = key[0] >> unit & 1
            for state in states:
                left = _left(state, rest[depth + 1], limits)
                if not settled:
                    spend(1 + _grow(after, key, state, taken_by, rest[depth + 1], limits, left))
                else:
                    spend(1)
                    if left is not None and min(left) > 0:
                        after.keep(key, state)
            spend(after.steps())
            if after.count > MOST_STATES:
                raise Rejected(f"a cover of more than {MOST_STATES} states")
        sweep.states = after.states
    for (_, low, high), states in sweep.states.items():
        for worth, _, _ in states:
            yield low, high, worth


class _After:
    """States after a unit is settled: of those alike the best, and in a split what loses less than all worth more."""

    def __init__(self, split: int | None) -> None:
        self.split = split
        self.states: dict[Key, list[State]] = {}
        self.count = self.compared = 0

    def steps(self) -> int:
        """What it has cost, since the last time, to look at what is alike in a split: it may be much."""
        steps, self.compared = self.compared // CHEAP, 0
        return steps

    def keep(self, key: Key, state: State) -> None:
        """Keep a state, unless one that is alike is worth as much, and loses no more in the split."""
        alike = self.states.get(key)
        if alike is None:
            self.states[key] = [state]
            self.count += 1
        elif self.split is None:
            if alike[0][0] < state[0]:
                alike[0] = state
        else:
            at, worth, lost = self.split, state[0], state[1][self.split]
            self.compared += len(alike)
            if any(other[0] >= worth and other[1][at] <= lost for other in alike):
                return
            kept = [other for other in alike if other[0] > worth or other[1][at] < lost]
            self.count += 1 + len(kept) - len(alike)
            self.states[key] = [*kept, state]


class _Paid:
    """What units have paid that are settled, but for the worth of their groups: sums over eight units at a time."""

    def __init__(self, prices: Priced) -> None:
        low, high = ([side.get(unit, 0) for unit in range(len(prices.units))] for side in (prices.low, prices.high))
        self.taken, self.low, self.high = _sums(prices.units), _sums(low), _sums(high)

    def by(self, key: Key) -> int:
        """In a state."""
        taken, low, high = key
        return _sum(self.taken, taken) - _sum(self.low, low) - _sum(self.high, high)


def _sums(values: list[int]) -> list[list[int]]:
    """For each eight values the sum of those in each subset."""
    tables = []
    for begin in range(0, len(values), 8):
        sums = [0]
        for value in values[begin : begin + 8]:
            sums += [value + before for before in sums]
        tables.append(sums)
    return tables


def _sum(tables: list[list[int]], bits: int) -> int:
    """The sum of the values of a set."""
    return sum([table[byte] for table, byte in zip(tables, bits.to_bytes(len(tables), "little"), strict=True)])


class _Sweep:
    """States, and what the choices that are left lose at the prices that are looked at."""

    def __init__(self, choices: list[list[Choice]]) -> None:
        self.choices = choices
        self.prices: dict[int, Losses] = {}
        self.lost: dict[int, list[list[int]]] = {}
        self.states: dict[Key, list[State]] = {(0, 0, 0): [(0, [], NONE)]}

    def look(
        self, depth: int, numbers: list[int], priced: Callable[[int], Losses], spend: Callable[[int], None]
    ) -> None:
        """Look at these prices from a depth on; drop what loses too much at them.

        Raises ``Rejected`` where a choice that is left is worth more than its prices, and for a split that begins or
        ends on the way.
        """
        if numbers == list(self.prices):
            return
        if depth and (SPLIT in numbers) != (SPLIT in self.prices):
            raise Rejected("a split is not of all units that a cover settles")
        before, known = list(self.prices), self.lost
        self.prices = {number: self.prices.get(number) or priced(number) for number in numbers}
        self.lost = {number: known[number] for number in numbers if number in known}
        new = {number: each for number, each in self.prices.items() if number not in known}
        paid = {number: _Paid(each) for number, each in new.items() if isinstance(each, Priced)}
        rooms = [each.room for each in self.prices.values()]
        kept: dict[Key, list[State]] = {}
        for key, states in self.states.items():
            spend(MADE * len(states) * (1 + len(new)))
            for worth, lost, surplus in states:
                of = dict(zip(before, lost, strict=True))
                # A split is looked at from the first unit on, when nothing is lost.
                now = [of[n] if n in known else paid[n].by(key) - worth if n in paid else 0 for n in numbers]
                if all(loss < room for loss, room in zip(now, rooms, strict=True)):
                    kept.setdefault(key, []).append((worth, now, surplus))
        self.states = kept
        for place, number in enumerate(numbers):
            if number in self.lost:
                continue
            each = self.prices[number]
            self.lost[number] = _losses(each, self.choices, depth, spend)
            # What loses more than any state may does so in all that become of these states.
            every = (lost[place] for states in self.states.values() for _, lost, _ in states)
            least = min(every, default=each.room)
            for later in range(depth, len(self.choices)):
                keep = [index for index, loss in enumerate(self.lost[number][later]) if loss < each.room - least]
                if len(keep) < len(self.choices[later]):
                    self.choices[later] = [self.choices[later][index] for index in keep]
                    for losses in self.lost.values():
                        losses[later] = [losses[later][index] for index in keep]


def _losses(prices: Losses, choices: list[list[Choice]], depth: int, spend: Callable[[int], None]) -> list[list[int]]:
    """What the choices from a depth on lose; ``Rejected`` where one is worth more than its prices."""
    lost: list[list[int]] = [[] for _ in range(depth)]
    for options in choices[depth:]:
        spend(PRICED * len(options))
        lost.append(prices.lost(options))
        if options and min(lost[-1]) < 0:
            units = options[lost[-1].index(min(lost[-1]))].units
            raise Rejected(f"in a cover units {units} are worth more than their prices")
    return lost


def _left(state: State, rest: Surplus, limits: list[tuple[int, int]]) -> list[int] | None:
    """What a state may still lose, by each of the prices; ``None`` if its strips cannot balance with the rest."""
    _, lost, (w, x, y, z) = state
    a, b, c, d = rest
    # Groups of a strip together reach its lower edge, and those of the lower one not more than its upper edge.
    if w + a < 0 or x + b > 0 or y + c < 0:
        return None
    over = z + d
    if over <= 0:
        return [room - before for before, (room, _) in zip(lost, limits, strict=True)]
    return [room - before - price * over for before, (room, price) in zip(lost, limits, strict=True)]


def _grow(
    after: _After,
    key: Key,
    state: State,
    options: list[tuple[tuple[int, ...], Choice]],
    rest: Surplus,
    limits: list[tuple[int, int]],
    usual: list[int] | None,
) -> int:
    """Add what becomes of a state by each of the options that fit; what that costs.

    ``usual`` is what the state may lose by an option that leaves the strips as they are.
    """
    (taken, low, high), (worth, lost, surplus) = key, state
    most, seen, made = limits[0][0] - lost[0], 0, 0
    for losses, (_, bits, place, more, gain) in options:
        if losses[0] >= most:
            break
        seen += 1
        if bits & taken:
            continue
        made += 1
        lower, upper, now, left = low, high, surplus, usual
        if place in (LOWER, UPPER):
            now = (surplus[0] + more[0], surplus[1] + more[1], surplus[2] + more[2], surplus[3] + more[3])
            left = _left((worth, lost, now), rest, limits)
            lower, upper = (low | bits, high) if place == LOWER else (low, high | bits)
        if left is None:
            continue
        for loss, room in zip(losses, left):  # noqa: B905 - as long as each other, and asked most of all
            if loss >= room:
                break
        else:
            new = [before + loss for before, loss in zip(lost, losses, strict=True)]
            after.keep((taken | bits, lower, upper), (worth + gain, new, now))
    return MADE * made + seen // CHEAP
