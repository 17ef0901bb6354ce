"""Certified prediction: which linear model foretells a district's next score best, from few features or many.

Equation numbers are those of ``docs/scores.md``. Source: the seed's notebook, which predicts next year's average ACT
of Texas districts from past averages and spending by function.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, fields
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.parameters import COUNT, FLAG, NUMBER, Parameter, choice
from fairbound.models.core.problem import Instance, Objective, Sense
from fairbound.models.scores.panel import Design, Panel, moments_of, windows

if TYPE_CHECKING:
    from fairbound.models.scores.panel import Moments

LAD, SPARSE_LAD, BEST_SUBSET = "lad", "sparse_lad", "best_subset"
OBJECTIVES = (
    Objective(LAD, Sense.MINIMIZE, "points", "mean absolute residual of the training rows, equation (1)", Fraction(0)),
    Objective(SPARSE_LAD, Sense.MINIMIZE, "points", "the same with the k largest coefficients alone, (2)", Fraction(0)),
    Objective(
        BEST_SUBSET,
        Sense.MINIMIZE,
        "square points",
        "mean squared residual with the k largest coefficients alone, and a ridge on them, (3)",
        Fraction(0),
    ),
)


class Features(StrEnum):
    """Which columns a model may use: the seed's ablations."""

    ALL = "all"
    SCORES = "scores"
    BUDGET = "budget"


class Split(StrEnum):
    """Which rows are for training, which for testing."""

    SEED = "seed"
    """The first 60 % of the windows in their order, the seed's way."""
    CLEAN = "clean"
    """Every window before the last year with observed scores, tested on that year; observed labels alone."""


class Labels(StrEnum):
    """Whether a score that nobody observed may be a label."""

    FILLED = "filled"
    OBSERVED = "observed"


class Fill(StrEnum):
    """Where a missing score comes from."""

    BOTH = "both"
    """Linear interpolation between neighbours, the nearest one at the ends: it looks ahead."""
    PAST = "past"
    """The last score known by then; windows before the first one are left out."""


PARAMETERS = (
    Parameter("k", COUNT, "3", "features that sparse_lad and best_subset count; lad counts all"),
    Parameter("ridge", NUMBER, "0.001", "weight of the squared coefficients (in standard deviations) in best_subset"),
    Parameter("features", choice(Features), "all", "columns that a model may use"),
    Parameter("split", choice(Split), "seed", "rows for training and rows for testing"),
    Parameter("labels", choice(Labels), "filled", "whether unobserved scores may be labels"),
    Parameter("fill", choice(Fill), "both", "where missing scores come from"),
    Parameter("label_year", FLAG, "yes", "whether spending of the label's own year is a feature"),
)


@dataclass(frozen=True)
class ScoresInstance(Instance):
    """Districts over years, or a plain table of features, and the model that is asked.

    Attributes
    ----------
    source
        A panel, from which windows are cut, or a design that stands as it is.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    source: Panel | Design
    k: int = 3
    ridge: Fraction = Fraction(1, 1000)
    features: Features = Features.ALL
    split: Split = Split.SEED
    labels: Labels = Labels.FILLED
    fill: Fill = Fill.BOTH
    label_year: bool = True
    title: str = ""
    repairs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.ridge < 0:
            raise InputError("parameter ridge", found=decimal_text(self.ridge), wanted="at least 0")
        if isinstance(self.source, Design):
            for field in fields(self):
                if (
                    field.name in ("split", "labels", "fill", "label_year")
                    and getattr(self, field.name) != field.default
                ):
                    wanted = "a panel of districts and years"
                    raise InputError(f"parameter {field.name} cuts windows from years", wanted=wanted)

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "scores"

    def check_question(self) -> None:
        """Refuse rows and features that no model can be fitted to; raises ``InputError``."""
        design = self.design
        if len(design.labels) < 2:
            raise InputError("too few rows for training", found=len(design.labels), wanted="at least 2")
        if not design.columns:
            raise InputError("no feature varies", found=f"features={self.features}", wanted="at least one that does")
        if min(design.labels) == max(design.labels):
            raise InputError("every label is the same", found=decimal_text(design.labels[0] * design.label_unit))
        if self.k > len(design.columns):
            raise InputError("parameter k", found=self.k, wanted=f"at most the {len(design.columns)} features")
        for name, count in Counter(column.name for column in design.columns).items():
            if count > 1:
                raise InputError("a feature stands twice", found=name, wanted="every feature once")

    @cached_property
    def design(self) -> Design:
        """Rows and columns that the parameters choose; columns that do not vary in training are left out.

        Raises ``InputError`` where no row is left for training.
        """
        found = self.source if isinstance(self.source, Design) else self._windows(self.source)
        if not found.labels:
            raise InputError("no rows for training", found=f"{len(found.test_labels)} for testing", wanted="at least 2")
        kept = [
            column
            for column in found.columns
            if (self.features is Features.ALL or column.kind == self.features.value)
            and min(column.training) != max(column.training)
        ]
        return Design(tuple(kept), found.labels, found.test_labels, found.label_unit)

    def _windows(self, panel: Panel) -> Design:
        clean = self.split is Split.CLEAN
        rows = windows(panel, self.fill is Fill.PAST)
        if clean or self.labels is Labels.OBSERVED:
            rows = [row for row in rows if row.observed]
        if not rows:
            raise InputError("no window of years is whole", found=f"{len(panel.years)} years", wanted="at least 9")
        if not clean:
            return panel.design(rows, len(rows) * 3 // 5, self.label_year)
        last = max(row.year for row in rows)
        train = [row for row in rows if row.year < last]
        return panel.design([*train, *(row for row in rows if row.year == last)], len(train), self.label_year)

    @cached_property
    def moments(self) -> Moments:
        """Sums, squares and products of the training rows, in whole numbers."""
        return moments_of(self.design)

    def canonical(self) -> dict[str, Any]:
        """The training rows in whole numbers with their units; of the test rows a digest, since they decide nothing."""
        design = self.design
        test = repr([[column.test for column in design.columns], design.test_labels])
        return {
            "problem": self.problem,
            "columns": [
                {"name": column.name, "unit": decimal_text(column.unit), "values": list(column.training)}
                for column in design.columns
            ],
            "labels": {"unit": decimal_text(design.label_unit), "values": list(design.labels)},
            "test": hashlib.sha256(test.encode()).hexdigest(),
            "parameters": self.parameters,
        }


@dataclass(frozen=True)
class LinearModel:
    """A solution: points at zero, and points for each unit of each feature of the design."""

    intercept: Fraction
    coefficients: tuple[Fraction, ...]

    @property
    def used(self) -> tuple[int, ...]:
        """Places of the features that count."""
        return tuple(j for j, b in enumerate(self.coefficients) if b)
