"""The contract of ``GrantIndex`` as tests: lists and pages say what whole checks say.

Subclass ``GrantIndexContract`` and give it a ``client`` fixture: an empty store that answers for ``GRANT_MODEL`` and
``GRANT_STRUCTURE``. The rows of the tree are made here, in a table of their own.
"""

from __future__ import annotations

import pytest
from django.db import connection

from authz.clients.base import InstallationClient
from authz.clients.sql.structure import ColumnEdge, Rows, Structure
from authz.dsl import parse
from authz.engine.evaluation import Evaluation
from authz.errors import InvalidRequest, UnknownRelation
from authz.testing.contract import key
from authz.types import Asker, CheckRequest, TupleKey

GRANT_MODEL = parse(
    """model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type shelf
  relations
    define keeper: [user, user:*, group#member]
    define hidden_from: [user, group#member]
    define keeps: keeper but not hidden_from
type book
  relations
    define shelf: [shelf]
    define reader: [user, user:*, group#member]
    define banned: [user, group#member]
    define reads: reader or keeps from shelf
    define can_read: reads but not banned
    define can_copy: reader and keeps from shelf
"""
)
"""Grants, an edge that stands in the rows, and every operator over both."""

TABLE = "authz_contract_book"
GRANT_STRUCTURE = Structure({"book": Rows(TABLE, edges={"shelf": ColumnEdge("shelf", "shelf")})})

BOOKS = {"1": "a", "2": "a", "3": "b", "4": None}
"""Which shelf a book stands on."""
EDGES = {(f"book:{book}", "shelf"): [f"shelf:{shelf}"] for book, shelf in BOOKS.items() if shelf is not None}
ACTORS = ("user:ann", "user:bob", "user:cat", "user:dan", "user:nobody")
RELATIONS = ("reader", "banned", "reads", "can_read", "can_copy")
GRANTS = (
    "user:ann reader book:1",
    "user:* reader book:4",
    "group:g#member keeper shelf:a",
    "group:inner#member member group:g",
    "user:bob member group:inner",
    "user:bob banned book:2",
    "user:bob reader book:1",
    "user:cat keeper shelf:b",
    "group:g#member hidden_from shelf:b",
    "user:dan banned book:4",
    "user:bob keeper shelf:b",
)


class GrantIndexContract:
    """What every client does for lists and pages; each test begins with an empty store and the four ``BOOKS``."""

    @pytest.fixture(autouse=True)
    def _rows(self, client: InstallationClient) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (id text PRIMARY KEY, shelf text)")
            cursor.execute(f"DELETE FROM {TABLE}")
            cursor.executemany(f"INSERT INTO {TABLE} VALUES (%s, %s)", list(BOOKS.items()))

    def store(self, client: InstallationClient, *texts: str) -> None:
        """Write tuples, each as ``"user relation object"``."""
        client.write(writes=[key(text) for text in texts])

    def by_check(self, client: InstallationClient, actor: str, relation: str, *brought: TupleKey) -> set[str]:
        """Return the books to which the actor has the relation, by whole checks that bring the tree along."""
        edges = tuple(TupleKey(target, edge, name) for (name, edge), targets in EDGES.items() for target in targets)
        requests = [CheckRequest(actor, relation, f"book:{book}", (*edges, *brought)) for book in BOOKS]
        return {book for book, allowed in zip(BOOKS, client.batch_check(requests), strict=True) if allowed}

    def by_predicate(
        self, client: InstallationClient, actor: str, relation: str, *usersets: str, also: str = "1 = 1"
    ) -> set[str]:
        """Return the same by one statement, and hold its candidates against it."""
        sql = client.predicate(Asker(actor, tuple(usersets)), relation, "book", "n")
        with connection.cursor() as cursor:
            rows = []
            for condition in (sql.predicate.of_row, sql.predicate.of_all):
                head = f"WITH RECURSIVE {sql.ctes.text} SELECT n.id FROM {TABLE} n"
                cursor.execute(f"{head} WHERE {also} AND {condition.text}", [*sql.ctes.params, *condition.params])
                rows.append({book for (book,) in cursor.fetchall()})
            found, again = rows
            assert found == again
            candidates = sql.predicate.candidates
            cursor.execute(f"WITH RECURSIVE {sql.ctes.text} {candidates.text}", [*sql.ctes.params, *candidates.params])
            assert found <= {book for (book,) in cursor.fetchall()}
        return found

    def by_page(self, client: InstallationClient, actor: str, relation: str, *usersets: str) -> set[str]:
        """Return the same from grants, read together, and edges."""
        plans = client.page_plans(frozenset({("book", relation)}))
        names = {f"book:{book}" for book in BOOKS} | {target for targets in EDGES.values() for target in targets}
        wanted = [(name, grant) for name in names for grant in plans.grants.get(name.partition(":")[0], ())]
        evaluation = Evaluation(client.granted(Asker(actor, tuple(usersets)), wanted), EDGES)
        return {book for book in BOOKS if evaluation.satisfies(f"book:{book}", plans.plans["book", relation])}

    def test_lists_and_pages_say_what_checks_say(self, client: InstallationClient) -> None:
        self.store(client, *GRANTS)
        seen = {}
        for actor in ACTORS:
            for relation in RELATIONS:
                expected = self.by_check(client, actor, relation)
                assert self.by_predicate(client, actor, relation) == expected, (actor, relation)
                assert self.by_page(client, actor, relation) == expected, (actor, relation)
                seen[actor, relation] = expected
        assert seen["user:bob", "can_read"] == {"1", "4"}
        assert seen["user:cat", "can_read"] == {"3", "4"}
        assert seen["user:bob", "can_copy"] == {"1"}
        assert seen["user:dan", "can_read"] == set()

    def test_nothing_is_seen_where_nothing_was_given(self, client: InstallationClient) -> None:
        for relation in RELATIONS:
            assert self.by_predicate(client, "user:ann", relation) == set()
            assert self.by_page(client, "user:ann", relation) == set()

    def test_what_was_taken_away_is_gone_at_once(self, client: InstallationClient) -> None:
        self.store(client, "user:ann reader book:1", "user:ann member group:g", "group:g#member reader book:2")
        assert self.by_predicate(client, "user:ann", "can_read") == {"1", "2"}
        client.write(deletes=[key("user:ann member group:g"), key("user:ann reader book:1")])
        assert self.by_predicate(client, "user:ann", "can_read") == set()
        assert client.granted(Asker("user:ann"), [("book:1", "reader"), ("book:2", "reader")]) == set()

    def test_granted_is_about_what_is_wanted_alone(self, client: InstallationClient) -> None:
        self.store(client, *GRANTS)
        wanted = [("book:1", "reader"), ("book:2", "banned"), ("shelf:a", "keeper"), ("shelf:zzz", "keeper")]
        assert client.granted(Asker("user:bob"), wanted) == set(wanted[:3])
        assert client.granted(Asker("user:bob"), wanted[1:2]) == {("book:2", "banned")}
        assert client.granted(Asker("user:ann"), wanted) == {("book:1", "reader")}
        assert client.granted(Asker("user:bob"), []) == set()

    def test_memberships_for_one_question(self, client: InstallationClient) -> None:
        self.store(client, *GRANTS)
        userset = "group:inner#member"
        brought = key("user:nobody member group:inner")
        for relation in RELATIONS:
            expected = self.by_check(client, "user:nobody", relation, brought)
            assert self.by_predicate(client, "user:nobody", relation, userset) == expected, relation
            assert self.by_page(client, "user:nobody", relation, userset) == expected, relation
        assert self.by_predicate(client, "user:nobody", "can_read") == {"4"}

    def test_a_predicate_goes_with_other_conditions(self, client: InstallationClient) -> None:
        self.store(client, *GRANTS)
        assert self.by_predicate(client, "user:bob", "reads", also="n.shelf = 'a'") == {"1", "2"}
        assert self.by_predicate(client, "user:bob", "reads", also="n.shelf IS NULL") == {"4"}

    def test_ids_are_compared_byte_by_byte(self, client: InstallationClient) -> None:
        self.store(client, "user:Ann reader book:1", "group:G#member reader book:2", "user:ann member group:g")
        assert self.by_predicate(client, "user:ann", "reads") == set()
        assert client.granted(Asker("user:ann"), [("book:1", "reader"), ("book:2", "reader")]) == set()

    def test_edges_that_a_question_follows_are_told(self, client: InstallationClient) -> None:
        shelf = frozenset({("book", "shelf", "shelf")})
        assert client.followed(None).own == shelf
        for relation, follows in (("can_read", True), ("can_copy", True), ("reader", False), ("burns", False)):
            found = client.followed(frozenset({("book", relation)}))
            assert found.own == (shelf if follows else frozenset()), relation
            assert (found.any, found.elsewhere) == (follows, False), relation

    def test_what_does_not_fit_the_model_is_refused(self, client: InstallationClient) -> None:
        with pytest.raises(UnknownRelation):
            client.page_plans(frozenset({("book", "can_burn")}))
        with pytest.raises(UnknownRelation):
            client.predicate(Asker("user:ann"), "can_burn", "book", "n")
        with pytest.raises(InvalidRequest):
            client.page_plans(frozenset({("film", "can_read")}))
