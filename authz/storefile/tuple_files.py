"""Files of tuples that a store file names: YAML, JSON, one JSON object per line, or CSV. The name tells which."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from authz.storefile.document import Document, read_document
from authz.storefile.entries import TupleEntry, read_entries
from authz.storefile.faults import Fault, InvalidStoreFile
from authz.storefile.folder import read_text
from authz.types import TupleKey

_ENTRIES = TypeAdapter(tuple[TupleEntry, ...])
REQUIRED_COLUMNS = ("user_type", "user_id", "relation", "object_type", "object_id")
OPTIONAL_COLUMNS = ("user_relation", "condition_name", "condition_context")


class PlacedTuple(NamedTuple):
    """A tuple and where it is written."""

    key: TupleKey
    file: Path
    line: int

    def fault(self, message: str, code: str = "") -> Fault:
        """Return what is wrong with it."""
        return Fault(self.file, message, self.line, 0, code)


def read_tuples(file: Path) -> list[PlacedTuple]:
    """Return the tuples of a file, at least one. Raises InvalidStoreFile."""
    text = read_text(file)
    if file.suffix in (".yaml", ".yml", ".json"):
        document = read_document(file, text)
        entries = read_entries(document, _ENTRIES) if document.value is not None else ()
        found = placed(document, entries, ())
    elif file.suffix == ".jsonl":
        found = list(_json_lines(file, text))
    elif file.suffix == ".csv":
        found = list(_rows(file, text))
    else:
        raise InvalidStoreFile([Fault(file, "tuples are read from .yaml, .yml, .json, .jsonl and .csv files")])
    if not found and file.suffix != ".csv":
        raise InvalidStoreFile([Fault(file, "has no tuples")])
    return found


def placed(document: Document, entries: tuple[TupleEntry, ...], path: tuple[str | int, ...]) -> list[PlacedTuple]:
    """Return the tuples of a list that stands at ``path`` of a document."""
    return [
        PlacedTuple(entry.key(), document.file, document.line((*path, index))) for index, entry in enumerate(entries)
    ]


def _json_lines(file: Path, text: str) -> Iterator[PlacedTuple]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _placed(file, number, _json(file, number, line))


def _rows(file: Path, text: str) -> Iterator[PlacedTuple]:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True, skipinitialspace=False)
    try:
        _require_columns(file, [name.strip() for name in reader.fieldnames or ()])
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        for row in reader:
            if None in row or None in row.values():
                raise InvalidStoreFile([Fault(file, "has more or fewer fields than the first line", reader.line_num)])
            yield _placed(file, reader.line_num, _entry(file, reader.line_num, row))
    except csv.Error as error:
        raise InvalidStoreFile([Fault(file, f"not CSV: {error}", reader.line_num + 1)]) from error


def _require_columns(file: Path, names: list[str]) -> None:
    for name in names:
        if name not in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS) or names.count(name) > 1:
            raise InvalidStoreFile([Fault(file, f"no tuple has a column `{name[:60]}`, or it stands twice", 1)])
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if "condition_context" in names and "condition_name" not in names:
        missing.append("condition_name")
    if missing:
        raise InvalidStoreFile([Fault(file, f"lacks the column `{missing[0]}`", 1)])


def _entry(file: Path, line: int, row: Mapping[str, str]) -> dict[str, Any]:
    relation, condition = row.get("user_relation"), row.get("condition_name")
    entry: dict[str, Any] = {
        "user": f"{row['user_type']}:{row['user_id']}" + (f"#{relation}" if relation else ""),
        "relation": row["relation"],
        "object": f"{row['object_type']}:{row['object_id']}",
    }
    if condition:
        context = row.get("condition_context")
        entry["condition"] = {"name": condition, "context": _json(file, line, context) if context else {}}
    return entry


def _json(file: Path, line: int, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidStoreFile([Fault(file, f"not JSON: {error}", line)]) from error


def _placed(file: Path, line: int, value: Any) -> PlacedTuple:
    try:
        return PlacedTuple(TupleEntry.model_validate(value).key(), file, line)
    except ValidationError as error:
        faults = [Fault(file, f"{'.'.join(map(str, each['loc']))}: {each['msg']}", line) for each in error.errors()]
        raise InvalidStoreFile(faults) from error
