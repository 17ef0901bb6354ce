"""Estimate, decide, audit: class types planned with the effects that each method estimates, judged under the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.benchmarks.core.study import Study, answered
from fairbound.instances.classes.tables import Roster
from fairbound.instances.matching.sources import ABILITY, instance_of
from fairbound.models.classes.evaluate import evaluate, judge
from fairbound.models.classes.instance import COHORT_COLUMN, EVERYONE, GAP, MOVES, ClassInstance, Plan
from fairbound.models.core.errors import InputError
from fairbound.models.matching.evaluate import estimate as difference
from fairbound.models.matching.instance import PAIRS
from fairbound.solvers.matching.baselines import coefficients, naive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fairbound.models.core.truth import Truth
    from fairbound.models.matching.instance import MatchingInstance
    from fairbound.solvers.core.result import Settings

DIGITS = 3
"""Decimals of an estimate that a plan is made with."""
MA = ("teacher_has_ma", "yes")


@dataclass(frozen=True)
class Estimate:
    """What a method says that a small class, a teacher with a master's degree, and an aide add."""

    name: str
    small: Fraction
    ma: Fraction
    aide: Fraction

    def assumed(self, instance: ClassInstance) -> ClassInstance:
        """The instance with these effects."""
        return replace(instance, small_effect=self.small, ma_effect=self.ma, aide_effect=self.aide)


def study(instance: ClassInstance, truth: Truth, settings: Settings, say: Callable[[str], None]) -> Study:
    """Plan with every estimate, and judge each plan under the truth.

    ``needed`` is the fewest moves that reach the plan's true gap; the other moves were for nothing.

    Raises
    ------
    InputError
        Where the instance has no epsilon, or the truth is of other students.
    """
    limit = dict(instance.limits).get(GAP)
    if limit is None:
        raise InputError("a study plans for a gap", found="epsilon=none", wanted="--set epsilon=0.1, say")
    aides = any("aide" in student.kind for student in instance.members)
    known = Estimate(
        "the truth",
        truth.of("effect", "small"),
        truth.of("effect", "ma"),
        truth.of("effect", "aide") if aides else Fraction(0),
    )
    rows: list[dict[str, Any]] = []
    for guess in (
        known,
        replace(known, name="truth, ignoring degrees", ma=Fraction(0)),
        *estimates(instance, truth, settings, say),
    ):
        say(f"planning with {guess.name}")
        asked = guess.assumed(instance)
        result = answered(asked, MOVES, None, settings)
        row: dict[str, Any] = {"estimate": guess.name, "small": guess.small, "degree": guess.ma}
        row["moves"] = result.values.get(MOVES)
        if result.solution is not None:
            row["true gap"] = judge(asked, result.solution, truth)["true_gap"]
            row["needed"] = _needed(known.assumed(instance), result.solution, settings)
        else:
            row |= {"true gap": None, "needed": None}
        rows.append(row | {"level": result.level.value})
    title = f"Plans for a gap of {float(limit):g} between groups ({instance.groups}), judged under the truth"
    return Study(title, rows, (_figure(title, rows, float(limit)),), _notes(rows, known))


def estimates(
    instance: ClassInstance, truth: Truth, settings: Settings, say: Callable[[str], None]
) -> Iterator[Estimate]:
    """What each method makes of each cohort: plain differences, regression, matching; then with ability measured."""
    aides = any("aide" in student.kind for student in instance.students)
    hidden = Roster(instance.columns, instance.students, aides)
    shown = Roster(
        (*instance.columns, ABILITY),
        tuple(
            replace(student, labels=(*student.labels, str(truth.of(ABILITY, student.id))))
            for student in instance.students
        ),
        aides,
    )
    cohorts = [EVERYONE]
    if COHORT_COLUMN in instance.columns:
        place = instance.columns.index(COHORT_COLUMN)
        cohorts = sorted({student.labels[place] for student in instance.students})
    for roster, word in ((hidden, ""), (shown, ", ability seen")):
        for cohort in cohorts:
            asked = instance_of("study", roster, cohort)
            asked.check_question()
            fitted = coefficients(asked)
            added = _rounded(fitted.get(MA, 0.0)), instance.aide_effect
            about = ("" if cohort == EVERYONE else f", {cohort.lower()}") + word
            if not word:
                plain = difference(asked, naive(asked, "", 0, None).weights)
                yield Estimate(f"plain difference{about}", _rounded(plain), *added)
            yield Estimate(f"least squares{about}", _rounded(fitted["side", ""]), *added)
            say(f"matching{about}")
            yield Estimate(f"matching{about}", _rounded(_matched(asked, settings)), *added)


def _matched(asked: MatchingInstance, settings: Settings) -> Fraction | None:
    return answered(asked, PAIRS, None, settings).measures.get("estimate")


def _rounded(value: float | Fraction | None) -> Fraction:
    return round(Fraction(value or 0), DIGITS)


def _needed(true: ClassInstance, plan: Plan, settings: Settings) -> Fraction | None:
    """Fewest moves for the gap that a plan reaches with the true effects; the plan itself is one way."""
    asked = replace(true, limits=((GAP, evaluate(true, plan).values[GAP]),))
    return answered(asked, MOVES, None, replace(settings, prove=0.0)).values.get(MOVES)


def _notes(rows: list[dict[str, Any]], known: Estimate) -> tuple[str, ...]:
    """What the rows bear out; a sentence is left out where they do not."""
    blind = [row for row in rows[2:] if "ability" not in row["estimate"] and "regular" in row["estimate"]]
    notes = []
    if blind:
        best = min(blind, key=lambda row: abs(row["small"] - known.small))
        notes.append(
            f"Of the regular cohort no method that sees the exported columns alone comes nearer to the true effect "
            f"{float(known.small):g} than {float(best['small']):g} ({best['estimate']})."
        )
    wasted = [row for row in rows[1:] if row["needed"] is not None and row["moves"] is not None]
    if wasted:
        worst = max(wasted, key=lambda row: row["moves"] - row["needed"])
        lost = int(worst["moves"] - worst["needed"])
        if lost:
            notes.append(
                f"Most children are moved for nothing by {worst['estimate']}: {lost} of {int(worst['moves'])}."
            )
    return tuple(notes)


def _figure(title: str, rows: list[dict[str, Any]], limit: float) -> Figure:
    drawn = [row for row in rows if row["true gap"] is not None]
    points = Series(
        "plan",
        tuple(float(row["true gap"]) for row in drawn),
        tuple(row["estimate"] for row in drawn),
        Mark.POINTS,
        tuple(f"{int(row['moves'])} moves, true gap {float(row['true gap']):.3f}" for row in drawn),
    )
    names = tuple(row["estimate"] for row in drawn)
    wanted = Series("gap planned for", (limit,) * len(drawn), names, Mark.TICKS)
    return Figure(
        "joining",
        title,
        "Each point is the true gap of the plan made with an estimate; the tick is the gap that it was planned for.",
        Axis("true gap, points"),
        Axis("", categories=names),
        (points, wanted),
    )
