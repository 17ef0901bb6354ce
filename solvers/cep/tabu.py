"""Tabu search over groupings: the best move or swap of all, units that moved rest for a while (Glover 1989).

Floats throughout; whoever takes the result scores it exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.group_moves import OUT, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.engines.base import Floats
    from numpy.typing import NDArray

SPARE = 2
"""Empty groups that moves may open."""
REST = 4
"""Steps for which a unit rests at least."""
NEVER = -1e30
GAIN = 1e-6


class Tabu:
    """A plan under change, its groups' sums as floats; the last group stands for staying out.

    Parameters
    ----------
    may_leave
        Units that may stay outside CEP.
    """

    def __init__(self, plan: Plan, may_leave: NDArray[np.bool_], chance: np.random.Generator) -> None:
        self.plan, self.may_leave, self.chance = plan, may_leave, chance
        self.units = np.stack([plan.n, plan.q, plan.a, plan.b, plan.size.astype(float)])
        groups = max((g for g in plan.home if g != OUT), default=-1) + 1 + SPARE
        most = plan.instance.groups
        self.out = groups if most is None else max(1, min(groups, most))
        home = np.array(plan.home)
        self.home = np.where(home == OUT, self.out, home)
        self.sums = np.zeros((5, self.out + 1))
        for sums, column in zip(self.sums, self.units, strict=True):
            np.add.at(sums, self.home, column)
        self.value = float(self._worth(self.sums)[: self.out].sum())

    def _worth(self, sums: Floats) -> Floats:
        """Value of groups with these sums."""
        with np.errstate(invalid="ignore", divide="ignore"):
            worth = self.plan.floats(list(sums))
        return np.where(sums[4] < 0.5, 0.0, np.nan_to_num(worth, nan=NEVER, neginf=NEVER))

    def _gains(self) -> tuple[Floats, Floats]:
        """What every move (unit, group) and every swap (unit, unit) gains."""
        units, home, out = self.units, self.home, self.out
        worth = self._worth(self.sums)
        worth[out] = 0.0
        alone = np.where(self.may_leave, 0.0, NEVER)
        here = worth[home]
        stays_out = home == out
        leave = np.where(stays_out, 0.0, self._worth(self.sums[:, home] - units)) - here
        join = self._worth(self.sums[:, None, :] + units[:, :, None]) - worth[None]
        join[:, out] = alone
        moves = leave[:, None] + join
        moves[np.arange(len(home)), home] = NEVER
        # In row u and column v: the group of u without u and with v.
        traded = self._worth((self.sums[:, home] - units)[:, :, None] + units[:, None, :])
        traded[stays_out] = alone[None]
        swaps = traded + traded.T - here[:, None] - here[None]
        swaps[home[:, None] == home[None]] = NEVER
        return moves, swaps

    def _put(self, unit: int, group: int) -> None:
        self.sums[:, self.home[unit]] -= self.units[:, unit]
        self.sums[:, group] += self.units[:, unit]
        self.home[unit] = group

    def run(self, patience: int, late: Callable[[], bool]) -> Plan:
        """The best plan met; ends ``patience`` steps after the last better one."""
        count = len(self.home)
        best, kept, since, step = self.value, self.home.copy(), 0, 0
        rests = np.zeros(count, dtype=int)
        while since < patience and not late():
            step, since = step + 1, since + 1
            moves, swaps = self._gains()
            free = rests < step
            top = max(moves.max(), swaps.max())
            if self.value + top <= best + GAIN:  # resting units move only to what is better than all before
                moves = np.where(free[:, None], moves, NEVER)
                swaps = np.where(free[:, None] & free[None], swaps, NEVER)
            move, swap = int(moves.argmax()), int(swaps.argmax())
            gain = max(moves.flat[move], swaps.flat[swap])
            if gain <= NEVER / 2:
                break
            if moves.flat[move] >= swaps.flat[swap]:
                unit, group = divmod(move, moves.shape[1])
                changed = [unit]
                self._put(unit, group)
            else:
                unit, other = divmod(swap, count)
                changed = [unit, other]
                one, two = int(self.home[unit]), int(self.home[other])
                self._put(unit, two)
                self._put(other, one)
            self.value += float(gain)
            rests[changed] = step + self.chance.integers(REST, REST + count // 5 + 1, size=len(changed))
            if self.value > best + GAIN:
                best, kept, since = self.value, self.home.copy(), 0
        return Plan(self.plan.instance, self.plan.units, np.where(kept == self.out, OUT, kept).tolist())
