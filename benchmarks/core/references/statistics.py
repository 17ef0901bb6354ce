"""Statistics of the models of rows: sizes, how far coefficients lie apart, what the linear relaxation leaves open."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from fairbound.benchmarks.core.export import Format, export_model
from fairbound.benchmarks.core.references.models import Written, written
from fairbound.solvers.core.result import Settings, Termination, relative_gap
from fairbound.solvers.engines import model as engines

if TYPE_CHECKING:
    from fairbound.benchmarks.core.references.checking import Check
    from fairbound.models.core.problem import Instance

RELAXATION_SECONDS = 60.0


@dataclass(frozen=True)
class Statistics:
    """The model of a row, as text.

    Attributes
    ----------
    formulation, file
        Which formulation is written, and as what: ``mps`` or ``nl``; all is empty where none states the question.
    unit
        The question's value is so many times the objective of the file; an exact rational.
    columns, integers, rows, nonzeros
        Of the file; a quadratic objective is not counted.
    least, largest
        Smallest and largest absolute coefficient of the rows; empty for NL.
    relaxation, gap
        Value of the linear relaxation, a float of HiGHS and no proof, and its distance from the row's primal bound as a
        share of that; empty where it was not found within a minute, and for NL.
    check
        Seconds that a check of the row took.
    """

    row: str
    formulation: str
    file: str
    unit: str
    columns: str
    integers: str
    rows: str
    nonzeros: str
    least: str
    largest: str
    relaxation: str
    gap: str
    check: str


def measure(instance: Instance, checked: Check) -> Statistics:
    """Build and measure the model of a row that was checked."""
    reference = checked.reference
    found = written(instance, reference.objective)
    if found is None:
        nothing = {field.name: "" for field in fields(Statistics)}
        return Statistics(**{**nothing, "row": reference.name, "check": f"{checked.seconds:.2f}"})
    columns, integers, rows, nonzeros = _sizes(found, instance, reference.objective)
    least = largest = relaxation = gap = ""
    if found.program is not None:
        values = np.abs(found.program.A.data)
        values = values[values > 0]
        if len(values):
            least, largest = f"{values.min():.6g}", f"{values.max():.6g}"
        relaxed = found.formulation.build(instance, reference.objective, relaxed=True)
        ran = engines.solve(relaxed, Settings(time_limit=RELAXATION_SECONDS))
        if ran.termination is Termination.FINISHED and ran.dual is not None:
            relaxation = repr(ran.dual)
            share = relative_gap(reference.primal, Fraction(ran.dual))
            gap = "" if share is None else f"{share:.6g}"
    return Statistics(
        row=reference.name,
        formulation=found.formulation.name,
        file=found.kind.value,
        unit=str(found.unit),
        columns=str(columns),
        integers=str(integers),
        rows=str(rows),
        nonzeros=str(nonzeros),
        least=least,
        largest=largest,
        relaxation=relaxation,
        gap=gap,
        check=f"{checked.seconds:.2f}",
    )


def _sizes(found: Written, instance: Instance, objective: str) -> tuple[int, int, int, int]:
    """Columns, integers, rows and nonzeros; those of an NL file stand in its head."""
    if found.program is not None:
        size = found.program.size
        return size.columns, size.integers, size.rows, size.nonzeros
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.nl"
        export_model(found.formulation, instance, objective, path, Format.NL)
        with path.open(encoding="utf-8", errors="replace") as file:
            head = [[int(word) for word in line.split("#")[0].split() if word.lstrip("-").isdigit()]
                    for line, _ in zip(file, range(10), strict=False)]  # fmt: skip
    # Lines 2, 7 and 8 of the format: columns and rows; binary and integer columns; nonzeros of rows.
    return head[1][0], sum(head[6]), head[1][1], head[7][0]
