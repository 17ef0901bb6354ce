"""``fairbound bundle``: an answer with all that a stranger needs to check it, Python alone excepted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

import fairbound
from fairbound.cli.screen import console
from fairbound.instances.core.files import read_json, write_text
from fairbound.models.core.errors import InputError
from fairbound.solvers.core import certificates

HOW_TO = """# How to check this answer

Nothing but Python 3.10 or newer is needed, and nothing is installed.

    python checker.pyz certificate.json {digest}

says "accepted" and the bound, or "rejected" and why. It recomputes everything from the data inside the file; the
long number names the instance that is meant.

    sha256sum -c manifest.sha256

says whether a file was changed since it was written.

| file | what it is |
| --- | --- |
| `result.json` | the answer: {status}, {objective} {value}, bound {bound} |
| `solution.csv` | the plan |
| `instance.json` | the data, as the digest is taken from them |
| `certificate.json` | the proof: format {format} |
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
    certificate is refused: there would be nothing to check.
    """
    result, certificate = (_document(folder / name) for name in ("result.json", "certificate.json"))
    try:
        bound, _ = certificates.verify(certificate, result["digest"])
    except certificates.Rejected as reason:
        raise InputError("certificate rejected", file=str(folder / "certificate.json"), found=str(reason)) from None
    write_text(folder / "instance.json", json.dumps(certificate["data"], indent=1, sort_keys=True) + "\n")
    certificates.write_checker(folder / "checker.pyz")
    words = {
        "digest": result["digest"],
        "status": f"{result['status']} ({result['level']})",
        "objective": result["objective"],
        "value": result["primal_bound"],
        "bound": bound,
        "format": certificate["format"],
        "version": fairbound.__version__,
    }
    write_text(folder / "HOW_TO_CHECK.md", HOW_TO.format(**words))
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.sha256")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}" for path in files]
    write_text(folder / "manifest.sha256", "\n".join(sums) + "\n")
    console().print(f"bundled: {folder}/, {len(files)} files; see {folder / 'HOW_TO_CHECK.md'}", soft_wrap=True)


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
