"""What is exported serves authors of other solvers: engines read it and find the same values, metadata are valid."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import highspy
import pytest
from engines_here import need
from fairbound.benchmarks.core.references import outside
from fairbound.benchmarks.core.references.library import export, solu
from fairbound.benchmarks.core.references.statistics import Statistics
from fairbound.benchmarks.core.references.table import (
    STATISTICS,
    Reference,
    find_reference,
    read_references,
    read_table,
    table_folder,
)
from fairbound.instances.core import question
from reference_tables import REFERENCE

SMALL = (
    "applicants-pool-n-40-1-tvd",
    "blocks-grid-n-9-k-2-1-dissimilarity",
    "cep-calpads33-threshold-0.40-reimbursement",
    "cep-district-n-8-meals-yes-1-rates-us48-2324-threshold-0.40-reimbursement",
    "classes-cohorts-regular-60-experimental-60-schools-2-1-epsilon-2-groups-race-moves",
    "designs-cohort-n-8-1-discrepancy",
    "grants-districts-n-8-functions-3-1-districts-3-effects-literature-pot-1000000-mean",
    "matching-cohorts-regular-60-experimental-60-schools-2-1-pairs",
    "scores-features-p-4-n-20-k-2-1-sparse_lad",
)
NONLINEAR = "transfers-planar-n-3-1-p-0.1-race"
ENGINES = ("scip", "glpk", "cpsat")


def rows() -> list[Reference]:
    known = read_references()
    return [find_reference(known, name) for name in (*SMALL, NONLINEAR)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("library")
    assert export(rows(), table_folder(), out) == []
    return out


def values(library: Path, file: str) -> dict[str, tuple[str, Fraction]]:
    lines = [line.split() for line in (library / file).read_text().splitlines()]
    return {name: (word, Fraction(value)) for word, name, value in lines if word != "=bestdual="}


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_read_the_models_and_find_the_values(library: Path, engine: str) -> None:
    need(engine)
    known = values(library, "library.solu")
    about = {line.row: line for line in read_table(library / STATISTICS, Statistics)}
    taken = [name for name in SMALL if outside.reads(engine, about[name])]
    assert len(taken) >= 3
    for name in taken if engine == "glpk" else taken[:3]:
        word, value = known[name]
        assert word == "=opt="
        said = outside.ask(engine, library / "models" / f"{name}.mps.gz", 20)
        assert said["status"] == "optimal", (name, said)
        assert said["primal"] == pytest.approx(float(value), rel=1e-6, abs=1e-9)


def test_highs_reads_models_and_starts(library: Path) -> None:
    known = values(library, "library.solu")
    for name in SMALL:
        engine = highspy.Highs()
        engine.setOptionValue("output_flag", False)
        engine.readModel(str(library / "models" / f"{name}.mps.gz"))
        assert engine.readSolution(str(library / "starts" / f"{name}.sol"), 0) != highspy.HighsStatus.kError
        found = engine.getSolution()
        point = found.col_value
        cost = engine.getLp().col_cost_
        value = sum(c * x for c, x in zip(cost, point, strict=True)) + engine.getLp().offset_
        assert value == pytest.approx(float(known[name][1]), rel=1e-9, abs=1e-9), name


def test_scip_takes_the_starts(library: Path) -> None:
    need("scip")
    from pyscipopt import Model

    for name in SMALL[:4]:
        model = Model()
        model.hideOutput()
        path = library / "model.mps"
        path.write_bytes(gzip.decompress((library / "models" / f"{name}.mps.gz").read_bytes()))
        model.readProblem(str(path))
        start = model.readSolFile(str(library / "starts" / f"{name}.sol"))
        assert model.addSol(start, free=False), name
        path.unlink()


@pytest.mark.filterwarnings("ignore")  # of what the validators' own libraries use
def test_metadata_are_valid(library: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    mlcroissant = pytest.importorskip("mlcroissant")
    report = frictionless.validate(str(library / "datapackage.json"))
    assert report.valid, report.flatten()[:5]
    data = mlcroissant.Dataset(jsonld=str(library / "croissant.json"))
    found = [record["references/name"].decode() for record in data.records("references")]
    assert sorted(found) == sorted(row.name for row in rows())


@pytest.mark.filterwarnings("ignore")
def test_wrong_metadata_are_found(library: Path, tmp_path: Path) -> None:
    """The validator looks at sizes, hashes, keys and patterns."""
    frictionless = pytest.importorskip("frictionless")
    package = json.loads((library / "datapackage.json").read_text())
    for change in (
        {"hash": "sha256:" + "0" * 64},
        {"bytes": 1},
        {"schema": {"fields": [{"name": "x", "type": "string"}]}},
    ):
        wrong = package | {"resources": [package["resources"][0] | change]}
        (library / "wrong.json").write_text(json.dumps(wrong))
        assert not frictionless.validate(str(library / "wrong.json")).valid, change
    (library / "wrong.json").unlink()


def test_instances_are_what_the_digest_is_taken_from(library: Path) -> None:
    for row in rows():
        raw = (library / "instances" / f"{row.digest}.json").read_bytes()
        assert hashlib.sha256(raw).hexdigest() == row.digest == question.load(row.instance, row.parameters).digest


def test_values_of_others_lines() -> None:
    """Exact rationals in the units of the file; a question that is not closed has two lines."""
    assert solu(REFERENCE, Fraction(-1, 10)) == [f"=best= {REFERENCE.name} -1000", f"=bestdual= {REFERENCE.name} -1100"]
    closed = replace(REFERENCE, primal_bound="1/3", dual_bound="1/3")
    assert solu(closed, Fraction(1)) == [f"=opt= {REFERENCE.name} 1/3"]
    assert solu(replace(REFERENCE, dual_bound=""), Fraction(1)) == [f"=best= {REFERENCE.name} 100"]


def test_the_same_library_is_the_same_bytes(library: Path, tmp_path: Path) -> None:
    export(rows()[:3], table_folder(), tmp_path)
    for path in (tmp_path / "models").iterdir():
        assert path.read_bytes() == (library / "models" / path.name).read_bytes()
