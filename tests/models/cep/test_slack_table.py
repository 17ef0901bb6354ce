"""Equation (53): the best value of one group, against every set of schools."""

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import pytest
from fairbound.models.cep import CepInstance, Cover, Grouping, School, evaluate, slack_table
from fairbound.models.cep.instance import REIMBURSEMENT, STUDENTS


def drawn(seed: int) -> CepInstance:
    """A few schools, with or without fractions of students, some of them at a share of tenths."""
    chance = random.Random(seed)
    below, schools = chance.choice([1, 1, 2, 10]), []
    for i in range(chance.randint(1, 7)):
        enrolled = Fraction(chance.choice([0, chance.randint(1, 30), chance.randint(1, 300)]), below)
        tenths = enrolled * Fraction(chance.randint(0, 10), 10)
        identified = tenths if chance.random() < 0.5 else Fraction(chance.randint(0, int(enrolled * below)), below)
        schools.append(School(id=str(i), enrolled=enrolled, identified=identified))
    return CepInstance(
        name="drawn",
        schools=tuple(schools),
        threshold=Fraction(chance.choice(["2/5", "1/4", "3/7", "1"])),
        multiplier=Fraction(chance.choice(["8/5", "2", "13/10"])),
    )


def groups(instance: CepInstance) -> Iterator[Grouping]:
    """Nobody, and every set of schools as one group."""
    ids = [school.id for school in instance.schools]
    yield Grouping(())
    for size in range(1, len(ids) + 1):
        yield from (Grouping((ids_in,)) for ids_in in combinations(ids, size))


@pytest.mark.parametrize("seed", range(60))
def test_it_is_the_best_of_all_groups(seed: int) -> None:
    instance = drawn(seed)
    scores = [evaluate(instance, group) for group in groups(instance)]
    wanted = max(score.values[REIMBURSEMENT] for score in scores if score.feasible)
    found, group = slack_table.best(instance, REIMBURSEMENT), slack_table.best_group(instance, REIMBURSEMENT)
    if group is None:
        assert found is None
        assert not any(school.enrolled for school in instance.schools)
    else:
        assert found == group[1] == wanted
        score = evaluate(instance, group[0])
        assert score.feasible
        assert score.values[REIMBURSEMENT] == wanted


def test_numbers_beyond_64_bits() -> None:
    instance = drawn(11)
    factor = Fraction(10) ** 16
    large = replace(
        instance,
        schools=tuple(
            replace(school, enrolled=school.enrolled * factor, identified=school.identified * factor)
            for school in instance.schools
        ),
    )
    small, found = slack_table.best(instance, REIMBURSEMENT), slack_table.best(large, REIMBURSEMENT)
    assert small is not None
    assert found in (None, small * factor)


def test_other_questions_are_not_its_own() -> None:
    instance = next(made for made in map(drawn, range(9)) if slack_table.best(made, REIMBURSEMENT))
    first = instance.schools[0]
    assert slack_table.best(instance, STUDENTS) is None
    for changed in (
        replace(instance, forced_in=(first.id,)),
        replace(instance, forced_out=(first.id,)),
        replace(instance, cover=Cover.ALL),
        replace(instance, min_group=2),
        replace(instance, limits=((STUDENTS, Fraction(1)),)),
        replace(instance, schools=(replace(first, gain=Fraction(1)), *instance.schools[1:])),
    ):
        assert slack_table.best(changed, REIMBURSEMENT) is None
        assert slack_table.best_group(changed, REIMBURSEMENT) is None
