"""The shape of a store file. A field nobody knows is an error: a misspelt ``assertions`` would pass as a test of none.

What is left empty (``tuples:``) is as if it were not written, which is how OpenFGA's tool takes it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from authz.storefile.document import Document, DocumentPath, Plain
from authz.storefile.faults import Fault, InvalidStoreFile
from authz.types import RelationshipCondition, TupleKey

_Value = TypeVar("_Value")


def _nothing_is_empty(value: Any) -> Any:
    return () if value is None else value


def _truth(value: Any) -> Any:
    return value.truth if isinstance(value, Plain) else value


def _free(value: Any) -> Any:
    """Return a part of a context as JSON would have it: a text without quotes may be a number."""
    if isinstance(value, Mapping):
        return {key: _free(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_free(item) for item in value]
    return value.value if isinstance(value, Plain) else value


Truth = Annotated[bool, BeforeValidator(_truth), Field(strict=True)]
Context = Annotated[dict[str, Any], BeforeValidator(_free)]
Names = Annotated[tuple[str, ...], BeforeValidator(_nothing_is_empty)]


_UNKNOWN = "unknown_fields"
_SHAPES = {
    "missing": "is missing",
    "string_type": "should be a text",
    "bool_type": "should be true or false",
    "tuple_type": "should be a list",
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
}
"""What Pydantic complains of, in words that name no type of Python."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _of_known_fields(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return {} if value is None else value
        unknown = {key: _advice(key, cls.model_fields) for key in value if key not in cls.model_fields}
        if unknown:
            raise PydanticCustomError(_UNKNOWN, "unknown fields", unknown)
        return {key: item for key, item in value.items() if item is not None}


def _advice(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name[:60], known, n=1)
    return f"unknown field `{name[:60]}`" + (f"; did you mean `{close[0]}`?" if close else "")


class ConditionEntry(_Part):
    """``condition`` of a tuple."""

    name: str
    context: Context = Field(default_factory=dict)


class TupleEntry(_Part):
    """One entry of ``tuples``, or of a file of tuples."""

    user: str
    relation: str
    object: str
    condition: ConditionEntry | None = None

    def key(self) -> TupleKey:
        """Return the tuple as the engine knows it."""
        condition = RelationshipCondition(self.condition.name, self.condition.context) if self.condition else None
        return TupleKey(self.user, self.relation, self.object, condition)


class CheckEntry(_Part):
    """One entry of ``check``: every user is asked about every object."""

    user: str | None = None
    users: tuple[str, ...] = ()
    object: str | None = None
    objects: tuple[str, ...] = ()
    context: Context = Field(default_factory=dict)
    assertions: dict[str, Truth] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_or_several(self) -> CheckEntry:
        for noun, one, several in (("user", self.user, self.users), ("object", self.object, self.objects)):
            if bool(one) == bool(several):
                raise ValueError(f"has either {noun} or {noun}s")
        return self

    @property
    def asked_users(self) -> tuple[str, ...]:
        """Whom it is about, in the order of the file."""
        return self.users or (self.user or "",)

    @property
    def asked_objects(self) -> tuple[str, ...]:
        """What it is about, in the order of the file."""
        return self.objects or (self.object or "",)


class ListObjectsEntry(_Part):
    """One entry of ``list_objects``: relation -> objects, in any order."""

    user: str
    type: str
    context: Context = Field(default_factory=dict)
    assertions: dict[str, Names] = Field(default_factory=dict)


class UserFilter(_Part):
    """Which users are listed: those of a type, or its usersets."""

    type: str
    relation: str | None = None


class UsersEntry(_Part):
    """The expected answer of a ``list_users`` assertion."""

    users: tuple[str, ...] = ()


def _only_one(filters: tuple[UserFilter, ...]) -> tuple[UserFilter, ...]:
    if len(filters) != 1:
        raise ValueError("there must be one filter, and only one: OpenFGA's tool takes no notice of a second")
    return filters


class ListUsersEntry(_Part):
    """One entry of ``list_users``."""

    object: str
    user_filter: Annotated[tuple[UserFilter, ...], AfterValidator(_only_one)]
    context: Context = Field(default_factory=dict)
    assertions: dict[str, UsersEntry] = Field(default_factory=dict)


class TestEntry(_Part):
    """One entry of ``tests``; its tuples count for it alone."""

    __test__ = False  # not a pytest class

    name: str = ""
    description: str = ""
    tuples: tuple[TupleEntry, ...] = ()
    tuple_file: str | None = None
    check: tuple[CheckEntry, ...] = ()
    list_objects: tuple[ListObjectsEntry, ...] = ()
    list_users: tuple[ListUsersEntry, ...] = ()


class StoreEntry(_Part):
    """The whole file."""

    name: str = ""
    model: str | None = None
    model_file: str | None = None
    tuples: tuple[TupleEntry, ...] = ()
    tuple_file: str | None = None
    tuple_files: tuple[str, ...] = ()
    tests: tuple[TestEntry, ...] = ()

    @model_validator(mode="after")
    def _one_model(self) -> StoreEntry:
        if bool(self.model) == bool(self.model_file):
            raise ValueError("a store file has either model or model_file")
        return self


def read_entries(document: Document, kind: TypeAdapter[_Value] | type[_Value]) -> _Value:
    """Return a document as entries of a kind. Raises InvalidStoreFile with every fault and its line."""
    adapter: TypeAdapter[_Value] = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_python(document.value)
    except ValidationError as error:
        raise InvalidStoreFile([fault for item in error.errors() for fault in _faults(document, item)]) from error


def _faults(document: Document, item: ErrorDetails) -> Iterator[Fault]:
    path: DocumentPath = item["loc"]
    if item["type"] == _UNKNOWN:
        for name, sentence in item["ctx"].items():
            yield _fault(document, path, sentence, (*path, name))
    else:
        sentence = _SHAPES.get(item["type"], item["msg"].removeprefix("Value error, "))
        yield _fault(document, path, sentence, path)


def _fault(document: Document, named: DocumentPath, sentence: str, path: DocumentPath) -> Fault:
    """Return a fault that names one part, with the line of another one, in or around it."""
    where = ".".join(str(part) for part in named)
    return document.fault(path, f"{where}: {sentence}" if where else sentence)
