"""What every checker begins with: numbers and files that cannot hurt, and data that is that of its digest."""

import gc
import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import isfinite, lcm
from typing import Any

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?|[+-]?\d+/\d+")
LONGEST, LARGEST_FILE = 1000, 64 * 2**20
"""Characters of a number, and bytes of a file, unpacked: more only costs time."""
MOST_BITS = 20_000
"""Of a common denominator: sums of a file's numbers have one, and no counts or money have such a long one."""


class Rejected(Exception):
    """The certificate proves nothing; the text says where it fails."""


def rational(value: Any) -> Fraction:
    """A number of the file, exactly; raises ``ValueError`` for one that is none or too long."""
    if type(value) is str and len(value) <= LONGEST and value.isascii():
        whole, point, part = value.partition(".")
        if whole.isdigit() and (not point or part.isdigit()):  # nearly all of the numbers of a file
            return Fraction(int(whole + part), 10 ** len(part))
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if isinstance(value, float) and isfinite(value):
        return Fraction(value)
    if len(text) > LONGEST or not NUMBER.fullmatch(text):
        raise ValueError(f"no number, or one that is too long: {text[:40]!r}")
    return Fraction(text)


def read(path: str) -> Any:
    """The JSON document of a regular file of bearable size, gzipped or not; raises ``Rejected``."""
    if not os.path.isfile(path) or os.path.getsize(path) > LARGEST_FILE:
        raise Rejected(f"not a file of at most {LARGEST_FILE >> 20} MiB")
    try:
        with open(path, "rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else open(path, "rb") as content:
            text = content.read(LARGEST_FILE + 1)
        if len(text) > LARGEST_FILE:
            raise Rejected(f"more than {LARGEST_FILE >> 20} MiB when unpacked")
        return json.loads(text.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, OSError, EOFError, RecursionError) as error:
        raise Rejected(f"it is no JSON that can be read: {type(error).__name__}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object each of whose names stands once: of two, a reader might see the one and a checker take the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Rejected("a name stands twice in an object")
    return found


def denominator(numbers: Iterable[int]) -> int:
    """The least that all of these denominators divide; raises ``Rejected`` where nobody has time to reckon with it."""
    common = 1
    for number in numbers:
        common = lcm(common, number)
        if common.bit_length() > MOST_BITS:
            raise Rejected(f"fractions whose common denominator has more than {MOST_BITS} bits")
    return common


def sealed(document: dict[str, Any], digest: str | None) -> None:
    """Raise ``Rejected`` unless the data is that of the digest, and the digest the one that is meant, if given."""
    text = json.dumps(document["data"], sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(text.encode()).hexdigest() != document["digest"]:
        raise Rejected("the data is not that of the digest")
    if digest not in (None, document["digest"]):
        raise Rejected("the certificate belongs to another instance")


UNREADABLE = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a document of another shape runs into; a checker answers all of them with ``Rejected``."""


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: a replay makes no cycles, and each collection would walk all that it holds."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def pieces(text: str, sign: str) -> list[str]:
    """Split a parameter's ids at a sign outside double quotes."""
    found = re.findall(rf'((?:[^"{sign}]|"[^"]*")+)', text)
    return [piece.strip() for piece in found if piece.strip()]


def identifier(piece: str) -> str:
    """The id itself: without the quotes around it, and those inside single again."""
    return piece[1:-1].replace('""', '"') if len(piece) > 1 and piece[0] == piece[-1] == '"' else piece
