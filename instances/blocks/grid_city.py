"""Grid cities: generated instances of any size, the scalable family of the zoning problem."""

from __future__ import annotations

from math import dist, exp
from random import Random
from typing import Any

from fairbound.models.core.errors import InputError

Cell = tuple[int, int]


def grid_city(n: int, k: int, seed: int, segregation: float = 1.0) -> dict[str, Any]:
    """A city of n square units with k schools, in the JSON graph layout.

    Units are cells of a grid, neighbours share a side. Students are even over 20 to 100. The
    group's share follows a few bumps and a little noise: its log-odds vary by ``segregation``
    times the bumps, so 0 gives a mixed city. Schools are spread by best-candidate sampling.
    One seed gives one city on every machine.

    Raises
    ------
    InputError
        For sizes that make no city.
    """
    if n < 1:
        raise InputError("grid: n", found=n, wanted="at least 1")
    if not 1 <= k <= n:
        raise InputError("grid: k", found=k, wanted=f"from 1 to the {n} units")
    if segregation < 0:
        raise InputError("grid: segregation", found=segregation, wanted="at least 0")
    rows, columns = grid_shape(n)
    random = Random(seed)
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    number = {cell: i for i, cell in enumerate(cells)}
    height = _bumps(random, rows, columns, cells)
    students = [random.randint(20, 100) for _ in cells]
    group = [
        round(count / (1 + exp(-(segregation * level + random.gauss(0, 0.3) - 0.5))))
        for count, level in zip(students, height, strict=True)
    ]
    # The points of neighbours are about 1 km apart, a little off the grid so that no two distances tie.
    points = [
        [round(column + random.uniform(-0.2, 0.2), 3), round(row + random.uniform(-0.2, 0.2), 3)]
        for row, column in cells
    ]
    roots = _sites(random, cells, k)
    edges = [
        [number[cell], number[near]]
        for cell in cells
        for near in ((cell[0], cell[1] + 1), (cell[0] + 1, cell[1]))
        if near in number
    ]
    return {
        "name": f"grid{n}_k{k}_seed{seed}",
        "n": n,
        "k": k,
        "roots": [number[cell] for cell in roots],
        "students": students,
        "group": group,
        "xy": points,
        "edges": edges,
        "generator": {"kind": "grid", "n": n, "k": k, "seed": seed, "segregation": segregation},
    }


def grid_shape(n: int) -> tuple[int, int]:
    """Rows and columns of n cells, as near to a square as its divisors allow."""
    rows = next(r for r in range(int(n**0.5), 0, -1) if n % r == 0)
    return rows, n // rows


def _bumps(random: Random, rows: int, columns: int, cells: list[Cell]) -> list[float]:
    """Height of a landscape of six bumps and hollows, about -2 to 2."""
    size = max(rows, columns)
    bumps = [
        (
            (random.uniform(0, rows), random.uniform(0, columns)),
            random.uniform(0.1, 0.25) * size,
            random.choice((-2.0, 2.0)),
        )
        for _ in range(6)
    ]
    return [sum(sign * exp(-((dist(cell, centre) / width) ** 2)) for centre, width, sign in bumps) for cell in cells]


def _sites(random: Random, cells: list[Cell], k: int) -> list[Cell]:
    """k cells, each the farthest of ten candidates from those before it."""
    sites = [random.choice(cells)]
    while len(sites) < k:
        free = [cell for cell in random.sample(cells, min(len(cells), 10 + k)) if cell not in sites][:10]
        if free:
            sites.append(max(free, key=lambda cell: min(dist(cell, site) for site in sites)))
    return sites
