"""Honest allocation of grants. Mathematics: ``docs/grants.md``; specification: ``evaluate.py``.

A new formulation is one file and one word in ``FORMULATIONS``.
"""

from fairbound.models import PROBLEMS
from fairbound.models.core.problem import Problem
from fairbound.models.grants import breakpoints, functions, segments
from fairbound.models.grants.evaluate import evaluate, judge
from fairbound.models.grants.instance import OBJECTIVES, PARAMETERS, District, Effect, GrantsInstance, Plan
from fairbound.models.grants.tables import facts, read_solution, solution_rows, solution_summary

FORMULATIONS = (segments.FORMULATION, breakpoints.FORMULATION, functions.FORMULATION)

PROBLEM = Problem(
    name="grants",
    title="Honest allocation",
    summary=PROBLEMS["grants"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lambda _instance, _objective: None,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_summary=solution_summary,
    facts=facts,
    compared=("gain", "granted_districts"),
    audit_title="Who gets what",
    audit_rows=solution_summary,
    judge=judge,
)

__all__ = ["FORMULATIONS", "PROBLEM", "District", "Effect", "GrantsInstance", "Plan", "evaluate"]
