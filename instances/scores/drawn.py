"""Drawn tables of features, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.instances.core.entry import Generator
from fairbound.instances.core.settings import share, whole
from fairbound.instances.core.tables import csv_text
from fairbound.instances.scores.simulation import drawn_design
from fairbound.instances.scores.tables import LABEL, SET
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def features(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    """The table of ``drawn_design``, in thousandths; raises ``InputError`` for settings that cannot be meant."""
    p, n, k = whole(settings, "p", 1, 5000), whole(settings, "n", 5, 10**5), whole(settings, "k", 1)
    if k > p:
        raise InputError("setting k", found=k, wanted=f"at most the {p} features")
    made = drawn_design(p, n, k, float(share(settings, "correlation")), seed)
    rows: list[tuple[str, ...]] = [(SET, *(column.name for column in made.columns), LABEL)]
    parts = (
        ("train", [*(column.training for column in made.columns), made.labels]),
        ("test", [*(column.test for column in made.columns), made.test_labels]),
    )
    for word, columns in parts:
        rows += [(word, *(f"{x / 1000:.3f}" for x in row)) for row in zip(*columns, strict=True)]
    return {"": csv_text(rows)}


FEATURES = Generator(
    "scores",
    "features",
    "n rows of p correlated features, k of which make the label; a fifth as many rows more are for testing",
    {"p": None, "n": None, "k": "3", "correlation": "0.5"},
    features,
    "features.csv",
)
