"""District transfers. Mathematics: ``docs/transfers.md``; specification: ``problem.evaluate``.

A new formulation is one file and one line in ``FORMULATIONS``.
"""

from fairbound.models import PROBLEMS
from fairbound.models.core.problem import Problem
from fairbound.models.transfers import (
    absolute_deviations,
    composition_nlp,
    piecewise_hull,
    piecewise_mccormick,
    swaps,
    weighted_conic,
)
from fairbound.models.transfers.evaluate import evaluate, lattice
from fairbound.models.transfers.instance import (
    OBJECTIVES,
    PARAMETERS,
    District,
    Kind,
    Measure,
    Reading,
    TransferInstance,
    TransferPlan,
)
from fairbound.models.transfers.tables import (
    audit_rows,
    district_counts,
    district_table,
    facts,
    read_solution,
    solution_rows,
    solution_summary,
)

FORMULATIONS = (
    composition_nlp.FORMULATION,
    composition_nlp.SQUARES,
    weighted_conic.FORMULATION,
    swaps.FORMULATION,
    absolute_deviations.FORMULATION,
    absolute_deviations.WHOLE,
    piecewise_mccormick.FORMULATION,
    piecewise_hull.FORMULATION,
)

PROBLEM = Problem(
    name="transfers",
    title="District transfers",
    summary=PROBLEMS["transfers"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lattice,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_key=("from", "to", "students"),
    solution_summary=solution_summary,
    facts=facts,
    audit_title="Districts",
    audit_rows=audit_rows,
)

__all__ = [
    "FORMULATIONS",
    "PROBLEM",
    "District",
    "Kind",
    "Measure",
    "Reading",
    "TransferInstance",
    "TransferPlan",
    "district_counts",
    "district_table",
    "evaluate",
]
