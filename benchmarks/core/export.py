"""Every formulation as a file that any solver reads: MPS, LP and NL, with the model's own names.

The numbers in a file are those that the engine gets: rows of rational data were scaled to integers
when the model was built, and floats are written with all their digits.
"""

from __future__ import annotations

import gzip
import re
from enum import StrEnum
from fractions import Fraction
from math import isfinite, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from fairbound.instances.core.files import read_text, unwritable, write_text, written_whole
from fairbound.models.core.errors import InputError, TriviallyInfeasibleError, UnsupportedModelError
from fairbound.models.core.registry import find_problem
from fairbound.models.core.text import clean
from fairbound.solvers.engines.standard_form import compile_model
from pyomo.opt import ProblemFormat
from pyomo.repn import generate_standard_repn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.core.problem import Formulation, Instance


class Format(StrEnum):
    """File formats of models."""

    MPS = "mps"
    LP = "lp"
    NL = "nl"


ZIPPED = ".gz"
_WRITERS = {Format.MPS: ProblemFormat.mps, Format.LP: ProblemFormat.cpxlp, Format.NL: ProblemFormat.nl}


def format_of(path: Path, wanted: str | None = None) -> Format:
    """The format that is named, or that the file's ending tells (``.gz`` behind it or not); raises ``InputError``."""
    ending = path.with_suffix("").suffix if path.suffix == ZIPPED else path.suffix
    name = (wanted or ending.removeprefix(".")).lower()
    try:
        return Format(name)
    except ValueError:
        raise InputError("format of the model file", found=name or str(path), wanted="mps, lp or nl") from None


_BRACKETS = str.maketrans({"[": "(", "]": ")", "'": None})


class Labels:
    """Names for LP and MPS: ``x[s1,group]`` becomes ``x(s1_group)``.

    Letters, digits, ``_`` and ``()`` are what every reader takes; ids that differ only in other characters are
    told apart by a number. The names are those of one file: they depend on the order of asking.
    """

    longest = 200

    def __init__(self, objective: str) -> None:
        self._taken: set[str] = set()
        self._objective = objective

    def __call__(self, component: Any) -> str:
        """The name that a component has in the file."""
        name = self._objective if component.ctype is pyo.Objective else component.name
        plain = re.sub(r"[^A-Za-z0-9_()]", "_", name.translate(_BRACKETS))
        if re.match(r"[0-9()]|[eE][0-9_]*$|[eE][0-9]", plain):
            plain = "_" + plain  # an LP reader would take it for a number
        label, count = plain[: self.longest], 1
        while label in self._taken:
            count += 1
            label = f"{plain[: self.longest]}_{count}"
        self._taken.add(label)
        return label


def export_model(
    formulation: Formulation[Any, Any],
    instance: Instance,
    objective: str,
    path: Path,
    kind: Format,
    relaxed: bool = False,
    start: tuple[Any, Path] | None = None,
    minimized: bool = False,
) -> list[Path]:
    """Write a formulation of an instance; returns the files written. A path that ends in ``.gz`` is compressed.

    MPS and LP say in their first lines which question it is, and what one unit of their objective, which has the name
    of the question's, is worth. NL keeps names in two files beside it: ``.col`` and ``.row``, a name a line.

    Parameters
    ----------
    start
        A solution, and a file for it that HiGHS, SCIP and others read: a line ``NAME VALUE`` for each column that is
        not 0, after ``=obj=`` with the value of the file's objective. MPS and LP alone have such.
    minimized
        Turn an objective round that is maximised: not every reader of MPS knows senses.

    Raises
    ------
    InputError
        If the formulation refuses the question, or the model does not fit the format: MPS and LP hold
        linear models and quadratic objectives, NL holds anything.
    """
    reason = formulation.refuses(instance, objective)
    if reason is not None:
        raise InputError(f"formulation {formulation.name} refuses {instance.name}: {reason}")
    model = formulation.build(instance, objective, relaxed=relaxed)
    turned = minimized and _turn_round(model)
    if kind is not Format.NL:
        try:
            compile_model(model)
        except UnsupportedModelError as error:
            raise InputError(f"formulation {formulation.name} does not fit {kind}: {error}", wanted="nl") from None
        except TriviallyInfeasibleError:
            pass  # a file may say so too
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(error, path) from None
    # Into a folder of its own first: a reader sees the old files or the whole new ones.
    with TemporaryDirectory(dir=path.parent, prefix=".export") as folder:
        made = Path(folder) / f"model.{kind}"
        # NL keeps names aside, whatever they are; the others write them into rows and must be able to read them.
        labels = {"symbolic_solver_labels": True} if kind is Format.NL else {"labeler": Labels(objective)}
        _, key = model.write(str(made), format=_WRITERS[kind], io_options=labels)
        if kind is not Format.NL:
            _head(made, kind, _about(model, instance, objective, turned))
        if path.suffix == ZIPPED:
            made = _zipped(made)
        names = [made.with_suffix(ending) for ending in (".col", ".row") if made.with_suffix(ending).is_file()]
        written = [path.with_suffix(name.suffix) for name in names]
        for file, target in zip([*names, made], [*written, path], strict=True):
            with written_whole(target) as part:
                file.replace(part)
    if start is not None and kind is not Format.NL:
        formulation.assign(model, start[0])
        write_text(start[1], _start_lines(model, model.solutions.symbol_map[key].bySymbol))
        written.append(start[1])
    return [path, *written]


def _start_lines(model: pyo.ConcreteModel, known: Mapping[str, Any]) -> str:
    """The values of a model's variables by their names in its file."""
    [goal] = model.component_data_objects(pyo.Objective, active=True)
    lines = [f"=obj= {float(pyo.value(goal.expr))!r}"]
    for name, component in known.items():
        if component is not None and hasattr(component, "is_variable_type") and component.is_variable_type():
            value = component.value or 0
            if value:
                lines.append(f"{name} {float(value)!r}")
    if offset_of(model):
        lines.append("ONE_VAR_CONSTANT 1.0")
    return "\n".join(lines) + "\n"


def offset_of(model: pyo.ConcreteModel) -> float:
    """The constant of a linear or quadratic objective; 0 of any other."""
    [goal] = model.component_data_objects(pyo.Objective, active=True)
    found = generate_standard_repn(goal.expr, compute_values=True, quadratic=False)
    return float(found.constant)


def _turn_round(model: pyo.ConcreteModel) -> bool:
    """Minimise what a model maximises; returns whether it did."""
    [goal] = model.component_data_objects(pyo.Objective, active=True)
    if goal.sense != pyo.maximize:
        return False
    goal.set_value(-goal.expr)
    goal.set_sense(pyo.minimize)
    return True


def _about(model: pyo.ConcreteModel, instance: Instance, objective: str, turned: bool) -> list[str]:
    """What a reader of a file must know: the question, and how its value follows from the file's objective."""
    asked = find_problem(instance.problem).objective(objective)
    unit = Fraction(getattr(model, "objective_unit", 1)) * (-1 if turned else 1)
    constant = offset_of(model)
    return [
        f"Instance:   {instance.name}, digest {instance.digest}",
        f"Parameters: {', '.join(f'{name}={text}' for name, text in instance.parameters.items() if text)}",
        f"Objective:  {asked.sense.value} {objective} ({asked.unit}); its value is {unit} times the objective here",
        f"Offset:     {constant!r} is a part of the objective here, as the column ONE_VAR_CONSTANT where it is not 0",
    ]


def _head(path: Path, kind: Format, lines: Sequence[str]) -> None:
    """Put comments before a file."""
    before, after = ("* ", "") if kind is Format.MPS else ("\\* ", " *\\")
    plain = "".join(f"{before}{line.encode('ascii', 'replace').decode()}{after}\n" for line in map(clean, lines))
    # Not every reader of MPS knows that section, and all minimise without it.
    text = path.read_text(encoding="utf-8").replace("\nOBJSENSE\n MIN\n", "\n", 1)
    path.write_text(plain + text, encoding="utf-8")


def _zipped(path: Path) -> Path:
    """The file, compressed; the same text gives the same bytes."""
    made = path.with_name(path.name + ZIPPED)
    made.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    return made


def read_sol(formulation: Formulation[Any, Any], instance: Instance, objective: str, path: Path) -> Any:
    """The solution in an engine's ``.sol`` file of an exported formulation: a line ``NAME VALUE`` for each column.

    HiGHS, SCIP, Gurobi and others write such lines. Columns that are not named are 0: SCIP leaves them out.

    Raises
    ------
    InputError
        For a file without any column of the formulation, a name twice, or a value that is no number.
    """
    model = formulation.build(instance, objective)
    with TemporaryDirectory() as folder:
        made = str(Path(folder) / "model.mps")  # Pyomo gives names while it writes
        _, key = model.write(made, format=_WRITERS[Format.MPS], io_options={"labeler": Labels(objective)})
    known = model.solutions.symbol_map[key].bySymbol
    found: dict[str, float] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if len(words) < 2 or words[0] not in known or known[words[0]] is None:
            continue
        component = known[words[0]]
        if not hasattr(component, "is_variable_type") or not component.is_variable_type():
            continue
        if words[0] in found:
            if found[words[0]] == _number(words[1], path, number):
                continue
            raise InputError("a column has two values", file=str(path), row=number, found=words[0])
        found[words[0]] = _number(words[1], path, number)
    if not found:
        wanted = f"lines NAME VALUE, with the names of fairbound export --formulation {formulation.name}"
        raise InputError("no column of the formulation", file=str(path), wanted=wanted)
    for variable in model.component_data_objects(pyo.Var, active=True):
        variable.set_value(0, skip_validation=True)
    for label, value in found.items():
        known[label].set_value(value, skip_validation=True)
    return formulation.extract(model)


def _number(text: str, path: Path, row: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise InputError("value of a column", file=str(path), row=row, found=text, wanted="a number")
    return value
