"""Writes a modular model as its files: ``fga.mod`` and the text of every module. Nothing is lost but comments.

One text for the whole model, without its modules, is ``authz.dsl.printer``'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from authz.dsl import manifest
from authz.dsl.model import AuthorizationModel, Condition, Relation, Source, TypeDefinition
from authz.dsl.modules import ModuleFile, read_modules
from authz.dsl.printer import canonical, condition_text, type_text, unspeakable
from authz.errors import InvalidModel, ModelProblem


@dataclass(slots=True)
class _Module:
    """What one file holds."""

    name: str
    types: list[TypeDefinition] = field(default_factory=list)
    extensions: dict[str, dict[str, Relation]] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)

    def text(self) -> str:
        blocks = [f"module {self.name}\n"]
        blocks += [type_text(definition) for definition in self.types]
        blocks += [type_text(TypeDefinition(name, found), extends=True) for name, found in self.extensions.items()]
        blocks += [condition_text(condition) for condition in self.conditions]
        return "\n".join(blocks)


def to_modules(model: AuthorizationModel) -> dict[str, str]:
    """Return the files of a modular model, path -> text; ``fga.mod`` comes first.

    Raises InvalidModel when a part of the model names no module or no file, or when the files would not say the same
    as the model (code ``unsupported-nesting``).
    """
    wanted = canonical(model)
    modules: dict[str, _Module] = {}
    for definition in wanted.types.values():
        owner = _module(modules, definition.source, f"the type `{definition.name}`")
        own = {name: relation for name, relation in definition.relations.items() if relation.source is None}
        owner.types.append(replace(definition, relations=own))
        for name, relation in definition.relations.items():
            if relation.source is not None:
                extender = _module(modules, relation.source, f"the relation `{name}` of `{definition.name}`")
                extender.extensions.setdefault(definition.name, {})[name] = relation
    for condition in wanted.conditions.values():
        _module(modules, condition.source, f"the condition `{condition.name}`").conditions.append(condition)
    texts = {name: module.text() for name, module in modules.items()}
    list_of_files = manifest.write_manifest(texts)
    files = [ModuleFile(name, texts.get(name, "")) for name in manifest.read_manifest(list_of_files).contents]
    again = read_modules(files)
    if again.problems or again.model() != wanted:
        raise unspeakable()
    return {manifest.NAME: list_of_files, **texts}


def _module(modules: dict[str, _Module], source: Source | None, what: str) -> _Module:
    if source is None or not source.module or not source.file:
        raise InvalidModel([ModelProblem("invalid-syntax", f"{what} does not tell its module and file", 0, 0)])
    module = modules.setdefault(source.file, _Module(source.module))
    if module.name != source.module:
        message = f"the file `{source.file}` holds the modules {module.name}, {source.module}, and may hold only one"
        raise InvalidModel([ModelProblem("multiple-modules-in-file", message, 0, 0)])
    return module
