r"""The best value of one group by counting slack: exact, in whole numbers, for schools whose numbers are not too large.

With proportional meals and no further rule one group is best (theorem 1), and a school with :math:`E_s \ge \tau N_s`
belongs to it: :math:`mE`, :math:`N` and the slack in (2) only grow with it. The others take slack,
:math:`c_s = \tau N_s - E_s`. Among the sets J of them that take r in all, the one with most students is best, since
:math:`E_J = \tau N_J - r`:

.. math::

    \max_{0 \le r \le D}\ w \min\bigl(m (E_0 + \tau g(r) - r),\ N_0 + g(r)\bigr), \quad
    g(r) = \max \Bigl\{ \textstyle\sum_J N_s : \sum_J c_s = r \Bigr\} \ (53)

:math:`E_0, N_0, D` are identified students, students and slack of the schools that belong to it. g is a table over
all r, filled school by school.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep.instance import REIMBURSEMENT, Cover
from fairbound.models.core.whole import LARGEST_NUMBER, joined

if TYPE_CHECKING:
    from fairbound.models.cep.instance import CepInstance

MOST_ENTRIES = 10_000_000
"""Entries that are looked at; a few hundredths of a second."""
NOWHERE = -LARGEST_NUMBER


def best(instance: CepInstance, objective: str) -> Fraction | None:
    """Equation (53); ``None`` where there are further rules, or the table would be too large."""
    rules = (instance.limits, instance.forced_in, instance.forced_out, instance.together, instance.min_group > 1)
    if objective != REIMBURSEMENT or any(rules) or instance.cover is not Cover.ANY:
        return None
    weight = instance.weight_per_student
    if not weight or weight < 0 or instance.gained.any():
        return None
    identified, enrolled = instance.counts
    count = len(enrolled)
    numbers = joined([enrolled, identified - enrolled * instance.threshold])
    if numbers.numbers.dtype == object or int(np.abs(numbers.numbers).max()) * max(count, 1) > LARGEST_NUMBER:
        return None
    n, slack = numbers.numbers[:count], numbers.numbers[count:]
    inside = slack >= 0
    costs, worths = -slack[~inside], n[~inside]
    step = int(np.gcd.reduce(costs)) if len(costs) else 1
    size = int(slack[inside].sum()) // step
    if size * max(1, len(costs)) > MOST_ENTRIES:
        return None
    table = np.full(size + 1, NOWHERE)  # plus any sum of students it stays below 0
    table[0] = 0
    for cost, worth in zip((costs // step).tolist(), worths.tolist(), strict=True):
        if cost <= size:
            table[cost:] = np.maximum(table[cost:], table[: size + 1 - cost] + worth)
    taken = np.flatnonzero(table >= 0)
    students, left = int(n[inside].sum()) + table[taken], int(slack[inside].sum()) - taken * step
    share, times = instance.threshold, instance.multiplier
    # E = tau N + slack that is left; all in whole numbers over the denominators of tau, m and the counts.
    below = times.denominator * share.denominator
    factors = (times.numerator * (share.numerator + share.denominator), below)
    if max(factors) * int(np.abs(numbers.numbers).sum()) > LARGEST_NUMBER:
        students, left = students.astype(object), left.astype(object)
    claims = times.numerator * (share.numerator * students + share.denominator * left)
    return weight * Fraction(int(np.minimum(claims, below * students).max()), below) * numbers.unit
