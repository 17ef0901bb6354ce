"""Baselines of district transfers: the poster's SLSQP, and a greedy transfer.

Source of SLSQP: the poster solves its program with ``scipy.optimize.minimize(method="SLSQP")``. Its gradient
is left to scipy, its options are scipy's; status and constraint violation are reported as they are.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from fairbound.models.transfers import TransferInstance, TransferPlan
from fairbound.models.transfers.instance import COMBINED, RACE, RACE_WEIGHTED
from fairbound.models.transfers.repair import repair
from fairbound.models.transfers.terms import Amount, ratios
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import EngineInfo, OnProgress, Progress, Settings, Termination
from fairbound.solvers.core.search import Search
from numpy.typing import NDArray
from scipy.optimize import minimize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Floats = NDArray[np.float64]
STARTS = 8
TOLERATED = 1e-6
"""A violation up to this share is rounding: the plan is repaired. Beyond it the plan is shown as it is."""
GREEDY_STEPS, GREEDY_PARTS = 2000, 64


def _sums(index: NDArray[np.intp], values: Floats, count: int) -> Floats:
    """Sums of values by index."""
    return np.bincount(index, values, count).astype(np.float64)


class Shares:
    """The poster's variables: the share x_ij of district i that attends in j, staying included."""

    def __init__(self, instance: TransferInstance, objective: str) -> None:
        self.pairs = [(i, j) for i, near in enumerate(instance.neighbours) for j in (i, *near)]
        self.source, self.target = (np.array([pair[k] for pair in self.pairs]) for k in (0, 1))
        self.S = np.array([float(size) for size in instance.sizes])
        self.N, self.total = len(self.S), float(instance.total)
        self.low, self.high = (np.array([float(b[k]) for b in instance.size_bounds]) for k in (0, 1))
        self.p = float(instance.p)
        parts = ratios(instance, objective)
        self.weights = [float(part.weight) for part in parts]
        self.goals = [float(part.target) for part in parts]
        self.tops = [self._table(part.numerator) for part in parts]
        self.bottoms = [self._table(part.denominator) for part in parts]
        self.weighted = objective == RACE_WEIGHTED

    @property
    def identity(self) -> Floats:
        """The plan in which everybody stays, one entry a flow."""
        stays: Floats = (self.source == self.target).astype(np.float64)
        return stays

    def random(self, draw: np.random.Generator) -> Floats:
        """Rows drawn from a flat Dirichlet distribution; they may break other rules."""
        x: Floats = draw.exponential(size=len(self.pairs))
        shares: Floats = x / _sums(self.source, x, self.N)[self.source]
        return shares

    def _table(self, amount: Amount) -> tuple[Floats, Floats | None]:
        """What stays in each district, and what each pair carries at a share of 1."""
        if amount.rates is None:
            return np.array([float(value) for value in amount.today]), None
        rates = np.array([float(rate) for rate in amount.rates])
        return np.zeros(self.N), (self.S * rates)[self.source]

    def _held(self, table: tuple[Floats, Floats | None], x: Floats) -> Floats:
        stays, carried = table
        return stays if carried is None else _sums(self.target, x * carried, self.N)

    def sizes(self, x: Floats) -> Floats:
        """n_j."""
        return _sums(self.target, x * self.S[self.source], self.N)

    def value(self, x: Floats) -> float:
        """The objective; 0/0 is what numpy makes of it."""
        total = 0.0
        for weight, goal, top, bottom in zip(self.weights, self.goals, self.tops, self.bottoms, strict=True):
            held = self._held(bottom, x)
            square = (self._held(top, x) / held - goal) ** 2
            total += weight * float((square * held if self.weighted else square).sum())
        return total

    def rows(self, x: Floats) -> Floats:
        """Slack of equation (2), zero when kept."""
        return _sums(self.source, x, self.N) - 1

    def slack(self, x: Floats) -> Floats:
        """Slack of equations (6) and (7), in shares; negative where broken."""
        sizes = self.sizes(x)
        moved = float((x * self.S[self.source])[self.source != self.target].sum()) / self.total
        return np.concatenate([[self.p - moved], (sizes - self.low) / self.S, (self.high - sizes) / self.S])

    def violation(self, x: Floats) -> float:
        """Largest violation of any rule, in shares."""
        return float(max(np.abs(self.rows(x)).max(), -min(0.0, self.slack(x).min()), -min(0.0, x.min())))

    def students(self, x: Floats) -> dict[tuple[int, int], float]:
        """Moves in students."""
        return {(i, j): float(v * self.S[i]) for (i, j), v in zip(self.pairs, x, strict=True) if i != j}


@dataclass(frozen=True)
class Ended:
    """How one run of SLSQP ended, in its own words.

    ``trace`` has its value at each iteration, where rules may be broken.
    """

    x: Floats
    value: float
    violation: float
    words: str
    trace: tuple[Progress, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it keeps the rules within the tolerance and has a value."""
        return self.violation <= TOLERATED and bool(np.isfinite(self.value))


def descend(shares: Shares, x: Floats) -> Ended:
    """One run of SLSQP."""
    began = time.perf_counter()
    trace = [Progress(0.0, float(shares.value(x)), None, 0)]

    def keep(now: Floats) -> None:
        trace.append(Progress(time.perf_counter() - began, float(shares.value(now)), None, len(trace)))

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # scipy warns of values that it clips to bounds
        found = minimize(
            shares.value,
            x,
            method="SLSQP",
            callback=keep,
            bounds=[(0.0, 1.0)] * len(x),
            constraints=[
                {"type": "eq", "fun": shares.rows, "jac": partial(_slopes, shares.rows)},
                {"type": "ineq", "fun": shares.slack, "jac": partial(_slopes, shares.slack)},
            ],
        )
        end = np.asarray(found.x)
        words = f"status {found.status} ({found.message}) after {found.nit} iterations"
        return Ended(end, float(shares.value(end)), shares.violation(end), words, tuple(trace))


def _slopes(rule: Callable[[Floats], Floats], x: Floats) -> Floats:
    """Slopes of rules that are linear, read off unit vectors."""
    base = rule(np.zeros(len(x)))
    return np.array([rule(unit) - base for unit in np.eye(len(x))]).T


def _plan(instance: TransferInstance, shares: Shares, end: Ended) -> TransferPlan:
    """The plan at the end of a run: repaired where only rounding is wrong with it."""
    if end.violation <= TOLERATED:
        return repair(instance, shares.students(end.x))
    ids = [district.id for district in instance.districts]
    moves = shares.students(np.nan_to_num(end.x))
    return TransferPlan.of((ids[i], ids[j], Fraction(round(value * 4096), 4096)) for (i, j), value in moves.items())


def answer_slsqp(
    starts: int,
    instance: TransferInstance,
    objective: str,
    settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Any = None,
) -> Answer:
    """SLSQP from the identity (``starts`` 0) or the best of some random starts.

    After the time limit no further start begins; one that runs is let end.
    """
    search = Search(instance, objective, settings)
    shares = Shares(instance, objective)
    draw = np.random.default_rng(settings.seed)
    ends: list[Ended] = []
    for _ in range(max(1, starts)):
        ends.append(descend(shares, shares.random(draw) if starts else shares.identity))
        if search.late():
            break
    kept = [end for end in ends if end.sound]
    best = min(kept or ends, key=lambda end: end.value if np.isfinite(end.value) else np.inf)
    message = f"SLSQP {best.words}; largest violation {best.violation:.1e}; own value {best.value:.6g}"
    if starts:
        values = ", ".join(f"{end.value:.5f}{'' if end.sound else ' (broken rules)'}" for end in ends)
        message += f"; all starts: {values}"
    return Answer(
        Termination.FINISHED,
        _plan(instance, shares, best),
        engine=EngineInfo("scipy", scipy.__version__, {"method": "SLSQP", "starts": starts or "identity"}),
        message=message,
        trace=best.trace,
    )


def answer_greedy(
    instance: TransferInstance,
    objective: str,
    _settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Any = None,
) -> Answer:
    """Move one small group at a time along the border where it lowers the objective most.

    A group is 1/64 of a district, of its mix of today; it ends when no group helps or none may move.
    """
    shares = Shares(instance, objective)
    x = shares.identity
    stay = {i: k for k, (i, j) in enumerate(shares.pairs) if i == j}
    value = shares.value(x)
    for _ in range(GREEDY_STEPS):
        best, choice = value - 1e-12, None
        for k, (i, j) in enumerate(shares.pairs):
            part = min(1 / GREEDY_PARTS, float(shares.S[j] / shares.S[i]) / GREEDY_PARTS)
            if i == j or x[stay[i]] < part:
                continue
            x[k] += part
            x[stay[i]] -= part
            if shares.slack(x).min() >= 0 and (trial := shares.value(x)) < best:
                best, choice = trial, (k, i, part)
            x[k] -= part
            x[stay[i]] += part
        if choice is None:
            break
        k, i, part = choice
        x[k] += part
        x[stay[i]] -= part
        value = best
    return Answer(Termination.FINISHED, repair(instance, shares.students(x)))


def refuses(instance: TransferInstance, objective: str) -> str | None:
    """Why a baseline has nothing to say, or ``None``; it takes unbounded sizes, as the poster did."""
    if objective not in (RACE, RACE_WEIGHTED, COMBINED):
        return f"it minimises squares, not {objective}"
    if instance.whole or instance.limits:
        return "it takes neither whole students nor bounds on other objectives"
    return None


METHODS: Sequence[Method] = (
    Method(
        "slsqp",
        Kind.BASELINE,
        "the poster's SLSQP from nobody moved",
        partial(answer_slsqp, 0),
        refuses,
        exact=False,
        closes=False,
        seeded=False,
    ),
    Method(
        "slsqp_random",
        Kind.BASELINE,
        f"the poster's SLSQP, best of {STARTS} random starts",
        partial(answer_slsqp, STARTS),
        refuses,
        exact=False,
        closes=False,
    ),
    Method(
        "greedy",
        Kind.BASELINE,
        "small groups one at a time along the best border",
        answer_greedy,
        refuses,
        exact=False,
        closes=False,
        seeded=False,
    ),
)
