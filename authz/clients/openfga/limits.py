"""What an OpenFGA server takes of a model, and the modelling language does not limit: told before anything is sent.

The numbers are those of OpenFGA 1.22.1: what a condition may be stands in its protocol and holds on every server; the
count of types and the size of a model are settings of a server, here by their defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from authz.dsl import to_json
from authz.dsl.model import AuthorizationModel
from authz.errors import ModelProblem

MAX_CONDITIONS = 25
MAX_PARAMETERS = 25
"""Of one condition."""
MAX_EXPRESSION_BYTES = 512
MAX_TYPES = 100
MAX_SIZE_BYTES = 256 << 10
"""Of a model as the server keeps it."""

_CODE = "server-limit"
_ID = 1 + 1 + 26
"""Bytes of the id that the server gives a model."""
_MAPS = frozenset({"relations", "conditions", "parameters"})


def problems(model: AuthorizationModel) -> list[ModelProblem]:
    """Return why no server takes the model; they have no place in its text."""
    return [ModelProblem(_CODE, f"OpenFGA takes {sentence}", 0, 0) for sentence in _refused(model)]


def warnings(model: AuthorizationModel) -> list[ModelProblem]:
    """Return why a server takes the model only if its settings say so."""
    found = []
    if len(model.types) > MAX_TYPES:
        found.append(f"{MAX_TYPES} types in a model, not {len(model.types)}")
    size = size_in_bytes(model)
    if size > MAX_SIZE_BYTES:
        found.append(f"{MAX_SIZE_BYTES} bytes of a model, not {size}")
    return [ModelProblem(_CODE, f"OpenFGA takes {sentence}, unless it is set to", 0, 0) for sentence in found]


def size_in_bytes(model: AuthorizationModel) -> int:
    """Return the size by which a server judges: of the model in the encoding of protocol buffers, with its id."""
    return _ID + _message(to_json(model))


def _refused(model: AuthorizationModel) -> Iterator[str]:
    if len(model.conditions) > MAX_CONDITIONS:
        yield f"{MAX_CONDITIONS} conditions in a model, not {len(model.conditions)}"
    for condition in model.conditions.values():
        if len(condition.parameters) > MAX_PARAMETERS:
            yield f"{MAX_PARAMETERS} parameters of a condition, not the {len(condition.parameters)} of {condition.name}"
        size = len(condition.expression.encode())
        if size > MAX_EXPRESSION_BYTES:
            yield f"{MAX_EXPRESSION_BYTES} bytes of an expression, not the {size} of {condition.name}"


def _message(value: Mapping[str, Any]) -> int:
    """Return the bytes of a message. The numbers of all fields are below 16, so that a tag is one byte."""
    return sum(_field(name, each) for name, each in value.items())


def _field(name: str, value: Any) -> int:
    if name in _MAPS:
        return sum(_framed(_field("", key) + _field("", each)) for key, each in value.items())
    if isinstance(value, list):
        return sum(_field("", each) for each in value)
    if name == "type_name":
        return 2
    return _framed(len(value.encode())) if isinstance(value, str) else _framed(_message(value))


def _framed(size: int) -> int:
    """Return the bytes of a field with its tag and its length, which takes seven bits to a byte."""
    return 1 + max(1, -(-size.bit_length() // 7)) + size
