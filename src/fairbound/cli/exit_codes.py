"""What the exit codes mean; ``docs/commands.md`` lists them for users."""

from __future__ import annotations

from fairbound.cli.interrupted import INTERRUPTED
from fairbound.solvers.core.result import Result, Status, Termination

ANSWERED = 0
ANSWER_IS_NO = 1
WRONG_INPUT = 2
NO_SOLUTION_IN_TIME = 3
ENGINE_FAILED = 4

__all__ = ["ANSWERED", "ANSWER_IS_NO", "ENGINE_FAILED", "INTERRUPTED", "NO_SOLUTION_IN_TIME", "WRONG_INPUT", "code_of"]


def code_of(result: Result) -> int:
    """Exit code of a result: 4 where a claim was contradicted, whatever is left of the answer.

    A limit with an incumbent is an answer; an interrupt is one with its own code.
    """
    if result.termination is Termination.INTERRUPTED:
        return INTERRUPTED
    if result.contradiction:
        return ENGINE_FAILED
    if result.status in (Status.OPTIMAL, Status.FEASIBLE):
        return ANSWERED
    if result.status in (Status.INFEASIBLE, Status.INVALID):
        return ANSWER_IS_NO
    if result.termination in (Termination.TIME_LIMIT, Termination.GAP_LIMIT):
        return NO_SOLUTION_IN_TIME
    return ENGINE_FAILED
