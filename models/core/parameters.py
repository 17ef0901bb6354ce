"""Read the values of ``--set``: what the parameters of several problems have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction


def read_number(name: str, text: str, wanted: str) -> Fraction:
    """An exact number; raises ``InputError`` that names the parameter."""
    try:
        return parse_number(text)
    except ValueError:
        raise InputError(f"parameter {name}", found=text, wanted=wanted) from None


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
