"""The actor's side of a question: which usersets (groups, roles, organizations, share links) stand for somebody.

``compile_subjects`` turns the relations that may stand in a tuple as ``type#relation`` into plain rules "whoever is a
subject of this kind, named by a tuple of that relation, is in this userset", for a recursive query. A relation that
rules cannot express (``and``, ``but not``, ``X from Y``) is named instead, to be listed by the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from authz.dsl.model import Computed, Direct, TupleToUserset
from authz.engine.typesystem import Kind, Node, Typesystem, is_pure_union, kind_of, leaves
from authz.errors import UnplannableRelation


@dataclass(frozen=True, slots=True, order=True)
class SubjectRule:
    """A tuple of ``type#relation`` that names a subject of ``kind`` puts that subject into ``type#userset``.

    ``condition`` is the name of the one that the tuple carries, and that has to hold; empty for none.
    """

    kind: Kind
    type: str
    relation: str
    userset: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class SubjectRules:
    """What a query needs to know of the actor's side.

    ``rules`` drive the recursion. ``listed`` are the usersets the engine has to list for an actor beforehand.
    ``implied`` maps ``type#relation`` to the usersets of the same object that contain it by the model alone.
    """

    rules: tuple[SubjectRule, ...]
    listed: tuple[Node, ...]
    implied: Mapping[Node, tuple[str, ...]]

    def closure(self, userset: str) -> list[str]:
        """Return ``userset`` and every userset of the same object that contains it by the model alone."""
        bare = userset.partition("#")[0]
        return [userset, *(f"{bare}#{name}" for name in self.implied.get(kind_of(userset), ()))]


def compile_subjects(typesystem: Typesystem, structural: Collection[tuple[str, str]]) -> SubjectRules:
    """Return the rules of every userset that a tuple may name and that is not tied to a structural edge."""
    rules: set[SubjectRule] = set()
    listed: list[Node] = []
    implied: dict[Node, list[str]] = {}
    for node in sorted(userset_kinds(typesystem)):
        if _structural_edges(typesystem, node, structural):
            continue
        within = _within(typesystem, node)
        if within is None:
            listed.append(node)
            continue
        type_name, _, userset = node.partition("#")
        for relation in within:
            if relation != userset:
                implied.setdefault(f"{type_name}#{relation}", []).append(userset)
            rules.update(
                SubjectRule(kind, type_name, relation, userset, condition)
                for kind, condition in typesystem.entries(f"{type_name}#{relation}")
            )
    frozen = {node: tuple(names) for node, names in implied.items()}
    return SubjectRules(tuple(sorted(rules)), tuple(listed), frozen)


def userset_kinds(typesystem: Typesystem) -> frozenset[Kind]:
    """Return every kind of userset that the model allows in a tuple."""
    return frozenset(kind for kinds in typesystem.kinds.values() for kind in kinds if "#" in kind)


def require_subject_kind(typesystem: Typesystem, kind: Kind, structural: Collection[tuple[str, str]]) -> None:
    """Raise UnplannableRelation unless the subjects of ``kind`` can be told without the tree and without cycles.

    The engine says no on a cycle, also behind ``but not``; a query follows it to its end. The two agree on groups that
    contain each other through one relation that lists itself, and that is what is let through.
    """
    if "#" not in kind:
        return
    edges = _structural_edges(typesystem, kind, structural)
    if edges:
        raise UnplannableRelation(f"{kind} may hold a grant and depends on the structural edge {min(edges)}")
    for node in {kind, *typesystem.led_to(kind)}:
        type_name, _, relation = node.partition("#")
        rewrite = typesystem.relation(type_name, relation).rewrite
        lists_itself = is_pure_union(rewrite) and not any(
            node in typesystem.targets(type_name, relation, leaf)
            for leaf in leaves(rewrite)
            if not isinstance(leaf, Direct)
        )
        if node in typesystem.led_to(node, without_own_edge=lists_itself):
            raise UnplannableRelation(f"{kind} may hold a grant and {node} depends on itself")


def _structural_edges(
    typesystem: Typesystem, kind: Kind, structural: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    found = set()
    for node in {kind, *typesystem.led_to(kind)} & typesystem.kinds.keys():
        type_name, _, relation = node.partition("#")
        for leaf in leaves(typesystem.relation(type_name, relation).rewrite):
            if not isinstance(leaf, Direct | Computed) and (type_name, leaf.tupleset) in structural:
                found.add((type_name, leaf.tupleset))
    return found


def _within(typesystem: Typesystem, node: Node) -> list[str] | None:
    """Return the relation of ``node`` and every one of its object that it contains; None if rules cannot say it."""
    type_name, _, relation = node.partition("#")
    found = [relation]
    for name in found:
        rewrite = typesystem.relation(type_name, name).rewrite
        parts = list(leaves(rewrite))
        if not is_pure_union(rewrite) or any(isinstance(leaf, TupleToUserset) for leaf in parts):
            return None
        contained = (leaf.relation for leaf in parts if isinstance(leaf, Computed))
        found += [each for each in dict.fromkeys(contained) if each not in found]
    return found


def followable_nodes(typesystem: Typesystem, rules: SubjectRules) -> frozenset[Node]:
    """Return the nodes that a query over ``rules`` decides as the engine does, whatever cycles there are.

    Not one that a tuple under a condition may lead into: a query does not evaluate them.
    """
    found = set()
    for node in {f"{rule.type}#{rule.userset}" for rule in rules.rules}:
        if any(typesystem.conditional[within] for within in {node, *typesystem.led_to(node)}):
            continue
        with suppress(UnplannableRelation):
            require_subject_kind(typesystem, node, ())
            found.add(node)
    return frozenset(found)
