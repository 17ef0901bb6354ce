"""Tiny cities, and their answers by enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.tiny import Tiny
from fairbound.instances.blocks.sources import grid100
from fairbound.models.blocks import Border, School, Unit, ZoneInstance, Zoning, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence


def city(
    name: str,
    counts: Sequence[tuple[int, int]],
    edges: Sequence[tuple[int, int]],
    roots: Sequence[int],
    today: Sequence[int],
    *,
    incomes: Sequence[int] | None = None,
    **rules: object,
) -> ZoneInstance:
    """A city from pairs (students, of the group); travel is the number of borders between, or 9."""
    n, k = len(counts), len(roots)
    far = [[0 if i == j else 9 for j in range(n)] for i in range(n)]
    for one, other in edges:
        far[one][other] = far[other][one] = 1
    for m, i, j in product(range(n), repeat=3):
        far[i][j] = min(far[i][j], far[i][m] + far[m][j])
    seats = [sum(c[0] for c, t in zip(counts, today, strict=True) if t == j) for j in range(k)]
    return ZoneInstance(
        name=name,
        units=tuple(
            Unit(f"u{i}", s, (a,), f"s{today[i]}", Fraction(incomes[i]) if incomes else None)
            for i, (s, a) in enumerate(counts)
        ),
        schools=tuple(School(f"s{j}", f"u{root}", Fraction(seats[j])) for j, root in enumerate(roots)),
        borders=tuple(Border(f"u{one}", f"u{other}") for one, other in edges),
        travel=tuple(tuple(Fraction(far[i][root]) for root in roots) for i in range(n)),
        group_names=("group",),
        group="group",
        **rules,  # type: ignore[arg-type]
    )


def zonings(instance: ZoneInstance) -> list[Zoning]:
    """Every way to give each unit a school."""
    schools = [school.id for school in instance.schools]
    return [Zoning(homes) for homes in product(schools, repeat=len(instance.units))]


def best(instance: ZoneInstance, objective: str) -> Fraction | None:
    """The optimum over every zoning that breaks no rule."""
    values = (e.values[objective] for e in (evaluate(instance, z) for z in zonings(instance)) if e.feasible)
    return min(values, default=None)


PATH = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
GRID = [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)]
MIXED = [(40, 30), (35, 5), (30, 20), (45, 10), (38, 25), (42, 8)]
FREE: dict[str, Any] = {"travel_ratio": None, "seats_tolerance": Fraction(1, 2)}
SIX: dict[str, Any] = {"incomes": (40, 90, 55, 70, 35, 80), **FREE}

TINY = Tiny(
    problem="blocks",
    instances=(
        city("path", MIXED, PATH, (0, 5), (0, 0, 0, 1, 1, 1), **SIX),
        city("grid", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), **SIX),
        city("grid of three schools", MIXED, GRID, (0, 2, 4), (0, 1, 1, 0, 2, 2), **SIX),
        city("travel limit", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), incomes=(1, 2, 3, 4, 5, 6)),
        city("two units", [(10, 10), (10, 0)], [(0, 1)], (0, 1), (0, 1), incomes=(1, 2)),
        city("one school", [(10, 4), (0, 0), (7, 7)], [(0, 1), (1, 2)], (1,), (0, 0, 0), incomes=(1, 0, 3)),
        city("no students in a cut vertex", [(20, 9), (0, 0), (20, 1), (20, 5)], [(0, 1), (1, 2), (1, 3)],
             (0, 3), (0, 0, 0, 1), incomes=(10, 0, 20, 30), travel_ratio=None, seats_tolerance=Fraction(1)),
        city("two islands", [(20, 9), (20, 1), (20, 5), (20, 11)], [(0, 1), (2, 3)], (0, 2), (0, 0, 1, 1),
             incomes=(1, 2, 3, 4), **FREE),
        city("equal students", [(10, 5), (10, 0), (10, 10), (10, 5), (10, 3), (10, 7)], GRID, (1, 4),
             (0, 0, 0, 1, 1, 1), incomes=(9, 9, 9, 9, 9, 9), **FREE),
        city("pieces of today may stay", MIXED, PATH, (0, 3), (0, 0, 1, 1, 0, 0), as_today=True, **SIX),
        city("pieces of today must join", MIXED, PATH, (0, 3), (0, 0, 1, 1, 0, 0), **SIX),
        city("a bridge", MIXED, PATH, (0, 3), (0, 0, 1, 1, 0, 0), bridges=(("u0", "u5"),), **SIX),
        city("barred", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), barred=(("u2", "s0"),), **SIX),
        city("not contiguous", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), contiguous=False, **SIX),
        city("share bound", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), share_deviation=Fraction(1, 10), **SIX),
        city("share bound out of reach", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), share_deviation=Fraction(0), **SIX),
        city("few rezoned", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), rezoned_share=Fraction(1, 5), **SIX),
        city("together and forced", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), together=(("u1", "u2"),),
             forced=(("u3", "s1"),), **SIX),
        city("ceiling", MIXED, GRID, (0, 5), (0, 0, 1, 0, 1, 1), limits=(("rezoned", Fraction(80)),), **SIX),
    ),
    best=best,
    lp_bounds={
        ("blocks/grid100", "dissimilarity"): {
            "neighbour_rows": 0.09642814244760102,
            "flow": 0.09643180244524353,
            "flow_without_fixing": 0.09643180244524353,
            "separator_flow": 0.09643377137067687,
            "multiflow": 0.09677126722658583,
            "closer_neighbour": 0.09698860758536752,
        }
    },
)  # fmt: skip

GRID100 = grid100("blocks/grid100")
NAMED = {instance.name: instance for instance in (*TINY.instances, GRID100)}
