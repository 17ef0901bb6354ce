"""The exact methods of zoning besides its formulations, the baselines, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.models.blocks import rules
from fairbound.solvers.blocks import separator_loop, share_levels, witnesses, zone_tree
from fairbound.solvers.blocks.baselines import BASELINES
from fairbound.solvers.core.method import Kind, Method

METHODS = (
    Method(
        separator_loop.NAME,
        Kind.ALGORITHM,
        "contiguity by separator rows, added as solutions break them",
        separator_loop.answer,
        rules.refuses,
    ),
    Method(
        zone_tree.NAME,
        Kind.ALGORITHM,
        "branch and cut over exact rows, by sides of the city's share; its tree is the proof",
        zone_tree.answer,
        zone_tree.refuses,
        hesitates=zone_tree.hesitates,
    ),
    Method(
        share_levels.NAME,
        Kind.ALGORITHM,
        "least largest share deviation, by separator loops at falling levels",
        share_levels.answer,
        share_levels.refuses,
    ),
    Method("scip", Kind.ALGORITHM, "SCIP with lazy separator rows", witnesses.answer_scip, witnesses.scip_refuses),
    Method(
        "cpsat", Kind.ALGORITHM, "CP-SAT in whole numbers, with flow", witnesses.answer_cpsat, witnesses.cpsat_refuses
    ),
)

PREFERRED = ("zone_tree", "separator_loop", "share_levels")

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
