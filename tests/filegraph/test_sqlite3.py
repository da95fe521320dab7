"""The engine is Django's; what it remembers is what Django would have worked out again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from hypothesis import given
from hypothesis import strategies as st

from filegraph.sqlite3.base import Cursor

pytestmark = pytest.mark.sqlite


@pytest.mark.django_db
def test_statements_run_as_they_do_with_django() -> None:
    with connection.cursor() as cursor:
        assert isinstance(cursor.cursor, Cursor)
        for _ in range(2):
            cursor.execute("SELECT %s, '100%%', %s", ["a", 1])
            assert cursor.fetchall() == [("a", "100%", 1)]
            cursor.execute("SELECT %(one)s", {"one": "b"})
            assert cursor.fetchall() == [("b",)]
            cursor.execute("SELECT '%s'")
            assert cursor.fetchall() == [("%s",)]
            cursor.execute(f"SELECT count(*) FROM (VALUES {', '.join(['(%s)'] * 3000)})", [1] * 3000)
            assert cursor.fetchall() == [(3000,)]


@given(st.lists(st.sampled_from(["%s", "%%", "%", " ", "a", "'"]), max_size=12).map("".join))
def test_any_statement_is_converted_as_by_django(text: str) -> None:
    django = SQLiteCursorWrapper.convert_query
    assert Cursor.convert_query(None, text) == django(None, text)  # type: ignore[arg-type]
