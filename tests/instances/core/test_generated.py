"""Generated instances have names, and are what their files are."""

from __future__ import annotations

from pathlib import Path

import pytest
from fairbound.instances.core import catalogue, question
from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError

DIGESTS = {
    "applicants/pool/n=40,places=5,races=3/1": "8159a2bf3a2a1852c1ca8e7c",
    "blocks/grid/n=100,k=4/1": "576a12e5e3142993ae7a4c9d",
    "cep/district/n=12/1": "510942a3557f61d56dbe0cd8",
    "cep/district/n=12,meals=yes,share=0.6/2": "54c3de2e66f061ae87b6bed3",
    "classes/cohorts/regular=60,experimental=60,schools=2/1": "9ec5d87f529c3f529bdfaa4a",
    "designs/cohort/n=16,covariates=3/1": "d8b0a08520ba50489c090ae4",
    "grants/districts/n=30,functions=4/1": "842d8705f6faf042676e7ef8",
    "matching/cohorts/regular=60,experimental=60,schools=2/1": "65c63ba5730b53f84b90e0e3",
    "scores/features/p=4,n=20,k=2/1": "52b29138ea6d5b296bd62920",
    "scores/panel/districts=20/1": "16fe4eeed3ff699d7bdece4f",
    "transfers/planar/n=5/1": "1ebc3ad3d1effed2b1f1192d",
}
"""Beginnings of digests of version 1 of every generator: one that changes without another version is found here."""
PARAMETERS = {"grants": {"effects": "literature", "pot": "100000"}}


def test_every_generator_is_pinned() -> None:
    known = {tuple(name.split("/")[:2]) for name in DIGESTS}
    assert known == {(made.problem, made.name) for made in catalogue.generators()}
    assert {problem for problem, _ in known} == set(PROBLEMS)
    assert {made.version for made in catalogue.generators()} == {1}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_name_is_an_instance_and_the_files_are_the_same(name: str, tmp_path: Path) -> None:
    problem, family, settings, seed = name.split("/")
    parameters = PARAMETERS.get(problem)
    made = question.load(name, parameters)
    assert (made.name, catalogue.problem_of(name), made.digest[:24]) == (name, problem, DIGESTS[name])
    given = dict(word.split("=") for word in settings.split(","))
    path = catalogue.write_made(problem, family, given, int(seed), tmp_path)[0]
    assert question.load(str(path), parameters, problem).digest == made.digest
    other = f"{problem}/{family}/{settings}/{int(seed) + 7}"
    assert question.load(other, parameters).digest != made.digest


def test_all_settings_may_be_left_out() -> None:
    made = catalogue.generated("classes/cohorts/default/100")
    assert made is not None
    assert made.settings == {}
    assert made.origin == "generated: cohorts, version 1, seed 100"


def test_a_hidden_truth_belongs_to_a_simulation() -> None:
    name = "classes/cohorts/regular=60,experimental=60,schools=2/1"
    assert catalogue.load_truth(name).of("base", "") == 45
    with pytest.raises(InputError, match="no hidden truth"):
        catalogue.load_truth("blocks/grid/n=4,k=1/1")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("blocks/grid/k=4/1", "grid needs a setting"),
        ("blocks/gird/n=4,k=1/1", "unknown generator of blocks: found 'gird', wanted one of grid"),
        ("blocks/grid/n=4,k=1,m=3/1", "unknown setting of grid: found 'm'"),
        ("blocks/grid/n=4,n=5/1", "each setting once"),
        ("blocks/grid/n=4,k=/1", "each setting once"),
        ("designs/cohort/n=15/1", "setting n: found 15, wanted an even number"),
        ("cep/district/n=0/1", "setting n: found '0', wanted a whole number from 1"),
        ("cep/district/n=4,meals=maybe/1", "setting meals: found 'maybe', wanted yes or no"),
        ("cep/district/n=4,share=2/1", "setting share: found '2', wanted a number from 0 to 1"),
        ("applicants/pool/n=9,races=8/1", "setting races: found 8, wanted at most 7"),
        ("scores/features/p=3,n=20,k=4/1", "setting k: found 4, wanted at most the 3 features"),
        ("blocks/grid/n=4,k=1/x", "unknown instance"),
        ("blocks/grid/1", "unknown instance"),
    ],
)
def test_a_wrong_name_is_refused(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        catalogue.load(name)
