"""Drawn cities of hostile shapes."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from fairbound.benchmarks.blocks import tiny as tiny_blocks
from fairbound.models.blocks import ZoneInstance
from hypothesis import assume
from hypothesis import strategies as st

from fairbound import InputError


@st.composite
def cities(draw: st.DrawFn) -> ZoneInstance:
    """Small cities of hostile shapes: islands, cut vertices, equal or no students, two units."""
    n = draw(st.integers(2, 7))
    k = draw(st.integers(1, min(3, n)))
    students = draw(st.sampled_from([[10] * n, None]))
    if students is None:
        students = draw(st.lists(st.integers(0, 20), min_size=n, max_size=n))
    counts = [(s, draw(st.integers(0, s))) for s in students]
    shape = draw(st.sampled_from(["path", "star", "any"]))
    if shape == "path":
        edges = [(i, i + 1) for i in range(n - 1)]
    elif shape == "star":
        edges = [(0, i) for i in range(1, n)]
    else:
        edges = sorted(draw(st.sets(st.sampled_from(list(combinations(range(n), 2))), max_size=2 * n)))
    roots = draw(st.permutations(range(n)))[:k]
    today = [draw(st.integers(0, k - 1)) for _ in range(n)]
    rules: dict[str, object] = {
        "seats_tolerance": draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(2)])),
        "travel_ratio": draw(st.sampled_from([None, Fraction(1), Fraction(2)])),
        "share_deviation": draw(st.sampled_from([None, None, Fraction(1, 4)])),
        "rezoned_share": draw(st.sampled_from([None, None, Fraction(1, 2)])),
        "contiguous": draw(st.sampled_from([True, True, True, False])),
        "together": draw(st.sampled_from([(), (), (("u0", "u1"),)])),
        "forced": draw(st.sampled_from([(), (), (("u1", "s0"),)])),
    }
    try:
        city = tiny_blocks.city("drawn", counts, edges, roots, today, **rules)
        city.check_question()
        return city
    except InputError:
        assume(False)
        raise
