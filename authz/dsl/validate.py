"""Judges what a model means: undefined names, duplicates, relations nobody can have. Reports everything at once.

Codes are those of the validator of the OpenFGA language (pkg/js/errors.ts in openfga/language). It is stricter than an
OpenFGA server: an unused condition and a duplicate type restriction are problems too. Two rules are the server's alone:
no relation may lead back to itself on one object (see ``authz.dsl.entrypoints``), and the expression of a condition
must compile to a bool (``invalid-condition-expression``, a code of our own). How a text is read is the parser's; limits
of a store are not looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from authz.dsl.compilation import compile_expression
from authz.dsl.entrypoints import circular, unreachable
from authz.dsl.expressions import InvalidExpression
from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Difference,
    Direct,
    Intersection,
    Relation,
    Rewrite,
    Source,
    TupleToUserset,
    TypeDefinition,
    TypeRestriction,
    Union,
)
from authz.dsl.parsed import (
    MAX_PROBLEMS,
    NOWHERE,
    LeafPosition,
    ParsedCondition,
    ParsedModel,
    ParsedRelation,
    ParsedType,
    Position,
    RestrictionPosition,
    children_of,
    in_order,
    leaves_of,
    problem_at,
)
from authz.errors import ModelProblem

SCHEMA_VERSIONS = ("1.1", "1.2")
RESERVED_NAMES = frozenset({"self", "this"})
TYPE_NAME = re.compile(r"[^:#@*\s]{1,254}")
RELATION_NAME = re.compile(r"[^:#@*\s]{1,50}")
CONDITION_NAME = re.compile(r"[^*\s]{1,50}")

_ONLY_A_MODULE = "this is one module of a model: `fga.mod`, which lists them all, is the whole"
_NO_LEAF = LeafPosition()
_NO_RESTRICTION = RestrictionPosition()


def validate(parsed: ParsedModel) -> list[ModelProblem]:
    """Return the problems of a model that was read (all of them, up to MAX_PROBLEMS), in the order of the text.

    Relations without an entry point are looked for only in a model without other problems, as one missing name would
    make a whole chain of relations unreachable. Of modules that could not be put together only the names are judged.
    """
    validator = _Validator(parsed)
    validator.run()
    return in_order(validator.problems)


def obstacles(parsed: ParsedModel) -> list[ModelProblem]:
    """Return what would be lost if a model that was read, and perhaps makes no sense, were written in another form."""
    if parsed.module is not None:
        return [problem_at("schema-version-required", _ONLY_A_MODULE, parsed.schema_at)]
    return in_order([*parsed.problems, *duplicate_types(parsed)])


def duplicate_types(parsed: ParsedModel) -> list[ModelProblem]:
    """Return the problem of every type that is defined again."""
    first: dict[str, ParsedType] = {}
    problems: list[ModelProblem] = []
    for item in parsed.types:
        if item.name in first:
            line = f" (again in line {item.at.line})" if item.at.line else ""
            message = f"the type `{item.name}` is defined twice{line}"
            problems.append(problem_at("duplicated-error", message, first[item.name].at))
        first.setdefault(item.name, item)
    return problems


class _Validator:
    def __init__(self, parsed: ParsedModel) -> None:
        self.parsed = parsed
        self.model: AuthorizationModel = parsed.model()
        self.problems = list(parsed.problems)

    def report(self, code: str, message: str, at: Position) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem_at(code, message, at))

    def run(self) -> None:
        version = self.parsed.schema_version
        if not version:
            message = "a model names its schema version" if self.parsed.module is None else _ONLY_A_MODULE
            self.report("schema-version-required", message, self.parsed.schema_at)
        elif version not in SCHEMA_VERSIONS:
            self.report("invalid-schema", f"the schema version {version} is not supported", self.parsed.schema_at)
        for item in self.parsed.types:
            self._names(item)
        self._modules_of_files()
        if self.problems:
            return
        self.problems += duplicate_types(self.parsed)
        for item in self.parsed.types:
            siblings = {entry.relation.name: entry.relation for entry in item.relations}
            for entry in item.relations:
                _RelationCheck(self, item.name, entry, siblings).run()
        if not self.problems:
            self._entry_points()
        self._conditions()

    # names

    def _names(self, item: ParsedType) -> None:
        self._name("type", item.name, TYPE_NAME, "reserved-type-keywords", item.at)
        for entry in item.relations:
            self._name("relation", entry.relation.name, RELATION_NAME, "reserved-relation-keywords", entry.at)

    def _name(self, noun: str, name: str, rule: re.Pattern[str], reserved: str, at: Position) -> None:
        if name in RESERVED_NAMES:
            self.report(reserved, f"a {noun} cannot be named `self` or `this`", at)
        if not rule.fullmatch(name):
            self.report("invalid-name", f"the {noun} name `{name[:60]}` does not match {rule.pattern}", at)

    def _modules_of_files(self) -> None:
        """A file holds one module. Only JSON can say otherwise: a text has one header."""
        modules: dict[str, set[str]] = {}
        for source in _sources(self.parsed):
            if source.module and source.file:
                modules.setdefault(source.file, set()).add(source.module)
        for file, names in modules.items():
            if len(names) > 1:
                message = f"the file `{file}` holds the modules {', '.join(sorted(names))}, and may hold only one"
                self.report("multiple-modules-in-file", message, NOWHERE)

    # whole model

    def _entry_points(self) -> None:
        places = {(item.name, entry.relation.name): entry.at for item in self.parsed.types for entry in item.relations}
        circles = {(name, relation) for name, item in self.model.types.items() for relation in circular(item)}
        lost = set(unreachable(self.model))
        for key, at in places.items():
            type_name, relation = key
            if key in circles:
                message = f"`{relation}` of `{type_name}` leads back to itself"
            elif key in lost:
                message = f"nobody can ever have `{relation}` of `{type_name}`: no tuple leads into it"
            else:
                continue
            self.report("relation-no-entry-point", message, at)

    def _conditions(self) -> None:
        used = {
            restriction.condition
            for item in self.parsed.types
            for entry in item.relations
            for restriction in entry.relation.restrictions
        }
        for condition in self.parsed.conditions:
            key, name = condition.key, condition.condition.name
            if key != name:
                message = f"the condition filed under `{key}` calls itself `{name}`"
                self.report("different-nested-condition-name", message, condition.at)
            if not CONDITION_NAME.fullmatch(key):
                rule = CONDITION_NAME.pattern
                self.report("invalid-name", f"the condition name `{key[:60]}` does not match {rule}", condition.at)
            if condition.condition.expression:
                self._expression(condition)
            else:
                self.report("invalid-syntax", f"the condition `{key}` has no expression", condition.at)
            if key not in used:
                self.report("condition-not-used", f"the condition `{key}` is not used in the model", condition.at)

    def _expression(self, parsed: ParsedCondition) -> None:
        condition = parsed.condition
        try:
            compile_expression(condition.parameters, condition.expression)
        except InvalidExpression as error:
            for fault in error.faults:
                message = f"the condition `{parsed.key}`: {fault.message}"
                self.report(
                    "invalid-condition-expression", message, parsed.expression_at.within(fault.line, fault.column)
                )


class _RelationCheck:
    """The rules for one relation: every name it uses is there, and nothing stands twice."""

    def __init__(
        self, validator: _Validator, type_name: str, entry: ParsedRelation, siblings: Mapping[str, Relation]
    ) -> None:
        self.report = validator.report
        self.model = validator.model
        self.entry = entry
        self.relation = entry.relation
        self.type_name = type_name
        self.siblings = siblings

    def run(self) -> None:
        leaves = leaves_of(self.relation.rewrite)
        places = self.entry.leaves or (_NO_LEAF,) * len(leaves)
        for leaf, place in zip(leaves, places, strict=True):
            match leaf:
                case Direct():
                    self._direct(place)
                case Computed(name):
                    if name not in self.siblings:
                        self.report("missing-definition", f"`{self.type_name}` has no relation `{name}`", place.at)
                case TupleToUserset():
                    self._tuple_to_userset(leaf, place)
        self._duplicate_operands(places)

    # direct lists

    def _direct(self, place: LeafPosition) -> None:
        if not self.relation.restrictions:
            message = f"the direct list of `{self.relation.name}` names no type"
            self.report("assignable-relation-must-have-type", message, place.at)
        places = self.entry.restrictions or (_NO_RESTRICTION,) * len(self.relation.restrictions)
        first: dict[TypeRestriction, RestrictionPosition] = {}
        for restriction, at in zip(self.relation.restrictions, places, strict=True):
            self._restriction(restriction, at)
            if restriction in first:
                message = f"`{restriction.text}` stands twice in the direct list of `{self.relation.name}`"
                self.report("duplicated-error", message, first[restriction].at)
            first.setdefault(restriction, at)

    def _restriction(self, restriction: TypeRestriction, place: RestrictionPosition) -> None:
        owner = self.model.types.get(restriction.type)
        if owner is None:
            self.report("invalid-type", f"there is no type `{restriction.type}`", place.at)
        if restriction.condition is not None and restriction.condition not in self.model.conditions:
            message = f"there is no condition `{restriction.condition}`"
            self.report("condition-not-defined", message, place.condition)
        if restriction.wildcard and restriction.relation is not None:
            message = f"`{restriction.text}` is a wildcard and a userset at once"
            self.report("type-wildcard-relation", message, place.at)
        elif restriction.relation is not None and not _has(owner, restriction.relation):
            message = f"`{restriction.type}` has no relation `{restriction.relation}`"
            self.report("invalid-relation-type", message, place.at)

    # X from Y

    def _tuple_to_userset(self, leaf: TupleToUserset, place: LeafPosition) -> None:
        tupleset = self.siblings.get(leaf.tupleset)
        if tupleset is None:
            message = f"`{self.type_name}` has no relation `{leaf.tupleset}`"
            self.report("invalid-relation-type", message, place.at)
            return
        not_direct = f"`{leaf.tupleset}` stands behind `from` and may only be a direct list of plain types"
        if not isinstance(tupleset.rewrite, Direct) or not tupleset.restrictions:
            self.report("tupleuserset-not-direct", not_direct, place.tupleset)
            return
        without: list[str] = []
        for restriction in tupleset.restrictions:
            if restriction.wildcard or restriction.relation is not None:
                self.report("tupleuserset-not-direct", not_direct, place.tupleset)
            elif not _has(self.model.types.get(restriction.type), leaf.relation):
                without.append(restriction.type)
        # One type that has the relation is enough; the others then simply add nothing.
        if len(without) == len(tupleset.restrictions):
            for type_name in without:
                message = f"`{leaf.relation} from {leaf.tupleset}`: `{type_name}` has no relation `{leaf.relation}`"
                self.report("invalid-relation-on-tupleset", message, place.at)

    # operands

    def _duplicate_operands(self, places: Sequence[LeafPosition]) -> None:
        """Report an operand that stands twice on the outermost level (deeper levels are left alone, as in OpenFGA)."""
        first: dict[Rewrite, LeafPosition] = {}
        start = 0
        for child in children_of(self.relation.rewrite):
            width = len(leaves_of(child))
            if isinstance(child, Union | Intersection | Difference | Direct):
                start += width
                continue
            if child in first:
                message = f"`{child.text}` stands twice in `{self.relation.name}`"
                self.report("duplicated-error", message, first[child].at)
            first.setdefault(child, places[start])
            start += width


def _has(owner: TypeDefinition | None, relation: str) -> bool:
    return owner is not None and relation in owner.relations


def _sources(parsed: ParsedModel) -> Iterator[Source]:
    for item in parsed.types:
        if item.source:
            yield item.source
        yield from (entry.relation.source for entry in item.relations if entry.relation.source)
    yield from (item.condition.source for item in parsed.conditions if item.condition.source)
