"""Hidden truth of a simulation: what an audit may look at, and no method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction


@dataclass(frozen=True)
class Truth:
    """Quantities that a simulation drew or was given, by (quantity, id), such as ("ability", "17")."""

    values: Mapping[tuple[str, str], Fraction]
    name: str = "the truth"

    def of(self, quantity: str, identifier: str) -> Fraction:
        """One of them; raises ``InputError`` where the truth is of something else."""
        found = self.values.get((quantity, identifier))
        if found is None:
            raise InputError(f"no {quantity} of {identifier or 'all'}", file=self.name, wanted="the truth of this instance")
        return found
