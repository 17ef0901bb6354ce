"""What the exit codes mean; ``docs/commands.md`` lists them for users."""

from __future__ import annotations

from fairbound.solvers.result import Result, Status, Termination

ANSWERED = 0
ANSWER_IS_NO = 1
WRONG_INPUT = 2
NO_SOLUTION_IN_TIME = 3
ENGINE_FAILED = 4
INTERRUPTED = 130


def code_of(result: Result) -> int:
    """Exit code of a result. A limit with an incumbent is an answer."""
    if result.status in (Status.OPTIMAL, Status.FEASIBLE):
        return ANSWERED
    if result.status in (Status.INFEASIBLE, Status.INVALID):
        return ANSWER_IS_NO
    if result.termination in (Termination.TIME_LIMIT, Termination.INTERRUPTED, Termination.GAP_LIMIT):
        return NO_SOLUTION_IN_TIME
    return ENGINE_FAILED
