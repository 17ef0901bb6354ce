"""The price-curve certificate of CEP grouping, as JSON and as a table that an auditor adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.cep import PROBLEM, CepInstance, School
from fairbound.models.cep.price_curve import PriceCurve, contributions
from fairbound.models.cep.rates import parse_rates
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text, parse_number
from fairbound.models.core.parameters import together_text
from fairbound.solvers.cep import share_certificate
from fairbound.solvers.checker import cep as checker
from fairbound.solvers.core.bound import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

FORMAT = "fairbound price curve 1"
LEVEL = Level.L2
CHECKER = checker
MORE = (share_certificate,)


def certificate_json(instance: CepInstance, objective: str, curve: PriceCurve, bound: Fraction) -> dict[str, Any]:
    """Everything that the checker needs: the instance itself, the knots, and the bound they prove."""
    return {
        "format": FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": instance.canonical(),
        "objective": objective,
        "multipliers": {name: decimal_text(mu) for name, mu in curve.multipliers},
        "knots": [[decimal_text(level), decimal_text(price)] for level, price in curve.knots],
        "bound": decimal_text(bound),
    }


def read_curve(certificate: Mapping[str, Any]) -> PriceCurve:
    """The price curve of a certificate; raises ``InputError``."""
    try:
        return PriceCurve(
            tuple((parse_number(level), parse_number(price)) for level, price in certificate["knots"]),
            tuple((name, parse_number(mu)) for name, mu in certificate["multipliers"].items()),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError("certificate", found=str(error), wanted=f"the format {FORMAT!r}") from None


def read_instance(certificate: Mapping[str, Any]) -> CepInstance:
    """The instance inside a certificate; raises ``InputError`` if it is not the one of its digest."""
    try:
        data = certificate["data"]
        rates = None if data["rates"] is None else parse_rates(data["rates"])
        base = CepInstance(
            name=str(certificate["instance"]),
            schools=tuple(_school(dict(zip(data["columns"], row, strict=True))) for row in data["schools"]),
            repairs=tuple(data["repairs"]),
            rates=rates,
        )
        found = PROBLEM.with_parameters(base, {k: v for k, v in data["parameters"].items() if k != "rates"})
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError("certificate", found=str(error), wanted=f"the format {FORMAT!r}") from None
    if found.digest != certificate["digest"]:
        raise InputError("certificate", found=found.digest[:16], wanted=f"data of the digest {certificate['digest']}")
    return found


def _school(cells: Mapping[str, str]) -> School:
    """A school of the canonical form; an empty cell of meals stands for none."""
    return School(
        id=cells["id"],
        enrolled=parse_number(cells["enrolled"]),
        identified=parse_number(cells["identified"]),
        breakfasts=parse_number(cells["breakfasts"]) if cells["breakfasts"] else None,
        lunches=parse_number(cells["lunches"]) if cells["lunches"] else None,
        severe_need={"True": True, "False": False}[cells["severe_need"]],
        gain=parse_number(cells["gain"]),
        free=parse_number(cells["free"]) if cells.get("free") else None,
        reduced=parse_number(cells["reduced"]) if cells.get("reduced") else None,
    )


def auditor_rows(instance: CepInstance, objective: str, certificate: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The contributions of a certificate's price curve; see ``contribution_rows``."""
    return contribution_rows(instance, objective, read_curve(certificate))


def contribution_rows(instance: CepInstance, objective: str, curve: PriceCurve) -> Iterator[dict[str, str]]:
    """One row per school (or set of schools kept together), whose contributions add up to the bound.

    Floors enter as rows of their own, with a negative contribution.
    """
    for entry in contributions(instance, objective, curve):
        yield {
            "school_id": together_text([entry.unit.members]) if len(entry.unit.members) > 1 else entry.unit.members[0],
            "enrolled": decimal_text(entry.unit.enrolled),
            "lifted": decimal_text(entry.unit.lifted),
            "fixed": decimal_text(entry.unit.fixed),
            "slope": decimal_text(entry.unit.slope),
            "best_level": "" if entry.level is None else f"{float(entry.level):.9f}",
            "contribution": decimal_text(entry.value),
        }
    floors = dict(instance.limits)
    for name, mu in curve.multipliers:
        row = dict.fromkeys(("enrolled", "lifted", "fixed", "slope", "best_level"), "")
        yield {"school_id": f"floor {name}", **row, "contribution": decimal_text(-mu * floors[name])}
