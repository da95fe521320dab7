"""``fga.mod``: the list of files that a modular model consists of, and the version of its language.

Reads and writes the text; opening the files is ``authz.dsl.files``. Source of the rules: pkg/go/transformer/
mod-to-json.go of the OpenFGA language; that a file is named once is our own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

import yaml

from authz.dsl.modules import SCHEMA_VERSION
from authz.dsl.parsed import MAX_MODEL_BYTES, Position, in_order, problem_at
from authz.errors import InvalidModel, ModelProblem

NAME = "fga.mod"
"""What the file is always called."""

_TEXT = "tag:yaml.org,2002:str"
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The schema version, and the files by their paths relative to the manifest, with the place of each."""

    schema_version: str
    contents: Mapping[str, Position]


def read_manifest(text: str) -> Manifest:
    """Read a manifest. Raises InvalidModel with everything that is wrong with it; nothing is opened.

    No path leads out of the folder by ``../`` or from the root; links are not looked at here.
    """
    fields = _fields(text)
    problems: list[ModelProblem] = []
    version = _schema(fields.get("schema"), problems)
    contents = _contents(fields.get("contents"), problems)
    if problems:
        raise InvalidModel(in_order(problems))
    return Manifest(version, contents)


def write_manifest(names: Iterable[str]) -> str:
    """Return the text of a manifest of these files; ``read_manifest`` gives their names back."""
    # A JSON text is a YAML text too.
    entries = "".join(f"  - {json.dumps(quote(name))}\n" for name in names)
    return f'schema: "{SCHEMA_VERSION}"\ncontents:{" []" if not entries else ""}\n{entries}'


def _problem(code: str, message: str, node: yaml.Node | None) -> ModelProblem:
    at = Position(node.start_mark.line + 1, node.start_mark.column + 1, NAME) if node else Position(1, 1, NAME)
    return problem_at(code, message, at)


def _fields(text: str) -> dict[str, yaml.Node]:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_MODEL_BYTES:
        raise InvalidModel([_problem("invalid-syntax", f"the file is larger than {MAX_MODEL_BYTES} bytes", None)])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = Position(mark.line + 1, mark.column + 1, NAME) if mark else Position(1, 1, NAME)
        raise InvalidModel([problem_at("invalid-syntax", f"not YAML: {error.problem}", at)]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidModel([_problem("invalid-syntax", "not YAML", None)]) from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise InvalidModel([_problem("invalid-syntax", "expected the fields `schema` and `contents`", root)])
    fields: dict[str, yaml.Node] = {}
    for key, value in root.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in fields:
            raise InvalidModel([_problem("invalid-syntax", f"the field `{key.value}` stands twice", key)])
        fields[key.value] = value
    return fields


def _schema(node: yaml.Node | None, problems: list[ModelProblem]) -> str:
    if node is None:
        problems.append(_problem("schema-version-required", "the field `schema` is missing", None))
    elif node.tag != _TEXT:
        message = f'`schema` is a text in quotes: "{SCHEMA_VERSION}"'
        problems.append(_problem("invalid-schema", message, node))
    elif node.value != SCHEMA_VERSION:
        message = f"only the schema version {SCHEMA_VERSION} has modules, not {node.value[:60]}"
        problems.append(_problem("invalid-schema", message, node))
    return SCHEMA_VERSION


def _contents(node: yaml.Node | None, problems: list[ModelProblem]) -> dict[str, Position]:
    found: dict[str, Position] = {}
    if node is None:
        problems.append(_problem("invalid-syntax", "the field `contents` is missing", None))
    elif not isinstance(node, yaml.SequenceNode):
        problems.append(_problem("invalid-syntax", "`contents` is a list of files", node))
    else:
        for item in node.value:
            name = _path(item, problems)
            if name is None:
                continue
            if name in found:
                problems.append(_problem("duplicated-error", f"the file {name} is named twice", item))
            else:
                found[name] = Position(item.start_mark.line + 1, item.start_mark.column + 1, NAME)
    return found


def _path(node: yaml.Node, problems: list[ModelProblem]) -> str | None:
    """Return the path that an entry names, escapes resolved and with ``/`` between its parts."""
    if node.tag != _TEXT:
        problems.append(_problem("invalid-syntax", "an entry of `contents` is the path of a file", node))
        return None
    written: str = node.value
    try:
        path = unquote_plus(written, errors="strict").replace("\\", "/")
    except UnicodeDecodeError:
        path = ""
    if not path or _BROKEN_ESCAPE.search(written) or not path.isprintable():
        message = "the path of the file cannot be read"
    elif path.startswith("/") or "../" in path:
        message = f"{written}: a module lies in the folder of its {NAME} or below"
    elif not path.endswith(".fga"):
        message = f"{written}: the name of a module ends in .fga"
    else:
        return path
    problems.append(_problem("invalid-syntax", message, node))
    return None
