"""The parameters of a transfer instance as text: what ``--set`` accepts and how it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.models.core.parameters import read_number
from fairbound.models.core.problem import Parameter
from fairbound.models.transfers.instance import OBJECTIVES, Reading, TransferInstance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

CAPS = tuple(
    Parameter(
        f"max_{objective.name}", "a number or none", "none", f"largest value of the objective {objective.name}", "none"
    )
    for objective in OBJECTIVES
)
PARAMETERS = (
    Parameter("p", "a share in [0, 1]", "1", "largest share of all students that may move, equation (6)", "1"),
    Parameter("band", "a share in [0, 1], or none", "0.25", "sizes within this share of today, equation (7)"),
    Parameter("floor", "a share in (0, 1], or none", "none", "sizes at least this share of today, equation (7)"),
    Parameter("reading", "move or stay", "move", "whether measures such as teachers move with students"),
    Parameter("weights", "term=number, pairs by ;", "", "weights of the terms of combined; 0 drops a term"),
    Parameter("whole", "yes or no", "no", "whether students move only whole"),
    *CAPS,
)


def _weights(text: str, wanted: str) -> tuple[tuple[str, Fraction], ...]:
    weights = {}
    for part in (part.strip() for part in text.split(";")):
        if part:
            name, equals, value = part.partition("=")
            if not equals:
                raise InputError("parameter weights", found=part, wanted=wanted)
            weights[name.strip()] = read_number("weights", value, wanted)
    return tuple(sorted(weights.items()))


def with_parameters(instance: TransferInstance, given: Mapping[str, str]) -> TransferInstance:
    """A new instance with the given parameters; raises ``InputError`` for a value out of range.

    ``band`` and ``floor`` are two ways to bound sizes: naming one drops the other, naming both
    keeps both.
    """
    wanted = {parameter.name: parameter.wanted for parameter in PARAMETERS}
    changes: dict[str, Any] = {}
    caps = dict(instance.caps)
    for name, raw in given.items():
        text = raw.strip()
        if name.startswith("max_"):
            caps.pop(name.removeprefix("max_"), None)
            if text not in ("", "none"):
                caps[name.removeprefix("max_")] = read_number(name, text, wanted[name])
        elif name in ("band", "floor"):
            changes[name] = None if text == "none" else read_number(name, text, wanted[name])
        elif name == "reading":
            if text not in list(Reading):
                raise InputError("parameter reading", found=text, wanted=wanted[name])
            changes[name] = Reading(text)
        elif name == "weights":
            changes[name] = _weights(text, wanted[name])
        elif name == "whole":
            if text not in ("yes", "no"):
                raise InputError("parameter whole", found=text, wanted=wanted[name])
            changes[name] = text == "yes"
        else:
            changes[name] = read_number(name, text, wanted[name])
    if "floor" in changes and "band" not in changes and changes["floor"] is not None:
        changes["band"] = None
    if "band" in changes and "floor" not in changes and changes["band"] is not None:
        changes["floor"] = None
    return replace(instance, **changes, caps=tuple(sorted(caps.items())))
