"""What trials do: a coin, the best of many coins, and pairs of neighbours."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number
from fairbound.models.designs.instance import Design, DesignInstance
from fairbound.solvers.core.baseline import Baseline

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 1000


def randomised(instance: DesignInstance, _objective: str, seed: int, _argument: str | None) -> Design:
    """Half of the subjects, drawn."""
    names = [subject.id for subject in instance.subjects]
    return Design(frozenset(Random(seed).sample(names, len(names) // 2)))


def rerandomised(instance: DesignInstance, _objective: str, seed: int, argument: str | None) -> Design:
    """The best of so many draws (Morgan and Rubin 2012).

    Raises ``InputError`` for an argument that is no number of draws.
    """
    try:
        draws = int(parse_number(argument or str(DRAWS)))
    except ValueError:
        raise InputError("rerandomised", found=argument, wanted="draws, for example rerandomised:1000") from None
    scores = np.array([[float(w) for w in column] for column in instance.scores.values()])
    n, random, best, value = len(instance.subjects), np.random.default_rng(seed), None, float("inf")
    for _ in range(max(1, draws)):
        sign: NDArray[np.float64] = np.where(random.permutation(n) < n // 2, 1.0, -1.0)
        worst = float((np.abs(scores @ sign) + float(instance.rho) * np.abs(scores**2 @ sign)).max())
        if worst < value:
            best, value = sign, worst
    assert best is not None
    return Design(frozenset(s.id for s, side in zip(instance.subjects, best, strict=True) if side > 0))


def pairs(instance: DesignInstance, _objective: str, seed: int, _argument: str | None) -> Design:
    """Subjects in order of their summed scores; of each two neighbours a coin sends one to the first group."""
    random = Random(seed)
    total = [float(sum(column[i] for column in instance.scores.values())) for i in range(len(instance.subjects))]
    order = sorted(range(len(total)), key=total.__getitem__)
    chosen = (random.choice(order[k : k + 2]) for k in range(0, len(order), 2))
    return Design(frozenset(instance.subjects[i].id for i in chosen))


BASELINES = (
    Baseline("randomised", "half of the subjects, drawn", randomised),
    Baseline("rerandomised", "the best of many draws", rerandomised, (str(DRAWS),)),
    Baseline("pairs", "neighbours in pairs, a coin for each", pairs),
)
