"""Windows, missing scores, and the value of a model, worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyomo.environ as pyo
import pytest
from fairbound.benchmarks.scores.tiny import NAMED, regression
from fairbound.models.core.errors import InputError
from fairbound.models.scores import PROBLEM, District, LinearModel, Panel, ScoresInstance, evaluate
from fairbound.models.scores.instance import BEST_SUBSET, LAD, SPARSE_LAD, Fill, Labels, Split
from fairbound.models.scores.panel import fill
from fairbound.models.scores.residuals import bounds, scaled

import fairbound

F = Fraction


def test_a_model_is_scored_as_the_page_says() -> None:
    asked = regression("by hand", "0 0 10\n2 0 30\n4 3 40\n6 1 80", k=1, ridge="1/2")
    model = LinearModel(F(1), (F(1), F(-2, 3)))
    found = evaluate(asked, model)
    # Labels 1, 3, 4, 8; predictions 1, 3, 3, 19/3.
    assert found.values[LAD] == (0 + 0 + 1 + F(5, 3)) / 4
    # Deviations: x0 has variance 5, x1 has 3/2; so the first coefficient is the larger one.
    assert found.values[SPARSE_LAD] == F(0 + 0 + 1 + 1, 4)
    assert found.values[BEST_SUBSET] == F(0 + 0 + 1 + 1, 4) + F(1, 2) * 5
    assert found.feasible
    assert found.measures["features"] == 2


def district(name: str, *scores: str) -> District:
    known = tuple(None if score == "-" else F(score) for score in scores)
    return District(name, (10,) * len(known), known, tuple((100 + 7 * t, int(name) * t) for t in range(len(known))))


PANEL = Panel(
    tuple(range(2001, 2011)),
    ("a", "b"),
    (
        district("1", *["-", "2", "3", "4", "6", "6", "7", "8", "9", "-"]),
        district("2", *["5", "-", "-", "8", "9", "9", "9", "7", "6", "5"]),
        district("3", *["1", "2", "3", "4", "5", "6", "7", "8", "9", "9"]),
    ),
)


def test_missing_scores_are_filled_as_asked() -> None:
    assert fill(PANEL.districts[1].scores, past=False)[:4] == [5, 6, 7, 8]
    assert fill(PANEL.districts[1].scores, past=True)[:4] == [5, 5, 5, 8]
    assert fill(PANEL.districts[0].scores, past=False)[0] == 2
    assert fill(PANEL.districts[0].scores, past=True)[0] is None


def test_windows_are_cut_by_year_and_then_by_district() -> None:
    asked = ScoresInstance("panel", PANEL, k=1)
    # Three windows of three districts: 60 % of nine rows, rounded down, are for training.
    assert (asked.design.labels, asked.design.test_labels) == ((8000, 7000, 8000, 9000, 6000), (9000, 9000, 5000, 9000))
    names = [column.name for column in asked.design.columns]
    assert names[:7] == [f"score, {lag} before" for lag in range(7, 0, -1)]
    assert names[7:9] == ["a, 7 before", "b, 7 before"]
    assert names[-1] == "b"
    assert asked.design.columns[0].training == (2000, 5000, 1000, 2000, 6000)
    assert "a" in names


def test_parameters_choose_rows_and_columns() -> None:
    observed = ScoresInstance("panel", PANEL, labels=Labels.OBSERVED)
    assert len(observed.design.labels) + len(observed.design.test_labels) == 8
    clean = ScoresInstance("panel", PANEL, split=Split.CLEAN)
    assert (len(clean.design.labels), clean.design.test_labels) == (6, (5000, 9000))
    past = ScoresInstance("panel", PANEL, fill=Fill.PAST)
    assert len(past.design.labels) + len(past.design.test_labels) == 8  # one window begins before any score
    without = ScoresInstance("panel", PANEL, label_year=False)
    assert "b" not in [column.name for column in without.design.columns]
    scores = fairbound.load(ScoresInstance("panel", PANEL), {"features": "scores"})
    assert {column.kind for column in scores.design.columns} == {"scores"}
    assert len({one.digest for one in (observed, clean, past, without, scores)}) == 5


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"k": "9"}, "at most the 3 features"),
        ({"ridge": "-1"}, "at least 0"),
        ({"split": "clean"}, "cuts windows from years"),
        ({"features": "budget"}, "no feature varies"),
        ({"kk": "1"}, "unknown parameter"),
    ],
)
def test_questions_that_nobody_can_answer(given: dict[str, str], word: str) -> None:
    with pytest.raises(InputError, match=word):
        fairbound.load(regression("three", "1 10 3 12\n2 7 1 25\n3 8 4 31\n"), given)


@pytest.mark.parametrize("name", list(NAMED))
def test_the_perspective_form_states_the_same_question(name: str) -> None:
    """The engine does not take it, so what it states is held against the specification at the best model."""
    asked = NAMED[name]
    best = fairbound.solve(asked, objective=BEST_SUBSET)
    formulation = PROBLEM.formulation("perspective")
    model = formulation.build(asked, BEST_SUBSET)
    formulation.assign(model, best.solution)
    for row in model.component_data_objects(pyo.Constraint):
        body = pyo.value(row.body)
        assert row.lower is None or body >= pyo.value(row.lower) - 1e-9
        assert row.upper is None or body <= pyo.value(row.upper) + 1e-9
    assert pyo.value(model.objective) == pytest.approx(float(best.primal_bound), rel=1e-9)
    again = evaluate(asked, formulation.extract(model)).values[BEST_SUBSET]
    assert float(again) == pytest.approx(float(best.primal_bound), rel=1e-9)


def test_a_limit_on_an_objective_is_refused_and_not_ignored() -> None:
    with pytest.raises(InputError, match="instances of scores take no limit on an objective"):
        PROBLEM.bounded(NAMED["outlier"], LAD, F(1))


def test_fewer_rows_than_features_bound_no_coefficient() -> None:
    _, limits = bounds(regression("two rows", "0 0 1\n-1 -1 0", k=1))
    assert np.isinf(limits).all()


@pytest.mark.parametrize("seed", range(8))
def test_bounds_hold_the_best_model_of_all_but_dependent_features(seed: int) -> None:
    """Two columns that differ by a share of 1e-2 to 1e-7: (6) either holds or says nothing."""
    draw = np.random.default_rng(seed)
    first = draw.integers(-(10**7), 10**7, size=40)
    apart = np.maximum(1, np.abs(draw.normal(size=40)) * 10.0 ** (5 - seed % 6)).astype(int)
    labels = draw.integers(-1000, 1000, size=40) + apart
    rows = "\n".join(f"{a} {a + d} {y}" for a, d, y in zip(first, apart, labels, strict=True))
    asked = regression("near", rows, k=2)
    _, limits = bounds(asked)
    _, _, spreads = scaled(asked)
    best = fairbound.solve(asked).solution
    assert all(abs(float(b)) * spread <= m for b, spread, m in zip(best.coefficients, spreads, limits[1:], strict=True))
