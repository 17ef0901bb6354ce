"""Made-up counties: districts on a plane that border where the Gabriel graph has an edge."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.core.errors import InputError
from fairbound.models.transfers import District, Kind, Measure, TransferInstance

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROUPS = ("asian", "black", "hispanic", "white", "multi")
SIDE = 10_000


def planar(n: int, seed: int) -> TransferInstance:
    """A county of n districts.

    Points are uniform on a square. Two districts border if no third lies in the circle whose diameter
    joins them (the Gabriel graph: planar and connected). Sizes are log-normal around 5,000 students;
    each group concentrates around a centre of its own, so that neighbours resemble one another.
    Teachers and revenue are drawn per district. Everything is synthetic.

    Raises
    ------
    InputError
        If n is not at least 1.
    """
    if n < 1:
        raise InputError("parameter n", found=n, wanted="at least 1")
    draw = random.Random(f"planar {n} {seed}")
    points = np.array([(draw.randrange(SIDE), draw.randrange(SIDE)) for _ in range(n)], dtype=np.int64)
    centres = [(draw.randrange(SIDE), draw.randrange(SIDE)) for _ in GROUPS]
    reach = [draw.randrange(SIDE // 4, SIDE) for _ in GROUPS]
    districts, teachers, revenue = [], [], []
    for k, (x, y) in enumerate(points.tolist()):
        size = max(100, round(5000 * draw.lognormvariate(0, 1)))
        pull = [
            1 / (1 + ((x - cx) ** 2 + (y - cy) ** 2) / r**2) ** 2 * draw.uniform(0.5, 1.5)
            for (cx, cy), r in zip(centres, reach, strict=True)
        ]
        counts = [int(size * value / sum(pull)) for value in pull]
        counts[-1] += size - sum(counts)
        districts.append(District(f"d{k + 1:03d}", tuple(map(Fraction, counts)), (Fraction(x), Fraction(y))))
        teachers.append(Fraction(max(1, round(size / draw.uniform(16, 26)))))
        revenue.append(Fraction(round(size * draw.uniform(4000, 16000))))
    return TransferInstance(
        name=f"planar{n}-{seed}",
        groups=GROUPS,
        districts=tuple(districts),
        borders=tuple((districts[i].id, districts[j].id) for i, j in gabriel(points)),
        measures=(
            Measure("teachers", Kind.STUDENTS_PER, tuple(teachers), "synthetic"),
            Measure("local_revenue", Kind.PER_STUDENT, tuple(revenue), "synthetic"),
        ),
    )


def gabriel(points: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs i < j with no third point inside the circle over their segment; integer arithmetic.

    Parameters
    ----------
    points
        Shape (n, 2), integers.
    """
    square = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    pairs = []
    for i in range(len(points)):
        for j in range(i + 1, len(points)):
            inside = square[i] + square[j] < square[i, j]
            inside[[i, j]] = False
            if not inside.any():
                pairs.append((i, j))
    return pairs
