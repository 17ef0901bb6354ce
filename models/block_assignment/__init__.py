"""Block-group assignment: whole units to schools. Mathematics: ``docs/blocks.md``.

A new formulation is one file and one line in ``FORMULATIONS``.
"""

from fairbound.models.block_assignment import applicants, cell_counts, closer_neighbour, flow, multiflow, neighbour_rows
from fairbound.models.block_assignment.applicants import ApplicantInstance, Cell, Division
from fairbound.models.block_assignment.parameters import PARAMETERS, with_parameters
from fairbound.models.block_assignment.scoring import (
    bounded,
    evaluate,
    facts,
    lattice,
    read_solution,
    solution_rows,
    solution_summary,
)
from fairbound.models.block_assignment.zones import OBJECTIVES, Border, School, Unit, ZoneInstance, Zoning
from fairbound.models.problem import Problem

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
