"""Linear models as tables: for files, for people, and back."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import LARGEST_QUANTITY, decimal_text, parse_number
from fairbound.models.scores.evaluate import variance
from fairbound.models.scores.instance import LinearModel, ScoresInstance
from fairbound.models.scores.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INTERCEPT = "(intercept)"


def solution_rows(instance: ScoresInstance, model: LinearModel) -> list[dict[str, str]]:
    """The intercept, then one row a feature that counts."""
    names = [column.name for column in instance.design.columns]
    rows = [{"feature": INTERCEPT, "coefficient": decimal_text(model.intercept)}]
    return rows + [{"feature": names[j], "coefficient": decimal_text(model.coefficients[j])} for j in model.used]


def read_solution(instance: ScoresInstance, rows: Sequence[Mapping[str, str]]) -> LinearModel:
    """Read the coefficients; features that are not named count 0. Raises ``InputError``."""
    names = {column.name: j for j, column in enumerate(instance.design.columns)}
    found: dict[str, Fraction] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("feature", "coefficient"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="feature and coefficient")
        name = row["feature"].strip()
        if name != INTERCEPT and name not in names:
            raise InputError("unknown", row=line, column="feature", found=name, wanted=nearest(name, names))
        if name in found:
            raise InputError("a feature stands twice", row=line, column="feature", found=name, wanted="each once")
        try:
            found[name] = parse_number(row["coefficient"])
        except ValueError:
            found[name] = Fraction(LARGEST_QUANTITY)
        if abs(found[name]) >= LARGEST_QUANTITY:
            wanted = "a number below 1e30"
            raise InputError("cannot be used", row=line, column="coefficient", found=row["coefficient"], wanted=wanted)
    return LinearModel(found.get(INTERCEPT, Fraction(0)), tuple(found.get(name, Fraction(0)) for name in names))


def solution_summary(instance: ScoresInstance, model: LinearModel) -> list[dict[str, str]]:
    """Coefficients by size: for a unit of the feature, and for a standard deviation of it."""
    columns = instance.design.columns
    rows = []
    for j in model.used:
        spread = sqrt(variance(instance, j))
        rows.append((columns[j].name, float(model.coefficients[j]), float(model.coefficients[j]) * spread))
    rows.sort(key=lambda row: -abs(row[2]))
    return [
        {"feature": name, "coefficient": f"{each:.5g}", "per standard deviation": f"{spread:+.4f}"}
        for name, each, spread in rows
    ]


def facts(instance: ScoresInstance) -> dict[str, str]:
    """Size of an instance for people."""
    design = instance.design
    found = {
        "training rows": f"{len(design.labels):,}",
        "test rows": f"{len(design.test_labels):,}",
        "features": f"{len(design.columns):,}",
    }
    if isinstance(instance.source, Panel):
        found["districts"] = f"{len(instance.source.districts):,}"
        found["years"] = str(len(instance.source.years))
    return found
