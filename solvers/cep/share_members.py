"""Groups as rows of 0 and 1 over the units, and sums over the few units of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]
Codes = NDArray[np.uint64]
Number = TypeVar("Number", np.float64, np.uint64)


@dataclass(frozen=True)
class Members:
    """The units of groups, one group after the other, and how many each has."""

    units: Indices
    sizes: Indices

    @classmethod
    def of(cls, inside: Flags) -> Members:
        """Those of groups that are given as rows."""
        units = np.flatnonzero(inside) % max(inside.shape[1], 1)
        return cls(units, np.count_nonzero(inside, axis=1).astype(np.intp))

    @cached_property
    def starts(self) -> Indices:
        """Where the units of each group begin."""
        return np.cumsum(self.sizes) - self.sizes

    def sums(self, values: NDArray[Number]) -> NDArray[Number]:
        """The sum of the units' values in each group."""
        if not len(self.units):
            return np.zeros(len(self.sizes), dtype=values.dtype)
        found = np.zeros(len(self.sizes), dtype=values.dtype)
        some = self.sizes > 0
        found[some] = np.add.reduceat(values[self.units], self.starts[some])
        return found

    def only(self, keep: Flags) -> Members:
        """Those of some of the groups."""
        return Members(self.units[np.repeat(keep, self.sizes)], self.sizes[keep])


def codes(members: Members, count: int) -> Codes:
    """A number for each of some groups, of so many units, by which to know it."""
    return members.sums(np.random.default_rng(0).integers(2**63, size=count, dtype=np.uint64))
