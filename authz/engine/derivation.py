"""The cheapest derivation of a claim: which of its alternatives to take, and theirs, all the way down.

Knuth's generalisation of Dijkstra's search to claims that rest on several others ("A generalization of Dijkstra's
algorithm", 1977). Claims and tuples are whatever can be a key; nothing here knows what they mean.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

Claim = TypeVar("Claim", bound=Hashable)
Item = TypeVar("Item", bound=Hashable)


class Alternative(NamedTuple, Generic[Claim, Item]):
    """One way to derive a claim: it takes ``item`` (None: nothing) and every claim of ``rests_on``."""

    item: Item | None
    rests_on: tuple[Claim, ...]


Derivation = Mapping[Claim, Alternative[Claim, Item]]
"""The alternative taken for each claim."""


def cheapest(
    root: Claim,
    alternatives: Callable[[Claim], Iterable[Alternative[Claim, Item]]],
    cost: Callable[[Item], int],
) -> Derivation[Claim, Item] | None:
    """Return the derivation of ``root`` that costs least, of equals the one with fewest steps; None: there is none.

    What several claims rest on is counted for each of them: then there can be a cheaper one.
    """
    ways = _reachable(root, alternatives)
    uses: dict[Claim, list[tuple[Claim, Alternative[Claim, Item]]]] = {}
    ticket = count()
    heap: list[tuple[int, int, int, Claim, Alternative[Claim, Item]]] = []
    done: dict[Claim, tuple[int, int]] = {}
    chosen: dict[Claim, Alternative[Claim, Item]] = {}

    def offer(claim: Claim, way: Alternative[Claim, Item]) -> None:
        if claim not in done and all(part in done for part in way.rests_on):
            price = (0 if way.item is None else cost(way.item)) + sum(done[part][0] for part in way.rests_on)
            steps = 1 + sum(done[part][1] for part in way.rests_on)
            heapq.heappush(heap, (price, steps, next(ticket), claim, way))

    for claim, found in ways.items():
        for way in found:
            for part in set(way.rests_on):
                uses.setdefault(part, []).append((claim, way))
            if not way.rests_on:
                offer(claim, way)
    while heap and root not in done:
        price, steps, _, claim, way = heapq.heappop(heap)
        if claim not in done:
            done[claim], chosen[claim] = (price, steps), way
            for user, other in uses.get(claim, ()):
                offer(user, other)
    return chosen if root in done else None


def items_of(root: Claim, derivation: Mapping[Claim, Alternative[Claim, Item]]) -> list[Item]:
    """Return what a derivation of ``root`` takes, each thing once, in the order in which it is met."""
    found: dict[Item, None] = {}
    for claim in claims_of(root, derivation):
        item = derivation[claim].item
        if item is not None:
            found[item] = None
    return list(found)


def smallest(
    root: Claim,
    alternatives: Callable[[Claim], Sequence[Alternative[Claim, Item]]],
    cost: Callable[[Item], int],
) -> Derivation[Claim, Item] | None:
    """Return a derivation of which nothing could be left out: none of its items is superfluous."""
    found = cheapest(root, alternatives, cost)
    if found is None:
        return None

    def within(claim: Claim, without: Item | None = None) -> list[Alternative[Claim, Item]]:
        return [way for way in alternatives(claim) if way.item is None or (way.item in kept and way.item != without)]

    taken: list[Item] = items_of(root, found)
    kept = set(taken)
    indispensable = _indispensable(root, within)
    for item in taken:
        if item in kept and item not in indispensable:
            shorter = cheapest(root, partial(within, without=item), cost)
            if shorter is not None:
                found = shorter
                left: list[Item] = items_of(root, shorter)
                kept = set(left)
    return found


def _indispensable(root: Claim, alternatives: Callable[[Claim], Sequence[Alternative[Claim, Item]]]) -> set[Item]:
    """Return items that every derivation of ``root`` takes: those on the ways to which there is no alternative."""
    found: set[Item] = set()
    needed = {root}
    todo = [root]
    while todo:
        ways = alternatives(todo.pop())
        if len(ways) == 1:
            (way,) = ways
            if way.item is not None:
                found.add(way.item)
            todo += [part for part in way.rests_on if part not in needed]
            needed.update(way.rests_on)
    return found


def _reachable(
    root: Claim, alternatives: Callable[[Claim], Iterable[Alternative[Claim, Item]]]
) -> dict[Claim, list[Alternative[Claim, Item]]]:
    ways: dict[Claim, list[Alternative[Claim, Item]]] = {}
    todo = [root]
    while todo:
        claim = todo.pop()
        if claim not in ways:
            ways[claim] = list(alternatives(claim))
            todo += [part for way in ways[claim] for part in way.rests_on]
    return ways


def claims_of(root: Claim, derivation: Mapping[Claim, Alternative[Claim, Any]]) -> Iterator[Claim]:
    """Yield the claims of a derivation of ``root``, each once: depth first, a claim before what it rests on."""
    seen: set[Claim] = set()
    todo = [root]
    while todo:
        claim = todo.pop()
        if claim not in seen:
            seen.add(claim)
            yield claim
            todo += reversed(derivation[claim].rests_on)
