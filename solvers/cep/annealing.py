"""Simulated annealing over a fixed number of groups: the generic heuristic that districts try first."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from fairbound.models.cep import CepInstance, Cover, Grouping
from fairbound.models.cep.instance import REIMBURSEMENT
from fairbound.models.cep.price_curve import LINEAR, coefficients
from fairbound.models.core.errors import InputError
from fairbound.solvers.core.baseline import Baseline

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS_PER_SCHOOL, MOST_STEPS = 500, 60_000


def annealing(
    instance: CepInstance, objective: str, seed: int, argument: str | None, late: Callable[[], bool] = lambda: False
) -> Grouping:
    """Move one school at a time between ``argument`` groups (and outside), cooling geometrically.

    Floats throughout, as such programmes have them; a group under the threshold is worth nothing.
    At the end such groups are dropped.

    Raises ``InputError`` for an argument that is no number of groups.
    """
    if argument is None or not argument.isdecimal() or int(argument) < 1:
        raise InputError("annealing", found=argument, wanted="a number of groups, for example annealing:4")
    count, chance = int(argument), random.Random(seed)
    goal = objective if objective in LINEAR else REIMBURSEMENT
    schools = [i for i, s in enumerate(instance.schools) if s.id not in instance.forced_out]
    if not schools:
        return Grouping(())
    worth = [(float(a), float(b)) for a, b in coefficients(instance, goal)]
    students = [(float(s.enrolled), float(s.identified)) for s in instance.schools]
    multiplier, threshold = float(instance.multiplier), float(instance.threshold)
    outside = 0 if instance.cover is Cover.ALL else 1
    home = {i: chance.randrange(count) for i in schools}
    sums = [[0.0, 0.0, 0.0, 0.0] for _ in range(count)]

    def score(total: list[float]) -> float:
        n, e, a, b = total
        if n <= 0 or e < threshold * n:
            return 0.0
        return a + b * min(1.0, multiplier * e / n)

    def shift(g: int, i: int, sign: float) -> None:
        for j, part in enumerate((*students[i], *worth[i])):
            sums[g][j] += sign * part

    for i, g in home.items():
        shift(g, i, 1.0)
    scores = [score(total) for total in sums]
    present = sum(scores)
    best, kept = present, dict(home)
    hot = max(1e-9, max(abs(a) + abs(b) for a, b in worth))
    steps = min(MOST_STEPS, STEPS_PER_SCHOOL * len(schools))
    for step in range(steps):
        if step % 100 == 0 and late():
            break
        temperature = hot * (1e-5 ** (step / steps))
        i = schools[chance.randrange(len(schools))]
        old, new = home[i], chance.randrange(count + outside) - outside
        if new == old:
            continue
        touched = [g for g in (old, new) if g >= 0]
        if old >= 0:
            shift(old, i, -1.0)
        if new >= 0:
            shift(new, i, 1.0)
        fresh = [score(sums[g]) for g in touched]
        gain = sum(fresh) - sum(scores[g] for g in touched)
        if gain >= 0 or chance.random() < math.exp(gain / temperature):
            home[i] = new
            for g, points in zip(touched, fresh, strict=True):
                scores[g] = points
            present += gain
            if present > best:
                best, kept = present, dict(home)
        else:
            if old >= 0:
                shift(old, i, 1.0)
            if new >= 0:
                shift(new, i, -1.0)
    groups = [[i for i, g in kept.items() if g == k] for k in range(count)]
    return Grouping.of(
        [instance.schools[i].id for i in group]
        for group in groups
        if group and sum(students[i][1] for i in group) >= threshold * sum(students[i][0] for i in group) * (1 - 1e-9)
    )


ANNEALING = Baseline("annealing", "simulated annealing over a fixed number of groups", annealing, ("4",), clocked=True)
