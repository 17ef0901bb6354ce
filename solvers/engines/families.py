"""Compile a model whose families are arrays (``fairbound.models.core.arrays``) without making Pyomo's objects.

Rows and columns that are ordinary Pyomo components may stand between the families; each of those rows is walked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.core as pyo
from fairbound.models.core.arrays import Columns, Floats, Goal, Part, Places, Rows
from fairbound.solvers.engines.matrix import RowMatrix
from pyomo.common.errors import InfeasibleConstraintException

if TYPE_CHECKING:
    from collections.abc import Iterator


class Members(Sequence[Any]):
    """Pyomo objects of families and of ordinary components, made when somebody asks for one.

    Parameters
    ----------
    parts
        Components or lists of objects, one behind the other.
    kept
        Which of all of them are there.
    """

    def __init__(self, parts: Sequence[Any], kept: Places) -> None:
        self._parts, self._kept = parts, kept
        self._made: list[Any] | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: Any) -> Any:
        if self._made is None:
            every = [member for part in self._parts for member in (part if isinstance(part, list) else part.values())]
            self._made = [every[place] for place in self._kept.tolist()]
        return self._made[index]

    def ordinary(self) -> tuple[list[Any], Places]:
        """The members that belong to no family, and their positions."""
        found: list[Any] = []
        places, first = [], 0
        position = {place: i for i, place in enumerate(self._kept.tolist())} if self._lists() else {}
        for part in self._parts:
            for place, member in enumerate(part if isinstance(part, list) else (), start=first):
                if place in position:
                    found.append(member)
                    places.append(position[place])
            first += len(part)
        return found, np.array(places, dtype=np.intp)

    def _lists(self) -> bool:
        return any(isinstance(part, list) and part for part in self._parts)


@dataclass(frozen=True)
class Arrays:
    """What ``StandardForm`` is made of."""

    columns: Members
    rows: Members
    families: tuple[tuple[Columns, Places], ...]
    c: Floats
    offset: float
    A: RowMatrix
    row_lower: Floats
    row_upper: Floats
    column_lower: Floats
    column_upper: Floats
    integrality: np.typing.NDArray[np.int32]


class _Columns:
    """All variables of a model in order: families, and lists of the members of ordinary components."""

    def __init__(self, model: pyo.ConcreteModel) -> None:
        self.parts: list[Any] = []
        self.first: dict[int, int] = {}
        self._places: dict[int, int] = {}
        count = 0
        for component in model.component_objects(pyo.Var):
            self.first[id(component)] = count
            if isinstance(component, Columns):
                self.parts.append(component)
                count += component.count
            else:
                members = list(component.values())
                self.parts.append(members)
                self._places |= {id(member): count + i for i, member in enumerate(members)}
                count += len(members)
        self.count = count

    def place(self, variable: Any) -> int:
        """The number of a variable of an ordinary row."""
        if id(variable) not in self._places:  # a member of a family, which was made when the row was written
            family = variable.parent_component()
            first = self.first[id(family)]
            self._places |= {id(member): first + i for i, member in enumerate(family.values())}
        return self._places[id(variable)]

    def ends(self) -> tuple[Floats, Floats, Floats]:
        """Lower and upper ends, and 1 for integers."""
        low, high, whole = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
        for part in self.parts:
            if isinstance(part, Columns):
                lower, upper = part.ends()
                low.append(lower)
                high.append(upper)
                whole.append(np.full(part.count, float(part.whole)))
            else:
                low.append(np.array([-np.inf if v.lb is None else v.lb for v in part], dtype=float))
                high.append(np.array([np.inf if v.ub is None else v.ub for v in part], dtype=float))
                whole.append(np.array([not v.is_continuous() for v in part], dtype=float))
        return np.concatenate(low), np.concatenate(high), np.concatenate(whole)


class _Entries:
    """The entries of a matrix, gathered family by family."""

    def __init__(self, columns: _Columns) -> None:
        self._columns = columns
        self._rows: list[Places] = []
        self._places: list[Places] = []
        self._values: list[Floats] = []

    def family(self, parts: Sequence[Part], first_row: int) -> None:
        for part in parts:
            self._rows.append(part.rows + first_row)
            self._places.append(part.places + self._columns.first[id(part.columns)])
            self._values.append(part.coefficients)

    def row(self, row: int, variables: Sequence[Any], coefficients: Sequence[float]) -> None:
        self._rows.append(np.full(len(variables), row))
        self._places.append(np.array([self._columns.place(variable) for variable in variables], dtype=np.intp))
        self._values.append(np.array(coefficients, dtype=float))

    def matrix(self, rows: int) -> RowMatrix:
        """Row-wise, without zeros; entries at one place are added."""
        return RowMatrix.of(self._rows, self._places, self._values, (rows, self._columns.count))


def compile_families(model: pyo.ConcreteModel, objective: Any) -> Arrays | None:
    """Arrays of a linear model; ``None`` where none of its rows are arrays, or something is not linear.

    Raises
    ------
    InfeasibleConstraintException
        If a row without variables cannot hold.
    """
    families = list(model.component_objects(pyo.Constraint, active=True))
    if not any(isinstance(family, Rows) and family.made is None for family in families):
        return None
    columns = _Columns(model)
    entries, goal = _Entries(columns), _Entries(columns)
    parts: list[Any] = []
    lower, upper = [np.zeros(0)], [np.zeros(0)]
    count = 0
    for family in families:
        if isinstance(family, Rows) and family.made is None:
            entries.family(family.parts, count)
            lower.append(family.lower)
            upper.append(family.upper)
            parts.append(family)
            count += family.count
            continue
        for row in family.values():
            if not row.active:
                continue
            for low, high, terms in _one_sided(row):
                if terms is None:
                    return None
                entries.row(count, terms.linear_vars, terms.linear_coefs)
                lower.append(np.array([low]))
                upper.append(np.array([high]))
                parts.append([row])
                count += 1
    if isinstance(objective, Goal) and objective.untouched:
        goal.family(objective.parts, 0)
        offset = 0.0
    else:
        terms = _terms(objective.expr)
        if terms.nonlinear_expr is not None:
            return None
        goal.row(0, terms.linear_vars, terms.linear_coefs)
        offset = float(terms.constant)
    return _arrays(columns, entries.matrix(count), goal.matrix(1), offset, np.concatenate(lower),
                   np.concatenate(upper), parts)  # fmt: skip


def _terms(expression: Any) -> Any:
    """Linear terms of an ordinary expression."""
    from pyomo.repn import generate_standard_repn  # only here: most models are arrays

    return generate_standard_repn(expression, compute_values=True, quadratic=False)


def _one_sided(row: Any) -> Iterator[tuple[float, float, Any]]:
    """An ordinary row as one or two one-sided ones, its constant moved to the right; no terms if it is not linear."""
    terms = _terms(row.body)
    if terms.nonlinear_expr is not None:
        yield 0.0, 0.0, None
        return
    low, high = pyo.value(row.lower), pyo.value(row.upper)
    if low is not None and low == high:
        yield low - terms.constant, high - terms.constant, terms
        return
    if high is not None:
        yield -np.inf, high - terms.constant, terms
    if low is not None:
        yield low - terms.constant, np.inf, terms


def _arrays(
    columns: _Columns,
    matrix: RowMatrix,
    goal: RowMatrix,
    offset: float,
    lower: Floats,
    upper: Floats,
    row_parts: Sequence[Any],
) -> Arrays:
    """The arrays without columns that occur nowhere, and without rows that say nothing."""
    empty = np.diff(matrix.indptr) == 0
    if (empty & ((lower > 0) | (upper < 0))).any():
        raise InfeasibleConstraintException("a row without variables cannot hold")
    rows = np.flatnonzero(~empty)
    used = np.zeros(columns.count, dtype=bool)
    used[matrix.indices] = True
    used[goal.indices] = True
    kept = np.flatnonzero(used)
    number = np.full(columns.count, -1, dtype=np.intp)
    number[kept] = np.arange(len(kept))
    starts = np.concatenate([[0], np.cumsum(np.diff(matrix.indptr)[rows])])
    low, high, whole = columns.ends()
    families = [part for part in columns.parts if isinstance(part, Columns)]
    firsts = [columns.first[id(family)] for family in families]
    c = np.zeros(len(kept))
    c[number[goal.indices]] = goal.data
    return Arrays(
        columns=Members(columns.parts, kept),
        rows=Members(row_parts, rows),
        families=tuple(
            (family, number[first : first + family.count]) for family, first in zip(families, firsts, strict=True)
        ),
        c=c,
        offset=offset,
        A=RowMatrix(matrix.data, number[matrix.indices], starts, (len(rows), len(kept))),
        row_lower=lower[rows],
        row_upper=upper[rows],
        column_lower=low[kept],
        column_upper=high[kept],
        integrality=whole[kept].astype(np.int32),
    )
