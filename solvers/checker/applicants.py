"""Replay a table of divisions: no division of the applicants has a better value than the claim.

Numbers are those of ``docs/blocks.md``. By (20) to (22) the value of a division follows from the seats taken, the race
counts and the sum of incomes. Cells are taken one after the other; for the seats taken so far, the gaps of the races
that are done and the count of the present race, the bits of one whole number say which sums of incomes can be
reached (36). What cannot beat the claim any more is left out. Whole numbers throughout.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import ceil, floor
from typing import Any

from fairbound.solvers.checker.common import UNREADABLE, Rejected, rational, sealed
from fairbound.solvers.checker.moments import measure
from fairbound.solvers.checker.rows.applicants import Applicants, value

FORMAT = "fairbound division table 1"
LONGEST, MOST_HELD, MOST_WORK = 10**8, 2 * 10**9, 6 * 10**10
"""Bits of one number, of all that are held at a time, and of all that are ever written for one number of seats."""

State = tuple[int, int, int]
"""Seats taken, gaps of the races that are done (times n N), applicants taken of the present race."""
Layer = dict[State, int]
"""Sums of incomes that can be reached, as bits."""


class Table:
    """The table of one number of seats.

    Attributes
    ----------
    groups
        Cells to be taken one after the other, a list for each race: the cell's number, units of income, applicants.
    centre
        Units of income that n applicants of mean income have.
    """

    def __init__(self, asked: Applicants, objective: str, claim: Fraction, seats: int) -> None:
        self.asked, self.objective, self.claim, self.n = asked, objective, claim, seats
        terms = {objective, *asked.limits}
        if not terms <= {"tvd", "income", "loss"}:
            raise Rejected(f"no table is stated for {objective}")
        filled = [c for c, count in enumerate(asked.count) if count]
        if terms != {"tvd"} and any(asked.income[c] is None for c in filled):
            raise Rejected("an applicant has no income")
        income = {c: asked.income[c] or Fraction(0) for c in filled}
        total = sum((asked.count[c] * amount for c, amount in income.items()), Fraction(0))
        if terms != {"tvd"} and total <= 0:
            raise Rejected("a mean income that is not above 0")
        self.mean = total / asked.total or Fraction(1)
        # Counted from the least income, in the largest unit: fewer bits.
        base = min(income.values())
        self.unit = measure([amount - base for amount in income.values()])
        self.centre = seats * (self.mean - base) / self.unit
        parted = terms & {"tvd", "loss"}  # without these, races do not matter
        races = list(dict.fromkeys(asked.race[c] for c in filled)) if parted else [None]
        self.held = [sum(asked.count[c] for c in filled if race in (None, asked.race[c])) for race in races]
        self.weight = asked.total if parted else 0
        self.groups = [
            [(c, int((income[c] - base) / self.unit), asked.count[c]) for c in filled if race in (None, asked.race[c])]
            for race in races
        ]
        cells = [cell for group in self.groups for cell in group]
        if seats * max(units for _, units, _ in cells) > LONGEST:
            raise Rejected("incomes in steps so fine that nobody has time for the table")
        self.window, self.least = cache(self._window), cache(self._least)
        # Least and largest sums of so many of the applicants of the cells from each one on.
        self.ends = [self._sums(cells[i:]) for i in range(len(cells) + 1)]

    def _sums(self, cells: list[tuple[int, int, int]]) -> tuple[list[int], list[int]]:
        each = sorted(units for _, units, count in cells for _ in range(min(count, self.n)))
        low, high = [0], [0]
        for rise, fall in zip(each, each[::-1], strict=True):
            low.append(low[-1] + rise)
            high.append(high[-1] + fall)
        return low, high

    def gap(self, race: int, count: int) -> int:
        """|N n_r - n N_r|, the numerator of (20)."""
        return abs(self.weight * count - self.n * self.held[race]) if self.weight else 0

    def tvd(self, gap: int) -> Fraction:
        """(20) of gaps that are summed."""
        return Fraction(gap, 2 * self.n * self.asked.total)

    def _window(self, gap: int) -> tuple[int, int]:
        """Least and largest sum, in units, of a division with these gaps that keeps all limits and beats the claim."""
        tvd, scale = self.tvd(gap), self.n * self.mean / self.unit
        low, high = 0, LONGEST
        for name, most, strict in ((self.objective, self.claim, True), *((n, m, False) for n, m in self.limits())):
            left = most if name == "income" else most - tvd
            if left < 0 or (left == 0 and strict):
                return 1, 0
            if name != "tvd":
                start, end = self.centre - left * scale, self.centre + left * scale
                low = max(low, floor(start) + 1 if strict else ceil(start))
                high = min(high, ceil(end) - 1 if strict else floor(end))
        return low, high

    def limits(self) -> list[tuple[str, Fraction]]:
        """Limits on objectives, (26)."""
        return list(self.asked.limits.items())

    def _least(self, race: int, count: int, rest: int, seats: int) -> int | None:
        """Least gaps from a race on, of which ``count`` are taken and ``rest`` can be, where so many seats are left."""
        if race == len(self.held):
            return None if seats else 0
        found = []
        for more in range(min(rest, seats) + 1):
            follows = self.held[race + 1] if race + 1 < len(self.held) else 0
            later = self.least(race + 1, 0, follows, seats - more)
            if later is not None:
                found.append(self.gap(race, count + more) + later)
        return min(found, default=None)

    def kept(self, layer: Layer, race: int, rest: int, cells: int) -> Layer:
        """The states, and the sums of each, that can still beat the claim after so many cells.

        Raises ``Rejected`` where they are too many.
        """
        low, high = self.ends[cells]
        found: Layer = {}
        for (used, gap, count), bits in layer.items():
            left = self.n - used
            later = self.least(race, count, rest, left) if 0 <= left < len(low) else None
            if later is None:
                continue
            start, end = self.window(gap + later)
            bits &= (1 << max(0, end - low[left] + 1)) - 1
            cut = max(0, start - high[left])
            bits = bits >> cut << cut
            if start <= end and bits:
                found[used, gap, count] = bits
        if sum(map(int.bit_length, found.values())) > MOST_HELD:
            raise Rejected("a table that is too large to be held")
        return found

    def layers(self) -> Any:
        """The layer after each cell, with the race that it is of; a race's last one is also the next one's first.

        Raises ``Rejected`` where that takes too much work.
        """
        layer: Layer = {(0, 0, 0): 1}
        cells, written = 0, 0
        for race, group in enumerate(self.groups):
            rest = self.held[race]
            for _, units, count in group:
                cells, rest, taken = cells + 1, rest - count, layer
                layer = dict(layer)
                for _ in range(count):
                    taken = {
                        (used + 1, gap, k + 1): bits << units for (used, gap, k), bits in taken.items() if used < self.n
                    }
                    written += sum(map(int.bit_length, taken.values()))
                    if written > MOST_WORK:
                        raise Rejected("a table that takes more work than anybody has time for")
                    for state, bits in taken.items():
                        layer[state] = layer.get(state, 0) | bits
                layer = self.kept(layer, race, rest, cells)
                yield race, layer
            done: Layer = {}
            for (used, gap, count), bits in layer.items():
                state = (used, gap + self.gap(race, count), 0)
                done[state] = done.get(state, 0) | bits
            layer = done

    def best(self, race: int, layer: Layer) -> tuple[Fraction, State, int] | None:
        """The best value in the last layer, its state and its sum; ``None`` where none beats the claim."""
        found = []
        for (used, gap, count), bits in layer.items():
            closed = gap + self.gap(race, count)
            low, high = self.window(closed)
            inside = (bits >> low) & ((1 << max(0, high - low + 1)) - 1)
            if used < self.n or not inside:
                continue
            middle = max(-1, min(high, floor(self.centre)) - low)  # the sums next to the centre, on both sides
            below, above = inside & ((1 << (middle + 1)) - 1), inside >> (middle + 1)
            near = [below.bit_length() - 1] if below else []
            near += [(above & -above).bit_length() + middle] if above else []
            for sum_ in (low + place for place in near):
                income = abs(sum_ - self.centre) * self.unit / (self.n * self.mean)
                worth = {"tvd": self.tvd(closed), "income": income, "loss": self.tvd(closed) + income}[self.objective]
                found.append((worth, (used, gap, count), sum_))
        return min(found, default=None)


def better(asked: Applicants, objective: str, claim: Fraction) -> Fraction | None:
    """The least value below the claim that a division has, ``None`` without one."""
    found = []
    for seats in range(asked.fewest, asked.most + 1):
        table = Table(asked, objective, claim, seats)
        for race, layer in table.layers():
            last = table.best(race, layer) if race == len(table.groups) - 1 else None
        found += [last[0]] if last is not None else []
    return min(found, default=None)


def check(document: dict[str, Any], digest: str | None = None) -> Fraction:
    """The proven bound; raises ``Rejected``. ``digest`` names the instance that is meant, if given."""
    try:
        if document["format"] != FORMAT:
            raise Rejected(f"unknown format {document['format']!r}")
        sealed(document, digest)
        data, objective, claim = document["data"], document["objective"], rational(document["bound"])
        known = value(data, objective, document["solution"])
        if known < claim:
            raise Rejected("the division is better than the bound: the file contradicts itself")
        beaten = better(Applicants(data), objective, claim)
        if beaten is not None:
            raise Rejected(f"a division has {float(beaten):.9g}, claimed {float(claim):.9g}")
        return claim
    except UNREADABLE as error:
        raise Rejected(f"it cannot be read: {type(error).__name__} {error}") from error
