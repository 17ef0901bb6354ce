"""Numbers for people."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from command_line import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from fairbound.cli.screen import LONGEST_WORD, NARROWEST, console, table
from fairbound.cli.show import exact, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (Fraction(86824, 5), "17,364.8"),
        (Fraction(1, 3) + 1000, "1,000.3333"),
        (Fraction(2, 5), "0.4"),
        (Fraction(384012345, 10**10), "0.0384012"),
        (Fraction(-1, 3), "-0.333333"),
        (1e-7, "1e-07"),
        (0.0, "0.0000"),
        (Fraction(0), "0"),
    ],
)
def test_numbers(value: Fraction | float | None, text: str) -> None:
    assert number(value) == text


def test_fractions_are_shown_where_they_can_be_read() -> None:
    assert exact(Fraction(86824, 5)) == "17,364.8 = 86824/5"
    assert exact(Fraction(3)) == "3"
    assert exact(Fraction(10**40 + 1, 3 * 10**41)) == "0.0333333"
    assert exact(None) == "none"


WORDS = st.text("abcdefghij_校", min_size=1, max_size=30)
SENTENCES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
NUMBERS = st.decimals(-(10**12), 10**12, places=4).map(lambda value: f"{value:,}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    width=st.integers(20, 120),
    lines=st.lists(st.tuples(SENTENCES, SENTENCES, NUMBERS, NUMBERS), min_size=1, max_size=4),
    text_columns=st.integers(0, 2),
)
def test_no_word_and_no_number_is_broken(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    width: int,
    lines: list[tuple[str, str, str, str]],
    text_columns: int,
) -> None:
    """Whatever COLUMNS says; and where the words leave room, no line is wider than that."""
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [dict(zip(("name", "what_it_is", "value", "bound"), line, strict=True)) for line in lines]
    console().print(table("A title", rows, text_columns=text_columns))
    out = capsys.readouterr().out
    shown = out.split()
    for row in rows:
        for column, text in row.items():
            assert column in shown
            for word in text.split():
                assert word in shown
    if text_columns == 2:
        least = [
            max(20, *(cell_len(word) for row in rows for word in row[name].split())) for name in ("name", "what_it_is")
        ]
        rest = sum(max(6, *(len(row[name]) for row in rows)) for name in ("value", "bound"))
        if sum(least) + rest + 3 <= max(width, NARROWEST):
            assert max(map(cell_len, out.splitlines())) <= max(width, NARROWEST)


def test_an_exact_fraction_of_many_digits_goes_on_in_the_next_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = "7" * (3 * LONGEST_WORD)
    console().print(table("A title", [{"name": "a", "value": long}]))
    lines = capsys.readouterr().out.splitlines()
    assert "".join("".join(line.split()) for line in lines[2:]) == "a" + long
    assert max(map(len, lines)) <= 80


def test_words_stand_left_wherever_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = [{"value": "1", "by": "a"}, {"value": "1,000", "by": "membership"}]
    console().print(table("", rows, text_columns=0, words={"by"}))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[-2:] == ["    1 a", "1,000 membership"]


def test_how_a_file_was_read_is_said_beside_the_answer(run: Run, tmp_path: Path) -> None:
    rows = "".join(f"s{i},100,{'*' if i < 7 else 60}\n" for i in range(9))
    (tmp_path / "d.csv").write_text("school_id,enrolled,identified\n" + rows)
    words = ("solve", str(tmp_path / "d.csv"), "--leave-out", "incomplete")
    lines = [line.split() for line in run(*words).stdout.splitlines()]
    first = next(i for i, line in enumerate(lines) if line[:1] == ["read"])
    assert lines[first][1:4] == ["row", "2", "(s0):"]
    assert lines[first + 5][:4] == ["...", "and", "2", "more"]
    assert len(json.loads(run(*words, "--json").stdout)["repairs"]) == 7


def test_a_value_without_a_bound_says_that_there_is_none(run: Run) -> None:
    out = run("solve", "cep/calpads33", "--method", "one_group").stdout
    assert "feasible (L1: value exact, no bound)" in out
    assert "dual bound         none" in out
