"""Balanced comparison. Mathematics: ``docs/matching.md``; specification: ``evaluate.py``.

A new formulation is one file and one word in ``FORMULATIONS``.
"""

from fairbound.models import PROBLEMS
from fairbound.models.core.problem import Problem
from fairbound.models.matching import alike_counts, largest_weight, pair_flow, subset
from fairbound.models.matching.evaluate import evaluate, judge, lattice
from fairbound.models.matching.instance import OBJECTIVES, PARAMETERS, Comparison, MatchingInstance, Unit
from fairbound.models.matching.tables import facts, read_solution, solution_rows, solution_summary

FORMULATIONS = (subset.FORMULATION, alike_counts.FORMULATION, pair_flow.FORMULATION, largest_weight.FORMULATION)

PROBLEM = Problem(
    name="matching",
    title="Balanced comparison",
    summary=PROBLEMS["matching"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lattice,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_key=("student_id", "weight"),
    solution_summary=solution_summary,
    facts=facts,
    compared=("estimate", "broken_rows"),
    audit_title="Differences of means in standard deviations",
    audit_rows=solution_summary,
    judge=judge,
)

__all__ = ["FORMULATIONS", "PROBLEM", "Comparison", "MatchingInstance", "Unit", "evaluate"]
