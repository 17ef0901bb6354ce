"""Ipopt and SCIP as methods of district transfers: a local answer, and a global witness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.transfers import PROBLEM, TransferInstance, composition_nlp, rules
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import EngineInfo, OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines import ipopt, scip_nlp
from fairbound.solvers.engines.registry import find_engine

if TYPE_CHECKING:
    from collections.abc import Sequence

STARTS = 8


def answer_ipopt(
    instance: TransferInstance,
    objective: str,
    settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Any = None,
) -> Answer:
    """Best of a start at nobody moved and random ones; no bound."""
    search = Search(instance, objective, settings)
    model = composition_nlp.build(instance, objective)
    draw = np.random.default_rng(settings.seed)
    best, words, values = None, "", []
    for turn in range(STARTS):
        for (i, _), variable in model.x.items():
            share = draw.exponential() / (1 + len(instance.neighbours[i])) if turn else 0.01
            variable.set_value(min(0.9, share), skip_validation=True)
        outcome = ipopt.solve(model, settings.time_limit)
        plan = rules.extract(model)
        value = PROBLEM.evaluate(instance, plan).values[objective]
        values.append(
            f"{float(value):.5f}{'' if outcome.termination is Termination.FINISHED else f' ({outcome.message})'}"
        )
        if best is None or value < best[0]:
            best, words = (value, plan), outcome.message
        if search.late():
            break
    return Answer(
        Termination.FINISHED,
        best[1] if best else None,
        engine=EngineInfo(ipopt.NAME, outcome.version, {"starts": len(values)}),
        message=f"Ipopt {words}; all starts: {', '.join(values)}",
    )


def answer_scip(
    instance: TransferInstance,
    objective: str,
    settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Any = None,
) -> Answer:
    """SCIP on the polynomial form; its bound is a claim."""
    model = composition_nlp.build_squares(instance, objective)
    outcome = scip_nlp.solve(model, settings)
    return Answer(
        outcome.termination,
        rules.extract(model) if outcome.has_solution else None,
        claim=outcome.dual,
        engine=EngineInfo(scip_nlp.NAME, outcome.version, {"gap": settings.gap}),
        nodes=outcome.nodes,
    )


METHODS: Sequence[Method] = (
    Method(
        "ipopt",
        Kind.BASELINE,
        f"Ipopt on the poster's program, best of {STARTS} starts: local, no bound",
        answer_ipopt,
        lambda instance, objective: find_engine("ipopt").missing() or composition_nlp.refuses(instance, objective),
        exact=False,
        closes=False,
    ),
    Method(
        "scip",
        Kind.ALGORITHM,
        "SCIP on squared_ratios: a global witness, its bound a claim",
        answer_scip,
        lambda instance, objective: (
            find_engine("scip").missing() or composition_nlp.refuses_squares(instance, objective)
        ),
    ),
)
