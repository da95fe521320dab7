"""A model without its conditions is what its text would be without them."""

from __future__ import annotations

from authz.dsl import parse
from authz.dsl.unconditional import unconditional
from authz.engine.check import check
from authz.engine.memory import MemoryTuples
from authz.types import CheckRequest, RelationshipCondition, TupleKey

MODEL = """model
  schema 1.1

type user

type group
  relations
    define member: [user, group#member with until, user:* with until]

type thing
  relations
    define held: [user with until, group#member]
    define lent: [user with until] or held

condition until(end: timestamp, now: timestamp) {
  now < end
}
"""


def test_entries_under_a_condition_are_gone_and_conditions_too() -> None:
    model = parse(MODEL)
    plain = unconditional(model)
    assert unconditional(model) is plain
    assert plain.conditions == {}
    entries = {
        relation.name: [entry.text for entry in relation.restrictions]
        for definition in plain.types.values()
        for relation in definition.relations.values()
    }
    assert entries == {"member": ["user"], "held": ["group#member"], "lent": []}


def test_tuples_under_a_condition_count_for_nothing() -> None:
    plain = unconditional(parse(MODEL))
    ends = RelationshipCondition("until", {"end": "2999-01-01T00:00:00Z", "now": "2020-01-01T00:00:00Z"})
    lent = TupleKey("user:ann", "lent", "thing:t", ends)
    others = [TupleKey("user:ann", "member", "group:g"), TupleKey("group:g#member", "held", "thing:t")]
    request = CheckRequest("user:ann", "lent", "thing:t")
    assert check(parse(MODEL), MemoryTuples([lent]), request)
    assert not check(plain, MemoryTuples([lent]), request)
    assert check(plain, MemoryTuples([lent, *others]), request)


def test_a_model_without_conditions_is_itself() -> None:
    model = parse(MODEL[: MODEL.index("type thing")].replace(" with until", ""))
    assert unconditional(model) is model
