"""Block-group assignment: units, schools, the rules of a city and the zones drawn in it.

Every unit (block group, tract) goes to one school; a school's units are its zone. Equation numbers
are those of ``docs/blocks.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from math import ceil, floor, lcm
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from fairbound.models.core.arrays import collector_paused
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.parameters import (
    NUMBER,
    OPTIONAL,
    TEXT,
    TOGETHER,
    Form,
    Parameter,
    limits,
    pieces,
    quoted,
    unquoted,
)
from fairbound.models.core.problem import Instance, Objective, Sense

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

DISSIMILARITY, TVD, INCOME = "dissimilarity", "tvd", "income"
MAX_SHARE, TRAVEL, REZONED = "max_share_deviation", "travel", "rezoned"

OBJECTIVES = (
    Objective(DISSIMILARITY, Sense.MINIMIZE, "share", "dissimilarity index of one group, equation (1)", Fraction(0)),
    Objective(
        TVD, Sense.MINIMIZE, "share", "student-weighted mean total variation distance, equation (2)", Fraction(0)
    ),
    Objective(
        INCOME, Sense.MINIMIZE, "dollars", "student-weighted mean gap of zone incomes, equation (3)", Fraction(0)
    ),
    Objective(
        MAX_SHARE, Sense.MINIMIZE, "share", "largest gap of a zone's share of the group, equation (4)", Fraction(0)
    ),
    Objective(TRAVEL, Sense.MINIMIZE, "student-units of distance", "distance travelled by all students, equation (5)"),
    Objective(REZONED, Sense.MINIMIZE, "students", "students whose school changes, equation (6)", Fraction(0)),
)


@dataclass(frozen=True)
class Unit:
    """A unit that is assigned whole.

    Attributes
    ----------
    students
        s_i, at least 0.
    groups
        Students of each group of the instance, in its order; they may leave some students out.
    today
        School of today, by id.
    income
        Mean household income in dollars, or ``None``.
    point
        Coordinates for maps, or ``None``.
    """

    id: str
    students: int
    groups: tuple[int, ...]
    today: str
    income: Fraction | None = None
    point: tuple[Fraction, Fraction] | None = None


@dataclass(frozen=True)
class School:
    """A school: the unit it stands in, which must be in its zone, and its seats."""

    id: str
    unit: str
    seats: Fraction


@dataclass(frozen=True)
class Border:
    """Two units that are neighbours; ``length`` of the shared border where it is known."""

    one: str
    other: str
    length: Fraction | None = None


_SHARE = OPTIONAL.words("a number in [0, 1] or none")


def _forced(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in pieces(text, ";"):
        pair = pieces(part, "=")
        if len(pair) != 2:
            raise ValueError(part)
        pairs.append((unquoted(pair[0]), unquoted(pair[1])))
    return tuple(sorted(set(pairs)))


FORCED = Form(
    _forced,
    lambda pairs: ";".join(f"{quoted(unit)}={quoted(school)}" for unit, school in pairs),
    "unit=school, pairs by ;",
)
BRIDGES = TOGETHER.words("pairs of unit ids joined by +, pairs by ;")
CONNECTED = {"yes": (True, False), "no": (False, False), "no_worse": (True, True)}


def _connected(text: str) -> tuple[bool, bool]:
    if text not in CONNECTED:
        raise ValueError(text)
    return CONNECTED[text]


CONTIGUOUS = Form(
    _connected, lambda pair: next(name for name, value in CONNECTED.items() if value == pair), " or ".join(CONNECTED)
)
PARAMETERS = (
    Parameter("group", TEXT.words("a group's name"), "the first", "group of dissimilarity and shares"),
    Parameter(
        "seats_tolerance",
        NUMBER.words("a number, at least 0"),
        "0.15",
        "how far a school may be from its seats, equation (8)",
        "1000",
    ),
    Parameter(
        "travel_ratio",
        OPTIONAL.words("a number, at least 0, or none"),
        "1.5",
        "travel at most this times today's, equation (9)",
        "none",
    ),
    Parameter("share_deviation", _SHARE, "none", "largest gap of a zone's share, equation (10)", "none"),
    Parameter("rezoned_share", _SHARE, "none", "largest share of students moved, equation (11)", "none"),
    Parameter(
        "contiguous",
        CONTIGUOUS,
        "yes",
        "zones are connected, (12), or in no more pieces than today's",
        "no",
        fields=("contiguous", "as_today"),
    ),
    Parameter("together", TOGETHER.words("unit ids joined by +, sets by ;"), "", "units that share a school", ""),
    Parameter("forced", FORCED, "", "units whose school is settled", ""),
    Parameter("barred", FORCED, "", "units that may not attend a school", "", silent=True),
    Parameter("borders", BRIDGES, "", "further borders, such as bridges", "", fields=("bridges",), silent=True),
    *limits(OBJECTIVES),
)


@dataclass(frozen=True)
class ZoneInstance(Instance):
    """A city and the rules for its zones.

    Attributes
    ----------
    travel
        d_ij, from unit i (row) to school j (column).
    group
        The group whose share and dissimilarity are meant, one of ``group_names``.
    seats_tolerance
        A school takes between (1 - t) and (1 + t) times its seats, equation (8).
    travel_ratio
        rho: no unit travels more than rho times its distance of today, equation (9); ``None`` for
        no limit. A unit may always stay where it is.
    share_deviation
        delta: no zone's share of the group is farther from the city's, equation (10).
    rezoned_share
        Largest share of students whose school changes, equation (11).
    contiguous, as_today
        Whether zones must be connected, equation (12), and whether today's pieces may stay apart, (12d).
    together, forced, barred
        Sets of units that share a school; pairs (unit, school) that are settled, and that may not be.
    bridges
        Pairs of units that are neighbours too.
    limits
        Largest values of objectives: pairs (objective, value).
    outline
        Polygons of the units for maps: pairs (unit, rings); not part of the question.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    units: tuple[Unit, ...]
    schools: tuple[School, ...]
    borders: tuple[Border, ...]
    travel: tuple[tuple[Fraction, ...], ...]
    group_names: tuple[str, ...]
    group: str
    seats_tolerance: Fraction = Fraction(3, 20)
    travel_ratio: Fraction | None = Fraction(3, 2)
    share_deviation: Fraction | None = None
    rezoned_share: Fraction | None = None
    contiguous: bool = True
    as_today: bool = False
    together: tuple[tuple[str, ...], ...] = ()
    forced: tuple[tuple[str, str], ...] = ()
    barred: tuple[tuple[str, str], ...] = ()
    bridges: tuple[tuple[str, ...], ...] = ()
    limits: tuple[tuple[str, Fraction], ...] = ()
    outline: tuple[tuple[str, tuple[tuple[tuple[float, float], ...], ...]], ...] = ()
    repairs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _validate(self)

    def check_question(self) -> None:
        """Refuse seats that cannot hold the students, and parts of a connected city without a school."""
        _validate_seats(self)
        _validate_parts(self)

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "blocks"

    @collector_paused()
    def canonical(self) -> dict[str, Any]:
        """What the digest is taken from."""
        return {
            "problem": self.problem,
            "group_names": list(self.group_names),
            "units": [
                [unit.id, str(unit.students), [str(count) for count in unit.groups], unit.today, _optional(unit.income)]
                for unit in self.units
            ],
            "schools": [[school.id, school.unit, decimal_text(school.seats)] for school in self.schools],
            "borders": sorted(sorted((border.one, border.other)) for border in self.borders),
            "travel": self._travel_texts,
            "parameters": self.parameters,
        }

    @cached_property
    def _travel_texts(self) -> list[list[str]]:
        """Travel as text."""
        found, places = self._distances
        texts: list[list[str]] = np.array([decimal_text(distance) for distance in found], dtype=object)[places].tolist()
        return texts

    @cached_property
    def _distances(self) -> tuple[list[Fraction], NDArray[np.int64]]:
        """The objects of the travel table, and which is where, shape (units, schools).

        Loaders repeat one object for equal distances: what is worked out from a distance is so once.
        """
        count, width = len(self.units), len(self.schools)
        keys = np.fromiter(map(id, chain.from_iterable(self.travel)), dtype=np.int64, count=count * width)
        known, places = np.unique(keys, return_inverse=True)
        somewhere = np.empty(len(known), dtype=np.int64)
        somewhere[places] = np.arange(count * width)
        found = [self.travel[place // width][place % width] for place in somewhere.tolist()]
        return found, places.reshape(count, width)

    @cached_property
    def travel_steps(self) -> tuple[list[int], NDArray[np.int64], int]:
        """Distances in whole steps, which is where, shape (units, schools), and how many steps are one of distance."""
        found, places = self._distances
        steps = lcm(*{distance.denominator for distance in found})
        return [d.numerator * (steps // d.denominator) for d in found], places, steps

    @cached_property
    def whole_travel(self) -> tuple[tuple[tuple[int, ...], ...], int]:
        """Travel in whole steps, shape (units, schools), and how many steps are one unit of distance."""
        whole, places, steps = self.travel_steps
        return tuple(map(tuple, np.array(whole, dtype=object)[places].tolist())), steps

    @cached_property
    def unit_index(self) -> dict[str, int]:
        """Place of each unit, by id."""
        return {unit.id: i for i, unit in enumerate(self.units)}

    @cached_property
    def school_index(self) -> dict[str, int]:
        """Place of each school, by id."""
        return {school.id: j for j, school in enumerate(self.schools)}

    @cached_property
    def today(self) -> tuple[int, ...]:
        """Index of each unit's school of today."""
        return tuple(self.school_index[unit.today] for unit in self.units)

    @cached_property
    def roots(self) -> tuple[int, ...]:
        """r_j: index of the unit that each school stands in."""
        return tuple(self.unit_index[school.unit] for school in self.schools)

    @cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """N(i): indices of each unit's neighbours, ascending; with the ties of ``no_worse``."""
        near = [set(ids) for ids in self._beside]
        for root, unit in self.ties if self.as_today else ():
            near[root].add(unit)
            near[unit].add(root)
        return tuple(tuple(sorted(ids)) for ids in near)

    @cached_property
    def _beside(self) -> tuple[set[int], ...]:
        """Neighbours by borders and bridges."""
        near: tuple[set[int], ...] = tuple(set() for _ in self.units)
        for ends in (*((border.one, border.other) for border in self.borders), *self.bridges):
            one, other = (self.unit_index[end] for end in ends)
            near[one].add(other)
            near[other].add(one)
        return near

    @cached_property
    def ties(self) -> tuple[tuple[int, int], ...]:
        """(12d): for each piece of today's zones without its school, the school's unit and the piece's largest unit.

        The school's unit is in no other zone, so a border between the two serves that zone alone.
        """
        found = []
        zones: list[set[int]] = [set() for _ in self.schools]
        for i, home in enumerate(self.today):
            zones[home].add(i)
        for zone, root in zip(zones, self.roots, strict=True):
            left = zone - component(self._beside, root, zone) if root in zone else zone
            while left:
                piece = component(self._beside, min(left), left)
                left -= piece
                found.append((root, min(piece, key=lambda i: (-self.units[i].students, i))))
        return tuple(found)

    @cached_property
    def students(self) -> int:
        """S, all students."""
        return sum(unit.students for unit in self.units)

    @cached_property
    def group_position(self) -> int:
        """Place of the group that is looked at, among the groups."""
        return self.group_names.index(self.group)

    @cached_property
    def barred_pairs(self) -> frozenset[tuple[int, int]]:
        """Places of units and of schools that they may not attend."""
        return frozenset((self.unit_index[unit], self.school_index[school]) for unit, school in self.barred)

    def seat_range(self, school: School) -> tuple[int, int]:
        """L_j and U_j of equation (8), in whole students."""
        least = ceil(school.seats * (1 - self.seats_tolerance))
        return max(0, least), floor(school.seats * (1 + self.seats_tolerance))

    def may_attend(self, unit: int, school: int) -> bool:
        """Equation (9): whether the travel limit lets a unit attend a school, and nothing bars it."""
        if (unit, school) in self.barred_pairs:
            return False
        if self.travel_ratio is None or school == self.today[unit]:
            return True
        whole, places, _ = self.travel_steps
        row = places[unit]
        length, now = whole[row[school]], whole[row[self.today[unit]]]
        return bool(length * self.travel_ratio.denominator <= self.travel_ratio.numerator * now)


@dataclass(frozen=True)
class Zoning:
    """A solution: the school of every unit, by id, in the order of the units."""

    schools: tuple[str, ...]

    @classmethod
    def of(cls, instance: ZoneInstance, school_of: Iterable[int]) -> Zoning:
        """Build a zoning from the index of each unit's school."""
        return cls(tuple(instance.schools[j].id for j in school_of))

    def indices(self, instance: ZoneInstance) -> list[int]:
        """Index of each unit's school."""
        return [instance.school_index[school] for school in self.schools]


def component(neighbours: Mapping[int, Iterable[int]] | Sequence[Iterable[int]], start: int, inside: Any) -> set[int]:
    """The units that can be reached from ``start`` through units in ``inside``."""
    return reached(neighbours, {start}, inside)


def reached(
    neighbours: Mapping[int, Iterable[int]] | Sequence[Iterable[int]], start: set[int], inside: Any
) -> set[int]:
    """The units that can be reached from a part through units in ``inside``, and the part."""
    seen, todo = set(start), list(start)
    while todo:
        for near in neighbours[todo.pop()]:
            if near in inside and near not in seen:
                seen.add(near)
                todo.append(near)
    return seen


def _optional(value: Fraction | None) -> str:
    return "none" if value is None else decimal_text(value)


def _validate(instance: ZoneInstance) -> None:
    """Refuse a city that no reading of the rules can make sense of."""
    if not instance.units or not instance.schools:
        raise InputError("no units" if not instance.units else "no schools", wanted="at least one")
    _validate_parameters(instance)
    units: dict[str, Unit] = {}
    for unit in instance.units:
        if unit.id in units:
            raise InputError("duplicate unit", found=unit.id, wanted="each unit once")
        units[unit.id] = unit
        if unit.students < 0 or min(unit.groups, default=0) < 0 or sum(unit.groups) > unit.students:
            found = f"{unit.students} students, groups {list(unit.groups)}"
            raise InputError(f"unit {unit.id}: counts", found=found, wanted="0 <= sum of groups <= students")
        if len(unit.groups) != len(instance.group_names):
            raise InputError(f"unit {unit.id}: groups", found=len(unit.groups), wanted=len(instance.group_names))
    schools: set[str] = set()
    at: dict[str, str] = {}
    for school in instance.schools:
        if school.id in schools:
            raise InputError("duplicate school", found=school.id, wanted="each school once")
        schools.add(school.id)
        if school.unit not in units:
            raise InputError(f"school {school.id} stands in an unknown unit", found=school.unit, wanted="a unit's id")
        if school.unit in at:
            found = f"{at[school.unit]} and {school.id} in unit {school.unit}"
            raise InputError("two schools in one unit", found=found, wanted="one; split the unit, or merge the schools")
        at[school.unit] = school.id
        if school.seats < 0:
            raise InputError(f"school {school.id}: seats", found=decimal_text(school.seats), wanted="at least 0")
    for unit in instance.units:
        if unit.today not in schools:
            raise InputError(f"unit {unit.id}: school of today", found=unit.today, wanted="a school's id")
    for border in instance.borders:
        for end in (border.one, border.other):
            if end not in units:
                found = f"{end} (beside {border.other if end == border.one else border.one})"
                raise InputError("adjacency names an unknown unit", found=found, wanted="a unit's id")
        if border.one == border.other:
            raise InputError("a unit beside itself", found=border.one, wanted="two different units")
    for ids in instance.together:
        for identifier in ids:
            if identifier not in units:
                raise InputError("parameter together", found=identifier, wanted="a unit's id")
    for rule, pairs in (("forced", instance.forced), ("barred", instance.barred)):
        for unit_id, school_id in pairs:
            if unit_id not in units or school_id not in schools:
                raise InputError(
                    f"parameter {rule}", found=f"{unit_id}={school_id}", wanted="unit=school, by their ids"
                )
            if rule == "barred" and units[unit_id].today == school_id:
                found = f"{unit_id}={school_id}"
                raise InputError("a unit that may not attend its school of today", found=found, wanted="another school")
    for ids in instance.bridges:
        if len(ids) != 2 or any(identifier not in units for identifier in ids):
            raise InputError("parameter borders", found="+".join(ids), wanted="two ids of units joined by +")
    if len(instance.travel) != len(instance.units) or any(len(row) != len(instance.schools) for row in instance.travel):
        raise InputError(
            "travel", found=f"{len(instance.travel)} rows", wanted="one row per unit, one number per school"
        )


def _validate_parameters(instance: ZoneInstance) -> None:
    if instance.group not in instance.group_names:
        raise InputError("parameter group", found=instance.group, wanted="one of " + ", ".join(instance.group_names))
    limits = (
        ("seats_tolerance", instance.seats_tolerance, None),
        ("travel_ratio", instance.travel_ratio, None),
        ("share_deviation", instance.share_deviation, 1),
        ("rezoned_share", instance.rezoned_share, 1),
    )
    for name, value, most in limits:
        if value is not None and (value < 0 or (most is not None and value > most)):
            wanted = "at least 0" + (f" and at most {most}" if most is not None else "")
            raise InputError(f"parameter {name}", found=decimal_text(value), wanted=wanted)
    known = [objective.name for objective in OBJECTIVES]
    for name, _ in instance.limits:
        if name not in known:
            raise InputError("ceiling on an unknown objective", found=name, wanted=" or ".join(known))


def _validate_seats(instance: ZoneInstance) -> None:
    """Refuse seats that cannot hold the students, or that the students cannot fill."""
    least = sum(instance.seat_range(school)[0] for school in instance.schools)
    most = sum(instance.seat_range(school)[1] for school in instance.schools)
    tolerance = f"with seats_tolerance {decimal_text(instance.seats_tolerance)}"
    if most < instance.students:
        raise InputError(
            f"the seats cannot hold the students: {instance.students - most} short",
            found=f"{most} seats {tolerance}",
            wanted=f"at least the {instance.students} students",
        )
    if least > instance.students:
        raise InputError(
            f"the students cannot fill the seats: {least - instance.students} short",
            found=f"{instance.students} students",
            wanted=f"at least the {least} that must be filled {tolerance}",
        )


def _validate_parts(instance: ZoneInstance) -> None:
    """Refuse, where zones must be connected, a part of the city without a school."""
    if not instance.contiguous:
        return
    everywhere, seen = range(len(instance.units)), set[int]()
    roots = set(instance.roots)
    for i in everywhere:
        if i not in seen:
            part = component(instance.neighbours, i, everywhere)
            seen |= part
            if part.isdisjoint(roots):
                names = ", ".join(instance.units[u].id for u in sorted(part)[:5]) + (", ..." if len(part) > 5 else "")
                dropped = "".join(f"; {repair}" for repair in instance.repairs)
                raise InputError(
                    "part of the city without a school",
                    found=f"{len(part)} unit{'s' if len(part) > 1 else ''} ({names}) with no way to the rest{dropped}",
                    wanted="a border to the rest, a school in every part, or contiguous=no",
                )
