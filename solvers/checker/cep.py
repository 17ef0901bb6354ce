"""Replay a price-curve certificate, trusting nothing else: standard library, fractions, no search.

The claim is that no grouping
of the schools in ``data`` that keeps its rules is worth more than ``bound``. Proof: a group at
claim share t has sum(q - t N) >= 0 with q = m E. So for prices lambda(t) >= 0 its value is at most
the sum over its schools of a + t b + lambda(t) (q - t N), and no school adds more than the maximum
of that over t. Each maximum is recomputed here, rounded up to a millionth, and added up. A rule
"at least F of f" adds mu f to every school and -mu F to the sum, for any mu >= 0. Rules that are
not read here (groups, min_group) only make the true best smaller.
"""

from fractions import Fraction
from itertools import pairwise
from typing import Any

from fairbound.solvers.checker.common import UNREADABLE, Rejected, denominator, identifier, pieces, rational, sealed

STEP = Fraction(1, 10**6)
FORMAT = "fairbound price curve 1"


def possible(data: dict[str, Any], schools: list[dict[str, str]]) -> None:
    """Raise ``Rejected`` for data that no district can have."""
    rules = data["parameters"]
    names = [school["id"] for school in schools]
    if not all(isinstance(name, str) and name.strip() for name in names) or len(set(names)) < len(names) or not names:
        raise Rejected("a school without an id, or one twice, or none at all")
    for school in schools:
        if not 0 <= rational(school["identified"]) <= rational(school["enrolled"]):
            raise Rejected(f"school {school['id']!r} has impossible counts")
        if any(rational(school[meal]) < 0 for meal in ("breakfasts", "lunches") if school[meal]):
            raise Rejected(f"school {school['id']!r} has negative meals")
    if not 0 < rational(rules["threshold"]) <= 1 or rational(rules["multiplier"]) <= 0 or rational(rules["days"]) <= 0:
        raise Rejected("a threshold, multiplier or number of days that cannot be")
    # All that is summed over schools; a number that is left out says nothing.
    counted = ("enrolled", "identified", "breakfasts", "lunches", "gain")
    denominator({rational(school[count]).denominator for school in schools for count in counted if school[count]})


KINDS = ("free", "reduced", "paid")


def rule(data: dict[str, Any], name: str) -> Fraction:
    """A parameter that is left out where it changes nothing: a share of 1, or 0 dollars."""
    return rational(data["parameters"].get(name, "1" if name.endswith("participation") else "0"))


def rates_of(data: dict[str, Any], meal: str) -> dict[str, Fraction | None]:
    """Dollars of a breakfast, severe_breakfast or lunch by kind, as the purse counts them; None where not known."""
    more = dict.fromkeys(KINDS, rule(data, "lunch_adder") if meal == "lunch" else Fraction(0))
    if data["parameters"].get("purse", "federal") == "district":
        more = {kind: value + rule(data, "state_all") for kind, value in more.items()}
        more["paid"] += rule(data, "state_paid")
        more["reduced"] += rule(data, "state_reduced")
    texts = {kind: data["rates"].get(f"{meal}_{kind}", "") for kind in KINDS}
    return {kind: rational(text) + more[kind] if text else None for kind, text in texts.items()}


def money(data: dict[str, Any], schools: list[dict[str, str]]) -> list[tuple[Fraction, Fraction]]:
    """(p, W) of each school: what it gains by being in CEP at all, and what a claim share of 1 is worth.

    W is in dollars a year above the paid rate, or in students without rates; p is (40) under standard claiming.

    Raises ``Rejected`` where a rate is missing.
    """
    if data["rates"] is None:
        return [(rational(school["gain"]), rational(school["enrolled"])) for school in schools]
    days, found = rational(data["parameters"]["days"]), []
    standard = data["parameters"].get("outside", "none") == "standard"
    tables = {meal: rates_of(data, meal) for meal in ("breakfast", "severe_breakfast", "lunch")}
    for school in schools:
        enrolled, spread, gain = rational(school["enrolled"]), Fraction(0), rational(school["gain"])
        for meal in ("breakfast", "lunch"):
            severe = meal == "breakfast" and school["severe_need"] == "True"
            rate = tables["severe_breakfast" if severe else meal]
            if rate["free"] is None or rate["paid"] is None:
                raise Rejected(f"no rate of a {meal}")
            counted = school["breakfasts" if meal == "breakfast" else "lunches"]
            served = rational(counted) if counted else days * enrolled * rule(data, f"{meal}_participation")
            spread += served * (rate["free"] - rate["paid"])
            if standard:
                gain += served * rate["paid"] - claimed_outside(school, enrolled, served, rate)
        found.append((gain, spread))
    return found


def claimed_outside(
    school: dict[str, str], enrolled: Fraction, served: Fraction, rate: dict[str, Fraction | None]
) -> Fraction:
    """Dollars of one meal under standard counting and claiming, (39); raises ``Rejected`` where a rate is missing."""
    free = Fraction(round(served * rational(school["free"]) / enrolled)) if enrolled else Fraction(0)
    reduced = Fraction(round(served * rational(school["reduced"]) / enrolled)) if enrolled else Fraction(0)
    reduced = min(reduced, served - free)
    if reduced and rate["reduced"] is None:
        raise Rejected("no rate of a reduced meal")
    paid = served - free - reduced
    return free * (rate["free"] or 0) + reduced * (rate["reduced"] or 0) + paid * (rate["paid"] or 0)


def coefficients(
    goal: str, schools: list[dict[str, str]], worth: list[tuple[Fraction, Fraction]]
) -> list[tuple[Fraction, Fraction]]:
    """(a, b) of each school: in CEP at claim share t it counts a + t b towards the goal.

    Raises ``Rejected`` for one that is not linear.
    """
    if goal == "reimbursement":
        return worth
    if goal == "students":
        return [(rational(school["enrolled"]), Fraction(0)) for school in schools]
    if goal == "schools":
        return [(Fraction(1), Fraction(0)) for _ in schools]
    raise Rejected(f"objective {goal} is not linear in the claim share")


def units(
    data: dict[str, Any], schools: list[dict[str, str]], terms: list[tuple[Fraction, Fraction]]
) -> list[tuple[Fraction, Fraction, Fraction, Fraction, bool, bool]]:
    """Schools, or those kept together: a, b, N, q = m E, whether it must be in CEP, whether it must stay out."""
    rules, found = data["parameters"], []
    root = {school["id"]: i for i, school in enumerate(schools)}
    home = list(range(len(schools)))  # schools kept together share a home
    for joined_ids in pieces(rules["together"], ";"):
        joined = {home[root[identifier(name)]] for name in pieces(joined_ids, "+")}
        home = [min(joined) if place in joined else place for place in home]
    forced_in, forced_out = (
        {identifier(name) for name in pieces(rules[rule], ";")} for rule in ("forced_in", "forced_out")
    )
    families: dict[int, list[int]] = {}
    for i, place in enumerate(home):
        families.setdefault(place, []).append(i)
    for place in sorted(families):
        members = families[place]
        names = {schools[i]["id"] for i in members}
        a, b = (sum((terms[i][k] for i in members), Fraction(0)) for k in (0, 1))
        n, e = (sum((rational(schools[i][c]) for i in members), Fraction(0)) for c in ("enrolled", "identified"))
        must = bool(names & forced_in) or rules["cover"] == "all"
        found.append((a, b, n, rational(rules["multiplier"]) * e, must, bool(names & forced_out)))
    return found


def largest(a: Fraction, b: Fraction, n: Fraction, q: Fraction, knots: list[tuple[Fraction, Fraction]]) -> Fraction:
    """Maximum over the curve of a + min(t, 1) b + lambda(t) (q - t n)."""
    best = max(a + min(t, Fraction(1)) * b + price * (q - t * n) for t, price in knots)
    for (t0, p0), (t1, p1) in pairwise(knots):
        rise = (p1 - p0) / (t1 - t0)
        slope = b + rise * (q - t0 * n) - p0 * n
        # Between two knots the value is a parabola: a summit inside exists only if it opens downwards.
        if rise * n > 0 and 0 < slope < 2 * rise * n * (t1 - t0):
            best = max(best, a + t0 * b + p0 * (q - t0 * n) + slope * slope / (4 * rise * n))
    return best


def recompute(certificate: dict[str, Any]) -> Fraction:
    """The bound that the knots prove for the data; raises ``Rejected``."""
    data = certificate["data"]
    rules = data["parameters"]
    if data["problem"] != "cep":
        raise Rejected(f"the data is of another problem: {data['problem']!r}")
    schools = [dict(zip(data["columns"], row, strict=True)) for row in data["schools"]]
    possible(data, schools)
    multiplier = rational(rules["multiplier"])
    low = multiplier * rational(rules["threshold"])
    knots = [(rational(level), rational(price)) for level, price in certificate["knots"]]
    levels = [level for level, _ in knots]
    if levels[0] != low or levels[-1] != max(low, 1) or sorted(set(levels)) != levels:
        raise Rejected("the knots do not rise from the threshold to full funding")
    if any(price < 0 for _, price in knots):
        raise Rejected("a price is negative")
    worth = money(data, schools)
    terms = coefficients(certificate["objective"], schools, worth)
    total = Fraction(0)
    for goal, text in certificate["multipliers"].items():
        mu = rational(text)
        if mu < 0:
            raise Rejected(f"the multiplier of {goal} is negative")
        total -= mu * rational(rules[f"min_{goal}"])
        more = coefficients(goal, schools, worth)
        terms = [(a + mu * c, b + mu * d) for (a, b), (c, d) in zip(terms, more, strict=True)]
    for a, b, n, q, must, barred in units(data, schools, terms):
        if barred:
            continue
        value = -(-largest(a, b, n, q, knots) // STEP) * STEP
        total += value if must else max(value, Fraction(0))
    return total


def check(certificate: dict[str, Any], digest: str | None = None) -> Fraction:
    """The proven bound; raises ``Rejected``. ``digest`` names the instance that is meant, if given."""
    try:
        if certificate["format"] != FORMAT:
            raise Rejected(f"unknown format {certificate['format']!r}")
        sealed(certificate, digest)
        proven = recompute(certificate)
        if proven != rational(certificate["bound"]):
            raise Rejected(f"the knots prove {proven}, the certificate claims {certificate['bound']}")
    except UNREADABLE as error:
        raise Rejected(f"it cannot be read: {type(error).__name__} {error}") from error
    return proven
