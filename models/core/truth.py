"""Hidden truth of a simulation: what an audit may look at, and no method."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROUNDING = Fraction(1, 10**9)
"""Scores are floats that were added up; a truth's sums agree with them to this share."""


@dataclass(frozen=True)
class Truth:
    """Quantities that a simulation drew or was given, by (quantity, id), such as ("ability", "17")."""

    values: Mapping[tuple[str, str], Fraction]
    name: str = "the truth"

    def check_score(self, student: str, school: str, kind: Iterable[str], score: Fraction) -> Fraction:
        """A student's ability, once it is known that the truth adds up to his score.

        Raises ``InputError`` where it does not: then it is the truth of another simulation.
        """
        ability = self.of("ability", student)
        parts = [self.of("effect", key) for key in kind]
        made = self.of("base", "") + ability + self.of("school_effect", school) + sum(parts)
        if abs(made - score) > ROUNDING * max(Fraction(1), abs(score)):
            found = f"{float(made):.9g}, a score of {float(score):.9g}"
            raise InputError(
                f"the truth of student {student}", file=self.name, found=found, wanted="the truth of this instance"
            )
        return ability

    def of(self, quantity: str, identifier: str) -> Fraction:
        """One of them; raises ``InputError`` where the truth is of something else."""
        found = self.values.get((quantity, identifier))
        if found is None:
            raise InputError(
                f"no {quantity} of {identifier or 'all'}", file=self.name, wanted="the truth of this instance"
            )
        return found
