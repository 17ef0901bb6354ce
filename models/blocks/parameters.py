"""The parameters of a zoning instance as text: what ``--set`` accepts and how it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fairbound.models.blocks.instance import OBJECTIVES, ZoneInstance
from fairbound.models.core.errors import InputError
from fairbound.models.core.parameters import pieces, read_number, read_together, unquoted
from fairbound.models.core.problem import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

CEILINGS = tuple(
    Parameter(
        f"max_{objective.name}", "a number or none", "none", f"largest value of the objective {objective.name}", "none"
    )
    for objective in OBJECTIVES
)
PARAMETERS = (
    Parameter("group", "a group's name", "the first", "group of dissimilarity and shares"),
    Parameter(
        "seats_tolerance",
        "a number, at least 0",
        "0.15",
        "how far a school may be from its seats, equation (8)",
        "1000",
    ),
    Parameter(
        "travel_ratio",
        "a number, at least 0, or none",
        "1.5",
        "travel at most this times today's, equation (9)",
        "none",
    ),
    Parameter(
        "share_deviation", "a number in [0, 1] or none", "none", "largest gap of a zone's share, equation (10)", "none"
    ),
    Parameter(
        "rezoned_share", "a number in [0, 1] or none", "none", "largest share of students moved, equation (11)", "none"
    ),
    Parameter("contiguous", "yes or no", "yes", "whether zones must be connected, equation (12)", "no"),
    Parameter("together", "unit ids joined by +, sets by ;", "", "units that share a school", ""),
    Parameter("forced", "unit=school, pairs by ;", "", "units whose school is settled", ""),
    *CEILINGS,
)
_OPTIONAL = ("travel_ratio", "share_deviation", "rezoned_share")


def _flag(text: str) -> bool:
    if text not in ("yes", "no"):
        raise InputError("parameter contiguous", found=text, wanted="yes or no")
    return text == "yes"


def _forced(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in pieces(text, ";"):
        pair = pieces(part, "=")
        if len(pair) != 2:
            raise InputError("parameter forced", found=part, wanted="unit=school, pairs separated by ;")
        pairs.append((unquoted(pair[0]), unquoted(pair[1])))
    return tuple(sorted(set(pairs)))


def with_parameters(city: ZoneInstance, given: Mapping[str, str]) -> ZoneInstance:
    """A new instance with the given parameters; raises ``InputError`` for a value out of range."""
    wanted = {parameter.name: parameter.wanted for parameter in PARAMETERS}
    changes: dict[str, Any] = {}
    ceilings = dict(city.ceilings)
    for name, raw in given.items():
        text = raw.strip()
        if name.startswith("max_"):
            objective = name.removeprefix("max_")
            if text in ("", "none"):
                ceilings.pop(objective, None)
            else:
                ceilings[objective] = read_number(name, text, wanted[name])
        elif name == "group":
            changes[name] = text
        elif name == "contiguous":
            changes[name] = _flag(text)
        elif name == "together":
            changes[name] = read_together(text)
        elif name == "forced":
            changes[name] = _forced(text)
        elif name in _OPTIONAL and text in ("", "none"):
            changes[name] = None
        else:
            changes[name] = read_number(name, text, wanted[name])
    return replace(city, **changes, ceilings=tuple(sorted(ceilings.items())))
