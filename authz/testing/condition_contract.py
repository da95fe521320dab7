"""The contract of conditions, for every ``AuthzClient``: beside ``authz.testing.contract``, with a model of its own.

Subclass ``ConditionContract`` and give it a ``client`` fixture: an empty store that answers for ``CONDITION_MODEL``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from authz.clients.base import AuthzClient, OnConflict
from authz.dsl import parse
from authz.engine.expand import UsersetNode, UsersetTree, UsersLeaf
from authz.errors import (
    ConditionFailed,
    InvalidContext,
    InvalidRequest,
    InvalidTuple,
    MissingContext,
    UnknownCondition,
    WriteConflict,
)
from authz.testing.contract import key
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, RelationshipCondition, TupleKey

CONDITION_MODEL = parse(
    """model
  schema 1.1
type user
type group
  relations
    define member: [user, user with until, group#member]
type folder
  relations
    define parent: [folder, folder with until]
    define viewer: [user, user with until, user:* with in_office, group#member, group#member with until]
    define editor: [user, user with until]
    define guest: [user with until]
    define banned: [user, user with until]
    define views: viewer or views from parent
    define can_view: views but not banned
    define can_either: viewer or editor
    define can_both: viewer and editor
condition until(now: timestamp, end: timestamp) {
  now < end
}
condition in_office(address: ipaddress, networks: list<string>) {
  networks.exists(network, address.in_cidr(network))
}
"""
)
"""An expiry and a place: the two conditions that everybody wants, at every place where one can stand."""

END = "2026-01-02T00:00:00Z"
BEFORE: Mapping[str, Any] = {"now": "2026-01-01T23:59:59Z"}
AT_THE_END: Mapping[str, Any] = {"now": END}


def until(text: str, end: str | None = END) -> TupleKey:
    """Return a tuple that expires; with ``end`` None the question has to say when."""
    context = {} if end is None else {"end": end}
    user, relation, name = text.split()
    return TupleKey(user, relation, name, RelationshipCondition("until", context))


class ConditionContract:
    """What every client does with conditions; each test begins with an empty store."""

    def allows(
        self, client: AuthzClient, text: str, context: Mapping[str, Any] = {}, *brought: TupleKey
    ) -> bool:  # fmt: skip
        """Ask one question under a context, with contextual tuples."""
        user, relation, name = text.split()
        return client.check(CheckRequest(user, relation, name, brought, context))

    # ------------------------------------------------------------------------------------------------------- check

    def test_an_expiry_is_exact(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1")])
        assert self.allows(client, "user:ann can_view folder:1", BEFORE)
        assert self.allows(client, "user:ann can_view folder:1", {"now": "2026-01-01T23:59:59.999Z"})
        assert self.allows(client, "user:ann can_view folder:1", {"now": "2026-01-02T01:59:59+02:00"})
        assert not self.allows(client, "user:ann can_view folder:1", AT_THE_END)
        assert not self.allows(client, "user:bob can_view folder:1", BEFORE)

    def test_the_value_of_the_tuple_goes_before_that_of_the_question(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1"), until("user:bob viewer folder:1", None)])
        later = {**AT_THE_END, "end": "2030-01-01T00:00:00Z"}
        assert not self.allows(client, "user:ann can_view folder:1", later)
        assert self.allows(client, "user:bob can_view folder:1", later)

    def test_what_no_condition_asks_for_is_left_aside(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1")])
        assert self.allows(client, "user:ann can_view folder:1", {**BEFORE, "mood": ["good", {"very": True}]})

    def test_a_missing_value(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1"), until("user:bob viewer folder:1", None)])
        with pytest.raises(MissingContext):
            self.allows(client, "user:ann can_view folder:1")
        with pytest.raises(MissingContext):
            self.allows(client, "user:bob can_view folder:1", BEFORE)

    def test_a_value_of_the_wrong_type(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1")])
        for now in ("tomorrow", "2026-01-01", 1, True, None):
            with pytest.raises(InvalidContext):
                self.allows(client, "user:ann can_view folder:1", {"now": now})

    def test_an_expression_without_a_value(self, client: AuthzClient) -> None:
        networks = RelationshipCondition("in_office", {"networks": ["home"]})
        client.write(writes=[TupleKey("user:*", "viewer", "folder:1", networks)])
        with pytest.raises(ConditionFailed):
            self.allows(client, "user:ann viewer folder:1", {"address": "10.0.0.1"})

    def test_a_place(self, client: AuthzClient) -> None:
        networks = RelationshipCondition("in_office", {"networks": ["192.168.1.0/24", "10.0.0.0/8", "2001:db8::/32"]})
        client.write(writes=[TupleKey("user:*", "viewer", "folder:1", networks)])
        for address in ("10.1.2.3", "192.168.1.255", "::ffff:10.0.0.1", "2001:db8::1"):
            assert self.allows(client, "user:ann viewer folder:1", {"address": address})
        for address in ("11.0.0.1", "192.168.2.0", "::ffff:11.0.0.1", "2001:db9::1"):
            assert not self.allows(client, "user:ann viewer folder:1", {"address": address})

    def test_an_error_does_not_matter_where_another_branch_decides(self, client: AuthzClient) -> None:
        expiring = ["user:ann viewer folder:1", "user:bob banned folder:1", "user:cat viewer folder:1"]
        plain = ["user:ann editor folder:1", "user:cat banned folder:1", "user:dan viewer folder:1"]
        client.write(writes=[*map(until, expiring), until("user:dan banned folder:1"), *map(key, plain)])
        assert self.allows(client, "user:ann can_either folder:1")
        assert not self.allows(client, "user:bob can_view folder:1")
        assert not self.allows(client, "user:cat can_both folder:1")
        assert not self.allows(client, "user:cat can_view folder:1")
        for undecided in ("user:ann can_both", "user:ann can_view", "user:cat can_either", "user:dan can_view"):
            with pytest.raises(MissingContext):
                self.allows(client, f"{undecided} folder:1")

    def test_usersets_groups_and_edges_under_conditions(self, client: AuthzClient) -> None:
        stored = [
            until("group:inner#member viewer folder:1"),
            until("user:ann member group:inner", "2030-01-01T00:00:00Z"),
        ]
        stored += [key("user:bob member group:inner"), until("folder:1 parent folder:2", "2025-01-01T00:00:00Z")]
        client.write(writes=[*stored, key("folder:1 parent folder:3"), key("group:inner#member member group:outer")])
        client.write(writes=[key("group:outer#member viewer folder:4")])
        for user in ("user:ann", "user:bob"):
            assert self.allows(client, f"{user} can_view folder:1", BEFORE)
            assert self.allows(client, f"{user} can_view folder:3", BEFORE)
            assert self.allows(client, f"{user} can_view folder:4", AT_THE_END)
            assert not self.allows(client, f"{user} can_view folder:1", AT_THE_END)
            assert not self.allows(client, f"{user} can_view folder:2", BEFORE)
        assert self.allows(client, "user:bob can_view folder:4", {"now": "2031-01-01T00:00:00Z"})
        assert not self.allows(client, "user:ann can_view folder:4", {"now": "2031-01-01T00:00:00Z"})
        assert self.allows(client, "user:bob can_view folder:2", {"now": "2024-01-01T00:00:00Z"})

    def test_contextual_tuples_under_conditions(self, client: AuthzClient) -> None:
        client.write(writes=[key("user:ann viewer folder:1"), until("user:bob viewer folder:1")])
        expired = "2025-01-01T00:00:00Z"
        assert not self.allows(client, "user:ann viewer folder:1", BEFORE, until("user:ann viewer folder:1", expired))
        assert self.allows(client, "user:bob viewer folder:1", AT_THE_END, key("user:bob viewer folder:1"))
        assert self.allows(client, "user:cat viewer folder:1", BEFORE, until("user:cat viewer folder:1"))
        assert not self.allows(client, "user:cat viewer folder:1", AT_THE_END, until("user:cat viewer folder:1"))
        for brought, error in self.unwritable():
            with pytest.raises(error):
                self.allows(client, "user:ann viewer folder:1", BEFORE, brought)

    def test_a_contextual_tuple_is_brought_under_one_condition(self, client: AuthzClient) -> None:
        plain, expired = key("user:ann viewer folder:1"), until("user:ann viewer folder:1", "2025-01-01T00:00:00Z")
        assert self.allows(client, "user:ann viewer folder:1", BEFORE, plain, plain)
        assert not self.allows(client, "user:ann viewer folder:1", BEFORE, expired, expired)
        for brought in ((plain, expired), (expired, plain)):
            question = CheckRequest("user:ann", "viewer", "folder:1", brought, BEFORE)
            with pytest.raises(InvalidTuple):
                client.check(question)
            with pytest.raises(InvalidTuple):
                client.explain(question)
            with pytest.raises(InvalidTuple):
                client.list_objects(ListObjectsRequest("user:ann", "viewer", "folder", brought, BEFORE))
            with pytest.raises(InvalidTuple):
                client.list_users(ListUsersRequest("folder:1", "viewer", "user", None, brought, BEFORE))
            with pytest.raises(InvalidTuple):
                client.expand("viewer", "folder:1", brought)

    def test_questions_of_one_batch_have_each_their_own_context(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1"), key("user:ann viewer folder:2")])
        contexts = [BEFORE, AT_THE_END, BEFORE, dict(BEFORE)]
        asked = [CheckRequest("user:ann", "can_view", "folder:1", (), context) for context in contexts]
        assert client.batch_check(asked) == [True, False, True, True]
        with pytest.raises(MissingContext):
            client.batch_check([*asked, CheckRequest("user:ann", "can_view", "folder:1")])

    # ------------------------------------------------------------------------------------------------------- lists

    def test_list_objects(self, client: AuthzClient) -> None:
        client.write(
            writes=[until("user:ann viewer folder:1"), until("user:ann viewer folder:2", "2030-01-01T00:00:00Z")]
        )
        client.write(writes=[key("user:ann viewer folder:3"), key("folder:1 parent folder:4")])
        before, after = ({**context, "address": "10.0.0.1"} for context in (BEFORE, AT_THE_END))
        for relation, more in (("views", ["folder:4"]), ("can_view", ["folder:4"]), ("viewer", [])):
            found = client.list_objects(ListObjectsRequest("user:ann", relation, "folder", (), before))
            assert sorted(found) == ["folder:1", "folder:2", "folder:3", *more]
            found = client.list_objects(ListObjectsRequest("user:ann", relation, "folder", (), after))
            assert sorted(found) == ["folder:2", "folder:3"]

    def test_list_users(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1"), key("user:bob viewer folder:1")])
        client.write(writes=[until("group:g#member viewer folder:1"), key("user:cat member group:g")])
        for relation in ("viewer", "views", "can_either"):
            found = client.list_users(ListUsersRequest("folder:1", relation, "user", None, (), BEFORE))
            assert sorted(found) == ["user:ann", "user:bob", "user:cat"]
            found = client.list_users(ListUsersRequest("folder:1", relation, "user", None, (), AT_THE_END))
            assert found == ["user:bob"]

    def test_a_list_that_hangs_on_an_error_is_an_error(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1"), key("user:ann viewer folder:2")])
        with pytest.raises(MissingContext):
            client.list_objects(ListObjectsRequest("user:ann", "viewer", "folder"))
        with pytest.raises(MissingContext):
            client.list_users(ListUsersRequest("folder:1", "viewer", "user"))

    def test_expand_names_who_has_something_under_a_condition(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann editor folder:1"), key("user:bob editor folder:1")])
        node = UsersetNode("folder:1#editor", UsersLeaf(("user:ann", "user:bob")))
        assert client.expand("editor", "folder:1") == UsersetTree(node)

    # ------------------------------------------------------------------------------------------------------- writes

    @staticmethod
    def unwritable() -> list[tuple[TupleKey, type[InvalidTuple]]]:
        """Return tuples that nobody may write or bring along, and how they are refused."""
        place = RelationshipCondition("in_office", {"networks": []})
        return [
            (key("user:ann guest folder:1"), InvalidTuple),
            (key("user:* viewer folder:1"), InvalidTuple),
            (until("group:g#member editor folder:1"), InvalidTuple),
            (TupleKey("user:ann", "viewer", "folder:1", place), InvalidTuple),
            (TupleKey("user:ann", "viewer", "folder:1", RelationshipCondition("sometime")), UnknownCondition),
            (until("user:ann viewer folder:1", "tomorrow"), InvalidTuple),
            (TupleKey("user:ann", "guest", "folder:1", RelationshipCondition("until", {"mood": "good"})), InvalidTuple),
            (TupleKey("user:ann", "guest", "folder:1", RelationshipCondition("until", {"end": None})), InvalidTuple),
        ]

    def test_what_the_model_does_not_allow_is_not_written(self, client: AuthzClient) -> None:
        for written, error in self.unwritable():
            with pytest.raises(error):
                client.write(writes=[written])
        assert client.read().tuples == ()

    def test_a_context_has_at_most_32_kib(self, client: AuthzClient) -> None:
        networks = ["10.0.0.0/8"] * 3000
        with pytest.raises(InvalidTuple):
            client.write(
                writes=[
                    TupleKey("user:*", "viewer", "folder:1", RelationshipCondition("in_office", {"networks": networks}))
                ]
            )

    def test_conditions_are_read_as_they_were_written(self, client: AuthzClient) -> None:
        written = [
            until("user:ann viewer folder:1"),
            until("user:bob guest folder:1", None),
            key("user:cat viewer folder:1"),
        ]
        client.write(writes=written)
        for found in (client.read(object="folder:1").tuples, client.read_objects(["folder:1"])[0]):
            assert sorted(found, key=str) == sorted(written, key=str)

    def test_changes_tell_conditions(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1")])
        (change,) = client.read_changes(type="folder").changes
        assert (change.operation, change.tuple_key) == ("write", until("user:ann viewer folder:1"))

    @pytest.mark.parametrize("on_duplicate", ["error", "ignore"])
    def test_a_tuple_under_another_condition_is_a_conflict(self, client: AuthzClient, on_duplicate: OnConflict) -> None:
        client.write(writes=[until("user:ann viewer folder:1"), key("user:bob viewer folder:1")])
        for other in (
            until("user:ann viewer folder:1", "2030-01-01T00:00:00Z"),
            until("user:ann viewer folder:1", None),
            key("user:ann viewer folder:1"),
            until("user:bob viewer folder:1"),
        ):
            with pytest.raises(WriteConflict):
                client.write(writes=[other], on_duplicate=on_duplicate)
        assert not self.allows(client, "user:ann viewer folder:1", AT_THE_END)

    def test_the_very_same_tuple_is_a_duplicate_that_can_be_ignored(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1")])
        client.write(writes=[until("user:ann viewer folder:1")], on_duplicate="ignore")
        with pytest.raises(WriteConflict):
            client.write(writes=[until("user:ann viewer folder:1")])

    def test_a_condition_is_changed_in_one_write(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1")])
        longer = until("user:ann viewer folder:1", "2030-01-01T00:00:00Z")
        client.write(deletes=[key("user:ann viewer folder:1")], writes=[longer])
        assert self.allows(client, "user:ann viewer folder:1", AT_THE_END)
        client.write(deletes=[key("user:ann viewer folder:1")], writes=[key("user:ann viewer folder:1")])
        assert self.allows(client, "user:ann viewer folder:1")
        assert client.read(object="folder:1").tuples == (key("user:ann viewer folder:1"),)
        with pytest.raises(InvalidRequest):
            client.write(writes=[longer, key("user:ann viewer folder:1")])

    def test_a_delete_names_no_condition(self, client: AuthzClient) -> None:
        client.write(writes=[until("user:ann viewer folder:1")])
        with pytest.raises(InvalidTuple):
            client.write(deletes=[until("user:ann viewer folder:1")])
        client.write(deletes=[key("user:ann viewer folder:1")])
        assert client.read().tuples == ()
        assert not self.allows(client, "user:ann viewer folder:1", BEFORE)
