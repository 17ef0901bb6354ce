"""Replay the trees of an answer to several objectives, each settled before the next one is asked.

The plan in the file has a value for every objective. The tree of the first proves that nothing has a better one; that
of the next, that nothing as good in the first has a better second; and so on. Rows are those of ``rows``, whose
``LIMITS`` names the parameters that bound an objective where they are not called ``max_`` or ``min_`` and its name.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from fairbound.solvers.checker.common import UNREADABLE, Rejected, rational, sealed
from fairbound.solvers.checker.linear import replay
from fairbound.solvers.checker.tree import rows_of

FORMAT = "fairbound stages 1"


def check(document: dict[str, Any], digest: str | None = None) -> Fraction:
    """The bound on the last objective; raises ``Rejected``. ``digest`` names the instance that is meant, if given."""
    try:
        if document["format"] != FORMAT:
            raise Rejected(f"unknown format {document['format']!r}")
        sealed(document, digest)
        data, stages, plan = document["data"], document["stages"], document["solution"]
        objectives = [stage["objective"] for stage in stages]
        if document["objective"] != ",".join(objectives) or not 1 < len(objectives) == len(set(objectives)):
            raise Rejected("the stages are not those of the objectives, each once")
        rows, rules, bound = rows_of(data["problem"]), data["parameters"], rational(document["bound"])
        for objective, stage in zip(objectives, stages, strict=True):
            asked = {**data, "parameters": rules}
            system, value = rows.system(asked, objective), rows.value(asked, objective, plan)
            claim = bound if objective == objectives[-1] else value
            replay(system, stage, claim)
            # From here on only solutions count that are as good in this one.
            usual = f"{'max' if system.sign > 0 else 'min'}_{objective}"
            rules = {**rules, getattr(rows, "LIMITS", {}).get(objective, usual): str(value)}
        proven: Fraction = system.proves(Fraction(claim / (system.sign * system.unit)))
        if system.sign * value < system.sign * proven:
            raise Rejected("the plan is better than the bound: the file contradicts itself")
        return proven
    except UNREADABLE as error:
        raise Rejected(f"it cannot be read: {type(error).__name__} {error}") from error
