r"""The best group by counting slack: exact, in whole numbers, for schools whose numbers are not too large.

With proportional meals and no further rule one group is best (theorem 1), and a school with :math:`E_s \ge \tau N_s`
belongs to it: :math:`mE`, :math:`N` and the slack in (2) only grow with it. The others take slack,
:math:`c_s = \tau N_s - E_s`. Among the sets J of them that take r in all, the one with most students is best, since
:math:`E_J = \tau N_J - r`:

.. math::

    \max_{0 \le r \le D}\ w \min\bigl(m (E_0 + \tau g(r) - r),\ N_0 + g(r)\bigr), \quad
    g(r) = \max \Bigl\{ \textstyle\sum_J N_s : \sum_J c_s = r \Bigr\} \ (53)

:math:`E_0, N_0, D` are identified students, students and slack of the schools that belong to it. g is a table over
all r, filled school by school; who was taken where gives the group.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.cep.instance import REIMBURSEMENT, Cover, Grouping
from fairbound.models.core.problem import once
from fairbound.models.core.whole import LARGEST_NUMBER, joined

if TYPE_CHECKING:
    from fairbound.models.cep.instance import CepInstance
    from numpy.typing import NDArray

MOST_ENTRIES = 50_000_000
"""Entries that are looked at; a tenth of a second. Who was taken is a bit for each."""
NOWHERE = -LARGEST_NUMBER


@dataclass(frozen=True)
class Slack:
    """Students and slack of a question in whole numbers; a group's slack counts in steps.

    Attributes
    ----------
    students, left
        N_0 and D, of the schools that belong to the group.
    belongs
        Which schools those are, shape (schools,).
    costs, worths
        Slack, in steps, and students of the others, in their order.
    step, unit
        Slack of a step, and what one student counts.
    size
        Steps of slack that there are.
    """

    students: int
    left: int
    belongs: NDArray[np.bool_]
    costs: list[int]
    worths: list[int]
    step: int
    unit: Fraction
    size: int

    def table(self, taken: list[NDArray[np.uint8]] | None = None) -> NDArray[np.int64]:
        """g, shape (size + 1,); below 0 where no set takes so much.

        ``taken`` gets a row of bits for each of the other schools: where it is in the best set of those up to it.
        """
        table = np.full(self.size + 1, NOWHERE)  # plus any sum of students it stays below 0
        table[0] = 0
        for cost, worth in zip(self.costs, self.worths, strict=True):
            with_it = table[: max(0, self.size + 1 - cost)] + worth
            without = table[cost:]
            if taken is not None:
                taken.append(np.packbits(with_it > without))
            np.maximum(without, with_it, out=without)
        return table

    def best(self, table: NDArray[np.int64], share: Fraction, times: Fraction) -> tuple[Fraction, int]:
        """The largest claim, in students, at a threshold and a multiplier, and its r; a table of shape (size + 1,)."""
        reached = np.flatnonzero(table >= 0)
        students: NDArray[Any] = self.students + table[reached]
        left: NDArray[Any] = self.left - reached * self.step
        # E = tau N + slack that is left; all in whole numbers over the denominators of tau, m and the counts.
        below = times.denominator * share.denominator
        largest = max(times.numerator * (share.numerator + share.denominator), below)
        if largest * (self.students + sum(self.worths) + self.left) > LARGEST_NUMBER:
            students, left = students.astype(object), left.astype(object)
        claims = times.numerator * (share.numerator * students + share.denominator * left)
        claims = np.minimum(claims, below * students)
        place = int(claims.argmax())
        return Fraction(int(claims[place]), below) * self.unit, int(reached[place])


@once
def slack_of(instance: CepInstance, objective: str) -> Slack | None:
    """What (53) needs; ``None`` where there are further rules, or the table would be too large."""
    rules = (instance.limits, instance.forced_in, instance.forced_out, instance.together, instance.min_group > 1)
    if objective != REIMBURSEMENT or any(rules) or instance.cover is not Cover.ANY:
        return None
    weight = instance.weight_per_student
    if not weight or weight < 0 or instance.gained.any():
        return None
    count = len(instance.schools)
    numbers = joined([instance.counts[1], instance.slack])
    if numbers.numbers.dtype == object or int(np.abs(numbers.numbers).max()) * max(count, 1) > LARGEST_NUMBER:
        return None
    students, slack = numbers.numbers[:count], numbers.numbers[count:]
    belongs = slack >= 0
    costs = -slack[~belongs]
    step = int(np.gcd.reduce(costs)) if len(costs) else 1
    left = int(slack[belongs].sum())
    size = left // step
    if size * max(1, len(costs)) > MOST_ENTRIES:
        return None
    inside, worths = int(students[belongs].sum()), students[~belongs].tolist()
    return Slack(inside, left, belongs, (costs // step).tolist(), worths, step, numbers.unit, size)


def best(instance: CepInstance, objective: str) -> Fraction | None:
    """Equation (53); ``None`` where it does not hold, or the table would be too large."""
    slack = slack_of(instance, objective)
    if slack is None:
        return None
    claim, _ = slack.best(slack.table(), instance.threshold, instance.multiplier)
    return claim * (instance.weight_per_student or 0)


def best_group(instance: CepInstance, objective: str) -> tuple[Grouping, Fraction] | None:
    """A best grouping too, which is one group or nobody, and its value."""
    slack = slack_of(instance, objective)
    if slack is None:
        return None
    taken: list[NDArray[np.uint8]] = []
    claim, r = slack.best(slack.table(taken), instance.threshold, instance.multiplier)
    members = slack.belongs.copy()
    others = np.flatnonzero(~slack.belongs).tolist()
    for place, cost, bits in zip(reversed(others), reversed(slack.costs), reversed(taken), strict=True):
        at = r - cost  # the bits begin where the school's own slack ends
        if at >= 0 and bits[at >> 3] >> (7 - (at & 7)) & 1:
            members[place], r = True, at
    group = [school.id for school, inside in zip(instance.schools, members.tolist(), strict=True) if inside]
    return Grouping.of([group]), claim * (instance.weight_per_student or 0)
