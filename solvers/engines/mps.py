"""A program as a free MPS file: every float with all its digits, always minimised, no ranges, every bound written.

Readers differ in what they take for granted (bounds of integer columns, ranges, a sense), so nothing is left to them.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fairbound.solvers.engines.base import Program


def write(program: Program, path: Path, name: str = "program", comments: Sequence[str] = ()) -> None:
    """Write a linear program; columns are ``x0``, ``x1``, ..., and the objective leaves its offset out.

    A program that maximises is written with its costs negated: the least cost is minus the value.
    """
    with path.open("w", encoding="ascii", errors="replace") as file:
        file.writelines(f"* {comment}\n" for comment in comments)
        _write(program, file, name)


@contextmanager
def written(program: Program) -> Iterator[str]:
    """While inside, the path of a file that holds the program."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.mps"
        write(program, path)
        yield str(path)


def _write(program: Program, file: TextIO, name: str) -> None:
    sides = _sides(program)
    file.write(f"NAME {name}\nROWS\n N cost\n")
    file.writelines(f" {kind} r{k}\n" for k, (_, kind, _) in enumerate(sides))
    placed: dict[int, list[int]] = {}
    for k, (row, _, _) in enumerate(sides):
        placed.setdefault(row, []).append(k)
    costs = -program.c if program.maximize else program.c
    rows = np.repeat(np.arange(len(program.A.indptr) - 1), np.diff(program.A.indptr))
    order = np.argsort(program.A.indices, kind="stable")  # by column, rows in their order
    entries = zip(rows[order].tolist(), program.A.data[order].tolist(), strict=True)
    count = np.bincount(program.A.indices, minlength=len(costs)).tolist()
    file.write("COLUMNS\n")
    inside = False
    for j in range(len(costs)):
        whole = bool(program.integrality[j])
        if whole is not inside:
            file.write(f" MARK 'MARKER' '{'INTORG' if whole else 'INTEND'}'\n")
            inside = whole
        file.write(f" x{j} cost {float(costs[j])!r}\n")
        for row, value in islice(entries, count[j]):
            if value:
                file.writelines(f" x{j} r{k} {value!r}\n" for k in placed.get(row, ()))
    if inside:
        file.write(" MARK 'MARKER' 'INTEND'\n")
    file.write("RHS\n")
    file.writelines(f" RHS r{k} {right!r}\n" for k, (_, _, right) in enumerate(sides) if right)
    file.write("BOUNDS\n")
    for j, (low, high) in enumerate(zip(program.column_lower.tolist(), program.column_upper.tolist(), strict=True)):
        if low == high:
            file.write(f" FX BND x{j} {low!r}\n")
            continue
        if np.isinf(low) and np.isinf(high):
            file.write(f" FR BND x{j}\n")
            continue
        file.write(f" MI BND x{j}\n" if np.isinf(low) else f" LO BND x{j} {low!r}\n")
        file.write(f" PL BND x{j}\n" if np.isinf(high) else f" UP BND x{j} {high!r}\n")
    file.write("ENDATA\n")


def _sides(program: Program) -> list[tuple[int, str, float]]:
    """Each row once for each side that it has: row, kind and right-hand side. A range would be rounded again."""
    sides = []
    for row, (low, high) in enumerate(zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)):
        if low == high:
            sides.append((row, "E", low))
            continue
        if np.isfinite(low):
            sides.append((row, "G", low))
        if np.isfinite(high):
            sides.append((row, "L", high))
    return sides
