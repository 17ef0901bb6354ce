"""Tiny districts, and their best plans: every set of districts that may be granted, and a linear program for each."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import floor

import numpy as np
from fairbound.benchmarks.core.tiny import Tiny
from fairbound.instances.grants.sources import synthetic
from fairbound.models.grants import PROBLEM, District, GrantsInstance
from fairbound.models.grants.instance import MEAN, WORST
from scipy.optimize import linprog

THOUSAND = 1000


def best_plan(instance: GrantsInstance, objective: str) -> Fraction | None:
    """The optimum over sets of granted districts; equations (1) to (5) as one program over changes of spending."""
    count = len(instance.districts_data)
    most = count if instance.districts is None else min(count, instance.districts)
    found = [_best_of(instance, objective, set(chosen)) for chosen in combinations(range(count), most)]
    values = [value for value in found if value is not None]
    return Fraction(max(values)) if values else None


def _best_of(instance: GrantsInstance, objective: str, chosen: set[int]) -> float | None:
    """Columns: spending up and down of each place, the threshold, what each district is below it."""
    districts, functions = instance.districts_data, range(len(instance.functions))
    places = [(d, f) for d in range(len(districts)) for f in functions]
    n, width = len(districts), 2 * len(places) + 1 + len(districts)
    eta, share = 2 * len(places), float(instance.tail) * len(districts)
    bounds: list[tuple[float | None, float | None]] = []
    points = np.zeros((n, width))
    amount = np.zeros((n, width))
    for k, (d, f) in enumerate(places):
        effect = instance.assumed[f]
        off = float(instance.caution * effect.width)
        spent = districts[d].spending[f]
        bounds += [(0, floor(instance.rise * spent)), (0, floor(instance.move * spent))]
        points[d, 2 * k], points[d, 2 * k + 1] = (
            (float(effect.points) - off) / THOUSAND,
            -(float(effect.points) + off) / THOUSAND,
        )
        amount[d, 2 * k], amount[d, 2 * k + 1] = 1, -1
    bounds += [(None, None), *((0, None) for _ in districts)]
    scores = np.array([float(district.score) for district in districts])
    rows, right = [], []
    students = np.array([district.students for district in districts])
    rows.append(students @ amount)
    right.append(float(instance.pot))
    for d in range(n):
        rows += [-amount[d], amount[d]]
        right += [0, floor(instance.most) if d in chosen else 0]
        below = -points[d].copy()
        below[eta], below[eta + 1 + d] = 1, -1
        rows.append(below)
        right.append(scores[d])
    tail = np.zeros(width)
    tail[eta], tail[eta + 1 :] = 1, -1 / share
    mean = points.sum(axis=0) / n
    for name, limit in instance.limits:
        rows.append(-tail if name == WORST else -mean)
        right.append(-float(limit) if name == WORST else scores.mean() - float(limit))
    goal = tail if objective == WORST else mean
    done = linprog(-goal, A_ub=np.array(rows), b_ub=np.array(right), bounds=bounds, method="highs")
    return None if done.status == 2 else float(-done.fun + (scores.mean() if objective == MEAN else 0))


def _districts(text: str) -> tuple[District, ...]:
    """Rows of students, score and spending."""
    rows = [line.split() for line in text.strip().splitlines()]
    return tuple(
        District(str(i), int(students), Fraction(score), tuple(map(int, spending)))
        for i, (students, score, *spending) in enumerate(rows)
    )


FIVE = _districts("""
    100 17.5 4000 300
    900 16   5000 100
     40 16.2 3500   0
    300 21   4200 250
     60 15.9 6000  90
""")


def _asked(name: str, **rules: object) -> GrantsInstance:
    effects = rules.pop("effects", "a=0.2;b=0.9+-0.5")
    plain = GrantsInstance(name, FIVE, ("a", "b"), tail=Fraction(2, 5), pot=Fraction(100_000))
    given = {key: str(value) for key, value in ({"effects": effects} | rules).items()}
    return PROBLEM.with_parameters(plain, given)


TINY = Tiny(
    problem="grants",
    instances=(
        _asked("two grants", districts=2),
        _asked("anybody", tail="0.5"),
        _asked("moved alone", pot=0, move="0.1", caution=1),
        _asked("moved and granted", move="0.2", caution="0.5", districts=1, most=300),
        _asked("harmful", effects="a=-0.1;b=0.4", move="0.05", districts=3),
        replace(_asked("a mean to keep", districts=2), limits=((MEAN, Fraction("17.36")),)),
        replace(_asked("out of reach", districts=2), limits=((WORST, Fraction(18)),)),
    ),
    best=best_plan,
    lp_bounds={
        ("two grants", "mean"): {"segments": 17.4063, "breakpoints": 17.4063, "functions": 17.4233},
        ("grants/synthetic", "worst_tenth"): {
            "segments": 17.39812873935956,
            "breakpoints": 17.39812873935956,
            "functions": 17.522707742012116,
        },
    },
    tolerance=Fraction(1, 10**6),
)
NAMED = {instance.name: instance for instance in (*TINY.instances, synthetic("grants/synthetic"))}
