"""Tiny schools, and their best plans by enumeration of every arrangement."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import permutations, product
from typing import Any

from fairbound.benchmarks.core.tiny import Tiny
from fairbound.instances.classes.sources import drawn
from fairbound.models.classes import ClassInstance, Plan, Student, evaluate
from fairbound.models.classes.instance import GAP, kind_name

LARGE, SMALL, MA, BOTH = frozenset[str](), frozenset({"small"}), frozenset({"ma"}), frozenset({"small", "ma"})


def plans(instance: ClassInstance) -> list[Plan]:
    """Every plan that a rearrangement of a school's students makes, each school's seats kept."""
    schools: dict[str, list[int]] = {}
    for i, student in enumerate(instance.members):
        schools.setdefault(student.school, []).append(i)
    choices = []
    for those in schools.values():
        kinds = [kind_name(instance.members[i].kind) for i in those]
        choices.append([(those, order) for order in set(permutations(kinds))])
    found = set()
    for chosen in product(*choices):
        flows: Counter[tuple[str, str, str, str]] = Counter()
        for those, order in chosen:
            for i, kind in zip(those, order, strict=True):
                today = kind_name(instance.members[i].kind)
                if kind != today:
                    flows[instance.members[i].school, instance.group_of[i], today, kind] += 1
        found.add(Plan.of(dict(flows)))
    return list(found)


def best_plan(instance: ClassInstance, objective: str) -> Fraction | None:
    """The optimum over every plan that breaks no rule."""
    scored = (evaluate(instance, plan) for plan in plans(instance))
    return min((e.values[objective] for e in scored if e.feasible), default=None)


def _students(text: str) -> tuple[Student, ...]:
    """Rows of school, type, score, race, income."""
    kinds = {"l": LARGE, "s": SMALL, "m": MA, "b": BOTH}
    rows = [line.split() for line in text.strip().splitlines()]
    return tuple(
        Student(str(i), school, kinds[kind], Fraction(score), (income, race))
        for i, (school, kind, score, race, income) in enumerate(rows)
    )


COLUMNS = ("family_income", "race")
SIX = _students("""
    A l 10 x 1
    A s 30 y 2
    A m 20 x 3
    B l 11.5 x 4
    B b 40.25 y 5
    B s 17 z 6
""")
EIGHT = (*SIX, *_students("C l 1 z 7\nC b 99 x 7"))
EIGHT = tuple(Student(str(i), s.school, s.kind, s.score, s.labels) for i, s in enumerate(EIGHT))


def _asked(name: str, students: tuple[Student, ...], groups: str, limit: Fraction | None, **more: Any) -> ClassInstance:
    limits = () if limit is None else ((GAP, limit),)
    return ClassInstance(name, students, COLUMNS, groups=groups, bands=2, limits=limits, **more)


DRAWN600 = 72.59444444444445
"""Fewest moves of fractions of students, with income bands."""

TINY = Tiny(
    problem="classes",
    instances=(
        _asked("races, any gap", SIX, "race", None),
        _asked("races within 12", SIX, "race", Fraction(12)),
        _asked("incomes within 8.2", EIGHT, "income", Fraction(41, 5)),
        _asked("nothing helps", SIX, "race", Fraction(1, 2)),
        _asked("no effect", SIX, "race", Fraction(40), small_effect=Fraction(0), ma_effect=Fraction(0)),
        _asked("harmful degrees", EIGHT, "race", Fraction(30), ma_effect=Fraction(-7, 2)),
    ),
    best=best_plan,
    lp_bounds={
        ("races within 12", "moves"): dict.fromkeys(("flows", "leave_and_come", "student_by_student"), 1.75),
        ("classes/drawn600", "moves"): dict.fromkeys(("flows", "leave_and_come", "student_by_student"), DRAWN600),
    },
    tolerance=Fraction(1, 10**6),
)
NAMED = {instance.name: instance for instance in (*TINY.instances, drawn("classes/drawn600"))}
