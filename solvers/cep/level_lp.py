"""The level LP of CEP grouping, kept alive in HiGHS while levels and columns are added.

Formulated in Pyomo (``claim_levels``, relaxed) on few levels, compiled once, then grown: levels
are halved around those in use, and a school enters a level only where its reduced cost calls for
it. The duals of its level rows are the prices of a ``PriceCurve``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.models.cep import CepInstance, claim_levels
from fairbound.models.cep.price_curve import PriceCurve, Unit, level_range, units_of
from fairbound.solvers.core.result import ModelSize, Settings
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.standard_form import compile_model
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.engines.base import Floats

Flags = NDArray[np.bool_]

PRICE_STEP = 10**7
"""Knots and prices are rounded to this many parts; any rounding keeps the bound valid."""
DOUBLINGS = 5
"""Rounds in which every gap between levels is halved, before only those around used levels are."""
MOST_ROUNDS = 16
DENSE = 40
"""Up to so many units every level gets all columns, and its dual is a price even where nobody uses it."""
MOST_VIOLATED = 20
"""Units whose summits between two levels ask for a level there, in each round."""
PRUNED = 1e-10
"""A knot whose removal raises the bound by no more than this share is left out of the certificate."""
FINEST = 2.0**-11
"""Levels are not refined below this share of the range."""


@dataclass(frozen=True)
class UnitArrays:
    """The units as float arrays, for engines and searches; never for a claim."""

    enrolled: Floats
    lifted: Floats
    fixed: Floats
    slope: Floats

    @classmethod
    def of(cls, units: tuple[Unit, ...]) -> UnitArrays:
        """One entry a unit, in floats."""
        columns = ("enrolled", "lifted", "fixed", "slope")
        return cls(*(np.array([float(getattr(unit, column)) for unit in units]) for column in columns))

    def worth(self, level: float | Floats, price: float | Floats) -> Floats:
        """phi of every unit (rows) at levels with prices (columns), equation (22)."""
        t, lam = np.atleast_1d(level), np.atleast_1d(price)
        return np.asarray(
            self.fixed[:, None]
            + np.outer(self.slope, np.minimum(t, 1.0))
            + lam * (self.lifted[:, None] - np.outer(self.enrolled, t))
        )


@dataclass(frozen=True)
class LevelBound:
    """What the level LP gives: its float optimum and the price curve of its duals."""

    optimum: float
    curve: PriceCurve
    rounds: int
    size: ModelSize


class LevelLp:
    """The live LP: school rows (26), floors (10), level rows (27), columns of used pairs."""

    def __init__(self, instance: CepInstance, objective: str, settings: Settings) -> None:
        self.instance = instance
        relaxed = _without_group_rules(instance)
        self.low, self.high = level_range(instance)
        first = [self.low] if self.low == self.high else [self.low, self.high]
        model = claim_levels.build(relaxed, objective, relaxed=True, levels=first)
        form = compile_model(model)
        self.highs = engine.pass_model(form, settings)
        # Presolve would forget the basis that the next round starts from.
        self.highs.setOptionValue("presolve", "off")
        self.highs.setOptionValue("output_flag", False)
        self.units = units_of(relaxed, objective)
        self.arrays = UnitArrays.of(self.units)
        row_of = {id(row): i for i, row in enumerate(form.rows)}
        self.unit_rows = np.full(len(self.units), -1, dtype=np.int32)
        for u, row in model.eq26_unit.items():
            self.unit_rows[u] = row_of.get(id(row), -1)
        self.free = self.unit_rows >= 0
        self.level_rows = [self._row_of(row_of, model.eq27_level[k]) for k in range(len(first))]
        self.levels = [float(level) for level in first]
        # A floor whose row has no columns holds by itself: one that cannot hold did not compile.
        rows = ((name, row_of.get(id(model.eq10_floor[name]))) for name, _ in instance.limits)
        self.floors = [(name, row) for name, row in rows if row is not None]
        self.floor_units = {name: UnitArrays.of(units_of(relaxed, name)) for name, _ in instance.limits}
        self.present = [self.free.copy() for _ in first]
        where = {id(variable): j for j, variable in enumerate(form.columns)}
        self.columns: list[tuple[int, int]] = [(-1, -1)] * len(form.columns)
        for (u, k), variable in model.x.items():
            self.columns[where[id(variable)]] = (u, k)

    def _row_of(self, known: dict[int, int], constraint: Any) -> int:
        """Row of a level; where every school stands exactly at the level it has no columns, and is made here."""
        row = known.get(id(constraint))
        if row is None:
            row = self.highs.getNumRow()
            self.highs.addRow(0.0, highspy.kHighsInf, 0, np.array([], dtype=np.int32), np.array([]))
        return row

    def run(self, time_limit: float | None = None) -> bool:
        """Solve; ``False`` if it is infeasible or a limit came first."""
        if time_limit is not None:
            # HiGHS counts the time of all its runs.
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + time_limit)
        engine.run(self.highs)
        return bool(self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def read(self) -> tuple[float, Floats, Floats, dict[str, float], Floats]:
        """Optimum, prices of levels, duals of units, multipliers of floors, use of levels."""
        solution = self.highs.getSolution()
        dual, x = np.asarray(solution.row_dual), np.asarray(solution.col_value)
        # HiGHS gives duals of a maximisation the sign of d objective / d right-hand side.
        prices = np.maximum(0.0, -dual[self.level_rows])
        unit_duals = np.where(self.free, dual[self.unit_rows], 0.0)
        multipliers = {name: max(0.0, -float(dual[row])) for name, row in self.floors}
        used = np.zeros(len(self.levels))
        for j, (_, k) in enumerate(self.columns):
            used[k] += x[j]
        return float(self.highs.getInfo().objective_function_value), prices, unit_duals, multipliers, used

    def add_level(self, level: float, wanted: Flags) -> None:
        """A new level row (27) with columns for the wanted units."""
        self.level_rows.append(self.highs.getNumRow())
        self.levels.append(level)
        self.present.append(np.zeros(len(self.units), dtype=bool))
        self.highs.addRow(0.0, highspy.kHighsInf, 0, np.array([], dtype=np.int32), np.array([]))
        self.add_columns(len(self.levels) - 1, wanted)

    def add_columns(self, k: int, wanted: Flags) -> int:
        """Columns of level k for wanted units that are not there yet; returns how many."""
        new = np.flatnonzero(wanted & self.free & ~self.present[k]).astype(np.int32)
        if not len(new):
            return 0
        self.present[k][new] = True
        level, arrays = self.levels[k], self.arrays
        share = min(level, 1.0)
        rows = [self.unit_rows[new], np.full(len(new), self.level_rows[k], dtype=np.int32)]
        values = [np.ones(len(new)), arrays.lifted[new] - level * arrays.enrolled[new]]
        for name, row in self.floors:
            counted = self.floor_units[name]
            rows.append(np.full(len(new), row, dtype=np.int32))
            values.append(counted.fixed[new] + share * counted.slope[new])
        starts = np.arange(len(new), dtype=np.int32) * len(rows)
        cost = arrays.fixed[new] + share * arrays.slope[new]
        self.highs.addCols(
            len(new),
            cost,
            np.zeros(len(new)),
            np.full(len(new), highspy.kHighsInf),
            len(new) * len(rows),
            starts,
            np.stack(rows, axis=1).ravel(),
            np.stack(values, axis=1).ravel(),
        )
        self.columns += [(int(u), k) for u in new]
        return len(new)


def _without_group_rules(instance: CepInstance) -> CepInstance:
    """The instance without ``groups`` and ``min_group``: the bound does not see them."""
    plain = instance.groups is None and instance.min_group == 1
    return instance if plain else replace(instance, groups=None, min_group=1)


def solve_levels(
    instance: CepInstance,
    objective: str,
    settings: Settings,
    seconds_left: Callable[[], float | None],
    stopped: Callable[[], bool],
    accuracy: float = 2e-7,
    on_levels: Callable[[LevelLp], object] = lambda _lp: None,
) -> LevelBound | None:
    """Refine the level LP until its price curve agrees with it to ``accuracy``; ``None`` if infeasible.

    When time is up the last price curve is returned: any is valid. ``on_levels`` is shown the LP's first optima.
    """
    lp = LevelLp(instance, objective, settings)
    found: LevelBound | None = None
    best = last = np.inf
    round_ = 0
    dense = len(lp.units) <= DENSE
    while True:
        left = seconds_left()
        if found is not None and (stopped() or (left is not None and left <= 0)):
            return found
        if not lp.run(None if left is None or found is None else left):
            return found
        optimum, prices, unit_duals, multipliers, used = lp.read()
        # A column left out may still be wanted at these prices; only then are they duals of the whole LP.
        arrays = _penalised(lp, multipliers)
        order = np.argsort(lp.levels)
        levels = np.array(lp.levels)
        reduced = arrays.worth(levels, prices) - unit_duals[:, None]
        tolerance = 1e-7 * max(1.0, float(np.abs(unit_duals).max(initial=0.0)))
        added = sum([lp.add_columns(k, reduced[:, k] > tolerance) for k in range(len(levels))])
        if round_ > 0 and added > len(lp.units) // 50 + 5:
            continue
        if round_ < DOUBLINGS:
            on_levels(lp)
        # The dual of a level that few columns were offered to is 0 and says nothing: such knots are dropped.
        keep = [k for k in order if dense or used[k] > 1e-9] or [int(order[0])]
        t, lam = levels[keep], prices[keep]
        curve = _curve(lp, t, lam, multipliers)
        worth, summit = _maxima(lp.units, arrays, *_reach(lp, t, lam))
        bound = float(worth.sum()) - sum(mu * float(dict(instance.limits)[name]) for name, mu in multipliers.items())
        if bound < best:
            best = bound
            found = LevelBound(optimum, curve, round_, _size(lp))
        enough = accuracy * max(1.0, abs(optimum))
        if bound - optimum <= enough and not added and round_ >= DOUBLINGS:
            return found
        if not dense and round_ > DOUBLINGS and last - best <= enough:
            return found  # hundreds of levels would follow, for less than the accuracy
        last = best
        sorted_levels = levels[order]
        violated = worth - np.maximum(unit_duals, 0.0) if dense else np.zeros(0)
        worst = summit[np.argsort(-violated)[:MOST_VIOLATED]] if dense else np.zeros(0)
        middles = _next_levels(sorted_levels, used[order] > 1e-9, worst, everywhere=round_ < DOUBLINGS)
        if not len(middles) or round_ >= MOST_ROUNDS:
            return found
        guess = np.interp(middles, t, lam)
        value = arrays.worth(middles, guess) - worth[:, None]
        # A band around the maximum: the columns that the LP may want once the prices have moved.
        margin = 0.002 * float(np.median(np.abs(worth)))
        for j, level in enumerate(middles):
            wanted: Flags = np.full(len(lp.units), True) if dense else value[:, j] >= -margin
            lp.add_level(float(level), wanted)
        round_ += 1


def prune(instance: CepInstance, objective: str, curve: PriceCurve) -> PriceCurve:
    """The curve without the knots whose removal does not raise the bound: each one left matters."""
    units = units_of(instance, objective, dict(curve.multipliers))
    arrays = UnitArrays.of(units)
    t, lam = (np.array(column, dtype=float) for column in zip(*curve.knots, strict=True))
    if len(t) < 3:
        return curve

    def piece(i: int, j: int) -> Floats:
        """Each unit's maximum between knots i and j, if there were none between them."""
        return _highest(arrays, t[[i, j]], lam[[i, j]])[0]

    # Knots are tried from left to right: maxima to the left are known, those to the right are summed up before.
    right = [np.full(len(units), -np.inf)]
    for i in range(len(t) - 2, 0, -1):
        right.append(np.maximum(right[-1], piece(i, i + 1)))
    right.reverse()  # right[i]: from knot i + 1 to the end
    kept, left = [0], right[-1]
    bound = float(_counted(units, np.maximum(piece(0, 1), right[0])).sum())
    for i in range(1, len(t) - 1):
        other = float(_counted(units, np.maximum(np.maximum(left, piece(kept[-1], i + 1)), right[i])).sum())
        if other <= bound * (1 + PRUNED) if bound > 0 else other <= bound:
            bound = min(bound, other)
        else:
            left = np.maximum(left, piece(kept[-1], i))
            kept.append(i)
    kept.append(len(t) - 1)
    return PriceCurve(tuple(curve.knots[k] for k in kept), curve.multipliers)


def _penalised(lp: LevelLp, multipliers: dict[str, float]) -> UnitArrays:
    arrays = lp.arrays
    fixed, slope = arrays.fixed.copy(), arrays.slope.copy()
    for name, mu in multipliers.items():
        fixed += mu * lp.floor_units[name].fixed
        slope += mu * lp.floor_units[name].slope
    return UnitArrays(arrays.enrolled, arrays.lifted, fixed, slope)


def _next_levels(levels: Floats, used: Flags, worst: Floats, everywhere: bool) -> Floats:
    """Middles of the gaps beside used levels and around the worst summits (of all gaps in the first rounds)."""
    gaps = np.diff(levels)
    wide = gaps > FINEST * max(levels[-1] - levels[0], 1e-12)
    near = used[:-1] | used[1:] if not everywhere else np.ones(len(gaps), dtype=bool)
    if len(worst) and len(gaps):
        near = near.copy()
        near[np.clip(np.searchsorted(levels, worst) - 1, 0, len(gaps) - 1)] = True
    chosen = wide & near
    return np.asarray((levels[:-1] + gaps / 2)[chosen])


def _maxima(units: tuple[Unit, ...], arrays: UnitArrays, t: Floats, lam: Floats) -> tuple[Floats, Floats]:
    """What each unit counts in the bound over the curve, in floats, and the level of its maximum."""
    best, level = _highest(arrays, t, lam)
    return _counted(units, best), level


def _highest(arrays: UnitArrays, t: Floats, lam: Floats) -> tuple[Floats, Floats]:
    """Each unit's maximum over the curve in floats, at knots and at summits between them, and its level."""
    values = arrays.worth(t, lam)
    best, level = values.max(axis=1), t[values.argmax(axis=1)]
    for i in range(len(t) - 1):
        rise = (lam[i + 1] - lam[i]) / (t[i + 1] - t[i])
        if rise <= 0:
            continue
        slope = arrays.slope + rise * (arrays.lifted - t[i] * arrays.enrolled) - lam[i] * arrays.enrolled
        with np.errstate(divide="ignore", invalid="ignore"):
            step = slope / (2 * rise * arrays.enrolled)
        inside = (step > 0) & (step < t[i + 1] - t[i]) & (arrays.enrolled > 0)
        start = arrays.worth(t[i], lam[i])[:, 0]
        higher = start + slope * np.where(inside, step, 0.0) / 2
        level = np.where(inside & (higher > best), t[i] + np.where(inside, step, 0.0), level)
        best = np.where(inside, np.maximum(best, higher), best)
    return best, level


def _counted(units: tuple[Unit, ...], best: Floats) -> Floats:
    """Maxima as they count in (23): never below 0 for a unit that may stay out, 0 for one that must."""
    must = np.array([unit.must for unit in units])
    barred = np.array([unit.barred for unit in units])
    return np.asarray(np.where(barred, 0.0, np.where(must, best, np.maximum(best, 0.0))))


def _reach(lp: LevelLp, t: Floats, lam: Floats) -> tuple[Floats, Floats]:
    """The curve continued level to both ends of the range."""
    low, high = float(lp.low), float(lp.high)
    if t[0] > low:
        t, lam = np.r_[low, t], np.r_[lam[0], lam]
    if t[-1] < high:
        t, lam = np.r_[t, high], np.r_[lam, lam[-1]]
    return t, lam


def _curve(lp: LevelLp, t: Floats, lam: Floats, multipliers: dict[str, float]) -> PriceCurve:
    """The curve with rational knots; the ends are exact."""
    t, lam = _reach(lp, t, lam)
    knots: dict[Fraction, Fraction] = {}
    for i, (level, price) in enumerate(zip(t, lam, strict=True)):
        exact = Fraction(round(level * PRICE_STEP), PRICE_STEP)
        if i == 0:
            exact = lp.low
        elif i == len(t) - 1:
            exact = lp.high
        if lp.low <= exact <= lp.high:
            knots[exact] = Fraction(max(0, round(price * PRICE_STEP)), PRICE_STEP)
    chosen = tuple((name, Fraction(round(mu * PRICE_STEP), PRICE_STEP)) for name, mu in multipliers.items() if mu > 0)
    return PriceCurve(tuple(sorted(knots.items())), chosen)


def _size(lp: LevelLp) -> ModelSize:
    return ModelSize(lp.highs.getNumCol(), lp.highs.getNumRow(), lp.highs.getNumNz(), 0)
