"""Parameters: named choices of an instance that ``--set`` changes, which read and write themselves.

An instance's ``PARAMETERS`` say for each of its fields how it is read from text and written again; limits
on objectives are parameters too (``limits``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import QUANTITY, decimal_text, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from enum import StrEnum

    from fairbound.models.core.problem import Instance, Objective

NONE = "none"


@dataclass(frozen=True)
class Form:
    """How a value stands in a text.

    Attributes
    ----------
    read
        From the text without blanks around it; raises ``ValueError`` for one that is no such value.
    write
        The inverse.
    wanted
        In words, for errors and for help.
    """

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    wanted: str

    def words(self, wanted: str) -> Form:
        """The same form in other words."""
        return replace(self, wanted=wanted)


@dataclass(frozen=True)
class Parameter:
    """A named number or choice of an instance that ``--set`` may change.

    Attributes
    ----------
    free
        The value at which it forbids nothing, where it is a rule; ``None`` where it is not.
    fields
        The instance's fields that hold it, where that is not one of its own name.
    limits
        Of a least or largest value of an objective: which one. It is kept in the field ``limits``.
    instead
        Another parameter, whose rule this one's takes the place of.
    silent
        Whether it is left out of the instance's parameters where it forbids nothing.
    """

    name: str
    form: Form
    default: str
    summary: str
    free: str | None = None
    fields: tuple[str, ...] = ()
    limits: str = ""
    instead: str = ""
    silent: bool = False

    @property
    def wanted(self) -> str:
        """What its text is to be."""
        return self.form.wanted

    def read(self, text: str) -> Any:
        """The value of a text; raises ``InputError``."""
        try:
            return self.form.read(text.strip())
        except InputError:
            raise
        except ValueError:
            raise InputError(f"parameter {self.name}", found=text, wanted=self.wanted) from None


def limits(objectives: Iterable[Objective]) -> tuple[Parameter, ...]:
    """A least value of each objective that is maximised, ``min_...``; of the others a largest one, ``max_...``."""
    found = []
    for objective in objectives:
        word, which = ("min", "least") if objective.sense.value == "maximize" else ("max", "largest")
        about = f"{which} value of the objective {objective.name}"
        found.append(Parameter(f"{word}_{objective.name}", OPTIONAL, NONE, about, NONE, limits=objective.name))
    return tuple(found)


def written(instance: Instance, parameters: Sequence[Parameter]) -> dict[str, str]:
    """The parameters of an instance as text, each readable again."""
    found = {}
    for parameter in parameters:
        if parameter.limits:
            continue
        name = parameter.name
        value = (
            tuple(getattr(instance, field) for field in parameter.fields)
            if parameter.fields
            else getattr(instance, name)
        )
        text = parameter.form.write(value[0] if len(parameter.fields) == 1 else value)
        if not (parameter.silent and text == parameter.free):
            found[name] = text
    if not instance.limits:
        return found
    names = {parameter.limits: parameter.name for parameter in parameters if parameter.limits}
    return found | {names[objective]: decimal_text(value) for objective, value in instance.limits}


def changed(instance: Any, given: Mapping[str, str], parameters: Sequence[Parameter]) -> Any:
    """A new instance with some parameters changed from text; raises ``InputError``."""
    known = {parameter.name: parameter for parameter in parameters}
    changes: dict[str, Any] = {}
    bounds = dict(instance.limits)
    for name, text in given.items():
        parameter = known[name]
        value = parameter.read(text)
        if parameter.limits:
            bounds.pop(parameter.limits, None)
            if value is not None:
                bounds[parameter.limits] = value
        elif len(parameter.fields) > 1:
            changes.update(zip(parameter.fields, value, strict=True))
        else:
            changes[parameter.fields[0] if parameter.fields else name] = value
            if parameter.instead and parameter.instead not in given and value is not None:
                changes[parameter.instead] = None
    if bounds != dict(instance.limits):
        changes["limits"] = tuple(sorted(bounds.items()))
    return replace(instance, **changes)


def bounded(instance: Any, objective: Objective, value: Any) -> Any:
    """The instance with one more rule: the objective is at least (maximise) or at most (minimise) a value.

    Raises ``InputError`` where the problem takes no limit.
    """
    if all(field.name != "limits" for field in fields(instance)):
        raise InputError(f"instances of {instance.problem} take no limit on an objective", found=objective.name)
    found = dict(instance.limits)
    known = found.get(objective.name)
    if known is None or objective.sense.improves(value, known):
        found[objective.name] = value
    return replace(instance, limits=tuple(sorted(found.items())))


# The forms that several problems use ------------------------------------------------------------


def optional(form: Form) -> Form:
    """The form, or ``none``."""
    return Form(
        lambda text: None if text in ("", NONE) else form.read(text),
        lambda value: NONE if value is None else form.write(value),
        f"{form.wanted}, or none",
    )


def choice(kind: type[StrEnum]) -> Form:
    """One word of some."""
    return Form(kind, lambda value: str(value.value), " or ".join(kind))


def _whole(text: str) -> int:
    value = parse_quantity(text)
    if value.denominator != 1 or value < 1:
        raise ValueError(text)
    return int(value)


def _flag(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


NUMBER = Form(parse_quantity, decimal_text, QUANTITY)
OPTIONAL = optional(NUMBER)
COUNT = Form(_whole, str, "a whole number above 0")
FLAG = Form(_flag, lambda value: "yes" if value else "no", "yes or no")
TEXT = Form(str, str, "a text")


def quoted(identifier: str) -> str:
    """An id as it stands in a parameter's text: in double quotes, doubled inside, where it could be misread."""
    plain = identifier and identifier == identifier.strip() and not any(sign in identifier for sign in ';+="')
    return identifier if plain else '"' + identifier.replace('"', '""') + '"'


def pieces(text: str, separator: str) -> list[str]:
    """Split at a separator outside double quotes; pieces keep their quotes and lose the blanks around them."""
    found, inside = [""], False
    for sign in text:
        inside ^= sign == '"'
        if sign == separator and not inside:
            found.append("")
        else:
            found[-1] += sign
    return [piece for piece in (piece.strip() for piece in found) if piece]


def unquoted(piece: str) -> str:
    """The id that ``quoted`` wrote."""
    if len(piece) > 1 and piece[0] == piece[-1] == '"':
        return piece[1:-1].replace('""', '"')
    return piece


def ids_text(ids: Iterable[str]) -> str:
    """Ids separated by ``;``; ``read_ids`` reads them."""
    return ";".join(map(quoted, ids))


def read_ids(text: str) -> tuple[str, ...]:
    """Ids separated by ``;``, sorted, each once."""
    return tuple(sorted({unquoted(piece) for piece in pieces(text, ";")}))


def together_text(sets: Iterable[Iterable[str]]) -> str:
    """Ids joined by ``+``, sets separated by ``;``; ``read_together`` reads them."""
    return ";".join("+".join(map(quoted, ids)) for ids in sets)


def read_together(text: str) -> tuple[tuple[str, ...], ...]:
    """Sets of ids that share their fate: ids joined by ``+``, sets separated by ``;``."""
    sets = (sorted({unquoted(piece) for piece in pieces(ids, "+")}) for ids in pieces(text, ";"))
    return tuple(sorted(tuple(ids) for ids in sets if ids))


IDS = Form(read_ids, ids_text, "ids separated by ;")
TOGETHER = Form(read_together, together_text, "ids joined by +, sets by ;")
