"""Independent witnesses of an answer: other engines on the exact rows, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
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
from fairbound.solvers.core.result import Result, Settings, Status, Testimony, said
from fairbound.solvers.engines.witness import ENGINES, NEEDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.core.problem import Instance
    from fairbound.solvers.checker.linear import System

LEAST_SECONDS, MOST_ROUNDS, GRACE = 60.0, 200, 10.0


def check_names(names: Sequence[str]) -> None:
    """Raise ``InputError`` for a witness that is unknown or not installed."""
    for name in names:
        if name not in ENGINES:
            raise InputError("unknown witness", found=name, wanted=nearest(name, list(ENGINES)))
        if find_spec(NEEDS[name]) is None:
            raise InputError(f"witness {name}", found="no library for it", wanted=f"pip install {NEEDS[name]}")


def ask(engine: str, system: System, seconds: float) -> dict[str, Any]:
    """What an engine says of the rows: ``says``, ``plan``, ``version``."""
    question = {
        "lower": system.lower,
        "upper": system.upper,
        "cost": list(system.cost.items()),
        "rows": [[list(terms.items()), rhs, equation] for terms, rhs, equation in system.rows],
        "seconds": seconds,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fairbound.solvers.engines.witness", engine],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=seconds + GRACE,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return {"says": "unknown", "plan": None, "version": ""}
    return answer


def testify(engine: str, instance: Instance, objective: str, seconds: float) -> Testimony:
    """One engine's answer to the question; rows that its plans break are added, and it is asked again."""
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
        steps = separate(np.array(answer["plan"], dtype=float))
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
