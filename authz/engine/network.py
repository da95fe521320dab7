"""The evaluation of relations as a network of gates that grows in rounds.

Every ``object#relation`` that a question leads to becomes one gate, shared by all paths that reach it. A gate knows
two bit masks: ``low``, the users who certainly hold the relation, and ``high``, those who may. Facts only ever raise
``low`` and lower ``high``, so that the order of reads and of branches can never change an answer. A round asks for the
tuples of all gates that still matter in one batch; a branch that is decided asks for nothing more.

Whoever is between the two masks when nothing is left to read stands on a cycle. OpenFGA says no to a cycle, also on
either side of ``but not``; nobody between the masks is ever allowed, and that is the same rule. One kind of cycle
OpenFGA does resolve, groups that contain each other: see ``settle``. Or a condition could not be decided, which is an
error where nothing else decides: see ``authz.engine.doubt``.

A check has one bit. ``list_users`` has one for every user that it meets, and a mask of endless ones (-1) for
"everybody".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from authz.engine.conditions import Circumstances
from authz.engine.contextual import merged
from authz.engine.doubt import first_failure
from authz.engine.gate import Gate, Read
from authz.engine.memory import MemoryTuples
from authz.engine.outline import Leaf, Operator, Outline, Outlines
from authz.engine.reader import Found, SubjectQuery, TupleReader
from authz.engine.typesystem import Kind, Node, Typesystem, kind_of, type_of
from authz.errors import ConditionFailed, ResolutionTooComplex

LEVEL_LIMIT = 200
"""Rounds of reads, which is the depth of the resolution: userset in userset, object from object."""

GATE_LIMIT = 500_000
"""Gates of one network: a bound on time and memory (about 24 us and 400 bytes each), far above any sane question."""

BIT_LIMIT = 2_000_000_000
"""Gates times the users that they tell apart: a bound on the memory of their masks, some hundred megabytes."""


class Universe(Protocol):
    """Which users a network speaks of, and the bit that each of them has."""

    full: int
    user: str | None
    outlines: Outlines
    """What each relation asks for, for such users."""
    known: frozenset[Node]
    """The nodes whose usersets ``mask`` can judge by itself, once ``learn`` was called."""

    @property
    def width(self) -> int:
        """How many users have a bit by now."""
        ...

    def mask(self, subject: str) -> int:
        """Return the bits of those whom ``subject`` names: a plain user, a wildcard, a userset of a known node."""
        ...

    def learn(self) -> None:
        """Read what ``mask`` needs to judge usersets of the ``known`` nodes. Called before the first of them."""
        ...

    def self_mask(self, name: str) -> int:
        """Return the bit of the userset ``name`` itself: it holds its own relation."""
        ...


class Network:
    """The gates of one universe of users, over one set of contextual tuples and under one context."""

    def __init__(
        self,
        typesystem: Typesystem,
        universe: Universe,
        circumstances: Circumstances,
        contextual: MemoryTuples | None = None,
    ) -> None:
        self._types = typesystem
        self._universe = universe
        self._circumstances = circumstances
        self._contextual = contextual if contextual is not None and len(contextual) else None
        self._gates: dict[tuple[str, str], Gate] = {}
        self._unbuilt: list[tuple[Gate, str, Outline]] = []
        self._answers: dict[SubjectQuery, Sequence[Found]] = {}
        self._asked: dict[SubjectQuery, list[tuple[Gate, Read]]] = {}
        self._dirty: dict[Gate, None] = {}
        self._roots: list[Gate] = []
        self._unlearnt: list[tuple[Gate, str]] = []
        self._failures: dict[Gate, ConditionFailed] = {}
        self.count = 0

    def ask(self, object_name: str, relation: str) -> Gate:
        """Add a question; its gate holds the answer in ``low`` after ``resolve``.

        Raises UnknownType or UnknownRelation.
        """
        gate = self._gate_of(object_name, relation)
        self._roots.append(gate)
        return gate

    def pending(self) -> list[SubjectQuery]:
        """Return the reads that undecided questions wait for, and remember them as asked."""
        self._build()
        self._propagate()
        known = True
        while known:
            known = False
            for gate in self._undecided():
                reads, gate.queries = gate.queries, []
                for read in reads:
                    found = self._answers.get(read.query)
                    if found is None:
                        self._asked.setdefault(read.query, []).append((gate, read))
                        # Where the question itself tells the way there is no need to wait for what is stored.
                        brought = self._brought(read)
                        if brought:
                            known = True
                            self._attach(gate, read, brought)
                    else:
                        known = True
                        self._grow(gate, read, found)
            self._build()
            self._propagate()
            known = self._learn() or known
        return list(self._asked)

    def feed(self, answers: Mapping[SubjectQuery, Sequence[Found]]) -> None:
        """Take in the answers to all pending reads."""
        asked, self._asked = self._asked, {}
        for query, waiting in asked.items():
            found: Sequence[Found] = answers[query]
            if self._contextual is not None and (own := self._contextual.named_by(query)):
                found = merged(own, found)
            self._answers[query] = found
            for gate, read in waiting:
                brought = self._brought(read)
                self._grow(gate, read, [each for each in found if each not in brought] if brought else found)
        self._build()
        self._propagate()

    def undecided(self) -> bool:
        """Tell whether a question is still open."""
        return any(root.low != root.high for root in self._roots)

    def _undecided(self) -> list[Gate]:
        seen = {root for root in self._roots if root.low != root.high}
        todo = list(seen)
        while todo:
            for child in todo.pop().children:
                if child.low != child.high and child not in seen:
                    seen.add(child)
                    todo.append(child)
        return list(seen)

    def _gate_of(self, object_name: str, relation: str) -> Gate:
        gate = self._gates.get((object_name, relation))
        if gate is not None:
            return gate
        node = f"{type_of(object_name)}#{relation}"
        outline = self._universe.outlines.of(node)
        gate = self._gates[object_name, relation] = self._new(outline.operator, node)
        gate.seed = self._universe.self_mask(f"{object_name}#{relation}")
        self._unbuilt.append((gate, object_name, outline))
        return gate

    def _new(self, operator: Operator, node: Node | None = None) -> Gate:
        self.count += 1
        if self.count > GATE_LIMIT:
            raise ResolutionTooComplex(f"more than {GATE_LIMIT} relations to resolve")
        return Gate(operator, self._universe.full, node)

    def _build(self) -> None:
        """Give gates their children, as far as the model alone says; a work list, for computed chains may be long."""
        user = self._universe.user
        while self._unbuilt:
            gate, object_name, outline = self._unbuilt.pop()
            for leaf in outline.leaves:
                asked = user if leaf.follow is None else None
                gate.queries.append(Read(SubjectQuery(object_name, leaf.relation, asked), leaf))
            gate.waiting += len(outline.leaves)
            for relation in outline.relations:
                self._link(gate, self._gate_of(object_name, relation))
            for part in outline.parts:
                child = self._new(part.operator)
                self._unbuilt.append((child, object_name, part))
                self._link(gate, child)
            if gate.seed or not (gate.waiting or gate.children):
                self._dirty[gate] = None

    def _grow(self, gate: Gate, read: Read, found: Sequence[Found]) -> None:
        """Add what a read has shown to the gate that waited for it."""
        gate.waiting -= 1
        if found:
            self._attach(gate, read, found)
            if self.count * self._universe.width > BIT_LIMIT:
                raise ResolutionTooComplex(f"more than {BIT_LIMIT} users of relations to tell apart")
        if gate.seed or not gate.waiting:
            self._dirty[gate] = None

    def _brought(self, read: Read) -> Sequence[Found]:
        """Return the objects that contextual tuples alone lead to; such a gate is theirs before the read is done."""
        if read.leaf.follow is None or self._contextual is None:
            return ()
        return self._contextual.named_by(read.query)

    def _attach(self, gate: Gate, read: Read, found: Sequence[Found]) -> None:
        """Give a gate what tuples name."""
        allowed, follow = read.leaf.allowed, read.leaf.follow
        nodes = self._universe.outlines.nodes
        for subject, condition in found:
            kind = kind_of(subject)
            if condition is None:
                if kind not in allowed:
                    continue
            elif not self._holds(gate, read, kind, Found(subject, condition)):
                continue
            if follow is not None:
                if f"{kind}#{follow}" in nodes:
                    self._link(gate, self._gate_of(subject, follow))
            elif "#" not in subject:
                gate.seed |= self._universe.mask(subject)
            elif kind in self._universe.known:
                self._unlearnt.append((gate, subject))
                gate.waiting += 1
            elif kind in nodes:
                bare, _, relation = subject.partition("#")
                self._link(gate, self._gate_of(bare, relation))

    def _holds(self, gate: Gate, read: Read, kind: Kind, found: Found) -> bool:
        """Tell whether a tuple with a condition counts; where that cannot be decided, leave its gate in doubt."""
        (subject, condition), (query, leaf) = found, read
        if condition is None or (kind, condition.name) not in leaf.conditional:
            return False
        try:
            return self._circumstances.met(condition)
        except ConditionFailed as failure:
            doubt = self._whom(kind, subject, leaf)
            if doubt:
                gate.doubt |= doubt
                named = type(failure)(f"{failure}, of {subject} as {leaf.relation} of {query.object}")
                self._failures.setdefault(gate, named)
            return False

    def _whom(self, kind: Kind, subject: str, leaf: Leaf) -> int:
        """Return those whom a tuple could make hold its gate. Of a userset, as in OpenFGA, whoever may be in one."""
        nodes = self._universe.outlines.nodes
        if (f"{kind}#{leaf.follow}" if leaf.follow is not None else kind) in nodes:
            return self._universe.full
        return self._universe.mask(subject) if leaf.follow is None and "#" not in subject else 0

    def _learn(self) -> bool:
        """Judge the usersets that wait for it, if the gates they stand in still matter; tell whether it was done."""
        if not self._unlearnt or set(self._undecided()).isdisjoint(gate for gate, _ in self._unlearnt):
            return False
        self._universe.learn()
        for gate, subject in self._unlearnt:
            gate.waiting -= 1
            gate.seed |= self._universe.mask(subject)
            self._dirty[gate] = None
        self._unlearnt.clear()
        self._propagate()
        return True

    def _link(self, gate: Gate, child: Gate) -> None:
        gate.children.append(child)
        child.parents.append(gate)
        if child.low or child.high != self._universe.full:
            self._dirty[gate] = None

    def _propagate(self) -> None:
        full = self._universe.full
        while self._dirty:
            # In waves, so that a gate with many children is worked out once for all of them; and the youngest first:
            # mostly children are younger than their parents, so that a wave alone decides what the model decides.
            wave, self._dirty = self._dirty, {}
            while wave:
                gate, _ = wave.popitem()
                low, high = gate.evaluate(full)
                low |= gate.low
                high &= gate.high
                if low != gate.low or high != gate.high:
                    gate.low, gate.high = low, high
                    for parent in gate.parents:
                        if parent not in wave:
                            self._dirty[parent] = None

    def settle(self) -> None:
        """Say no where only groups that contain each other stand between a user and an answer.

        A relation that lists itself (``define member: [user, group#member]``) is the one cycle that OpenFGA follows
        with a visited set and decides exactly, instead of calling it a cycle. Taken away are the users who could hold
        the relation only through other such memberships of the same relation, all equally unfounded.
        """
        changed = True
        while changed and self.undecided():
            by_node: dict[Node, list[Gate]] = {}
            for gate in self._undecided():
                if gate.node is not None and gate.node in self._types.kinds.get(gate.node, ()):
                    by_node.setdefault(gate.node, []).append(gate)
            changed = any(self._settle_node(node, gates) for node, gates in by_node.items())
            self._propagate()

    def _settle_node(self, node: Node, gates: list[Gate]) -> bool:
        unfounded = {gate: gate.open & ~gate.doubt for gate in gates}
        todo = dict.fromkeys(gates)
        while todo:
            gate, _ = todo.popitem()
            mask = unfounded[gate]
            for child in gate.children:
                mask &= ~child.open | (unfounded.get(child, 0) if child.node == node else 0)
            if mask != unfounded[gate]:
                unfounded[gate] = mask
                todo.update(dict.fromkeys(parent for parent in gate.parents if parent in unfounded))
        for gate, mask in unfounded.items():
            if mask:
                gate.high &= ~mask
                self._dirty.update(dict.fromkeys(gate.parents))
        return any(unfounded.values())

    def require_decided(self) -> None:
        """Raise the ConditionFailed that an answer hangs on, if there is one."""
        failure = first_failure(self._roots, self._failures) if self._failures else None
        if failure is not None:
            raise failure


def resolve(networks: Iterable[Network], reader: TupleReader) -> None:
    """Answer every question of ``networks``, with one read per round for all of them together.

    Raises ResolutionTooComplex when a question is still open after LEVEL_LIMIT rounds, ConditionFailed when it hangs on
    a condition that cannot be decided, and whatever the reader raises.
    """
    networks = list(networks)
    for _ in range(LEVEL_LIMIT + 1):
        wanted: dict[SubjectQuery, Sequence[Found]] = {}
        for network in networks:
            wanted.update(dict.fromkeys(network.pending(), ()))
        if not wanted:
            break
        queries = list(wanted)
        wanted.update(zip(queries, reader.subjects(queries), strict=True))
        for network in networks:
            network.feed(wanted)
    else:
        raise ResolutionTooComplex(f"deeper than {LEVEL_LIMIT} levels")
    for network in networks:
        if network.undecided():
            network.settle()
            network.require_decided()
