"""The methods of CEP grouping besides its formulations, the baselines, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.solvers.cep import claim_shares, everyone_or_nobody, group_columns, price_curve, slack_table, subset_dp
from fairbound.solvers.cep.baselines import BASELINES

METHODS = (
    everyone_or_nobody.METHOD,
    slack_table.METHOD,
    subset_dp.METHOD,
    group_columns.METHOD,
    claim_shares.METHOD,
    price_curve.METHOD,
)
PREFERRED = (
    "everyone_or_nobody",
    "slack_table",
    "subset_dp",
    "membership",
    "claim_shares",
    "group_columns",
    "price_curve",
)

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
