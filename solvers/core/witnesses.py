"""Independent witnesses of an answer: other engines on the exact rows, each in a process of its own."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.registry import find_problem
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.core.answer import answer_of, conclude
from fairbound.solvers.core.bound import Basis, Level
from fairbound.solvers.core.contradictions import named
from fairbound.solvers.core.proving import room_of
from fairbound.solvers.core.result import Result, Settings, Status, Termination, Testimony, said
from fairbound.solvers.engines import process
from fairbound.solvers.engines.base import EngineRefused, Program
from fairbound.solvers.engines.matrix import RowMatrix
from fairbound.solvers.engines.registry import engines, find_engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.core.problem import Instance
    from fairbound.solvers.checker.linear import System

LEAST_SECONDS, MOST_ROUNDS = 60.0, 200
LARGEST_FLOAT = 2**53
"""Engines in floats take no larger number exactly."""


def check_names(names: Sequence[str]) -> None:
    """Raise ``InputError`` for a witness that is unknown or not installed."""
    for name in names:
        known = [engine.name for engine in engines()]
        if name not in known:
            raise InputError("unknown witness", found=name, wanted=nearest(name, known))
        engine = find_engine(name)
        reason = engine.missing() or ("its answers are local" if engine.local else None)
        if reason is not None:
            raise InputError(f"witness {name}", found=reason, wanted="an engine that is here")


def program_of(system: System) -> Program:
    """The rows as an engine gets them; raises ``Rejected`` for numbers that floats do not hold."""
    entries = [a for terms, rhs, _ in system.rows for a in (*terms.values(), rhs)]
    if max(map(abs, (*entries, *system.cost.values(), *system.lower, *system.upper))) > LARGEST_FLOAT:
        raise Rejected("its numbers are larger than floats hold exactly")
    cost = np.zeros(len(system.lower))
    for j, c in system.cost.items():
        cost[j] = c
    rights = np.array([rhs for _, rhs, _ in system.rows], dtype=float)
    equations = np.array([equation for _, _, equation in system.rows], dtype=bool)
    rows = np.repeat(np.arange(len(system.rows)), [len(terms) for terms, _, _ in system.rows])
    places = np.array([j for terms, _, _ in system.rows for j in terms], dtype=np.intp)
    values = np.array([a for terms, _, _ in system.rows for a in terms.values()], dtype=float)
    return Program(
        maximize=False,
        c=cost,
        offset=0.0,
        A=RowMatrix.of([rows], [places], [values], (len(system.rows), len(cost))),
        row_lower=rights,
        row_upper=np.where(equations, rights, np.inf),
        column_lower=np.array(system.lower, dtype=float),
        column_upper=np.array(system.upper, dtype=float),
        integrality=np.ones(len(cost), dtype=np.int32),
    )


def ask(engine: str, system: System, seconds: float) -> dict[str, Any]:
    """What an engine says of the rows: ``says``, ``plan``, ``version``."""
    silent = {"says": "unknown", "plan": None, "version": ""}
    try:
        program = program_of(system)
        reason = find_engine(engine).refuses(program)
        if reason is not None:
            return silent
        found = process.run(engine, program, Settings(time_limit=seconds))
    except (Rejected, EngineRefused):
        return silent
    optimal = found.termination is Termination.FINISHED and found.values is not None
    says = "optimal" if optimal else "unknown"
    if found.termination is Termination.INFEASIBLE:
        says = "infeasible"
    plan = [round(value) for value in found.values.tolist()] if optimal and found.values is not None else None
    return {"says": says, "plan": plan, "version": found.version}


def testify(engine: str, instance: Instance, objective: str, seconds: float) -> Testimony:
    """One engine's answer to the question; rows that its plans break are added, and it is asked again.

    Raises ``Rejected`` where a column need not be whole.
    """
    began = time.perf_counter()
    system = checker.rows_of(instance.problem).system(instance.canonical(), objective)
    if system.continuous:
        raise Rejected("witnesses compare values of whole columns, and some need not be whole here")
    room = room_of(instance.problem)
    separate = room.separate(instance, system) if hasattr(room, "separate") else None
    answer: dict[str, Any] = {"says": "unknown", "plan": None, "version": ""}
    for _ in range(MOST_ROUNDS):
        left = seconds - (time.perf_counter() - began)
        if left <= 0:
            answer |= {"says": "unknown", "plan": None}
            break
        answer = ask(engine, system, left)
        if answer["plan"] is None or separate is None:
            break
        steps = list(separate(np.array(answer["plan"], dtype=float)))
        if not steps:
            break
        system.rows += [system.step_row(step) for step in steps]
    value = None
    if answer["plan"] is not None:
        cost = sum(c * answer["plan"][j] for j, c in system.cost.items())
        value = Fraction(cost) * system.unit * system.sign
    return Testimony(engine, answer["version"], answer["says"], value, time.perf_counter() - began)


def witnessed(instance: Instance, result: Result, names: Sequence[str], settings: Settings) -> Result:
    """The result with what the witnesses say.

    Agreement on an optimum that is only claimed raises it to L3. A disagreement drops the claim and is a
    contradiction; what is proven stands, whatever anybody says.
    """
    problem = find_problem(instance.problem)
    seconds = max(LEAST_SECONDS, 10 * result.seconds.total)
    if settings.time_limit is not None:
        seconds = settings.time_limit
    try:
        heard = tuple(testify(name, instance, result.objective, seconds) for name in names)
    except Rejected as reason:
        words = f"no witness can be asked: {reason}"
        return replace(result, message="; ".join(filter(None, (result.message, words))))
    infeasible = result.status is Status.INFEASIBLE
    against = [
        one
        for one in heard
        if (one.says == "infeasible" and not infeasible and result.primal_bound is not None)
        or (
            one.value is not None
            and (infeasible or (result.status is Status.OPTIMAL and one.value != result.primal_bound))
        )
    ]
    for_it = [one for one in heard if one not in against and one.says != "unknown"]
    if against:
        one = against[0]
        other = "infeasible" if one.value is None else f"{said(one.value)} ({one.value})"
        words = (
            f"{named(result)} says {said(result.primal_bound)}, and the witness {one.engine} {one.version} says {other}"
        )
        answer = answer_of(result, proven=result.proven, contradiction=words)
        result = conclude(problem, instance, result.objective, result.method, answer, settings)
    elif for_it and result.status is Status.OPTIMAL and result.basis is Basis.CLAIM:
        result = replace(result, basis=Basis.WITNESSES, level=Level.L3)
    return replace(result, witnesses=heard)
