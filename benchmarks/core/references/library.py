"""The library as files for authors of other solvers: models, best values, solutions, instances, metadata.

::

    models/NAME.mps.gz      the model, or NAME.nl.gz where it is not linear
    starts/NAME.sol         the best solution by the model's columns
    solutions/NAME.csv      the same by the problem's own words
    instances/DIGEST.json   the instance's canonical form: what the digest is taken from
    certificates/NAME.json.gz
    library.solu            best values as exact rationals; library-decimal.solu the same with 17 digits
    references.csv ...      the tables
    datapackage.json, croissant.json, README.md
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.export import ZIPPED, Format, export_model
from fairbound.benchmarks.core.references import metadata
from fairbound.benchmarks.core.references.checking import absent, load
from fairbound.benchmarks.core.references.growing import is_own
from fairbound.benchmarks.core.references.models import Written, written
from fairbound.benchmarks.core.references.outside import Claim
from fairbound.benchmarks.core.references.statistics import Statistics
from fairbound.benchmarks.core.references.table import (
    CERTIFICATES,
    ENGINES,
    HISTORY,
    SOLUTIONS,
    STATISTICS,
    Reference,
    Replaced,
    packed,
    read_table,
)
from fairbound.instances.core import catalogue
from fairbound.instances.core.files import write_text
from fairbound.instances.core.tables import read_rows, write_csv
from fairbound.models.core.registry import find_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fairbound.models.core.problem import Instance

MODELS, STARTS, INSTANCES = "models", "starts", "instances"
EXACT, DECIMAL = "library.solu", "library-decimal.solu"
BEGIN = """# {name}

Exact, certified answers to questions of school equity, with their models: {rows} rows, {easy} easy, {hard} hard,
{open} open.

- `models/NAME.mps.gz`: free MPS, always minimised, names as in the documentation; `.nl.gz` where a question is not
  linear. The first lines tell instance, parameters, sense, unit and offset.
- `library.solu`: `=opt=` where both bounds are equal, else `=best=` and `=bestdual=`, in the units of the file's
  objective, as exact rationals `p/q`; `library-decimal.solu` has the nearest floats. The question's own value, in
  `references.csv`, is the `unit` in `statistics.csv` times that.
- Coefficients are floats with all their digits. Where data are not whole numbers an engine may be off in the last ones.
- `starts/NAME.sol`: the best solution by columns, as MIPLIB has them; HiGHS and SCIP read it.
- `solutions/NAME.csv`: the same in the problem's words.
- `certificates/NAME.json.gz`: the proof of the bound. `fairbound checker -o checker.pyz`, then
  `python checker.pyz FILE` replays it; one without `data` needs its instance: `fairbound verify FILE --instance NAME`.
- `instances/DIGEST.json`: the canonical form of an instance, whose sha256 is the digest.
- `engines.csv`: what engines of others claimed of these files. Claims, not facts.
- `datapackage.json`, `croissant.json`: columns, types, sizes and sha256 of the files.

To beat a row: `fairbound bench references --submit FILE --row NAME --name YOU`, FILE being a `.sol`, a `.csv` or a
certificate.
"""


def export(
    references: Sequence[Reference], folder: Path, out: Path, told: Callable[[str], None] = lambda _text: None
) -> list[str]:
    """Write the library; returns what was left out, and why.

    Parameters
    ----------
    folder
        Of the reference table.
    told
        Hears the name of each row when it is written.
    """
    left, kept, exact, decimal = [], [], [], []
    for reference in references:
        missing = absent(reference.instance)
        if missing:
            left.append(f"{reference.name}: {missing}")
            continue
        instance = load(reference)
        found = written(instance, reference.objective)
        _row(reference, instance, found, folder, out)
        if found is None:
            left.append(f"{reference.name}: no model file; its instance is there")
        else:
            lines = solu(reference, found.unit)
            exact += lines
            decimal += [_decimal(line) for line in lines]
        kept.append(reference)
        told(reference.name)
    write_text(out / EXACT, "\n".join(exact) + "\n")
    write_text(out / DECIMAL, "\n".join(decimal) + "\n")
    names = {reference.name for reference in kept}
    write_csv(out / "references.csv", [asdict(reference) | _about(reference) for reference in kept])
    others: tuple[tuple[str, type[Any]], ...] = ((ENGINES, Claim), (HISTORY, Replaced), (STATISTICS, Statistics))
    for file, kind in others:
        lines_of = [line for line in read_table(folder / file, kind) if line.row in names]
        if lines_of:
            write_csv(out / file, [asdict(line) for line in lines_of])
    counts = {word: sum(r.status == word for r in kept) for word in ("easy", "hard", "open")}
    write_text(out / "README.md", BEGIN.format(name=metadata.TITLE, rows=len(kept), **counts))
    metadata.write(out)
    return left


def _row(reference: Reference, instance: Instance, found: Written | None, folder: Path, out: Path) -> None:
    """The files of one row."""
    name = reference.name
    if is_own(reference.instance):
        text = json.dumps(instance.canonical(), sort_keys=True, separators=(",", ":"))
        write_text(out / INSTANCES / f"{instance.digest}.json", text)
    for room, file in ((SOLUTIONS, reference.solution), (CERTIFICATES, reference.certificate)):
        if file:
            (out / room).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / room / file, out / room / file)
    if found is None or not reference.solution:
        return
    problem = find_problem(reference.problem)
    rows = [row for _, row in read_rows(folder / SOLUTIONS / reference.solution)[1]]
    start = (problem.read_solution(instance, rows), out / STARTS / f"{name}.sol")
    path = out / MODELS / f"{name}.{found.kind.value}"
    linear = found.kind is Format.MPS
    export_model(
        found.formulation, instance, reference.objective, path.with_name(path.name + ZIPPED) if linear else path,
        found.kind, start=start if linear else None, minimized=True,
    )  # fmt: skip
    if not linear:
        path.with_name(path.name + ZIPPED).write_bytes(packed(path.read_text(encoding="utf-8")))
        path.unlink()


def _about(reference: Reference) -> dict[str, str]:
    """What else a reader of the table must know: name, sense, unit, origin, licence."""
    made, asked = catalogue.generated(reference.instance), reference.asked
    entry = None if made is not None else catalogue.find_entry(reference.instance)
    return {
        "name": reference.name,
        "sense": asked.sense.value,
        "unit": asked.unit,
        "origin": made.origin if made is not None else "" if entry is None else entry.origin,
        "licence": "MIT" if entry is None else entry.licence,
    }


def solu(reference: Reference, unit: Fraction) -> list[str]:
    """Lines of a ``.solu`` file for a row: ``=opt=`` only where both bounds are equal."""
    primal = reference.primal / unit
    if reference.dual == reference.primal:
        return [f"=opt= {reference.name} {primal}"]
    lines = [f"=best= {reference.name} {primal}"]
    if reference.dual is not None:
        lines.append(f"=bestdual= {reference.name} {reference.dual / unit}")
    return lines


def _decimal(line: str) -> str:
    """The same with the nearest float as its value."""
    word, name, value = line.split()
    return f"{word} {name} {float(Fraction(value))!r}"
