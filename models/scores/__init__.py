"""Certified prediction of scores. Mathematics: ``docs/scores.md``; specification: ``evaluate.py``.

A new formulation is one file and one word in ``FORMULATIONS``.
"""

from fairbound.models import PROBLEMS
from fairbound.models.core.problem import Problem
from fairbound.models.scores import big_m, goal_program, perspective, residuals
from fairbound.models.scores.evaluate import evaluate
from fairbound.models.scores.instance import OBJECTIVES, PARAMETERS, LinearModel, ScoresInstance
from fairbound.models.scores.panel import Column, Design, District, Panel
from fairbound.models.scores.tables import facts, read_solution, solution_rows, solution_summary

FORMULATIONS = (residuals.FORMULATION, big_m.FORMULATION, goal_program.FORMULATION, perspective.FORMULATION)

PROBLEM = Problem(
    name="scores",
    title="Certified prediction",
    summary=PROBLEMS["scores"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lambda _instance, _objective: None,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_key=("feature", "coefficient"),
    solution_summary=solution_summary,
    facts=facts,
    compared=("rmse", "features"),
    audit_title="Coefficients",
    audit_rows=solution_summary,
)

__all__ = [
    "FORMULATIONS",
    "PROBLEM",
    "Column",
    "Design",
    "District",
    "LinearModel",
    "Panel",
    "ScoresInstance",
    "evaluate",
]
