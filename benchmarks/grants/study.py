"""Estimate, decide, audit: grants planned with the effects that each model estimates, judged under the truth."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.benchmarks.core.study import Study, answered
from fairbound.instances.core import catalogue
from fairbound.models.core.errors import InputError
from fairbound.models.grants.evaluate import judge
from fairbound.models.grants.instance import FITTED, LITERATURE, THOUSAND, WORST, Effect, GrantsInstance
from fairbound.models.scores.instance import BEST_SUBSET, LAD, ScoresInstance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fairbound.models.core.truth import Truth
    from fairbound.models.grants.instance import Stated
    from fairbound.solvers.core.result import Settings

DIGITS = 6
SIZES = (4, 6, 8)


def study(instance: GrantsInstance, truth: Truth | None, settings: Settings, say: Callable[[str], None]) -> Study:
    """Plan with every estimate, and judge each plan under the truth. Raises ``InputError`` for another one's truth."""
    assert truth is not None  # this study is judged
    known = tuple(Effect(truth.of("effect", name)) for name in instance.functions)
    rows: list[dict[str, Any]] = []
    best: Fraction | None = None
    for name, stated in (("the truth", _by_name(instance, known)), *estimates(instance, settings, say)):
        say(f"planning with {name}")
        asked = replace(instance, effects=stated)
        try:
            asked.check_question()
        except InputError as error:
            rows.append(
                {"estimate": name, "promised": None, "low": None, "high": None, "true gain": None} | _none(error)
            )
            continue
        result = answered(asked, WORST, None, settings)
        row: dict[str, Any] = {"estimate": name}
        row |= {
            word: result.measures.get(key)
            for word, key in (("promised", "gain"), ("low", "gain_low"), ("high", "gain_high"))
        }
        real = None if result.solution is None else judge(asked, result.solution, truth)["true_gain"]
        best = real if best is None else best
        row["true gain"] = real
        row["of the best"] = None if real is None or not best else real / best
        rows.append(row | {"plan": f"{result.status.value}, {result.level.value}"})
    limit = "any number of" if instance.districts is None else str(instance.districts)
    title = f"Gain of the worst tenth, points: {limit} grants from {float(instance.pot):,.0f} dollars"
    return Study(title, rows, (_figure(title, rows),), _notes(rows))


def _none(error: InputError) -> dict[str, Any]:
    return {"of the best": None, "plan": f"refused: {error.what}"}


def _by_name(instance: GrantsInstance, effects: tuple[Effect, ...]) -> Stated:
    return tuple(sorted(zip(instance.functions, effects, strict=True)))


def estimates(instance: GrantsInstance, settings: Settings, say: Callable[[str], None]) -> Iterator[tuple[str, Stated]]:
    """What is published, what least squares fits, and what models of the same panel say, if it is in the catalogue."""
    yield "published, the same for all", LITERATURE
    if instance.fitted:
        yield "least squares, this year's spending", FITTED
    try:
        panel = catalogue.load(instance.name.replace(instance.problem, "scores", 1))
    except InputError:
        return
    assert isinstance(panel, ScoresInstance)
    models = [("LAD, everything", LAD, None, panel.k), ("lasso, everything", LAD, "lasso", panel.k)]
    models += [(f"best subset of {k}", BEST_SUBSET, None, k) for k in SIZES]
    for name, objective, method, k in models:
        say(name)
        asked = replace(panel, k=k)
        try:
            model = answered(asked, objective, method, settings).solution
        except InputError:
            continue  # scikit-learn is not there
        if model is not None:
            each = {column.name: b for column, b in zip(asked.design.columns, model.coefficients, strict=True)}
            points = [round(each.get(function, Fraction(0)) * THOUSAND, DIGITS) for function in instance.functions]
            yield name, _by_name(instance, tuple(map(Effect, points)))


def _notes(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """What the rows bear out."""
    planned = [row for row in rows[1:] if row["true gain"] is not None]
    if not planned:
        return ()
    first = max(planned, key=lambda row: row["true gain"])
    share = 100 * float(first["of the best"] or 0)
    notes = [f"Of the estimates {first['estimate']} plans best: {share:.0f} % of what the truth would."]
    proud = [row["estimate"] for row in planned if row["promised"] > row["true gain"]]
    if proud:
        notes.append(f"{len(proud)} of {len(planned)} promise more than they bring: {', '.join(proud)}.")
    return tuple(notes)


def _figure(title: str, rows: list[dict[str, Any]]) -> Figure:
    drawn = [row for row in rows if row["true gain"] is not None]
    names = tuple(row["estimate"] for row in drawn)
    series = tuple(
        Series(
            word,
            tuple(float(row[word]) for row in drawn),
            names,
            mark,
            tuple(f"{row['estimate']}: {word} {float(row[word]):.4f}" for row in drawn),
        )
        for word, mark in (("true gain", Mark.POINTS), ("promised", Mark.TICKS))
    )
    caption = "Each point is what a plan really adds to the worst tenth; the tick is what its estimate promised."
    return Figure("joining", title, caption, Axis("points"), Axis("", categories=names), series)
