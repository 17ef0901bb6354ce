"""Certificates of every problem: which checker replays a format, and what a bound that it confirms is worth.

``solvers/<problem>/certificate.py`` says FORMAT, LEVEL and CHECKER, and names in MORE the modules that say so of
further formats. The checkers themselves use the standard
library alone and import nothing from here.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairbound.models import PROBLEMS
from fairbound.solvers import checker
from fairbound.solvers.proofs import certificate as trees
from fairbound.solvers.proofs import staged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from fairbound.models.core.problem import Instance
    from fairbound.solvers.core.bound import Level


DATA = "data"
"""The part of a certificate that holds the instance."""


class Rejected(Exception):
    """The certificate proves nothing; the text says why."""


@dataclass(frozen=True)
class Kind:
    """One format of certificates.

    Attributes
    ----------
    level
        What a bound is worth that the checker confirms.
    module
        The problem's ``certificate.py``.
    """

    format: str
    problem: str
    level: Level
    module: Any


@cache
def kinds() -> dict[str, Kind]:
    """Every format that a problem has, by its name."""
    found = {module.FORMAT: Kind(module.FORMAT, "", module.LEVEL, module) for module in (trees, staged)}
    for problem in PROBLEMS:
        name = f"fairbound.solvers.{problem}.certificate"
        if find_spec(name) is not None:
            module = import_module(name)
            for each in (module, *getattr(module, "MORE", ())):
                found[each.FORMAT] = Kind(each.FORMAT, problem, each.LEVEL, each)
    return found


def kind_of(document: Mapping[str, Any]) -> Kind:
    """The format of a certificate; raises ``Rejected`` for an unknown one."""
    found = document.get("format")
    if not isinstance(found, str) or found not in kinds():
        raise Rejected(f"unknown format {found!r}, wanted one of {', '.join(sorted(kinds()))}")
    return kinds()[found]


def whole(document: Mapping[str, Any], instance: Instance) -> dict[str, Any]:
    """A certificate with the instance in it, where that was left out because the data is not to be passed on."""
    if DATA in document:
        return dict(document)
    # By way of text, so that it is what a file would hold.
    return {DATA: json.loads(json.dumps(instance.canonical())), **document}


def verify(document: Mapping[str, Any], digest: str | None = None) -> tuple[Fraction, Level]:
    """Replay a certificate: the bound that it proves, and what that is worth.

    Parameters
    ----------
    digest
        The instance that is meant; without it the proof is about the data inside.

    Raises
    ------
    Rejected
        If any step of the proof fails, or it is about another instance.
    """
    kind = kind_of(document)
    module = kind.module.CHECKER
    try:
        return module.check(dict(document), digest), kind.level
    except module.Rejected as reason:
        raise Rejected(str(reason)) from None


def auditor_rows(instance: Instance, objective: str, document: Mapping[str, Any]) -> list[dict[str, str]]:
    """The proof as a table that an auditor adds up; empty where it is not of that kind."""
    module = kinds()[document["format"]].module
    return list(module.auditor_rows(instance, objective, document)) if hasattr(module, "auditor_rows") else []


def write_checker(path: Path) -> None:
    """Write the checkers as a zip file that Python runs (``python FILE CERTIFICATE``); they import nothing else."""
    room = Path(checker.__file__).parent
    with zipfile.ZipFile(path, "w") as archive:

        def put(name: str, text: str) -> None:
            # A fixed date, so that the same checkers are the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)

        for file in sorted(room.rglob("*.py")):
            name = file.relative_to(room).as_posix()
            put(f"fairbound/solvers/checker/{name}", file.read_text(encoding="utf-8"))
        for package in ("fairbound", "fairbound/solvers"):
            put(f"{package}/__init__.py", "")
        start = "import sys\n\nfrom fairbound.solvers.checker.__main__ import main\n\nsys.exit(main(sys.argv[1:]))\n"
        put("__main__.py", start)
