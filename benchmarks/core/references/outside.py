"""What engines of others say of the exported files: claims, laid beside what is proven.

    python -m fairbound.benchmarks.core.references.outside scip model.mps.gz 20

Each run is a process of its own that reads the file as anybody would.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fairbound.benchmarks.core.references.statistics import Statistics
    from fairbound.benchmarks.core.references.table import Reference

GRACE = 30.0
"""Seconds beyond the limit after which a process is killed."""
BELIEVED = Fraction(1, 10**6)
"""A claim is a float: it passes a value only where it does so by more than this share of it."""
INFINITE = 1e20

Found = tuple[str, str, float | None, float | None]
"""Version, status, primal and dual bound in the units of the file."""


@dataclass(frozen=True)
class Claim:
    """What an engine claims of a row, as text; its bounds are floats in the units of the question.

    Attributes
    ----------
    status
        ``optimal``, ``limit``, ``infeasible``, or how else the run ended.
    limit
        Seconds that it had.
    """

    row: str
    engine: str
    version: str
    status: str
    primal: str
    dual: str
    seconds: str
    limit: str
    date: str


def _scip(path: Path, seconds: float) -> Found:
    from pyscipopt import Model

    model = Model()
    model.hideOutput()
    model.readProblem(str(path))
    model.setParam("limits/time", seconds)
    model.setParam("limits/gap", 0.0)
    model.optimize()
    words = {"optimal": "optimal", "infeasible": "infeasible", "timelimit": "limit"}
    primal = model.getObjVal() if model.getNSols() else None
    status = words.get(model.getStatus(), model.getStatus())
    version = f"{model.version()}"
    return version, status, primal, None if status == "infeasible" else model.getDualbound()


def _highs(path: Path, seconds: float) -> Found:
    import highspy

    engine: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    engine.setOptionValue("output_flag", False)
    engine.setOptionValue("threads", 1)
    engine.setOptionValue("time_limit", seconds)
    engine.setOptionValue("mip_rel_gap", 0.0)
    engine.readModel(str(path))
    engine.run()
    kind, status, info = highspy.HighsModelStatus, engine.getModelStatus(), engine.getInfo()
    words = {kind.kOptimal: "optimal", kind.kInfeasible: "infeasible", kind.kTimeLimit: "limit"}
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    primal = info.objective_function_value if feasible else None
    whole = any(kind != highspy.HighsVarType.kContinuous for kind in engine.getLp().integrality_)
    dual = info.mip_dual_bound if whole else primal if status == kind.kOptimal else None
    return engine.version(), words.get(status, engine.modelStatusToString(status)), primal, dual


def _cpsat(path: Path, seconds: float) -> Found:
    from ortools.linear_solver.python import model_builder

    model: Any = model_builder.Model()  # type: ignore[no-untyped-call]
    found = metadata.version("ortools")
    if not model.import_from_mps_file(str(path)):
        return found, "cannot read the file", None, None
    solver = model_builder.Solver("sat")
    solver.set_time_limit_in_seconds(seconds)
    solver.set_solver_specific_parameters("num_workers:1")
    status = solver.solve(model)
    kind = model_builder.SolveStatus
    words = {kind.OPTIMAL: "optimal", kind.FEASIBLE: "limit", kind.NOT_SOLVED: "limit", kind.INFEASIBLE: "infeasible"}
    known = status in (kind.OPTIMAL, kind.FEASIBLE)
    primal, dual = (solver.objective_value, solver.best_objective_bound) if known else (None, None)
    return found, words.get(status, status.name.lower()), primal, dual


def _glpk(path: Path, seconds: float) -> Found:
    import swiglpk as glpk

    glpk.glp_term_out(glpk.GLP_OFF)
    program = glpk.glp_create_prob()
    if glpk.glp_read_mps(program, glpk.GLP_MPS_FILE, None, str(path)):
        return glpk.glp_version(), "cannot read the file", None, None
    simplex = glpk.glp_smcp()
    glpk.glp_init_smcp(simplex)
    simplex.presolve, simplex.tm_lim = glpk.GLP_ON, int(seconds * 1000)
    if not glpk.glp_get_num_int(program):
        failed = glpk.glp_simplex(program, simplex)
        status = glpk.glp_get_status(program)
        if failed or status != glpk.GLP_OPT:
            return glpk.glp_version(), "limit" if failed == glpk.GLP_ETMLIM else "no answer", None, None
        return glpk.glp_version(), "optimal", glpk.glp_get_obj_val(program), glpk.glp_get_obj_val(program)
    search = glpk.glp_iocp()
    glpk.glp_init_iocp(search)
    search.presolve, search.tm_lim = glpk.GLP_ON, int(seconds * 1000)
    search.gmi_cuts = search.mir_cuts = search.cov_cuts = glpk.GLP_ON
    failed = glpk.glp_intopt(program, search)
    status = glpk.glp_mip_status(program)
    value = glpk.glp_mip_obj_val(program) if status in (glpk.GLP_OPT, glpk.GLP_FEAS) else None
    if failed in (glpk.GLP_ENOPFS, glpk.GLP_ENODFS) or status == glpk.GLP_NOFEAS:
        return glpk.glp_version(), "infeasible", None, None
    # Its bound is not to be had once the search has been stopped.
    return glpk.glp_version(), "optimal" if not failed else "limit", value, None if failed else value


def _gurobi(path: Path, seconds: float) -> Found:
    import gurobipy

    version = ".".join(map(str, gurobipy.gurobi.version()))
    with gurobipy.Env(params={"OutputFlag": 0}) as env, gurobipy.read(str(path), env) as model:
        model.Params.TimeLimit, model.Params.MIPGap, model.Params.Threads = seconds, 0, 1
        try:
            model.optimize()
        except gurobipy.GurobiError as error:
            return version, f"refused: {error}"[:80], None, None
        words = {
            gurobipy.GRB.OPTIMAL: "optimal",
            gurobipy.GRB.INFEASIBLE: "infeasible",
            gurobipy.GRB.TIME_LIMIT: "limit",
        }
        primal = model.ObjVal if model.SolCount else None
        dual = model.ObjBound if model.IsMIP else primal
        return version, words.get(model.Status, str(model.Status)), primal, dual


READERS: dict[str, tuple[str, tuple[str, ...], Callable[[Path, float], Found]]] = {
    "scip": ("pyscipopt", ("mps", "nl"), _scip),
    "cpsat": ("ortools", ("mps",), _cpsat),
    "glpk": ("swiglpk", ("mps",), _glpk),
    "highs": ("highspy", ("mps",), _highs),
    "gurobi": ("gurobipy", ("mps",), _gurobi),
}
"""Engines by name: the library that each needs, the files that it reads, and how."""


def here() -> list[str]:
    """The engines that are installed."""
    return [name for name, (library, _, _) in READERS.items() if find_spec(library) is not None]


def find(name: str) -> str:
    """The engine of a name; raises ``InputError`` for an unknown one, or one that is not installed."""
    if name not in READERS:
        raise InputError("unknown engine", found=name, wanted=nearest(name, READERS))
    if name not in here():
        raise InputError(f"engine {name} is not installed", wanted=READERS[name][0])
    return name


WHOLE_ALONE = ("cpsat",)
"""Engines that make whole numbers of all columns: what they say of others is about another question."""


def reads(engine: str, about: Statistics) -> bool:
    """Whether an engine takes the file of a row."""
    if engine in WHOLE_ALONE and about.integers != about.columns:
        return False
    return about.file in READERS[engine][1]


def ask(engine: str, path: Path, seconds: float) -> dict[str, Any]:
    """What an engine says of a file, in the units of the file, from a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-m", __spec__.name, engine, str(path), str(seconds)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + GRACE)
    except subprocess.TimeoutExpired:
        return {"version": "", "status": "killed beyond the limit", "seconds": time.perf_counter() - began}
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"version"')]
    if done.returncode or not lines:
        return {"version": "", "status": f"ended by {done.returncode}", "seconds": time.perf_counter() - began}
    said: dict[str, Any] = json.loads(lines[-1])
    return said


def claim(reference: Reference, engine: str, path: Path, unit: Fraction, seconds: float, date: str) -> Claim:
    """What an engine claims of the file of a row, in the units of the question."""
    said = ask(engine, path, seconds)

    def scaled(value: float | None) -> str:
        known = value is not None and abs(value) < INFINITE
        return repr(float(Fraction(value) * unit)) if known and value is not None else ""

    return Claim(
        row=reference.name,
        engine=engine,
        version=said["version"],
        status=said["status"],
        primal=scaled(said.get("primal")),
        dual=scaled(said.get("dual")),
        seconds=f"{said['seconds']:.2f}",
        limit=f"{seconds:g}",
        date=date,
    )


def wrong(claims: Iterable[Claim], references: Iterable[Reference]) -> list[str]:
    """Claims that pass what is proven: a value better than the proven bound, a bound that the row's solution beats."""
    known = {reference.name: reference for reference in references}
    said = []
    for each in claims:
        row = known.get(each.row)
        if row is None:
            continue
        sense, who = row.asked.sense, f"{each.engine} {each.version}"
        if each.primal and row.dual is not None:
            value = Fraction(float(each.primal))
            if sense.improves(value, row.dual) and abs(value - row.dual) > _allowed(row.dual):
                said.append(
                    f"{who} claims the value {each.primal} of {row.name}; nothing passes {row.dual} ({row.level})"
                )
        if each.dual:
            bound = Fraction(float(each.dual))
            if sense.improves(row.primal, bound) and abs(row.primal - bound) > _allowed(row.primal):
                said.append(f"{who} claims the bound {each.dual} of {row.name}; a solution is worth {row.primal}")
        if each.status == "infeasible":
            said.append(f"{who} claims that {row.name} has no solution; one is worth {row.primal}")
    return said


def _allowed(value: Fraction) -> Fraction:
    return BELIEVED * max(Fraction(1, 1000), abs(value))


def main(words: list[str]) -> None:
    """Run one engine on one file and print what it says."""
    engine, file, seconds = words[0], Path(words[1]), float(words[2])
    with TemporaryDirectory() as folder:
        if file.suffix == ".gz":  # not every reader takes it
            plain = Path(folder) / file.stem
            plain.write_bytes(gzip.decompress(file.read_bytes()))
            file = plain
        began = time.perf_counter()
        version, status, primal, dual = READERS[engine][2](file, seconds)
        took = time.perf_counter() - began
    print()
    print(json.dumps({"version": version, "status": status, "primal": primal, "dual": dual, "seconds": took}))


if __name__ == "__main__":
    main(sys.argv[1:])
