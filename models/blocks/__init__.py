"""Block-group assignment: whole units to schools. Mathematics: ``docs/blocks.md``.

A new formulation is one file and one line in ``FORMULATIONS``.
"""

from fairbound.models.applicants import cell_counts
from fairbound.models.applicants import instance as applicants
from fairbound.models.applicants.instance import ApplicantInstance, Cell, Division
from fairbound.models.blocks import closer_neighbour, flow, multiflow, neighbour_rows
from fairbound.models.blocks.evaluate import bounded, evaluate, lattice
from fairbound.models.blocks.instance import OBJECTIVES, Border, School, Unit, ZoneInstance, Zoning
from fairbound.models.blocks.parameters import PARAMETERS, with_parameters
from fairbound.models.blocks.tables import facts, read_solution, solution_rows, solution_summary
from fairbound.models.core.problem import Problem

FORMULATIONS = (
    flow.FORMULATION,
    flow.UNFIXED,
    multiflow.FORMULATION,
    neighbour_rows.FORMULATION,
    closer_neighbour.FORMULATION,
)

PROBLEM = Problem(
    name="blocks",
    title="Block-group assignment",
    summary="assign whole units of a city to schools: seats, travel, connected zones, and fair shares",
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    with_parameters=with_parameters,
    bounded=bounded,
    lattice=lattice,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_summary=solution_summary,
    facts=facts,
)

APPLICANTS = Problem(
    name="applicants",
    title="Applicants to two schools",
    summary="divide a school's applicants between it and a second one so that races and incomes balance",
    objectives=applicants.OBJECTIVES,
    parameters=applicants.PARAMETERS,
    formulations=(cell_counts.FORMULATION,),
    evaluate=applicants.evaluate,
    with_parameters=applicants.with_parameters,
    bounded=applicants.bounded,
    lattice=applicants.lattice,
    solution_rows=applicants.solution_rows,
    read_solution=applicants.read_solution,
    solution_summary=applicants.solution_summary,
    facts=applicants.facts,
)

__all__ = [
    "APPLICANTS",
    "FORMULATIONS",
    "PROBLEM",
    "ApplicantInstance",
    "Border",
    "Cell",
    "Division",
    "School",
    "Unit",
    "ZoneInstance",
    "Zoning",
    "evaluate",
]
