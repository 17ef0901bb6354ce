"""The best group by the table over slack (53): in whole numbers, without an engine. Mathematics: ``docs/cep.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.cep import slack_table
from fairbound.models.core.errors import InputError
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import Settings, Termination

if TYPE_CHECKING:
    from fairbound.models.cep import CepInstance

NAME = "slack_table"


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what (53) does not say, and a table that is too large."""
    if slack_table.slack_of(instance, objective) is not None:
        return None
    return (
        "equation (53) is about reimbursement with proportional meals, no gains and no further rule, "
        f"and a table of at most {slack_table.MOST_ENTRIES:,} entries; membership takes other questions"
    )


def answer(
    instance: CepInstance, objective: str, _settings: Settings, _on_progress: object = None, _start: object = None
) -> Answer:
    """Fill the table and read the group from it; raises ``InputError`` for what ``refuses`` refuses."""
    found = slack_table.best_group(instance, objective)
    if found is None:
        raise InputError(f"method {NAME} refuses {instance.name}: {refuses(instance, objective)}")
    grouping, value = found
    return Answer(Termination.FINISHED, grouping, proven=Bound(value, Basis.THEOREM, "equation (53)"))


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    "the best group by a table over slack, in whole numbers",
    answer,
    refuses,
    certified=True,
    seeded=False,
)
