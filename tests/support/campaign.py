"""Hostile tiny questions of every problem against answers counted from the documentation pages alone.

Nothing here scores a solution with the package's own evaluation. ``python tests/support/campaign.py 20000`` runs
the long one; ``tests/solvers/test_campaign.py`` a short one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations, product
from math import ceil, floor
from random import Random
from typing import Any

from fairbound.benchmarks.grants import tiny as tiny_grants
from fairbound.benchmarks.scores import tiny as tiny_scores
from fairbound.benchmarks.transfers import tiny as tiny_transfers
from fairbound.models.applicants import ApplicantInstance, Cell
from fairbound.models.blocks import Border, Unit, ZoneInstance
from fairbound.models.blocks import School as Seat
from fairbound.models.cep import CepInstance, Cover, School, find_rates
from fairbound.models.classes import ClassInstance, Student
from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Sense
from fairbound.models.core.registry import find_problem
from fairbound.models.grants import District, Effect, GrantsInstance
from fairbound.models.matching import MatchingInstance
from fairbound.models.matching import Unit as Person
from fairbound.models.scores import Column, Design, ScoresInstance
from fairbound.solvers.core.methods import default_method, methods_of
from fairbound.solvers.core.result import Result, Settings, Status

LIMIT = 5.0
IDS = ("a", "a+b", "b", "b;c", "c", "[x]", "a=b", "a b", 'q"t', "b,c", "+", "[/x]", "c+a", "d")
SLOW = ("cpsat",)
"""Methods that start a process of their own."""


@dataclass
class Counts:
    """What was asked, and every claim that brute force denies."""

    solves: int = 0
    instances: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    withdrawn: int = 0
    proven: int = 0

    def say(self) -> str:
        """The counts in words."""
        asked = ", ".join(f"{count:,} of {name}" for name, count in sorted(self.instances.items()))
        ends = ", ".join(f"{count:,} {name}" for name, count in self.statuses.most_common())
        return (
            f"{self.solves:,} solves ({len(self.methods)} methods) of {self.instances.total():,} instances: "
            f"{asked}\n{ends}\n{self.proven:,} proven bounds; {self.withdrawn:,} claims withdrawn by the solver; "
            f"{len(self.wrong)} wrong"
        )


# CEP grouping ---------------------------------------------------------------------------------


def _partitions(items: list[int]) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    for smaller in _partitions(items[1:]):
        yield smaller  # the first stays out
        for i in range(len(smaller)):
            yield [*smaller[:i], [items[0], *smaller[i]], *smaller[i + 1 :]]
        yield [[items[0]], *smaller]


def cep_answer(instance: CepInstance, goal: str) -> Fraction | None:
    """Equations (1) to (3) of ``docs/cep.md`` over every set of disjoint groups."""
    schools, best = instance.schools, None
    worth = []
    for school in schools:
        if instance.rates is None:
            worth.append(school.enrolled)
            continue
        rates, day = instance.rates, instance.days * school.enrolled
        free, paid = (
            (rates.severe_breakfast_free, rates.severe_breakfast_paid)
            if school.severe_need
            else (rates.breakfast_free, rates.breakfast_paid)
        )
        breakfasts = day if school.breakfasts is None else school.breakfasts
        lunches = day if school.lunches is None else school.lunches
        worth.append(breakfasts * (free - paid) + lunches * (rates.lunch_free - rates.lunch_paid))
    for groups in _partitions(list(range(len(schools)))):
        values: dict[str, Fraction] = dict.fromkeys(
            ("reimbursement", "students", "schools", "full_funding"), Fraction(0)
        )
        home: dict[int, int] = {}
        kept = instance.groups is None or len(groups) <= instance.groups
        for g, group in enumerate(groups):
            N = sum((schools[i].enrolled for i in group), Fraction(0))
            E = sum((schools[i].identified for i in group), Fraction(0))
            kept = kept and instance.threshold * N <= E and len(group) >= instance.min_group
            if not kept:
                break
            share = min(instance.multiplier * E / N, Fraction(1)) if N else Fraction(1)
            values["reimbursement"] += sum((schools[i].gain + share * worth[i] for i in group), Fraction(0))
            values["students"] += N
            values["schools"] += len(group)
            values["full_funding"] += len(group) * (share == 1)
            home |= dict.fromkeys(group, g)
        if not kept:
            continue
        place = {schools[i].id: g for i, g in home.items()}
        kept = all(s in place for s in instance.forced_in) and not any(s in place for s in instance.forced_out)
        kept = kept and all(len({place.get(s) for s in ids}) == 1 for ids in instance.together)
        kept = kept and (instance.cover is Cover.ANY or len(home) == len(schools))
        if kept and all(values[name] >= least for name, least in instance.limits):
            best = values[goal] if best is None else max(best, values[goal])
    return best


def draw_cep(random: Random) -> CepInstance:
    count, decimals, size = random.randint(1, 5), random.randint(0, 12), 10 ** random.randint(0, 7)
    ids = random.sample(IDS, count)
    threshold = random.choice([Fraction(2, 5), Fraction(1, 4), Fraction(1, 3), Fraction(5, 8)])

    def amount(most: float) -> Fraction:
        return Fraction(f"{random.random() * most:.{random.choice([decimals, 0])}f}")

    with_meals, with_gains = random.random() < 0.5, random.random() < 0.3
    schools = []
    for name in ids:
        enrolled = amount(size * random.choice([1, 1, 1e-3])) if random.random() > 0.1 else Fraction(0)
        identified = min(enrolled, amount(float(enrolled)))
        if random.random() < 0.2:
            identified = threshold * enrolled  # exactly at the threshold
        meals = (amount(float(enrolled) * 180) if enrolled else Fraction(0) for _ in range(2))
        breakfasts, lunches = meals if with_meals else (None, None)
        gain = Fraction(f"{random.uniform(-1, 1) * size:.{decimals}f}") if with_gains else Fraction(0)
        schools.append(School(name, enrolled, identified, "", breakfasts, lunches, random.random() < 0.3, gain))
    rules: dict[str, Any] = {}
    if random.random() < 0.15:
        rules["cover"] = Cover.ALL
    if random.random() < 0.15:
        rules["forced_in"] = (ids[0],)
    if random.random() < 0.15:
        rules["forced_out"] = (ids[-1],) if count > 1 else ()
    if random.random() < 0.2 and count > 2:
        rules["together"] = (tuple(ids[1:3]),)
    if random.random() < 0.2:
        rules["groups"] = random.randint(1, 2)
    if random.random() < 0.2:
        rules["min_group"] = random.randint(1, 3)
    if random.random() < 0.25:
        most = sum((school.enrolled for school in schools), Fraction(0))
        rules["limits"] = (("students", round(most * random.randint(0, 11) / 10, decimals)),)
    return CepInstance(
        "drawn",
        tuple(schools),
        threshold=threshold,
        multiplier=random.choice([Fraction(8, 5), Fraction(5, 2), Fraction(13, 10)]),
        rates=find_rates(random.choice(["us48-2324", "nyc2017"])) if with_meals or random.random() < 0.4 else None,
        **rules,
    )


# Zones ----------------------------------------------------------------------------------------


def zones_answer(city: ZoneInstance, goal: str) -> Fraction | None:
    """Equations (1) to (12) of ``docs/blocks.md`` over every way to give each unit a school."""
    n, k = len(city.units), len(city.schools)
    units = {unit.id: i for i, unit in enumerate(city.units)}
    names = [school.id for school in city.schools]
    s = [unit.students for unit in city.units]
    columns = [[unit.groups[g] for unit in city.units] for g in range(len(city.group_names))]
    a = columns[city.group_names.index(city.group)]
    rest = [s[i] - sum(column[i] for column in columns) for i in range(n)]
    today = [names.index(unit.today) for unit in city.units]
    S, A = sum(s), sum(a)
    near = {
        i: {units[b.other if b.one == unit.id else b.one] for b in city.borders if unit.id in (b.one, b.other)}
        for i, unit in enumerate(city.units)
    }
    roots = [units[school.unit] for school in city.schools]
    best = None
    for homes in product(range(k), repeat=n):
        zones = [[i for i in range(n) if homes[i] == j] for j in range(k)]
        kept = all(homes[roots[j]] == j for j in range(k))
        count = [sum(s[i] for i in zone) for zone in zones]
        held = [sum(a[i] for i in zone) for zone in zones]
        for j, school in enumerate(city.schools):
            low, high = (
                ceil((1 - city.seats_tolerance) * school.seats),
                floor((1 + city.seats_tolerance) * school.seats),
            )
            kept = kept and low <= count[j] <= high
        if city.travel_ratio is not None:
            far = (
                city.travel[i][homes[i]] <= city.travel_ratio * city.travel[i][today[i]]
                for i in range(n)
                if homes[i] != today[i]
            )
            kept = kept and all(far)
        if not kept:
            continue
        if city.contiguous:
            for j, zone in enumerate(zones):
                seen, todo = {roots[j]}, [roots[j]]
                while todo:
                    new = (near[todo.pop()] & set(zone)) - seen
                    seen |= new
                    todo += new
                kept = kept and seen >= set(zone)
        moved = sum(s[i] for i in range(n) if homes[i] != today[i])
        shares = [abs(Fraction(held[j], count[j]) - Fraction(A, S)) for j in range(k) if count[j]]
        values = {
            "dissimilarity": sum(
                (abs(Fraction(held[j], A) - Fraction(count[j] - held[j], S - A)) for j in range(k)), Fraction(0)
            )
            / 2
            if A and S - A
            else Fraction(0),
            "max_share_deviation": max(shares, default=Fraction(0)),
            "travel": sum((s[i] * city.travel[i][homes[i]] for i in range(n)), Fraction(0)),
            "rezoned": Fraction(moved),
        }
        gaps = [
            sum(abs(S * sum(column[i] for i in zone) - sum(column) * count[j]) for column in [*columns, rest])
            for j, zone in enumerate(zones)
        ]
        values["tvd"] = Fraction(sum(gaps), 2 * S * S)
        kept = kept and all(values[name] <= most for name, most in city.limits)
        if city.share_deviation is not None:
            kept = kept and values["max_share_deviation"] <= city.share_deviation
        if city.rezoned_share is not None:
            kept = kept and moved <= city.rezoned_share * S
        kept = kept and all(len({homes[units[i]] for i in ids}) == 1 for ids in city.together)
        kept = kept and all(names[homes[units[unit]]] == school for unit, school in city.forced)
        if kept:
            best = values[goal] if best is None else min(best, values[goal])
    return best


def draw_zones(random: Random) -> ZoneInstance:
    n, k = random.randint(3, 6), 2
    size = 10 ** random.randint(0, 7)
    ids, schools = random.sample(IDS, n), random.sample(IDS, k)
    edges = {(i, i + 1) for i in range(n - 1)} | {tuple(sorted(random.sample(range(n), 2))) for _ in range(2)}
    roots = random.sample(range(n), k)
    today = [min(range(k), key=lambda j: abs(i - roots[j])) for i in range(n)]
    students = [0 if random.random() < 0.2 else random.randint(1, size) for _ in range(n)]
    if not sum(students):
        students[0] = 1
    group = [random.randint(0, count) for count in students]
    seats = [Fraction(sum(students[i] for i in range(n) if today[i] == j)) for j in range(k)]
    travel = tuple(tuple(Fraction(abs(i - root)) for root in roots) for i in range(n))
    rules: dict[str, Any] = {"travel_ratio": random.choice([None, None, Fraction(3, 2)])}
    rules["seats_tolerance"] = random.choice([Fraction(1, 5), Fraction(1, 2), Fraction(1), Fraction(3, 10)])
    if random.random() < 0.15:
        rules["contiguous"] = False
    if random.random() < 0.15:
        rules["together"] = ((ids[0], ids[1]),)
    if random.random() < 0.15:
        rules["forced"] = ((ids[roots[0]], schools[0]),)
    if random.random() < 0.2:
        rules["rezoned_share"] = Fraction(random.randint(0, 5), 10)
    if random.random() < 0.2:
        rules["share_deviation"] = Fraction(random.randint(0, 30), 100)
    if random.random() < 0.15:
        rules["limits"] = (("travel", Fraction(random.randint(0, n * size))),)
    return ZoneInstance(
        "drawn",
        tuple(Unit(ids[i], students[i], (group[i],), schools[today[i]]) for i in range(n)),
        tuple(Seat(schools[j], ids[roots[j]], seats[j]) for j in range(k)),
        tuple(Border(ids[i], ids[j]) for i, j in sorted(edges)),
        travel,
        ("g",),
        "g",
        **rules,
    )


# Applicants -----------------------------------------------------------------------------------


def applicants_answer(instance: ApplicantInstance, goal: str) -> Fraction | None:
    """Equations (20) to (22) of ``docs/blocks.md`` over every number of applicants of each cell."""
    cells, best = instance.cells, None
    everyone = sum(cell.count for cell in cells)
    races = sorted({cell.race for cell in cells})
    incomes = all(cell.income is not None for cell in cells if cell.count)
    pool = sum(((cell.income or Fraction(0)) * cell.count for cell in cells), Fraction(0)) / everyone
    for taken in product(*(range(cell.count + 1) for cell in cells)):
        first = sum(taken)
        if not instance.fewest <= first <= instance.most or not first:
            continue
        tvd = Fraction(0)
        for race in races:
            mine = sum(t for t, cell in zip(taken, cells, strict=True) if cell.race == race)
            tvd += abs(Fraction(mine, first) - Fraction(sum(c.count for c in cells if c.race == race), everyone)) / 2
        values = {"tvd": tvd}
        if incomes and pool:
            mean = (
                sum(((cell.income or Fraction(0)) * t for t, cell in zip(taken, cells, strict=True)), Fraction(0))
                / first
            )
            values["income"] = abs(mean - pool) / pool
            values["loss"] = tvd + values["income"]
        if goal not in values or any(name not in values or values[name] > most for name, most in instance.limits):
            continue
        best = values[goal] if best is None else min(best, values[goal])
    return best


def draw_applicants(random: Random) -> ApplicantInstance:
    cells = tuple(
        Cell(random.choice(IDS), race, random.randint(1, 3), Fraction(random.randint(1, 10**6)))
        for race in random.sample(IDS, random.randint(2, 3))
    )
    everyone = sum(cell.count for cell in cells)
    fewest = random.randint(1, everyone)
    return ApplicantInstance("drawn", cells, ("one", "two"), fewest, random.randint(fewest, everyone))


# Transfers ------------------------------------------------------------------------------------


def transfers_answer(instance: Any, goal: str) -> Fraction | None:
    """Equations (3) to (11) of ``docs/transfers.md`` on a refined grid: the answer to a share of itself."""
    return tiny_transfers.best(instance, goal)


def draw_transfers(random: Random) -> Any:
    size, groups = 10 ** random.randint(1, 7), random.randint(2, 3)
    counts = [[random.randint(0, size) for _ in range(groups)] for _ in range(2)]
    for row in counts:
        row[0] += 1
    rules: dict[str, Any] = {"p": Fraction(random.randint(0, 40), 100)}
    band = random.choice([Fraction(0), Fraction(1, 10), Fraction(1, 4), None])
    rules["band"] = band
    if band is None:
        rules["floor"] = Fraction(random.randint(5, 90), 100)
    return tiny_transfers.make("drawn", counts, [(0, 1)], **rules)


# Class types ----------------------------------------------------------------------------------


def classes_answer(instance: ClassInstance, goal: str) -> Fraction | None:
    """Equations (1) to (5) of ``docs/classes.md`` over every rearrangement of every school's students."""
    worth = {"small": instance.small_effect, "ma": instance.ma_effect}
    kinds = [sum((worth[key] for key in student.kind), Fraction(0)) for student in instance.students]
    groups = [student.labels[0] for student in instance.students]
    rooms: dict[str, list[int]] = {}
    for i, student in enumerate(instance.students):
        rooms.setdefault(student.school, []).append(i)
    best = None
    orders = [list(permutations(those)) for those in rooms.values()]
    for chosen in product(*orders):
        seat = {
            i: j for those, order in zip(rooms.values(), chosen, strict=True) for i, j in zip(those, order, strict=True)
        }
        moves = sum(instance.students[i].kind != instance.students[j].kind for i, j in seat.items())
        sums: dict[str, Fraction] = dict.fromkeys(groups, Fraction(0))
        for i, j in seat.items():
            sums[groups[i]] += instance.students[i].score + kinds[j] - kinds[i]
        means = [total / groups.count(group) for group, total in sums.items()]
        values = {"moves": Fraction(moves), "gap": max(means) - min(means)}
        if all(values[name] <= most for name, most in instance.limits):
            best = values[goal] if best is None else min(best, values[goal])
    return best


def draw_classes(random: Random) -> ClassInstance:
    kinds = [frozenset(), frozenset({"small"}), frozenset({"ma"}), frozenset({"small", "ma"})]
    names = random.sample(IDS, 5)
    digits = random.choice([0, 2, 12])
    students = tuple(
        Student(
            str(i),
            random.choice(names[:2]),
            random.choice(kinds),
            Fraction(random.randint(0, 10 ** (2 + digits)), 10**digits),
            (random.choice(names[2:]),),
        )
        for i in range(random.randint(4, 7))
    )
    rules: dict[str, Any] = {"small_effect": Fraction(random.randint(-8, 30), random.choice([1, 3, 1000]))}
    rules["ma_effect"] = Fraction(random.randint(0, 20), random.choice([1, 10**12]))
    limits = {"gap": Fraction(random.randint(0, 60)), "moves": Fraction(random.randint(0, 5))}
    rules["limits"] = tuple(pair for pair in sorted(limits.items()) if random.random() < 0.4)
    return ClassInstance("drawn", students, ("column",), groups="column", **rules)


# Comparisons ----------------------------------------------------------------------------------


def matching_answer(instance: MatchingInstance, goal: str) -> Fraction | None:
    """Equations (1) to (3) of ``docs/matching.md`` over every subset; weights have a test of their own."""
    assert goal == "pairs"
    units, best = instance.units, 0
    numbers = [Fraction(unit.labels[1]) for unit in units]
    mean = sum(numbers, Fraction(0)) / len(units)
    variance = sum(((x - mean) ** 2 for x in numbers), Fraction(0)) / len(units)
    for code in range(2 ** len(units)):
        sides: list[list[int]] = [[], []]
        for i, unit in enumerate(units):
            if code >> i & 1:
                sides[unit.treated].append(i)
        alike = sorted(units[i].labels[0] for i in sides[0]) == sorted(units[i].labels[0] for i in sides[1])
        gap = sum(numbers[i] for i in sides[0]) - sum(numbers[i] for i in sides[1])
        # Rounded down, the allowance of the page is at most this.
        if alike and gap**2 <= instance.tolerance**2 * variance * len(sides[0]) ** 2:
            best = max(best, len(sides[0]))
    return Fraction(best)


def draw_matching(random: Random) -> MatchingInstance:
    digits = random.choice([0, 3, 12])
    races = random.sample(IDS, 2)
    units = tuple(
        Person(
            str(i),
            random.random() < 0.5,
            Fraction(random.randint(0, 100)),
            (random.choice(races), str(Fraction(random.randint(0, 40 * 10**digits), 10**digits))),
        )
        for i in range(random.randint(4, 9))
    )
    tolerance = Fraction(random.choice([0, 1, 10, 50, 100]), 100)
    return MatchingInstance("drawn", units, ("race", "x"), tolerance, ("race",), ("x",))


# Linear models --------------------------------------------------------------------------------


def draw_scores(random: Random) -> ScoresInstance:
    rows, features = random.randint(4, 6), random.randint(1, 3)
    size = random.choice([3, 50, 10**5])
    numbers = [[random.randint(-size, size) for _ in range(rows)] for _ in range(features + 1)]
    if random.random() < 0.2:
        numbers[0] = [2 * x for x in numbers[1]] if features > 1 else numbers[0]
    columns = tuple(
        Column(f"x{j}", "", Fraction(1, random.choice([1, 100])), tuple(values), ())
        for j, values in enumerate(numbers[:-1])
    )
    ridge = Fraction(random.choice([1, 10, 1000]), 1000)
    design = Design(columns, tuple(numbers[-1]), (), Fraction(1, random.choice([1, 10])))
    return ScoresInstance("drawn", design, k=random.randint(1, features), ridge=ridge)


# Grants ---------------------------------------------------------------------------------------


def draw_grants(random: Random) -> GrantsInstance:
    names = tuple(random.sample(IDS, 2))
    districts = tuple(
        District(
            str(d),
            random.choice([1, 40, 20_000]),
            Fraction(random.randint(100, 250), 10),
            (random.randint(0, 6000), random.randint(0, 300)),
        )
        for d in range(random.randint(2, 5))
    )
    effects = tuple(
        sorted(
            (name, Effect(Fraction(random.randint(-2, 9), 10), Fraction(random.randint(0, 3), 10))) for name in names
        )
    )
    return GrantsInstance(
        "drawn",
        districts,
        names,
        effects=effects,
        caution=Fraction(random.choice([0, 0, 1])),
        pot=Fraction(random.choice([0, 5000, 10**6])),
        districts=random.choice([None, 1, 2]),
        most=Fraction(random.choice([1, 300, 1000])),
        move=Fraction(random.choice([0, 0, 10]), 100),
        tail=Fraction(random.choice([10, 40, 100]), 100),
    )


@dataclass(frozen=True)
class Part:
    """A problem's share of the campaign.

    Brute force on a grid finds no more than the grid has: ``slack`` is how far a bound may pass it, ``missed``
    by how much a plan, whose value is exact, may be better.
    """

    problem: str
    weight: int
    draw: Callable[[Random], Any]
    answer: Callable[[Any, str], Fraction | None]
    objectives: Sequence[str]
    slack: Fraction = Fraction(0)
    missed: Fraction = Fraction(0)


BY_FLOATS = Fraction(1, 10**8)
"""A linear program in floats says what is best, where brute force has nothing finite to try."""
PARTS = (
    Part("cep", 6, draw_cep, cep_answer, ("reimbursement", "students", "schools", "full_funding")),
    Part("blocks", 3, draw_zones, zones_answer, ("dissimilarity", "tvd", "max_share_deviation", "travel", "rezoned")),
    Part("classes", 1, draw_classes, classes_answer, ("moves", "gap")),
    Part("matching", 1, draw_matching, matching_answer, ("pairs",)),
    Part("scores", 1, draw_scores, tiny_scores.best_model, ("lad", "sparse_lad", "best_subset")),
    Part("grants", 1, draw_grants, tiny_grants.best_plan, ("worst_tenth", "mean"), BY_FLOATS, BY_FLOATS),
    Part("applicants", 1, draw_applicants, applicants_answer, ("tvd", "income", "loss")),
    Part(
        "transfers",
        1,
        draw_transfers,
        transfers_answer,
        ("race", "race_weighted", "race_l1", "race_l1_weighted"),
        Fraction(1, 1000),
        Fraction(1, 100),
    ),
)


def judge(part: Part, best: Fraction | None, result: Result, exact: bool) -> str | None:
    """What a result claims that is not so, or ``None``."""
    sense = result.sense
    if result.status is Status.INFEASIBLE:
        return None if best is None else f"says infeasible, {best} is reached"
    if best is None:
        reached = result.status in (Status.OPTIMAL, Status.FEASIBLE)
        return f"has a plan worth {result.primal_bound} where there is none" if reached else None
    slack, missed = (share * max(abs(best), Fraction(1, 100)) for share in (part.slack, part.missed))
    value, bound = result.primal_bound, result.dual_bound
    if value is not None and sense.improves(value, best) and abs(value - best) > missed:
        return f"has a plan worth {value}, better than the best, {best}"
    proven = result.proven_bound
    if proven is not None and sense.improves(best, proven) and abs(best - proven) > slack:
        return f"has the proven bound {proven}, and {best} is reached"
    if bound is not None and sense.improves(best, bound) and abs(best - bound) > slack:
        return f"claims the bound {bound} ({result.level.value}), and {best} is reached"
    if result.status is Status.OPTIMAL and value is not None and abs(value - best) > max(slack, missed):
        return f"calls {value} optimal ({result.level.value}), and {best} is reached"
    return None


def run(solves: int, seed: int, say: Callable[[str], None] | None = None) -> Counts:
    """So many solves; every wrong claim is kept with what reproduces it."""
    random, counts = Random(seed), Counts()
    began = time.perf_counter()
    while counts.solves < solves:
        part = random.choices(PARTS, [part.weight for part in PARTS])[0]
        drawn = random.randrange(2**40)
        try:
            instance = part.draw(Random(drawn))
            instance.check_question()
        except InputError:
            continue
        objective = random.choice(part.objectives)
        best = part.answer(instance, objective)
        counts.instances[part.problem] += 1
        problem = find_problem(part.problem)
        try:
            default = default_method(instance, objective).name
        except InputError:
            default = ""
        for method in methods_of(problem):
            if method.name in SLOW or method.refuses(instance, objective) is not None:
                continue
            counts.solves += 1
            counts.methods[f"{part.problem}/{method.name}"] += 1
            mark = " (default)" if method.name == default else ""
            where = f"{part.problem} draw {drawn}, {objective}, {method.name}{mark}"
            try:
                result = method.run(instance, objective, Settings(time_limit=LIMIT), None)
            except Exception as error:
                counts.wrong.append(f"{where}: {type(error).__name__}: {error}")
                continue
            assert result.sense is (Sense.MAXIMIZE if part.problem in ("cep", "matching", "grants") else Sense.MINIMIZE)
            counts.statuses[f"{result.status.value} {result.level.value}"] += 1
            counts.withdrawn += bool(result.contradiction)
            counts.proven += result.proven is not None
            wrong = judge(part, best, result, method.exact)
            if wrong is not None:
                counts.wrong.append(f"{where}: {wrong}")
        if say is not None and counts.instances.total() % 50 == 0:
            say(f"{counts.solves:,} solves, {len(counts.wrong)} wrong, {time.perf_counter() - began:.0f} s")
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("solves", type=int)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = run(asked.solves, asked.seed, lambda text: print(text, file=sys.stderr))
    print(found.say())
    for text in found.wrong:
        print(text)
    sys.exit(bool(found.wrong))
