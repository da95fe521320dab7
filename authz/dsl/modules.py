"""Puts the modules of a model together: types, extensions of types, conditions, each knowing its module and file.

Source of the rules: pkg/go/transformer/module-to-model.go of the OpenFGA language. Which files there are is said by
``authz.dsl.manifest``; how one is read by the parser; what the whole means is judged by the validator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from authz.dsl.parsed import (
    MAX_MODEL_BYTES,
    ParsedCondition,
    ParsedModel,
    ParsedRelation,
    ParsedType,
    Position,
    problem_at,
)
from authz.dsl.parser import parse_text
from authz.errors import InvalidModel, ModelProblem

SCHEMA_VERSION = "1.2"
"""The only version that has modules."""


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """The text of a module under the name that the manifest calls it by."""

    name: str
    text: str


def read_modules(
    files: Sequence[ModuleFile], schema_version: str = SCHEMA_VERSION, problems: Sequence[ModelProblem] = ()
) -> ParsedModel:
    """Read modules and put them together. Nothing is raised: what is wrong stands in ``problems`` of the result.

    Modules that do not parse are left out; the others are still compared with each other, so that one reading reports
    as much as possible. ``problems`` are those of modules that could not even be opened.
    """
    merger = _Merger(problems)
    size = 0
    for file in files:
        size += len(file.text.encode("utf-8", "surrogatepass"))
        if size > MAX_MODEL_BYTES:
            merger.report(
                "invalid-syntax", f"the model is larger than {MAX_MODEL_BYTES} bytes", Position(1, 1, file.name)
            )
            break
        merger.read(file)
    merger.extend()
    return ParsedModel(
        schema_version,
        Position(1, 1),
        tuple(merger.types.values()),
        tuple(merger.conditions.values()),
        problems=tuple(merger.problems),
    )


class _Merger:
    def __init__(self, problems: Sequence[ModelProblem]) -> None:
        self.problems = list(problems)
        self.types: dict[str, ParsedType] = {}
        self.extensions: list[ParsedType] = []
        self.conditions: dict[str, ParsedCondition] = {}
        self.whole = not problems
        """Whether every module could be read."""

    def report(self, code: str, message: str, at: Position) -> None:
        self.problems.append(problem_at(code, message, at))
        self.whole = False

    def read(self, file: ModuleFile) -> None:
        try:
            parsed = parse_text(file.text, file.name)
        except InvalidModel as error:
            self.problems += error.problems
            self.whole = False
            return
        if parsed.module is None:
            self.report("invalid-syntax", "the file is not a module: it begins with `model`", Position(1, 1, file.name))
            return
        for item in parsed.types:
            self._type(item)
        for condition in parsed.conditions:
            if condition.key in self.conditions:
                self._again(f"condition `{condition.key}`", self.conditions[condition.key].at, condition.at)
            self.conditions.setdefault(condition.key, condition)

    def _type(self, item: ParsedType) -> None:
        if item.extends:
            self.extensions.append(item)
            return
        if item.name in self.types:
            self._again(f"type `{item.name}`", self.types[item.name].at, item.at)
        self.types.setdefault(item.name, item)

    def _again(self, what: str, first: Position, at: Position) -> None:
        self.problems.append(problem_at("duplicated-error", f"the {what} is already defined in {first.file}", at))

    def extend(self) -> None:
        """Add the relations of every ``extend type`` to its type."""
        for extension in self.extensions:
            original = self.types.get(extension.name)
            if original is None:
                # Where a module could not be read the type may well stand in it.
                if self.whole:
                    message = f"the type `{extension.name}` is extended and not defined in any module"
                    self.problems.append(problem_at("invalid-type", message, extension.at))
            elif original.at.file == extension.at.file:
                message = f"the type `{extension.name}` is defined in this very file: add the relations there"
                self.problems.append(problem_at("invalid-type", message, extension.at))
            else:
                self.types[extension.name] = self._extended(original, extension)

    def _extended(self, original: ParsedType, extension: ParsedType) -> ParsedType:
        present: Mapping[str, ParsedRelation] = {entry.relation.name: entry for entry in original.relations}
        added: list[ParsedRelation] = []
        for entry in extension.relations:
            name = entry.relation.name
            if name in present:
                self._again(f"relation `{name}` of `{original.name}`", present[name].at, entry.at)
            else:
                added.append(entry)
        return replace(original, relations=(*original.relations, *added))
