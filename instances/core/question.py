"""From a name, a file or an instance, and changed parameters, to the instance that is asked about."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fairbound.instances.core import catalogue
from fairbound.instances.core.tables import read_rows
from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Instance, Problem
from fairbound.models.core.registry import find_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

Question = str | Path | Instance | Any
"""A catalogue name, a path, an instance, or a pandas DataFrame."""


def load(instance: Question, parameters: Mapping[str, object] | None = None, problem: str | None = None) -> Instance:
    """Load an instance by catalogue name, from a file or a table, with some parameters changed.

    Whether data and parameters together can be answered is asked after the parameters are changed, because a
    parameter may make acceptable what the data alone are not.

    Parameters
    ----------
    parameters
        Values as text are read as exact decimals or ratios; so ``"0.40"``, never ``0.40``.
    instance
        A catalogue name, the path of a file, a pandas DataFrame with the columns of the problem's table, or an
        instance.
    problem
        The problem of a file or a table that does not tell.

    Raises
    ------
    InputError
        One line that says what is wrong, where, and what was wanted.
    """
    loaded = _loaded(instance, problem)
    if parameters:
        kind = find_problem(loaded.problem)
        given = {name: str(value) for name, value in parameters.items()}
        kind.check_parameters(given)
        loaded = kind.with_parameters(loaded, given)
    try:
        loaded.check_question()
    except InputError as error:
        raise InputError(str(error), file=str(instance) if isinstance(instance, str | Path) else None) from None
    return loaded


def _loaded(instance: Question, problem: str | None) -> Instance:
    if isinstance(instance, Instance):
        return instance
    if isinstance(instance, str | Path):
        return catalogue.load(str(instance), problem)
    if not hasattr(instance, "to_csv"):
        raise InputError("not a question", found=type(instance).__name__, wanted="a name, a path, a table, an instance")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        instance.to_csv(path, index=False)
        try:
            return catalogue.load_file(path, problem)
        except InputError as error:
            raise InputError(
                error.what,
                file="the table",
                row=error.row,
                column=error.column,
                found=error.found,
                wanted=error.wanted,
            ) from None


def read_solution(problem: Problem[Any, Any], instance: Instance, path: Path) -> Any:
    """Somebody's solution in a table; raises ``InputError`` that names the file and the line of the file."""
    rows = read_rows(path)[1]
    try:
        return problem.read_solution(instance, [row for _, row in rows])
    except InputError as error:
        if error.file is not None:
            raise
        # The problem counts rows as if no line were blank; the header is row 1 for both.
        line = error.row if error.row in (None, 1) else rows[error.row - 2][0]
        raise InputError(
            error.what, file=str(path), row=line, column=error.column, found=error.found, wanted=error.wanted
        ) from None
