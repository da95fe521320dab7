"""What a failing database is told as: from real failures, not from made ones."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.db.utils import DatabaseErrorWrapper
from psycopg.errors import error_from_result

from storage.errors import DatabaseBusy, DatabaseUnavailable
from storage.models import Backend
from storage.outages import outage_of


def _raised_by(statement: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return caught.value


@pytest.mark.django_db
def test_faults_of_ours_are_no_outage() -> None:
    for statement in ("SELECT * FROM nowhere", "SELEC 1"):
        assert outage_of(_raised_by(statement)) is None
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Backend.objects.bulk_create([Backend(id="x", name="a"), Backend(id="x", name="b")])
    assert outage_of(caught.value) is None
    assert outage_of(LookupError()) is None
    assert outage_of(ProgrammingError()) is None


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014"])
def test_postgresql_gave_it_up(state: str) -> None:
    error = _raised_by(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
    assert isinstance(outage_of(error), DatabaseBusy)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", ["57P01", "57P03", "53300", "53100", "25006", "08006"])
def test_postgresql_is_away(state: str) -> None:
    error = _raised_by(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
    outage = outage_of(error)
    assert isinstance(outage, DatabaseUnavailable)
    assert not isinstance(outage, DatabaseBusy)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_session_that_was_ended_in_a_transaction() -> None:
    def end_it() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError) as caught:
        end_it()
    assert type(outage_of(caught.value)) is DatabaseUnavailable


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_wait_for_each_other() -> None:
    ids = [Backend.objects.create(name=name, driver="memory").id for name in ("a", "b")]
    both = threading.Barrier(2)
    errors: list[Exception] = []

    def take(first: str, second: str) -> None:
        try:
            with transaction.atomic():
                Backend.objects.filter(id=first).update(name=f"{first} taken")
                both.wait(10)
                Backend.objects.filter(id=second).update(name=f"{second} taken by {first}")
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [type(outage_of(error)) for error in errors] == [DatabaseBusy]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_nobody_answers() -> None:
    with pytest.raises(OperationalError) as caught, connection.wrap_database_errors:
        psycopg.connect("postgresql://x@127.0.0.1:1/x")
    assert type(outage_of(caught.value)) is DatabaseUnavailable


def test_the_line_was_cut_while_an_answer_came() -> None:
    result = psycopg.pq.PGconn.connect(b"host=127.0.0.1 port=1").make_empty_result(psycopg.pq.ExecStatus.FATAL_ERROR)

    class Wrapper:
        Database = psycopg
        errors_occurred = False

    with pytest.raises(DatabaseError) as caught, DatabaseErrorWrapper(Wrapper()):
        raise error_from_result(result)
    assert type(caught.value) is DatabaseError
    assert type(outage_of(caught.value)) is DatabaseUnavailable
    assert outage_of(DatabaseError("Save with update_fields did not affect any rows.")) is None


def _of_sqlite(work: Callable[[], object]) -> type[DatabaseUnavailable] | None:
    """Fail as a connection of Django's on SQLite does."""

    class Wrapper:
        Database = sqlite3
        errors_occurred = False

    with pytest.raises(DatabaseError) as caught, DatabaseErrorWrapper(Wrapper()):
        work()
    outage = outage_of(caught.value)
    return None if outage is None else type(outage)


@pytest.mark.sqlite
def test_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    one, two = (sqlite3.connect(path, timeout=0, isolation_level=None) for _ in range(2))
    one.execute("CREATE TABLE t (x)")
    one.execute("BEGIN IMMEDIATE")
    assert _of_sqlite(lambda: two.execute("INSERT INTO t VALUES (1)")) is DatabaseBusy
    assert _of_sqlite(lambda: two.execute("SELECT * FROM nowhere")) is None
    assert _of_sqlite(lambda: sqlite3.connect(tmp_path / "no" / "x.db")) is DatabaseUnavailable
    one.close()
    two.close()
