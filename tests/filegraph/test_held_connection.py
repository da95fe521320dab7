"""A connection that breaks while its thread waits for work is replaced before the work meets it."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from django.db import OperationalError, connection

from filegraph import held_connection
from filegraph.database_threads import DatabaseThreads

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def backend() -> int:
    """The process that serves this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end_session(pid: int) -> None:
    """What an administrator, or a server that stops, does to a session."""
    parameters = {**connection.get_connection_params(), "autocommit": True}
    with psycopg.connect(**{name: parameters[name] for name in ("host", "port", "user", "dbname")}) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


async def test_a_session_that_was_ended_is_noticed_at_once() -> None:
    threads = DatabaseThreads(1)
    try:
        first = await threads.run(backend)
        await asyncio.to_thread(end_session, first)
        assert await threads.run(backend) != first
    finally:
        await asyncio.to_thread(threads.close)


async def test_work_that_was_under_way_fails_and_the_next_does_not() -> None:
    threads = DatabaseThreads(1)

    def meet_it() -> None:
        end_session(backend())
        backend()

    def swallow_it() -> str:
        """As an operation of GraphQL does: the error becomes part of the answer."""
        try:
            meet_it()
        except OperationalError:
            return "told"
        return "nothing happened"

    try:
        with pytest.raises(OperationalError):
            await threads.run(meet_it)
        assert await threads.run(swallow_it) == "told"
        assert await threads.run(backend)
    finally:
        await asyncio.to_thread(threads.close)


async def test_a_healthy_connection_is_kept_and_asked_nothing() -> None:
    threads = DatabaseThreads(1)

    def statements_of_a_look() -> int:
        connection.ensure_connection()
        connection.force_debug_cursor = True
        before = len(connection.queries_log)
        raw = connection.connection
        held_connection.make_ready(idle=0.0)
        assert connection.connection is raw
        return len(connection.queries_log) - before

    try:
        assert await threads.run(statements_of_a_look) == 0
    finally:
        await asyncio.to_thread(threads.close)
