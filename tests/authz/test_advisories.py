"""What went wrong in engines of this kind, by its advisory, and does not go wrong here. On the database."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.checks import check_database
from authz.clients.embedded import EmbeddedClient
from authz.dsl import parse
from authz.engine.network import LEVEL_LIMIT
from authz.errors import InvalidContinuationToken, InvalidTuple, MissingContext, ResolutionTooComplex
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest, RelationshipCondition, TupleKey

pytestmark = pytest.mark.django_db

HEAD = "model\n  schema 1.1\ntype user\n"
NO_CONTEXT: Mapping[str, Any] = {}


def client_of(text: str, *tuples: TupleKey) -> EmbeddedClient:
    client = EmbeddedClient(parse(HEAD + text), clock=timezone.now)
    for start in range(0, len(tuples), 100):
        client.write(writes=tuples[start : start + 100])
    return client


def key(text: str, condition: str = "", **context: Any) -> TupleKey:
    user, relation, name = text.split()
    return TupleKey(user, relation, name, RelationshipCondition(condition, context) if condition else None)


def allows(client: EmbeddedClient, text: str, context: Mapping[str, Any] = NO_CONTEXT) -> bool:
    user, relation, name = text.split()
    return client.check(CheckRequest(user, relation, name, (), context))


@pytest.mark.parametrize(
    "relations",
    [
        "define can_view: (open and licensed) but not blocked",
        "define can_view: (open but not blocked) and licensed",
        "define can_view: licensed and (open but not (blocked and licensed))",
        "define may: open but not blocked\n    define can_view: may and licensed",
        "define can_view: open but not (blocked but not forgiven)",
    ],
)
def test_cve_2026_61709_list_users_does_not_return_who_is_excluded(relations: str) -> None:
    """OpenFGA's ListUsers returned a user whom ``but not`` excluded, beside a wildcard and under ``and``."""
    client = client_of(
        "type doc\n  relations\n    define open: [user, user:*]\n    define licensed: [user, user:*]\n"
        f"    define blocked: [user, user:*]\n    define forgiven: [user]\n    {relations}\n",
        *map(key, ("user:* open doc:1", "user:* licensed doc:1", "user:bad open doc:1", "user:bad licensed doc:1")),
        *map(key, ("user:bad blocked doc:1", "user:good open doc:1", "user:* open doc:2", "user:* licensed doc:2")),
        *map(key, ("user:* blocked doc:2", "user:good open doc:2", "user:good licensed doc:2")),
    )
    for name in ("doc:1", "doc:2"):
        found = client.list_users(ListUsersRequest(name, "can_view", "user"))
        assert "user:bad" not in found
        assert ("user:*" in found) == allows(client, f"user:somebody can_view {name}")
        assert all(allows(client, f"{user} can_view {name}") for user in found)


CONDITIONAL = (
    "type doc\n  relations\n    define viewer: [user with match]\n"
    "condition match(a: string, b: string) {\n  a == 'x' && b == 'y'\n}\n"
)


def test_cve_2026_34972_questions_of_one_batch_that_differ_in_context_alone() -> None:
    """OpenFGA's BatchCheck took two questions with the same tuple for one, though their contexts differed."""
    client = client_of(CONDITIONAL, key("user:a viewer doc:1", "match"))
    contexts = [{"a": "x", "b": "y"}, {"a": "x", "b": "z"}, {"b": "y", "a": "x"}, {"a": "xb", "b": "y"}]
    asked = [CheckRequest("user:a", "viewer", "doc:1", (), context) for context in contexts]
    assert client.batch_check(asked) == [True, False, True, False]
    brought = [(key("user:b viewer doc:1", "match", **context),) for context in contexts]
    assert client.batch_check([CheckRequest("user:b", "viewer", "doc:1", tuples) for tuples in brought]) == [
        True, False, True, False
    ]  # fmt: skip


def test_cve_2026_33729_what_was_answered_under_one_context_is_no_answer_under_another() -> None:
    """OpenFGA's cache had one key for two contexts, so that one question got the answer of another."""
    client = client_of(CONDITIONAL, key("user:a viewer doc:1", "match"))
    for _ in range(3):
        assert allows(client, "user:a viewer doc:1", {"a": "x", "b": "y"})
        for context in ({"a": "x", "b": "y,b:y"}, {"a": "x,b:y", "b": "y"}, {"a": "", "b": "xy"}):
            assert not allows(client, "user:a viewer doc:1", context)
        with pytest.raises(MissingContext):
            allows(client, "user:a viewer doc:1", {"a": "x"})


def test_cve_2026_55170_ids_that_differ_in_case_are_different(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenFGA on MySQL compared ids without regard to case: whoever named herself ``Admin`` was ``admin``."""
    client = client_of(
        "type doc\n  relations\n    define viewer: [user]\n",
        *map(key, ("user:admin viewer doc:a", "user:\u00e4 viewer doc:a", "user:stra\u00dfe viewer doc:a")),
    )
    assert allows(client, "user:admin viewer doc:a")
    for other in (
        "user:Admin viewer doc:a",
        "user:admin viewer doc:A",
        "user:\u00c4 viewer doc:a",
        "user:a viewer doc:a",
    ):
        assert not allows(client, other)
    assert not allows(client, "user:strasse viewer doc:a")
    client.write(writes=[key("user:Admin viewer doc:A")])
    assert client.list_objects(ListObjectsRequest("user:admin", "viewer", "doc")) == ["doc:a"]
    assert client.read(user="user:ADMIN", object="doc:").tuples == ()
    mysql = SimpleNamespace(DATABASES={"default": {"ENGINE": "django.db.backends.mysql"}})
    monkeypatch.setattr("authz.checks.settings", mysql)
    assert [problem.id for problem in check_database(None)] == ["authz.E001"]


def test_go_2025_4151_a_list_has_every_object_or_is_an_error() -> None:
    """SpiceDB's LookupResources left out what a union reaches by one relation in two ways."""
    client = client_of(
        "type team\n  relations\n    define special: [user]\n    define member: [user, team#member]\n"
        "type folder\n  relations\n    define parent: [folder]\n    define viewer: [user, team]\n"
        "    define reader: [team#member]\n"
        "    define view: viewer or special from viewer or reader or view from parent\n",
        key("user:a special team:1"),
        key("team:1 viewer folder:0"),
        key("user:a member team:2"),
        key("team:2#member reader folder:x"),
        *(key(f"folder:{number} parent folder:{number + 1}") for number in range(150)),
        *(key(f"folder:150 parent folder:w{number}") for number in range(1100)),
    )
    found = client.list_objects(ListObjectsRequest("user:a", "view", "folder"))
    assert len(found) == 151 + 1 + 1100
    deeper = [key(f"folder:{number} parent folder:{number + 1}") for number in range(150, LEVEL_LIMIT + 100)]
    for start in range(0, len(deeper), 100):
        client.write(writes=deeper[start : start + 100])
    with pytest.raises(ResolutionTooComplex, match=str(LEVEL_LIMIT)):
        client.list_objects(ListObjectsRequest("user:a", "view", "folder"))


TOKENS = st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
POSITIONS = st.integers(-(2**70), 2**70) | st.sampled_from(["", "-", "1.5", "\u0661", "1e9", "0x1"])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TOKENS | st.builds(lambda scope, at: base64.urlsafe_b64encode(f"{scope} {at}".encode()).decode(),
                          st.sampled_from(["tuples", "changes ", "changes doc", "TUPLES"]), POSITIONS))  # fmt: skip
def test_go_2026_4465_a_tampered_cursor_is_refused(token: str) -> None:
    """A forged cursor made SpiceDB end. Here it is one that we could have made, or it is refused."""
    client = client_of("type doc\n  relations\n    define viewer: [user]\n")
    for read in (client.read, client.read_changes):
        try:
            read(continuation_token=token)
        except InvalidContinuationToken:
            continue
        assert not token or base64.urlsafe_b64decode(token).decode().startswith(("tuples ", "changes  "))


def test_go_2026_5133_a_condition_is_never_lost_on_the_way() -> None:
    """SpiceDB could take a caveated relationship, reached beside one without caveat, for an unconditional one."""
    text = (
        "type group\n  relations\n    define member: [user, user with match, group#member]\n"
        "type doc\n  relations\n    define reader: [user, user with match, group#member]\n    define writer: [user]\n"
        "    define banned: [user]\n    define can_view: (reader and writer) but not banned\n"
        "condition match(a: string, b: string) {\n  a == 'x' && b == 'y'\n}\n"
    )
    client = client_of(
        text,
        *map(key, ("user:a writer doc:1", "user:b writer doc:1", "user:b reader doc:1", "group:g#member reader doc:1")),
        *map(key, ("user:c writer doc:1", "group:h#member member group:g")),
        key("user:a reader doc:1", "match"),
        key("user:c member group:h", "match"),
    )
    holds, fails = {"a": "x", "b": "y"}, {"a": "x", "b": "z"}
    users = [
        CheckRequest(f"user:{name}", "can_view", "doc:1", (), context) for context in (fails, holds) for name in "abc"
    ]
    assert client.batch_check(users) == [False, True, False, True, True, True]
    for name in "ac":
        with pytest.raises(MissingContext):
            allows(client, f"user:{name} can_view doc:1")
    listed = ListObjectsRequest("user:c", "can_view", "doc", (), fails)
    assert client.list_objects(listed) == []
    assert client.list_users(ListUsersRequest("doc:1", "can_view", "user", None, (), fails)) == ["user:b"]
    # A model that has lost the condition does not make a permission of it either.
    plain = (
        text.replace(" with match", "")
        .partition("condition")[0]
        .replace("[user, user", "[user")
        .replace(", user,", ",")
    )
    other = EmbeddedClient(parse(HEAD + plain), clock=timezone.now)
    assert [allows(other, f"user:{name} can_view doc:1") for name in "abc"] == [False, True, False]
    assert other.granted(Asker("user:a"), [("doc:1", "reader")]) == set()


def test_cve_2025_64751_a_wildcard_without_the_condition_that_the_model_asks_for() -> None:
    """OpenFGA counted ``user:*`` without a condition where the model allows it only with one."""
    looser = client_of("type doc\n  relations\n    define viewer: [user:*]\n", key("user:* viewer doc:1"))
    assert allows(looser, "user:a viewer doc:1")
    stricter = client_of(CONDITIONAL.replace("[user with", "[user:* with"))
    assert not allows(stricter, "user:a viewer doc:1", {"a": "x", "b": "y"})
    assert stricter.granted(Asker("user:a"), [("doc:1", "viewer")]) == set()
    with pytest.raises(InvalidTuple):
        stricter.write(writes=[key("user:* viewer doc:2")])


def test_ghsa_5278_an_error_behind_but_not_puts_nothing_into_a_list() -> None:
    """OpenFGA's StreamedListObjects returned what should have been excluded when the exclusion failed."""
    client = client_of(
        "type doc\n  relations\n    define viewer: [user]\n    define blocked: [user with match]\n"
        "    define can_view: viewer but not blocked\n"
        "condition match(a: string, b: string) {\n  a == 'x' && b == 'y'\n}\n",
        key("user:a viewer doc:1"),
        key("user:a viewer doc:2"),
        key("user:a blocked doc:2", "match"),
    )
    with pytest.raises(MissingContext):
        client.list_objects(ListObjectsRequest("user:a", "can_view", "doc"))
    listed = ListObjectsRequest("user:a", "can_view", "doc", (), {"a": "x", "b": "y"})
    assert client.list_objects(listed) == ["doc:1"]
