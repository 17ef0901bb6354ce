r"""Single-commodity flow with separator rows around every two neighbours.

.. math::

    x_{vj} \le \sum_{u \in C} x_{uj}, \quad x_{wj} \le \sum_{u \in C} x_{uj} \quad
    \text{for neighbours } v, w \text{ and } C \text{ the units that cut both from } r_j \ (29)

beside the rows of ``flow``. The neighbour rows (13) let two units vouch for each other; (29) does not. It is a choice
of the rows (19) that is made before the solve: separators next to few units, as in Carvajal et al. (2013) and Oehrlein
and Haunert (2017). So the LP bound lies between those of ``flow`` and ``multiflow``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.blocks import flow, rules
from fairbound.models.blocks.reductions import fixed_options
from fairbound.models.blocks.separators import frontier
from fairbound.models.core.problem import Formulation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairbound.models.blocks.instance import ZoneInstance
    from fairbound.models.blocks.separators import Separator
    from pyomo.core import ConcreteModel

MOST_ROWS = 100_000


def neighbour_separators(instance: ZoneInstance, zone_units: list[list[int]]) -> Iterator[Separator]:
    """For every two neighbours that may attend a school, the minimal separator next to them, once for each."""
    for j, units in enumerate(zone_units):
        inside, root = set(units), instance.roots[j]
        for v in units:
            for w in instance.neighbours[v]:
                if v < w and w in inside and root not in (v, w):
                    cut = frontier(instance.neighbours, inside, {v, w}, {root})
                    if root not in cut:  # a row that holds the school's own unit says nothing
                        yield v, j, cut
                        yield w, j, cut


def build(instance: ZoneInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the model; see the module for its equations."""
    model = rules.start_model("separator_flow", instance, relaxed)
    if instance.contiguous:
        rules.neighbour_rows(model)
        flow.add_flow(model)
        model.eq29_separator = rules.at_most_sums(model, neighbour_separators(instance, model.zone_units))
    rules.set_goal(model, objective)
    return model


def refuses(instance: ZoneInstance, objective: str) -> str | None:
    """Refuse a city with too many neighbours that may attend the same school."""
    options = fixed_options(instance)
    rows = sum(
        len(options[v] & options[w]) for v in range(len(options)) for w in instance.neighbours[v] if instance.contiguous
    )
    if rows > MOST_ROWS:
        return f"about {rows:,} separator rows are too many (at most {MOST_ROWS:,})"
    return rules.refuses(instance, objective)


FORMULATION = Formulation(
    name="separator_flow",
    summary="the flow of every school, and a separator row around every two neighbours",
    build=build,
    extract=rules.extract,
    assign=flow.assign,
    refuses=refuses,
)
