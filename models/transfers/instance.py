"""District transfers: instance, solution and exact evaluation.

Students may attend school in a neighbouring district, so that districts resemble one another more.
A plan says how many students of each district attend in each neighbour. Equation numbers are those
of ``docs/transfers.md``. Source: the poster "Reducing Inter-District Inequality as a Constrained
Multi-Objective Optimization Problem" (Bermudez, Lee, Olive, Wright, McCullough).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text, parse_quantity
from fairbound.models.core.parameters import FLAG, NUMBER, OPTIONAL, Form, Parameter, choice, limits
from fairbound.models.core.problem import Instance, Objective, Sense

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RACE, RACE_WEIGHTED, COMBINED = "race", "race_weighted", "combined"
RACE_L1, RACE_L1_WEIGHTED = "race_l1", "race_l1_weighted"

OBJECTIVES = (
    Objective(
        RACE, Sense.MINIMIZE, "squared share", "mean over districts of squared deviations of shares, (3)", Fraction(0)
    ),
    Objective(RACE_WEIGHTED, Sense.MINIMIZE, "squared share", "the same mean over students, equation (9)", Fraction(0)),
    Objective(
        RACE_L1, Sense.MINIMIZE, "share", "mean over districts of absolute deviations of shares, (10)", Fraction(0)
    ),
    Objective(RACE_L1_WEIGHTED, Sense.MINIMIZE, "share", "the same mean over students, equation (11)", Fraction(0)),
    Objective(
        COMBINED, Sense.MINIMIZE, "scaled squares", "race and every measure, min-max scaled, equation (8)", Fraction(0)
    ),
)


class Reading(StrEnum):
    """What becomes of teachers and revenue when students leave."""

    MOVE = "move"
    STAY = "stay"


class Kind(StrEnum):
    """How a measure relates to students."""

    STUDENTS_PER = "students_per"
    """Students for each unit, such as students per teacher; equation (4)."""
    PER_STUDENT = "per_student"
    """Units for each student, such as local revenue per student; equation (5)."""


Outline = tuple[tuple[str, tuple[tuple[tuple[float, float], ...], ...]], ...]
"""Polygons by district: closed rings of points."""


@dataclass(frozen=True)
class District:
    """One district: students of each group, and its point on a map where known."""

    id: str
    counts: tuple[Fraction, ...]
    point: tuple[Fraction, Fraction] | None = None


@dataclass(frozen=True)
class Measure:
    """A further quantity of every district, in the order of the districts.

    Attributes
    ----------
    amounts
        Teachers, dollars, ...; above 0 where students are counted per unit.
    provenance
        Where the amounts come from; says so when they are synthetic or a proxy.
    """

    name: str
    kind: Kind
    amounts: tuple[Fraction, ...]
    provenance: str = ""


_SHARE = OPTIONAL.words("a share in [0, 1], or none")


def _weights(text: str) -> tuple[tuple[str, Fraction], ...]:
    weights = {}
    for part in (part.strip() for part in text.split(";")):
        if part:
            name, equals, value = part.partition("=")
            if not equals:
                raise ValueError(part)
            weights[name.strip()] = parse_quantity(value)
    return tuple(sorted(weights.items()))


WEIGHTS = Form(
    _weights,
    lambda weights: ";".join(f"{name}={decimal_text(weight)}" for name, weight in weights),
    "term=number, pairs by ;",
)
PARAMETERS = (
    Parameter(
        "p", NUMBER.words("a share in [0, 1]"), "1", "largest share of all students that may move, equation (6)", "1"
    ),
    Parameter("band", _SHARE, "0.25", "sizes within this share of today, equation (7)", instead="floor"),
    Parameter("floor", _SHARE, "none", "sizes at least this share of today, equation (7)", instead="band"),
    Parameter("reading", choice(Reading), "move", "whether measures such as teachers move with students"),
    Parameter("weights", WEIGHTS, "", "weights of the terms of combined; 0 drops a term"),
    Parameter("whole", FLAG, "no", "whether students move only whole"),
    *limits(OBJECTIVES),
)


@dataclass(frozen=True)
class TransferInstance(Instance):
    """Districts, their borders and the rules of a plan.

    Attributes
    ----------
    groups
        Names of the groups that ``District.counts`` counts.
    borders
        Pairs of districts, each once; students move along them both ways.
    p
        Largest share of all students that may move, equation (6).
    band, floor
        Size bands, equation (7): within ``band`` of today, at least ``floor`` of today.
    reading
        Whether measures move with students or stay.
    weights
        Weights of the terms of ``combined``; a term that is absent weighs 1.
    whole
        Whether students move only whole.
    limits
        Largest values of objectives: pairs (objective, value).
    outline
        Polygons of the districts, for maps only: no part of the question.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    groups: tuple[str, ...]
    districts: tuple[District, ...]
    borders: tuple[tuple[str, str], ...]
    measures: tuple[Measure, ...] = ()
    p: Fraction = Fraction(1)
    band: Fraction | None = Fraction(1, 4)
    floor: Fraction | None = None
    reading: Reading = Reading.MOVE
    weights: tuple[tuple[str, Fraction], ...] = ()
    whole: bool = False
    limits: tuple[tuple[str, Fraction], ...] = ()
    repairs: tuple[str, ...] = ()
    title: str = ""
    outline: Outline = ()

    def __post_init__(self) -> None:
        _validate(self)

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "transfers"

    def canonical(self) -> dict[str, Any]:
        """What the digest is taken from."""
        return {
            "problem": self.problem,
            "groups": list(self.groups),
            "districts": [[d.id, *(decimal_text(count) for count in d.counts)] for d in self.districts],
            "borders": [list(pair) for pair in self.borders],
            "measures": [[m.name, m.kind.value, *(decimal_text(a) for a in m.amounts)] for m in self.measures],
            "parameters": self.parameters,
            "repairs": list(self.repairs),
        }

    @cached_property
    def index(self) -> dict[str, int]:
        """Place of each district, by id."""
        return {district.id: i for i, district in enumerate(self.districts)}

    @cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """Neighbours of each district, sorted; the relation is symmetric."""
        found: list[set[int]] = [set() for _ in self.districts]
        for a, b in self.borders:
            found[self.index[a]].add(self.index[b])
            found[self.index[b]].add(self.index[a])
        return tuple(tuple(sorted(one)) for one in found)

    @cached_property
    def arcs(self) -> tuple[tuple[int, int], ...]:
        """(from, to) for every border, both ways."""
        return tuple((i, j) for i, near in enumerate(self.neighbours) for j in near)

    @cached_property
    def sizes(self) -> tuple[Fraction, ...]:
        """S_i: students of each district today."""
        return tuple(sum(district.counts, Fraction(0)) for district in self.districts)

    @cached_property
    def total(self) -> Fraction:
        """All students."""
        return sum(self.sizes, Fraction(0))

    @cached_property
    def overall(self) -> tuple[Fraction, ...]:
        """mu_r: share of each group among all students."""
        return tuple(
            sum((d.counts[r] for d in self.districts), Fraction(0)) / self.total for r in range(len(self.groups))
        )

    @cached_property
    def deviations(self) -> tuple[tuple[Fraction, ...], ...]:
        """a_ir - mu_r: how far each district's mix of today is from the overall one."""
        return tuple(
            tuple(count / size - mu for count, mu in zip(district.counts, self.overall, strict=True))
            for district, size in zip(self.districts, self.sizes, strict=True)
        )

    @cached_property
    def size_bounds(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """[l_j, u_j]: the sizes that equation (7), the borders and equation (6) leave possible."""
        bounds = []
        for j, size in enumerate(self.sizes):
            low = max(Fraction(0), size - self.p * self.total)
            high = size + min(self.p * self.total, sum((self.sizes[i] for i in self.neighbours[j]), Fraction(0)))
            if self.band is not None:
                low, high = max(low, (1 - self.band) * size), min(high, (1 + self.band) * size)
            if self.floor is not None:
                low = max(low, self.floor * size)
            bounds.append((low, high))
        return tuple(bounds)

    def weight(self, term: str) -> Fraction:
        """Weight of a term of ``combined``."""
        return dict(self.weights).get(term, Fraction(1))

    @cached_property
    def scales(self) -> dict[str, Fraction]:
        """1 / (max - min) of each term over the districts of today; 1 where all are equal."""
        scales = {}
        for term, values in district_terms(self, self.sizes, amounts_today(self), self.deviations).items():
            span = max(values) - min(values)
            scales[term] = 1 / span if span else Fraction(1)
        return scales


@dataclass(frozen=True)
class TransferPlan:
    """A solution: triples (from, to, students); who is not named stays."""

    moves: tuple[tuple[str, str, Fraction], ...]

    @classmethod
    def of(cls, moves: Iterable[tuple[str, str, Fraction]]) -> TransferPlan:
        """A plan in canonical order, moves between the same two districts added up, zeros dropped."""
        total: dict[tuple[str, str], Fraction] = {}
        for origin, target, students in moves:
            total[origin, target] = total.get((origin, target), Fraction(0)) + students
        return cls(tuple((a, b, students) for (a, b), students in sorted(total.items()) if students))


def refuse_unbanded(instance: TransferInstance) -> str | None:
    """Why sizes without a positive lower bound make the question ill-posed, or ``None``.

    The objectives see shares only: emptying a district costs nothing and leaves 0/0.
    """
    for district, (low, _) in zip(instance.districts, instance.size_bounds, strict=True):
        if low <= 0:
            return (
                f"nothing keeps students in district {district.id}, and the objective sees shares only: an emptied "
                "district is 0/0; bound the sizes with band (below 1) or floor"
            )
    return None


def _validate(instance: TransferInstance) -> None:
    """Refuse an instance that no reading of the rules can make sense of."""
    if not instance.districts:
        raise InputError("no districts", wanted="at least one")
    if not instance.groups:
        raise InputError("no groups of students", wanted="at least one")
    seen: set[str] = set()
    for district in instance.districts:
        if district.id in seen:
            raise InputError("duplicate district", found=district.id, wanted="each district once")
        seen.add(district.id)
        if len(district.counts) != len(instance.groups):
            raise InputError(
                f"district {district.id}: counts", found=len(district.counts), wanted=f"{len(instance.groups)} groups"
            )
        if min(district.counts) < 0:
            raise InputError(f"district {district.id}: negative count", wanted="counts at least 0")
        if sum(district.counts) == 0:
            raise InputError(f"district {district.id} has no students", wanted="at least one student")
    for a, b in instance.borders:
        for end in (a, b):
            if end not in seen:
                raise InputError("border of an unknown district", found=end, wanted=nearest(end, sorted(seen)))
        if a == b:
            raise InputError("border of a district with itself", found=a, wanted="two different districts")
    names = ["race"]
    for measure in instance.measures:
        if measure.name in names:
            raise InputError("duplicate measure", found=measure.name, wanted="each name once")
        names.append(measure.name)
        if len(measure.amounts) != len(instance.districts):
            raise InputError(f"measure {measure.name}: amounts", wanted="one for every district")
        least = min(measure.amounts)
        if least < 0 or (least == 0 and measure.kind is Kind.STUDENTS_PER):
            wanted = "amounts above 0" if measure.kind is Kind.STUDENTS_PER else "amounts at least 0"
            raise InputError(f"measure {measure.name}", found=decimal_text(least), wanted=wanted)
    if not 0 <= instance.p <= 1:
        raise InputError("parameter p", found=decimal_text(instance.p), wanted="a share in [0, 1]")
    if instance.band is not None and not 0 <= instance.band <= 1:
        raise InputError("parameter band", found=decimal_text(instance.band), wanted="a share in [0, 1], or none")
    if instance.floor is not None and not 0 < instance.floor <= 1:
        raise InputError("parameter floor", found=decimal_text(instance.floor), wanted="a share in (0, 1], or none")
    for name, weight in instance.weights:
        if name not in names:
            raise InputError("parameter weights: unknown term", found=name, wanted=nearest(name, names))
        if weight < 0:
            raise InputError(f"parameter weights: {name}", found=decimal_text(weight), wanted="a number at least 0")
    if instance.whole and any(size.denominator != 1 for size in instance.sizes):
        raise InputError("parameter whole", found="yes", wanted="whole counts of students in every district")


def amounts_today(instance: TransferInstance) -> list[list[Fraction]]:
    """Amounts of each measure, a list a measure, by district."""
    return [list(measure.amounts) for measure in instance.measures]


def district_terms(
    instance: TransferInstance,
    sizes: Sequence[Fraction],
    amounts: Sequence[Sequence[Fraction]],
    deviations: Sequence[Sequence[Fraction]],
) -> dict[str, list[Fraction]]:
    """f_alpha, f_beta, f_gamma, ... of every district: equations (3) to (5).

    Parameters
    ----------
    sizes
        n_j, all above 0.
    amounts
        Of each measure in each district.
    deviations
        Share of each group in each district minus the overall share.
    """
    terms = {RACE: [sum((d * d for d in row), Fraction(0)) for row in deviations]}
    for measure, now in zip(instance.measures, amounts, strict=True):
        whole = sum(measure.amounts, Fraction(0))
        if measure.kind is Kind.STUDENTS_PER:
            terms[measure.name] = [(n / a - instance.total / whole) ** 2 for n, a in zip(sizes, now, strict=True)]
        else:
            terms[measure.name] = [(a / n - whole / instance.total) ** 2 for n, a in zip(sizes, now, strict=True)]
    return terms
