"""Other engines on zoning questions: SCIP with lazy separators, CP-SAT in a process of its own.

They are witnesses: optional, independent, and asked to disagree with HiGHS.
"""

from __future__ import annotations

import json
import subprocess
import sys
from math import isfinite
from typing import Any

from fairbound.models.blocks import ZoneInstance, Zoning, rules
from fairbound.models.blocks.evaluate import group_scale
from fairbound.models.blocks.instance import DISSIMILARITY
from fairbound.solvers.blocks import cpsat_zones, scip_zones
from fairbound.solvers.core.answer import Answer, doubt
from fairbound.solvers.core.result import EngineInfo, OnProgress, Settings, Termination
from fairbound.solvers.engines.registry import find_engine

USUAL_SECONDS = 3600.0


def answer_scip(
    instance: ZoneInstance,
    objective: str,
    settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Zoning | None = None,
) -> Answer:
    """SCIP, with separator rows added as its tree needs them."""
    outcome = scip_zones.solve(instance, objective, settings)
    return Answer(
        outcome.termination,
        None if outcome.homes is None else Zoning.of(instance, outcome.homes),
        claim=outcome.bound,
        unit=outcome.unit,
        disbelief=doubt(outcome.size),
        model=outcome.size,
        engine=EngineInfo(scip_zones.NAME, scip_zones.version()),
        nodes=outcome.nodes,
    )


def answer_cpsat(
    instance: ZoneInstance,
    _objective: str,
    settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Zoning | None = None,
) -> Answer:
    """CP-SAT on whole numbers, with flow; the process ends with the time limit."""
    seconds = USUAL_SECONDS if settings.time_limit is None else settings.time_limit
    question = json.dumps({"city": instance.canonical(), "seconds": seconds, "seed": settings.seed})
    done = subprocess.run(
        [sys.executable, cpsat_zones.__file__],
        input=question,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    told: dict[str, Any] = (
        json.loads(done.stdout) if done.returncode == 0 else {"status": "ERROR", "homes": None, "bound": None}
    )
    known = {
        "OPTIMAL": Termination.FINISHED,
        "FEASIBLE": Termination.TIME_LIMIT,
        "UNKNOWN": Termination.TIME_LIMIT,
        "INFEASIBLE": Termination.INFEASIBLE,
    }
    bound = told["bound"]
    return Answer(
        known.get(told["status"], Termination.ENGINE_ERROR),
        None if told["homes"] is None else Zoning(tuple(told["homes"])),
        claim=None if bound is None or not isfinite(bound) else bound * float(group_scale(instance)),
        unit=group_scale(instance),
        engine=EngineInfo("cpsat", "OR-Tools"),
        message="" if done.returncode == 0 else done.stderr.strip().splitlines()[-1],
    )


def scip_refuses(instance: ZoneInstance, objective: str) -> str | None:
    """Refuse without SCIP, and what one linear model cannot state."""
    return find_engine("scip").missing() or rules.refuses(instance, objective)


def cpsat_refuses(instance: ZoneInstance, objective: str) -> str | None:
    """Refuse without OR-Tools, and all but least dissimilarity under the basic rules."""
    missing = find_engine("cpsat").missing()
    if missing is not None:
        return missing
    if objective != DISSIMILARITY:
        return "only dissimilarity is stated for this engine"
    if (
        instance.together
        or instance.forced
        or instance.limits
        or instance.share_deviation is not None
        or instance.rezoned_share is not None
    ):
        return "only seats, travel and contiguity are stated for this engine"
    return None
