"""Reads a store file with everything it names: the model and the tuples that count for each test, all of them valid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from authz.dsl import load, parse
from authz.dsl.model import AuthorizationModel
from authz.engine.typesystem import Typesystem, typesystem_of
from authz.errors import AuthzError, InvalidModel, ModelProblem
from authz.storefile.document import Document, read_document
from authz.storefile.entries import StoreEntry, TestEntry, read_entries
from authz.storefile.faults import Fault, InvalidStoreFile
from authz.storefile.folder import Folder, read_text, require_regular
from authz.storefile.tuple_files import PlacedTuple, placed, read_tuples
from authz.types import TupleKey


@dataclass(frozen=True, slots=True)
class StoreTest:
    """One test, and every tuple that counts for it: those of the file and its own."""

    entry: TestEntry
    tuples: tuple[TupleKey, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """A store file that can be run. ``document`` knows the lines."""

    document: Document
    name: str
    model: AuthorizationModel
    tests: tuple[StoreTest, ...]


def _is_model(text: str) -> bool:
    """Tell whether a text begins as a model or a module of one does, which no store file can."""
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return first == "model" or first.startswith("module ")


def read_store(file: Path, *, external: bool = False) -> Store:
    """Read a store file; with ``external`` it may name files outside of its own folder.

    Raises InvalidStoreFile with every fault of the first step that has any: the shape, the model, the tuples. Raises
    OSError when ``file`` itself cannot be opened.
    """
    require_regular(file)
    text = read_text(file)
    if _is_model(text):
        raise InvalidStoreFile([Fault(file, "this is a model, not a store file: name it there as model_file")])
    document = read_document(file, text)
    entry = read_entries(document, StoreEntry)
    folder = Folder(file.parent, external)
    model = _model(document, entry, folder)
    try:
        typesystem = typesystem_of(model)
    except AuthzError as error:
        raise InvalidStoreFile([document.fault(("model",), str(error), error.code)]) from error
    shared = _tuples(document, entry, folder, ())
    own = [_tuples(document, test, folder, ("tests", index)) for index, test in enumerate(entry.tests)]
    faults = [*_misfits(typesystem, shared), *(fault for tuples in own for fault in _misfits(typesystem, tuples))]
    faults += [fault for tuples in own or [[]] for fault in _duplicates([*shared, *tuples])]
    if faults:
        raise InvalidStoreFile(list(dict.fromkeys(faults)))
    tests = zip(entry.tests, own, strict=True)
    return Store(
        document,
        entry.name,
        model,
        tuple(StoreTest(test, tuple(each.key for each in (*shared, *tuples))) for test, tuples in tests),
    )


# the model


def _model(document: Document, entry: StoreEntry, folder: Folder) -> AuthorizationModel:
    if entry.model_file is None:
        try:
            return parse(entry.model or "")
        except InvalidModel as error:
            raise InvalidStoreFile([_inline(document, problem) for problem in error.problems]) from error
    file = folder.find(entry.model_file)
    try:
        return load(file)
    except InvalidModel as error:
        raise InvalidStoreFile([_of_file(file, problem) for problem in error.problems]) from error
    except OSError as error:
        raise InvalidStoreFile([Fault(file, error.strerror or "cannot be read")]) from error


def _of_file(file: Path, problem: ModelProblem) -> Fault:
    named = file.parent / problem.file if problem.file else file
    return Fault(named, problem.message, problem.line, problem.column, problem.code)


def _inline(document: Document, problem: ModelProblem) -> Fault:
    """Return a problem of ``model: |`` with its place in the store file; that of the whole model where it is folded."""
    start = document.line(("model",))
    lines = document.text.splitlines()
    model: list[str] = document.value["model"].splitlines()
    line = start + problem.line
    if problem.line and line <= len(lines) and problem.line <= len(model):
        written, meant = lines[line - 1], model[problem.line - 1]
        if meant and written.endswith(meant):
            column = problem.column + len(written) - len(meant)
            return Fault(document.file, problem.message, line, column, problem.code)
    message = f"line {problem.line}, column {problem.column} of the model: {problem.message}"
    return Fault(document.file, message, start, 0, problem.code)


# the tuples


def _tuples(
    document: Document, entry: StoreEntry | TestEntry, folder: Folder, path: tuple[str | int, ...]
) -> list[PlacedTuple]:
    found = placed(document, entry.tuples, (*path, "tuples"))
    names = entry.tuple_files if isinstance(entry, StoreEntry) else ()
    for name in [*([entry.tuple_file] if entry.tuple_file else []), *names]:
        found += read_tuples(folder.find(name))
    return found


def _misfits(typesystem: Typesystem, tuples: Iterable[PlacedTuple]) -> list[Fault]:
    """Return a fault for every tuple that the model does not allow to be written."""
    faults = []
    for each in tuples:
        try:
            typesystem.require_tuple(each.key)
        except AuthzError as error:
            faults.append(each.fault(str(error), error.code))
    return faults


def _duplicates(tuples: Iterable[PlacedTuple]) -> list[Fault]:
    """Return a fault for every tuple that is there already, under whatever condition: none can be written twice."""
    first: dict[TupleKey, PlacedTuple] = {}
    faults = []
    for each in tuples:
        key = each.key.bare
        before = first.setdefault(key, each)
        if before is not each:
            message = (
                f"`{key.user} {key.relation} {key.object}` stands twice: first in {before.file.name}:{before.line}"
            )
            faults.append(each.fault(message))
    return faults
