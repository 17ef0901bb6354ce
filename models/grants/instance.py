"""Honest allocation: which districts a pot of money goes to, and what it is spent on, under stated effects.

Equation numbers are those of ``docs/grants.md``. The effects are an assumption that the user states; nothing here is
causal. Worst tenth: conditional value at risk, Rockafellar and Uryasev (2000).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import TYPE_CHECKING, Any, ClassVar

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text, parse_quantity, whole_multiples
from fairbound.models.core.parameters import COUNT, NUMBER, Form, Parameter, limits, optional, pieces, quoted, unquoted
from fairbound.models.core.problem import Instance, Objective, Sense

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORST, MEAN = "worst_tenth", "mean"
OBJECTIVES = (
    Objective(WORST, Sense.MAXIMIZE, "points", "mean score of the lowest tenth of districts, equation (5)"),
    Objective(MEAN, Sense.MAXIMIZE, "points", "mean score of all districts, equation (4)"),
)
THOUSAND = 1000
FITTED, LITERATURE = "fitted", "literature"
PUBLISHED = (Fraction("0.158"), Fraction("0.079"))
"""0.0316 standard deviations of a student's score for 1,000 dollars per student, over four years (Jackson and
Mackevicius 2024), times 5 points; half of it is allowed for on either side."""


@dataclass(frozen=True)
class Effect:
    """Points that 1,000 dollars per student add, and how far the truth may be from that."""

    points: Fraction
    width: Fraction = Fraction(0)


Stated = str | tuple[tuple[str, Effect], ...]
"""A word, ``fitted`` or ``literature``, or the effects of functions by name."""


def read_effects(text: str) -> Stated:
    """``fitted``, ``literature``, or ``Instruction=0.12+-0.05;Guidance=0.3``; raises ``ValueError``."""
    if text in (FITTED, LITERATURE, ""):
        return text
    found = {}
    for piece in pieces(text, ";"):
        name, sign, number = piece.rpartition("=")
        points, between, width = number.partition("+-")
        if not sign or unquoted(name.strip()) in found:
            raise ValueError(text)
        found[unquoted(name.strip())] = Effect(
            parse_quantity(points), parse_quantity(width) if between else Fraction(0)
        )
    return tuple(sorted(found.items()))


def write_effects(stated: Stated) -> str:
    """The inverse."""
    if isinstance(stated, str):
        return stated
    return ";".join(
        f"{quoted(name)}={decimal_text(effect.points)}{f'+-{decimal_text(effect.width)}' if effect.width else ''}"
        for name, effect in stated
    )


EFFECTS = Form(
    read_effects, write_effects, "fitted, literature, or effects such as Instruction=0.12+-0.05;Guidance=0.3"
)
PARAMETERS = (
    Parameter("effects", EFFECTS, "", "points that 1,000 dollars per student add, by function: an assumption"),
    Parameter("caution", NUMBER, "0", "how many of the effects' half widths are taken off: 1 plans for the worst"),
    Parameter("pot", NUMBER, "0", "dollars to be granted"),
    Parameter("districts", optional(COUNT), "none", "districts that may get a grant, at most", "none"),
    Parameter("most", NUMBER, "1000", "dollars per student that a district may get, at most"),
    Parameter("move", NUMBER, "0", "share of a function's spending that may be moved to others within a district"),
    Parameter("rise", NUMBER, "0.5", "share by which spending on a function may rise"),
    Parameter("tail", NUMBER, "0.1", "share of districts in the worst tenth"),
    *limits(OBJECTIVES),
)


@dataclass(frozen=True, slots=True)
class District:
    """A district: students, the score that it has without a plan, and dollars per student by function."""

    id: str
    students: int
    score: Fraction
    spending: tuple[int, ...]


@dataclass(frozen=True)
class GrantsInstance(Instance):
    """Districts, what money is assumed to do, and what a plan may do.

    Attributes
    ----------
    fitted
        Effects that a model found in data, by function; empty where nobody fitted any.
    draws
        The same for resampled data: how far the fitted ones can be believed.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    districts_data: tuple[District, ...]
    functions: tuple[str, ...]
    fitted: tuple[Effect, ...] = ()
    draws: tuple[tuple[Fraction, ...], ...] = ()
    effects: Stated = ""
    caution: Fraction = Fraction(0)
    pot: Fraction = Fraction(0)
    districts: int | None = None
    most: Fraction = Fraction(1000)
    move: Fraction = Fraction(0)
    rise: Fraction = Fraction(1, 2)
    tail: Fraction = Fraction(1, 10)
    limits: tuple[tuple[str, Fraction], ...] = ()
    title: str = ""
    repairs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("caution", "pot", "most", "move", "rise"):
            if getattr(self, name) < 0:
                raise InputError(f"parameter {name}", found=decimal_text(getattr(self, name)), wanted="at least 0")
        if self.move > 1:
            raise InputError("parameter move", found=decimal_text(self.move), wanted="a share of at most 1")
        if not 0 < self.tail <= 1:
            raise InputError("parameter tail", found=decimal_text(self.tail), wanted="a share above 0, at most 1")
        for name, count in Counter(district.id for district in self.districts_data).items():
            if count > 1:
                raise InputError("a district stands twice", found=name, wanted="every district once")
        for district in self.districts_data:
            if district.students < 1:
                raise InputError(f"students of district {district.id}", found=district.students, wanted="at least 1")

    def check_question(self) -> None:
        """Refuse effects that nobody states or that add nothing; raises ``InputError``."""
        if not self.effects:
            raise InputError("nobody says what money does", wanted="--set effects=literature, or effects by function")
        if self.effects == FITTED and not self.fitted:
            raise InputError("parameter effects", found=FITTED, wanted="effects by name, since none were fitted here")
        if not isinstance(self.effects, str):
            for name, _ in self.effects:
                if name not in self.functions:
                    raise InputError("no such function", found=name, wanted=nearest(name, self.functions))
        if all(self.gains(f)[1] <= 0 for f in range(len(self.functions))):
            raise InputError(
                "no function adds points under these effects",
                found=f"effects={write_effects(self.effects)[:60]}, caution={decimal_text(self.caution)}",
                wanted="an effect above 0 once caution is taken off",
            )

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "grants"

    def canonical(self) -> dict[str, Any]:
        """Districts, the effects as numbers, and the rules."""
        return {
            "problem": self.problem,
            "districts": [[d.id, d.students, decimal_text(d.score), *d.spending] for d in self.districts_data],
            "functions": list(self.functions),
            "effects": [[decimal_text(effect.points), decimal_text(effect.width)] for effect in self.assumed],
            "draws": [[decimal_text(value) for value in draw] for draw in self.draws],
            "parameters": self.parameters,
        }

    @cached_property
    def assumed(self) -> tuple[Effect, ...]:
        """The effect of each function; one that is not named has none."""
        if self.effects == FITTED:
            return self.fitted
        if self.effects == LITERATURE:
            return (Effect(*PUBLISHED),) * len(self.functions)
        stated: Mapping[str, Effect] = {} if isinstance(self.effects, str) else dict(self.effects)
        return tuple(stated.get(name, Effect(Fraction(0))) for name in self.functions)

    def gains(self, f: int) -> tuple[Fraction, Fraction]:
        """Points lost by a dollar less, and won by a dollar more, of a function: equation (1)."""
        effect = self.assumed[f]
        off = self.caution * effect.width
        return (effect.points + off) / THOUSAND, (effect.points - off) / THOUSAND

    @cached_property
    def best_first(self) -> tuple[list[tuple[int, int, Fraction]], tuple[list[int], Fraction]]:
        """What a dollar may do, best first: its function, 0 if it stays there or 1 if it is added, points.

        With them the points as whole multiples, and of what: those are added up far faster.
        """
        uses = [(f, added, gain) for f in range(len(self.functions)) for added, gain in enumerate(self.gains(f))]
        uses.sort(key=lambda use: (-use[2], *use[:2]))
        return uses, whole_multiples([gain for _, _, gain in uses])

    def bounds(self, district: District, f: int) -> tuple[int, int]:
        """Dollars per student that spending on a function may fall and rise, in whole dollars: equation (2)."""
        dollars, move, rise = district.spending[f], self.move, self.rise  # floors, without fractions between
        return dollars * move.numerator // move.denominator, dollars * rise.numerator // rise.denominator

    @cached_property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Least and most dollars per student that any district spends on each function."""
        columns = list(zip(*(district.spending for district in self.districts_data), strict=True))
        return tuple((min(column), max(column)) for column in columns)

    @cached_property
    def highest_threshold(self) -> Fraction:
        """No plan puts the end of the worst tenth higher: where all districts gain all that they can, equation (9)."""
        best = sorted(
            district.score + curve.start + sum((piece.gain * piece.dollars for piece in curve.pieces), Fraction(0))
            for district, curve in zip(self.districts_data, self.curves, strict=True)
        )
        return best[ceil(self.tail * len(best)) - 1]

    @cached_property
    def near(self) -> tuple[int, ...]:
        """Districts that may be in the worst tenth: those that begin below its highest end (9)."""
        return tuple(
            d
            for d, (district, curve) in enumerate(zip(self.districts_data, self.curves, strict=True))
            if district.score + curve.start < self.highest_threshold
        )

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """What each district can make of money."""
        return tuple(curve(self, district) for district in self.districts_data)


@dataclass(frozen=True)
class Piece:
    """Dollars per student of one function that all add the same."""

    function: int
    dollars: int
    gain: Fraction


@dataclass(frozen=True)
class Curve:
    """Most points that a district can make of each amount: concave, equation (7).

    Attributes
    ----------
    start
        Points that moving money within the district adds by itself.
    base
        Change of each function's spending that does so.
    pieces
        What a grant buys, best first.
    """

    start: Fraction
    base: tuple[int, ...]
    pieces: tuple[Piece, ...]


def curve(instance: GrantsInstance, district: District) -> Curve:
    """Spend the district's movable money again, best function first; what comes after is bought by a grant."""
    bounds = [instance.bounds(district, f) for f in range(len(instance.functions))]
    base, freed = [-down for down, _ in bounds], sum(down for down, _ in bounds)
    uses, (steps, unit) = instance.best_first
    start = -sum(bounds[f][0] * step for (f, added, _), step in zip(uses, steps, strict=True) if not added)
    pieces = []
    for (f, added, gain), step in zip(uses, steps, strict=True):
        dollars = bounds[f][added]
        again = min(dollars, freed)
        if again:
            base[f] += again
            freed -= again
            start += again * step
        if dollars > again and gain > 0:
            pieces.append(Piece(f, dollars - again, gain))
    return Curve(start * unit, tuple(base), capped(pieces, floor(instance.most)))


def capped(pieces: Sequence[Piece], most: int) -> tuple[Piece, ...]:
    """The first pieces, up to so many dollars."""
    found = []
    for piece in pieces:
        if most <= 0:
            break
        found.append(Piece(piece.function, min(piece.dollars, most), piece.gain))
        most -= piece.dollars
    return tuple(found)


@dataclass(frozen=True)
class Plan:
    """A solution: changes of spending in dollars per student, by places of district and function; 0 where none is."""

    changes: tuple[tuple[int, int, Fraction], ...]

    @staticmethod
    def of(instance: GrantsInstance, amounts: Mapping[int, Fraction]) -> Plan:
        """The plan that makes most of each district's amount, in dollars per student."""
        found = []
        for d, curve in enumerate(instance.curves):
            spent = {f: Fraction(change) for f, change in enumerate(curve.base) if change}
            left = amounts.get(d, Fraction(0))
            for piece in curve.pieces:
                part = min(left, Fraction(piece.dollars))
                if part > 0:
                    spent[piece.function] = spent.get(piece.function, Fraction(0)) + part
                    left -= part
            found += [(d, f, x) for f, x in sorted(spent.items()) if x]
        return Plan(tuple(found))
