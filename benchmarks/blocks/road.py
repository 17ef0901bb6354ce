"""From a city to HiGHS: the zones of ``neighbour_rows``, written in other ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from fairbound.benchmarks.core.highs_road import Road
from fairbound.instances.core import catalogue
from fairbound.models.blocks import ZoneInstance
from fairbound.models.blocks.evaluate import deviation_weights
from fairbound.models.blocks.instance import DISSIMILARITY
from fairbound.models.blocks.reductions import fixed_options
from fairbound.models.core.registry import find_problem

SCHOOLS = 15
Places = np.typing.NDArray[np.intp]
Floats = np.typing.NDArray[np.float64]


def instance(binaries: int) -> ZoneInstance:
    """A grid city with so many pairs of a unit and a school: seats so many that none is left out."""
    city = catalogue.load(f"blocks/grid/n={binaries // SCHOOLS},k={SCHOOLS}/1")
    assert isinstance(city, ZoneInstance)
    return find_problem("blocks").with_parameters(city, {"seats_tolerance": str(SCHOOLS), "travel_ratio": "none"})  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Numbers:
    """What every way reads from a city: the pairs (unit, school), and rows as entries in columns of pairs."""

    units: Places
    schools: Places
    number: Places
    students: Floats
    weights: Floats
    ends: Floats
    guests: Places
    near: tuple[Places, Places]
    """Entries of (13): which guest, which column."""
    most: float

    @property
    def zones(self) -> int:
        """How many zones it joins."""
        return len(self.ends)


def numbers(city: ZoneInstance) -> Numbers:
    """The pairs and the entries of every row, in arrays."""
    options = fixed_options(city)
    units = np.repeat(np.arange(len(options)), [len(schools) for schools in options])
    schools = np.array([j for few in options for j in sorted(few)])
    number = np.full((len(options), len(city.schools)), -1)
    number[units, schools] = np.arange(len(units))
    weights = np.array(deviation_weights(city, city.group_position), dtype=float)
    weights /= 2.0 ** max(0, int(np.ceil(np.log2(max(1.0, np.abs(weights).max()) / 1024))))
    guests = np.flatnonzero(units != np.array(city.roots)[schools])
    row = np.full(len(units), -1)
    row[guests] = np.arange(len(guests))
    start = np.repeat(np.arange(len(options)), [len(near) for near in city.neighbours])
    end = np.array([u for near in city.neighbours for u in near])
    rows, columns = [], []
    for here in number.T:
        kept = (here[start] >= 0) & (here[end] >= 0)
        guest = row[here[start[kept]]]
        rows.append(guest[guest >= 0])
        columns.append(here[end[kept]][guest >= 0])
    students = np.array([float(unit.students) for unit in city.units])
    ends = np.array([city.seat_range(school) for school in city.schools], dtype=float)
    near = np.concatenate(rows), np.concatenate(columns)
    most = float(np.maximum(weights, 0).sum())
    return Numbers(units, schools, number, students, weights, ends, guests, near, most)


def by_pyomo(city: ZoneInstance) -> Any:
    """Rules of expressions, and Pyomo's own interface to HiGHS."""
    import pyomo.environ as pyo
    from pyomo.contrib.solver.solvers.highs import Highs

    n = numbers(city)
    zones, pairs = range(n.zones), range(len(n.units))
    of_unit: list[list[int]] = [[] for _ in city.units]
    of_zone: list[list[int]] = [[] for _ in zones]
    near: list[list[int]] = [[] for _ in n.guests]
    for pair, (i, j) in enumerate(zip(n.units.tolist(), n.schools.tolist(), strict=True)):
        of_unit[i].append(pair)
        of_zone[j].append(pair)
    for guest, pair in zip(*(entries.tolist() for entries in n.near), strict=True):
        near[guest].append(pair)
    students, weights = n.students[n.units].tolist(), n.weights[n.units].tolist()
    model = pyo.ConcreteModel()
    model.x = pyo.Var(pairs, domain=pyo.Binary)
    model.above = pyo.Var(zones, bounds=(0, n.most))
    x = model.x
    model.one = pyo.Constraint(range(len(of_unit)), rule=lambda _, i: pyo.quicksum(x[p] for p in of_unit[i]) == 1)
    for name, side in (("least", 0), ("most", 1)):
        rows = pyo.Constraint(zones)
        model.add_component(name, rows)
        for j in zones:
            seated = pyo.quicksum(students[p] * x[p] for p in of_zone[j])
            rows[j] = seated <= n.ends[j, 1] if side else seated >= n.ends[j, 0]
    model.deviation = pyo.Constraint(
        zones, rule=lambda m, j: pyo.quicksum(weights[p] * x[p] for p in of_zone[j]) <= m.above[j]
    )
    guests = n.guests.tolist()
    model.neighbour = pyo.Constraint(
        range(len(guests)), rule=lambda _, g: x[guests[g]] <= pyo.quicksum(x[p] for p in near[g])
    )
    model.goal = pyo.Objective(expr=pyo.quicksum(model.above.values()))
    interface = Highs()
    interface.set_instance(model)
    return interface._solver_model  # noqa: SLF001 - the interface has no public way to its HiGHS object


def by_linopy(city: ZoneInstance) -> Any:
    """Sums over groups of an array of variables; neighbours, at most four, as four arrays of labels."""
    import linopy
    import pandas as pd
    import xarray as xr

    n = numbers(city)
    model = linopy.Model()
    pairs, zones = pd.RangeIndex(len(n.units), name="pair"), pd.RangeIndex(n.zones, name="zone")
    x = model.add_variables(binary=True, coords=[pairs], name="x")
    above = model.add_variables(0, n.most, coords=[zones], name="above")
    unit, zone = (
        xr.DataArray(given, coords=[pairs], name=name) for given, name in ((n.units, "unit"), (n.schools, "zone"))
    )
    model.add_constraints((1 * x).groupby(unit).sum(), "=", 1)
    seated = (x * n.students[n.units]).groupby(zone).sum()
    model.add_constraints(seated, ">=", xr.DataArray(n.ends[:, 0], coords=[zones]))
    model.add_constraints(seated, "<=", xr.DataArray(n.ends[:, 1], coords=[zones]))
    model.add_constraints((x * n.weights[n.units]).groupby(zone).sum() - above, "<=", 0)
    guest, column = n.near
    order = np.argsort(guest, kind="stable")
    guest, column = guest[order], column[order]
    nth = np.arange(len(guest)) - np.searchsorted(guest, guest)
    labels = np.full((len(n.guests), 5), -1)
    labels[:, 0] = x.labels.values[n.guests]
    labels[guest, nth + 1] = x.labels.values[column]
    signs = np.tile([1.0, -1.0, -1.0, -1.0, -1.0], (len(labels), 1))
    terms = xr.Dataset({"coeffs": (("guest", "_term"), signs), "vars": (("guest", "_term"), labels)})
    model.add_constraints(linopy.LinearExpression(terms, model), "<=", 0)
    model.add_objective((1 * above).sum())
    return model.to_highspy()


def by_arrays(city: ZoneInstance) -> Any:
    """A matrix, and nobody between."""
    import highspy
    from fairbound.solvers.engines.highs import new
    from scipy import sparse

    n = numbers(city)
    count, zones = len(n.units), n.zones
    pairs, last = np.arange(count), count + np.arange(zones)

    def block(rows: Any, columns: Any, values: Any, height: int) -> Any:
        return sparse.csr_array((np.asarray(values, dtype=float), (rows, columns)), shape=(height, count + zones))

    seats = block(n.schools, pairs, n.students[n.units], zones)
    deviation = block(
        np.append(n.schools, np.arange(zones)),
        np.append(pairs, last),
        np.append(n.weights[n.units], -np.ones(zones)),
        zones,
    )
    neighbour = block(
        np.append(np.arange(len(n.guests)), n.near[0]),
        np.append(n.guests, n.near[1]),
        np.append(np.ones(len(n.guests)), -np.ones(len(n.near[1]))),
        len(n.guests),
    )
    units = block(n.units, pairs, np.ones(count), len(city.units))
    matrix = sparse.csr_array(sparse.vstack([units, seats, deviation, neighbour]))
    matrix.eliminate_zeros()
    free = highspy.kHighsInf
    highs = new()
    highs.passModel(
        count + zones,
        matrix.shape[0],
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        np.append(np.zeros(count), np.ones(zones)),
        np.zeros(count + zones),
        np.append(np.ones(count), np.full(zones, n.most)),
        np.concatenate([np.ones(len(city.units)), n.ends[:, 0], np.full(zones + len(n.guests), -free)]),
        np.concatenate([np.ones(len(city.units)), n.ends[:, 1], np.zeros(zones + len(n.guests))]),
        matrix.indptr.astype(np.int32)[:-1],
        matrix.indices.astype(np.int32),
        matrix.data,
        np.append(np.ones(count, dtype=np.int32), np.zeros(zones, dtype=np.int32)),
    )
    return highs


def prepare(city: ZoneInstance) -> None:
    """Which pairs are left out, and who is whose neighbour."""
    fixed_options(city)
    assert city.neighbours


ROAD = Road(
    "neighbour_rows",
    DISSIMILARITY,
    instance,
    {"Pyomo": by_pyomo, "linopy": by_linopy, "arrays": by_arrays},
    prepare,
)
