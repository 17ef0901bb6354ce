"""Applicants to two schools or more. Mathematics: ``docs/blocks.md``; specification: ``evaluate.py``.

A new formulation is one file and one word in ``FORMULATIONS``.
"""

from fairbound.models import PROBLEMS
from fairbound.models.applicants import cell_counts, school_counts, unary_counts
from fairbound.models.applicants.evaluate import evaluate, lattice
from fairbound.models.applicants.instance import OBJECTIVES, PARAMETERS, ApplicantInstance, Cell, Division
from fairbound.models.applicants.tables import facts, read_solution, solution_rows, solution_summary
from fairbound.models.core.problem import Problem

FORMULATIONS = (cell_counts.FORMULATION, school_counts.FORMULATION, unary_counts.FORMULATION)

PROBLEM = Problem(
    name="applicants",
    title="Applicants to schools",
    summary=PROBLEMS["applicants"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lattice,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_key=("place", "race", "income", "first"),
    solution_summary=solution_summary,
    facts=facts,
)

__all__ = ["FORMULATIONS", "PROBLEM", "ApplicantInstance", "Cell", "Division", "evaluate"]
