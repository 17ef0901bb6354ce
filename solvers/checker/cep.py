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

from fairbound.solvers.checker.common import UNREADABLE, Rejected, identifier, pieces, rational, sealed

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


def weights(data: dict[str, Any], schools: list[dict[str, str]]) -> list[Fraction]:
    """W_s: dollars a year at claim share 1 above the paid rate, or students without rates."""
    rates = data["rates"]
    if rates is None:
        return [rational(school["enrolled"]) for school in schools]
    days, found = rational(data["parameters"]["days"]), []
    lunch = rational(rates["lunch_free"]) - rational(rates["lunch_paid"])
    for school in schools:
        kind = "severe_breakfast" if school["severe_need"] == "True" else "breakfast"
        breakfast = rational(rates[f"{kind}_free"]) - rational(rates[f"{kind}_paid"])
        meals = [
            rational(school[m]) if school[m] else days * rational(school["enrolled"]) for m in ("breakfasts", "lunches")
        ]
        found.append(meals[0] * breakfast + meals[1] * lunch)
    return found


def coefficients(goal: str, schools: list[dict[str, str]], worth: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """(a, b) of each school: in CEP at claim share t it counts a + t b towards the goal."""
    if goal == "reimbursement":
        return [(rational(school["gain"]), w) for school, w in zip(schools, worth, strict=True)]
    if goal == "students":
        return [(rational(school["enrolled"]), Fraction(0)) for school in schools]
    if goal == "schools":
        return [(Fraction(1), Fraction(0)) for _ in schools]
    raise Rejected(f"objective {goal} is not linear in the claim share")


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
    """The bound that the knots prove for the data."""
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
    worth = weights(data, schools)
    terms = coefficients(certificate["objective"], schools, worth)
    total = Fraction(0)
    for goal, text in certificate["multipliers"].items():
        mu = rational(text)
        if mu < 0:
            raise Rejected(f"the multiplier of {goal} is negative")
        total -= mu * rational(rules[f"min_{goal}"])
        more = coefficients(goal, schools, worth)
        terms = [(a + mu * c, b + mu * d) for (a, b), (c, d) in zip(terms, more, strict=True)]
    root = {school["id"]: i for i, school in enumerate(schools)}
    home = list(range(len(schools)))  # schools kept together share a home
    for joined_ids in pieces(rules["together"], ";"):
        joined = {home[root[identifier(name)]] for name in pieces(joined_ids, "+")}
        home = [min(joined) if place in joined else place for place in home]
    forced_in, forced_out = (
        {identifier(name) for name in pieces(rules[rule], ";")} for rule in ("forced_in", "forced_out")
    )
    for place in sorted(set(home)):
        members = [i for i in range(len(schools)) if home[i] == place]
        names = {schools[i]["id"] for i in members}
        if names & forced_out:
            continue
        a, b = (sum((terms[i][k] for i in members), Fraction(0)) for k in (0, 1))
        n, e = (sum((rational(schools[i][c]) for i in members), Fraction(0)) for c in ("enrolled", "identified"))
        value = -(-largest(a, b, n, multiplier * e, knots) // STEP) * STEP
        total += value if names & forced_in or rules["cover"] == "all" else max(value, Fraction(0))
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
