"""``fairbound instance fetch``: what it says of each file, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Run
from fairbound.instances.core import published
from fairbound.instances.core.published import DataFile, sha256_of

CITY = b"{}"
NAME = "blocks/nm_tract_k12.json"


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty data folder, and a catalogue whose only file is two bytes long."""
    monkeypatch.setenv("FAIRBOUND_DATA", str(tmp_path / "data"))
    file = DataFile(NAME, sha256_of(CITY), "2010 Census", "figures of the Census", "made up")
    monkeypatch.setattr(published, "data_files", lambda: {NAME: file})
    return tmp_path / "data"


def test_from_a_lab_that_has_the_files(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "lab" / "blocks").mkdir(parents=True)
    (tmp_path / "lab" / NAME).write_bytes(CITY)
    code, said, _ = run("instance", "fetch", "blocks/nm498", "--mirror", "lab")
    assert code == 0
    assert said.splitlines() == [
        f"{NAME}: fetched from lab/{NAME} into {data}, of the right sha256",
        "licence of 2010 Census: figures of the Census",
    ]
    assert (data / NAME).read_bytes() == CITY
    code, said, _ = run("instance", "fetch", "blocks/nm498", "--check")
    assert (code, said) == (0, f"{NAME}: in {data}, of the right sha256\n")


def test_what_cannot_be_fetched_says_where_it_is_from(run: Run, data: Path, tmp_path: Path) -> None:
    code, said, _ = run("instance", "fetch", "blocks/nm498")
    assert (code, said) == (
        1,
        f"{NAME}: cannot be fetched: made up; from 2010 Census; wanted at {data / NAME}\n",
    )
    assert run("instance", "fetch", "blocks/nm498", "--check", "--to", str(tmp_path))[:2] == (
        1,
        f"{NAME}: not in {tmp_path}\n",
    )
    (data / "blocks").mkdir(parents=True)
    (data / NAME).write_bytes(b"[]")
    code, said, _ = run("instance", "fetch", "blocks/nm498", "--check")
    assert code == 1
    assert "another file of this name" in said
    assert sha256_of(CITY) in said


def test_what_needs_no_fetching(run: Run) -> None:
    code, said, _ = run("instance", "fetch", "cep/calpads33")
    assert (code, said) == (0, "cep/calpads33: comes with fairbound, nothing to fetch\n")


def test_names_and_files_that_nobody_knows(run: Run) -> None:
    code, _, error = run("instance", "fetch", "nope")
    assert code == 2
    assert "unknown instance: found 'nope'" in error
    code, _, error = run("instance", "fetch", "blocks/la1124")
    assert code == 2
    assert "blocks/la_tract_k30.json: nothing is known of where this comes from" in error
