"""Columns and rows of a Pyomo model as arrays; Pyomo's own objects are made when somebody asks for one.

A million variables are a million Python objects: a minute and gigabytes before any engine sees the model. Here a family
of variables is its bounds, and a family of rows is three arrays: row, column, coefficient. Engines are given these
(``fairbound.solvers.engines.standard_form``). Whoever looks at ``model.x["s1", "group"]`` or writes the model to a file
meets ordinary Pyomo components: they are then made from the arrays, all of a family at once.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.whole import Vector, common_row, joined
from numpy.typing import ArrayLike, NDArray
from pyomo.common import dependencies
from pyomo.core import Any as AnyIndex
from pyomo.core import Binary, Integers, Reals, minimize
from pyomo.core.base.constraint import ConstraintData, IndexedConstraint
from pyomo.core.base.objective import ScalarObjective
from pyomo.core.base.var import IndexedVar, VarData
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# Models import pyomo.core: pyomo.environ adds writers and solvers, which take longer to load than a small solve takes.
# Pyomo imports scipy.stats with any part of scipy, which takes longer than all else that starts; no model needs it.
_scipy = vars(dependencies).get("scipy_available")
if hasattr(_scipy, "_callback"):
    _scipy._callback = None  # noqa: SLF001

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Ends = ArrayLike
"""One end for all, or one for each."""
INFINITY = float("inf")


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection while a model is built: nothing of it is garbage, and each pass walks all of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Family:
    """What families of variables and of rows share: members that are made when they are first asked for."""

    count: int
    keys_of: Callable[[], Iterable[Any]]
    made: dict[Any, Any] | None

    @property
    def _data(self) -> dict[Any, Any]:
        if self.made is None:
            with collector_paused():
                self.made = self._make()
        return self.made

    @_data.setter
    def _data(self, members: dict[Any, Any]) -> None:
        self.made = members

    def _make(self) -> dict[Any, Any]:
        raise NotImplementedError

    def __len__(self) -> int:
        return self.count

    def _getitem_when_not_present(self, index: Any) -> Any:
        raise KeyError(index)


class Columns(_Family, IndexedVar):  # type: ignore[misc]  # Pyomo has no types
    """A family of variables as arrays.

    Parameters
    ----------
    count
        How many there are; they are numbered from 0.
    keys
        Their Pyomo indices in that order: called when Pyomo's variables are made.
    lower, upper
        One end for all, or one for each.
    whole
        Whether they are integers.
    """

    def __init__(
        self,
        count: int,
        keys: Callable[[], Iterable[Any]],
        *,
        lower: Ends = -INFINITY,
        upper: Ends = INFINITY,
        whole: bool = False,
    ) -> None:
        super().__init__(AnyIndex, dense=False)
        self.made, self.count, self.keys_of, self.whole = None, count, keys, whole
        self.low = np.broadcast_to(np.asarray(lower, dtype=float), (count,))
        self.high = np.broadcast_to(np.asarray(upper, dtype=float), (count,))
        self._point: Floats | None = None

    def read(self) -> Floats:
        """The variables' values; a variable without one counts as 0. Shape (count,)."""
        if self.made is not None:
            return np.array([variable.value or 0.0 for variable in self.made.values()], dtype=float)
        return np.zeros(self.count) if self._point is None else self._point

    def has_values(self) -> bool:
        """Whether every variable has a value."""
        if self.made is not None:
            return all(variable.value is not None for variable in self.made.values())
        return self._point is not None or not self.count

    def write(self, values: Floats) -> None:
        """Give every variable a value; shape (count,)."""
        if self.made is None:
            self._point = np.array(values, dtype=float)
            return
        for variable, value in zip(self.made.values(), values.tolist(), strict=True):
            variable.set_value(value, skip_validation=True)

    def ends(self) -> tuple[Floats, Floats]:
        """Lower and upper ends of each variable as they are now; those of a fixed one are its value. Shape (count,)."""
        if self.made is None:
            return self.low, self.high
        known = [(v.value, v.value) if v.fixed else v.bounds for v in self.made.values()]
        lower = [-INFINITY if low is None else low for low, _ in known]
        upper = [INFINITY if high is None else high for _, high in known]
        return np.array(lower, dtype=float), np.array(upper, dtype=float)

    def _make(self) -> dict[Any, Any]:
        blank = VarData(component=self)
        binary = self.whole and self.count and self.low.min() >= 0 and self.high.max() <= 1
        # The way Pyomo itself fills a family of like variables.
        blank._domain = Binary if binary else Integers if self.whole else Reals  # noqa: SLF001
        low, high = (0.0, 1.0) if binary else (-INFINITY, INFINITY)
        made = {}
        values: list[float | None] = [None] * self.count if self._point is None else self._point.tolist()
        for key, lower, upper, value in zip(self.keys_of(), self.low.tolist(), self.high.tolist(), values, strict=True):
            variable = VarData.copy(blank)
            variable._index = key  # noqa: SLF001
            variable._lb = None if lower == low else lower  # noqa: SLF001
            variable._ub = None if upper == high else upper  # noqa: SLF001
            variable._value = value  # noqa: SLF001
            made[key] = variable
        if len(made) != self.count:
            raise ValueError(f"{self.name}: {self.count} variables have {len(made)} different indices")
        return made


class Part:
    """Entries of rows in one family of columns: ``coefficients[e]`` of ``columns[places[e]]`` in row ``rows[e]``."""

    def __init__(self, columns: Columns, rows: Any, places: Any, coefficients: Any) -> None:
        self.columns = columns
        self.places = np.asarray(places, dtype=np.intp)
        self.rows = np.broadcast_to(np.asarray(rows, dtype=np.intp), self.places.shape)
        self.coefficients = np.broadcast_to(np.asarray(coefficients, dtype=float), self.places.shape)


class Rows(_Family, IndexedConstraint):  # type: ignore[misc]
    """A family of rows as arrays: lower <= sum of parts <= upper, one-sided or an equation.

    Parameters
    ----------
    keys
        Pyomo indices of the rows, in their order.
    """

    def __init__(
        self,
        count: int,
        keys: Callable[[], Iterable[Any]],
        parts: Sequence[Part],
        *,
        lower: Ends = -INFINITY,
        upper: Ends = INFINITY,
    ) -> None:
        super().__init__(AnyIndex)
        self.made, self.count, self.keys_of, self.parts = None, count, keys, tuple(parts)
        self.lower = np.broadcast_to(np.asarray(lower, dtype=float), (count,))
        self.upper = np.broadcast_to(np.asarray(upper, dtype=float), (count,))

    def _make(self) -> dict[Any, Any]:
        entries: list[list[tuple[Any, float]]] = [[] for _ in range(self.count)]
        for part in self.parts:
            variables = list(part.columns.values())
            for row, place, value in zip(
                part.rows.tolist(), part.places.tolist(), part.coefficients.tolist(), strict=True
            ):
                if value:
                    entries[row].append((variables[place], value))
        made = {}
        for key, terms, lower, upper in zip(
            self.keys_of(), entries, self.lower.tolist(), self.upper.tolist(), strict=True
        ):
            body = LinearExpression(linear_coefs=[a for _, a in terms], linear_vars=[v for v, _ in terms])
            relation = body == upper if lower == upper else body <= upper if lower == -INFINITY else body >= lower
            row = ConstraintData(relation, component=self)
            row._index = key  # noqa: SLF001
            made[key] = row
        if len(made) != self.count:
            raise ValueError(f"{self.name}: {self.count} rows have {len(made)} different indices")
        return made


class Entries:
    """Rows of a family gathered one by one, where no rule says them all at once."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self._known: dict[int, tuple[Columns, list[int], list[int], list[float]]] = {}

    def add(self, key: Any, terms: Iterable[tuple[Columns, Any, Any]]) -> None:
        """One more row: family, number of a member, coefficient."""
        for columns, place, coefficient in terms:
            _, rows, places, values = self._known.setdefault(id(columns), (columns, [], [], []))
            rows.append(len(self.keys))
            places.append(place)
            values.append(coefficient)
        self.keys.append(key)

    def rows(self, lower: Ends = -INFINITY, upper: Ends = INFINITY) -> Rows:
        """The family."""
        return Rows(len(self.keys), lambda: self.keys, [Part(*known) for known in self._known.values()],
                    lower=lower, upper=upper)  # fmt: skip


Terms = Sequence[tuple[Columns, Any, Vector]]
"""A linear form: families, numbers of their members, and exact coefficients."""


def scaled(terms: Terms, row: int = 0, right: Vector | None = None) -> tuple[list[Part], float]:
    """Entries of a row in coprime whole numbers, so that no engine rounds them, and its right-hand side.

    Parameters
    ----------
    right
        The right-hand side, of one entry; it is scaled with the row. 0 by default.
    """
    sides = [] if right is None else [right]
    values = common_row(joined([*(vector for *_, vector in terms), *sides]))
    parts, first = [], 0
    for columns, places, vector in terms:
        parts.append(Part(columns, row, places, values[first : first + len(vector)]))
        first += len(vector)
    return parts, float(values[-1]) if sides else 0.0


def as_floats(terms: Terms, row: int = 0) -> list[Part]:
    """Entries of a row as they are, each the nearest float."""
    return [Part(columns, row, places, vector.floats()) for columns, places, vector in terms]


def homogeneous(keys: Sequence[Any], forms: Sequence[Terms]) -> Rows:
    """The rows form >= 0, one for each key, scaled to coprime whole numbers."""
    parts = [part for row, terms in enumerate(forms) for part in scaled(terms, row)[0]]
    return Rows(len(forms), lambda: keys, parts, lower=0.0)


class Goal(ScalarObjective):  # type: ignore[misc]
    """A linear objective as arrays; ``parts`` have one row, 0."""

    def __init__(self, parts: Sequence[Part], sense: Any = minimize) -> None:
        self.parts: tuple[Part, ...] = ()
        super().__init__()
        self.parts = tuple(parts)
        self.set_sense(sense)

    @property
    def untouched(self) -> bool:
        """Whether it is still what the arrays say."""
        return bool(self.parts)

    @property
    def _args_(self) -> Any:
        if self.parts:
            coefficients: list[float] = []
            variables: list[Any] = []
            for part in self.parts:
                members = list(part.columns.values())
                variables += [members[place] for place in part.places.tolist()]
                coefficients += part.coefficients.tolist()
            self._args_ = (LinearExpression(linear_coefs=coefficients, linear_vars=variables),)
        return ScalarObjective._args_.__get__(self)

    @_args_.setter
    def _args_(self, args: Any) -> None:
        self.parts = ()
        ScalarObjective._args_.__set__(self, args)
