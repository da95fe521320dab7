"""What every ``AuthzClient`` does when it is read from: pages and their tokens, trees, lists, and what is refused.

Subclass ``ReadingContract`` and give it a ``client`` fixture: an empty store that answers for ``CONTRACT_MODEL``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from authz.clients.base import AuthzClient, Change
from authz.engine.expand import ComputedLeaf, Operation, TupleToUsersetLeaf, UsersetNode, UsersLeaf
from authz.errors import AuthzError, InvalidContinuationToken, InvalidRequest, UnknownRelation, UnknownType
from authz.testing.contract import key
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey

PAGE = 100
"""Entries of a page at most."""


class ReadingContract:
    """Beside ``AuthzClientContract``; each test begins with an empty store."""

    def store(self, client: AuthzClient, *texts: str) -> None:
        """Write tuples, each as ``"user relation object"``."""
        client.write(writes=[key(text) for text in texts])

    def users(self, client: AuthzClient, relation: str, kind: str, *context: str) -> list[str]:
        """Return who has a relation to ``book:1``; ``kind`` is ``"user"`` or ``"group#member"``."""
        user_type, _, user_relation = kind.partition("#")
        brought = tuple(map(key, context))
        return sorted(
            client.list_users(ListUsersRequest("book:1", relation, user_type, user_relation or None, brought))
        )

    # -------------------------------------------------------------------------------------------------------- read

    def test_pages_are_whole_whatever_their_size(self, client: AuthzClient) -> None:
        everything = [key(f"user:u{number} reader book:{number % 3}") for number in range(25)]
        client.write(writes=everything)
        for size in (1, 7, 25, PAGE):
            found: list[TupleKey] = []
            token = ""
            while True:
                page = client.read(page_size=size, continuation_token=token)
                assert len(page.tuples) <= size
                found += page.tuples
                token = page.continuation_token
                if not token:
                    break
            assert len(found) == len(everything)
            assert set(found) == set(everything)

    def test_pages_go_with_their_filter(self, client: AuthzClient) -> None:
        self.store(client, *(f"user:ann reader book:{number}" for number in range(5)), "user:bob reader book:1")
        page = client.read(user="user:ann", object="book:", page_size=3)
        rest = client.read(user="user:ann", object="book:", page_size=3, continuation_token=page.continuation_token)
        assert {each.user for each in (*page.tuples, *rest.tuples)} == {"user:ann"}
        assert len({*page.tuples, *rest.tuples}) == 5
        assert rest.continuation_token == ""

    def test_filters_are_exact(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1", "user:ann reader book:11", "user:an reader book:1")
        self.store(client, "group:ann#member reader book:1", "user:* reader book:1", "user:Ann reader book:1")
        assert client.read(user="user:ann", object="book:1").tuples == (key("user:ann reader book:1"),)
        assert client.read(user="user:*", object="book:").tuples == (key("user:* reader book:1"),)
        assert client.read(object="book:11").tuples == (key("user:ann reader book:11"),)
        assert client.read(object="book:1", relation="author").tuples == ()
        assert client.read(object="book:2").tuples == ()

    def test_filters_that_can_name_nothing(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1")
        for name in ("", "book", ":1", "book:*", "book:\x00", "book:1#reader", "book:" + "1" * 300):
            with pytest.raises(InvalidRequest):
                client.read(object=name)
        for user in ("", "ann", "user:", "user:\x00", "user:ann#"):
            with pytest.raises(InvalidRequest):
                client.read(object="book:1", user=user)
        for relation in ("", "a b", "reader\x00", "r" * 51):
            with pytest.raises(InvalidRequest):
                client.read(object="book:1", relation=relation)

    def test_pages_of_a_wrong_size(self, client: AuthzClient) -> None:
        for size in (-1, 0, PAGE + 1):
            with pytest.raises(InvalidRequest):
                client.read(page_size=size)
            with pytest.raises(InvalidRequest):
                client.read_changes(page_size=size)

    def test_tokens_that_are_not_ours(self, client: AuthzClient) -> None:
        self.store(client, *(f"user:ann reader book:{number}" for number in range(5)))
        of_changes = client.read_changes(type="book", page_size=1).continuation_token
        endless = [base64.urlsafe_b64encode(f"{word} {'9' * 6000}".encode()).decode() for word in ("tuples", "waiting")]
        for token in ("nonsense", "eyJub25zZW5zZSI6IDF9", "AAAA", "\x00", of_changes, *endless):
            with pytest.raises(InvalidContinuationToken):
                client.read(page_size=1, continuation_token=token)
        for token in ("nonsense", "AAAA"):
            with pytest.raises(InvalidContinuationToken):
                client.read_changes(type="book", continuation_token=token)

    # ----------------------------------------------------------------------------------------------------- changes

    def test_changes_page_by_page_are_all_changes(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1", "user:bob reader book:2", "user:ann member group:g")
        client.write(deletes=[key("user:ann reader book:1")], writes=[key("user:cat reader book:1")])
        found: list[Change] = []
        token = ""
        while page := client.read_changes(page_size=2, continuation_token=token).changes:
            found += page
            token = client.read_changes(page_size=2, continuation_token=token).continuation_token
        assert [(change.operation, change.tuple_key) for change in found] == [
            ("write", key("user:ann reader book:1")),
            ("write", key("user:bob reader book:2")),
            ("write", key("user:ann member group:g")),
            ("delete", key("user:ann reader book:1")),
            ("write", key("user:cat reader book:1")),
        ]
        assert [change.timestamp for change in found] == sorted(change.timestamp for change in found)

    def test_the_end_of_the_changes_stays_where_it_is(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1")
        token = client.read_changes(type="book").continuation_token
        for _ in range(2):
            page = client.read_changes(type="book", continuation_token=token)
            assert page.changes == ()
            token = page.continuation_token
        self.store(client, "user:bob reader book:1", "user:bob member group:g")
        later = client.read_changes(type="book", continuation_token=token).changes
        assert [change.tuple_key.user for change in later] == ["user:bob"]

    # ------------------------------------------------------------------------------------------------------- trees

    def test_expand_shows_every_operator(self, client: AuthzClient) -> None:
        self.store(client, "user:ann banned book:1", "shelf:1 shelf book:1", "shelf:2 shelf book:1")
        tree = client.expand("can_copy", "book:1")
        difference = tree.root.value
        assert isinstance(difference, Operation)
        assert difference.operator == "difference"
        base, subtract = difference.nodes
        assert subtract.value == ComputedLeaf("book:1#banned")
        assert isinstance(base.value, Operation)
        assert base.value.operator == "intersection"
        assert [node.value for node in base.value.nodes] == [
            ComputedLeaf("book:1#reads"),
            ComputedLeaf("book:1#licensed"),
        ]
        assert client.expand("banned", "book:1").root == UsersetNode("book:1#banned", UsersLeaf(("user:ann",)))
        reads = client.expand("reads", "book:1").root.value
        assert isinstance(reads, Operation)
        assert reads.operator == "union"
        edge = reads.nodes[1].value
        assert isinstance(edge, TupleToUsersetLeaf)
        assert edge.tupleset == "book:1#shelf"
        assert sorted(edge.computed) == ["shelf:1#keeps", "shelf:2#keeps"]

    def test_expand_names_wildcards_and_usersets_and_brings_context(self, client: AuthzClient) -> None:
        self.store(client, "user:* licensed book:1", "user:ann licensed book:1")
        context = [key("user:bob licensed book:1"), key("user:bob licensed book:2")]
        found = client.expand("licensed", "book:1", context).root.value
        assert found == UsersLeaf(("user:*", "user:ann", "user:bob"))
        assert client.expand("licensed", "book:1").root.value == UsersLeaf(("user:*", "user:ann"))
        assert client.expand("licensed", "book:3").root.value == UsersLeaf(())

    # ------------------------------------------------------------------------------------------------------- lists

    def test_users_of_usersets_within_usersets(self, client: AuthzClient) -> None:
        self.store(client, "group:a#member reader book:1", "group:b#member member group:a", "user:ann member group:b")
        self.store(client, "robot:r member group:b", "book:2#author reader book:1", "user:bob author book:2")
        assert self.users(client, "can_read", "user") == ["user:ann", "user:bob"]
        assert self.users(client, "reader", "robot") == ["robot:r"]
        assert self.users(client, "reader", "group#member") == ["group:a#member", "group:b#member"]
        assert self.users(client, "reader", "book#author") == ["book:1#author", "book:2#author"]

    def test_everybody_is_named_as_such(self, client: AuthzClient) -> None:
        self.store(client, "user:* reader book:1", "user:ann reader book:1", "group:g#member reader book:1")
        assert self.users(client, "can_read", "user") == ["user:*", "user:ann"]
        assert self.users(client, "reader", "robot") == []

    def test_users_with_context(self, client: AuthzClient) -> None:
        self.store(client, "group:g#member reader book:1")
        assert self.users(client, "can_read", "user", "user:ann member group:g") == ["user:ann"]
        assert self.users(client, "can_read", "user") == []

    def test_objects_of_usersets_and_of_everybody(self, client: AuthzClient) -> None:
        self.store(client, "group:g#member reader book:1", "user:* reader book:2", "user:ann reader book:3")

        def objects(user: str) -> list[str]:
            return sorted(client.list_objects(ListObjectsRequest(user, "can_read", "book")))

        assert objects("group:g#member") == ["book:1"]
        assert objects("user:*") == ["book:2"]
        assert objects("user:ann") == ["book:2", "book:3"]
        assert objects("robot:r") == []

    # ------------------------------------------------------------------------------------------------------ errors

    def test_what_does_not_fit_the_model_is_refused_by_every_method(self, client: AuthzClient) -> None:
        questions: list[tuple[type[AuthzError], Callable[[], object]]] = [
            (UnknownType, lambda: client.batch_check([CheckRequest("user:ann", "can_read", "film:1")])),
            (UnknownRelation, lambda: client.batch_check([CheckRequest("user:ann", "can_burn", "book:1")])),
            (UnknownType, lambda: client.list_objects(ListObjectsRequest("user:ann", "can_read", "film"))),
            (UnknownRelation, lambda: client.list_objects(ListObjectsRequest("user:ann", "can_burn", "book"))),
            (UnknownType, lambda: client.list_objects(ListObjectsRequest("ghost:ann", "can_read", "book"))),
            (InvalidRequest, lambda: client.list_objects(ListObjectsRequest("ann", "can_read", "book"))),
            (UnknownType, lambda: client.list_users(ListUsersRequest("film:1", "can_read", "user"))),
            (UnknownRelation, lambda: client.list_users(ListUsersRequest("book:1", "can_burn", "user"))),
            (InvalidRequest, lambda: client.list_users(ListUsersRequest("book", "can_read", "user"))),
            (InvalidRequest, lambda: client.list_users(ListUsersRequest("book:1", "can_read", "ghost"))),
            (UnknownType, lambda: client.expand("can_read", "film:1")),
            (UnknownRelation, lambda: client.expand("can_burn", "book:1")),
            (InvalidRequest, lambda: client.expand("can_read", "book")),
        ]
        for place, (error, ask) in enumerate(questions):
            with pytest.raises(error):
                pytest.fail(f"question {place} was answered: {ask()}")

    def test_one_bad_question_spoils_a_batch(self, client: AuthzClient) -> None:
        self.store(client, "user:ann author book:1")
        good = CheckRequest("user:ann", "can_read", "book:1")
        with pytest.raises(InvalidRequest):
            client.batch_check([good, CheckRequest("user:ann", "can_read", "book"), good])
        assert client.batch_check([good, good]) == [True, True]
