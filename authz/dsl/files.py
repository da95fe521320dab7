"""Opens model files: ``.fga``, ``.json``, and ``fga.mod`` with its modules. The only place of the language that reads.

What cannot be opened is a problem of the model like any other, told with its place in ``fga.mod``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from authz.dsl import manifest
from authz.dsl.json_reader import read_json
from authz.dsl.modules import ModuleFile, read_modules
from authz.dsl.parsed import MAX_MODEL_BYTES, NOWHERE, ParsedModel, Position, problem_at
from authz.dsl.parser import parse_text
from authz.errors import InvalidModel, ModelProblem

MAX_JSON_BYTES = 4 * 1024 * 1024
"""Largest model in JSON, which is some ten times as long as its text."""

_STORE_FILE = re.compile(
    r"(?:[ \t]*(?:#[^\n]*|---[ \t]*)?\r?\n)*(?:name|model|model_file|tuples|tuple_files?|tests):[ \t\r\n]"
)
"""The beginning of a store file: a field of it, where a model has ``model`` or ``module``."""


def read_file(path: Path) -> ParsedModel:
    """Read a model without judging its meaning; the name of the file tells what it is.

    Raises InvalidModel, and OSError when ``path`` itself cannot be opened.
    """
    if path.name == manifest.NAME:
        return _read_modules(path)
    if path.suffix == ".json":
        return read_json(_json(_text(path, MAX_JSON_BYTES)))
    text = _text(path, MAX_MODEL_BYTES)
    if _STORE_FILE.match(text):
        message = "this is a store file, not a model: `filegraph authz test` runs it, and judges the model in it"
        raise InvalidModel([problem_at("invalid-syntax", message, NOWHERE)])
    return parse_text(text)


def _read_modules(path: Path) -> ParsedModel:
    found = manifest.read_manifest(_text(path, MAX_MODEL_BYTES))
    root = path.parent.resolve()
    files: list[ModuleFile] = []
    problems: list[ModelProblem] = []
    size = 0
    for name, at in found.contents.items():
        if size > MAX_MODEL_BYTES:
            break  # Together they are too large, whatever else there is: that is told below.
        try:
            file = (root / name).resolve()
            if not file.is_relative_to(root):
                message = f"{name}: a module lies in the folder of its {manifest.NAME} or below"
                problems.append(problem_at("invalid-syntax", message, at))
                continue
            files.append(ModuleFile(name, _text(file, MAX_MODEL_BYTES)))
            size += len(files[-1].text)
        except OSError as error:
            problems.append(problem_at("invalid-syntax", f"{name}: {error.strerror or 'cannot be read'}", at))
        except InvalidModel as error:
            problems += [ModelProblem(item.code, item.message, item.line, item.column, name) for item in error.problems]
    return read_modules(files, found.schema_version, problems)


def _text(path: Path, limit: int) -> str:
    """Return the text of a file. A pipe is read as well, but never more than the limit of bytes."""
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise InvalidModel([problem_at("invalid-syntax", f"the file is larger than {limit} bytes", NOWHERE)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 (byte {error.start})"
        raise InvalidModel([problem_at("invalid-syntax", message, NOWHERE)]) from error


def _json(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_fields)
    except json.JSONDecodeError as error:
        at = Position(error.lineno, error.colno)
        raise InvalidModel([problem_at("invalid-syntax", f"not JSON: {error.msg}", at)]) from error
    except (ValueError, RecursionError) as error:
        message = "not JSON: it is nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"
        raise InvalidModel([problem_at("invalid-syntax", message, NOWHERE)]) from error
    if not isinstance(value, Mapping):
        raise InvalidModel([problem_at("invalid-syntax", "expected an object", NOWHERE)])
    return value


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        name = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise ValueError(f"the field {name[:60]!r} stands twice")
    return value
