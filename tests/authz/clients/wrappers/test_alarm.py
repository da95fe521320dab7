"""An alarm that cannot keep its file still says so, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from authz.clients.wrappers.alarm import Alarm
from authz.clients.wrappers.comparisons import Difference
from authz.engine.memory import MemoryTuples
from authz.testing.contract import CONTRACT_MODEL
from authz.types import CheckRequest

DIFFERENCE = Difference("check", CheckRequest("user:ann", "can_read", "book:1"), False, CONTRACT_MODEL)


def told(directory: Path | None, caplog: pytest.LogCaptureFixture) -> str:
    alarm = Alarm(directory, MemoryTuples())
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
