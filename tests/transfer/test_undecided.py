from __future__ import annotations

import pytest

from authz.errors import ConditionFailed, MissingContext
from transfer.undecided import QUIET_SECONDS, UndecidedLog


def test_a_storm_of_requests_is_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 1000.0
    log = UndecidedLog(lambda: now)
    for _ in range(500):
        log.tell(ConditionFailed("condition 'c': no value"))
    assert [record.getMessage() for record in caplog.records] == [
        "a permission could not be decided (CONDITION_FAILED): condition 'c': no value; 0 more since the last line"
    ]
    now += QUIET_SECONDS
    log.tell(MissingContext("condition 'd' lacks x"))
    log.tell(MissingContext("condition 'd' lacks x"))
    (line,) = caplog.records[1:]
    assert "'d' lacks x; 499 more" in line.getMessage()
    assert line.exc_info is None
