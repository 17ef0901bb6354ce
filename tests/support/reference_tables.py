"""Reference tables for tests: one row by hand, and one question solved."""

from __future__ import annotations

from pathlib import Path

from fairbound.benchmarks.core.references.table import Reference
from fairbound.benchmarks.core.runner import run_plan
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.suite import parse_suite, plan

SUITE = """
name = "one"
title = "One question"
[limits]
seconds = SECONDS
prove = PROVE
[[experiment]]
instances = ["cep/calpads33"]
parameters = [{ threshold = "0.40" }]
methods = METHODS
"""
REFERENCE = Reference(
    "cep",
    instance="cep/hand",
    given="",
    objective="reimbursement",
    digest="d1",
    version="",
    primal_bound="100",
    dual_bound="110",
    level="L2",
    status="open",
    seconds="1.5",
    method="membership",
    engine="highs 1",
    who="somebody",
    date="2026-01-01",
    solution="x.csv",
)


def run(folder: Path, methods: str, seconds: int = 60, prove: int = 0) -> Store:
    """The question solved by some methods."""
    text = SUITE.replace("METHODS", methods).replace("SECONDS", str(seconds)).replace("PROVE", str(prove))
    run_plan(plan(parse_suite(text, "one.toml")), folder)
    return Store(folder)
