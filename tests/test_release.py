"""The archives that a release consists of: what is tracked, all of it, nothing else, and no real data."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

import fairbound

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
FOLDERS = {"models", "solvers", "instances", "benchmarks"}
MAY_HOLD_TABLES = re.compile(r"(instances/cep/data|models/cep|benchmarks/references)/.*|tests/.*")
"""Where files of data may stand: the seed's own figures, published rates, reference answers, and what tests make."""
MAY_BE_SHIPPED = {"calpads33.csv", "rates.csv"}
"""Files of the data folder that the project may hold itself: figures of the seed, and the government's rates."""


def tracked() -> list[str]:
    """Paths below the root that belong to the project; skips outside its repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("what is tracked is known in the repository alone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes]]:
    """Files of the source archive, of the wheel that it builds, and of the wheel that the tree builds.

    The tree has what is left of earlier builds and of somebody's work.
    """
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for name in tracked():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    wheel_of(tree, out / "tree", "--wheel")
    for left in ("build/lib/fairbound/models/gone.py", "models/core/__pycache__/gone.pyc", "results/plan.csv"):
        (tree / left).parent.mkdir(parents=True, exist_ok=True)
        (tree / left).write_text("left\n")
    wheel_of(tree, out / "release")
    [archive] = out.glob("release/*.tar.gz")
    with tarfile.open(archive) as source:
        names = {name.name.partition("/")[2]: source.extractfile(name) for name in source if name.isfile()}
        files = {name: file.read() for name, file in names.items() if file is not None}
    [from_source], [from_tree] = out.glob("release/*.whl"), out.glob("tree/*.whl")
    return files, members(from_source), members(from_tree)


def wheel_of(tree: Path, out: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, *arguments]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def members(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


Built = tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes]]


def test_the_source_archive_is_what_is_tracked(built: Built) -> None:
    source, _, _ = built
    added = {name for name in source if name in {"PKG-INFO", "setup.cfg"} or name.startswith("fairbound.egg-info/")}
    assert set(source) - added == set(tracked()) - {".gitignore"}


def test_the_wheel_is_the_packages(built: Built) -> None:
    _, wheel, _ = built
    installed = set()
    for name in tracked():
        path = PurePosixPath(name)
        if path.parts[0] in FOLDERS:
            installed.add(f"fairbound/{name}")
        elif path.parts[:2] == ("src", "fairbound"):
            installed.add(str(path.relative_to("src")))
    assert {name for name in wheel if ".dist-info/" not in name} == installed


def test_the_source_archive_builds_the_same_wheel(built: Built) -> None:
    _, from_source, from_tree = built
    assert from_source == from_tree


def test_no_real_data_inside(built: Built) -> None:
    """No file of data but where the project's own stand, and none with the content of a real one."""
    source, wheel, _ = built
    for name in [*source, *(name.removeprefix("fairbound/") for name in wheel if ".dist-info/" not in name)]:
        if PurePosixPath(name).suffix in {".csv", ".json", ".geojson", ".gz", ".xlsx", ".parquet"}:
            assert MAY_HOLD_TABLES.fullmatch(name), name
    if not DATA.is_dir():
        pytest.skip("the data folder is absent")
    real = {path.name: path.read_bytes() for path in DATA.rglob("*") if path.is_file() and path.suffix != ".md"}
    kept = {digest(content) for content in (*source.values(), *wheel.values())}
    assert {name for name, content in real.items() if digest(content) in kept} <= MAY_BE_SHIPPED


def digest(content: bytes) -> str:
    """Of what is inside, where it is compressed."""
    return hashlib.sha256(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).hexdigest()


def test_one_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert fairbound.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    released = [heading for heading in headings if heading != "Unreleased"]
    assert released[0].startswith(f"{version} - "), "the newest release of the changelog"
