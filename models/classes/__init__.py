"""Class-type reassignment. Mathematics: ``docs/classes.md``; specification: ``evaluate.py``.

A new formulation is one file and one word in ``FORMULATIONS``.
"""

from fairbound.models import PROBLEMS
from fairbound.models.classes import flows, leave_and_come, student_by_student
from fairbound.models.classes.evaluate import evaluate, judge, lattice
from fairbound.models.classes.instance import OBJECTIVES, PARAMETERS, ClassInstance, Plan, Student
from fairbound.models.classes.tables import facts, read_solution, solution_rows, solution_summary
from fairbound.models.core.problem import Problem

FORMULATIONS = (flows.FORMULATION, leave_and_come.FORMULATION, student_by_student.FORMULATION)

PROBLEM = Problem(
    name="classes",
    title="Class-type reassignment",
    summary=PROBLEMS["classes"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lattice,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_key=("school", "group", "from", "to", "students"),
    solution_summary=solution_summary,
    facts=facts,
    audit_title="Groups",
    audit_rows=solution_summary,
    judge=judge,
)

__all__ = ["FORMULATIONS", "PROBLEM", "ClassInstance", "Plan", "Student", "evaluate"]
