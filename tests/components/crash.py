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
            if self.after:
                step()
            self.die()
        return step()

    def die(self) -> None:
        self.dead = True
        raw = connection.connection
        if raw is not None:
            # SQLite keeps a closed connection's transaction while a cursor lives; a kernel would not.
            with suppress(Exception):
                raw.rollback()
            with suppress(Exception):
                raw.close()
        raise Killed


@contextmanager
def killed_at(at: int, *, after: bool) -> Iterator[Steps]:
    """Run the block until step ``at`` and swallow what the dead still throw. The next use of the database connects."""
    steps = Steps(at, after=after)
    commit = connection._commit

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
            connection.connection = None
            connection.in_atomic_block = False
            connection.savepoint_ids = []
            connection.needs_rollback = False
            connection.atomic_blocks = []
