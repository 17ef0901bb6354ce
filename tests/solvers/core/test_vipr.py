"""Trees as VIPR files: a checker written from the format's specification accepts them, and no damaged one."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
import vipr_checker
from fairbound.benchmarks.blocks import tiny as tiny_blocks
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.proofs.vipr import vipr_text

import fairbound

ASKED: dict[str, tuple[Any, dict[str, Any]]] = {
    "one leaf": ("matching/drawn200", {}),
    "gomory rows": ("cep/calpads33", {"parameters": {"threshold": "0.40"}}),
    "rows with slacks": ("classes/drawn200", {"parameters": {"groups": "race", "epsilon": "0.5"}}),
    "branches": ("designs/seed16", {}),
    "separators": (tiny_blocks.NAMED["grid"], {"objective": "dissimilarity"}),
    "equations": ("applicants/sfusd65", {"method": "cell_counts"}),
}


@pytest.fixture(scope="module", params=ASKED)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    name, options = ASKED[request.param]
    found = dict(fairbound.solve(name, **options).certificate or {})
    assert found
    kinds = {step[0] for step in found["steps"]}
    if request.param == "branches":
        assert sum(node[0] == "branch" for node in found["tree"]) > 10
    if request.param in ("gomory rows", "rows with slacks"):
        assert "gomory" in kinds
    return found


def test_the_file_proves_what_it_says(document: dict[str, Any]) -> None:
    text, bound = vipr_text(document)
    system = checker.rows_of(document["data"]["problem"]).system(document["data"], document["objective"])
    assert system.sign * system.unit * vipr_checker.check(text) == bound
    proven = checker.check(document)
    assert system.sign * bound <= system.sign * proven
    assert abs(bound - proven) < max(system.step, system.unit)


def test_a_file_with_a_higher_bound_is_refused(document: dict[str, Any]) -> None:
    text, _ = vipr_text(document)
    low = re.search(r"RTP range (-?\d+) inf", text)
    assert low is not None
    raised = int(low[1]) + 1
    with pytest.raises(vipr_checker.Wrong):
        vipr_checker.check(text.replace(low[0], f"RTP range {raised} inf"))
    with pytest.raises(vipr_checker.Wrong):
        vipr_checker.check(
            text.replace(low[0], f"RTP range {raised} inf").replace(f" G {low[1]} OBJ", f" G {raised} OBJ")
        )


def test_damaged_files_prove_nothing_more(document: dict[str, Any]) -> None:
    text, _ = vipr_text(document)
    true = vipr_checker.check(text)
    chance, lines = random.Random(2), text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("DER")) + 1
    for _ in range(150):
        damaged = list(lines)
        i = chance.randrange(first, len(lines))
        words = damaged[i].split()
        k = chance.randrange(len(words))
        words[k] = chance.choice(
            ["0", "1", "-1", "2", words[chance.randrange(len(words))], str(chance.randint(0, 400))]
        )
        damaged[i] = " ".join(words)
        try:
            found = vipr_checker.check("\n".join(damaged))
        except (vipr_checker.Wrong, ValueError, ZeroDivisionError, StopIteration, IndexError):
            continue
        assert found <= true


def test_the_checker_knows_the_format_s_example() -> None:
    """The specification's own example: x + y at least 1 from 4x + y >= 1 and 4x - y <= 2."""
    text = """VER 1.0
VAR 2
x y
INT 2
0 1
OBJ min
2  0 1  1 1
CON 2 0
C1 G 1  2  0 4  1 1
C2 L 2  2  0 4  1 -1
RTP range 1 inf
SOL 0
DER 4
C3 G -1/2  1  1 1   { lin 2  0 1/2  1 -1/2 } 3
C4 G 0     1  1 1   { rnd 1  2 1 } 4
C5 G 1/4   OBJ     { lin 2  0 1/4  3 3/4 } 5
C6 G 1     OBJ     { rnd 1  4 1 } 0
"""
    assert vipr_checker.check(text) == 1
    for old, new in (
        ("range 1", "range 2"),
        ("{ rnd 1  2 1 } 4", "{ lin 1  2 1 } 4"),
        ("1 -1/2 } 3", "1 1/2 } 3"),
        ("{ rnd 1  4 1 }", "{ asm }"),
    ):
        with pytest.raises(vipr_checker.Wrong):
            vipr_checker.check(text.replace(old, new))


def test_other_certificates_are_refused() -> None:
    with pytest.raises(ValueError, match="VIPR is written of"):
        vipr_text({"format": "fairbound transfers tree 3"})
