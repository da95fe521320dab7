"""The cheapest derivation is the cheapest there is, and of the smallest nothing can be left out."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from authz.engine.derivation import Alternative, cheapest, claims_of, items_of, smallest

Ways = dict[int, list[Alternative[int, str]]]
ITEMS = "abcdef"


@st.composite
def problems(draw: st.DrawFn) -> Ways:
    """Up to six claims that rest on each other in any way, in circles too; claim 0 is to be derived."""
    claims = range(draw(st.integers(1, 6)))
    way = st.builds(
        Alternative[int, str],
        st.none() | st.sampled_from(ITEMS),
        st.lists(st.sampled_from(list(claims)), max_size=3).map(tuple),
    )
    return {claim: draw(st.lists(way, max_size=3)) for claim in claims}


def derivable(ways: Ways, items: set[str]) -> bool:
    """Whether claim 0 follows from some items, by going round until nothing new follows."""
    known: set[int] = set()
    while True:
        new = {
            claim
            for claim, found in ways.items()
            if claim not in known
            for way in found
            if (way.item is None or way.item in items) and known.issuperset(way.rests_on)
        }
        if not new:
            return 0 in known
        known |= new


def tree_cost(ways: Ways) -> int | None:
    """The least cost of a derivation in which whatever is used twice is paid for twice."""
    costs: dict[int, int] = {}
    for _ in range(len(ways) + 1):
        for claim, found in ways.items():
            for way in found:
                if all(part in costs for part in way.rests_on):
                    price = (way.item is not None) + sum(costs[part] for part in way.rests_on)
                    costs[claim] = min(price, costs.get(claim, price))
    return costs.get(0)


@settings(max_examples=300, deadline=None)
@given(problems())
def test_the_cheapest_and_the_smallest(ways: Ways) -> None:
    found = cheapest(0, ways.__getitem__, lambda _: 1)
    assert (found is not None) == derivable(ways, set(ITEMS))
    if found is None:
        return
    small = smallest(0, found, ways.__getitem__, lambda _: 1)
    for derivation in (found, small):
        for claim in claims_of(0, derivation):
            assert derivation[claim] in ways[claim]
        assert derivable(ways, set(items_of(0, derivation)))
    kept = set(items_of(0, small))
    assert all(not derivable(ways, kept - {item}) for item in kept)
    # Paid for twice, a claim that is used twice can make another derivation the cheaper one: never a dearer tree.
    assert _tree(found, 0) == tree_cost(ways)


def _tree(derivation: object, claim: int) -> int:
    way = derivation[claim]  # type: ignore[index]
    return (way.item is not None) + sum(_tree(derivation, part) for part in way.rests_on)


def test_what_has_no_alternative_is_not_tried() -> None:
    """A long chain of groups, of which each could be entered in other ways too: not the square of its length."""
    ways: Ways = {
        step: [Alternative(f"{step}.{way}", (step + 1,)) for way in range(3)] if step < 900 else [Alternative(None, ())]
        for step in range(901)
    }
    start = time.process_time()
    found = smallest(0, cheapest(0, ways.__getitem__, lambda _: 1) or {}, ways.__getitem__, lambda _: 1)
    assert len(items_of(0, found)) == 900
    assert time.process_time() - start < 1


def ladder(steps: int) -> Ways:
    """Each step rests on the one before in two ways, which need the same two items in another order."""
    found: Ways = {0: [Alternative(None, ())]}
    for step in range(1, steps + 1):
        left, right = steps + 2 * step, steps + 2 * step + 1
        found[left] = [Alternative(f"a{step}", ())]
        found[right] = [Alternative(f"b{step}", ())]
        found[step] = [Alternative(None, (step - 1, left, right)), Alternative(None, (step - 1, right, left))]
    return found


def test_what_every_alternative_takes_is_not_tried_one_by_one() -> None:
    ways = ladder(450)
    found = cheapest(450, ways.__getitem__, lambda _: 1)
    assert found is not None
    start = time.process_time()
    assert len(items_of(450, smallest(450, found, ways.__getitem__, lambda _: 1))) == 900
    assert time.process_time() - start < 1


def test_work_that_is_spent_leaves_what_was_found() -> None:
    """Items that can all be left out one by one: with little work some stay, and it is a derivation all the same."""
    ways: Ways = {0: [Alternative(None, tuple(range(1, 41)))]}
    for part in range(1, 41):
        # Cheapest by itself, but the one that another part takes anyway costs nothing more.
        ways[part] = [Alternative(f"own{part}", ()), Alternative("shared", (100,))]
    ways[100] = [Alternative(None, ())]
    ways[0] = [Alternative("shared", ways[0][0].rests_on)]
    found = cheapest(0, ways.__getitem__, lambda _: 1)
    assert found is not None
    lengths = [
        len(items_of(0, smallest(0, found, ways.__getitem__, lambda _: 1, work=work))) for work in (0, 500, 100_000)
    ]
    assert lengths[0] > lengths[1] > lengths[2] == 1
    half = smallest(0, found, ways.__getitem__, lambda _: 1, work=500)
    assert derivable(ways, set(items_of(0, half)))


def test_a_derivation_is_never_a_circle() -> None:
    ways: Ways = {
        0: [Alternative(None, (1,)), Alternative("a", (2,))],
        1: [Alternative(None, (0,))],
        2: [Alternative("b", ()), Alternative(None, (0,))],
    }
    assert items_of(0, cheapest(0, ways.__getitem__, lambda _: 1) or {}) == ["a", "b"]
    assert cheapest(0, {0: [Alternative[int, str](None, (0,))]}.__getitem__, lambda _: 1) is None


def test_the_cost_of_an_item_counts() -> None:
    ways: Ways = {
        0: [Alternative("a", ()), Alternative(None, (1, 2))],
        1: [Alternative("b", ())],
        2: [Alternative("c", ())],
    }
    for price, expected in ((1, ["a"]), (3, ["b", "c"])):
        found = cheapest(0, ways.__getitem__, lambda item, price=price: price if item == "a" else 1)  # type: ignore[misc]
        assert items_of(0, found or {}) == expected
