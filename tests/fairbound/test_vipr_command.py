"""``fairbound vipr``: a file that a checker accepts, and what a public checker says of it."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import vipr_checker
from command_line import Run


def program(name: str, code: int, words: str) -> str:
    """A checker that reads its file, says some words and ends with a code."""
    path = Path(name)
    path.write_text(f"#!{sys.executable}\nimport sys\nopen(sys.argv[1]).read()\nprint({words!r})\nsys.exit({code})\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path.absolute())


def test_a_public_checker_is_asked(run: Run) -> None:
    code, _, error = run("solve", "cep/calpads33", "--set", "threshold=0.40", "--out", "answer")
    assert code == 0, error
    command = ("vipr", "answer/certificate.json", "-o", "proof.vipr")
    code, out, error = run(*command, "--checker", program("good", 0, "Successfully verified optimal value range"))
    assert (code, "(L5)" in out) == (0, True), error
    assert vipr_checker.check(Path("proof.vipr").read_text()) == -86824
    code, out, _ = run(*command, "--checker", program("bad", 1, "it does not follow"))
    assert (code, "rejected by" in out) == (1, True)
    code, out, _ = run(*command, "--checker", program("mute", 0, ""))
    assert (code, "it says nothing" in out) == (1, True)
    code, _, error = run(*command, "--checker", "./absent")
    assert (code, "cannot be run" in error) == (2, True)


def test_a_forged_certificate_is_not_written(run: Run) -> None:
    run("solve", "cep/calpads33", "--set", "threshold=0.40", "--out", "answer")
    text = Path("answer/certificate.json").read_text()
    forged = text.replace('"bound": "86824/5"', '"bound": "86823/5"')
    assert forged != text
    Path("forged.json").write_text(forged)
    code, out, _ = run("vipr", "forged.json", "-o", "proof.vipr")
    assert (code, "rejected" in out, Path("proof.vipr").exists()) == (1, True, False)


def test_a_certificate_is_not_written_over(run: Run) -> None:
    run("solve", "cep/calpads33", "--set", "threshold=0.40", "--out", "answer")
    before = Path("answer/certificate.json").read_bytes()
    Path("link").symlink_to("answer/certificate.json")
    for out in ("answer/certificate.json", "answer/../answer/certificate.json", "link"):
        code, _, error = run("vipr", "answer/certificate.json", "-o", out)
        assert (code, "in the place of the certificate" in error) == (2, True)
    assert Path("answer/certificate.json").read_bytes() == before
