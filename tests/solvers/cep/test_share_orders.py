"""Orders of covers: where units lose least, and parts of a split."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from fairbound.solvers.cep import share_orders
from fairbound.solvers.cep.share_cells import Cells
from fairbound.solvers.cep.share_cover import HIGH, LOW, OUT, Choices, Priced, Split
from fairbound.solvers.cep.share_list import Listed
from general_meals import with_meals


@dataclass
class Stub:
    """A sweep that ends if its part of a split is small enough."""

    most: dict[int, int]
    asked: list[tuple[int, int]] = field(default_factory=list)
    split: Split | None = None
    steps = 0
    worth = (0.0,)

    def along(self, order: list[int], split: Split) -> Stub:
        assert split.units.tolist() == ([0, 1] if order[0] == 0 else [2, 3, 4])
        self.asked.append((order[0], split.parts))
        return Stub(self.most, self.asked, split)

    def step(self, most: float) -> bool:
        assert most == 9
        assert self.split is not None
        return self.split.parts <= self.most[int(self.split.units[0])]

    def done(self) -> bool:
        return True

    def covers(self) -> Split | None:
        return self.split


@pytest.mark.parametrize(
    ("rising", "falling", "asked", "parts"),
    [
        (4, 4, [4], [4, 4]),
        (3, 8, [4, 2], [2, 6]),
        (1, 7, [4, 2, 1], [1, 7]),
        (7, 1, [4, 6, 7], [7, 1]),
        (1, 6, [4, 2, 1], None),
        (3, 3, [4], None),
        (0, 8, [4, 2, 1], None),
    ],
)
def test_the_side_that_does_not_end_gets_a_smaller_part(
    rising: int, falling: int, asked: list[int], parts: list[int] | None
) -> None:
    sweep: Any = Stub({0: rising, 2: falling})
    found: Any = share_orders.split_covers(sweep, [0, 1, 2, 3, 4], 2, 9, lambda: False)
    assert sweep.asked == [each for part in asked for each in ((0, part), (4, 8 - part))]
    assert parts == (None if found is None else [split.parts for split in found])


def test_units_are_ordered_by_where_they_lose_least() -> None:
    """A unit's groups count by what they lose; one without groups stands in its strip."""
    rows = [(500, 250 + 10 * k, 9000 + k, 20_000) for k in range(6)]
    cells = Cells(with_meals("even", rows), "reimbursement", 1.0)
    inside = np.array([[1, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [1, 0, 1, 0, 0, 0]], dtype=bool)
    listed = Listed.of(inside, np.array([10, 100, 200]), cells.pricer, 0, 1)
    groups = len(listed)
    single = np.eye(6, dtype=bool)
    choices = Choices(
        np.vstack([listed.inside, single[[3, 4, 5]], np.zeros((1, 6), dtype=bool)]),
        np.array([*range(groups), LOW, HIGH, OUT, OUT]),
        np.zeros(groups + 4),
        np.zeros((4, groups + 4)),
    )
    middles = (cells.edges[:-1] + cells.edges[1:])[cells.middle][listed.cell] / 2
    alike = Priced(np.zeros(groups + 4), 8.0, 0.0)
    shares = share_orders.lightest_shares(choices, cells, listed, alike)
    assert shares[:3] == pytest.approx([middles[listed.inside[:, unit]].mean() for unit in range(3)])
    assert shares[3:].tolist() == [cells.edges[0], 1.0, 1.0]
    lost = np.where(listed.cell == 200, 7.0, 0.0)
    lossy = Priced(np.r_[lost, np.zeros(4)], 8.0, 0.0)
    nearer = share_orders.lightest_shares(choices, cells, listed, lossy)
    assert nearer[0] < shares[0]
    assert nearer[2] < shares[2]
    assert nearer[1] == shares[1]
