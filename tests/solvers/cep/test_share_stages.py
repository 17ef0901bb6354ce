"""Which gaps a search over claim shares closes: each as far below the last as there seems to be time for."""

from __future__ import annotations

from fractions import Fraction

import pytest
from fairbound.solvers.cep.share_stages import DEEPER, NEAR, ROUNDED, Stages


@pytest.mark.parametrize(
    ("asked", "waiting"),
    [(0.0, [NEAR, 0]), (1e-9, [NEAR, 0]), (1e-6, [NEAR, Fraction(1, 10**6)]), (1e-4, [Fraction(1, 10**4)])],
)
def test_it_goes_as_far_as_is_asked(asked: float, waiting: list[Fraction]) -> None:
    assert Stages(asked).waiting == waiting


def test_while_groups_are_too_many_less_is_closed_until_that_is_nothing_new() -> None:
    stages = Stages(0.0)
    assert stages.overfull(Fraction(1, 100))
    assert stages.overfull(Fraction(1, 100))
    wide, narrow, *rest = stages.waiting
    assert Fraction(1, 100) > wide > narrow > NEAR
    assert rest == [NEAR, 0]
    stages.closed(0.01, 1, 1.0, 100.0)
    assert stages.reached == wide
    assert stages.listed
    assert not stages.overfull(10 * wide)  # of which less would be closed than is
    assert not stages.listed


def test_the_first_search_that_branches_goes_for_a_part() -> None:
    stages = Stages(0.0)
    stages.reached = Fraction(1, 100)
    assert not stages.overfull(Fraction(1, 10))
    assert stages.waiting == [Fraction(1, 100) / DEEPER, NEAR, 0]


@pytest.mark.parametrize(("times", "halfway"), [(1.9, None), (2.25, 1.5), (9, 3), (16, 4), (100, 25)])
def test_that_part_is_half_of_the_way_at_most(times: float, halfway: float | None) -> None:
    stages = Stages(0.0)
    stages.reached = Fraction(f"{times * float(NEAR):.6g}")
    assert not stages.overfull(Fraction(1, 10))
    nearer = [float(share / NEAR) for share in stages.waiting[:-2]]
    assert nearer == ([] if halfway is None else [pytest.approx(halfway)])


def after(root: float, share: Fraction, nodes: int, seconds: float, left: float) -> list[Fraction]:
    """What waits once a search that branches has closed a gap."""
    stages = Stages(0.0)
    stages.listed = False
    stages.waiting.insert(0, share)
    stages.closed(root, nodes, seconds, left)
    assert stages.reached == share
    return stages.waiting


def test_what_was_quick_is_followed_by_the_last() -> None:
    assert after(5e-3, Fraction(1, 4000), 20, 1.0, 100.0) == [0]


def test_what_there_is_time_for_comes_next() -> None:
    assert after(5e-3, Fraction(1, 4000), 20, 10.0, 50.0) == [NEAR, 0]


def test_where_time_is_short_a_part_comes_first_and_less_with_less_time() -> None:
    shares = [after(1.6e-4, Fraction(8, 10**5), 20, 5.0, left)[0] for left in (1e-9, 10.0, 200.0, 400.0)]
    assert shares[0] == shares[1] == Fraction(4, 10**5)  # half at least
    assert shares[1] > shares[2] > shares[3] > NEAR


def test_where_the_rest_hardly_costs_more_it_is_no_part() -> None:
    assert after(5e-3, Fraction(1, 4000), 20, 10.0, 15.0) == [NEAR, 0]


def test_what_cannot_be_told_from_a_gap_is_closed_as_far_as_prices_tell() -> None:
    stages = Stages(0.0)
    stages.reached = NEAR
    stages.stuck()
    assert stages.waiting == [ROUNDED]
    stages.closed(1e-3, 1, 1.0, 10.0)
    assert not stages.waiting
