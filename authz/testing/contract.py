"""The contract of ``AuthzClient`` as tests. Every client passes it; one that cannot is not a client.

Subclass ``AuthzClientContract`` and give it a ``client`` fixture: an empty store that answers for ``CONTRACT_MODEL``.
"""

from __future__ import annotations

import pytest

from authz.clients.base import AuthzClient
from authz.dsl import parse
from authz.engine.expand import (
    ComputedLeaf,
    Operation,
    TupleToUsersetLeaf,
    UsersetNode,
    UsersetTree,
    UsersLeaf,
)
from authz.errors import (
    InvalidContinuationToken,
    InvalidRequest,
    InvalidTuple,
    UnknownRelation,
    UnknownType,
    WriteConflict,
)
from authz.testing.proofs import tuples_of
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey

CONTRACT_MODEL = parse(
    """model
  schema 1.1
type user
type robot
type group
  relations
    define member: [user, robot, group#member]
type shelf
  relations
    define keeper: [user, group#member]
    define holder: [shelf]
    define keeps: keeper or keeps from holder
type book
  relations
    define shelf: [shelf]
    define author: [user]
    define reader: [user, user:*, group#member, book#author] or author
    define banned: [user, group#member]
    define licensed: [user, user:*]
    define reads: reader or keeps from shelf
    define can_read: reads but not banned
    define can_copy: (reads and licensed) but not banned
"""
)
"""Unions, intersections, exclusions, usersets, wildcards, recursion along tuples: one relation for each of them."""


def key(text: str) -> TupleKey:
    """Return the tuple of ``"user relation object"``."""
    user, relation, object_name = text.split()
    return TupleKey(user, relation, object_name)


class AuthzClientContract:
    """What every client does. ``store`` fills it; each test begins with an empty one."""

    def store(self, client: AuthzClient, *texts: str) -> None:
        """Write tuples, each as ``"user relation object"``."""
        client.write(writes=[key(text) for text in texts])

    def allows(self, client: AuthzClient, text: str, *context: str) -> bool:
        """Ask one question, with contextual tuples."""
        asked = key(text)
        contextual = tuple(map(key, context))
        return client.check(CheckRequest(asked.user, asked.relation, asked.object, contextual))

    # ------------------------------------------------------------------------------------------------------- check

    def test_direct(self, client: AuthzClient) -> None:
        self.store(client, "user:ann author book:1")
        assert self.allows(client, "user:ann author book:1")
        assert not self.allows(client, "user:bob author book:1")
        assert not self.allows(client, "user:ann author book:2")

    def test_computed(self, client: AuthzClient) -> None:
        self.store(client, "user:ann author book:1")
        assert self.allows(client, "user:ann can_read book:1")

    def test_ids_differ_in_case(self, client: AuthzClient) -> None:
        self.store(client, "user:ann author book:a")
        assert not self.allows(client, "user:Ann author book:a")
        assert not self.allows(client, "user:ann author book:A")

    def test_groups_within_groups(self, client: AuthzClient) -> None:
        self.store(
            client,
            "user:ann member group:inner",
            "group:inner#member member group:outer",
            "group:outer#member reader book:1",
        )
        assert self.allows(client, "user:ann can_read book:1")
        assert not self.allows(client, "robot:ann can_read book:1")

    def test_groups_that_contain_each_other_are_no_loop_and_no_veto(self, client: AuthzClient) -> None:
        self.store(
            client,
            "group:a#member member group:b",
            "group:b#member member group:a",
            "group:a#member banned book:1",
            "user:ann member group:b",
            "user:ann reader book:1",
            "user:bob reader book:1",
        )
        assert not self.allows(client, "user:ann can_read book:1")
        assert self.allows(client, "user:bob can_read book:1")

    def test_relation_from_another_object_recursively(self, client: AuthzClient) -> None:
        chain = [f"shelf:{level} holder shelf:{level + 1}" for level in range(20)]
        self.store(client, "user:ann keeper shelf:0", "shelf:20 shelf book:1", *chain)
        assert self.allows(client, "user:ann can_read book:1")
        assert not self.allows(client, "user:bob can_read book:1")

    def test_wildcard_stands_for_users_of_its_type_and_for_no_userset(self, client: AuthzClient) -> None:
        self.store(client, "user:* reader book:1")
        assert self.allows(client, "user:anybody can_read book:1")
        assert self.allows(client, "user:* can_read book:1")
        assert not self.allows(client, "robot:r2 can_read book:1")
        assert not self.allows(client, "group:g#member can_read book:1")

    def test_but_not(self, client: AuthzClient) -> None:
        self.store(client, "user:* reader book:1", "user:bob banned book:1", "user:bob author book:1")
        assert self.allows(client, "user:ann can_read book:1")
        assert not self.allows(client, "user:bob can_read book:1")

    def test_and(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1", "user:bob licensed book:1", "user:cat reader book:1")
        self.store(client, "user:cat licensed book:1")
        assert not self.allows(client, "user:ann can_copy book:1")
        assert not self.allows(client, "user:bob can_copy book:1")
        assert self.allows(client, "user:cat can_copy book:1")

    def test_userset_as_user(self, client: AuthzClient) -> None:
        self.store(client, "group:g#member reader book:1", "group:h#member member group:g")
        assert self.allows(client, "group:g#member can_read book:1")
        assert self.allows(client, "group:h#member can_read book:1")
        assert self.allows(client, "book:1#author author book:1")
        assert not self.allows(client, "group:i#member can_read book:1")

    def test_contextual_tuples_count_for_one_question(self, client: AuthzClient) -> None:
        self.store(client, "group:g#member reader book:1")
        assert self.allows(client, "user:ann can_read book:1", "user:ann member group:g")
        assert not self.allows(client, "user:ann can_read book:1")
        assert client.read().tuples == (key("group:g#member reader book:1"),)

    def test_contextual_tuples_are_judged_as_written_ones(self, client: AuthzClient) -> None:
        with pytest.raises(InvalidTuple):
            self.allows(client, "user:ann can_read book:1", "user:ann can_read book:1")

    def test_questions_that_do_not_fit_are_errors(self, client: AuthzClient) -> None:
        for text, error in (
            ("user:ann can_read film:1", UnknownType),
            ("user:ann can_burn book:1", UnknownRelation),
            ("ghost:ann can_read book:1", UnknownType),
            ("group:g#boss can_read book:1", UnknownRelation),
            ("ann can_read book:1", InvalidRequest),
            ("user:ann can_read book:*", InvalidRequest),
            ("user:ann can_read book", InvalidRequest),
            ("user:ann#x:y can_read book:1", InvalidRequest),
        ):
            with pytest.raises(error):
                self.allows(client, text)
        for kind in ("", "user:", "a b", "*", "ghost", "user:*", "user:x"):
            with pytest.raises(InvalidRequest):
                client.list_users(ListUsersRequest("book:1", "can_read", kind))
        for relation in ("", "boss", "a b", "#", "member#member"):
            with pytest.raises(InvalidRequest):
                client.list_users(ListUsersRequest("book:1", "can_read", "group", relation))

    def test_explanations_say_what_checks_say(self, client: AuthzClient) -> None:
        self.store(client, "user:ann member group:g", "group:g#member reader book:1", "user:bob banned book:1")
        self.store(client, "user:bob author book:1")
        for text, allowed in (("user:ann can_read book:1", True), ("user:bob can_read book:1", False)):
            asked = key(text)
            found = client.explain(CheckRequest(asked.user, asked.relation, asked.object))
            assert found.allowed is allowed is self.allows(client, text)
            told = tuples_of(found.proof) if allowed else tuples_of(found.blocks[0])
            expected = (
                ["user:ann member group:g", "group:g#member reader book:1"] if allowed else ["user:bob banned book:1"]
            )
            assert set(told) == set(map(key, expected))
        brought = (key("user:cat author book:1"),)
        assert client.explain(CheckRequest("user:cat", "can_read", "book:1", brought)).allowed
        for text, error in (
            ("user:ann can_read film:1", UnknownType),
            ("user:ann can_burn book:1", UnknownRelation),
            ("ann can_read book:1", InvalidRequest),
        ):
            asked = key(text)
            with pytest.raises(error):
                client.explain(CheckRequest(asked.user, asked.relation, asked.object))

    def test_batch_answers_in_order_each_with_its_own_context(self, client: AuthzClient) -> None:
        self.store(client, "user:ann author book:1", "user:bob banned book:1")
        shared = (key("user:bob reader book:1"), key("user:bob reader book:2"))
        requests = [
            CheckRequest("user:bob", "can_read", "book:1", shared),
            CheckRequest("user:bob", "can_read", "book:2", shared),
            CheckRequest("user:bob", "can_read", "book:2"),
            CheckRequest("user:ann", "can_read", "book:1"),
            CheckRequest("user:bob", "can_read", "book:2", shared),
        ]
        assert client.batch_check(requests) == [False, True, False, True, True]
        assert client.batch_check([]) == []

    def test_objects_are_read_together(self, client: AuthzClient) -> None:
        self.store(client, "user:ann author book:1", "group:g#member reader book:1", "user:bob author book:2")
        self.store(client, "user:ann keeper shelf:1", "user:eve author book:11")
        objects = ["book:2", "book:9", "shelf:1", "book:1"]
        everything = [["user:bob author book:2"], [], ["user:ann keeper shelf:1"]]
        everything.append(["user:ann author book:1", "group:g#member reader book:1"])
        assert client.read_objects(objects) == [[key(text) for text in texts] for texts in everything]
        assert client.read_objects(objects, "author") == [
            [key("user:bob author book:2")], [], [], [key("user:ann author book:1")]
        ]  # fmt: skip
        assert client.read_objects([]) == []

    # ------------------------------------------------------------------------------------------------------- lists

    def test_list_objects(self, client: AuthzClient) -> None:
        self.store(client, "user:ann keeper shelf:1", "shelf:1 holder shelf:2", "shelf:2 shelf book:1")
        self.store(client, "user:* reader book:2", "user:ann author book:3", "user:ann banned book:3")
        found = client.list_objects(ListObjectsRequest("user:ann", "can_read", "book"))
        assert sorted(found) == ["book:1", "book:2"]
        context = (key("user:ann reader book:9"),)
        found = client.list_objects(ListObjectsRequest("user:ann", "can_read", "book", context))
        assert sorted(found) == ["book:1", "book:2", "book:9"]

    def test_list_objects_is_never_cut_short(self, client: AuthzClient) -> None:
        for start in range(0, 1200, 100):
            self.store(client, *(f"user:ann author book:{number}" for number in range(start, start + 100)))
        assert len(client.list_objects(ListObjectsRequest("user:ann", "can_read", "book"))) == 1200

    def test_list_users(self, client: AuthzClient) -> None:
        self.store(client, "user:ann author book:1", "group:g#member reader book:1", "user:bob member group:g")
        self.store(client, "user:cat member group:g", "user:cat banned book:1", "robot:r2 member group:g")
        assert sorted(client.list_users(ListUsersRequest("book:1", "can_read", "user"))) == ["user:ann", "user:bob"]
        assert client.list_users(ListUsersRequest("book:1", "reader", "robot")) == ["robot:r2"]
        assert client.list_users(ListUsersRequest("book:1", "can_read", "group", "member")) == ["group:g#member"]

    def test_list_users_with_everybody_and_an_exclusion(self, client: AuthzClient) -> None:
        """An excluded user never comes back by way of a wildcard or an intersection."""
        self.store(client, "user:* reader book:1", "user:* licensed book:1", "user:bob banned book:1")
        self.store(client, "user:bob reader book:1", "user:bob licensed book:1")
        assert client.list_users(ListUsersRequest("book:1", "can_copy", "user")) == ["user:*"]

    def test_expand_is_one_level(self, client: AuthzClient) -> None:
        self.store(client, "user:bob reader book:1", "group:g#member reader book:1", "shelf:1 shelf book:1")
        name = "book:1#reader"
        direct = UsersetNode(name, UsersLeaf(("group:g#member", "user:bob")))
        computed = UsersetNode(name, ComputedLeaf("book:1#author"))
        assert client.expand("reader", "book:1") == UsersetTree(
            UsersetNode(name, Operation("union", (direct, computed)))
        )
        tree = client.expand("reads", "book:1")
        assert isinstance(tree.root.value, Operation)
        assert tree.root.value.nodes[1].value == TupleToUsersetLeaf("book:1#shelf", ("shelf:1#keeps",))

    # ------------------------------------------------------------------------------------------------------- writes

    def test_write_and_delete_in_one_request(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1")
        client.write(writes=[key("user:bob reader book:1")], deletes=[key("user:ann reader book:1")])
        assert client.read(object="book:1").tuples == (key("user:bob reader book:1"),)

    def test_a_write_is_all_or_nothing(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1")
        with pytest.raises(WriteConflict):
            self.store(client, "user:bob reader book:1", "user:ann reader book:1")
        with pytest.raises(WriteConflict):
            client.write(writes=[key("user:bob reader book:1")], deletes=[key("user:cat reader book:1")])
        assert client.read().tuples == (key("user:ann reader book:1"),)

    def test_conflicts_can_be_ignored(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1")
        client.write(
            writes=[key("user:ann reader book:1"), key("user:bob reader book:1")],
            deletes=[key("user:cat reader book:1")],
            on_duplicate="ignore",
            on_missing="ignore",
        )
        assert len(client.read().tuples) == 2
        assert len(client.read_changes().changes) == 2

    def test_what_the_model_does_not_allow_is_not_written(self, client: AuthzClient) -> None:
        for text in (
            "robot:r2 reader book:1",
            "user:* author book:1",
            "group:g reader book:1",
            "user:ann can_read book:1",
            "user:ann burns book:1",
            "user:ann reader film:1",
            "ghost:ann reader book:1",
            "user:ann reader book:*",
            "group:g#member member group:g",
        ):
            with pytest.raises(InvalidTuple):
                self.store(client, text)
        assert client.read().tuples == ()

    def test_size_and_repetition_of_a_write(self, client: AuthzClient) -> None:
        many = [key(f"user:u{number} reader book:1") for number in range(101)]
        with pytest.raises(InvalidRequest):
            client.write(writes=many)
        with pytest.raises(InvalidRequest):
            client.write()
        with pytest.raises(InvalidRequest):
            client.write(writes=[many[0], many[0]])
        with pytest.raises(InvalidRequest):
            client.write(writes=[many[0]], deletes=[many[0]])
        client.write(writes=many[:100])
        assert len(client.read().tuples) == 100

    # -------------------------------------------------------------------------------------------------------- reads

    def test_read_filters(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1", "user:bob reader book:1", "user:ann banned book:2")
        self.store(client, "user:ann member group:g")
        assert len(client.read(object="book:1").tuples) == 2
        assert len(client.read(object="book:", user="user:ann").tuples) == 2
        assert client.read(object="book:2", relation="banned").tuples == (key("user:ann banned book:2"),)

    def test_read_pages(self, client: AuthzClient) -> None:
        keys = [key(f"user:u{number} reader book:1") for number in range(7)]
        client.write(writes=keys)
        found: list[TupleKey] = []
        token = ""
        for size in (3, 3, 1):
            page = client.read(page_size=3, continuation_token=token)
            assert len(page.tuples) == size
            found += page.tuples
            token = page.continuation_token
        assert token == ""
        assert set(found) == set(keys)
        with pytest.raises(InvalidContinuationToken):
            client.read(continuation_token="nonsense")

    def test_changes_are_read_in_order_and_from_where_one_was(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1", "user:ann member group:g")
        client.write(deletes=[key("user:ann reader book:1")])
        page = client.read_changes(type="book", page_size=1)
        assert [(c.operation, c.tuple_key) for c in page.changes] == [("write", key("user:ann reader book:1"))]
        page = client.read_changes(type="book", page_size=1, continuation_token=page.continuation_token)
        assert [change.operation for change in page.changes] == ["delete"]
        page = client.read_changes(type="book", continuation_token=page.continuation_token)
        assert page.changes == ()
        self.store(client, "user:bob reader book:1")
        page = client.read_changes(type="book", continuation_token=page.continuation_token)
        assert [change.tuple_key.user for change in page.changes] == ["user:bob"]
        with pytest.raises(InvalidContinuationToken):
            client.read_changes(type="group", continuation_token=page.continuation_token)

    def test_models_are_kept(self, client: AuthzClient) -> None:
        first = client.write_authorization_model(CONTRACT_MODEL)
        other = parse("model\n  schema 1.1\ntype user\n")
        second = client.write_authorization_model(other)
        models = client.read_authorization_models()
        assert [version for version, _ in models if version in (first, second)] == [second, first]
        kept = dict(models)
        assert kept[first] == CONTRACT_MODEL
        assert kept[first].types == CONTRACT_MODEL.types
        assert kept[second].types == other.types
