"""The front door: predicate, flags and relationships on the shipped model, through the configured client."""

from __future__ import annotations

import pytest

from authz.errors import InvalidTuple, UnknownRelation
from authz.services import decisions, relationships, visibility
from authz.services.shipped_model import shipped_model
from authz.testing.contract import key
from authz.types import ANONYMOUS, Actor, CheckRequest, TupleKey
from tests.authz.clients.tree import STRUCTURE, Tree, create_tables, listed
from tests.components.statements import behind_the_door

pytestmark = pytest.mark.django_db

ANN, BOB, EVE = Actor("user:ann"), Actor("user:bob"), Actor("user:eve")
TREE = Tree(
    ["d1"],
    {"top": (None, "d1"), "sub": ("top", "d1")},
    {"deep": ("sub", "d1"), "loose": (None, "d1")},
)
ASKED = ["can_view", "can_edit", "can_share", "can_finalize"]


def grant(*texts: str) -> None:
    relationships.write(writes=[key(text) for text in texts])


def test_flags_of_a_page_are_one_statement_and_equal_whole_checks() -> None:
    grant("user:ann admin organization:o", "user:bob editor folder:top", "user:eve viewer drive:d1")
    grant("user:eve blocked folder:sub", "user:bob uploaded_by file:deep")
    context = tuple(TREE.structure_tuples(shipped_model()))
    for actor in (ANN, BOB, EVE, ANONYMOUS):
        questions = dict.fromkeys(("file:deep", "file:loose"), ASKED)
        with behind_the_door() as queries:
            found = visibility.flags(actor, questions, TREE.edges(), STRUCTURE)
        assert len(queries) == 1
        for name in questions:
            requests = [CheckRequest(actor, relation, name, context) for relation in ASKED]
            verdicts = decisions.batch_check(requests)
            assert found[name] == {relation for relation, yes in zip(ASKED, verdicts, strict=True) if yes}
    found = visibility.flags(BOB, {"file:deep": ASKED}, TREE.edges(), STRUCTURE)
    assert found["file:deep"] == {"can_view", "can_edit", "can_finalize"}


def test_flags_ask_the_engine_where_a_relation_follows_stored_tuples() -> None:
    create_tables()
    grant("folder:top target share_link:l", "user:bob owner folder:top")
    found = visibility.flags(BOB, {"share_link:l": ["can_revoke"]}, TREE.edges(), STRUCTURE)
    assert found == {"share_link:l": {"can_revoke"}}
    found = visibility.flags(EVE, {"share_link:l": ["can_revoke"]}, TREE.edges(), STRUCTURE)
    assert found == {"share_link:l": frozenset()}


def test_a_block_on_a_folder_does_not_hide_what_lies_in_no_folder() -> None:
    """``NOT (null IN (...))`` is null: a file without a folder must not fall out of the list."""
    create_tables()
    grant("user:eve viewer drive:d1", "user:eve blocked folder:sub")
    with TREE.stored():
        sql = visibility.predicate(EVE, "can_view", "file", "n", STRUCTURE)
        assert listed(sql, "file") == {"file:loose"}


def test_predicates_of_one_actor_share_their_expressions() -> None:
    files = visibility.predicate(BOB, "can_view", "file", "n", STRUCTURE)
    folders = visibility.predicate(BOB, "can_view", "folder", "n", STRUCTURE)
    assert files.ctes == folders.ctes


def test_what_does_not_fit_the_model_is_an_error() -> None:
    with pytest.raises(UnknownRelation):
        visibility.predicate(BOB, "can_fly", "file", "n", STRUCTURE)
    with pytest.raises(InvalidTuple):
        visibility.predicate(BOB, "can_view", "file", "n", STRUCTURE, ["group:g#can_manage_members"])


def test_forget() -> None:
    for number in range(0, 150, 50):
        grant(*(f"user:u{other} viewer file:deep" for other in range(number, number + 50)))
    grant("user:ann viewer file:loose")
    assert relationships.forget(["file:deep", "file:other"]) == 150
    assert relationships.read_all() == [TupleKey("user:ann", "viewer", "file:loose")]
    assert relationships.forget(["file:deep"]) == 0
