"""Any district, any meals: a certified bound from the level LP, and a plan found against it.

1. ``level_lp``: prices of the levels, and at each step a plan by rounding. 2. The bound (23), in rational
arithmetic. 3. Plans against these prices (``plan_search``). Mathematics: ``docs/cep_meals.md``.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.cep.price_curve import contributions, curve_bound, refuses_jumps, units_of
from fairbound.models.core.errors import TriviallyInfeasibleError
from fairbound.solvers.cep import subset_dp
from fairbound.solvers.cep.first_plans import rounded
from fairbound.solvers.cep.level_lp import LevelBound, prune, solve_levels
from fairbound.solvers.cep.plan_search import PlanSearch, polish, search_plans
from fairbound.solvers.cep.regrets import Regrets
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import OnProgress, Settings, Termination

if TYPE_CHECKING:
    from fairbound.models.cep import CepInstance, Grouping
    from fairbound.solvers.core.answer import Answer

NAME = "price_curve"
ROUNDED_SECONDS = 0.7
"""Moves and swaps from a level LP that was rounded take so long at most."""


def unreachable(search: PlanSearch) -> str | None:
    """A floor above the certified bound of its own objective, in words; ``None`` where all can be reached."""
    alone = replace(search.instance, limits=())
    for name, floor in search.instance.limits:
        if search.late():
            return None
        levels = solve_levels(alone, name, search.settings, search.left, search.stop.is_set)
        if levels is None:
            continue
        bound = curve_bound(alone, name, levels.curve)
        if bound < floor:
            return f"{name} is at most {float(bound):.10g} without its floor, and {float(floor):.10g} is wanted"
    return None


def bound_and_regrets(search: PlanSearch) -> tuple[Regrets, LevelBound] | None:
    """The certified bound, and the regrets it leaves; ``None`` if the LP gave no prices."""
    if all(unit.barred for unit in units_of(search.instance, search.objective)):
        search.bound = search.proven = Fraction(0)  # nobody may be covered
        return None
    settings = Settings(threads=search.settings.threads, seed=search.settings.seed)
    levels = solve_levels(
        search.instance,
        search.objective,
        settings,
        search.left_for_prices,
        search.stop.is_set,
        on_levels=lambda lp: None if search.late() else polish(search, rounded(lp), ROUNDED_SECONDS),
    )
    if levels is None:
        return None
    levels = replace(levels, curve=prune(search.instance, search.objective, levels.curve))
    entries = contributions(search.instance, search.objective, levels.curve)
    search.bound = curve_bound(search.instance, search.objective, levels.curve, entries)
    search.proven, search.built = search.bound, search.seconds()
    search.report()
    return Regrets.of(search.instance, search.objective, levels.curve, entries), levels


def answer(
    instance: CepInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Grouping | None = None,
) -> Answer:
    """Solve; see the module."""
    search = PlanSearch(instance, objective, settings, on_progress)
    impossible = search.impossible()
    if impossible is not None:
        return impossible
    with search.begin(start):
        try:
            found = bound_and_regrets(search)
        except TriviallyInfeasibleError as error:
            return search.no_solution(str(error))
        if found is not None:
            search_plans(search, found[0], settings)
        if search.value is None and not search.late():
            reason = unreachable(search)
            if reason is not None:
                return search.no_solution(reason)
            if (
                subset_dp.refuses(instance, objective) is None
                and len(units_of(instance, objective)) <= subset_dp.FEW_UNITS
            ):
                listed = subset_dp.answer(instance, objective, settings)
                if listed.termination is Termination.INFEASIBLE:
                    return search.no_solution(listed.message)
                if listed.solution is not None:
                    search.offer(listed.solution)
    return search.answer(found, model=found[1].size if found else None)


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear in the claim share."""
    return refuses_jumps(instance, objective)


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    "any meals, any size: level prices as a certified bound, interval models and moves for the plan",
    answer,
    refuses,
    closes=False,
)
