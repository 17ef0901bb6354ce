"""The separator loop: connected zones from a model that knows contiguity by cuts.

HiGHS takes no lazy rows, so the loop is solve - separate - resolve on one live ``Highs`` object that
was built once from Pyomo: the neighbour rows (13), then the separator rows (19) that the solutions
met so far break. First the LP relaxation is cut until it breaks no row that the separation finds,
then the integer model is solved again and again. Every round's dual bound holds for the question,
since rows are only ever valid ones; a round whose best solution is connected ends the loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from math import isfinite
from random import Random
from typing import Any

import highspy
import numpy as np
from fairbound.models.block_assignment import PROBLEM, neighbour_rows, rules
from fairbound.models.block_assignment.separators import Separator, fractional_separators, violated_separators
from fairbound.models.block_assignment.zones import ZoneInstance, Zoning
from fairbound.solvers.baselines.zone_state import ZoneState, anneal, reconnect
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.standard_form import Floats, TriviallyInfeasibleError, compile_model
from fairbound.solvers.result import (
    EngineInfo,
    OnProgress,
    Progress,
    Result,
    Seconds,
    Settings,
    Termination,
    conclude,
)

NAME = "separator_loop"
LP_ROUNDS = 40
MOST_ROUNDS = 400
ANNEALING_STEPS = 400
"""Annealing steps per unit that has a choice, for the first incumbent."""
ROUND_GAPS = (1e-3, 1e-4, 0.0)
"""Relative gaps of the integer rounds, from first to last: early rounds are for finding cuts."""


class _Loop:
    """One run: the live model, the rows added so far, the incumbent and the dual bound."""

    def __init__(
        self,
        city: ZoneInstance,
        objective: str,
        settings: Settings,
        on_progress: OnProgress | None,
        share_level: Fraction | None = None,
    ) -> None:
        self.city, self.objective, self.settings = city, objective, settings
        self.on_progress = on_progress
        self.began = time.perf_counter()
        self.model = neighbour_rows.build(city, objective, share_level=share_level)
        self.share_level = share_level
        self.built = time.perf_counter()
        self.form = compile_model(self.model)
        self.live = engine.pass_model(self.form, settings)
        self.compiled = time.perf_counter()
        position = {id(variable): c for c, variable in enumerate(self.form.columns)}
        self.pairs = list(self.model.pairs)
        self.column = {pair: position[id(self.model.columns[pair])] for pair in self.pairs}
        self.columns = np.array([self.column[pair] for pair in self.pairs])
        self.zone_units = [set(units) for units in self.model.zone_units]
        self.unit = float(self.model.objective_unit)
        self.rows: set[Separator] = set()
        self.incumbent: list[int] | None = None
        self.value: Fraction | None = None
        self.dual: float | None = None
        self.nodes = 0
        self.rounds = 0
        self.trace: list[Progress] = []

    def seconds_left(self) -> float | None:
        limit = self.settings.time_limit
        return None if limit is None else limit - (time.perf_counter() - self.began)

    def homes(self, values: Floats) -> list[int]:
        """The school with the largest x of every unit."""
        best, homes = [-1.0] * len(self.city.units), list(self.city.today)
        for (i, j), value in zip(self.pairs, values[self.columns].tolist(), strict=True):
            if value > best[i]:
                homes[i], best[i] = j, value
        return homes

    def exact_value(self, homes: list[int]) -> Fraction | None:
        """The question's value of a zoning, or ``None`` if it breaks a rule."""
        evaluation = PROBLEM.evaluate(self.city, Zoning.of(self.city, homes))
        if not evaluation.feasible:
            return None
        if self.share_level is not None:
            return rules.excess(self.city, homes, self.share_level)
        return evaluation.values[self.objective]

    def offer(self, homes: list[int] | None) -> bool:
        """Take a zoning as incumbent if it keeps every rule and is better."""
        value = None if homes is None else self.exact_value(homes)
        if value is None or (self.value is not None and value >= self.value):
            return False
        self.incumbent, self.value = homes, value
        self.report()
        return True

    def raise_dual(self, bound: float) -> None:
        """A dual bound of the model, in units of its objective."""
        if isfinite(bound) and abs(bound) < highspy.kHighsInf and (self.dual is None or bound > self.dual):
            self.dual = bound
            self.report()

    def report(self) -> None:
        primal = None if self.value is None else float(self.value)
        dual = None if self.dual is None else self.dual * self.unit
        moment = Progress(time.perf_counter() - self.began, primal, dual, self.nodes)
        self.trace.append(moment)
        if self.on_progress is not None:
            self.on_progress(moment)

    def add(self, found: Iterable[Separator]) -> int:
        """Add the rows x[v,j] <= sum of x[u,j] over C that are not there yet."""
        new = [row for row in dict.fromkeys(found) if row not in self.rows]
        self.rows.update(new)
        starts, index, value = [], [], []
        for v, j, cut in new:
            starts.append(len(index))
            index += [self.column[v, j], *(self.column[u, j] for u in cut)]
            value += [1.0] + [-1.0] * len(cut)
        if new:
            self.live.addRows(
                len(new),
                np.full(len(new), -highspy.kHighsInf),
                np.zeros(len(new)),
                len(index),
                np.array(starts, dtype=np.int32),
                np.array(index, dtype=np.int32),
                np.array(value),
            )
        return len(new)

    def run_engine(self, on_solution: Callable[[Floats], None] | None = None) -> Any:
        """Run the live model within what is left of the time; returns its status."""
        left = self.seconds_left()
        if left is not None:
            if left <= 0:
                return highspy.HighsModelStatus.kTimeLimit
            # HiGHS counts the run time of the object, not of the call.
            self.live.setOptionValue("time_limit", float(self.live.getRunTime()) + left)
        engine.run(self.live, None, self.unit, on_solution)
        return self.live.getModelStatus()

    def cut_relaxation(self) -> Any:
        """Solve the LP relaxation, add the separator rows it breaks, and again."""
        self.live.setOptionValue("solve_relaxation", True)
        status = highspy.HighsModelStatus.kOptimal
        bound = -np.inf
        for _ in range(LP_ROUNDS):
            status = self.run_engine()
            if status != highspy.HighsModelStatus.kOptimal:
                break
            objective = float(self.live.getInfo().objective_function_value)
            self.raise_dual(objective)
            stalled = objective <= bound + 1e-7 * max(1.0, abs(bound))
            bound = objective
            values = np.asarray(self.live.getSolution().col_value)
            shares = {pair: values[c] for pair, c in self.column.items()}
            found = fractional_separators(self.city, self.zone_units, shares)
            if not self.add(found) or (stalled and _ > 5):
                break
        self.live.setOptionValue("solve_relaxation", False)
        return status

    def improve(self, homes: list[int], random: Random) -> None:
        """Repair a zoning with islands, search downhill from it, and offer the result."""
        whole = reconnect(self.city, homes, self.model.options) if self.city.contiguous else homes
        if whole is None:
            return
        self.offer(whole)
        if self.searched:
            state = ZoneState(self.city, self.objective, whole)
            state.descend(random)
            self.offer(state.homes)

    @property
    def searched(self) -> bool:
        """Whether local search understands the question: limits on objectives are beyond it."""
        return not self.city.ceilings and self.share_level is None

    def start(self, start: Zoning | None, random: Random) -> None:
        """The first incumbents: a given zoning, today's, and annealing from today's."""
        if start is not None:
            self.offer(start.indices(self.city))
        self.offer(list(self.city.today))
        if self.searched:
            state = ZoneState(self.city, self.objective, self.city.today)
            homes = anneal(state, random, ANNEALING_STEPS * len(state.movable))
            state = ZoneState(self.city, self.objective, homes)
            state.descend(random)
            self.offer(state.homes)

    def pass_incumbent(self) -> None:
        """Hand the incumbent to the engine."""
        if self.incumbent is None:
            return
        rules.assign(self.model, Zoning.of(self.city, self.incumbent))
        values = self.form.start()
        assert values is not None
        self.live.setSolution(len(values), np.arange(len(values), dtype=np.int32), values)

    def integer_rounds(self, random: Random) -> Termination:
        """Solve, separate every solution met, resolve; until the best one is connected."""
        stage = 0
        for self.rounds in range(1, MOST_ROUNDS + 1):
            gap = max(ROUND_GAPS[stage], self.settings.gap)
            self.live.setOptionValue("mip_rel_gap", gap)
            self.pass_incumbent()
            pool: list[Floats] = []
            status = self.run_engine(pool.append)
            info = self.live.getInfo()
            if status == highspy.HighsModelStatus.kInfeasible:
                return Termination.INFEASIBLE
            if status not in _USABLE:
                return engine.termination(status)
            self.nodes += max(0, int(info.mip_node_count))
            self.raise_dual(float(info.mip_dual_bound))
            if info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible):
                pool.append(np.asarray(self.live.getSolution().col_value))
            zonings = [list(homes) for homes in dict.fromkeys(tuple(self.homes(values)) for values in pool)]
            found: list[Separator] = []
            for homes in zonings:
                broken = list(violated_separators(self.city, self.zone_units, homes)) if self.city.contiguous else []
                found += broken
                if not broken:
                    self.offer(homes)
            if zonings:
                self.improve(zonings[-1], random)
            added = self.add(found)
            if status != highspy.HighsModelStatus.kOptimal:
                return engine.termination(status)
            if self.closed():
                return Termination.FINISHED if self.settings.gap == 0 else Termination.GAP_LIMIT
            if not added:
                if stage + 1 == len(ROUND_GAPS):
                    return Termination.FINISHED
                stage += 1
            elif len(zonings) <= 2 and stage + 1 < len(ROUND_GAPS):
                stage += 1
        return Termination.TIME_LIMIT

    def closed(self) -> bool:
        """Whether the bounds have met, to the gap asked for."""
        if self.value is None or self.dual is None:
            return False
        primal = float(self.value) / self.unit
        slack = max(self.settings.gap, 1e-9) * max(1.0, abs(primal))
        return primal - self.dual <= slack


_USABLE = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kInterrupt,
)


def run(
    city: ZoneInstance,
    objective: str,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    on_progress: OnProgress | None = None,
    start: Zoning | None = None,
    share_level: Fraction | None = None,
) -> Result:
    """Solve a zoning question exactly by the separator loop."""
    info = EngineInfo(engine.NAME, engine.version(), engine.options(settings))
    began = time.perf_counter()
    try:
        loop = _Loop(city, objective, settings, on_progress, share_level)
    except TriviallyInfeasibleError as error:
        seconds = Seconds(total=time.perf_counter() - began)
        return conclude(
            PROBLEM, city, objective, NAME, solution=None, termination=Termination.INFEASIBLE,
            settings=settings, engine=info, seconds=seconds, message=str(error),
        )  # fmt: skip
    random = Random(settings.seed)
    try:
        loop.start(start, random)
        status = loop.cut_relaxation() if city.contiguous else highspy.HighsModelStatus.kOptimal
        if status == highspy.HighsModelStatus.kOptimal:
            termination = loop.integer_rounds(random)
        else:
            termination = engine.termination(status)
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    ended = time.perf_counter()
    rounds = f"{loop.rounds} integer rounds, {len(loop.rows)} separator rows"
    result = conclude(
        PROBLEM,
        city,
        objective,
        NAME,
        solution=None if loop.incumbent is None else Zoning.of(city, loop.incumbent),
        termination=termination,
        claimed_bound=None if loop.dual is None else loop.dual * loop.unit,
        settings=settings,
        engine=info,
        model=replace(loop.form.size, rows=loop.form.size.rows + len(loop.rows)),
        nodes=loop.nodes,
        trace=tuple(loop.trace),
        message=rounds,
    )
    seconds = Seconds(
        loop.built - loop.began, loop.compiled - loop.built, ended - loop.compiled, time.perf_counter() - began
    )
    return replace(result, seconds=seconds)


