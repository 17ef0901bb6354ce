"""The parameters of a CEP instance as text: what ``--set`` accepts and how it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fairbound.models.cep.instance import OBJECTIVES, CepInstance, Cover
from fairbound.models.cep.rates import find_rates
from fairbound.models.core.errors import InputError
from fairbound.models.core.parameters import read_ids, read_number, read_together
from fairbound.models.core.problem import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FLOORS = tuple(
    Parameter(f"min_{objective.name}", "a number", "none", f"least value of the objective {objective.name}", "none")
    for objective in OBJECTIVES
)
PARAMETERS = (
    Parameter("threshold", "a number in (0, 1]", "0.4", "least identified share of a group, equation (2)"),
    Parameter("multiplier", "a number above 0", "1.6", "claim share per identified share, equation (1)"),
    Parameter("cover", "any or all", "any", "whether every school must be in a group", "any"),
    Parameter("rates", "none or a rate table", "none", "dollars per meal; none counts meal-equivalents"),
    Parameter("days", "a number above 0", "180", "school days, where rates are given but no meal counts"),
    Parameter("forced_in", "ids separated by ;", "", "schools that must be in CEP", ""),
    Parameter("forced_out", "ids separated by ;", "", "schools that must stay out", ""),
    Parameter("together", "ids joined by +, sets by ;", "", "schools that share a group or all stay out", ""),
    Parameter("groups", "none or a whole number above 0", "none", "most groups that may be formed", "none"),
    Parameter("min_group", "a whole number above 0", "1", "fewest schools in a group", "1"),
    *FLOORS,
)


def _count(name: str, text: str, wanted: str) -> int:
    value = read_number(name, text, wanted)
    if value.denominator != 1 or value < 1:
        raise InputError(f"parameter {name}", found=text, wanted=wanted)
    return int(value)


def _cover(text: str) -> Cover:
    try:
        return Cover(text)
    except ValueError:
        raise InputError("parameter cover", found=text, wanted="any or all") from None


_READERS: dict[str, Callable[[str], Any]] = {
    "cover": _cover,
    "rates": lambda text: None if text == "none" else find_rates(text),
    "forced_in": read_ids,
    "forced_out": read_ids,
    "together": read_together,
    "groups": lambda text: None if text in ("", "none") else _count("groups", text, "none or a whole number above 0"),
    "min_group": lambda text: _count("min_group", text, "a whole number above 0"),
}


def with_parameters(instance: CepInstance, given: Mapping[str, str]) -> CepInstance:
    """A new instance with the given parameters; raises ``InputError`` for a value out of range."""
    wanted = {parameter.name: parameter.wanted for parameter in PARAMETERS}
    changes: dict[str, Any] = {}
    floors = dict(instance.floors)
    for name, text in given.items():
        if name.startswith("min_") and name not in _READERS:
            objective = name.removeprefix("min_")
            if text in ("", "none"):
                floors.pop(objective, None)
            else:
                floors[objective] = read_number(name, text, wanted[name])
        elif name in _READERS:
            changes[name] = _READERS[name](text.strip())
        else:
            changes[name] = read_number(name, text, wanted[name])
    return replace(instance, **changes, floors=tuple(sorted(floors.items())))
