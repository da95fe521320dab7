"""The cheapest derivation of a claim: which of its alternatives to take, and theirs, all the way down.

Knuth's generalisation of Dijkstra's search to claims that rest on several others ("A generalization of Dijkstra's
algorithm", 1977). Claims and tuples are whatever can be a key; nothing here knows what they mean.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from functools import reduce
from itertools import count
from operator import or_
from typing import Any, Generic, NamedTuple, TypeVar

Claim = TypeVar("Claim", bound=Hashable)
Item = TypeVar("Item", bound=Hashable)

WORK = 200_000
"""Ways that are looked at to find what is superfluous: less than half a second."""


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
    found: Derivation[Claim, Item],
    alternatives: Callable[[Claim], Iterable[Alternative[Claim, Item]]],
    cost: Callable[[Item], int],
    work: int = WORK,
) -> Derivation[Claim, Item]:
    """Return what is left of a derivation of ``root`` once nothing could be left out: none of its items is superfluous.

    So far as ``work`` goes, the ways that may be looked at: then what was found so far.
    """
    budget = _Budget(work)
    ways: _Ways[Claim, Item] = _reachable(root, alternatives)
    try:
        while True:
            taken: list[Item] = items_of(root, found)
            ways = _restricted(root, ways, set(taken))
            needed = _indispensable(root, ways, taken, budget)
            spare = next((item for item in taken if item not in needed), None)
            if spare is None:
                return found
            budget.spend(sum(map(len, ways.values())))
            without = _restricted(root, ways, set(taken) - {spare})
            shorter = cheapest(root, without.__getitem__, cost)
            if shorter is None:
                raise AssertionError("an item is needed, and was told not to be")
            found = shorter
    except _SpentError:
        return found


class _SpentError(Exception):
    """The budget has nothing left."""


class _Budget:
    """Work that may still be done."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, work: int = 1) -> None:
        """Count work. Raises _SpentError."""
        self._left -= work
        if self._left < 0:
            raise _SpentError


_Ways = Mapping[Claim, Sequence[Alternative[Claim, Item]]]


def _restricted(root: Claim, ways: _Ways[Claim, Item], items: Set[Item]) -> _Ways[Claim, Item]:
    """Return the ways that take none but some items."""
    return _reachable(root, lambda claim: [way for way in ways[claim] if way.item is None or way.item in items])


def _indispensable(root: Claim, ways: _Ways[Claim, Item], items: Sequence[Item], budget: _Budget) -> set[Item]:
    """Return which of ``items``, all that there are, no derivation of ``root`` can do without. Raises _SpentError.

    A claim needs what each of its ways needs: sets of items, as the bits of a number, that shrink until they stay.
    """
    bits = {item: 1 << place for place, item in enumerate(items)}
    everything = (1 << len(bits)) - 1
    needs: dict[Claim, int] = {}
    uses: dict[Claim, dict[Claim, None]] = {}
    for claim, found in ways.items():
        for way in found:
            for part in way.rests_on:
                uses.setdefault(part, {})[claim] = None
    todo = deque(claim for claim, found in ways.items() if any(not way.rests_on for way in found))
    waiting = set(todo)
    while todo:
        claim = todo.popleft()
        waiting.discard(claim)
        need = needs.get(claim, everything)
        for way in ways[claim]:
            budget.spend(1 + len(way.rests_on))
            if all(part in needs for part in way.rests_on):
                own = bits[way.item] if way.item is not None else 0
                need &= reduce(or_, (needs[part] for part in way.rests_on), own)
        if claim not in needs or need != needs[claim]:
            needs[claim] = need
            new = [user for user in uses.get(claim, ()) if user not in waiting]
            waiting.update(new)
            todo += new
    return {item for item, bit in bits.items() if needs[root] & bit}


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
