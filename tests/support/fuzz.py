"""Broken and hostile files for every reader and checker: each is used, or refused in one line, in bounded time.

``python tests/support/fuzz.py 10000`` runs so many files per reader; ``tests/instances/test_hostile_files.py`` a few.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from fairbound.benchmarks.core.references.table import read_references
from fairbound.benchmarks.core.suite import load_suite, plan
from fairbound.instances.core import catalogue
from fairbound.instances.core.tables import read_rows
from fairbound.instances.core.truth import read_truth
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.certificates import Rejected, verify

from fairbound.cli.proof import read_certificate

SECONDS, BYTES = 10, 2**30
TOKENS = (
    *("1e999999999", "-1", "1e308", "NaN", "Infinity", "null", "true", "[]", "{}", '"', "'", ",", "\n", "\r\n", "\t"),
    *("\x00", "\x1b[31m", "\u202e", "\ufeff", "=1+1", "@cmd", "[/x]", "[bold]", "1/0", "0/0", "9" * 400, "9" * 5000),
    *("0." + "0" * 500 + "1", "1_000", "\u0661\u0662", "+", "a+b;c", "\\ud800", "%s", "<script>", "../../etc/passwd"),
    *("/dev/zero", "-0", "1.", ".5", "0x10", "1e-400", " ", "", "id", "school_id"),
)

CEP = (
    "school_id,enrolled,identified,breakfasts,lunches,severe_need,gain\n"
    "a,100,80,9000,14000,yes,0\nb,120,50,9000,9000,no,5\nc,90,30,100,14000,no,-2.5\n"
)
TRANSFERS = "district,enroll,g0,g1,teachers,local_revenue\nD0,209,67,142,14,1000\nD1,313,248,65,15,2000\n"
BORDERS = "a,b\nD0,D1\n"
UNITS = (
    "unit,students,group:x,today,school,neighbours,x,y\n"
    "u1,10,5,s1,s1,u2,0,0\nu2,12,1,s1,,u1;u3,1,0\nu3,9,9,s2,s2,u2,2,0\n"
)
CITY = {
    "n": 3, "k": 2, "roots": [0, 2], "students": [10, 12, 9], "group": [5, 1, 9], "xy": [[0, 0], [1.5, 0], [2, 0]],
    "edges": [[0, 1], [1, 2]], "assignment": [0, 0, 1], "income": [1, 2.5, 3],
}  # fmt: skip
STUDENTS = (
    "student_id,class_id,test_score,family_income,race,cohort\n"
    "1,71.0,60.5,40000,x,A\n2,71,7e1,50000,y,A\n3,82,65,6,x,B\n"
)
CLASSES = "class_id,school_id,n_students,class_size,teacher_has_ma\n71,9,2,SMALL,True\n82,9,1,LARGE,no\n"
SUBJECTS = "subject_id,age,score\na,1,10\nb,2,7.5\nc,3,8\nd,7,1\n"
PANEL = "district_id,year,students,score,Instruction\n" + "".join(
    f"{name},{year},120,{15 + (year * name) % 5},{4000 + (year * name) % 7}\n"
    for name in (7, 8, 9)
    for year in range(2005, 2015)
)
FEATURES = "label,x,y,set\n1.5,1,0.25,train\n2,3,0.5,train\n4,2,1,train\n9,9,9,test\n"
_YEARS = [(name, year) for name in (3, 20) for year in range(2005, 2020)]
BUDGETS = "District_Id,Year,Instruction_General_Funds\n" + "".join(f"{d},{y},{1000 * d + 7 * y}\n" for d, y in _YEARS)
PUPILS = "District_Id,Year,Fall_Enrollment\n" + "".join(f"{d},{y},{d + y % 3}\n" for d, y in _YEARS)
TESTS = "District_Id,Year,Avg_Act\n" + "".join(f"{d},{y},{14 + (y + d) % 9}\n" for d, y in _YEARS)
DISTRICTS = "district_id,students,score,Instruction\na,100,17.5,4000\nb,50,16,5000\n"
TRUTH = "quantity,id,value\nbase,,45\neffect,small,5\nability,1,12.5\n"
SUITE = """name = "mine"
title = "t"
[limits]
seconds = 5
[[experiment]]
instances = ["cep/calpads33"]
methods = ["membership"]
seeds = [1, 2]
repetitions = 2
"""


def _square(x: int, **properties: Any) -> dict[str, Any]:
    ring = [[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


GEOJSON = {
    "type": "FeatureCollection",
    "features": [
        _square(0, **{"unit": "u1", "students": 10, "group:x": 5, "today": "s1", "school": "s1"}),
        _square(1, **{"unit": "u2", "students": 12, "group:x": 1, "today": "s2", "school": "s2"}),
    ],
}


@dataclass(frozen=True)
class Reader:
    """A reader: its name, the ending of its files, a good file, what reads one, and files that stand beside it."""

    name: str
    ending: str
    good: str
    read: Callable[[Path], object]
    beside: Mapping[str, str] = field(default_factory=dict)


def _table(problem: str) -> Callable[[Path], object]:
    return lambda path: catalogue.load_file(path, problem).digest


def _beside(path: Path) -> object:
    return catalogue.load_file(path.with_name("students.csv"), "classes").digest


def _budgets(path: Path) -> object:
    budgets = path.with_name("functions_table.csv")
    budgets.write_bytes(path.read_bytes())
    return catalogue.load_file(budgets, "scores").digest


def _districts(path: Path) -> object:
    instance = catalogue.load_file(path, "grants")
    return find_problem("grants").with_parameters(instance, {"effects": "literature"}).digest


def _solution(path: Path) -> object:
    instance = catalogue.load("cep/calpads33")
    problem = find_problem("cep")
    found = problem.read_solution(instance, [row for _, row in read_rows(path)[1]])
    return problem.evaluate(instance, found)


def _references(path: Path) -> object:
    return list(read_references(path.parent))


def _certificate(path: Path) -> object:
    return verify(read_certificate(path))


def readers(price_curve: str, tree: str, solution: str, references: str) -> list[Reader]:
    """Every reader, with good files; certificates and a solution are given as text."""
    return [
        Reader("cep table", ".csv", CEP, _table("cep")),
        Reader("transfers table", ".csv", TRANSFERS, _table("transfers"), {"file_borders.csv": BORDERS}),
        Reader("units table", ".csv", UNITS, _table("blocks")),
        Reader("city graph", ".json", json.dumps(CITY), _table("blocks")),
        Reader("geojson", ".geojson", json.dumps(GEOJSON), _table("blocks")),
        Reader("students table", ".csv", STUDENTS, _table("classes"), {"rooms.csv": CLASSES}),
        Reader("classes table", ".csv", CLASSES, _beside, {"students.csv": STUDENTS}),
        Reader("study table", ".csv", STUDENTS, _table("matching"), {"rooms.csv": CLASSES}),
        Reader("panel table", ".csv", PANEL, _table("scores")),
        Reader("features table", ".csv", FEATURES, _table("scores")),
        Reader(
            "budgets table", ".csv", BUDGETS, _budgets, {"enrollment_table.csv": PUPILS, "test_scores_table.csv": TESTS}
        ),
        Reader("districts table", ".csv", DISTRICTS, _districts),
        Reader("subjects table", ".csv", SUBJECTS, _table("designs")),
        Reader("truth", ".csv", TRUTH, lambda path: read_truth(path).values),
        Reader("any file", ".csv", CEP, lambda path: catalogue.load_file(path).digest),
        Reader("solution", ".csv", solution, _solution),
        Reader("suite", ".toml", SUITE, lambda path: plan(load_suite(str(path)))),
        Reader("references", ".csv", references, _references),
        Reader("price curve", ".json", price_curve, _certificate),
        Reader("transfer tree", ".json", tree, _certificate),
    ]


def mutated(good: str, random: Random) -> bytes:
    """A good file with some damage: tokens put in or in place of others, lines and halves lost, bytes changed."""
    text = good
    for _ in range(random.choice([1, 1, 1, 1, 2, 8])):
        kind, at = random.choice((0, 1, 1, 1, 2, 2, 3, 4, 4, 5, 6, 7, 7)), random.randrange(len(text) + 1)
        if kind == 0:
            text = text[:at] + random.choice(TOKENS) + text[at:]
        elif kind in (1, 2):  # a word or a number becomes something else
            end = at
            while end < len(text) and text[end] not in ',;"[]{}:\n ':
                end += 1
            text = text[:at] + random.choice(TOKENS) + text[end:]
        elif kind == 3:
            text = text[:at] + text[at + random.randint(1, 20) :]
        elif kind == 4:
            lines = text.split("\n")
            lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
            text = "\n".join(lines)
        elif kind == 5:
            text = text[:at] + random.choice(TOKENS) * random.choice([1, 50, 2000])
        elif kind == 6:
            nest = random.choice(["[", '{"a":', "(", '"'])
            text = text[:at] + nest * random.choice([3, 200, 100_000]) + text[at:]
        else:
            text = text[:at] + chr(random.randrange(1, 0x250)) + text[at + 1 :]
        if len(text) > 2_000_000:
            text = text[:2_000_000]
    raw = text.encode("utf-8", errors="surrogatepass")
    if random.random() < 0.05:
        raw = random.choice(
            [raw.decode("utf-8", "replace").encode("utf-16"), gzip.compress(raw), random.randbytes(200), b""]
        )
    return raw


@dataclass
class Counts:
    """What became of the files, and every failure with its seed."""

    used: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def say(self) -> str:
        """A line per reader."""
        names = sorted(set(self.used) | set(self.refused))
        lines = [
            f"{name:<16} {self.used[name]:>7,} used {self.refused[name]:>7,} refused, "
            f"slowest {self.slowest[name]:.2f} s"
            for name in names
        ]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        return "\n".join([*lines, f"{peak:,.0f} MiB at most, {len(self.wrong)} wrong"])


class _TooLong(BaseException):
    """Ten seconds are over."""


def run(every: list[Reader], files: int, seed: int) -> Counts:
    """So many files for each reader."""
    counts = Counts()

    def over(number: int, frame: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, over)
    try:
        for reader in every:
            with tempfile.TemporaryDirectory() as folder:
                counts.slowest[reader.name] = 0.0
                for name, text in reader.beside.items():
                    (Path(folder) / name).write_text(text)
                (Path(folder) / f"file{reader.ending}").write_text(reader.good)
                reader.read(Path(folder) / f"file{reader.ending}")  # else nothing below means anything
                for k in range(files):
                    random = Random(f"{reader.name} {seed} {k}")
                    path = Path(folder) / f"file{reader.ending}"
                    path.write_bytes(mutated(reader.good, random))
                    began = time.perf_counter()
                    signal.alarm(SECONDS)
                    try:
                        reader.read(path)
                        counts.used[reader.name] += 1
                    except (InputError, Rejected) as error:
                        counts.refused[reader.name] += 1
                        if "\n" in str(error) and isinstance(error, InputError):
                            counts.wrong.append(f"{reader.name} {seed} {k}: more than one line")
                    except _TooLong:
                        counts.wrong.append(f"{reader.name} {seed} {k}: more than {SECONDS} s")
                    except Exception as error:
                        counts.wrong.append(f"{reader.name} {seed} {k}: {type(error).__name__}: {str(error)[:200]}")
                    finally:
                        signal.alarm(0)
                    counts.slowest[reader.name] = max(counts.slowest[reader.name], time.perf_counter() - began)
                for made in Path(folder).iterdir():
                    made.unlink()
    finally:
        signal.signal(signal.SIGALRM, before)
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 2**10 > BYTES:
        counts.wrong.append("more than 1 GiB")
    return counts


def good_files() -> tuple[str, str, str, str]:
    """A price curve, a transfer tree, a solution and a reference table, made here."""
    from fairbound.benchmarks.core.references.table import table_folder

    import fairbound

    with tempfile.TemporaryDirectory() as folder:
        cep, transfers = Path(folder) / "cep.csv", Path(folder) / "d.csv"
        cep.write_text(CEP)
        transfers.write_text(TRANSFERS)
        (Path(folder) / "d_borders.csv").write_text("a,b\nD0,D1\n")
        curve = fairbound.solve(str(cep), method="price_curve", parameters={"rates": "us48-2324"})
        asked = fairbound.load(str(transfers), {"p": "0.1"})
        settings = fairbound.Settings(gap=0.01)
        result = fairbound.solve(asked, objective="race", settings=settings)
        tree = result.certificate
    solved = fairbound.solve("cep/calpads33", parameters={"threshold": "0.40"})
    rows = find_problem("cep").solution_rows(fairbound.load("cep/calpads33"), solved.solution)
    solution = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    references = (table_folder() / "cep.csv").read_text(encoding="utf-8")
    return json.dumps(curve.certificate), json.dumps(tree), solution, references


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = run(readers(*good_files()), asked.files, asked.seed)
    print(found.say())
    for text in found.wrong:
        print(text)
    sys.exit(bool(found.wrong))
