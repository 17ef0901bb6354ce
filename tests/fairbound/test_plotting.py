"""Pictures of answers: what is drawn are the numbers of the answer."""

from __future__ import annotations

import pytest
from fairbound.benchmarks.cep import tiny as tiny_cep

import fairbound
from fairbound import InputError

FIVE = tiny_cep.NAMED["five"]


def drawn(axes: object) -> list[tuple[float, float]]:
    """Points of every line of an axes."""
    return [(float(x), float(y)) for line in axes.get_lines() for x, y in line.get_xydata()]  # type: ignore[attr-defined]


def test_a_comparison_shows_every_value_and_bound() -> None:
    compared = fairbound.compare(FIVE, methods=["membership", "levels", "one_group"])
    [axes] = compared.plot().axes
    values = {float(line.result.primal_bound) for line in compared if line.result and line.result.primal_bound}
    assert values <= {x for x, _ in drawn(axes)}
    assert {text.get_text() for text in axes.get_yticklabels()} == {"membership", "levels", "one_group"}


def test_a_front_shows_its_points() -> None:
    front = fairbound.pareto("cep/calpads33", "reimbursement", "students", parameters={"threshold": "0.40"})
    [axes] = front.plot().axes
    points = {(float(p.values["students"]), float(p.values["reimbursement"])) for p in front.points}
    assert points <= set(drawn(axes))
    assert len(points) > 1


def test_a_result_shows_its_bounds_or_its_decision() -> None:
    result = fairbound.solve(FIVE, method="membership")
    [axes] = result.plot().axes
    assert float(result.primal_bound or 0) in {y for _, y in drawn(axes)}
    assert result.plot(FIVE).axes[0].get_title(loc="left") == "Students by group"
    city = fairbound.solve("blocks/grid100")
    assert city.plot("blocks/grid100").axes[0].get_title(loc="left") == "Zones of the plan"
    with pytest.raises(InputError, match="another instance"):
        result.plot("cep/calpads33")


def test_an_answer_without_anything_to_draw_says_so() -> None:
    asked = fairbound.load(FIVE, {"min_students": "10000"})
    nobody = fairbound.solve(asked, method="membership")
    assert nobody.primal_bound is None
    with pytest.raises(InputError, match="nothing to draw"):
        nobody.plot(asked)
