"""Suites: TOML files that say which methods meet which instances, and under which limits.

::

    name = "mine"
    title = "What I want to know"

    [limits]
    seconds = 60

    [[experiment]]
    instances = ["cep/calpads33"]
    parameters = [{ threshold = "0.40" }, { threshold = "0.25" }]
    objectives = ["reimbursement"]
    methods = ["formulations", "width:3.125"]

Every experiment is the product of its lists. ``docs/benchmarks.md`` explains each key.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fairbound.benchmarks.core.machine import versions
from fairbound.benchmarks.core.specification import DEFAULT as DEFAULT_METHOD
from fairbound.benchmarks.core.specification import Specification, content_of
from fairbound.instances.core import catalogue
from fairbound.instances.core.entry import data_file
from fairbound.instances.core.files import read_text
from fairbound.instances.core.source import is_there
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.formulations import AT
from fairbound.solvers.core.method import Kind
from fairbound.solvers.core.methods import find_method, methods_of, on_engines
from fairbound.solvers.engines.registry import DEFAULT
from fairbound.solvers.engines.registry import engines as every_engine
from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from fairbound.models.core.problem import Problem
    from fairbound.solvers.core.method import Method

GROUPS = {
    "all": tuple(Kind),
    "exact": (Kind.FORMULATION, Kind.ALGORITHM),
    "formulations": (Kind.FORMULATION,),
    "algorithms": (Kind.ALGORITHM,),
    "baselines": (Kind.BASELINE,),
}
"""Words that stand for several methods of a problem."""

Texts = Annotated[list[str], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LimitsTable(_Strict):
    """``[limits]``: of every solve. Integers and decimals are both welcome."""

    seconds: Annotated[float, Field(gt=0, strict=False)] = 60.0
    grace: Annotated[float, Field(ge=0, strict=False)] = 10.0
    memory_mb: Annotated[float, Field(gt=0, strict=False)] = 1500.0
    threads: Annotated[int, Field(ge=1)] = 1
    gap: Annotated[float, Field(ge=0, strict=False)] = 0.0
    prove: Annotated[float, Field(ge=0, strict=False)] = 0.0


class Experiment(_Strict):
    """``[[experiment]]``: the product of its lists."""

    instances: Texts
    methods: Texts = ["all"]
    engines: Texts = [DEFAULT]
    engine_options: dict[str, str] = {}
    objectives: Texts = ["default"]
    parameters: Annotated[list[dict[str, str]], Field(min_length=1)] = [{}]
    seeds: Annotated[list[int], Field(min_length=1)] = [0]
    repetitions: Annotated[int, Field(ge=1)] = 1
    most: Annotated[int | None, Field(ge=1)] = None
    relaxations: bool = False
    limits: LimitsTable | None = None


class Suite(_Strict):
    """A whole suite file."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: str
    limits: LimitsTable = LimitsTable()
    experiment: Annotated[list[Experiment], Field(min_length=1)]


LARGEST_SUITE = 2**20
"""Bytes of a suite."""
MOST_SOLVES = 100_000
"""Of one experiment."""


@dataclass(frozen=True)
class Plan:
    """What a suite comes to on this machine.

    Attributes
    ----------
    skipped
        What cannot be run here, and why: data that is not on this machine.
    """

    suite: Suite
    specifications: tuple[Specification, ...]
    skipped: tuple[str, ...] = ()

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of what is planned."""
        return frozenset(specification.key for specification in self.specifications)


def shipped_suites() -> dict[str, str]:
    """Name and title of every suite that comes with the package."""
    folder = files("fairbound.benchmarks") / "suites"
    names = sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))
    return {name: parse_suite((folder / f"{name}.toml").read_text(encoding="utf-8"), name).title for name in names}


def load_suite(name: str) -> Suite:
    """Load a shipped suite by name, or a TOML file.

    Raises
    ------
    InputError
        For an unknown name and for a file that is not a suite: key, value found and value wanted.
    """
    path = Path(name)
    if path.suffix == ".toml" or is_there(path):
        try:
            return parse_suite(read_text(path, LARGEST_SUITE), str(path))
        except RecursionError:
            raise InputError("not TOML that can be read", file=str(path), wanted="fewer lists in lists") from None
    shipped = files("fairbound.benchmarks") / "suites" / f"{name}.toml"
    if not shipped.is_file():
        wanted = nearest(name, shipped_suites()) + ", or a file ending in .toml"
        raise InputError("unknown suite", found=name, wanted=wanted)
    return parse_suite(shipped.read_text(encoding="utf-8"), f"{name}.toml")


def parse_suite(text: str, file: str) -> Suite:
    """Read the text of a suite; raises ``InputError``."""
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # a number of thousands of digits is one too
        raise InputError(f"not TOML ({error})", file=file) from None
    try:
        return Suite.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(_complaint(first), file=file, found=_found(first), wanted=_wanted(first)) from None


def _place(loc: tuple[int | str, ...]) -> str:
    """``experiment 2, key seeds`` from pydantic's path; TOML tables are counted from 1."""
    parts = [f"{part + 1}" if isinstance(part, int) else str(part) for part in loc]
    return " ".join(parts)


def _complaint(error: Any) -> str:
    verb = {"missing": "is missing", "extra_forbidden": "is unknown"}.get(error["type"], "cannot be used")
    return f"{_place(error['loc'])} {verb}"


def _found(error: Any) -> object:
    if error["type"] in ("missing", "extra_forbidden"):
        return None
    return error["input"] if isinstance(error["input"], str) else repr(error["input"])


def _wanted(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        tables: dict[str, type[BaseModel]] = {"experiment": Experiment, "limits": LimitsTable}
        holders = [part for part in error["loc"][:-1] if part in tables]
        table = tables[holders[-1]] if holders else Suite
        return nearest(str(error["loc"][-1]), table.model_fields)
    plain = {"missing": "a value", "string_type": 'text in quotes, such as "0.40"', "int_type": "an integer"}
    text: str = plain.get(error["type"], error["msg"])
    return text[0].lower() + text[1:]


def plan(suite: Suite) -> Plan:
    """Turn a suite into solves, every name in it checked against the catalogue and the registry.

    Raises
    ------
    InputError
        For an instance, method, objective or parameter that does not exist, with experiment and key.
    """
    found: dict[str, Specification] = {}
    skipped: dict[str, None] = {}
    for number, experiment in enumerate(suite.experiment, start=1):
        where = f"suite {suite.name}, experiment {number}"
        try:
            for specification in _specifications(suite, experiment, skipped):
                found.setdefault(specification.key, specification)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
    return Plan(suite, tuple(found.values()), tuple(skipped))


def _specifications(suite: Suite, experiment: Experiment, skipped: dict[str, None]) -> list[Specification]:
    limits = experiment.limits or suite.limits
    made: list[Specification] = []
    each = len(experiment.parameters) * len(experiment.seeds) * experiment.repetitions
    if each > MOST_SOLVES:
        raise InputError("too many solves", found=f"{each:,} of one instance", wanted=f"at most {MOST_SOLVES:,}")
    for instance in _instances(experiment, skipped):
        problem = find_problem(catalogue.problem_of(instance))
        content = content_of(instance)
        for parameters, objective, method, seed, repetition in product(
            experiment.parameters,
            _objectives(problem, experiment.objectives),
            _methods(problem, experiment.methods, experiment.engines),
            experiment.seeds,
            range(experiment.repetitions),
        ):
            problem.check_parameters(parameters)
            kind = None if method == DEFAULT_METHOD else find_method(problem, method).kind
            is_model = kind is Kind.FORMULATION
            if kind is Kind.BASELINE and "," in objective:
                continue  # a heuristic takes one objective
            wanted = [False]
            first = repetition == 0 and "," not in objective and AT not in method  # it is the same on every engine
            if experiment.relaxations and kind is Kind.FORMULATION and first:
                wanted.append(True)
            made += [
                Specification(
                    problem=problem.name,
                    instance=instance,
                    parameters=tuple(sorted(parameters.items())),
                    objective=objective,
                    method=method,
                    relaxed=relaxed,
                    seed=seed,
                    repetition=repetition,
                    seconds=limits.seconds,
                    grace=limits.grace,
                    memory_mb=limits.memory_mb,
                    threads=limits.threads,
                    gap=limits.gap,
                    prove=limits.prove,
                    engine_options=tuple(sorted(experiment.engine_options.items())) if is_model else (),
                    content=content,
                    version=versions(),
                )
                for relaxed in wanted
            ]
            if len(made) > MOST_SOLVES:
                raise InputError("too many solves", wanted=f"at most {MOST_SOLVES:,} in an experiment")
    return made


def _instances(experiment: Experiment, skipped: dict[str, None]) -> list[str]:
    """Names of the instances whose data is here; the rest is noted."""
    names: list[str] = []
    for pattern in experiment.instances:
        stem = pattern.removesuffix("*")
        entries = [
            entry
            for entry in catalogue.entries()
            if entry.name == pattern or (entry.name.endswith("/*") and stem.startswith(entry.name.removesuffix("*")))
        ]
        missing = [entry.file for entry in entries if entry.file is not None and data_file(entry.file) is None]
        if missing:
            skipped[f"{pattern}: {missing[0]} is not on this machine"] = None
            continue
        names += catalogue.expand(pattern)
    return names[: experiment.most]


def _objectives(problem: Problem[Any, Any], names: list[str]) -> list[str]:
    chosen: list[str] = []
    for name in names:
        if name == "default":
            chosen.append(problem.objectives[0].name)
        elif name == "all":
            chosen += [objective.name for objective in problem.objectives]
        else:
            chosen.append(",".join(problem.objective(part.strip()).name for part in name.split(",")))
    return list(dict.fromkeys(chosen))


def _methods(problem: Problem[Any, Any], names: list[str], engines: list[str]) -> list[str]:
    chosen: list[Method] = []
    for name in names:
        if name in GROUPS:
            chosen += [method for method in methods_of(problem) if method.kind in GROUPS[name]]
        elif name != DEFAULT_METHOD:
            chosen.append(find_method(problem, name))
    first = [DEFAULT_METHOD] if DEFAULT_METHOD in names else []
    return first + [method.name for method in on_engines(problem, chosen, _engines(engines))]


def _engines(names: list[str]) -> list[str]:
    """Engines by name; ``all`` stands for those of this machine that solve linear programs."""
    here = [engine.name for engine in every_engine() if not (engine.local or engine.missing())]
    return list(dict.fromkeys(each for name in names for each in (here if name == "all" else [name])))
