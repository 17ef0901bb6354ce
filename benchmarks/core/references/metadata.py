"""Metadata of the exported library: a Frictionless data package, and Croissant for search engines and loaders of data.

Sources: Data Package (specs.frictionlessdata.io) and Croissant 1.0 (mlcommons.org/croissant).
"""

from __future__ import annotations

import json
from dataclasses import fields
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.references.outside import Claim
from fairbound.benchmarks.core.references.statistics import Statistics
from fairbound.benchmarks.core.references.table import ENGINES, HISTORY, STATISTICS, Reference, Replaced
from fairbound.instances.core.files import write_text
from fairbound.instances.core.tables import read_rows

if TYPE_CHECKING:
    from pathlib import Path

NAME, TITLE = "fairbound-references", "fairbound reference library"
ABOUT = "Exact, certified answers to questions of school equity, with the models, for authors of solvers."
EXACT_NUMBER = r"-?[0-9]+(/[0-9]+)?"
ABOUT_ROWS = ("name", "sense", "unit", "origin", "licence")
TABLES: dict[str, tuple[str, ...]] = {
    "references.csv": (*(field.name for field in fields(Reference)), *ABOUT_ROWS),
    STATISTICS: tuple(field.name for field in fields(Statistics)),
    ENGINES: tuple(field.name for field in fields(Claim)),
    HISTORY: tuple(field.name for field in fields(Replaced)),
}
KEYS = {"references.csv": "name", STATISTICS: "row"}
WHOLE = ("columns", "integers", "rows", "nonzeros")
NUMBERS = ("seconds", "least", "largest", "relaxation", "gap", "check", "limit", "primal", "dual")
EXACT = ("primal_bound", "dual_bound")
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that Croissant 1.0 prescribes."""
LICENCE = {"name": "MIT", "path": "https://opensource.org/license/mit", "title": "MIT License"}
FORMATS = {".gz": "application/gzip", ".solu": "text/plain"}


def write(folder: Path) -> None:
    """Write both files beside an exported library."""
    tables = [name for name in TABLES if (folder / name).is_file()]
    others = sorted(path.relative_to(folder).as_posix() for path in (*folder.glob("models/*"), *folder.glob("*.solu")))
    write_text(folder / "datapackage.json", json.dumps(_package(folder, tables, others), indent=1) + "\n")
    write_text(folder / "croissant.json", json.dumps(_croissant(folder, tables, others), indent=1) + "\n")


def _file(folder: Path, name: str) -> tuple[int, str]:
    raw = (folder / name).read_bytes()
    return len(raw), sha256(raw).hexdigest()


def _name(file: str) -> str:
    """A file as a resource's name: small letters, digits, dots and hyphens."""
    return "".join(sign if sign.isalnum() or sign in ".-" else "-" for sign in file.lower())


def _package(folder: Path, tables: list[str], others: list[str]) -> dict[str, Any]:
    """The data package; every column has a type, exact rationals a pattern."""
    resources: list[dict[str, Any]] = []
    for name in tables:
        size, digest = _file(folder, name)
        schema: dict[str, Any] = {"fields": [_field(name, column) for column in TABLES[name]], "missingValues": [""]}
        if name in KEYS:
            schema["primaryKey"] = [KEYS[name]]
        else:
            schema["foreignKeys"] = [{"fields": ["row"], "reference": {"resource": "references", "fields": ["name"]}}]
        resources.append(
            {"name": name.removesuffix(".csv"), "path": name, "type": "table", "format": "csv", "mediatype": "text/csv",
             "encoding": "utf-8", "bytes": size, "hash": f"sha256:{digest}", "schema": schema}
        )  # fmt: skip
    for name in others:
        size, digest = _file(folder, name)
        resources.append({"name": _name(name), "path": name, "bytes": size, "hash": f"sha256:{digest}"})
    return {
        "name": NAME,
        "title": TITLE,
        "description": ABOUT,
        "version": version("fairbound"),
        "licenses": [LICENCE],
        "resources": resources,
    }


def _field(table: str, column: str) -> dict[str, Any]:
    if column in EXACT or (table == STATISTICS and column == "unit"):
        return {"name": column, "type": "string", "constraints": {"pattern": EXACT_NUMBER}}
    if column in ("date", "replaced"):
        return {"name": column, "type": "date"}
    kind = "integer" if column in WHOLE else "number" if column in NUMBERS else "string"
    return {"name": column, "type": kind}


def _croissant(folder: Path, tables: list[str], others: list[str]) -> dict[str, Any]:
    """The same for Croissant; numbers that may be absent are text there."""
    kinds = {"number": "sc:Text", "integer": "sc:Text", "string": "sc:Text", "date": "sc:Date"}
    files = [
        {
            "@type": "cr:FileObject",
            "@id": name,
            "name": _name(name),
            "contentUrl": name,
            "encodingFormat": _format(name),
            "sha256": _file(folder, name)[1],
        }
        for name in (*tables, *others)
    ]
    sets = [
        {
            "@type": "cr:RecordSet",
            "@id": (stem := name.removesuffix(".csv")),
            "name": stem,
            "field": [
                {
                    "@type": "cr:Field",
                    "@id": f"{stem}/{column}",
                    "name": column,
                    "description": column.replace("_", " "),
                    "dataType": kinds[_field(name, column)["type"]],
                    "source": {"fileObject": {"@id": name}, "extract": {"column": column}},
                }
                for column in TABLES[name]
            ],
        }
        for name in tables
    ]
    _, rows = read_rows(folder / "references.csv")
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": NAME,
        "description": ABOUT,
        "license": LICENCE["path"],
        "url": "README.md",  # beside it: the library has no address of its own
        "version": version("fairbound"),
        "datePublished": max((row["date"] for _, row in rows), default="2026-01-01"),
        "citeAs": f"{TITLE}, version {version('fairbound')}",
        "distribution": files,
        "recordSet": sets,
    }


def _format(name: str) -> str:
    return next((kind for ending, kind in FORMATS.items() if name.endswith(ending)), "text/csv")
