"""A price curve as a table: where each school would be worth most, and what it adds to the bound."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.cep.analyses import Cell, Rows, Table, count_of
from fairbound.models.cep.price_curve import Contribution, PriceCurve, contributions, curve_bound
from fairbound.solvers.cep.certificate import read_curve, read_instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairbound.models.cep import CepInstance


@dataclass(frozen=True)
class Prices:
    """A price curve with what it proves, school by school."""

    instance: CepInstance
    objective: str
    curve: PriceCurve
    schools: tuple[Contribution, ...]
    bound: Fraction
    table: Table


def prices(certificate: Mapping[str, Any]) -> Prices:
    """The knots of a certificate, and how many schools are worth most from each knot to the next.

    A row of schools worth most outside CEP and a row for each floor complete it, so that the last
    column adds up to the bound. The certificate must have been accepted before.
    """
    instance, curve = read_instance(certificate), read_curve(certificate)
    objective = str(certificate["objective"])
    entries = contributions(instance, objective, curve)
    rows: Rows = []
    for i, (level, price) in enumerate(curve.knots):
        end = curve.knots[i + 1][0] if i + 1 < len(curve.knots) else None
        here = [e for e in entries if e.level is not None and e.level >= level and (end is None or e.level < end)]
        rows.append(
            {
                "from claim %": float(100 * min(level, Fraction(1))),
                "identified %": float(100 * level / instance.multiplier),
                "price": float(price),
                "schools": sum(len(e.unit.members) for e in here),
                "students": count_of(sum((e.unit.enrolled for e in here), Fraction(0))),
                "contribution": sum((e.value for e in here), Fraction(0)),
            }
        )
    empty: dict[str, Cell] = dict.fromkeys(rows[0])
    out = [e for e in entries if e.level is None]
    if out:
        schools, students = sum(len(e.unit.members) for e in out), sum((e.unit.enrolled for e in out), Fraction(0))
        rows.append(
            empty
            | {
                "from claim %": "outside",
                "schools": schools,
                "students": count_of(students),
                "contribution": sum((e.value for e in out), Fraction(0)),
            }
        )
    floors = dict(instance.limits)
    for name, mu in curve.multipliers:
        rows.append(empty | {"from claim %": f"floor {name}", "price": float(mu), "contribution": -mu * floors[name]})
    bound = curve_bound(instance, objective, curve, entries)
    return Prices(
        instance, objective, curve, tuple(entries), bound, Table("prices", f"Prices of {instance.name}", rows)
    )
