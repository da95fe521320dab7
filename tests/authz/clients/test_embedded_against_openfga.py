"""Random worlds in the database and in a real OpenFGA server: what the offline tool cannot be asked, too.

That is contextual tuples, several questions at once, expand, and what is refused with which code.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, seed, settings

from authz.clients.embedded import EmbeddedClient
from authz.dsl import parse
from authz.engine.expand import ComputedLeaf, TupleToUsersetLeaf, UsersetNode, UsersLeaf
from authz.engine.typesystem import kind_of
from authz.errors import ConditionFailed, InvalidRequest, InvalidTuple, UnknownRelation, UnknownType, WriteConflict
from authz.models import RelationshipTuple
from authz.storefile.results import Kind
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, RelationshipCondition, TupleKey
from tests.authz.clients.openfga_api import Api, Refused
from tests.authz.engine.differential import FILTERS, LISTERS, Answer, Count, Question, judged, replay
from tests.authz.engine.random_models import OBJECTS, SUBJECTS, TUPLESETS, World, askable, worlds
from tests.components import fga
from tests.components.openfga import openfga, require_openfga

MODELS = 150 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 20


@pytest.fixture(scope="module")
def server() -> Iterator[httpx.Client]:
    require_openfga()
    with openfga() as running, httpx.Client(base_url=running.api_url, timeout=30, trust_env=False) as http:
        yield http


class Both:
    """One world in both engines: every other tuple is stored, the rest is brought along by each question."""

    def __init__(self, world: World, server: httpx.Client) -> None:
        self.world = world
        self.context = world.contexts[0]
        self.key = fga.canonical(self.context)
        self.brought = tuple(world.tuples[1::2])
        self.theirs = Api(server, world.model)
        self.ours = EmbeddedClient(world.model, clock=timezone.now)
        RelationshipTuple.objects.all().delete()
        if world.tuples:
            self.theirs.write(world.tuples[::2])
            self.ours.write(writes=world.tuples[::2])
        self.asked: dict[Question, Answer] = {}
        self.answers: dict[tuple[str, str], Answer] = {}

    def checks(self) -> None:
        requests = [
            CheckRequest(user, *question, self.brought, self.context)
            for question in askable(self.world.model)
            for user in SUBJECTS
        ]
        for request, their in zip(requests, self.theirs.batch_check(requests), strict=True):
            question = f"{request.user} {request.relation} {request.object}"
            self._remember(Kind.CHECK, question, lambda: self.ours.check(request), their)  # noqa: B023
        decided = [request for request in requests if self._mine(Kind.CHECK, request) is not None]
        assert self.ours.batch_check(decided) == [self._mine(Kind.CHECK, request) for request in decided]

    def lists(self) -> None:
        for type_name in OBJECTS:
            for relation in self._relations(type_name):
                for user in LISTERS:
                    asked = ListObjectsRequest(user, relation, type_name, self.brought, self.context)
                    their = _or_none(lambda: self.theirs.list_objects(asked))  # noqa: B023
                    question = f"{user} {relation} every {type_name}"
                    self._remember(Kind.LIST_OBJECTS, question, lambda: self.ours.list_objects(asked), their)  # noqa: B023
        for relation, name in askable(self.world.model):
            for wanted in FILTERS:
                userset = wanted.get("relation")
                listed = ListUsersRequest(name, relation, wanted["type"], userset, self.brought, self.context)
                their = _or_none(lambda: self.theirs.list_users(listed))  # noqa: B023
                kind = wanted["type"] + (f"#{userset}" if userset else "")
                question = f"every {kind} {relation} {name}"
                self._remember(Kind.LIST_USERS, question, lambda: self.ours.list_users(listed), their)  # noqa: B023

    def expansions(self) -> int:
        questions = askable(self.world.model)
        for relation, name in questions:
            mine = self.ours.expand(relation, name, self.brought).root
            their = self._existing(self.theirs.expand(relation, name, self.brought)["root"])
            assert as_json(mine) == their, (self.world, relation, name)
        return len(questions)

    def _existing(self, tree: Any) -> Any:
        """Their tree in order, without usersets that the model does not have: OpenFGA names them all the same."""
        if isinstance(tree, list):
            return [self._existing(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        found = {key: self._existing(item) for key, item in tree.items()}
        if isinstance(found.get("users"), list):
            found["users"] = sorted(found["users"])
        if isinstance(found.get("computed"), list):
            named = sorted(each["userset"] for each in found["computed"])
            known = [each for each in named if self.world.model.relation(*kind_of(each).split("#"))]
            found["computed"] = [{"userset": each} for each in known]
        return found

    def _relations(self, type_name: str) -> list[str]:
        return [name for name in self.world.model.types[type_name].relations if name not in TUPLESETS]

    def _mine(self, kind: Kind, request: CheckRequest) -> Answer:
        return self.asked[kind, f"{request.user} {request.relation} {request.object}", self.key]

    def _remember(self, kind: Kind, question: str, ask: Callable[[], bool | list[str]], their: Answer) -> None:
        try:
            found = ask()
            mine: Answer = found if isinstance(found, bool) else tuple(sorted(found))
        except ConditionFailed:
            mine = None
        self.asked[kind, question, self.key] = mine
        self.answers[question, self.key] = their


def _or_none(ask: Callable[[], tuple[str, ...]]) -> Answer:
    try:
        return ask()
    except Refused:
        return None


def as_json(node: UsersetNode) -> dict[str, Any]:
    """Our tree in the shape of theirs."""
    value = node.value
    if isinstance(value, UsersLeaf):
        return {"name": node.name, "leaf": {"users": {"users": sorted(value.users)}}}
    if isinstance(value, ComputedLeaf):
        return {"name": node.name, "leaf": {"computed": {"userset": value.userset}}}
    if isinstance(value, TupleToUsersetLeaf):
        computed = [{"userset": userset} for userset in sorted(value.computed)]
        return {"name": node.name, "leaf": {"tupleToUserset": {"tupleset": value.tupleset, "computed": computed}}}
    nodes = [as_json(each) for each in value.nodes]
    if value.operator == "difference":
        return {"name": node.name, "difference": {"base": nodes[0], "subtract": nodes[1]}}
    return {"name": node.name, value.operator: {"nodes": nodes}}


@pytest.mark.timeout(1800)
def test_contextual_tuples_batches_lists_and_expand(db: None, server: httpx.Client) -> None:
    total = Count()
    expanded = []

    @seed(5)
    @settings(max_examples=MODELS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def ask(world: World) -> None:
        both = Both(world, server)
        both.checks()
        both.lists()
        count, different = judged(world, both.asked, both.answers)
        assert not different, replay(world, different)
        total.add(count)
        expanded.append(both.expansions())

    ask()
    print(f"\n{total}; {sum(expanded)} trees")
    assert total.models == MODELS


MODEL = parse("""model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type doc
  relations
    define parent: [doc]
    define viewer: [user, user:*, group#member, user with soon] or viewer from parent
condition soon(now: timestamp, end: timestamp) {
  now < end
}
""")
SOON = RelationshipCondition("soon", {"end": "2030-01-01T00:00:00Z"})
QUESTIONS = [
    ("user:a", "viewer", "doc:1"),
    ("user:a", "ghost", "doc:1"),
    ("user:a", "viewer", "ghost:1"),
    ("ghost:a", "viewer", "doc:1"),
    ("group:g#ghost", "viewer", "doc:1"),
    ("ghost:g#member", "viewer", "doc:1"),
    ("user:*", "viewer", "doc:1"),
    ("doc:1#viewer", "viewer", "doc:1"),
    ("a", "viewer", "doc:1"),
    ("user:a:b", "viewer", "doc:1"),
    ("user:a", "viewer", "doc:*"),
    ("user:a", "viewer", "doc:1:2"),
    ("user:a", "viewer", "doc:a b"),
    ("user:a", "viewer", "doc"),
    ("user:a#", "viewer", "doc:1"),
    ("user:", "viewer", "doc:1"),
    ("user:a", "viewer", "doc:" + "x" * 252),
    ("user:a", "viewer", "doc:" + "x" * 253),
]
TUPLES = [
    TupleKey("user:a", "viewer", "doc:1"),
    TupleKey("user:*", "viewer", "doc:1"),
    TupleKey("user:a", "viewer", "doc:1", SOON),
    TupleKey("user:*", "viewer", "doc:1", SOON),
    TupleKey("group:g#member", "viewer", "doc:1", SOON),
    TupleKey("user:a", "viewer", "doc:1", RelationshipCondition("late")),
    TupleKey("user:a", "viewer", "doc:1", RelationshipCondition("soon", {"end": "tomorrow"})),
    TupleKey("user:a", "viewer", "doc:1", RelationshipCondition("soon", {"start": "2030-01-01T00:00:00Z"})),
    TupleKey("user:a", "viewer", "doc:1", RelationshipCondition("soon", {"end": "x" * 40_000})),
    TupleKey("group:g", "viewer", "doc:1"),
    TupleKey("doc:1", "parent", "doc:1"),
    TupleKey("doc:*", "parent", "doc:1"),
    TupleKey("doc:2", "parent", "doc:1", SOON),
    TupleKey("doc:1#viewer", "viewer", "doc:1"),
    TupleKey("user:a", "ghost", "doc:1"),
    TupleKey("user:a", "viewer", "ghost:1"),
    TupleKey("ghost:a", "viewer", "doc:1"),
    TupleKey("user:a", "viewer", "doc:*"),
    TupleKey("user:a\x00", "viewer", "doc:1"),
    TupleKey("user:" + "x" * 251, "viewer", "doc:1"),
    TupleKey("user:" + "x" * 508, "viewer", "doc:1"),
]
STRICTER = [
    TupleKey("user:\u00a0", "viewer", "doc:1"),
    TupleKey("user:" + "x" * 252, "viewer", "doc:1"),
]
"""What we refuse and OpenFGA takes: white space of other scripts in an id, and users longer than objects may be."""
IMPLICIT = TupleKey("group:g#member", "member", "group:g")


@pytest.fixture
def both(db: None, server: httpx.Client) -> Both:
    return Both(World(MODEL, [], [{}]), server)


@pytest.mark.parametrize("question", QUESTIONS, ids=range(len(QUESTIONS)))
def test_questions_that_do_not_fit_are_refused_alike(both: Both, question: tuple[str, str, str]) -> None:
    request = CheckRequest(*question)
    try:
        their: bool | None = both.theirs.check(request)
    except Refused:
        their = None
    try:
        mine: bool | None = both.ours.check(request)
    except InvalidRequest:
        mine = None
    assert mine == their


@pytest.mark.parametrize("key", TUPLES, ids=range(len(TUPLES)))
def test_tuples_that_do_not_fit_are_refused_alike_stored_or_brought(both: Both, key: TupleKey) -> None:
    asked = CheckRequest("user:a", "viewer", "doc:1", (key,), {"now": "2026-01-01T00:00:00Z"})
    verdicts = [
        (_accepted(lambda: both.theirs.check(asked)), _accepted(lambda: both.ours.check(asked))),
        (_accepted(lambda: both.theirs.write([key])), _accepted(lambda: both.ours.write(writes=[key]))),
    ]
    assert verdicts[0][0] == verdicts[0][1], "brought"
    assert verdicts[1][0] == verdicts[1][1], "stored"


@pytest.mark.parametrize("key", STRICTER, ids=range(len(STRICTER)))
def test_what_we_alone_refuse(both: Both, key: TupleKey) -> None:
    both.theirs.write([key])
    with pytest.raises(InvalidTuple):
        both.ours.write(writes=[key])


def test_an_implicit_tuple_can_be_written_nowhere_and_brought_to_openfga_alone(both: Both) -> None:
    asked = CheckRequest("user:a", "viewer", "doc:1", (IMPLICIT,))
    assert not _accepted(lambda: both.theirs.write([IMPLICIT]))
    assert not _accepted(lambda: both.ours.write(writes=[IMPLICIT]))
    assert both.theirs.check(asked) is False
    with pytest.raises(InvalidTuple):
        both.ours.check(asked)


def _accepted(act: Callable[[], object]) -> bool:
    try:
        act()
    except (Refused, InvalidRequest):
        return False
    return True


def test_codes_of_what_is_not_there(both: Both) -> None:
    for request, code, error in (
        (ListObjectsRequest("user:a", "viewer", "ghost"), "type_not_found", UnknownType),
        (ListObjectsRequest("user:a", "ghost", "doc"), "relation_not_found", UnknownRelation),
    ):
        with pytest.raises(Refused, match=code):
            both.theirs.list_objects(request)
        with pytest.raises(error):
            both.ours.list_objects(request)
    for listed, code, error in (
        (ListUsersRequest("doc:1", "viewer", "ghost"), "type_not_found", UnknownType),
        (ListUsersRequest("doc:1", "ghost", "user"), "relation_not_found", UnknownRelation),
        (ListUsersRequest("doc:1", "viewer", "group", "ghost"), "relation_not_found", UnknownRelation),
    ):
        with pytest.raises(Refused, match=code):
            both.theirs.list_users(listed)
        with pytest.raises(error):
            both.ours.list_users(listed)


def test_a_tuple_is_written_once(both: Both) -> None:
    key = TupleKey("user:a", "viewer", "doc:1")
    both.theirs.write([key])
    both.ours.write(writes=[key])
    for again in (key, TupleKey("user:a", "viewer", "doc:1", SOON)):
        with pytest.raises(Refused, match="write_failed_due_to_invalid_input"):
            both.theirs.write([again])
        with pytest.raises(WriteConflict):
            both.ours.write(writes=[again])
