import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError

from filegraph.background import Background, Chore

NOW = datetime(2026, 1, 2, tzinfo=UTC)


async def _run(work: Callable[[], Any]) -> Any:
    return work()


async def test_only_what_is_noted_in_memory_is_done_at_the_end() -> None:
    seen: list[str] = []
    chores = [
        Chore("tidy", 3600, lambda _: seen.append("tidy")),
        Chore("write down", 3600, lambda _: seen.append("write down"), last=True),
    ]
    background = Background(_run, chores, clock=lambda: NOW)
    background.start()
    await background.stop()
    assert seen == ["write down"]


async def test_chores_come_again_even_after_a_failure_and_once_at_the_end() -> None:
    seen: list[datetime] = []

    def work(now: datetime) -> None:
        seen.append(now)
        if len(seen) == 1:
            raise LookupError("x")

    background = Background(_run, [Chore("test", 0.001, work, last=True)], clock=lambda: NOW)
    background.start()
    for _ in range(1000):
        if len(seen) >= 3:
            break
        await asyncio.sleep(0.005)
    before = len(seen)
    await background.stop()
    assert before >= 3
    assert len(seen) > before
    after = len(seen)
    await asyncio.sleep(0.02)
    assert len(seen) == after
    assert set(seen) == {NOW}


async def test_what_never_started_does_nothing_at_the_end() -> None:
    seen: list[datetime] = []
    await Background(_run, [Chore("test", 1, seen.append, last=True)], clock=lambda: NOW).stop()
    assert seen == []


async def test_an_outage_of_the_database_is_one_line_however_often_a_chore_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcomes: list[Exception | None] = [OperationalError("connection refused")] * 3
    outcomes += [None, OperationalError("connection refused"), LookupError("x"), LookupError("x")]
    seen = 0

    def work(_: datetime) -> None:
        nonlocal seen
        seen += 1
        if seen <= len(outcomes) and (error := outcomes[seen - 1]):
            raise error

    background = Background(_run, [Chore("test", 0.001, work)], clock=lambda: NOW)
    with caplog.at_level(logging.INFO, "filegraph.background"):
        background.start()
        async with asyncio.timeout(10):
            while seen <= len(outcomes):
                await asyncio.sleep(0.001)
        await background.stop()
    told = [(record.levelname, record.exc_info is not None) for record in caplog.records]
    assert told == [("WARNING", False), ("WARNING", False), ("ERROR", True), ("ERROR", True)]
    assert "database" in caplog.records[0].getMessage()
