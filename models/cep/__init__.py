"""CEP school grouping. Mathematics: ``docs/cep.md``; specification: ``problem.evaluate``.

A new formulation is one file and one line in ``FORMULATIONS``.
"""

from fairbound.models import PROBLEMS
from fairbound.models.cep import (
    bilinear,
    claim_levels,
    levels,
    membership,
    numbered_groups,
    representatives,
    set_partitioning,
)
from fairbound.models.cep.decisions import decisions, reasons
from fairbound.models.cep.evaluate import arithmetic, evaluate, lattice
from fairbound.models.cep.instance import OBJECTIVES, PARAMETERS, CepInstance, Cover, Grouping, School
from fairbound.models.cep.money import Outside, Purse, assumptions
from fairbound.models.cep.rates import Rates, find_rates, rate_tables
from fairbound.models.cep.tables import audit_rows, facts, read_solution, solution_rows, solution_summary
from fairbound.models.core.problem import Problem

FORMULATIONS = (
    membership.FORMULATION,
    levels.FORMULATION,
    numbered_groups.FORMULATION,
    numbered_groups.ORDERED,
    set_partitioning.FORMULATION,
    claim_levels.FORMULATION,
    bilinear.FORMULATION,
    representatives.FORMULATION,
)

PROBLEM = Problem(
    name="cep",
    title="CEP school grouping",
    summary=PROBLEMS["cep"],
    objectives=OBJECTIVES,
    parameters=PARAMETERS,
    formulations=FORMULATIONS,
    evaluate=evaluate,
    lattice=lattice,
    solution_rows=solution_rows,
    read_solution=read_solution,
    solution_key=("school_id", "group"),
    solution_summary=solution_summary,
    facts=facts,
    compared=("phantom_money",),
    arithmetic=arithmetic,
    audit_title="Groups",
    audit_rows=audit_rows,
    assumptions=assumptions,
    decisions=decisions,
    reasons=reasons,
)

__all__ = [
    "FORMULATIONS",
    "PROBLEM",
    "CepInstance",
    "Cover",
    "Grouping",
    "Outside",
    "Purse",
    "Rates",
    "School",
    "evaluate",
    "find_rates",
    "rate_tables",
]
