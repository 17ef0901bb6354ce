"""A grouping school by school, for those who decide: what each is worth where it is, and anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.cep.evaluate import claim_share, meets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.cep.instance import CepInstance, Grouping

OUT = "outside"


@dataclass(frozen=True)
class _Sums:
    """Sums of a group: identified, enrolled, W and p."""

    identified: Fraction
    enrolled: Fraction
    weight: Fraction
    gain: Fraction
    schools: int

    def with_school(self, instance: CepInstance, i: int, sign: int) -> _Sums:
        school = instance.schools[i]
        return _Sums(
            self.identified + sign * school.identified,
            self.enrolled + sign * school.enrolled,
            self.weight + sign * instance.weights[i],
            self.gain + sign * instance.gains[i],
            self.schools + sign,
        )

    def worth(self, instance: CepInstance) -> Fraction | None:
        """What the group adds to (3); ``None`` where it does not meet (2)."""
        if not self.schools:
            return Fraction(0)
        if not meets(self.identified, self.enrolled, instance.threshold):
            return None
        return claim_share(instance, self.identified, self.enrolled) * self.weight + self.gain


NOTHING = _Sums(Fraction(0), Fraction(0), Fraction(0), Fraction(0), 0)


def decisions(instance: CepInstance, grouping: Grouping) -> list[dict[str, object]]:
    """One row per school: its group, what it is worth there, and what the best other place would change.

    The change is in reimbursement, if this school alone moved, whatever the other rules say; nothing where every other
    place would take some group under the threshold.
    """
    index = {school.id: i for i, school in enumerate(instance.schools)}
    groups = [[index[identifier] for identifier in group] for group in grouping.groups]
    sums = []
    for group in groups:
        total = NOTHING
        for i in group:
            total = total.with_school(instance, i, 1)
        sums.append(total)
    home = {i: g for g, group in enumerate(groups) for i in group}
    rows: list[dict[str, object]] = []
    for i, school in enumerate(instance.schools):
        g = home.get(i)
        share = Fraction(0) if g is None else claim_share(instance, sums[g].identified, sums[g].enrolled)
        change, place = _best_move(instance, sums, i, g)
        rows.append(
            {
                "school_id": school.id,
                "name": school.name,
                "group": "" if g is None else str(g + 1),
                "enrolled": school.enrolled,
                "identified": school.identified,
                "identified_share": school.identified / school.enrolled if school.enrolled else None,
                "claim_share": None if g is None else share,
                "worth": None if g is None else share * instance.weights[i] + instance.gains[i],
                "change_if_moved": change,
                "moved_to": place,
                "why_outside": _why(instance, i, change, place) if g is None else "",
            }
        )
    return rows


def _best_move(instance: CepInstance, sums: Sequence[_Sums], i: int, home: int | None) -> tuple[Fraction | None, str]:
    """The best change of reimbursement by moving one school, and where to."""
    left = Fraction(0)
    if home is not None:
        before, after = sums[home].worth(instance), sums[home].with_school(instance, i, -1).worth(instance)
        if after is None:
            return None, ""
        left = after - (before or Fraction(0))
    places: list[tuple[Fraction, str]] = [] if home is None else [(left, OUT)]
    for g, group in enumerate(sums):
        if g != home:
            before, after = group.worth(instance), group.with_school(instance, i, 1).worth(instance)
            if after is not None:
                places.append((left + after - (before or Fraction(0)), f"group {g + 1}"))
    alone = NOTHING.with_school(instance, i, 1).worth(instance)
    if alone is not None and (home is None or sums[home].schools > 1):
        places.append((left + alone, "a group of its own"))
    if not places:
        return None, ""
    change, place = max(places, key=lambda found: found[0])
    return change, place


def _why(instance: CepInstance, i: int, change: Fraction | None, place: str) -> str:
    if instance.schools[i].id in instance.forced_out:
        return "a rule keeps it out"
    if change is None:
        return "it would take every group under the threshold"
    if change < 0:
        return f"its best place would be {place}, and the whole would be worth less"
    return (
        f"the whole would be worth no more with it in {place}"
        if change == 0
        else "the rules or the objective keep it out"
    )


def reasons(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Who is left out and why, in sentences, from the rows of ``decisions``."""
    said = []
    for row in rows:
        if not row["group"]:
            called = f"{row['school_id']} {row['name']}".strip()
            change = row["change_if_moved"]
            cost = f" ({float(change):+,.2f})" if isinstance(change, Fraction) and change < 0 else ""
            said.append(f"{called} is outside: {row['why_outside']}{cost}.")
    return said
