"""Code blocks of pages as tests: every block is run as it stands, in order, in a folder of the page's own.

``console``
    Commands after ``$``, each in a shell; lines below a command are what it prints. A command that fails must be
    followed by ``$ echo $?``.
``python``
    A program that begins with the page's earlier ones.
``text``
    Below a block: what was printed by it. Lines come in this order, blanks count once, and ``...`` stands for anything.
any language, below a line that ends with a file's name
    A file, written for the blocks after it.

Sybil's ``<!-- skip: next "reason" -->`` leaves a block out; it must say why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import SkipParser
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

ROOT = Path(__file__).parents[2]
SECONDS = 300
FILE = re.compile(r"`([\w./-]+\.(?:csv|geojson|json|py|toml))`:?$")


def page_tests(*patterns: str) -> Sybil:
    """The examples of all pages whose names match."""
    return Sybil([blocks, SkipParser()], patterns=patterns, path=str(ROOT), setup=_begin, teardown=_end)


def blocks(document: Document) -> Iterable[Region]:
    """Every fenced block, whatever its language."""
    for region in FencedCodeBlockLexer("[^\n]*")(document):
        before = document.text[: region.start].rstrip().rpartition("\n")[2]
        named = FILE.search(before)
        parsed = (region.lexemes["language"], named and named[1], str(region.lexemes["source"]))
        yield Region(region.start, region.end, parsed, evaluate)


def available(instance: str) -> bool:
    """Whether an instance's data is on this machine; for reasons to skip."""
    import fairbound

    try:
        fairbound.load(instance)
    except fairbound.InputError:
        return False
    return True


def _begin(namespace: dict[str, Any]) -> None:
    namespace |= {"folder": tempfile.TemporaryDirectory(), "programs": "", "said": None, "available": available}


def _end(namespace: dict[str, Any]) -> None:
    namespace["folder"].cleanup()


def evaluate(example: Example) -> str | None:
    """Run, write or compare one block; what is wrong comes back as text."""
    language, name, source = example.parsed
    state = example.namespace
    folder = Path(state["folder"].name)
    if example.document.path == str(ROOT / "README.md"):
        _as_checkout(folder)
    if name is not None and language != "console":
        return _write(folder / name, source)
    if language == "console":
        state["said"] = _shell(folder, source)
    elif language == "python":
        state["programs"] += source
        state["said"] = _run([sys.executable, "-c", state["programs"]], folder).stdout
    elif language == "text":
        assert state["said"] is not None, "nothing was run that could have printed this"
        _compare(source, state["said"])
    else:
        return f"a block of {language or 'no language'}: wanted console, python, text, or a file's name above it"
    return None


def _as_checkout(folder: Path) -> None:
    """Let the first page's commands see the files that they name as seen from the project's folder."""
    for name in ("solvers", "benchmarks"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if path.suffix == ".toml":
        tomllib.loads(text)
    elif path.suffix == ".py":
        compile(text, path.name, "exec")


def _shell(folder: Path, block: str) -> str:
    """Run the commands of a block, compare what stands below each, and return all that they said."""
    assert block.startswith("$ "), "a console block begins with a command after $"
    said, code = "", 0
    steps = [step.partition("\n") for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    for place, (command, _, expected) in enumerate(steps):
        done = _run(["bash", "-c", f"(exit {code}); {command}"], folder, check=False)
        code, printed = done.returncode, done.stdout + done.stderr
        asked = place + 1 < len(steps) and steps[place + 1][0] == "echo $?"
        assert code == 0 or asked, f"{command}: exit code {code}\n{printed[-3000:]}"
        _compare(expected, printed)
        said += printed
    return said


def _run(command: list[str], folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COLUMNS": "200"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0 or not check, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def _compare(expected: str, said: str) -> None:
    plain, at = " ".join(said.split()), 0
    for line in filter(None, (" ".join(line.split()) for line in expected.splitlines())):
        pattern = ".*?".join(map(re.escape, line.split("...")))
        found = re.compile(pattern).search(plain, at)
        assert found, f"not printed{' after what stands before it' if at else ''}: {line}\n{said[-3000:]}"
        at = found.end()
