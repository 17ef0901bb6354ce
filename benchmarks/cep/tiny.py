"""Tiny CEP instances and their answers by enumeration of every grouping."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.tiny import Tiny
from fairbound.instances.cep.sources import calpads33
from fairbound.models.cep import CepInstance, Cover, Grouping, Outside, Purse, School, evaluate, find_rates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def make(name: str, counts: Sequence[tuple[int | str, int | str]], **scenario: object) -> CepInstance:
    """An instance from pairs (enrolled, identified)."""
    schools = tuple(
        School(f"s{i}", enrolled=Fraction(n), identified=Fraction(e)) for i, (n, e) in enumerate(counts, start=1)
    )
    return CepInstance(name=name, schools=schools, **scenario)  # type: ignore[arg-type]


MEALS = [(100, 70, 2000, 9000), (120, 40, 9000, 5000), (90, 50, 1000, 16000), (200, 60, 300, 9000), (60, 30, 7000, 200)]


def with_meals(name: str, rows: Sequence[tuple[int, int, int, int]] = MEALS, **scenario: object) -> CepInstance:
    """An instance from (enrolled, identified, breakfasts, lunches): meals that are not proportional to enrolment."""
    schools = tuple(
        School(f"s{i}", Fraction(n), Fraction(e), breakfasts=Fraction(b), lunches=Fraction(m))
        for i, (n, e, b, m) in enumerate(rows, start=1)
    )
    return CepInstance(name=name, schools=schools, **({"rates": find_rates("nyc2017")} | scenario))  # type: ignore[arg-type]


def partitions(items: Sequence[str]) -> Iterator[list[list[str]]]:
    """Every set partition of the items."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for smaller in partitions(rest):
        yield [[first], *smaller]
        for i, part in enumerate(smaller):
            yield [*smaller[:i], [first, *part], *smaller[i + 1 :]]


def groupings(instance: CepInstance) -> Iterator[Grouping]:
    """Every grouping: each set partition, with one part left out or none."""
    ids = [school.id for school in instance.schools]
    for parts in partitions(ids):
        yield Grouping.of(parts)
        for out in range(len(parts)):
            yield Grouping.of(part for i, part in enumerate(parts) if i != out)


def best(instance: CepInstance, objective: str) -> Fraction | None:
    """The optimum over every grouping that breaks no rule."""
    values = (
        evaluation.values[objective]
        for evaluation in (evaluate(instance, grouping) for grouping in groupings(instance))
        if evaluation.feasible
    )
    return max(values, default=None)


FIVE = [(100, 80), (120, 50), (90, 30), (200, 40), (60, 3)]

INSTANCES = (
    make("five", FIVE),
    make("threshold met with equality", [(10, 4), (10, 4), (5, 2), (50, 7)]),
    make("nobody qualifies", [(10, 1), (20, 3), (30, 2)]),
    make("equal rows", [(50, 25)] * 3 + [(50, 10)] * 3),
    make("no students", [(0, 0), (40, 20), (100, 35)]),
    make("one school", [(7, 3)]),
    make("fractional counts", [("90.5", "40.25"), ("33.3", "9.9"), ("12", "1.5")]),
    make("full funding", [(40, 38), (50, 20), (70, 25), (90, 36), (30, 6)], threshold=Fraction(1, 4)),
    make("full funding below the threshold", FIVE, threshold=Fraction(7, 10)),
    make("small multiplier", FIVE, multiplier=Fraction(13, 10)),
    make("everyone covered", FIVE[:4], cover=Cover.ALL, threshold=Fraction(3, 10)),
    make("everyone covered, impossible", FIVE, cover=Cover.ALL),
    make("forced in", FIVE, forced_in=("s5",)),
    make("forced out", FIVE, forced_out=("s1", "s2")),
    make("forced out, everyone covered", FIVE, forced_out=("s1",), cover=Cover.ALL, threshold=Fraction(1, 10)),
    make("together", FIVE, together=(("s1", "s5"), ("s3", "s4"))),
    make("floor on full funding", [(40, 38), (50, 20), (70, 25), (90, 36)], limits=(("full_funding", Fraction(2)),)),
    make("floor out of reach", FIVE, limits=(("students", Fraction(570)),)),
    make("dollars", FIVE, rates=find_rates("us48-2324")),
    CepInstance(
        name="standard claiming",
        schools=tuple(
            School(f"s{i}", Fraction(n), Fraction(e), free=Fraction(f), reduced=Fraction(r))
            for i, (n, e, f, r) in enumerate([(100, 60, 75, 10), (80, 20, 50, 9), (50, 5, 12, 3), (70, 18, 40, 7)])
        ),
        threshold=Fraction(1, 4),
        rates=find_rates("us48-2627"),
        outside=Outside.STANDARD,
        lunch_participation=Fraction(3, 5),
        breakfast_participation=Fraction(3, 10),
        purse=Purse.DISTRICT,
        state_paid=Fraction(1, 4),
    ),
    CepInstance(
        name="gains",
        schools=tuple(
            School(f"s{i}", Fraction(n), Fraction(e), gain=Fraction(g))
            for i, (n, e, g) in enumerate([(100, 60, -90), (80, 20, 30), (50, 5, 100), (70, 30, -5)])
        ),
    ),
)

WITH_MEALS = (
    with_meals("meals"),
    with_meals("meals, everyone covered", cover=Cover.ALL),
    with_meals("meals, groups of two", min_group=2, groups=2, threshold=Fraction(1, 4)),
    with_meals("meals, together", together=(("s2", "s5"),), forced_out=("s4",), forced_in=("s3",)),
    with_meals("meals, most students", limits=(("students", Fraction(400)), ("reimbursement", Fraction(60_000)))),
    with_meals("meals without students", [(0, 0, 0, 0), (30, 20, 500, 900), (80, 25, 4000, 100), (50, 22, 90, 3000)]),
)
"""Dollars have no lattice, so engines come near these optima only; they are pinned and tested apart."""

TINY = Tiny(
    problem="cep",
    instances=INSTANCES,
    best=best,
    lp_bounds={
        ("cep/calpads33", "reimbursement"): dict.fromkeys(
            ("membership", "levels", "numbered_groups", "numbered_groups_ordered", "representatives"), 17693.5677852349
        ),
        ("cep/calpads33", "full_funding"): {
            "membership": 2.4960629921259843,
            "levels": 2.4960629921259843,
            "numbered_groups": 27.448245224344735,
            "numbered_groups_ordered": 27.446229905461838,
        },
        ("five", "reimbursement"): {
            "membership": 313.6,
            "levels": 313.6,
            "numbered_groups": 313.6,
            "numbered_groups_ordered": 313.6,
            "set_partitioning": 272.0,
            "bilinear_mccormick": 313.6,
            "representatives": 313.6,
        },
        ("meals", "reimbursement"): {
            "bilinear_mccormick": 125447.20500000003,
            "representatives": 110663.24291322967,
            "set_partitioning": 109262.65015873016,
        },
        ("full funding", "full_funding"): {
            "membership": 2.1372549019607843,
            "levels": 2.1372549019607843,
            "numbered_groups": 5.0,
            "numbered_groups_ordered": 5.0,
            "set_partitioning": 2.0,
        },
    },
)

NAMED = {instance.name: instance for instance in (*INSTANCES, *WITH_MEALS, calpads33())}
