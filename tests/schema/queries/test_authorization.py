"""Models, tuples, checks and explanations, for those who may read them; for others they are not there."""

# Operations are read in one piece.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from authz.services import audit, relationships
from authz.services.shipped_model import SHIPPED_MODEL
from authz.types import ORGANIZATION, TupleKey
from schema.ids import Kind, encode
from storage.models import NodeKind, NodeRef
from storage.permissions import APPLICABLE, Role
from storage.services import sharing
from tests.schema.conftest import Client, Person, World, make_person

SHIPPED = SHIPPED_MODEL.read_text(encoding="utf-8")
CHECK = "query($user: String!, $relation: String!, $object: String!, $tuples: [RelationshipTupleInput!]) { checkPermission(user: $user, relation: $relation, object: $object, contextualTuples: $tuples) }"
STEPS = "steps { number object relation holds definition line reasons { step tuple { user relation object } values } }"
EXPLAIN = f"""query($user: String!, $relation: String!, $object: String!) {{ explainAccess(user: $user, relation: $relation, object: $object) {{
    allowed {STEPS} missing {{ grants {{ user relation object }} }} blocks {{ {STEPS} }} unmetConditions {{ tuple {{ user }} values }} }} }}"""
WHO = "query($object: String!, $relation: String!, $type: String!, $first: Int, $after: String, $last: Int, $before: String) { whoCanAccess(object: $object, relation: $relation, userType: $type, first: $first, after: $after, last: $last, before: $before) { totalCount nodes { user account { username } } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }"
ABSENT = "0" * 26


@pytest.fixture
def auditor(world: World) -> Person:
    """Somebody who may read and change nothing."""
    person = make_person("audrey")
    relationships.write(writes=[TupleKey(person.actor, "auditor", ORGANIZATION)])
    return person


def create(world: World, text: str) -> str:
    payload = world.ann.client.do(
        "createAuthorizationModel", "CreateAuthorizationModelInput", "authorizationModel { id }", text=text
    )
    return str(payload["authorizationModel"]["id"])


def check(client: Client, user: str, relation: str, object: str) -> Any:
    return client.ask(CHECK, user=user, relation=relation, object=object)["checkPermission"]


READ = [
    "{ found: authorizationModels { totalCount nodes { id text } newerShipped { id } } }",
    "{ found: authorizationModelActivations { totalCount nodes { number } } }",
    "{ found: relationshipTuples { nodes { user } } }",
    'query($object: String!) { found: checkPermission(user: "user:x", relation: "can_view", object: $object) }',
    'query($object: String!) { found: whoCanAccess(relation: "can_view", object: $object) { totalCount } }',
    'query($object: String!) { found: explainAccess(user: "user:x", relation: "can_view", object: $object) { allowed } }',
    'query($object: String!) { found: explainAccess(user: "nobody", relation: "nothing", object: $object) { allowed } }',
]


@pytest.mark.parametrize("query", READ)
def test_others_find_nothing_whatever_they_ask(world: World, auditor: Person, query: str) -> None:
    variables = {"object": world.file_id} if "$object" in query else {}
    for client in (world.olga.client, world.stan.client, world.visitor):
        assert client.ask(query, **variables) == {"found": None}
    if "nobody" not in query:
        assert auditor.client.ask(query, **variables)["found"] is not None


def test_versions_and_their_history_page_by_page(world: World, auditor: Person) -> None:
    ids = [create(world, f"# {number}\n{SHIPPED}") for number in range(3)]
    fields = "id origin isActive schemaVersion createdAt author { username } json"
    query = f"query($first: Int, $after: String, $last: Int) {{ authorizationModels(first: $first, after: $after, last: $last) {{ totalCount edges {{ cursor }} nodes {{ {fields} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"
    found = auditor.client.ask(query)["authorizationModels"]
    assert found["totalCount"] == 4
    # They were made in the same moment, so that their ids decide; the shipped one was there before or after.
    everything = [node["id"] for node in found["nodes"]]
    assert sorted(everything) == sorted(
        [*ids, next(node["id"] for node in found["nodes"] if node["origin"] == "SHIPPED")]
    )
    assert [node["author"] for node in found["nodes"] if node["origin"] == "SHIPPED"] == [None]
    assert {node["author"]["username"] for node in found["nodes"] if node["origin"] == "LOCAL"} == {"ann"}
    assert all(node["json"]["schema_version"] == "1.1" for node in found["nodes"])
    pages, after = [], None
    while True:
        page = auditor.client.ask(query, first=1, after=after)["authorizationModels"]
        pages += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert pages == everything
    assert [node["id"] for node in auditor.client.ask(query, last=2)["authorizationModels"]["nodes"]] == everything[-2:]
    one = "query($id: ID!) { authorizationModel(id: $id) { id text isActive } node(id: $id) { __typename id } }"
    answer = auditor.client.ask(one, id=ids[0])
    assert answer["authorizationModel"] == {"id": ids[0], "text": f"# 0\n{SHIPPED}", "isActive": False}
    assert answer["node"] == {"__typename": "AuthorizationModel", "id": ids[0]}
    for absent in (encode(Kind.MODEL, ABSENT), world.file_id, "nonsense"):
        assert auditor.client.ask("query($id: ID!) { authorizationModel(id: $id) { id } }", id=absent) == {
            "authorizationModel": None
        }
    assert world.olga.client.ask(one, id=ids[0]) == {"authorizationModel": None, "node": None}
    world.ann.client.do(
        "activateAuthorizationModel", "ActivateAuthorizationModelInput", "previous { id }", id=ids[0], note="why"
    )
    history = auditor.client.ask(
        "{ authorizationModelActivations(first: 1) { totalCount nodes { number note author { username } authorizationModel { id isActive author { username } } } pageInfo { hasNextPage endCursor } } }"
    )
    assert history["authorizationModelActivations"]["nodes"] == [
        {"number": 2, "note": "why", "author": {"username": "ann"}, "authorizationModel": {"id": ids[0], "isActive": True, "author": {"username": "ann"}}}
    ]  # fmt: skip
    assert history["authorizationModelActivations"]["pageInfo"]["hasNextPage"]


def test_a_page_of_versions_costs_the_same_however_long(world: World) -> None:
    query = "{ authorizationModels(first: 100) { nodes { id json author { username } isActive } } }"

    def statements() -> int:
        world.ann.client.ask(query)
        with CaptureQueriesContext(connection) as captured:
            world.ann.client.ask(query)
        return len(captured)

    few = statements()
    for number in range(5):
        create(world, f"# {number}\n{SHIPPED}")
    assert statements() <= few + 1  # ann herself, whom the shipped one does not name
    create(world, SHIPPED)
    assert statements() <= few + 1


def test_tuples_are_listed_by_user_relation_and_object(world: World, auditor: Person) -> None:
    query = "query($filter: RelationshipTupleFilter, $first: Int, $after: String) { relationshipTuples(filter: $filter, first: $first, after: $after) { nodes { user relation object condition { name } } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }"

    def tuples(first: int | None = None, after: str | None = None, **filter: str) -> Any:
        return auditor.client.ask(query, filter=filter, first=first, after=after)["relationshipTuples"]

    vera = {"user": world.vera.actor, "relation": "viewer", "object": f"folder:{world.shared.id}", "condition": None}
    assert tuples(user=world.vera.id, relation="viewer")["nodes"] == [vera]
    assert tuples(object=world.shared_id)["nodes"] == [vera]
    assert tuples(object="folder:")["nodes"] == [vera]
    assert tuples(user="user:nobody")["nodes"] == []
    found, after = [], None
    while True:
        page = tuples(first=2, after=after)
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(found) == len(relationships.read_all()) > 6
    none = tuples(first=0)
    assert (none["nodes"], none["pageInfo"]["hasNextPage"]) == ([], True)
    assert tuples(first=0, user="user:nobody")["pageInfo"]["hasNextPage"] is False
    answer = auditor.client.post(query, {"after": "nonsense"})
    assert answer.json["errors"][0]["extensions"]["code"] == "INVALID_AUTHORIZATION_REQUEST"


def test_a_check_says_what_the_service_does(world: World, auditor: Person) -> None:
    people = [world.ann, world.olga, world.vera, world.stan]
    sharing.share(world.olga.actor, NodeRef(NodeKind.FOLDER, world.shared.id), world.stan.actor, Role.UPLOADER)
    relationships.write(writes=[TupleKey(world.vera.actor, "blocked", f"file:{world.file.id}")])
    nodes = {"drive": world.drive_id, "folder": world.shared_id, "file": world.file_id}
    names = {
        "view": "can_view",
        "edit": "can_edit",
        "share": "can_share",
        "delete": "can_delete",
        "upload": "can_upload",
    }
    for kind, node in nodes.items():
        flags = [flag for flag, relation in names.items() if relation in APPLICABLE[NodeKind(kind)]]
        query = f"query($id: ID!) {{ {kind}(id: $id) {{ viewerCan {{ {' '.join(flags)} }} }} }}"
        for person in people:
            seen = person.client.ask(query, id=node)[kind]
            for flag in flags:
                asked = check(auditor.client, person.id, names[flag], node)
                # Who does not see it is not shown what else she may: a drop box.
                assert asked is (seen["viewerCan"][flag] if seen else asked and flag == "upload"), (
                    person.row.username,
                    kind,
                    flag,
                )


def test_names_of_the_model_and_ids_are_one(world: World, auditor: Person) -> None:
    for user in (world.vera.id, world.vera.actor):
        for object in (world.file_id, f"file:{world.file.id}"):
            assert check(auditor.client, user, "can_view", object) is True
    assert check(auditor.client, world.ann.id, "can_administer", ORGANIZATION) is True
    group = world.ann.client.do("createGroup", "CreateGroupInput", "group { id }", name="crew")["group"]["id"]
    assert check(auditor.client, world.ann.id, "can_manage_members", group) is True, (
        "that a group is of the organization is told"
    )
    assert check(auditor.client, group, "can_view", world.file_id) is False
    for absent in (
        encode(Kind.FILE, ABSENT),
        f"folder:{world.file.id}",
        "file:x",
        "drive:\0",
        f"folder:{world.drive.id}",
    ):
        assert check(auditor.client, world.ann.id, "can_view", absent) is None


def test_contextual_tuples_count_for_one_question(world: World, auditor: Person) -> None:
    tuples = [{"user": world.stan.id, "relation": "viewer", "object": f"folder:{world.shared.id}"}]
    asked = {"user": world.stan.id, "relation": "can_view", "object": world.file_id}
    assert auditor.client.ask(CHECK, **asked, tuples=tuples)["checkPermission"] is True
    assert auditor.client.ask(CHECK, **asked)["checkPermission"] is False


def test_a_question_that_does_not_fit_is_told_why(world: World, auditor: Person) -> None:
    for user, relation, word in (
        ("user:x", "can_fly", "can_fly"),
        ("planet:x", "can_view", "planet"),
        ("nonsense", "can_view", "nonsense"),
    ):
        answer = auditor.client.post(CHECK, {"user": user, "relation": relation, "object": world.file_id}).json
        assert answer["data"] == {"checkPermission": None}
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "INVALID_AUTHORIZATION_REQUEST"
        assert word in error["message"]


LONG = "x" * 100_000
ODD_USERS = ["", "user:\0", f"user:{LONG}", "group:x#", ":::"]
ODD_RELATIONS = ["", "can_\0", "a b", LONG]
ODD_OBJECTS = ["", "nonsense", ":::", "::a", "planet:\0", f"planet:{LONG}"]
ODD_TYPES = ["", "user:", "a b", "#x", "user#\0"]
ODD = [*(("user", each) for each in ODD_USERS), *(("relation", each) for each in ODD_RELATIONS)]
ODD += [("object", each) for each in ODD_OBJECTS]


def told(client: Client, query: str, **variables: Any) -> None:
    """Ask what does not fit: the answer says so, in few words."""
    (error,) = client.post(query, variables).json["errors"]
    assert error["extensions"]["code"] == "INVALID_AUTHORIZATION_REQUEST"
    assert len(error["message"]) < 1000


def test_what_can_name_nothing_is_refused_and_not_written_down(world: World, auditor: Person) -> None:
    asked = {"user": world.vera.id, "relation": "can_view", "object": world.file_id}
    for part, odd in ODD:
        told(auditor.client, CHECK, **{**asked, part: odd})
        told(auditor.client, EXPLAIN, **{**asked, part: odd})
        if part != "user":
            told(auditor.client, WHO, **{**asked, "type": "user", part: odd})
    assert audit.entries(actor=auditor.actor) == []
    for kind in ODD_TYPES:
        told(auditor.client, WHO, **asked, type=kind)
    assert {each.note for each in audit.entries(actor=auditor.actor)} == {"whoCanAccess"}


def test_a_filter_of_tuples_names_what_can_be_stored(world: World, auditor: Person) -> None:
    query = "query($filter: RelationshipTupleFilter) { relationshipTuples(filter: $filter) { nodes { user } } }"
    for part, odd in ODD:
        told(auditor.client, query, filter={part: odd})
        assert world.stan.client.ask(query, filter={part: odd}) == {"relationshipTuples": None}


def test_a_context_is_an_object_and_contextual_tuples_are_few(world: World, auditor: Person) -> None:
    asked = {"user": world.stan.id, "relation": "can_view", "object": world.file_id}
    query = "query($user: String!, $relation: String!, $object: String!, $context: JSON, $tuples: [RelationshipTupleInput!]) { checkPermission(user: $user, relation: $relation, object: $object, context: $context, contextualTuples: $tuples) }"
    tuple_ = {"user": world.stan.id, "relation": "viewer", "object": world.file_id}
    for more in (
        {"context": [1]},
        {"context": "x"},
        {"tuples": [tuple_] * 101},
        {"tuples": [{**tuple_, "condition": {"name": "x", "context": 1}}]},
    ):
        answer = auditor.client.post(query, {**asked, **more}).json
        assert answer["data"] == {"checkPermission": None}
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert auditor.client.ask(query, **asked, context=None, tuples=[])["checkPermission"] is False


def test_who_can_access_page_by_page(world: World, auditor: Person) -> None:
    people = sorted((person.actor, person.row.username) for person in (world.ann, world.olga, world.vera))

    def who(object: str = world.file_id, type: str = "user", **page: Any) -> Any:
        return auditor.client.ask(WHO, object=object, relation="can_view", type=type, **page)["whoCanAccess"]

    found = who()
    assert [(node["user"], node["account"]["username"]) for node in found["nodes"]] == people
    assert found["totalCount"] == 3
    first = who(first=2)
    assert [node["user"] for node in first["nodes"]] == [name for name, _ in people[:2]]
    assert first["pageInfo"]["hasNextPage"]
    rest = who(first=2, after=first["pageInfo"]["endCursor"])
    assert [node["user"] for node in rest["nodes"]] == [people[2][0]]
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    back = who(last=1, before=rest["pageInfo"]["startCursor"])
    assert [node["user"] for node in back["nodes"]] == [people[1][0]]
    sharing.share(world.olga.actor, NodeRef(NodeKind.FILE, world.secret.id), sharing.Audience.ANYONE, Role.VIEWER)
    everybody = who(world.secret_id)
    assert everybody["nodes"][0] == {"user": "user:*", "account": None}
    assert who(world.secret_id, "anonymous")["nodes"] == [{"user": "anonymous:*", "account": None}]
    assert who(world.file_id, "group#member")["nodes"] == []
    assert who(encode(Kind.FILE, ABSENT)) is None
    other = auditor.client.post(
        WHO,
        {"object": world.secret_id, "relation": "can_view", "type": "user", "after": first["pageInfo"]["endCursor"]},
    )
    assert other.json["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"


def explain(client: Client, user: str, relation: str, object: str) -> Any:
    return client.ask(EXPLAIN, user=user, relation=relation, object=object)["explainAccess"]


def test_an_allow_is_proved_with_the_lines_of_the_model(world: World, auditor: Person) -> None:
    found = explain(auditor.client, world.vera.id, "can_download", world.file_id)
    file, folder = f"file:{world.file.id}", f"folder:{world.shared.id}"
    assert found["allowed"]
    told = [(step["object"], step["relation"], step["holds"]) for step in found["steps"]]
    assert told == [
        (file, "can_download", True),
        (file, "views", True),
        (folder, "views_here", True),
        (folder, "viewer", True),
        (file, "denied", False),
        (file, "quarantined", False),
    ]
    lines = SHIPPED.splitlines()
    for step in found["steps"]:
        assert (
            lines[step["line"] - 1].strip() == step["definition"].replace("((", "(")
            or step["definition"] in lines[step["line"] - 1]
        )
    assert found["steps"][1]["reasons"] == [
        {"step": 2, "tuple": {"user": folder, "relation": "ancestor", "object": file}, "values": None}
    ]
    assert found["steps"][3]["reasons"] == [
        {"step": None, "tuple": {"user": world.vera.actor, "relation": "viewer", "object": folder}, "values": None}
    ]
    assert (found["missing"], found["blocks"], found["unmetConditions"]) == ([], [], [])


def test_of_a_denial_the_nearest_grants_are_named_and_each_would_do(world: World, auditor: Person) -> None:
    found = explain(auditor.client, world.stan.id, "can_view", world.file_id)
    assert not found["allowed"]
    assert found["steps"] == []
    assert len(found["missing"]) > 4
    assert found["missing"][0] == {
        "grants": [{"user": world.stan.actor, "relation": "viewer", "object": f"file:{world.file.id}"}]
    }
    for missing in found["missing"]:
        asked = {"user": world.stan.id, "relation": "can_view", "object": world.file_id}
        assert auditor.client.ask(CHECK, **asked, tuples=missing["grants"])["checkPermission"] is True


def test_of_a_denial_what_was_taken_away_is_proved(world: World, auditor: Person) -> None:
    relationships.write(writes=[TupleKey(world.vera.actor, "blocked", f"drive:{world.drive.id}")])
    found = explain(auditor.client, world.vera.id, "can_view", world.file_id)
    assert (found["allowed"], found["missing"]) == (False, [])
    (block,) = found["blocks"]
    assert [(step["object"], step["relation"]) for step in block["steps"]] == [
        (f"file:{world.file.id}", "denied"),
        (f"drive:{world.drive.id}", "blocked"),
    ]
    assert explain(auditor.client, world.vera.id, "can_view", encode(Kind.FILE, ABSENT)) is None


def test_the_audit_has_who_looked_into_what(world: World, auditor: Person) -> None:
    check(auditor.client, world.olga.actor, "can_view", world.file_id)
    variables = {"relation": "can_view", "object": world.file_id}
    auditor.client.ask(EXPLAIN, user=world.olga.actor, **variables)
    auditor.client.ask(WHO, type="user", **variables)
    check(world.olga.client, world.olga.actor, "can_view", world.file_id)
    found = [
        (each.note, each.key.user, each.key.relation, each.key.object) for each in audit.entries(actor=auditor.actor)
    ]
    name = world.file_id.replace("_", ":")
    assert found == [
        ("whoCanAccess", "", "can_view", name),
        ("explainAccess", world.olga.actor, "can_view", name),
        ("checkPermission", world.olga.actor, "can_view", name),
    ]
    assert [each for each in audit.entries(actor=world.olga.actor) if each.operation == "ask"] == []


@pytest.mark.parametrize(
    ("user", "object", "told"),
    [("grace", "", ["user_..."]), ("", "Work:/docs", ["file_..."]), ("grace", "Work:/docs", ["user_...", "file_..."])],
)
def test_names_and_paths_are_answered_with_what_to_give_instead(
    world: World, auditor: Person, user: str, object: str, told: list[str]
) -> None:
    question = {"user": user or world.stan.id, "relation": "can_view", "object": object or world.file_id}
    for query in (CHECK, EXPLAIN):
        (error,) = auditor.client.post(query, question).json["errors"]
        assert error["extensions"]["code"] == "INVALID_AUTHORIZATION_REQUEST"
        assert [each for each in ("user_...", "file_...") if each in error["message"]] == told
    written = world.ann.client.do(
        "writeRelationships", "WriteRelationshipsInput", "written { user }", writes=[{**question, "relation": "viewer"}]
    )
    assert [each for each in ("user_...", "file_...") if each in written["errors"][0]["message"]] == told
