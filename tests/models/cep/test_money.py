"""What meals are worth in CEP and outside it, held against sums done by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from fairbound.models.cep import CepInstance, Grouping, Outside, Purse, School, evaluate, find_rates, rate_tables
from fairbound.models.cep.money import by_kind
from fairbound.models.core.errors import InputError

import fairbound


def school(name: str, enrolled: int, identified: int, **numbers: int) -> School:
    given = {key: Fraction(value) for key, value in numbers.items()}
    return School(name, Fraction(enrolled), Fraction(identified), **given)  # type: ignore[arg-type]


ONE = school("a", 100, 50, free=60, reduced=10, breakfasts=5001, lunches=12000)
TWO = school("b", 200, 20, free=30, reduced=5, breakfasts=4000, lunches=20000)


def district(**changed: object) -> CepInstance:
    named = {"rates": find_rates("us48-2425"), "threshold": Fraction(1, 4), "outside": Outside.STANDARD} | changed
    return CepInstance("d", (ONE, TWO), **named)  # type: ignore[arg-type]


def test_rates_of_twelve_years_and_three_regions() -> None:
    tables = rate_tables()
    years = [f"{year}{year + 1}" for year in range(15, 27)]
    assert {f"{region}-{year}" for region in ("us48", "ak", "hi") for year in years} <= set(tables)
    newest = tables["us48-2627"]
    assert (newest.lunch_free, newest.lunch_reduced, newest.lunch_paid) == (
        Fraction("4.76"),
        Fraction("4.36"),
        Fraction("0.45"),
    )
    assert "2026-14252" in newest.source
    for table in tables.values():
        for free, reduced, paid in table.by_meal(False):
            assert free > (reduced or paid) >= paid > 0, table.name


def test_standard_claiming_and_the_difference_by_hand() -> None:
    """Rates of 2024-25: breakfast 2.37, 2.07, 0.39; lunch 4.43, 4.03, 0.42."""
    assert by_kind(ONE, Fraction(5001)) == (3001, 500, 1500)
    out_one = Fraction("3001") * Fraction("2.37") + 500 * Fraction("2.07") + 1500 * Fraction("0.39")
    out_one += 7200 * Fraction("4.43") + 1200 * Fraction("4.03") + 3600 * Fraction("0.42")
    out_two = 600 * Fraction("2.37") + 100 * Fraction("2.07") + 3300 * Fraction("0.39")
    out_two += 3000 * Fraction("4.43") + 500 * Fraction("4.03") + 16500 * Fraction("0.42")
    share = Fraction(4, 5)
    in_one = 5001 * (share * Fraction("2.37") + (1 - share) * Fraction("0.39"))
    in_one += 12000 * (share * Fraction("4.43") + (1 - share) * Fraction("0.42"))
    found = evaluate(district(), Grouping((("a",),)))
    assert found.values["reimbursement"] == in_one - out_one
    assert found.measures["full_reimbursement"] == in_one + out_two
    assert found.measures["standard_claiming"] == out_one + out_two
    assert evaluate(district(), Grouping(())).measures["full_reimbursement"] == out_one + out_two


def test_the_two_purses_are_kept_apart() -> None:
    plan = Grouping((("a",),))
    supplements = {"state_paid": Fraction(1, 2), "state_reduced": Fraction(1, 10), "state_all": Fraction(1, 100)}
    federal = evaluate(district(**supplements), plan)
    both = evaluate(district(**supplements, purse=Purse.DISTRICT), plan)
    # In CEP a fifth of a's meals is claimed as paid; b claims 100 + 500 reduced and 3,300 + 16,500 paid meals.
    state = 17001 * Fraction(1, 100) + Fraction(17001, 5) / 2 + 24000 * Fraction(1, 100) + 60 + Fraction(19800, 2)
    assert both.measures["state_dollars"] == federal.measures["state_dollars"] == state
    assert both.measures["full_reimbursement"] - federal.measures["full_reimbursement"] == state
    assert federal.values["reimbursement"] == evaluate(district(), plan).values["reimbursement"]
    assert both.values["reimbursement"] < federal.values["reimbursement"]  # paid meals are worth more outside


def test_staying_out_is_a_real_choice() -> None:
    """A school whose free students are many and identified few earns more outside."""
    poor = School("c", Fraction(100), Fraction(26), free=Fraction(90), reduced=Fraction(5))
    asked = CepInstance("d", (poor,), Fraction(1, 4), rates=find_rates("us48-2627"), outside=Outside.STANDARD)
    assert fairbound.solve(asked).primal_bound == 0
    assert fairbound.solve(asked, parameters={"outside": "none"}).primal_bound > 0


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"rates": None}, "dollars without rates"),
        ({"rates": find_rates("nyc2017")}, "the reduced rate of nyc2017 is not known"),
        ({"state_paid": Fraction(5), "purse": Purse.DISTRICT}, "a paid meal is worth more than a free one"),
        ({"state_all": Fraction(-1)}, "a supplement below 0"),
        ({"lunch_participation": Fraction(2)}, "parameter lunch_participation"),
    ],
)
def test_what_rates_do_not_say_is_refused(changed: dict[str, object], wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        district(**changed)


def test_a_severe_need_rate_is_never_guessed() -> None:
    severe = School("c", Fraction(100), Fraction(26), severe_need=True)
    with pytest.raises(InputError, match="the severe-need rate of us48-2627 is not known"):
        CepInstance("d", (severe,), rates=find_rates("us48-2627"))
    assert CepInstance("d", (severe,), rates=find_rates("us48-2425")).weights == (
        18000 * (Fraction("2.84") - Fraction("0.39") + Fraction("4.43") - Fraction("0.42")),
    )


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("breakfast_free,breakfast_paid,lunch_free,lunch_paid,lunch_reduced\n2,0.5,4,0.5,3.5\n")
    rates = find_rates(str(path))
    assert (rates.lunch_free, rates.lunch_reduced, rates.breakfast_reduced) == (4, Fraction(7, 2), None)
    assert fairbound.load("cep/calpads33", {"rates": str(path)}).parameters["rates"] == str(path)
    for text, wrong in (
        ("breakfast_free,breakfast_paid,lunch_free\n2,0.5,4\n", "row 2, column lunch_paid"),
        ("breakfast_free,breakfast_paid,lunch_free,lunch_paid,x\n2,0.5,4,1,1\n", "unknown column"),
        ("breakfast_free,breakfast_paid,lunch_free,lunch_paid\n2,-1,4,1\n", "column breakfast_paid: cannot be used"),
        ("breakfast_free\n", "a table of rates: found '0 rows'"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=wrong):
            find_rates(str(path))
    with pytest.raises(InputError, match="cannot be read"):
        find_rates(str(tmp_path / "none.csv"))


@pytest.mark.parametrize("eligible", [(60, 41), (-1, 10)])
def test_free_and_reduced_are_counts_of_the_enrolled(eligible: tuple[int, int]) -> None:
    free, reduced = eligible
    with pytest.raises(InputError, match="school c: free and reduced: wanted counts that are at most the enrolled"):
        CepInstance("x", (school("c", 100, 50, free=free, reduced=reduced, breakfasts=0, lunches=0),))
