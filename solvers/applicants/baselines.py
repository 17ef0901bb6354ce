"""The seed's search for applicants: random permutations until a threshold, then the majority vote.

Source: Datathon Fall 2024, SFUSD Student Program Optimization, cells 14 to 31.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from fairbound.models.applicants import ApplicantInstance, Cell, Division
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number
from fairbound.solvers.core.baseline import Baseline

THRESHOLD = 0.067
SEED_RUN, SEED_STUDY_RUN, STUDY_RUNS = 10_000, 1_000, 30
VOTE_DRAWS, VOTE_PLACES = 5_000, 28


@dataclass(frozen=True)
class Search:
    """One run of the permutation search.

    Attributes
    ----------
    iterations
        Permutations drawn; at most the limit.
    found
        Whether both losses fell below the threshold.
    losses
        Losses of the best permutation, as the seed computes them: floats, without the income term
        that the seed's line break leaves out.
    """

    division: Division
    iterations: int
    found: bool
    losses: tuple[float, float]


def permutation_search(
    instance: ApplicantInstance, random: np.random.RandomState, limit: int, threshold: float = THRESHOLD
) -> Search:
    """Shuffle school labels; keep a shuffle that lowers both losses; stop when both are small.

    The labels and the random stream are those of the seed (NumPy's legacy generator), so that its
    run can be repeated where its table of applicants is at hand.
    """
    cell_of = np.repeat(np.arange(len(instance.cells)), [cell.count for cell in instance.cells])
    place = {race: r for r, race in enumerate(instance.races)}
    race_of = np.array([place[cell.race] for cell in instance.cells])[cell_of]
    races = len(place)
    everyone = np.bincount(race_of, minlength=races) / instance.total
    labels = np.array([True] * instance.most + [False] * (instance.total - instance.most))
    best_first, best_second = float("inf"), float("inf")
    best = labels
    iterations, found = 0, False
    while iterations < limit and not found:
        iterations += 1
        drawn = random.permutation(labels)
        first = float(np.abs(np.bincount(race_of[drawn], minlength=races) / drawn.sum() - everyone).sum() / 2)
        rest = max(1, int((~drawn).sum()))
        second = float(np.abs(np.bincount(race_of[~drawn], minlength=races) / rest - everyone).sum() / 2)
        if first < best_first and second < best_second:
            best, best_first, best_second = drawn, first, second
        found = first < threshold and second < threshold
    counts = np.bincount(cell_of[best], minlength=len(instance.cells))
    division = instance.filled([int(count) for count in counts])
    return Search(division, iterations, found, (best_first, best_second))


def interval_study(instance: ApplicantInstance, seed: int, runs: int = STUDY_RUNS) -> tuple[list[Search], float, float]:
    """The seed's study: runs of 1,000 permutations each, and the 95 % interval of the first loss."""
    random = np.random.RandomState(seed)
    searches = [permutation_search(instance, random, SEED_STUDY_RUN) for _ in range(runs)]
    low, high = np.percentile([search.losses[0] for search in searches], [2.5, 97.5])
    return searches, float(low), float(high)


def majority(instance: ApplicantInstance, division: Division) -> Division:
    """Give every block group wholly to the school of most of its applicants.

    A tie goes to the school whose name comes first, as the seed's ``mode()[0]`` has it.
    """
    votes: dict[str, Counter[str]] = {}
    for name, counts in zip(instance.schools, division.by_school(instance), strict=True):
        for cell, count in zip(instance.cells, counts, strict=True):
            votes.setdefault(cell.place, Counter())[name] += count
    winner = {place: min(found, key=lambda name: (-found[name], name)) for place, found in votes.items()}
    won = [tuple(cell.count * (winner[cell.place] == name) for cell in instance.cells) for name in instance.schools]
    return Division(won[0], tuple(won[1:-1]))


@dataclass(frozen=True)
class VoteStudy:
    """What the majority vote makes of one division over drawn block groups.

    Attributes
    ----------
    seats
        Mean number of applicants that the first school is left with.
    tvd
        Mean TVD of the first school over the draws that leave it anybody.
    crowded, empty
        Share of draws in which the second school gets more than its part, and everybody.
    """

    draws: int
    seats: float
    tvd: float
    crowded: float
    empty: float


def vote_study(
    instance: ApplicantInstance, division: Division, seed: int, draws: int = VOTE_DRAWS, places: int = VOTE_PLACES
) -> VoteStudy:
    """Draw a block group for every applicant, evenly and apart from race, and let the block groups vote.

    The seed does not print where its applicants live, so this is a synthetic experiment.
    """
    random = np.random.default_rng(seed)
    everyone = np.array(instance.race_counts([cell.count for cell in instance.cells]))
    race_of = np.repeat(np.arange(len(everyone)), everyone)
    first = np.concatenate(
        [np.arange(total) < mine for total, mine in zip(everyone, instance.race_counts(division.counts), strict=True)]
    )
    names = instance.races
    seats, gaps, crowded = [], [], 0
    for _ in range(draws):
        home = random.integers(places, size=len(race_of))
        here = Counter(zip(home.tolist(), race_of.tolist(), strict=True))
        mine = Counter(zip(home[first].tolist(), race_of[first].tolist(), strict=True))
        cells = tuple(Cell(str(place), names[race], count) for (place, race), count in here.items())
        drawn = ApplicantInstance(instance.name, cells, instance.schools, instance.fewest, instance.most)
        counts = np.array(majority(drawn, Division(tuple(mine[key] for key in here))).counts)
        taken = int(counts.sum())
        seats.append(taken)
        crowded += taken < sum(division.counts)
        if taken:
            shares = np.bincount([race for _, race in here], weights=counts, minlength=len(everyone)) / taken
            gaps.append(float(np.abs(shares - everyone / len(race_of)).sum() / 2))
    tvd = float(np.mean(gaps)) if gaps else 0.0
    return VoteStudy(draws, float(np.mean(seats)), tvd, crowded / draws, seats.count(0) / draws)


def _limit(argument: str | None) -> int:
    try:
        return int(parse_number(argument or str(SEED_RUN)))
    except ValueError:
        raise InputError("permutations", found=argument, wanted="a number, for example permutations:1000") from None


def permutations(instance: ApplicantInstance, _objective: str, seed: int, argument: str | None) -> Division:
    """The seed's search with a limit on the permutations."""
    random = np.random.RandomState(seed)
    return permutation_search(instance, random, _limit(argument)).division


def permutations_majority(instance: ApplicantInstance, objective: str, seed: int, argument: str | None) -> Division:
    """The seed's whole procedure: the search, then the majority vote of every block group."""
    return majority(instance, permutations(instance, objective, seed, argument))


BASELINES = (
    Baseline(
        "permutations",
        "the seed's search: random permutations until TVD is below 0.067",
        permutations,
        ("1000", "10000"),
    ),
    Baseline("majority", "the same, then every block group to its majority school", permutations_majority, ("10000",)),
)
