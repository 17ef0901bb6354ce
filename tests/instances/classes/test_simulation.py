"""The notebook's simulation to the last digit, its family, and a truth that no reader takes."""

from __future__ import annotations

import csv
import io
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from fairbound.instances.classes.simulation import Settings, simulate
from fairbound.instances.core import catalogue
from fairbound.instances.core.tables import csv_text
from fairbound.models.core.errors import InputError

import fairbound

SEED = Path(__file__).parents[4] / "shared" / "seeds" / "004_b0182ef4155f3156.txt"


def column(table: tuple[tuple[str, ...], ...], name: str) -> list[str]:
    place = table[0].index(name)
    return [row[place] for row in table[1:]]


def test_the_printed_lines() -> None:
    made = simulate()
    sizes = dict(zip(column(made.classes, "class_id"), column(made.classes, "class_size"), strict=True))
    homes = column(made.students, "class_id")
    for word, students, classes, ends in (("SMALL", 2294, 152, (7001, 7152)), ("LARGE", 3706, 123, (8001, 8123))):
        ids = [float(name) for name, size in sizes.items() if size == word]
        assert (len(ids), min(ids), max(ids)) == (classes, *ends)
        assert sum(sizes[home] == word for home in homes) == students
    scores = [float(score) for score in column(made.students, "test_score")]
    assert (min(scores), max(scores)) == (41.197146772054566, 97.66281600969505)
    assert column(made.students, "student_id") == [str(i) for i in range(6000)]


@pytest.mark.skipif(not SEED.is_file(), reason="the seeds are not on this machine")
def test_every_cell_of_both_files(tmp_path: Path) -> None:
    """The notebook is run as printed, its last sort made stable, and its files are compared with ours."""
    source = re.sub(r"^(In \[\d+\]:|SMALL: \d|LARGE: \d|Test score range: \d).*$", "", SEED.read_text(), flags=re.M)
    source = source.replace("ascending=True)", "ascending=True, kind='stable')").replace(
        "../data/class_size", str(tmp_path)
    )
    state = np.random.get_state()  # noqa: NPY002 - the notebook's own generator
    try:
        exec(compile(source, "notebook", "exec"), {})
    finally:
        np.random.set_state(state)  # noqa: NPY002
    made = simulate()
    assert (tmp_path / "students.csv").read_text() == csv_text(made.students)
    assert (tmp_path / "classes.csv").read_text() == csv_text(made.classes)


def test_any_size_and_seed() -> None:
    small = Settings(regular=90, experimental=60, schools=3, aide=0.5, aide_effect=2)
    one, same, other = simulate(small, 1), simulate(small, 1), simulate(small, 2)
    assert one == same
    assert one != other
    assert one.classes[0][-1] == "has_aide"
    assert len(one.students) == 151
    truth = {(quantity, name): float(value) for quantity, name, value in one.truth[1:]}
    classes = {row[0]: row for row in one.classes[1:]}
    for row in one.students[1:]:
        home = classes[row[1]]
        score = truth["base", ""] + truth["ability", row[0]] + truth["school_effect", row[2]]
        score += 5 * (home[3] == "SMALL") + 10 * (home[4] == "True") + 2 * (home[5] == "True")
        assert float(row[3]) == pytest.approx(score)
    many = simulate(Settings(regular=50_000, experimental=10_000), 1)
    sizes = [row[3] for row in many.classes[1:]]
    assert (len(set(column(many.classes, "class_id"))), sizes.count("SMALL") > 1000) == (len(sizes), True)
    assert sum(map(int, column(many.classes, "n_students"))) == 60_000
    with pytest.raises(InputError, match="too few students for one"):
        simulate(Settings(regular=10, experimental=0))


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("regular=1.5", "a whole number"), ("ma_small=2", "a probability"), ("schools=many", "a number"),
        ("ability=maybe", "yes or no"), ("school_effect=1e9", "a number up to"), ("colour=red", "unknown setting"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(setting: str, parts: str) -> None:
    with pytest.raises(InputError, match=parts):
        catalogue.make("classes", "cohorts", dict([setting.split("=")]), 1)


def test_the_truth_reaches_no_method(tmp_path: Path) -> None:
    """No reader takes a truth; instances hold none of its numbers; beside the tables it changes nothing."""
    paths = catalogue.write_made(
        "classes", "cohorts", {"regular": "90", "experimental": "60", "schools": "3"}, 3, tmp_path
    )
    [students] = [path for path in paths if path.name == "students.csv"]
    [hidden] = [path for path in paths if path.name == "students_truth.csv"]
    for problem in (None, "classes", "matching", "cep"):
        with pytest.raises(InputError, match="this is a hidden truth"):
            fairbound.load(str(hidden), problem=problem)
    abilities = {row[2] for row in csv.reader(io.StringIO(hidden.read_text())) if row[0] == "ability"}
    assert len(abilities) == 150
    exact = {Fraction(value) for value in abilities}
    for problem in ("classes", "matching"):
        asked = fairbound.load(str(students), problem=problem)
        with_truth = asked.digest
        people = asked.students if problem == "classes" else asked.units
        for person in people:
            assert abilities.isdisjoint(person.labels)
            assert person.score not in exact
        said = repr(asked)
        assert not any(ability in said for ability in abilities)
        name = hidden.read_text()
        hidden.unlink()
        assert fairbound.load(str(students), problem=problem).digest == with_truth
        hidden.write_text(name)
    # The one table that shows ability says so in its header, and then it is a column like any other.
    shown = fairbound.load("matching/seed100-ability")
    assert "ability" in shown.columns
    assert "ability" not in fairbound.load("matching/seed100").columns
    assert "ability" not in fairbound.load("classes/seed100").columns
