"""Suites: what is shipped, what they come to, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from fairbound.benchmarks.core.specification import Specification
from fairbound.benchmarks.core.suite import load_suite, parse_suite, plan, shipped_suites
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.methods import methods_of

HEAD = 'name = "mine"\ntitle = "t"\n'
EXPERIMENT = HEAD + '[[experiment]]\ninstances = ["cep/calpads33"]\n'


def test_the_promised_suites_are_shipped() -> None:
    assert {"smoke", "seeds", "formulations", "scale", "peers"} <= set(shipped_suites())


@pytest.mark.parametrize("name", ["smoke", "seeds", "formulations", "scale", "peers"])
def test_shipped_suites_name_only_what_exists(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAIRBOUND_DATA", str(tmp_path))  # as on a machine without the data
    planned = plan(load_suite(name))
    assert planned.suite.name == name
    assert len(planned.keys) == len(planned.specifications)
    assert all("is not on this machine" in reason for reason in planned.skipped)


def test_an_experiment_is_the_product_of_its_lists() -> None:
    suite = parse_suite(
        EXPERIMENT + 'parameters = [{threshold = "0.25"}, {}]\nobjectives = ["all"]\n'
        'methods = ["formulations", "alone", "alone"]\nseeds = [0, 7]\nrepetitions = 3\nrelaxations = true\n',
        "s.toml",
    )
    specifications = plan(suite).specifications
    cep = find_problem("cep")
    formulations, objectives = len(cep.formulations), len(cep.objectives)
    solves = 2 * objectives * (formulations + 1) * 2 * 3
    relaxations = 2 * objectives * formulations * 2
    assert len(specifications) == solves + relaxations
    assert sum(s.relaxed for s in specifications) == relaxations


def test_words_stand_for_methods() -> None:
    problem = find_problem("cep")
    suite = parse_suite(EXPERIMENT + 'methods = ["all"]', "s.toml")
    assert [s.method for s in plan(suite).specifications] == [method.name for method in methods_of(problem)]


def test_the_same_solve_named_twice_is_one() -> None:
    text = EXPERIMENT + 'methods = ["alone"]\n[[experiment]]\ninstances = ["cep/calpads33"]\nmethods = ["alone"]\n'
    assert len(plan(parse_suite(text, "s.toml")).specifications) == 1


def test_keys_tell_every_difference_and_survive_json() -> None:
    [one] = plan(parse_suite(EXPERIMENT + 'methods = ["alone"]', "s.toml")).specifications
    assert Specification.from_json(one.to_json()) == one
    assert Specification.from_json(one.to_json()).key == one.key
    for change in ({"seed": 1}, {"relaxed": True}, {"seconds": 61.0}, {"parameters": [["threshold", "0.5"]]}):
        assert Specification.from_json(one.to_json() | change).key != one.key


def test_a_changed_file_is_another_question(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    suite = parse_suite(HEAD + f'[[experiment]]\ninstances = ["{file}"]\nmethods = ["alone"]', "s.toml")
    keys = set()
    for enrolled in (10, 11):
        file.write_text(f"school_id,enrolled,identified\na,{enrolled},5\n")
        keys |= plan(suite).keys
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "s.toml: not TOML (Invalid value"),
        ('name = "a"', "s.toml: title is missing"),
        (HEAD, "s.toml: experiment is missing"),
        (HEAD + "[[experiment]]", "s.toml: experiment 1 instances is missing"),
        (HEAD + "[limits]\nsecond = 3", "s.toml: limits second is unknown: wanted one of seconds"),
        (HEAD + "[limits]\nseconds = -3", "s.toml: limits seconds cannot be used: found '-3', wanted"),
        (EXPERIMENT + 'method = ["all"]', "s.toml: experiment 1 method is unknown: wanted one of methods"),
        (EXPERIMENT + 'seeds = ["x"]', "s.toml: experiment 1 seeds 1 cannot be used: found 'x', wanted an integer"),
        (
            EXPERIMENT + "parameters = [{threshold = 0.4}]",
            "s.toml: experiment 1 parameters 1 threshold cannot be used: found '0.4', wanted text in quotes",
        ),
        ('name = "A b"\ntitle = "t"', "s.toml: name cannot be used: found 'A b', wanted"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_suite(text, "s.toml")
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('methods = ["alon"]', "unknown method of cep: found 'alon', wanted one of alone"),
        ('objectives = ["student"]', "unknown objective of cep: found 'student', wanted one of students"),
        ('parameters = [{treshold = "0.4"}]', "unknown parameter of cep: found 'treshold', wanted one of threshold"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_runs(line: str, said: str) -> None:
    with pytest.raises(InputError, match=r"^suite mine, experiment 1: ") as refused:
        plan(parse_suite(EXPERIMENT + line, "s.toml"))
    assert said in str(refused.value)


def test_an_unknown_instance_or_suite_is_refused() -> None:
    with pytest.raises(InputError, match="unknown instance: found 'cep/calpads34', wanted one of cep/calpads33"):
        plan(parse_suite(HEAD + '[[experiment]]\ninstances = ["cep/calpads34"]', "s.toml"))
    with pytest.raises(InputError, match="unknown suite: found 'smoky', wanted one of smoke"):
        load_suite("smoky")
    with pytest.raises(InputError, match=r"nothing\.toml: cannot be read"):
        load_suite("nothing.toml")
