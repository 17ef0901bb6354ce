"""``fairbound bundle``: an answer with all that a stranger needs to check it, Python alone excepted."""

from __future__ import annotations

import hashlib
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

import fairbound
from fairbound.cli.screen import console
from fairbound.instances.core.files import read_json, write_text, written_whole
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.models.core.text import clean
from fairbound.solvers.core import certificates

EXACT = re.compile(r"-?\d+(/0*[1-9]\d*)?")
HOW_TO = """# How to check this answer

Nothing but Python 3.11 or newer is needed, and nothing is installed.

    python checker.pyz certificate.json {digest}

says "accepted" and the bound, or "rejected" and why. It recomputes everything from the data inside the file; the
long number names the instance that is meant.

    sha256sum -c manifest.sha256

says whether a file was changed since it was written.

| file | what it is |
| --- | --- |
| `result.json` | the answer, as it says of itself: {status}, {objective} {value} |
| `solution.csv` | the plan |
| `instance.json` | the data, as the digest is taken from them |
| `certificate.json` | the proof that nothing is better than {bound} ({level}): format {format} |
| `checker.pyz` | the checkers of fairbound {version}, a zip file of plain Python |
"""


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("bundle")(bundle)


def bundle(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", file_okay=False, help="What [b]fairbound solve --out DIR[/b] has written.")
    ],
) -> None:
    """Add to an answer the checker, the instance, sums of all files and a page that says how to check it.

    The folder can then be verified on another machine with nothing but Python. An answer without a
    certificate is refused: there would be nothing to check; and so is a certificate of another
    objective, or one that proves that there is no such answer.
    """
    result, certificate = (_document(folder / name) for name in ("result.json", "certificate.json"))
    try:
        bound, level = certificates.verify(certificate, result["digest"])
    except certificates.Rejected as reason:
        raise InputError("certificate rejected", file=str(folder / "certificate.json"), found=str(reason)) from None
    _agree(result, certificate, bound, folder / "result.json")
    write_text(folder / "instance.json", json.dumps(certificate["data"], indent=1, sort_keys=True) + "\n")
    with written_whole(folder / "checker.pyz") as part:
        certificates.write_checker(part)
    words = {
        "digest": result["digest"],
        "status": clean(str(result.get("status"))),
        "objective": result["objective"],
        "value": result["primal_bound"],
        "bound": bound,
        "level": level.value,
        "format": certificate["format"],
        "version": fairbound.__version__,
    }
    write_text(folder / "HOW_TO_CHECK.md", HOW_TO.format(**words))
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.sha256")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}" for path in files]
    write_text(folder / "manifest.sha256", "\n".join(sums) + "\n")
    console().print(f"bundled: {folder}/, {len(files)} files; see {folder / 'HOW_TO_CHECK.md'}", soft_wrap=True)


def _agree(result: dict[str, Any], certificate: dict[str, Any], bound: Fraction, file: Path) -> None:
    """Raise ``InputError`` unless an answer is one to the question of its certificate, and no better than its bound."""
    objective = certificate["objective"]
    if result.get("objective") != objective:
        raise InputError(
            "objective of another certificate", file=str(file), found=result.get("objective"), wanted=objective
        )
    stated = result.get("primal_bound")
    if stated is not None and not EXACT.fullmatch(str(stated)):
        raise InputError("primal_bound", file=str(file), found=stated, wanted="a whole number or p/q")
    value = None if stated is None else Fraction(stated)
    goal = find_problem(certificate["data"]["problem"]).objective(objective.rpartition(",")[2])
    if value is not None and goal.sense.improves(value, bound):
        raise InputError("an answer better than what the certificate proves", file=str(file), found=value, wanted=bound)


def _document(path: Path) -> dict[str, Any]:
    """A JSON object of the folder; raises ``InputError``."""
    if not path.is_file():
        raise InputError(
            "no such file", file=str(path), wanted="a folder that solve --out has written, certificate included"
        )
    document = read_json(path)
    if not isinstance(document, dict) or "digest" not in document:
        raise InputError("not an answer of this program", file=str(path))
    return document
