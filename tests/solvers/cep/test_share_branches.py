"""Lists of groups and branches on them: the search and the checker divide alike, and lose no grouping."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from fairbound.benchmarks.cep.tiny import groupings
from fairbound.models.cep import PROBLEM
from fairbound.solvers.cep import share_cells
from fairbound.solvers.cep.share_branch import Branch, Kind
from fairbound.solvers.cep.share_cells import Box, Cells
from fairbound.solvers.cep.share_certificate import proof_json
from fairbound.solvers.cep.share_list import Listed
from fairbound.solvers.checker import cep_shares as checker
from general_meals import seven

Division = tuple[list[int], int, set[tuple[int, int]]]
"""Units that may be in each cell and those that must be in some, as bits; listed groups as cell and bits."""


def bits(units: np.ndarray) -> int:
    return sum(1 << int(unit) for unit in np.flatnonzero(units))


def of_search(box: Box, listed: Listed, cells: Cells) -> Division:
    groups = zip(cells.middle[listed.cell].tolist(), listed.inside, strict=True)
    return [bits(row) for row in box.allowed], bits(box.must), {(cell, bits(inside)) for cell, inside in groups}


def of_checker(box: checker.Box) -> Division:
    allowed, must, listed = box
    assert listed is not None
    return allowed, must, {(cell, units) for cell, units, _, _ in listed.groups}


class Divided:
    """A district whose groups are listed by the search and by the checker, from the same prices."""

    def __init__(self, seed: int) -> None:
        instance = seven(seed)
        cells = self.cells = Cells(instance, "reimbursement", float(sum(instance.weights)))
        levels = np.zeros(len(cells.knots))
        units, levels = cells.repaired(cells.arrays.fixed + cells.arrays.slope, levels, cells.box())
        prices = cells.prices(np.maximum(units, 0.0), levels, np.zeros(len(cells.middle)))
        claim = Fraction(round(prices.bound * 0.6))
        document = {
            "data": instance.canonical(),
            "objective": "reimbursement",
            "bound": str(claim),
            "edges": [str(edge) for edge in cells.exact],
            "step": str(cells.step),
        }
        self.replay = checker.Replay(document)
        self.prices, self.claim = prices, claim
        self.box = cells.box()
        self.listed, self.checked = self.both(self.box, self.replay.root())
        self.better = [
            [[int(member[1:]) - 1 for member in group] for group in grouping.groups]
            for grouping in groupings(instance)
            if (found := PROBLEM.evaluate(instance, grouping)).feasible and found.values["reimbursement"] > claim
        ]

    def both(self, box: Box, checked: checker.Box) -> tuple[Listed, checker.Box]:
        """The list that the search makes of a box, and the checker's."""
        listed = self.cells.listed(box, self.prices, float(self.claim), lambda: False)
        assert listed is not None
        return listed, self.replay.listed(proof_json(self.prices, float(self.cells.step)), checked, listed.run)

    def cells_of(self, group: list[int]) -> list[int]:
        """Cells that hold a group's share."""
        units, edges = [self.cells.units[unit] for unit in group], self.cells.exact
        share = min(Fraction(1), sum(unit.lifted for unit in units) / sum(unit.enrolled for unit in units))
        return [cell for cell in range(len(edges) - 1) if edges[cell] <= share <= edges[cell + 1]]

    def admits(self, division: Division, groups: list[list[int]]) -> bool:
        """Whether a grouping is in a part of the search."""
        allowed, must, listed = division
        masks = [sum(1 << unit for unit in group) for group in groups]
        middle = set(self.cells.middle.tolist())
        return not must & ~sum(masks) and all(
            any(not mask & ~allowed[cell] and (cell not in middle or (cell, mask) in listed) for cell in cells)
            for mask, cells in zip(masks, map(self.cells_of, groups), strict=True)
        )


@pytest.fixture(scope="module", params=[(0, 1), (1, 1), (2, 3), (3, 5)])
def divided(request: pytest.FixtureRequest) -> Divided:
    seed, run = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(share_cells, "MIDDLE", 24)
        patch.setattr(share_cells, "RUNS", (run,))
        return Divided(seed)


def test_search_and_checker_list_the_same_groups_and_no_better_grouping_has_another(divided: Divided) -> None:
    searched, checked = of_search(divided.box, divided.listed, divided.cells), of_checker(divided.checked)
    assert searched == checked
    assert len(checked[2]) > 20
    assert len(divided.better) > 20
    assert all(divided.admits(checked, groups) for groups in divided.better)


def test_a_list_of_a_part_has_the_groups_that_the_part_allows(divided: Divided) -> None:
    shorter = 0
    for unit in range(7):
        branch = Branch(unit, Kind.SHARE, len(divided.cells.exact) // 2)
        searched, checked = (
            branch.boxes(divided.box, divided.cells),
            divided.replay.parts(divided.replay.root(), branch.stated()),
        )
        for box, part in zip(searched, checked, strict=True):
            listed, known = divided.both(box, part)
            assert of_search(box, listed, divided.cells) == of_checker(known)
            assert not (listed.inside & ~box.allowed[divided.cells.middle][listed.cell]).any()
            shorter += len(listed) < len(divided.listed)
    assert shorter


@pytest.mark.parametrize("kind", Kind)
def test_the_two_parts_of_a_branch_lose_no_better_grouping(divided: Divided, kind: Kind) -> None:
    chance = random.Random(kind)
    lesser = 0
    for _ in range(12):
        unit, other = chance.sample(range(7), 2)
        at: int | Fraction = other
        if kind is Kind.SHARE:
            at = chance.randrange(len(divided.cells.exact) - 1)
        elif kind is not Kind.WITH:
            values = np.unique(divided.listed.traits[kind])
            place = chance.randrange(len(values) - 1)
            at = Fraction(f"{(values[place] + values[place + 1]) / 2:.12g}")
        branch = Branch(unit, kind, at)
        searched = [
            of_search(*part, divided.cells) for part in branch.parts(divided.box, divided.listed, divided.cells)
        ]
        checked = [of_checker(part) for part in divided.replay.parts(divided.checked, branch.stated())]
        assert searched == checked
        admitted = [[divided.admits(part, groups) for part in checked] for groups in divided.better]
        assert all(any(parts) for parts in admitted)
        lesser += sum(not all(parts) for parts in admitted)
    assert lesser  # the parts are not all that there was before


def test_every_cell_in_which_a_group_is_looked_for_is_work(divided: Divided) -> None:
    replay, proof = divided.replay, proof_json(divided.prices, float(divided.cells.step))
    before = replay.work
    _, _, listed = replay.listed(proof, replay.root(), 10**6)
    assert listed is not None
    assert listed.groups
    assert replay.work - before >= len({units for _, units, _, _ in listed.groups}) * len(divided.cells.middle)
