"""Ninety folders deep: with a flat model the server answers, and where a model recurses our engine takes over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from authz.clients.openfga.client import OpenFGAClient
from authz.dsl import parse
from authz.engine.evaluation import Evaluation
from authz.engine.plan import grants_of
from authz.services.shipped_model import shipped_model
from authz.testing.contract import key
from authz.types import Asker, CheckRequest, ListObjectsRequest
from tests.authz.clients.tree import STRUCTURE, Tree, create_tables, listed

MakeClient = Callable[..., OpenFGAClient]
DEPTH = 90
RECURSIVE = parse(
    """model
  schema 1.1
type user
type folder
  relations
    define parent: [folder]
    define viewer: [user]
    define blocked: [user]
    define views: viewer or views from parent
    define denied: blocked or denied from parent
    define can_view: views but not denied
type file
  relations
    define parent: [folder]
    define viewer: [user]
    define can_view: (viewer or views from parent) but not denied from parent
"""
)
CHAIN = [key(f"folder:f{number} parent folder:f{number + 1}") for number in range(DEPTH)]
CHAIN.append(key(f"folder:f{DEPTH} parent file:deep"))
GRANTS = [key("user:a viewer folder:f0"), key("user:b viewer folder:f0"), key("user:b blocked folder:f40")]


def deep() -> Tree:
    folders: dict[str, tuple[str | None, str]] = {"f0": (None, "d1")}
    folders |= {f"f{number + 1}": (f"f{number}", "d1") for number in range(DEPTH)}
    return Tree(["d1"], folders, {"deep": (f"f{DEPTH}", "d1"), "top": ("f0", "d1")})


def visible(client: OpenFGAClient, user: str, type_name: str) -> set[str]:
    sql = client.predicate(Asker(user), "can_view", type_name, "n")
    return {name.partition(":")[2] for name in listed(sql, type_name)}


@pytest.mark.django_db(transaction=True)
def test_checks_of_a_recursive_model_are_answered_where_the_server_gives_up(openfga_client: MakeClient) -> None:
    client = openfga_client(RECURSIVE)
    sender = client.remote.sender
    for start in range(0, len(CHAIN), 50):
        client.write(writes=CHAIN[start : start + 50])
    client.write(writes=GRANTS)
    allowed = {"user:a": True, "user:b": False, "user:c": False}
    sender.calls.clear()  # type: ignore[attr-defined]
    for user, expected in allowed.items():
        assert client.check(CheckRequest(user, "can_view", "file:deep")) is expected
    paths = {call.path.rpartition("/")[2] for call in sender.calls}  # type: ignore[attr-defined]
    assert paths == {"check", "read"}, "the server was asked first, and gave up"
    asked = [CheckRequest(user, "can_view", f"folder:f{number}") for user in allowed for number in (0, 10, 30, 60, 90)]
    verdicts = client.batch_check(asked)
    assert verdicts == [True] * 5 + [True, True, True, False, False] + [False] * 5
    assert len(client.list_objects(ListObjectsRequest("user:a", "can_view", "folder"))) == DEPTH + 1
    assert len(client.list_objects(ListObjectsRequest("user:b", "can_view", "folder"))) == 40


@pytest.mark.django_db
def test_lists_and_flags_of_a_recursive_model(openfga_client: MakeClient) -> None:
    create_tables()
    client = openfga_client(RECURSIVE, STRUCTURE)
    client.write(writes=GRANTS)
    tree = deep()
    with tree.stored():
        assert visible(client, "user:a", "file") == {"deep", "top"}
        assert visible(client, "user:b", "file") == {"top"}
        assert len(visible(client, "user:b", "folder")) == 40
        assert visible(client, "user:c", "file") == set()
    edges = {(link.object, "parent"): [link.user] for link in CHAIN}
    names = {link.object for link in CHAIN} | {"folder:f0"}
    for user, expected in (("user:a", True), ("user:b", False)):
        node = ("file", "can_view")
        plan = client.page_plans(frozenset({node})).plans[node]
        wanted = {
            (name, relation) for kind, relation in grants_of(plan) for name in names if name.startswith(f"{kind}:")
        }
        evaluation = Evaluation(client.granted(Asker(user), wanted), edges)
        assert evaluation.satisfies("file:deep", plan) is expected


@pytest.mark.django_db
def test_the_shipped_model(openfga_client: MakeClient) -> None:
    create_tables()
    client = openfga_client(shipped_model(), STRUCTURE)
    client.write(
        writes=[key("user:a viewer folder:f0"), key("user:b viewer drive:d1"), key("user:b blocked folder:f40")]
    )
    tree = deep()
    context = tuple(tree.structure_tuples(shipped_model()))
    sender = client.remote.sender
    sender.calls.clear()  # type: ignore[attr-defined]
    for user, expected in (("user:a", True), ("user:b", False), ("user:c", False)):
        assert client.check(CheckRequest(user, "can_view", "file:deep", context)) is expected
    assert {call.path.rpartition("/")[2] for call in sender.calls} == {"check"}  # type: ignore[attr-defined]
    with tree.stored():
        assert visible(client, "user:a", "file") == {"deep", "top"}
        assert visible(client, "user:b", "file") == {"top"}
