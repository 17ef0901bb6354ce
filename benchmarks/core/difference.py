"""What changed between two runs: faster, slower, better, worse, with the noise said.

Solves are matched by what was asked and how (all of the specification but the repetition). Times are
CPU seconds of the process, which other work on the machine disturbs least, medians over repetitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.measures import shifted_geometric_mean
from fairbound.solvers.core.isolation import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from fractions import Fraction

    from fairbound.benchmarks.core.row import Row

LEAST_NOISE = 0.25
"""Relative noise assumed where repetitions do not show more."""
LEAST_SECONDS = 0.05
"""Differences below this are never called faster or slower."""

_Key = tuple[object, ...]


class Change(StrEnum):
    """What became of one solve."""

    SAME = "same"
    FASTER = "faster"
    SLOWER = "slower"
    BETTER = "better"
    """A better value, a stronger bound, or an outcome where there was none."""
    WORSE = "worse"
    ONLY_FIRST = "only in the first"
    ONLY_SECOND = "only in the second"
    OTHER_DATA = "other data"
    """The instance has another digest: nothing can be compared."""


@dataclass(frozen=True)
class Pair:
    """One solve in both runs.

    Attributes
    ----------
    label
        Question, objective, method.
    noise
        Relative spread of the repetitions of either run, at least ``LEAST_NOISE``: a ratio within
        1 + noise is no change.
    why
        What got better or worse.
    """

    label: str
    change: Change
    first: float | None = None
    second: float | None = None
    noise: float = LEAST_NOISE
    why: str = ""

    @property
    def ratio(self) -> float | None:
        """Seconds of the second by seconds of the first."""
        return self.second / self.first if self.first and self.second is not None else None


def _group(rows: Iterable[Row]) -> dict[_Key, list[Row]]:
    grouped: dict[_Key, list[Row]] = {}
    for row in rows:
        key = (row.instance, row.given, row.objective, row.method, row.relaxed, row.seed, row.threads, row.gap_limit)
        grouped.setdefault((*key, row.time_limit, row.memory_limit_mb), []).append(row)
    return grouped


def difference(first: Iterable[Row], second: Iterable[Row]) -> list[Pair]:
    """Compare two runs, solve by solve."""
    one, other = _group(first), _group(second)
    pairs = []
    for key in dict.fromkeys([*one, *other]):
        row = (one.get(key) or other[key])[0]
        label = f"{row.title}, {row.objective}, {row.method}{' (LP)' if row.relaxed else ''}"
        if row.seed:
            label += f", seed {row.seed}"
        if key not in other:
            pairs.append(Pair(label, Change.ONLY_FIRST))
        elif key not in one:
            pairs.append(Pair(label, Change.ONLY_SECOND))
        else:
            pairs.append(_compare(label, one[key], other[key]))
    return pairs


def _spread(values: list[float]) -> float:
    """Relative range of repetitions about their median."""
    middle = median(values)
    return (max(values) - min(values)) / middle if len(values) > 1 and middle else 0.0


def _compare(label: str, first: list[Row], second: list[Row]) -> Pair:
    one, other = [row.cpu_seconds for row in first], [row.cpu_seconds for row in second]
    digests = ({row.digest for row in first if row.digest}, {row.digest for row in second if row.digest})
    if all(digests) and digests[0] != digests[1]:
        return Pair(label, Change.OTHER_DATA)
    noise = max(LEAST_NOISE, _spread(one), _spread(other))
    before, after = median(one), median(other)
    change, why = _quality(first, second)
    if change is Change.SAME and abs(after - before) > LEAST_SECONDS:
        if after > before * (1 + noise):
            change = Change.SLOWER
        elif before > after * (1 + noise):
            change = Change.FASTER
    return Pair(label, change, before, after, noise, why)


def _quality(first: list[Row], second: list[Row]) -> tuple[Change, str]:
    """Better or worse by outcome, then by value, then by bound, then by level."""
    good = [sum(row.outcome == Outcome.OK for row in rows) / len(rows) for rows in (first, second)]
    if good[0] != good[1]:
        words = [", ".join(sorted({row.outcome for row in rows})) for rows in (first, second)]
        return (Change.BETTER if good[1] > good[0] else Change.WORSE), f"outcome {words[0]} -> {words[1]}"
    shown = [[row for row in rows if row.outcome == Outcome.OK and row.sense] for rows in (first, second)]
    if not all(shown):
        return Change.SAME, ""
    sense = shown[0][0].direction
    for name in ("primal", "dual"):
        values = [[getattr(row, name) for row in rows] for rows in shown]
        present = [[value for value in group if value is not None] for group in values]
        if bool(present[0]) != bool(present[1]):
            word = "a" if present[1] else "no"
            return (Change.BETTER if present[1] else Change.WORSE), f"{word} {name} bound"
        if present[0]:
            # The worst of the repetitions: a lucky one proves nothing.
            worst = [_worst(group, sense.improves, name == "dual") for group in present]
            if worst[0] != worst[1]:
                improved = sense.improves(worst[1], worst[0]) == (name == "primal")
                return (Change.BETTER if improved else Change.WORSE), f"{name} bound {worst[0]} -> {worst[1]}"
    levels = [min(row.level for row in rows) for rows in shown]
    if levels[0] != levels[1]:
        return (Change.BETTER if levels[1] > levels[0] else Change.WORSE), f"level {levels[0]} -> {levels[1]}"
    return Change.SAME, ""


def _worst(values: Sequence[Fraction], improves: Callable[[Fraction, Fraction], bool], is_dual: bool) -> Fraction:
    worst = values[0]
    for value in values[1:]:
        if improves(value, worst) == is_dual and value != worst:
            worst = value
    return worst


@dataclass(frozen=True)
class Totals:
    """Both runs in a few numbers, over the solves that both hold and that ended well in both.

    Attributes
    ----------
    mean_first, mean_second
        Shifted geometric means (1 s) of CPU seconds.
    """

    counts: dict[Change, int]
    mean_first: float | None
    mean_second: float | None


def totals(pairs: Iterable[Pair]) -> Totals:
    """Count the changes."""
    counts = dict.fromkeys(Change, 0)
    one, other = [], []
    for pair in pairs:
        counts[pair.change] += 1
        if pair.first is not None and pair.second is not None:
            one.append(pair.first)
            other.append(pair.second)
    means = [shifted_geometric_mean(values, 1.0) if values else None for values in (one, other)]
    return Totals(counts, means[0], means[1])
