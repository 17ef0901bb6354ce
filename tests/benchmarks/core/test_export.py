"""Every formulation as MPS, LP and NL: another engine reads the file and finds the same optimum."""

from __future__ import annotations

import gzip
import importlib.util
import os
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import highspy
import pytest
from engines_here import need
from fairbound.benchmarks.cep.tiny import make
from fairbound.benchmarks.core.export import Format, export_model, format_of, read_sol
from fairbound.benchmarks.transfers.tiny import PLAIN
from fairbound.instances.cep.sources import calpads33
from fairbound.models.cep import PROBLEM, CepInstance
from fairbound.models.core.errors import InputError
from fairbound.models.transfers import PROBLEM as TRANSFERS
from fairbound.solvers.core.result import Settings
from fairbound.solvers.engines.model import solve as solve_model

from fairbound import api

TINY = make("tiny", [(100, 60), (80, 20), (50, 25), (120, 10)])
scip = pytest.mark.skipif(importlib.util.find_spec("pyscipopt") is None, reason="SCIP (pyscipopt) is not installed")
CASES = [("membership", calpads33())] + [
    (formulation.name, TINY)
    for formulation in PROBLEM.formulations
    if formulation.refuses(TINY, "reimbursement") is None
]
named = pytest.mark.parametrize(("formulation", "instance"), CASES, ids=lambda case: getattr(case, "name", case))


def optimum(formulation: str, instance: CepInstance) -> float:
    """The optimum of the model itself; a restriction's solution may be worth more than its model says."""
    outcome = solve_model(PROBLEM.formulation(formulation).build(instance, "reimbursement"), Settings())
    assert outcome.primal is not None
    return outcome.primal


def highs_reads(path: Path) -> float:
    """HiGHS's own readers, not the arrays that the engine gets."""
    reader = highspy.Highs()
    reader.setOptionValue("output_flag", False)
    reader.setOptionValue("mip_rel_gap", 0.0)
    assert reader.readModel(str(path)) == highspy.HighsStatus.kOk
    reader.run()
    assert reader.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(reader.getInfo().objective_function_value)


def scip_reads(path: Path) -> float:
    import pyscipopt

    model = pyscipopt.Model()
    model.hideOutput()
    model.readProblem(str(path))
    model.optimize()
    assert model.getStatus() == "optimal"
    return float(model.getObjVal())


def write(formulation: str, instance: CepInstance, path: Path, **options: bool) -> list[Path]:
    return export_model(PROBLEM.formulation(formulation), instance, "reimbursement", path, format_of(path), **options)


@named
@pytest.mark.parametrize("kind", [Format.MPS, Format.LP])
def test_highs_reads_the_same_problem(formulation: str, instance: CepInstance, kind: Format, tmp_path: Path) -> None:
    [path] = write(formulation, instance, tmp_path / f"model.{kind}")
    assert highs_reads(path) == pytest.approx(optimum(formulation, instance), rel=1e-9)


@scip
@named
@pytest.mark.parametrize("kind", list(Format))
def test_scip_reads_the_same_problem(formulation: str, instance: CepInstance, kind: Format, tmp_path: Path) -> None:
    path = write(formulation, instance, tmp_path / f"model.{kind}")[0]
    assert scip_reads(path) == pytest.approx(optimum(formulation, instance), rel=1e-9)


def test_names_are_those_of_the_documentation(tmp_path: Path) -> None:
    for kind in (Format.MPS, Format.LP):
        text = write("membership", TINY, tmp_path / f"model.{kind}")[0].read_text()
        for name in ("x(s1_group)", "z(group)", "eq4_claim_identified(group)", "eq6_threshold(group)"):
            assert name in text
    files = write("membership", TINY, tmp_path / "model.nl")
    assert [file.suffix for file in files] == [".nl", ".col", ".row"]
    assert set(files[1].read_text().split("\n")) >= {"z[group]", "x[s1,group]"}
    assert "eq6_threshold[group]" in files[2].read_text().split("\n")


def test_ids_that_look_alike_stay_apart(tmp_path: Path) -> None:
    ids = ("a b", "a_b", "a-b", "a(b", "ä", "1e5")
    counts = [(100, 60), (80, 20), (50, 25), (120, 10), (70, 40), (90, 30)]
    pairs = zip(make("six", counts).schools, ids, strict=True)
    schools = tuple(replace(school, id=name) for school, name in pairs)
    instance = replace(TINY, schools=schools)
    for kind in (Format.MPS, Format.LP):
        [path] = write("membership", instance, tmp_path / f"model.{kind}")
        assert highs_reads(path) == pytest.approx(optimum("membership", instance), rel=1e-9)


def test_the_relaxation_has_no_integers(tmp_path: Path) -> None:
    [path] = write("membership", calpads33(), tmp_path / "model.mps", relaxed=True)
    assert highs_reads(path) == pytest.approx(17693.6, abs=0.1)
    assert "MARKER" not in path.read_text()


def test_the_same_model_gives_the_same_file(tmp_path: Path) -> None:
    one, other = (write("levels", TINY, tmp_path / name / "model.lp")[0] for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["model.lp"]


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too many subsets"):
        write("set_partitioning", calpads33(), tmp_path / "model.lp")
    with pytest.raises(InputError, match="found 'txt', wanted mps, lp or nl"):
        format_of(Path("model.txt"))
    assert format_of(Path("model"), "LP") is Format.LP
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file" / "model.mps", tmp_path / f"{'x' * 300}.lp"):
        with pytest.raises(InputError, match="cannot be written"):
            write("membership", TINY, path)
    os.mkfifo(tmp_path / "pipe.mps")
    with pytest.raises(InputError, match="found 'a pipe'"):
        write("membership", TINY, tmp_path / "pipe.mps")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipe.mps"]


BEYOND = [("composition_nlp", "race"), ("squared_ratios", "race"), ("weighted_conic", "race_weighted")]


@pytest.mark.parametrize(("formulation", "objective"), BEYOND)
def test_a_model_beyond_the_default_engine_is_written_as_nl(formulation: str, objective: str, tmp_path: Path) -> None:
    chosen = TRANSFERS.formulation(formulation)
    files = export_model(chosen, PLAIN, objective, tmp_path / "model.nl", Format.NL)
    assert [file.suffix for file in files] == [".nl", ".col", ".row"]
    assert any(name.startswith("x[") for name in files[1].read_text().split("\n"))
    with pytest.raises(InputError, match=f"formulation {formulation} does not fit mps: .*wanted nl"):
        export_model(chosen, PLAIN, objective, tmp_path / "model.mps", Format.MPS)
    with pytest.raises(InputError, match=f"method {formulation} refuses two: .*beyond HiGHS"):
        api.solve(PLAIN, objective=objective, method=formulation)


@scip
@pytest.mark.parametrize(("formulation", "objective"), BEYOND)
def test_scip_reads_the_nonlinear_problem(formulation: str, objective: str, tmp_path: Path) -> None:
    files = export_model(TRANSFERS.formulation(formulation), PLAIN, objective, tmp_path / "model.nl", Format.NL)
    best = api.solve(PLAIN, objective=objective).primal_bound
    assert best is not None
    assert scip_reads(files[0]) == pytest.approx(float(best), rel=1e-3)


def test_a_question_that_a_formulation_cannot_state_is_still_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it states race, not race_l1"):
        export_model(TRANSFERS.formulation("squared_ratios"), PLAIN, "race_l1", tmp_path / "model.nl", Format.NL)


def highs_solves(path: Path, sol: Path) -> None:
    reader = highspy.Highs()
    reader.setOptionValue("output_flag", False)
    reader.setOptionValue("mip_rel_gap", 0.0)
    assert reader.readModel(str(path)) == highspy.HighsStatus.kOk
    reader.run()
    reader.writeSolution(str(sol), 0)


def scip_solves(path: Path, sol: Path) -> None:
    pyscipopt = pytest.importorskip("pyscipopt", reason="SCIP is not installed")
    model = pyscipopt.Model()
    model.hideOutput()
    model.readProblem(str(path))
    model.optimize()
    model.writeBestSol(str(sol))


def gurobi_solves(path: Path, sol: Path) -> None:
    need("gurobi")
    import gurobipy

    environment = gurobipy.Env(params={"OutputFlag": 0})
    model = gurobipy.read(str(path), env=environment)
    model.optimize()
    model.write(str(sol))


@pytest.mark.parametrize("engine", [highs_solves, scip_solves, gurobi_solves])
def test_solution_files_of_engines_are_read(engine: Callable[[Path, Path], None], tmp_path: Path) -> None:
    """What an engine makes of the file, in its own format of solutions, is the optimum of the question."""
    [path] = write("membership", calpads33(), tmp_path / "model.mps")
    engine(path, tmp_path / "answer.sol")
    found = read_sol(PROBLEM.formulation("membership"), calpads33(), "reimbursement", tmp_path / "answer.sol")
    best = api.solve(calpads33(), method="membership").primal_bound
    assert PROBLEM.evaluate(calpads33(), found).values["reimbursement"] == best


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nothing\n", "no column of the formulation"),
        ("x(s1_group) one\n", "row 1"),
        ("x(s1_group) 1\nx(s1_group) 0\n", "row 2: a column has two values|a column has two values"),
        ("x(s1_group) nan\n", "wanted a number"),
    ],
)
def test_solution_files_that_cannot_be_read_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.sol").write_text(text)
    with pytest.raises(InputError, match=words):
        read_sol(PROBLEM.formulation("membership"), TINY, "reimbursement", tmp_path / "bad.sol")


def test_what_a_solution_file_leaves_out_is_zero(tmp_path: Path) -> None:
    (tmp_path / "one.sol").write_text("solution status: optimal\nobjective value: 60\nx(s1_group)   1 \t(obj:0)\n")
    found = read_sol(PROBLEM.formulation("membership"), TINY, "reimbursement", tmp_path / "one.sol")
    assert found.groups == (("s1",),)


@pytest.mark.parametrize("ending", ["mps", "lp"])
def test_a_file_says_what_it_is(tmp_path: Path, ending: str) -> None:
    [plain] = write("membership", TINY, tmp_path / f"model.{ending}")
    [zipped] = write("membership", TINY, tmp_path / f"model.{ending}.gz")
    text = plain.read_text()
    assert gzip.decompress(zipped.read_bytes()).decode() == text
    assert f"Instance:   tiny, digest {TINY.digest}" in text
    assert re.search(r"Objective:  maximize reimbursement \(.*\); its value is \d+(/\d+)? times the objective", text)
    assert re.search(r"^ ?N? *reimbursement:?$", text, re.MULTILINE)  # the objective's own row
    assert highs_reads(zipped) == pytest.approx(highs_reads(plain))
    unit = Fraction(re.search(r"its value is (\S+) times", text)[1])  # type: ignore[index]
    best = api.solve(TINY, method="membership").primal_bound
    assert best is not None
    assert float(unit) * highs_reads(plain) == pytest.approx(float(best))
