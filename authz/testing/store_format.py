"""``store.fga.yaml``: a model, tuples and the answers expected of them, as OpenFGA's command line tool reads it.

Reads and checks the shape; running it is ``authz.testing.store_file``. A field nobody knows is an error, as a misspelt
``assertions`` would otherwise pass as a test without any. Source of the format: docs/STORE_FILE.md of openfga/cli.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from authz.dsl import load, parse
from authz.dsl.model import AuthorizationModel
from authz.types import RelationshipCondition, TupleKey


class InvalidStoreFile(ValueError):
    """The file is not a store file, or names a file that is not there or lies outside its folder."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConditionEntry(_Part):
    """``condition`` of a tuple."""

    name: str
    context: dict[str, Any] = Field(default_factory=dict)


class TupleEntry(_Part):
    """One entry of ``tuples``."""

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
    context: dict[str, Any] = Field(default_factory=dict)
    assertions: dict[str, bool]


class ListObjectsEntry(_Part):
    """One entry of ``list_objects``: relation -> objects, in any order."""

    user: str
    type: str
    context: dict[str, Any] = Field(default_factory=dict)
    assertions: dict[str, tuple[str, ...]]


class UserFilter(_Part):
    """Which users are listed: those of a type, or its usersets."""

    type: str
    relation: str | None = None


class UsersEntry(_Part):
    """The expected answer of a ``list_users`` assertion."""

    users: tuple[str, ...] = ()


class ListUsersEntry(_Part):
    """One entry of ``list_users``. OpenFGA's tool heeds one filter only, so only one is allowed here."""

    object: str
    user_filter: Annotated[tuple[UserFilter, ...], Field(min_length=1, max_length=1)]
    context: dict[str, Any] = Field(default_factory=dict)
    assertions: dict[str, UsersEntry]


class _WithTuples(_Part):
    tuples: tuple[TupleEntry, ...] = ()
    tuple_file: str | None = None
    tuple_files: tuple[str, ...] = ()

    def keys(self, folder: Path) -> list[TupleKey]:
        """Return the tuples written here and those of the files named here. Raises InvalidStoreFile."""
        files = [*([self.tuple_file] if self.tuple_file else []), *self.tuple_files]
        entries = [*self.tuples, *(entry for name in files for entry in _read_tuples(_inside(folder, name)))]
        return [entry.key() for entry in entries]


class TestEntry(_WithTuples):
    """One entry of ``tests``; its tuples count for it alone."""

    __test__ = False  # not a pytest class

    name: str = ""
    description: str = ""
    check: tuple[CheckEntry, ...] = ()
    list_objects: tuple[ListObjectsEntry, ...] = ()
    list_users: tuple[ListUsersEntry, ...] = ()


class StoreFile(_WithTuples):
    """The whole file; paths in it are relative to its folder and stay inside."""

    name: str = ""
    model: str | None = None
    model_file: str | None = None
    tests: tuple[TestEntry, ...] = ()

    def authorization_model(self, folder: Path) -> AuthorizationModel:
        """Return the model written here or in ``model_file``. Raises InvalidStoreFile and InvalidModel."""
        if (self.model is None) == (self.model_file is None):
            raise InvalidStoreFile("a store file has either model or model_file")
        if self.model is not None:
            return parse(self.model)
        assert self.model_file is not None
        file = _inside(folder, self.model_file)
        if file.suffix not in (".fga", ".json") and file.name != "fga.mod":
            raise InvalidStoreFile(f"{file.name}: a model is read from .fga and .json files, and from fga.mod")
        try:
            return load(file)
        except OSError as error:
            raise InvalidStoreFile(f"{file.name}: cannot be read") from error


def read_store_file(path: Path) -> StoreFile:
    """Read a store file. Raises InvalidStoreFile."""
    try:
        return StoreFile.model_validate(_yaml(path))
    except ValidationError as error:
        raise InvalidStoreFile(f"{path.name}: {error}") from error


class _Loader(yaml.SafeLoader):
    """Leaves timestamps as the texts they are, as OpenFGA's tool does."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _inside(folder: Path, name: str) -> Path:
    root = folder.resolve()
    file = (root / name).resolve()
    if not file.is_relative_to(root):
        raise InvalidStoreFile(f"{name}: lies outside the folder of the store file")
    return file


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidStoreFile(f"{file.name}: cannot be read") from error


def _yaml(file: Path) -> Any:
    try:
        return yaml.load(_text(file), Loader=_Loader)
    except yaml.YAMLError as error:
        raise InvalidStoreFile(f"{file.name}: {error}") from error


def _json(file: Path) -> Any:
    try:
        return json.loads(_text(file))
    except json.JSONDecodeError as error:
        raise InvalidStoreFile(f"{file.name}: {error}") from error


_TUPLES = TypeAdapter(tuple[TupleEntry, ...])


def _read_tuples(file: Path) -> Sequence[TupleEntry]:
    if file.suffix not in (".json", ".yaml", ".yml"):
        raise InvalidStoreFile(f"{file.name}: tuples are read from .yaml and .json files")
    try:
        return _TUPLES.validate_python(_json(file) if file.suffix == ".json" else _yaml(file))
    except ValidationError as error:
        raise InvalidStoreFile(f"{file.name}: {error}") from error
