"""The model language of OpenFGA (schema 1.1 and 1.2): text, modules, JSON, and one typed model between them.

``parse``, ``parse_modules``, ``from_json`` and ``load`` give a valid model or raise InvalidModel with all its problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from authz.dsl.files import read_file
from authz.dsl.json_reader import read_json
from authz.dsl.json_writer import to_json
from authz.dsl.model import AuthorizationModel
from authz.dsl.module_printer import to_modules
from authz.dsl.modules import ModuleFile, read_modules
from authz.dsl.parsed import ParsedModel
from authz.dsl.parser import parse_text
from authz.dsl.printer import to_text
from authz.dsl.validate import validate
from authz.errors import InvalidModel

__all__ = ["ModuleFile", "from_json", "load", "parse", "parse_modules", "to_json", "to_modules", "to_text"]


def parse(text: str) -> AuthorizationModel:
    """Read and judge a model text. Raises InvalidModel with every problem, its code, line and column."""
    return _valid(parse_text(text))


def parse_modules(files: Sequence[ModuleFile]) -> AuthorizationModel:
    """Read and judge the modules of a model. Raises InvalidModel with every problem, its code and place."""
    return _valid(read_modules(files))


def from_json(value: Mapping[str, Any]) -> AuthorizationModel:
    """Read and judge a model in OpenFGA's JSON shape. Raises InvalidModel; its problems carry no place (0, 0)."""
    return _valid(read_json(value))


def load(path: Path) -> AuthorizationModel:
    """Read and judge a model file: ``.fga``, ``.json`` or ``fga.mod``. Raises InvalidModel, and OSError."""
    return _valid(read_file(path))


def _valid(parsed: ParsedModel) -> AuthorizationModel:
    problems = validate(parsed)
    if problems:
        raise InvalidModel(problems)
    return parsed.model()
