"""Every formulation as a file that any solver reads: MPS, LP and NL, with the model's own names.

The numbers in a file are those that the engine gets: rows of rational data were scaled to integers
when the model was built, and floats are written with all their digits.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.solvers.engines.standard_form import TriviallyInfeasibleError, UnsupportedModelError, compile_model
from pyomo.opt import ProblemFormat

if TYPE_CHECKING:
    from fairbound.models.core.problem import Formulation, Instance


class Format(StrEnum):
    """File formats of models."""

    MPS = "mps"
    LP = "lp"
    NL = "nl"


_WRITERS = {Format.MPS: ProblemFormat.mps, Format.LP: ProblemFormat.cpxlp, Format.NL: ProblemFormat.nl}


def format_of(path: Path, wanted: str | None = None) -> Format:
    """The format that is named, or that the file's ending tells; raises ``InputError``."""
    name = (wanted or path.suffix.removeprefix(".")).lower()
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

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def __call__(self, component: Any) -> str:
        plain = re.sub(r"[^A-Za-z0-9_()]", "_", component.name.translate(_BRACKETS))
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
) -> list[Path]:
    """Write a formulation of an instance; returns the files written.

    NL keeps names in two files beside it: ``.col`` and ``.row``, a name a line.

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
    if kind is not Format.NL:
        try:
            compile_model(model)
        except UnsupportedModelError as error:
            raise InputError(f"formulation {formulation.name} does not fit {kind}: {error}", wanted="nl") from None
        except TriviallyInfeasibleError:
            pass  # a file may say so too
    path.parent.mkdir(parents=True, exist_ok=True)
    # Into a folder of its own first: a reader sees the old files or the whole new ones.
    with TemporaryDirectory(dir=path.parent, prefix=".export") as folder:
        made = Path(folder) / f"model.{kind}"
        # NL keeps names aside, whatever they are; the others write them into rows and must be able to read them.
        names_as: dict[str, Any] = {"symbolic_solver_labels": True} if kind is Format.NL else {"labeler": Labels()}
        model.write(str(made), format=_WRITERS[kind], io_options=names_as)
        names = [made.with_suffix(ending) for ending in (".col", ".row") if made.with_suffix(ending).is_file()]
        written = [name.replace(path.with_suffix(name.suffix)) for name in names]
        made.replace(path)
    return [path, *written]
