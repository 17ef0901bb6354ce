"""Simulated panels with a planted truth, and drawn tables of features: what tests, demo and default runs use.

A district's score follows its own past and what it spends on some functions; every other function does nothing. The
truth is a table apart: the effect of each function for 1,000 dollars per student, and the weights of past scores.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.instances.scores.spending import DISTRICT, SCORE, STUDENTS, YEAR, dollars
from fairbound.instances.scores.tables import Raw, whole_panel
from fairbound.models.core.errors import InputError
from fairbound.models.scores.panel import Column, Design

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.scores.panel import Panel
    from numpy.typing import NDArray

FIRST_YEAR = 2005
FUNCTIONS = {
    "Instruction": (4200, 0.12),
    "Instructional_Res_Media": (110, 0.35),
    "Curriculum_Staff_Develop": (60, 0.6),
    "Instructional_Leadership": (90, 0.5),
    "School_Administration": (480, 0.2),
    "Guidance_Counseling_Services": (220, 0.3),
    "Cocurricular": (260, 0.35),
    "General_Administration": (560, 0.3),
    "Security_Monitoring": (40, 0.8),
    "Data_Processing_Services": (140, 0.4),
}
"""Dollars per student in a usual district, and how widely districts differ (of the logarithm)."""
PLANTED = ("Instruction", "Guidance_Counseling_Services", "Curriculum_Staff_Develop")
PAST = (0.45, 0.2, 0.15)
"""Weights of the last three scores."""
MEAN, BURN_IN = 19.5, 6


READERS = {"int": int, "float": float}


@dataclass(frozen=True)
class Settings:
    """Settings of a simulation.

    Attributes
    ----------
    effect
        Points that a standard deviation of a planted function's spending adds.
    noise
        Standard deviation of what nothing explains.
    missing
        Share of scores that are not published; those of the last year never are.
    """

    districts: int = 600
    years: int = 15
    effect: float = 0.1
    noise: float = 0.8
    missing: float = 0.05

    @staticmethod
    def read(given: Mapping[str, str]) -> Settings:
        """Settings from text; raises ``InputError``."""
        found: dict[str, Any] = {}
        for item in fields(Settings):
            text = given.get(item.name, str(item.default))
            try:
                found[item.name] = READERS[str(item.type)](text)
            except ValueError:
                raise InputError(f"setting {item.name}", found=text, wanted="a number") from None
        if not 10 <= found["districts"] <= 20_000:
            raise InputError("setting districts", found=found["districts"], wanted="10 to 20,000")
        if not 9 <= found["years"] <= 40:
            raise InputError("setting years", found=found["years"], wanted="9 to 40")
        if not 0 <= found["missing"] <= 0.3 or not found["noise"] >= 0 or not np.isfinite(found["effect"]):
            raise InputError("setting missing, noise or effect", wanted="a share up to 0.3, a number from 0, a number")
        return Settings(**found)


@dataclass(frozen=True)
class Made:
    """A simulated panel with its tables: rows below a header."""

    panel: Panel
    notes: tuple[str, ...]
    table: Sequence[Sequence[str]]
    truth: Sequence[Sequence[str]]


@lru_cache(maxsize=4)
def simulate(settings: Settings = Settings(), seed: int = 1) -> Made:
    """Draw a panel: spending wanders about a district's own level, and scores follow it and their past."""
    draw = np.random.default_rng(seed)
    d, t = settings.districts, settings.years + BURN_IN
    levels = np.array([level for level, _ in FUNCTIONS.values()], dtype=float)
    widths = np.array([width for _, width in FUNCTIONS.values()])
    own = draw.normal(size=(d, 1, len(levels))) * 0.6
    yearly = draw.normal(size=(d, t, len(levels))) * 0.8
    spending = np.round(levels * np.exp(widths * (own + yearly)), 2)
    students = np.maximum(40, np.exp(draw.normal(6.8, 1.2, size=d))).astype(int)
    names = list(FUNCTIONS)
    spreads = spending[:, BURN_IN:].std(axis=(0, 1))
    effects = np.array(
        [settings.effect * 1000 / spreads[f] if name in PLANTED else 0.0 for f, name in enumerate(names)]
    )
    effects = np.round(effects, 6)
    means = spending[:, BURN_IN:].mean(axis=(0, 1))
    scores = np.empty((d, t))
    noise = draw.normal(size=(d, t)) * settings.noise
    for year in range(t):
        past = [scores[:, year - lag] if year >= lag else np.full(d, MEAN) for lag in (1, 2, 3)]
        drift = sum(weight * (before - MEAN) for weight, before in zip(PAST, past, strict=True))
        scores[:, year] = MEAN + drift + (spending[:, year] - means) @ effects / 1000 + noise[:, year]
    shown = np.clip(np.round(scores[:, BURN_IN:], 1), 1, 36)
    hidden = draw.random(size=shown.shape) < settings.missing
    hidden[:, -1] = True
    years = [FIRST_YEAR + year for year in range(settings.years)]
    raw: dict[str, Raw] = {}
    table: list[list[str]] = [[DISTRICT, YEAR, STUDENTS, SCORE, *names]]
    for i in range(d):
        found = raw[f"{i + 1}"] = Raw()
        for y, year in enumerate(years):
            amounts = spending[i, BURN_IN + y].tolist()
            found.students[year] = int(students[i])
            found.spending[year] = tuple(dollars(Fraction(f"{amount:.2f}"), 1) for amount in amounts)
            text = "" if hidden[i, y] else f"{shown[i, y]:.1f}"
            if text:
                found.scores[year] = Fraction(text)
            table.append([f"{i + 1}", str(year), str(int(students[i])), text, *(f"{amount:.2f}" for amount in amounts)])
    truth: list[list[str]] = [["quantity", "id", "value"]]
    truth += [["effect", name, f"{effect:.6f}"] for name, effect in zip(names, effects.tolist(), strict=True)]
    truth += [["past", str(lag), str(weight)] for lag, weight in enumerate(PAST, start=1)]
    panel, notes = whole_panel(raw, years, names, [])
    return Made(panel, notes, table, truth)


SIGNAL, TEST_SHARE = 5.0, 5


@lru_cache(maxsize=2)
def drawn_design(p: int, n: int, k: int, correlation: float, seed: int) -> Design:
    """Features with correlation^|i - j|, of which every (p / k)-th counts 1; signal five times as strong as noise.

    The design that papers on best subsets draw (Bertsimas, King and Mazumder 2016).
    """
    draw = np.random.default_rng(seed)
    rows = n + n // TEST_SHARE
    table = np.empty((rows, p))
    table[:, 0] = draw.normal(size=rows)
    for j in range(1, p):
        table[:, j] = correlation * table[:, j - 1] + np.sqrt(1 - correlation**2) * draw.normal(size=rows)
    signal = table[:, [j * p // k for j in range(k)]].sum(axis=1)
    labels = signal + draw.normal(size=rows) * np.sqrt(signal.var() / SIGNAL)

    def column(name: str, values: NDArray[np.float64]) -> Column:
        whole = np.round(values * 1000).astype(int).tolist()
        return Column(name, "", Fraction(1, 1000), tuple(whole[:n]), tuple(whole[n:]))

    label = column("label", labels)
    columns = tuple(column(f"x{j}", table[:, j]) for j in range(p))
    return Design(columns, label.training, label.test, label.unit)
