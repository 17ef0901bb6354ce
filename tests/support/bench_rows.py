"""Rows of a run made by hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from fairbound.benchmarks.core.row import Row

ROW = Row(
    key="0",
    suite="hand",
    problem="cep",
    instance="cep/hand",
    given="",
    digest="d1",
    about="{}",
    parameters="{}",
    objective="reimbursement",
    sense="maximize",
    method="membership",
    kind="formulation",
    relaxed=False,
    seed=0,
    repetition=0,
    threads=1,
    gap_limit=0.0,
    time_limit=60.0,
    memory_limit_mb=1500.0,
    outcome="ok",
    message="",
    contradiction="",
    status="optimal",
    termination="finished",
    level="L1",
    primal_bound="100",
    dual_bound="100",
    proven_bound=None,
    proven_level="",
    primal_float=100.0,
    dual_float=100.0,
    gap=0.0,
    relaxation=None,
    nodes=1,
    model_columns=10,
    model_rows=3,
    model_nonzeros=30,
    model_integers=9,
    build_seconds=0.1,
    compile_seconds=0.1,
    solve_seconds=1.8,
    total_seconds=2.0,
    wall_seconds=2.1,
    cpu_seconds=2.0,
    memory_mb=150.0,
    engine="highs",
    engine_version="1.15.1",
    options="{}",
    objective_values="{}",
    trace=json.dumps([[0.5, 50.0, 100.0, 1], [1.5, 100.0, 100.0, 1]]),
    machine='{"processor": "abacus"}',
    finished_at="2026-01-01T00:00:00+00:00",
)

_count = 0


def row(**changes: Any) -> Row:
    """A row with its own key; floats follow the exact bounds."""
    global _count
    _count += 1
    for name in ("primal", "dual"):
        if f"{name}_bound" in changes:
            text = changes[f"{name}_bound"]
            changes[f"{name}_float"] = None if text is None else float(Fraction(text))
    return replace(ROW, **{"key": str(_count)} | changes)


def baseline(method: str = "alone", **changes: Any) -> Row:
    """A row of a heuristic: a value and no bound."""
    usual = {"kind": "baseline", "method": method, "status": "feasible", "dual_bound": None, "gap": None}
    sizes = dict.fromkeys(("nodes", "model_columns", "model_rows", "model_nonzeros", "model_integers"))
    return row(**usual | sizes | {"trace": "[]", "engine": "", "engine_version": ""} | changes)


def data_of(page: Path) -> dict[str, dict[str, Any]]:
    """The figures and tables that a page holds."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    document: dict[str, dict[str, Any]] = json.loads(found[1])
    return document
