"""The mechanism that runs the blocks of pages finds what is wrong, and nothing escapes it; links of the first pages."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from unittest import SkipTest

import pytest
from page_blocks import page_tests
from sybil.example import SybilFailure

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]


def run(text: str, folder: Path) -> None:
    """Run a page of these blocks; raises where one is wrong."""
    page = folder / "page.md"
    page.write_text(text)
    document = page_tests("*.md").parse(page)
    namespace = document.namespace
    setup = page_tests("*.md")
    assert setup.setup is not None
    assert setup.teardown is not None
    setup.setup(namespace)
    try:
        for example in document.examples():
            with suppress(SkipTest):
                example.evaluate()
    finally:
        setup.teardown(namespace)


def test_blocks_are_run_in_order_in_a_folder_of_their_own(tmp_path: Path) -> None:
    run(
        "`a.toml`:\n\n```toml\nx = 1\n```\n\n```console\n$ cat a.toml\nx = 1\n$ false\n$ echo $?\n1\n```\n\n"
        "```python\nx = 2\nprint(open('a.toml').read())\n```\n\n```text\nx = 1\n```\n\n"
        "```python\nprint('now', x, 'and more')\n```\n\n```text\nnow ... more\n```\n\n"
        '<!-- skip: next "for this test" -->\n\n```console\n$ false\n```\n',
        tmp_path,
    )


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("```console\n$ echo one\ntwo\n```", "not printed: two"),
        ("```console\n$ echo one\n```\n\n```text\ntwo\n```", "not printed: two"),
        ("```console\n$ printf 'b\\na\\n'\n```\n\n```text\na\nb\n```", "after what stands before it: b"),
        ("```console\n$ false\n```", "exit code 1"),
        ("```console\n$ false\n$ echo $?\n0\n```", "not printed: 0"),
        ("```console\nls\n```", "begins with a command"),
        ("```python\nprint(undefined)\n```", "NameError"),
        ("```text\nalone\n```", "nothing was run"),
        ("```\n$ echo one\n```", "a block of no language"),
        ("```sh\necho one\n```", "a block of sh"),
        ("`bad.toml`:\n\n```toml\nx =\n```", "Invalid value"),
        ("`bad.py`:\n\n```python\ndef f(:\n```", "invalid syntax"),
    ],
)
def test_what_is_wrong_with_a_block_is_found(block: str, words: str, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, SybilFailure, ValueError, SyntaxError), match=re.escape(words)):
        run(f"{block}\n", tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_is_left_out_says_why(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for directive in re.findall(r"<!--+ *skip: *(.*?) *--+>", text):
        assert re.fullmatch(r'next ("[^"]{5,}"|if\(.+, reason="[^"]{5,}"\))', directive), directive
    names = re.findall(r"`(tests/[\w/.]+\.py)`", text)
    assert all((ROOT / name).is_file() or "routes" in name for name in names), names


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Those of the site are checked when it is built."""
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", (ROOT / name).read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        assert (ROOT / path).is_file(), link
        headings = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in slugs, link
