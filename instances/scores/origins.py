"""Where the Texas tables come from: they are read as published, compressed on this machine."""

from __future__ import annotations

from fairbound.instances.core.published import DataFile, Published, on_github
from fairbound.instances.scores.sources import TEXAS
from fairbound.instances.scores.tables import BUDGETS, ENROLMENT, TESTS

ANALYSIS = ("JamesVLinton/Texas_Education_Data_Analysis", "aab3a9b0a82c6e54b7492c6a36a5c75f5c936fc2")
TABLES = {
    BUDGETS: "1b800680602e2981cf6b3163fa50db65adedd821025546be2810c3797d528c2f",
    ENROLMENT: "ea7b4c3f4e074fa49d6a325b85dee907e454aa921e8d310abb45340283080a71",
    TESTS: "b19b98b1228b150bf6bcf95558bf6ff6707d6bb8ef1dd16a4505136c3d615943",
}
NAMES = {stem: TEXAS.replace(BUDGETS, stem) for stem in TABLES}


def _table(stem: str, sha256: str) -> DataFile:
    return DataFile(
        NAMES[stem],
        sha256,
        "Texas Education Agency, as tabled by JamesVLinton/Texas_Education_Data_Analysis",
        "none is stated; the agency forbids altered copies",
        "the published table",
        (Published(on_github(*ANALYSIS, f"table_csvs/{stem}.csv"), sha256),),
        beside=tuple(name for name in NAMES.values() if name != NAMES[stem]),
    )


DATA = tuple(_table(stem, sha256) for stem, sha256 in TABLES.items())
