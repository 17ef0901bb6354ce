"""The parameters of applicants as text: what ``--set`` accepts and how it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fairbound.models.applicants.instance import OBJECTIVES, ApplicantInstance
from fairbound.models.core.errors import InputError
from fairbound.models.core.parameters import read_number
from fairbound.models.core.problem import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMETERS = (
    Parameter("seats", "a number or two joined by -", "the seed's 22", "seats that the first school fills"),
    *(Parameter(f"max_{o.name}", "a number or none", "none", f"largest value of {o.name}", "none") for o in OBJECTIVES),
)


def with_parameters(instance: ApplicantInstance, given: Mapping[str, str]) -> ApplicantInstance:
    """A new instance with other seats or ceilings; raises ``InputError``."""
    ceilings, changes = dict(instance.ceilings), dict[str, Any]()
    for name, raw in given.items():
        text = raw.strip()
        if name == "seats":
            parts = text.split("-")
            if not 1 <= len(parts) <= 2 or not all(part.strip().isdecimal() for part in parts):
                raise InputError("parameter seats", found=raw, wanted="22, or 18-22")
            changes = {"fewest": int(parts[0]), "most": int(parts[-1])}
        elif text in ("", "none"):
            ceilings.pop(name.removeprefix("max_"), None)
        else:
            ceilings[name.removeprefix("max_")] = read_number(name, text, "a number or none")
    return replace(instance, **changes, ceilings=tuple(sorted(ceilings.items())))
