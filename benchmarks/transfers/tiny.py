"""Tiny transfer instances and their answers by a refined grid over every plan of two districts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.benchmarks.core.tiny import Tiny
from fairbound.instances.transfers.planar import planar
from fairbound.models.transfers import District, Kind, Measure, Reading, TransferInstance

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS, LEVELS, KEPT = 81, 7, 0.2


def make(
    name: str, counts: Sequence[Sequence[int]], borders: Sequence[tuple[int, int]] = (), **scenario: object
) -> TransferInstance:
    """An instance from counts of groups; districts are called a, b, c, ..."""
    ids = "abcdefgh"
    districts = tuple(District(ids[i], tuple(map(Fraction, row))) for i, row in enumerate(counts))
    return TransferInstance(
        name=name,
        groups=tuple(f"g{r}" for r in range(len(counts[0]))),
        districts=districts,
        borders=tuple((ids[i], ids[j]) for i, j in borders),
        **scenario,  # type: ignore[arg-type]
    )


def scores(instance: TransferInstance, ab: np.ndarray, ba: np.ndarray) -> dict[str, np.ndarray]:
    """Every objective of two districts that exchange ab and ba students, in floats and from scratch."""
    S = [float(size) for size in instance.sizes]
    n = [S[0] - ab + ba, S[1] - ba + ab]
    total = S[0] + S[1]
    square, absolute = [0.0, 0.0], [0.0, 0.0]
    for r in range(len(instance.groups)):
        g = [float(district.counts[r]) for district in instance.districts]
        held: list[Any] = [g[0] - g[0] * ab / S[0] + g[1] * ba / S[1], g[1] - g[1] * ba / S[1] + g[0] * ab / S[0]]
        for j in (0, 1):
            deviation = held[j] / n[j] - (g[0] + g[1]) / total
            square[j] = square[j] + deviation**2
            absolute[j] = absolute[j] + np.abs(deviation)
    combined = float(instance.weight("race") * instance.scales["race"]) * (square[0] + square[1]) / 2
    for measure in instance.measures:
        a = [float(amount) for amount in measure.amounts]
        held = list(a)
        if instance.reading is Reading.MOVE:
            held = [a[0] - a[0] * ab / S[0] + a[1] * ba / S[1], a[1] - a[1] * ba / S[1] + a[0] * ab / S[0]]
        for j in (0, 1):
            ratio = n[j] / held[j] if measure.kind is Kind.STUDENTS_PER else held[j] / n[j]
            goal = total / sum(a) if measure.kind is Kind.STUDENTS_PER else sum(a) / total
            weight = float(instance.weight(measure.name) * instance.scales[measure.name])
            combined = combined + weight * (ratio - goal) ** 2 / 2
    return {
        "race": (square[0] + square[1]) / 2,
        "race_weighted": (n[0] * square[0] + n[1] * square[1]) / total,
        "race_l1": (absolute[0] + absolute[1]) / 2,
        "race_l1_weighted": (n[0] * absolute[0] + n[1] * absolute[1]) / total,
        "combined": combined + 0 * ab,
    }


def best(instance: TransferInstance, objective: str) -> Fraction | None:
    """The least value on a grid of plans that is refined around its best point; ``None`` if bounds leave none."""
    S = [float(size) for size in instance.sizes]
    (l0, u0), (l1, u1) = (tuple(map(float, bounds)) for bounds in instance.size_bounds)
    if not instance.borders:
        return Fraction(float(scores(instance, np.zeros(1), np.zeros(1))[objective][0]))
    low, high, found = np.zeros(2), np.array(S), np.inf
    fixed = l0 == u0
    for _ in range(LEVELS):
        ab, ba = np.meshgrid(np.linspace(low[0], high[0], STEPS), np.linspace(low[1], high[1], STEPS))
        if fixed:
            ba = ab
        sizes = (S[0] - ab + ba, S[1] - ba + ab)
        allowed = (ab + ba <= float(instance.p) * sum(S) + 1e-12) & (ab <= S[0]) & (ba <= S[1])
        for n, lower, upper in ((sizes[0], l0, u0), (sizes[1], l1, u1)):
            allowed &= (n >= lower - 1e-12) & (n <= upper + 1e-12)
        with np.errstate(all="ignore"):
            every = scores(instance, ab, ba)
        for name, cap in instance.limits:
            allowed &= every[name] <= float(cap)
        values = np.where(allowed, every[objective], np.inf)
        k = np.unravel_index(int(np.argmin(values)), values.shape)
        found = min(found, float(values[k]))
        if not np.isfinite(found):
            return None
        centre, reach = np.array([ab[k], ba[k]]), (high - low) * KEPT / 2
        low, high = np.maximum(centre - reach, 0), np.minimum(centre + reach, S)
    return Fraction(found)


TWO = [(60, 40), (20, 180)]
MEASURES = (
    Measure("teachers", Kind.STUDENTS_PER, (Fraction(5), Fraction(8))),
    Measure("revenue", Kind.PER_STUDENT, (Fraction(900), Fraction(1000))),
)
PLAIN = make("two", TWO, [(0, 1)], p=Fraction(1, 10))

INSTANCES = (
    PLAIN,
    make("measures move", TWO, [(0, 1)], measures=MEASURES),
    make("measures stay", TWO, [(0, 1)], measures=MEASURES, reading=Reading.STAY, p=Fraction(1, 5)),
    make("no border", TWO),
    make("nobody may move", TWO, [(0, 1)], p=Fraction(0)),
    make("sizes stay", TWO, [(0, 1)], band=Fraction(0), p=Fraction(3, 20)),
    make("low floor", [(30, 0, 3), (5, 50, 1)], [(0, 1)], band=None, floor=Fraction(1, 20), p=Fraction(3, 10)),
    make("equal mixes", [(10, 20), (30, 60)], [(0, 1)]),
    make(
        "bounded",
        TWO,
        [(0, 1)],
        measures=MEASURES,
        p=Fraction(1, 10),
        weights=(("race", Fraction(0)),),
        limits=(("combined", Fraction(1144, 1000)), ("race", Fraction(153, 2000))),
    ),
    make("bound out of reach", TWO, [(0, 1)], p=Fraction(1, 10), limits=(("race", Fraction(1, 20)),)),
)
PLANAR9 = replace(planar(9, 1), name="transfers/planar9")
LP_BOUNDS = {
    ("two", "race"): {"piecewise_mccormick": 0.06763444723919029, "piecewise_hull": 0.07470944875453937},
    ("transfers/planar9", "race"): {
        "piecewise_mccormick": 0.004591605445513957,
        "piecewise_hull": 0.006067908270057445,
    },
}
NAMED = {instance.name: instance for instance in (*INSTANCES, PLANAR9)}
TINY = Tiny("transfers", INSTANCES, best, LP_BOUNDS, tolerance=Fraction(1, 2000))

THREE = make("three", [(90, 10, 5), (20, 60, 8), (10, 15, 70)], [(0, 1), (1, 2)], p=Fraction(3, 10))
LOOSE = replace(THREE, name="three loose", band=None, floor=Fraction(1, 20))
