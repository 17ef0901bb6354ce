"""Real data is fetched whole and of the right digest, or not at all, from a local server that breaks off and lies."""

from __future__ import annotations

import gzip
import resource
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fairbound.instances.core import entry
from fairbound.instances.core.entry import data_file
from fairbound.instances.core.fetch import PARTS, Fetched, State, check, fetch
from fairbound.instances.core.published import DataFile, Published, data_files, holds, needed, sha256_of
from fairbound.models.core.errors import InputError

CONTENT = b"".join(b"%d,a row of a published table\n" % i for i in range(9000))
OTHER = CONTENT.replace(b"published", b"perished!")


class Site:
    """What the server has and how it behaves."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks_after: int | None = None
        self.ranges = True
        self.asked: list[str | None] = []
        self.address = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        self.asked.append(asked)
        content = self.files.get(handler.path)
        if content is None:
            handler.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.ranges else 0
        if start and start >= len(content):
            handler.send_error(416)
            return
        rest = content[start:]
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest if self.breaks_after is None else rest[: self.breaks_after])


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_port}"
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


def table(site: Site, name: str = "cep/table.csv", content: bytes = CONTENT) -> DataFile:
    """A file that is published in one part, as it is."""
    site.files["/table.csv"] = content
    part = Published(f"{site.address}/table.csv", sha256_of(content))
    return DataFile(name, sha256_of(content), "nobody", "none", "as published", (part,))


def left(folder: Path) -> list[str]:
    """What a data folder holds."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def failed(found: Fetched) -> str:
    assert found.state is State.FAILED
    assert "\n" not in found.said
    return found.said


def test_a_file_is_fetched_once(site: Site, tmp_path: Path) -> None:
    file = table(site, "cep/table.csv.gz")
    assert fetch(file, tmp_path).state is State.FETCHED
    assert gzip.decompress((tmp_path / file.name).read_bytes()) == CONTENT
    assert left(tmp_path) == [file.name]
    assert fetch(file, tmp_path).state is State.THERE
    assert site.asked == [None]


def test_a_file_is_made_of_its_parts(site: Site, tmp_path: Path) -> None:
    site.files |= {"/north": b"1\n", "/south": b"2\n"}
    parts = tuple(Published(f"{site.address}/{name}", sha256_of(site.files[f"/{name}"])) for name in ("north", "south"))
    made = b"n\n1\n2\n"
    file = DataFile("a/b.csv", sha256_of(made), "", "", "", parts, lambda given: b"n\n" + b"".join(given))
    said: list[str] = []
    assert fetch(file, tmp_path, on_part=said.append).state is State.FETCHED
    assert (tmp_path / file.name).read_bytes() == made
    assert said == ["a/b.csv: 1 of 2", "a/b.csv: 2 of 2"]
    # The parts are right, what is made of them is not.
    wrong = DataFile("a/c.csv", sha256_of(b"else"), "", "", "", parts)
    assert "2 published files: not the file that is meant: found" in failed(fetch(wrong, tmp_path))
    assert not (tmp_path / "a" / "c.csv").exists()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_transfer_that_broke_off_is_gone_on_with(site: Site, tmp_path: Path, ranges: bool) -> None:
    file = table(site)
    site.breaks_after, site.ranges = 100_000, ranges
    assert "the transfer broke off; the same command goes on" in failed(fetch(file, tmp_path))
    [half] = left(tmp_path)
    assert half.startswith(f"{PARTS}/")
    kept = (tmp_path / half).stat().st_size
    assert 0 < kept <= 100_000
    site.breaks_after = None
    assert fetch(file, tmp_path).state is State.FETCHED
    assert site.asked == [None, f"bytes={kept}-"]
    assert left(tmp_path) == [file.name]
    assert (tmp_path / file.name).read_bytes() == CONTENT


@pytest.mark.parametrize("half", [OTHER[:50_000], OTHER + OTHER], ids=["damaged", "too long"])
def test_a_half_that_is_not_of_this_file_is_begun_anew(site: Site, tmp_path: Path, half: bytes) -> None:
    file = table(site)
    place = tmp_path / PARTS / f"{file.parts[0].sha256[:32]}.half"
    place.parent.mkdir()
    place.write_bytes(half)
    assert fetch(file, tmp_path).state is State.FETCHED
    assert site.asked == [f"bytes={len(half)}-", None]
    assert (tmp_path / file.name).read_bytes() == CONTENT


def test_a_file_that_has_changed_is_refused(site: Site, tmp_path: Path) -> None:
    file = table(site)
    site.files["/table.csv"] = OTHER
    said = failed(fetch(file, tmp_path))
    assert said.startswith(f"{site.address}/table.csv: the file has changed: found '{sha256_of(OTHER)[:20]}")
    assert said.endswith(f"wanted sha256 {file.sha256}")
    assert left(tmp_path) == []


def test_a_file_that_is_gone_and_a_server_that_is_none(site: Site, tmp_path: Path) -> None:
    file = table(site)
    del site.files["/table.csv"]
    assert failed(fetch(file, tmp_path)) == f"{site.address}/table.csv: the server says 404 Not Found: wanted a file"
    nowhere = DataFile("a.csv", "0", "", "", "", (Published("http://127.0.0.1:9/a.csv", "0"),))
    assert failed(fetch(nowhere, tmp_path)) == "http://127.0.0.1:9/a.csv: cannot be reached (ConnectionError)"
    assert left(tmp_path) == []


def test_a_place_that_cannot_be_written(site: Site, tmp_path: Path) -> None:
    file = table(site)
    (tmp_path / "taken").write_text("a file, no folder")
    assert "cannot be written (" in failed(fetch(file, tmp_path / "taken"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # as on a disk that is full
    try:
        assert "cannot be written (File too large)" in failed(fetch(file, tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / file.name).exists()
    assert fetch(file, tmp_path).state is State.FETCHED


def test_a_mirror_holds_files_by_their_names(site: Site, tmp_path: Path) -> None:
    """A folder or a server; what counts is what the file holds, however it is compressed."""
    file = DataFile("cep/table.csv.gz", sha256_of(CONTENT), "an agency", "none", "put together")
    found = fetch(file, tmp_path / "none")
    assert (found.state, found.said.split(":")[0]) == (State.ABSENT, "cannot be fetched")
    lab = tmp_path / "lab" / "cep"
    lab.mkdir(parents=True)
    (lab / "table.csv.gz").write_bytes(gzip.compress(CONTENT, 1, mtime=7))
    assert fetch(file, tmp_path / "one", str(tmp_path / "lab")).state is State.FETCHED
    site.files["/data/cep/table.csv.gz"] = gzip.compress(CONTENT, 3, mtime=9)
    assert fetch(file, tmp_path / "two", f"{site.address}/data/").state is State.FETCHED
    for folder in ("one", "two"):
        assert left(tmp_path / folder) == [file.name]
        assert gzip.decompress((tmp_path / folder / file.name).read_bytes()) == CONTENT
    site.files["/data/cep/table.csv.gz"] = gzip.compress(OTHER)
    assert "not the file that is meant: found" in failed(fetch(file, tmp_path / "three", f"{site.address}/data"))
    assert "cannot be read" in failed(fetch(file, tmp_path / "four", str(tmp_path / "nowhere")))


def test_another_file_of_that_name_is_left_alone(site: Site, tmp_path: Path) -> None:
    file = table(site)
    (tmp_path / "cep").mkdir()
    (tmp_path / file.name).write_bytes(b"somebody's own")
    for found in (fetch(file, tmp_path), check(file, tmp_path)):
        assert "another file of this name" in failed(found)
    assert (tmp_path / file.name).read_bytes() == b"somebody's own"
    assert site.asked == []


def test_what_is_fetched_is_found(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder that is named; else among the caches, after the folder beside the project."""
    file = table(site)
    monkeypatch.setenv("FAIRBOUND_DATA", str(tmp_path / "named"))
    fetch(file, entry.data_home())
    assert data_file(file.name) == tmp_path / "named" / file.name
    monkeypatch.delenv("FAIRBOUND_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert data_file(file.name) is None
    fetch(file, entry.data_home())
    assert data_file(file.name) == tmp_path / "caches" / "fairbound" / "data" / file.name
    beside = tmp_path / "shared" / "data"
    fetch(file, beside)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert data_file(file.name) == beside / file.name


def test_the_origin_of_every_file_of_the_catalogue_is_known() -> None:
    """With every file that it needs beside it, by names that people use."""
    names = {name: [file.name for file in needed(name)] for name in ("cep", "cep/us/*", "cep/us/ca/01702", "cep/us")}
    assert names["cep/us/*"] == names["cep/us/ca/01702"] == names["cep/us"] == ["cep/us_districts.csv.gz"]
    assert set(names["cep"]) == {"cep/us_districts.csv.gz", "cep/nyc1453.csv"}
    assert len(needed("transfers/alameda17")) == 2
    assert len(needed("grants/texas")) == 3
    assert needed("cep/calpads33") == []
    for problem in ("blocks", "applicants", "classes", "matching", "designs", "scores"):
        needed(problem)
    with pytest.raises(InputError, match="unknown instance"):
        needed("cep/nowhere")


@pytest.mark.parametrize("name", sorted(data_files()))
def test_the_files_here_are_those_that_are_meant(name: str) -> None:
    path = data_file(name)
    if path is None:
        pytest.skip("the file is not on this machine (FAIRBOUND_DATA)")
    assert holds(data_files()[name], path) is None
