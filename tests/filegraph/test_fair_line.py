"""The line, held against what it promises after every step of random comings and goings."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from filegraph.fair_line import FairLine


def test_what_one_asker_adds_above_her_share_lets_others_pass() -> None:
    line: FairLine[str] = FairLine(2)
    for item in ("a1", "a2", "a3", "a4"):
        line.add(item, "ann")
    line.add("b1", "bob")
    line.add("chore", None)
    assert [line.take() for _ in range(5)] == ["a1", "a2", "b1", "chore", None]
    line.done("ann")
    line.add("b2", "bob")
    assert [line.take() for _ in range(3)] == ["a3", "b2", None]


STEPS = st.lists(st.sampled_from(["ann", "bob", None]) | st.just("take") | st.integers(0, 5), max_size=60)


@settings(max_examples=100)
@given(st.integers(1, 3), STEPS)
def test_nothing_is_lost_and_no_share_is_passed(share: int, steps: list[str | int | None]) -> None:
    line: FairLine[tuple[str | None, int]] = FairLine(share)
    added: list[tuple[str | None, int]] = []
    begun: list[tuple[str | None, int]] = []
    under_way: list[tuple[str | None, int]] = []

    def take() -> bool:
        item = line.take()
        if item is None:
            return False
        begun.append(item)
        under_way.append(item)
        return True

    for step in steps:
        if step == "take":
            take()
        elif isinstance(step, int):
            if under_way:
                line.done(under_way.pop(step % len(under_way))[0])
        else:
            added.append((step, len(added)))
            line.add(added[-1], step)
        counts = Counter(asker for asker, _ in under_way if asker is not None)
        assert all(count <= share for count in counts.values())
    while take() or under_way:
        if under_way:
            line.done(under_way.pop()[0])
    assert sorted(begun, key=lambda item: item[1]) == added
    for who in ("ann", "bob"):
        assert [item for item in begun if item[0] == who] == [item for item in added if item[0] == who]
    # Nobody is remembered once she has gone.
    assert not line._ahead
    assert not line._apart
