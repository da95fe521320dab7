"""An alarm that cannot keep its file still says so, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from django.db import OperationalError

from authz.clients.wrappers.alarm import Alarm
from authz.clients.wrappers.comparisons import Difference
from authz.engine.memory import MemoryTuples
from authz.engine.reader import Found, SubjectQuery, TupleReader
from authz.testing.contract import CONTRACT_MODEL
from authz.types import CheckRequest

NOTHING = MemoryTuples()
DIFFERENCE = Difference("check", CheckRequest("user:ann", "can_read", "book:1"), False, CONTRACT_MODEL)


class Away(MemoryTuples):
    """The database is not there to be read from."""

    def subjects(self, queries: Sequence[SubjectQuery]) -> list[list[Found]]:
        raise OperationalError("no connection")


def told(directory: Path | None, caplog: pytest.LogCaptureFixture, reader: TupleReader = NOTHING) -> str:
    alarm = Alarm(directory, reader)
    for _ in range(2):
        alarm(DIFFERENCE)
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    return record.getMessage()


def test_what_was_answered_and_where_it_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    line = told(tmp_path / "shadow", caplog)
    assert line == (
        "The permission engines differ (check): the one that answers refuses what its shadow allows. "
        f"To replay it: filegraph authz test {tmp_path / 'shadow' / 'check.fga.yaml'}"
    )


def test_no_place_to_keep_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert told(None, caplog).endswith("Nothing was kept of it.")
    caplog.clear()
    (tmp_path / "shadow").write_text("a file is in the way")
    assert "It could not be kept: " in told(tmp_path / "shadow", caplog)


def test_a_difference_is_told_although_its_tuples_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert "It could not be kept: " in told(tmp_path / "shadow", caplog, Away())
