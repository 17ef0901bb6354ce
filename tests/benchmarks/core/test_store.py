"""The store: each row once, exact through every format, one writer."""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bench_rows import baseline, row
from fairbound.benchmarks.core.row import COLUMNS, Row
from fairbound.benchmarks.core.store import Store, from_frame, read_rows, to_frame
from fairbound.benchmarks.core.work import pack, unpack
from fairbound.models.core.errors import InputError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROWS = [
    row(primal_bound="86824/5", dual_bound="86824/5", relaxation=17693.61),
    row(outcome="timeout", status="", level="", primal_bound=None, dual_bound=None, gap=None, nodes=None),
    baseline(message='a "quoted", line'),
]


def filled(folder: Path) -> Path:
    with Store(folder, write=True) as store:
        for one in ROWS:
            assert store.add(one, [{"school_id": "a", "group": "1"}] if one is ROWS[0] else None)
    return folder


def test_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    with Store(filled(tmp_path)) as store:
        assert store.rows() == ROWS
        assert store.keys() == {one.key for one in ROWS}
        assert store.solution(ROWS[0].key) == [{"school_id": "a", "group": "1"}]
        assert store.solution(ROWS[1].key) is None


def test_a_key_is_kept_once_and_the_first_row_stays(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store(tmp_path, write=True) as store:
        assert not store.add(row(key=ROWS[0].key, primal_bound="1"), [{"school_id": "b", "group": "1"}])
        assert store.rows() == ROWS
        assert store.solution(ROWS[0].key) == [{"school_id": "a", "group": "1"}]
        store.forget([ROWS[0].key])
        assert store.rows() == ROWS[1:]
        assert store.solution(ROWS[0].key) is None


def test_parquet_and_pandas_keep_every_value(tmp_path: Path) -> None:
    with Store(filled(tmp_path)) as store:
        path = store.export()
        frame = store.to_frame()
    assert read_rows(path) == ROWS
    assert from_frame(frame) == ROWS
    assert from_frame(to_frame(ROWS)) == ROWS
    assert frame["primal_bound"].tolist()[0] == "86824/5"
    assert frame["nodes"].isna().tolist() == [False, True, True]
    assert from_frame(to_frame([])) == []


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
FLOATS = st.floats(allow_nan=False)  # infinite limits are limits
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": TEXTS,
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": FLOATS,
    "bool": st.booleans(),
}


def any_value(kind: str) -> st.SearchStrategy[Any]:
    values = VALUES[kind.partition(" | ")[0]]
    return st.none() | values if "None" in kind else values


ANY_ROW = st.builds(Row, **{name: any_value(kind) for name, kind in COLUMNS.items()})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ANY_ROW, max_size=4))
def test_any_row_survives_pandas_and_parquet(tmp_path: Path, rows: list[Row]) -> None:
    """The largest integers, infinite limits, empty texts beside absent ones, every sign there is."""
    frame = to_frame(rows)
    assert from_frame(frame) == rows
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    assert read_rows(tmp_path / "rows.parquet") == rows
    back = pd.read_parquet(tmp_path / "rows.parquet")
    assert back.dtypes.tolist() == frame.dtypes.tolist()


def test_a_frame_of_plain_types_is_read_too() -> None:
    """As other libraries make them: objects for texts, floats where integers are absent."""
    plain = pd.DataFrame([vars(one) for one in ROWS])
    assert str(plain["nodes"].dtype) == "float64"
    assert from_frame(plain) == ROWS


def test_a_frame_that_is_no_results_is_refused() -> None:
    with pytest.raises(InputError, match="column key: missing column of results"):
        from_frame(pd.DataFrame({"a": [1]}))
    frame = to_frame(ROWS)
    frame.loc[1, "method"] = pd.NA
    with pytest.raises(InputError, match="row 2, column method: results without a value"):
        from_frame(frame)


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no results here"):
        Store(tmp_path)
    (tmp_path / "results.sqlite").write_text("something else, long enough to be looked at" * 10)
    with pytest.raises(InputError, match="not a results file"):
        Store(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_rows(tmp_path / "x.parquet")
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_rows(tmp_path / "x.parquet")


def test_results_of_another_version_are_refused(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "results.sqlite")
    db.execute("CREATE TABLE rows (key TEXT)")
    db.commit()
    db.close()
    with pytest.raises(InputError, match="another version"):
        Store(tmp_path)
    with pytest.raises(InputError, match="another version"):
        Store(tmp_path, write=True)


def test_one_writes_and_others_read(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as writer:
        with pytest.raises(InputError, match="another run is writing here"):
            Store(tmp_path, write=True)
        with Store(tmp_path) as reader:
            writer.add(row())
            assert len(reader.rows()) == len(ROWS) + 1
    Store(tmp_path, write=True).close()


@pytest.mark.parametrize("length", [0, 1, 255, 256, 511, 512, 513, 5_000, 40_000, 200_000])
def test_texts_of_any_length_come_back(length: int) -> None:
    """The window of the compression grows with the text."""
    text = "".join(random.Random(length).choices('abc\u00e9{"}: ,01', k=length))
    assert unpack(pack(text)) == text


def test_a_full_disk_is_told_and_keeps_what_is_there(tmp_path: Path) -> None:
    with Store(filled(tmp_path), write=True) as store:
        store._db.execute("PRAGMA max_page_count = 1")  # no larger than it is
        with pytest.raises(InputError, match=r"results\.sqlite: cannot be written \(database or disk is full\)"):
            store.add(row(message="x" * 10**6))
        with pytest.raises(InputError, match="cannot be written"):
            store.note("suite", "x" * 10**6)
    with Store(tmp_path) as store:
        assert store.rows() == ROWS


def test_a_folder_in_the_place_of_the_results_is_told_and_leaves_no_lock(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").mkdir()
    for _ in range(2):
        with pytest.raises(InputError, match="cannot be used"):
            Store(tmp_path, write=True)


def test_results_are_read_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr(os, "access", lambda path, _mode: path != tmp_path)
    with Store(tmp_path) as store:
        assert store.rows() == ROWS
        assert {path.name for path in tmp_path.iterdir()} == before
        with pytest.raises(InputError, match="cannot be written"):
            store.note("suite", "other")
