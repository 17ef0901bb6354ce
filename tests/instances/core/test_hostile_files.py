"""Files that mean harm, for every reader and checker: refused in one line, in bounded time; text stays text."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import fuzz
import pytest
from fairbound.instances.core import catalogue
from fairbound.instances.core.files import DEEPEST, read_json, read_text, write_text
from fairbound.instances.core.grid import MOST_COLUMNS
from fairbound.instances.core.tables import read_rows, write_csv
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number
from fairbound.models.core.text import clean
from fairbound.solvers.checker import cep as price_curve
from fairbound.solvers.checker.common import Rejected, read
from fairbound.solvers.core.certificates import write_checker

HOSTILE = Path(__file__).parents[4] / "shared" / "cases" / "hostile"


@pytest.fixture(scope="module")
def good() -> tuple[str, str, str, str]:
    return fuzz.good_files()


def test_damaged_files_are_used_or_refused_in_one_line(good: tuple[str, str, str, str]) -> None:
    found = fuzz.run(fuzz.readers(*good), 60, seed=5)
    print(found.say())
    assert not found.wrong, "\n".join(found.wrong)


@pytest.mark.parametrize("text", ["1e9999", "9" * 2000, "1e+1000", "--1", "1__0", "0x10", "inf", "nan"])
def test_numbers_that_only_cost_time_are_none(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the number itself
        parse_number(text)


def test_pipes_folders_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, word in ((tmp_path / "pipe", "pipe"), (tmp_path, "folder"), (Path("/dev/zero"), "device")):
        with pytest.raises(InputError, match=word):
            read_text(path)


def test_files_are_bounded_packed_and_unpacked(tmp_path: Path) -> None:
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"0" * 3_000_000))
    with pytest.raises(InputError, match="too large"):
        read_text(tmp_path / "bomb.csv.gz", largest=2**20)


def test_depth_columns_and_half_characters_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text, word in (
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "deep"),
        ("[" * 500_000, "deep"),
        ("[NaN]", "NaN"),
        ('["\\ud800"]', "character"),
        ("[" + "9" * 5000 + "]", "too long"),
        ('[{"bound": 1, "x": 0, "bound": 2}]', "a name stands twice in an object: found 'bound'"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=word):
            read_json(path)
    path.write_text('{"[[[[": ' + "[" * DEEPEST.__sub__(1) + "]" * DEEPEST.__sub__(1) + "}")
    read_json(path)
    (tmp_path / "wide.csv").write_text(",".join(f"c{i}" for i in range(MOST_COLUMNS + 1)) + "\n1\n")
    with pytest.raises(InputError, match="too many columns"):
        read_rows(tmp_path / "wide.csv")


def test_formulas_are_written_as_text_and_read_back(tmp_path: Path) -> None:
    cells = ["=1+1", "+a", "-b", "@c", "-3.5", "+4", "1e-3", "'=x", "''", "'", "plain", "-1/3"]
    write_csv(tmp_path / "t.csv", [{"cell": cell} for cell in cells])
    written = (tmp_path / "t.csv").read_text().splitlines()[1:]
    assert written == ["'=1+1", "'+a", "'-b", "'@c", "-3.5", "+4", "1e-3", "''=x", "'''", "'", "plain", "-1/3"]
    assert [row["cell"] for _, row in read_rows(tmp_path / "t.csv")[1]] == cells


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert clean("a\x1b[31mb\x9b\u202ec\x00\td\n") == "a\ufffd[31mb\ufffd\ufffdc\ufffd\td\n"


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fairbound", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=60)


def test_a_name_with_markup_neither_ends_a_command_nor_colours_it(tmp_path: Path) -> None:
    rows = "school_id,enrolled,identified\n[/x],10,9\n[red]b,10,1\n\x1b[31mc,10,5\n"
    (tmp_path / "m.csv").write_text(rows)
    done = run("solve", "m.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "plan.csv").write_text("school_id,group\n[/x],1\n[red]b,1\n")
    done = run("audit", "m.csv", "plan.csv", "--set", "forced_out=[/x]", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "school [/x]" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_a_fault_is_one_line_a_report_and_exit_code_70(tmp_path: Path) -> None:
    program = (
        "import sys, fairbound.api as api, fairbound.cli as cli\n"
        "def fail(*_, **__): raise RuntimeError('broken\\nin two')\n"
        "api.load = fail\n"
        "sys.exit(cli.command())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "solve", "cep/calpads33"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 70
    assert done.stderr.count("\n") == 1
    [report] = tmp_path.glob("fairbound-crash-*.txt")
    assert str(report) in done.stderr
    assert "RuntimeError" in report.read_text()
    assert "fairbound solve cep/calpads33" in report.read_text()


def test_a_reader_who_leaves_is_no_fault(tmp_path: Path) -> None:
    command = f"{sys.executable} -m fairbound instance show cep/calpads33 --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())


def test_verify_says_whose_data_it_is_about(tmp_path: Path, good: tuple[str, str, str, str]) -> None:
    document = json.loads(good[0])
    document["instance"] = "cep/calpads33"
    (tmp_path / "c.json").write_text(json.dumps(document))
    done = run("verify", "c.json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the data inside, which calls itself 'cep/calpads33'" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("column", "value"), [("identified", "-1"), ("enrolled", "1"), ("id", ""), ("id", "b"), ("breakfasts", "-5")]
)
def test_the_checker_rejects_impossible_data(good: tuple[str, str, str, str], column: str, value: str) -> None:
    import hashlib

    document = json.loads(good[0])
    data = document["data"]
    data["schools"][0][data["columns"].index(column)] = value
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    document["digest"] = hashlib.sha256(text.encode()).hexdigest()
    with pytest.raises(price_curve.Rejected):
        price_curve.check(document)


def test_the_checker_runs_alone_on_hostile_files(tmp_path: Path) -> None:
    program = tmp_path / "checker.pyz"
    write_checker(program)
    for text in (
        "",
        "[" * 100_000,
        "[]",
        "{}",
        '{"format": 1}',
        "\x00",
        '{"a": ' + "9" * 5000 + "}",
        '{"format": "fairbound tree 1"}',
    ):
        (tmp_path / "x.json").write_text(text)
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(program), "x.json"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=20,
        )
        assert done.returncode == 1, text[:20]
        assert "Traceback" not in done.stderr
        assert "rejected" in done.stdout + done.stderr


def test_nothing_takes_the_place_of_a_pipe_or_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path, word in ((tmp_path / "pipe", "pipe"), (tmp_path / "link", "pipe"), (tmp_path, "folder")):
        with pytest.raises(InputError, match=f"cannot be written: found 'a {word}'"):
            write_text(path, "text")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]


def test_a_link_stays_and_what_it_names_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("there/real.csv")
    write_text(tmp_path / "link.csv", "new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "there" / "real.csv").read_text() == "new"


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the shared cases are not on this machine")
@pytest.mark.parametrize("name", sorted(path.name for path in HOSTILE.glob("*")) if HOSTILE.is_dir() else [])
def test_shared_hostile_files_end_in_one_line(name: str, tmp_path: Path) -> None:
    for arguments in (("verify", str(HOSTILE / name)), ("instance", "check", str(HOSTILE / name))):
        done = run(*arguments, folder=tmp_path)
        assert done.returncode in (0, 1, 2), done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") <= 1
    assert not list(tmp_path.glob("fairbound-crash*"))


def test_catalogue_says_what_a_pipe_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.csv")
    done: list[Exception] = []

    def load() -> None:
        try:
            catalogue.load(str(tmp_path / "p.csv"))
        except InputError as error:
            done.append(error)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(5)
    assert done, "it waits for the pipe"


def test_of_two_bounds_none_is_checked(tmp_path: Path, good: tuple[str, str, str, str]) -> None:
    """A person who reads a certificate must not see another bound than the checker."""
    path = tmp_path / "c.json"
    for text in good:
        if '"bound"' in text:
            path.write_text(text.replace('"bound"', '"bound": "0", "bound"', 1))
            with pytest.raises(Rejected, match="a name stands twice"):
                read(str(path))
