"""Every model beside the network: errors on the test rows, and what each of the seed's faults does to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.benchmarks.core.study import Study, answered
from fairbound.models.core.errors import InputError
from fairbound.models.scores.evaluate import bands
from fairbound.models.scores.instance import BEST_SUBSET, LAD, Features, Fill, Labels, ScoresInstance, Split
from fairbound.models.scores.panel import SPENDING, Panel
from fairbound.solvers.scores import lstm
from fairbound.solvers.scores.lstm import Ablation

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.models.core.truth import Truth
    from fairbound.solvers.core.result import Settings

JUDGED = False
"""It needs no hidden truth: the test rows judge."""
BANDS = {"rmse": "all", "rmse_high": "above 25", "rmse_middle": "15 to 25", "rmse_low": "below 15"}
NETWORKS = 5
SIZES = range(1, 7)
LINEAR = (
    ("constant", LAD, "constant", Features.ALL),
    ("persistence", LAD, "persistence", Features.ALL),
    ("least squares, past scores", LAD, "least_squares", Features.SCORES),
    ("LAD, past scores", LAD, None, Features.SCORES),
    ("least squares, everything", LAD, "least_squares", Features.ALL),
    ("LAD, everything", LAD, None, Features.ALL),
    ("LAD, budget", LAD, None, Features.BUDGET),
)


def study(instance: ScoresInstance, _truth: Truth | None, settings: Settings, say: Callable[[str], None]) -> Study:
    """Fit every model, and the network where PyTorch is installed. Raises ``InputError`` for a table without years."""
    if not isinstance(instance.source, Panel):
        raise InputError("a study compares models of districts over years", found=instance.name, wanted="a panel")
    rows: list[dict[str, Any]] = []
    for name, objective, method, features in LINEAR:
        say(name)
        rows.append(_row(name, replace(instance, features=features), objective, method, settings))
    for k in SIZES:
        say(f"best subset of {k}")
        asked = replace(instance, features=Features.ALL, k=k)
        rows.append(_row(f"best subset of {k}", asked, BEST_SUBSET, None, settings))
    notes = [_about_spending(rows)]
    if lstm.missing():
        notes.append(f"The network is left out: {lstm.missing()}.")
    else:
        rows += [_network(instance, ablation, settings, say) for ablation in Ablation]
        notes.append(f"Each network was trained {NETWORKS} times: mean, and the spread as a standard deviation.")
    for name, changed in _switched(instance):
        say(name)
        for kind, method in (("persistence", "persistence"), ("LAD, past scores", None)):
            rows.append(_row(f"{kind}; {name}", replace(changed, features=Features.SCORES), LAD, method, settings))
    title = f"Errors on the test rows (split {instance.split}): root of the mean square, in points"
    return Study(title, rows, (_figure(title, rows),), tuple(filter(None, notes)))


def _row(name: str, asked: ScoresInstance, objective: str, method: str | None, settings: Settings) -> dict[str, Any]:
    result = answered(asked, objective, method, settings)
    row: dict[str, Any] = {"model": name}
    row |= {word: result.measures.get(band) for band, word in BANDS.items()}
    row |= {"spread": None, "features": result.measures.get("features")}
    row["spending"] = result.measures.get("spending_features")
    exact = method is None
    return row | {"fit": f"{result.status.value}, {result.level.value}" if exact else "heuristic"}


def _network(
    instance: ScoresInstance, ablation: Ablation, settings: Settings, say: Callable[[str], None]
) -> dict[str, Any]:
    asked = replace(instance, features=Features.ALL, label_year=True)
    labels, unit = np.array(asked.design.test_labels, dtype=float), float(asked.design.label_unit)
    errors: dict[str, list[float]] = {band: [] for band in BANDS}
    for run in range(NETWORKS):
        say(f"network, {ablation.value}, {run + 1} of {NETWORKS}")
        left = (lstm.predictions(asked, ablation, settings.seed + run) - labels) * unit
        for band, inside in bands(asked).items():
            if inside.any():
                errors[band].append(float(np.sqrt((left[inside] ** 2).mean())))
    row: dict[str, Any] = {"model": f"network, {ablation.value}"}
    row |= {word: float(np.mean(errors[band])) if errors[band] else None for band, word in BANDS.items()}
    row["spread"] = float(np.std(errors["rmse"], ddof=1))
    return row | {"features": None, "spending": None, "fit": f"{NETWORKS} runs"}


def _switched(instance: ScoresInstance) -> list[tuple[str, ScoresInstance]]:
    """The instance without each of the seed's faults that touch a linear model, alone and together."""
    return [
        ("observed labels alone", replace(instance, labels=Labels.OBSERVED)),
        ("filled from the past", replace(instance, fill=Fill.PAST)),
        ("clean split", replace(instance, split=Split.CLEAN)),
        ("clean split, filled from the past", replace(instance, split=Split.CLEAN, fill=Fill.PAST)),
    ]


def _about_spending(rows: list[dict[str, Any]]) -> str:
    """What the proven subsets say of spending."""
    subsets = [row for row in rows if row["model"].startswith("best subset")]
    proven = [row for row in subsets if row["fit"] == "optimal, L4"]
    with_spending = [row["model"] for row in proven if row["spending"]]
    if not proven:
        return ""
    if with_spending:
        return f"A {SPENDING} column is in: {', '.join(with_spending)}."
    return f"No column of spending is in any of the {len(proven)} proven best subsets of up to {len(subsets)} features."


def _figure(title: str, rows: list[dict[str, Any]]) -> Figure:
    drawn = [row for row in rows if row["all"] is not None]
    names = tuple(row["model"] for row in drawn)
    points = Series(
        "model",
        tuple(float(row["all"]) for row in drawn),
        names,
        Mark.POINTS,
        tuple(f"{row['model']}: {float(row['all']):.4f}" for row in drawn),
    )
    caption = "Each point is a model's error on rows that it has not seen. To the left is better."
    return Figure(
        "errors", title, caption, Axis("root of the mean squared error, points"), Axis("", categories=names), (points,)
    )
