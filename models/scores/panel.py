"""Districts over years, windows cut from them, and the numbers of a design in exact form."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WINDOW = 8
"""Years of a window, the label's included."""
SCORE, SPENDING = "scores", "budget"
SCORE_UNIT, MONEY_UNIT = Fraction(1, 1000), Fraction(1)
"""Scores are rounded to a thousandth of a point once they are interpolated, spending to dollars per student."""
LARGEST_SUM, LARGEST_FLOAT = 2**63, 2**53


@dataclass(frozen=True)
class District:
    """A district by year: students, its score if observed, and whole dollars per student, by function."""

    id: str
    students: tuple[int, ...]
    scores: tuple[Fraction | None, ...]
    spending: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Column:
    """A feature: whole numbers of a unit, in training and in test rows."""

    name: str
    kind: str
    unit: Fraction
    training: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Design:
    """Columns, and the labels that they are to foretell, all in whole numbers."""

    columns: tuple[Column, ...]
    labels: tuple[int, ...]
    test_labels: tuple[int, ...]
    label_unit: Fraction


@dataclass(frozen=True)
class Window:
    """The years of a district up to the label's: where they begin, and whether its label was observed."""

    district: int
    start: int
    year: int
    observed: bool
    past: tuple[int, ...]
    label: int


@dataclass(frozen=True)
class Panel:
    """Districts of which every year is known."""

    years: tuple[int, ...]
    functions: tuple[str, ...]
    districts: tuple[District, ...]

    def design(self, rows: Sequence[Window], training: int, label_year: bool) -> Design:
        """The features of some windows, of which the first so many are for training."""
        columns = []

        def column(name: str, kind: str, unit: Fraction, values: list[int]) -> None:
            columns.append(Column(name, kind, unit, tuple(values[:training]), tuple(values[training:])))

        for lag in range(WINDOW - 1, 0, -1):
            values = [row.past[WINDOW - 1 - lag] for row in rows]
            column(f"score, {lag} before", SCORE, SCORE_UNIT, values)
        for place in range(WINDOW if label_year else WINDOW - 1):
            lag = WINDOW - 1 - place
            for f, function in enumerate(self.functions):
                values = [self.districts[row.district].spending[row.start + place][f] for row in rows]
                column(f"{function}, {lag} before" if lag else function, SPENDING, MONEY_UNIT, values)
        labels = [row.label for row in rows]
        return Design(tuple(columns), tuple(labels[:training]), tuple(labels[training:]), SCORE_UNIT)


def windows(panel: Panel, past: bool) -> list[Window]:
    """Windows of eight years, by year and then by district; those that cannot be filled are left out."""
    filled = [fill(district.scores, past) for district in panel.districts]
    found = []
    for start in range(len(panel.years) - WINDOW + 1):
        end = start + WINDOW - 1
        for d, district in enumerate(panel.districts):
            scores = filled[d][start : end + 1]
            if all(score is not None for score in scores):
                whole = tuple(round(score / SCORE_UNIT) for score in scores if score is not None)
                observed = district.scores[end] is not None
                found.append(Window(d, start, panel.years[end], observed, whole[:-1], whole[-1]))
    return found


def fill(scores: Sequence[Fraction | None], past: bool) -> list[Fraction | None]:
    """Missing scores from those before alone, or interpolated, with the nearest one at the ends."""
    known = [t for t, score in enumerate(scores) if score is not None]
    found: list[Fraction | None] = []
    for t, score in enumerate(scores):
        if score is not None:
            found.append(score)
            continue
        before = max((s for s in known if s < t), default=None)
        after = min((s for s in known if s > t), default=None)
        if past or after is None:
            found.append(None if before is None else scores[before])
        elif before is None:
            found.append(scores[after])
        else:
            low, high = scores[before], scores[after]
            assert low is not None
            assert high is not None
            found.append(low + (high - low) * Fraction(t - before, after - before))
    return found


@dataclass(frozen=True)
class Moments:
    """Sums of the training rows in whole numbers, columns and label about their means.

    Attributes
    ----------
    gram
        n times the sum of products less the product of sums, of each pair of columns: n^2 times their covariance.
    cross, label
        The same of each column with the label, and of the label with itself.
    sums, label_sum
        Plain sums.
    """

    n: int
    gram: NDArray[Any]
    cross: NDArray[Any]
    label: int
    sums: tuple[int, ...]
    label_sum: int


def moments_of(design: Design) -> Moments:
    """The moments of a design, exactly."""
    table = np.array([*(column.training for column in design.columns), design.labels], dtype=np.int64)
    n = table.shape[1]
    largest = int(np.abs(table).max(initial=0))
    # Sums of products are whole floats where none is larger than 2^53, and 64 bits hold n times as much.
    if n * largest**2 <= LARGEST_FLOAT and 2 * (n * largest) ** 2 < LARGEST_SUM:
        floats = table.astype(float)
        products, sums = (floats @ floats.T).astype(np.int64), table.sum(axis=1)
        centred = (n * products - np.outer(sums, sums)).astype(object)
        sums = sums.astype(object)
    else:
        narrow = table if n * largest**2 < LARGEST_SUM else table.astype(object)
        products, sums = (narrow @ narrow.T).astype(object), narrow.sum(axis=1).astype(object)
        centred = n * products - np.outer(sums, sums)
    return Moments(n, centred[:-1, :-1], centred[:-1, -1], int(centred[-1, -1]), tuple(sums[:-1]), int(sums[-1]))
