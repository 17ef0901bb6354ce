"""Experimental design. Mathematics: ``docs/matching.md``; specification: ``evaluate.py``."""

from fairbound.models import PROBLEMS
from fairbound.models.core.problem import Problem
from fairbound.models.designs import differences, halves
from fairbound.models.designs.evaluate import evaluate, lattice
from fairbound.models.designs.instance import OBJECTIVES, PARAMETERS, Design, DesignInstance, Subject
from fairbound.models.designs.tables import facts, read_solution, solution_rows, solution_summary

FORMULATIONS = (halves.FORMULATION, differences.FORMULATION)

PROBLEM = Problem(
    name="designs",
    title="Experimental design",
    summary=PROBLEMS["designs"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lattice,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_key=("subject_id", "group"),
    solution_summary=solution_summary,
    facts=facts,
    audit_title="Differences between the groups, in standard deviations",
    audit_rows=solution_summary,
)

__all__ = ["FORMULATIONS", "PROBLEM", "Design", "DesignInstance", "Subject", "evaluate"]
