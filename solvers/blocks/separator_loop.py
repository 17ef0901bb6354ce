"""The separator loop: connected zones from a model that knows contiguity by cuts.

HiGHS takes no lazy rows, so the loop is solve - separate - resolve on one live ``Highs`` object that
was built once from Pyomo: the neighbour rows (13), then the separator rows (19) that the solutions
met so far break. First the LP relaxation is cut until it breaks no row that the separation finds,
then the integer model is solved again and again. Every round's dual bound holds for the question,
since rows are only ever valid ones; a round whose best solution is connected ends the loop.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf, isfinite
from random import Random
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.models.blocks import neighbour_rows, rules
from fairbound.models.blocks.separators import Separator, level_separators, violated_separators, zone_graphs
from fairbound.models.core.errors import TriviallyInfeasibleError
from fairbound.solvers.blocks.flow_separation import flow_separators
from fairbound.solvers.blocks.incumbents import TRIALS, ZoneIncumbents
from fairbound.solvers.core.answer import Answer, doubt
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import EngineInfo, ModelSize, OnProgress, Seconds, Settings, Termination
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.standard_form import compile_model
from fairbound.solvers.proofs.safe_bounds import matrix_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fairbound.models.blocks.instance import ZoneInstance, Zoning
    from fairbound.solvers.engines.base import Floats

NAME = "separator_loop"
LP_ROUNDS = 100
FEW_ROWS = 30
"""Below this many rows from level sets, maximum flows look for the rest."""
SLACK = 1e-6
MOST_ROUNDS = 400
REPAIRED = 3
"""Solutions of a round that are repaired."""
NUDGES = (1e-3, 1e-4, 0.0)
"""Integer rounds go through these stages. A nudge adds a cost for every step between a unit and its
school, worth this part of the bound for today's zones: among the many zonings of almost the same
value it prefers those whose zones hold together. The bound of a nudged round is lowered by the
largest cost of steps that any zoning can have."""
NUDGED_ROUNDS = 6
"""Stage k begins after k times so many rounds at the latest; sooner where a stage finds no more cuts,
or where its cost could be larger than the gap."""
NUDGED_GAP = 0.5
"""Relative gap of a nudged round, as a part of its nudge."""


class SeparatorLoop(ZoneIncumbents):
    """One run: the live model, the rows added so far, and what the search knows.

    Attributes
    ----------
    dual
        The engine's bound of the question, in units of the model's objective.
    """

    def __init__(
        self,
        instance: ZoneInstance,
        objective: str,
        settings: Settings,
        on_progress: OnProgress | None = None,
        share_level: Fraction | None = None,
    ) -> None:
        super().__init__(instance, objective, settings, on_progress, share_level)
        self.rows: dict[Separator, None] = {}
        self.dual: float | None = None
        self.proven: Fraction | None = None
        self.size: ModelSize | None = None
        self.objective_unit, self.unit = Fraction(1), 1.0
        self.started = self.built = self.compiled = 0.0
        self.most_nudge = 0.0
        self.rounds = 0

    def build(self) -> None:
        """Build the model and compile it; raises ``TriviallyInfeasibleError``."""
        self.started = self.search.seconds()
        self.model = neighbour_rows.build(self.instance, self.objective, share_level=self.share_level)
        self.built = self.search.seconds()
        self.form = compile_model(self.model)
        self.live = engine.pass_model(self.form, self.settings)
        self.size = self.form.size
        self.compiled = self.search.seconds()
        self.pairs = rules.pairs(self.model)
        self.columns = self.form.places(self.model.x)
        self.column = dict(zip(self.pairs, self.columns.tolist(), strict=True))
        self.objective_unit = Fraction(self.model.objective_unit)
        self.unit = float(self.objective_unit)

    def homes(self, values: Floats) -> list[int]:
        """The school with the largest x of every unit."""
        return self.largest(self.pairs, values[self.columns].tolist())

    def raise_dual(self, bound: float) -> None:
        """A dual bound of the model, in units of its objective."""
        if isfinite(bound) and abs(bound) < highspy.kHighsInf and (self.dual is None or bound > self.dual):
            self.dual = bound
            self.search.tighten(bound * self.unit)

    def add(self, found: Iterable[Separator]) -> int:
        """Add the rows x[v,j] <= sum of x[u,j] over C that are not there yet."""
        new = [row for row in dict.fromkeys(found) if row not in self.rows]
        self.rows.update(dict.fromkeys(new))
        starts: list[int] = []
        index: list[int] = []
        value: list[float] = []
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

    def timely(self, found: Iterable[Separator]) -> Iterator[Separator]:
        """As many of the rows as the time suffices for."""
        for row in found:
            yield row
            if self.search.late():
                return

    def run_engine(self, on_solution: Callable[[Floats], None] | None = None) -> Any:
        """Run the live model within what is left of the time; returns its status."""
        left = self.search.left()
        if left is not None:
            if left <= 0:
                return highspy.HighsModelStatus.kTimeLimit
            # The simplex method counts the run time of the object, the integer search that of the call.
            before = 0.0 if on_solution is not None else float(self.live.getRunTime())
            self.live.setOptionValue("time_limit", before + left)
        engine.run(self.live, on_solution=on_solution)
        return self.live.getModelStatus()

    def cut_relaxation(self) -> Any:
        """Solve the LP relaxation, add the separator rows it breaks, and again."""
        self.live.setOptionValue("solve_relaxation", True)
        graphs = zone_graphs(self.instance, self.zone_units)
        status = highspy.HighsModelStatus.kOptimal
        for _ in range(LP_ROUNDS):
            status = self.run_engine()
            if status != highspy.HighsModelStatus.kOptimal:
                break
            objective = float(self.live.getInfo().objective_function_value)
            self.raise_dual(objective)
            values = np.asarray(self.live.getSolution().col_value)
            shares = {pair: values[c] for pair, c in self.column.items()}
            added = self.add(self.timely(level_separators(graphs, shares)))
            if added < FEW_ROWS:
                added += self.add(self.timely(flow_separators(graphs, shares)))
            if not added or self.search.late():
                break
        if status == highspy.HighsModelStatus.kOptimal:
            self.prove()
        self.drop_slack_rows()
        self.live.setOptionValue("solve_relaxation", False)
        return status

    def prove(self) -> None:
        """The bound that the row multipliers of the cut relaxation prove."""
        starts, index, value = [0], [], []
        for v, j, cut in self.rows:
            index += [self.column[v, j], *(self.column[u, j] for u in cut)]
            value += [1.0] + [-1.0] * len(cut)
            starts.append(len(index))
        form, count = self.form, len(self.rows)
        bound = matrix_bound(
            form.c,
            form.column_lower,
            form.column_upper,
            form.A.with_rows(value, index, starts),
            np.r_[form.row_lower, np.full(count, -np.inf)],
            np.r_[form.row_upper, np.zeros(count)],
            np.asarray(self.live.getSolution().row_dual, dtype=float),
        )
        if isfinite(bound):
            self.proven = Fraction(bound) * self.objective_unit

    def drop_slack_rows(self) -> None:
        """Drop the separator rows that the last LP solution does not need: fewer rows, faster nodes."""
        activity = np.asarray(self.live.getSolution().row_value)
        first = len(self.form.rows)
        if len(activity) != first + len(self.rows):
            return
        order = list(self.rows)
        slack = np.flatnonzero(activity[first:] < -SLACK)
        self.live.deleteRows(len(slack), (slack + first).astype(np.int32))
        for row in slack.tolist():
            del self.rows[order[row]]

    def pass_incumbent(self) -> None:
        """Hand the incumbent to the engine."""
        if self.search.solution is None:
            return
        rules.assign(self.model, self.search.solution)
        values = self.form.start()
        assert values is not None
        self.live.setSolution(len(values), np.arange(len(values), dtype=np.int32), values)

    def integer_rounds(self, random: Random) -> Termination:
        """Solve, separate every solution met, resolve; until the best one is connected."""
        stage = 0
        for self.rounds in range(1, MOST_ROUNDS + 1):
            stage = max(stage, min((self.rounds - 1) // NUDGED_ROUNDS, len(NUDGES) - 1))
            nudge = self.nudge(NUDGES[stage])
            while nudge and self.most_nudge >= self.gap:
                stage += 1  # such a round cannot close the gap: its bound is lowered by more than that
                nudge = self.nudge(NUDGES[stage])
            self.live.setOptionValue("mip_rel_gap", max(NUDGED_GAP * nudge, self.settings.gap))
            self.pass_incumbent()
            pool: list[Floats] = []
            status = self.run_engine(pool.append)
            info = self.live.getInfo()
            if status == highspy.HighsModelStatus.kInfeasible:
                return Termination.INFEASIBLE
            if status not in _USABLE:
                return engine.why_stopped(status)
            self.search.nodes += max(0, int(info.mip_node_count))
            self.raise_dual(float(info.mip_dual_bound) - self.most_nudge)
            if info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible):
                pool.append(np.asarray(self.live.getSolution().col_value))
            zonings = [list(homes) for homes in dict.fromkeys(tuple(self.homes(values)) for values in pool)]
            found: list[Separator] = []
            connected = self.instance.contiguous
            for homes in zonings:
                broken = list(violated_separators(self.instance, self.zone_units, homes)) if connected else []
                found += broken
                if not broken:
                    self.offer(homes)
            for homes in zonings[-REPAIRED:]:
                if not self.search.late():
                    self.improve(homes, random)
            added = self.add(found)
            if status != highspy.HighsModelStatus.kOptimal:
                return engine.why_stopped(status)
            if self.closed():
                return Termination.FINISHED if self.settings.gap == 0 else Termination.GAP_LIMIT
            if not added:
                if stage + 1 == len(NUDGES):
                    return Termination.FINISHED
                stage += 1
        return Termination.TIME_LIMIT

    def nudge(self, share: float) -> float:
        """Set the cost of steps; returns the share, or 0 where there is nothing to nudge."""
        costs = self.form.c.copy()
        self.most_nudge = 0.0
        if not self.instance.contiguous or self.dual is None or self.dual <= 0:
            share = 0.0
        if share:
            today = sum(self.steps.get((i, j), 0) for i, j in enumerate(self.instance.today)) or 1
            each = share * (self.dual or 0.0) / today
            # No zoning pays more than this for its steps, so taking it off leaves a bound of the question.
            steps = self.steps
            self.most_nudge = each * sum(
                max((steps.get((i, j), 0) for j in schools), default=0) for i, schools in enumerate(self.model.options)
            )
            for pair, column in self.column.items():
                costs[column] += each * steps.get(pair, 0)
        self.live.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
        return share

    @property
    def gap(self) -> float:
        """Between the bounds, in units of the model's objective; infinite while one is missing."""
        value = self.search.value
        return inf if value is None or self.dual is None else float(value) / self.unit - self.dual

    def closed(self) -> bool:
        """Whether the bounds have met, to the gap asked for."""
        primal = float(self.search.value or 0) / self.unit
        return self.perfect or self.gap <= max(self.settings.gap, 1e-9) * max(1.0, abs(primal))


_USABLE = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kInterrupt,
)


def solve_loop(loop: SeparatorLoop, start: Zoning | None) -> Termination:
    """First incumbents, then the cut relaxation, then the integer rounds."""
    random = Random(loop.settings.seed)
    try:
        loop.start(start, random)
        if loop.search.late():
            return loop.search.why_late()
        if loop.perfect or loop.balance(random, TRIALS[0]):
            return Termination.FINISHED
        loop.build()
        status = loop.cut_relaxation() if loop.instance.contiguous else highspy.HighsModelStatus.kOptimal
        if status != highspy.HighsModelStatus.kOptimal:
            return engine.why_stopped(status)
        if loop.balance(random, TRIALS[1]):
            return Termination.FINISHED
        return loop.integer_rounds(random)
    except KeyboardInterrupt:
        return Termination.INTERRUPTED


def answer(
    instance: ZoneInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Zoning | None = None,
) -> Answer:
    """Solve a zoning question exactly by the separator loop."""
    info = EngineInfo(engine.NAME, engine.version(), engine.options(settings))
    loop = SeparatorLoop(instance, objective, settings, on_progress)
    try:
        termination = solve_loop(loop, start)
    except TriviallyInfeasibleError as error:
        return Answer(Termination.INFEASIBLE, engine=info, message=str(error))
    proven = None if loop.proven is None else Bound(loop.proven, Basis.MULTIPLIERS, "rows (7) to (19)")
    if proven is None or proven.value < loop.least:
        proven = loop.floor
    return Answer(
        termination,
        loop.search.solution,
        claim=None if loop.dual is None else loop.dual * loop.unit,
        unit=loop.objective_unit,
        proven=proven,
        disbelief=doubt(loop.size),
        engine=info,
        model=None if loop.size is None else replace(loop.size, rows=loop.size.rows + len(loop.rows)),
        nodes=loop.search.nodes,
        trace=tuple(loop.search.trace),
        message=f"{loop.rounds} integer rounds, {len(loop.rows)} separator rows",
        seconds=Seconds(
            loop.built - loop.started,
            loop.compiled - loop.built,
            loop.search.seconds() - (loop.compiled - loop.started),
        ),
    )
