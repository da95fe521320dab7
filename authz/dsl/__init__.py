"""The model language of OpenFGA (schema 1.1): text, JSON, and one typed model between them.

``parse`` and ``from_json`` give a valid model or raise InvalidModel with all its problems.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authz.dsl.json import read_json, to_json
from authz.dsl.model import AuthorizationModel
from authz.dsl.parsed import ParsedModel
from authz.dsl.parser import parse_text
from authz.dsl.printer import to_text
from authz.dsl.validate import validate
from authz.errors import InvalidModel

__all__ = ["from_json", "parse", "to_json", "to_text"]


def parse(text: str) -> AuthorizationModel:
    """Read and judge a model text. Raises InvalidModel with every problem, its code, line and column."""
    return _valid(parse_text(text))


def from_json(value: Mapping[str, Any]) -> AuthorizationModel:
    """Read and judge a model in OpenFGA's JSON shape. Raises InvalidModel; its problems carry no place (0, 0)."""
    return _valid(read_json(value))


def _valid(parsed: ParsedModel) -> AuthorizationModel:
    problems = validate(parsed)
    if problems:
        raise InvalidModel(problems)
    return parsed.model()
