"""The seed's figures of district transfers: change against p, districts before and after.

Each is drawn from the best feasible plan of a question; the figures of a plan are recomputed from the
instance, so that a row whose data is not on this machine is left out.
"""

from __future__ import annotations

import json
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.core.row import Row
from fairbound.instances.core import catalogue
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number
from fairbound.models.transfers import PROBLEM, TransferInstance, TransferPlan, district_table, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_FIGURES = 6
"""Of each kind, so that a long run stays readable."""
LONGEST_NAME = 28


@lru_cache(maxsize=64)
def _instance(name: str, parameters: str, digest: str) -> TransferInstance | None:
    """The instance of a row, if its data is here and is what it was."""
    try:
        loaded = catalogue.load(name, PROBLEM.name)
        asked = PROBLEM.with_parameters(loaded, {k: v for k, v in json.loads(parameters).items() if v})  # type: ignore[arg-type]
    except InputError:
        return None
    return asked if asked.digest == digest else None


def _best_plans(rows: Sequence[Row], solutions: Solutions) -> dict[str, tuple[Row, TransferInstance, TransferPlan]]:
    """For each question (digest and objective) the best row whose plan can be recomputed."""
    best: dict[str, tuple[Row, TransferInstance, TransferPlan]] = {}
    for row in sorted((row for row in rows if row.primal is not None), key=lambda row: row.primal or Fraction(0)):
        key = f"{row.digest} {row.objective}"
        if key in best:
            continue
        table, instance = solutions(row.key), _instance(row.instance, row.parameters, row.digest)
        if table and instance is not None:
            best[key] = (row, instance, PROBLEM.read_solution(instance, table))
    return best


Answers = dict[Fraction, tuple[Row, TransferInstance, TransferPlan]]


def families(rows: Sequence[Row], solutions: Solutions) -> Iterator[tuple[str, str, Answers]]:
    """(file name, label, best plans by p): questions that differ in p only."""
    families: dict[tuple[str, ...], Answers] = {}
    for row, instance, plan in _best_plans(rows, solutions).values():
        others = {name: text for name, text in instance.parameters.items() if name != "p"}
        family = families.setdefault((row.instance, row.objective, json.dumps(others)), {})
        family[parse_number(instance.parameters["p"])] = (row, instance, plan)
    for k, ((name, objective, rest), answers) in enumerate(list(families.items())[:MOST_FIGURES]):
        bands = [f"{key}={text}" for key, text in json.loads(rest).items() if key in ("band", "floor")]
        given = ", ".join(text for text in bands if not text.endswith("none"))
        yield f"transfers-{{}}-{k + 1}", f"{name} {given}, {objective}", dict(sorted(answers.items()))


def change_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """Change of each term against p: its mean over the districts, beside that of today."""
    figures = []
    for file, label, answers in families(rows, solutions):
        if len(answers) < 2:
            continue
        curves: dict[str, list[tuple[float, float | None]]] = {}
        for p, (_, instance, plan) in answers.items():
            before, after = (evaluate(instance, one).measures for one in (TransferPlan(()), plan))
            for term, old in before.items():
                if term.endswith(("_mean", "_max")) and old:
                    curve = curves.setdefault(term.replace("_", " "), [(0.0, 0.0)])
                    curve.append((float(p), float(after[term] / old - 1)))
        figures.append(
            Figure(
                file.format("change"),
                f"Change of each term against p: {label}",
                "Mean and largest value of each term over the districts under the best plan found, against today. Only "
                "what the objective holds is pushed down; the other terms go where the students go.",
                Axis("p, share of students that may move"),
                Axis("change", percent=True),
                tuple(
                    Series(
                        name,
                        tuple(x for x, _ in curve),
                        tuple(y for _, y in curve),
                        Mark.LINE,
                        tuple(f"{name}, p = {x:g}: {y:+.1%}" for x, y in curve),
                    )
                    for name, curve in curves.items()
                ),
            )
        )
    return figures


def district_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """Race term of each district today and under the best plan of the least and the largest p."""
    figures = []
    for file, label, answers in families(rows, solutions):
        first = next(iter(answers.values()))[1]
        names = [_short(district.id) for district in first.districts]
        if len(set(names)) < len(names):
            names = [district.id for district in first.districts]
        shown = {"today": district_table(first, TransferPlan(()))}
        for p in dict.fromkeys((min(answers), max(answers))):
            _, instance, plan = answers[p]
            shown[f"p = {float(p):g}"] = district_table(instance, plan)
        order = sorted(range(len(names)), key=lambda j: -shown["today"][j][1])
        figures.append(
            Figure(
                file.format("districts"),
                f"Districts before and after: {label}",
                "Squared deviation of each district's shares from those of all students; the largest of today on top.",
                Axis("race term"),
                Axis("", categories=tuple(names[j] for j in order)),
                tuple(
                    Series(
                        when,
                        tuple(float(table[j][1]) for j in order),
                        tuple(names[j] for j in order),
                        Mark.BARS,
                        tuple(
                            f"{names[j]}, {when}: {float(table[j][1]):.4f}, {float(table[j][0]):,.0f} students"
                            for j in order
                        ),
                    )
                    for when, table in shown.items()
                ),
            )
        )
    return figures


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
