"""Block-group assignment: whole units to schools. Mathematics: ``docs/blocks.md``.

A new formulation is one file and one line in ``FORMULATIONS``.
"""

from fairbound.models import PROBLEMS
from fairbound.models.blocks import closer_neighbour, flow, multiflow, neighbour_rows, separator_flow
from fairbound.models.blocks.evaluate import evaluate, lattice
from fairbound.models.blocks.instance import OBJECTIVES, PARAMETERS, Border, School, Unit, ZoneInstance, Zoning
from fairbound.models.blocks.tables import (
    assumptions,
    decisions,
    facts,
    read_solution,
    shapes,
    solution_rows,
    solution_summary,
)
from fairbound.models.core.problem import Problem

FORMULATIONS = (
    flow.FORMULATION,
    flow.UNFIXED,
    separator_flow.FORMULATION,
    multiflow.FORMULATION,
    neighbour_rows.FORMULATION,
    closer_neighbour.FORMULATION,
)

PROBLEM = Problem(
    name="blocks",
    title="Block-group assignment",
    summary=PROBLEMS["blocks"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lattice,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_key=("unit", "school"),
    solution_summary=solution_summary,
    facts=facts,
    assumptions=assumptions,
    decisions=decisions,
    shapes=shapes,
)

__all__ = [
    "FORMULATIONS",
    "PROBLEM",
    "Border",
    "School",
    "Unit",
    "ZoneInstance",
    "Zoning",
    "evaluate",
]
