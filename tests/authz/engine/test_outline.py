"""Relations that only add up become one gate; what a cycle, a denial or a userset needs stays apart."""

from __future__ import annotations

from authz.dsl import parse
from authz.engine.outline import Operator, Outline, outlines_of
from authz.engine.typesystem import typesystem_of
from authz.services.shipped_model import SHIPPED_MODEL

MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
    define boss: [user]
    define denied: [user]
    define leads: boss
    define helps: leads or member
    define works: (helps or leads) but not denied
    define shines: works or boss
    define parent: [group]
    define one: [user] or one from parent
    define either: one or boss
"""


def outline(relation: str, kind: str = "user", model: str = MODEL) -> Outline:
    return outlines_of(typesystem_of(parse(model)), kind).of(relation)


def reads(found: Outline) -> list[str]:
    return sorted(leaf.relation for leaf in found.leaves)


def test_unions_become_one_gate_that_reads_each_tuple_once() -> None:
    found = outline("group#works")
    assert found.operator is Operator.EXCEPT
    base, subtract = found.parts
    assert (reads(base), base.relations) == (["boss"], ("member",))
    assert (reads(subtract), subtract.relations) == (["denied"], ())


def test_what_is_on_a_cycle_stays_a_gate_of_its_own() -> None:
    assert outline("group#helps").relations == ("member",)
    found = outline("group#either")
    assert (reads(found), found.relations) == (["boss"], ("one",))


def test_what_is_more_than_a_union_stays_a_gate_of_its_own() -> None:
    found = outline("group#shines")
    assert (reads(found), found.relations) == (["boss"], ("works",))


def test_nothing_is_merged_for_usersets_which_hold_their_own_relation() -> None:
    found = outline("group#helps", "group#leads")
    assert set(found.relations) == {"leads", "member"}
    assert outline("group#works", "group#leads").operator is Operator.ANY


def test_the_shipped_model_has_two_gates_for_what_is_asked_of_a_drive() -> None:
    found = outline("drive#can_upload", model=SHIPPED_MODEL.read_text(encoding="utf-8"))
    assert found.operator is Operator.EXCEPT
    base, subtract = found.parts
    assert (reads(base), base.relations) == (["editor", "organization", "owner", "uploader"], ())
    assert (reads(subtract), subtract.relations) == (["blocked"], ())
