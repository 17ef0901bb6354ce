"""What is proven of claim shares, and in what time."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from fairbound.solvers.cep import share_replays
from fairbound.solvers.cep.share_replays import Proof, Replays
from fairbound.solvers.checker import cep_shares as checker
from fairbound.solvers.core.bound import Basis, Bound


class Told(Replays):
    """Replays that say what they are asked for, at a time that is given; ``slow`` ones never end in time."""

    def __init__(self, seconds: float, until: float, *, slow: bool = False, kept: int = 0) -> None:
        search: Any = SimpleNamespace(
            seconds=lambda: seconds,
            load=lambda: 1.0,
            late=lambda: False,
            closed=lambda: False,
            settings=SimpleNamespace(time_limit=until + share_replays.RESERVE),
        )
        cells: Any = SimpleNamespace(step=Fraction(1, 10))
        super().__init__(search, cells)
        self.claims: list[Fraction] = []
        self.slow, self.kept = slow, kept

    def _proven(self, bound: Fraction, root: Any, late: Any = None) -> Proof:
        if self.slow and late is not None:
            assert late()
            raise checker.Late
        self.claims.append(bound)
        return Bound(bound, Basis.CERTIFICATE, checker.FORMAT), {}


def tree(work: int, bound: float = 90.0, first: float = 110.04) -> Any:
    """Its root has first prices, and last ones, which prove 105."""
    proofs = [SimpleNamespace(bound=first), SimpleNamespace(bound=104.96)]
    return SimpleNamespace(work=work, bound=bound, root=SimpleNamespace(proofs=proofs, prices=proofs[-1]))


@pytest.mark.parametrize(("kept", "late"), [(0, False), (60 * share_replays.REPLAYED, True)])
def test_time_is_kept_for_the_replay_of_the_tree_of_an_earlier_stage(kept: int, late: bool) -> None:
    assert Told(10.0, 60.0, kept=kept).late(tree(0)) is late


def test_what_cannot_be_replayed_in_time_leaves_the_bound_of_the_last_prices_of_the_root() -> None:
    replays = Told(61.0, 60.0, slow=True)
    replays.reached(Fraction(100), tree(10**9))
    assert not replays.cheap()
    replays.secure()
    assert replays.claims == [Fraction(105)]
    assert replays.early
    replays.reached(Fraction(99), tree(10**9))
    assert replays.proven()[0].value == 105
    assert len(replays.claims) == 1


def test_what_is_proven_is_not_replayed_again() -> None:
    replays = Told(10.0, 60.0)
    replays.reached(Fraction(100), tree(10**6))
    assert replays.cheap()
    replays.secure()
    replays.reached(Fraction(101), tree(10**9))
    assert replays.proven()[0].value == 100
    assert replays.claims == [Fraction(105), Fraction(100)]
    assert not replays.late(tree(0))


def test_a_tree_that_has_reached_less_is_not_replayed_before_a_better_one() -> None:
    replays, other = Told(10.0, 60.0), tree(10**6)
    other.stuck = False
    replays.reached(Fraction(100), tree(10**6))
    assert replays.rehearse(Fraction(101), other)
    assert replays.claims == [Fraction(105), Fraction(100)]
    assert replays.rehearse(Fraction(101), other)
    assert len(replays.claims) == 2


def test_a_replay_is_judged_by_the_last_one_and_by_how_far_the_bound_fell() -> None:
    replays, grown = Told(0.0, 60.0), tree(2 * 10**9, first=110.0)
    assert replays._seconds(grown) == 2 * 10**9 / share_replays.REPLAYED
    replays.rehearsed = 0.5, 10**9, 10.0
    assert replays._seconds(grown) == share_replays.REHEARSED * 0.5 * 2**share_replays.REHEARSED_POWER * 2
    replays.rehearsed = 500.0, 10**9, 10.0
    assert replays._seconds(grown) == 2 * 10**9 / share_replays.REPLAYED


@pytest.mark.parametrize(("until", "last"), [(100.0, 50), (0.1, 100)])
def test_claims_fall_as_far_as_there_is_time(until: float, last: int) -> None:
    replays = Told(0.0, until)
    root = tree(0, first=110.0).root
    replays.rehearsed, replays.proof = (1.0, 10**9, 10.0), replays._proven(Fraction(100), root)
    replays.best, replays.kept = (Fraction(50), root), 10**9
    assert replays.proven()[0].value == last == replays.claims[-1]
    assert replays.claims == sorted(replays.claims, reverse=True)
    assert len(replays.claims) > 2 or last == 100
