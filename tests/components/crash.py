"""Dying at a chosen step: the n-th statement, commit or system call of a piece of work, and nothing after it.

What Python would still do after an exception (clean up, roll back, unlink) a killed process would not: so from the
chosen step on every step fails, and the database connection is cut as the kernel would cut it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

from django.db import connection

SYSTEM_CALLS = ("open", "write", "fsync", "mkdir", "link", "unlink")


class Killed(BaseException):
    """The process is dead."""


class Steps:
    """Counts steps; dies when it comes to step ``at`` (0: never). ``before`` or after the step has had its effect."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.at, self.after, self.count, self.dead = at, after, 0, False

    def take(self, step: Callable[[], Any]) -> Any:
        if self.dead:
            raise Killed
        self.count += 1
        if self.count == self.at:
            try:
                if self.after:
                    step()
            finally:
                self.die()
        return step()

    def die(self) -> None:
        self.dead = True
        cut()
        raise Killed


def cut() -> None:
    """Cut the database connection without a word."""
    raw = connection.connection
    if raw is not None:
        # SQLite keeps a closed connection's transaction while a cursor lives; a kernel would not.
        with suppress(Exception):
            raw.rollback()
        with suppress(Exception):
            raw.close()


@contextmanager
def killed_at(at: int, *, after: bool) -> Iterator[Steps]:
    """Run the block until step ``at`` and swallow what the dead still throw. The next use of the database connects."""
    steps = Steps(at, after=after)
    commit = connection._commit  # type: ignore[attr-defined]  # the one place that every commit goes through

    def statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        return steps.take(lambda: execute(sql, params, many, context))

    def call(real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: steps.take(lambda: real(*args, **kwargs))

    patches = [mock.patch.object(os, name, call(getattr(os, name))) for name in SYSTEM_CALLS]
    patches.append(mock.patch.object(connection, "_commit", call(commit)))
    try:
        with connection.execute_wrapper(statement):
            for patch in patches:
                patch.start()
            try:
                yield steps
            finally:
                for patch in patches:
                    patch.stop()
    except BaseException:
        if not steps.dead:
            raise
    finally:
        if steps.dead:
            cut()
            connection.connection = None
            connection.in_atomic_block = False
            connection.savepoint_ids = []
            connection.needs_rollback = False
            connection.atomic_blocks = []
