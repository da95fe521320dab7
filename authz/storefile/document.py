"""YAML as OpenFGA's tool reads it, with the line of every part. JSON is read as the YAML it is.

A plain scalar stays text until a field wants more (``Plain``), so that a user called ``0123`` or a relation called
``no`` is what was written. Source of the rules for scalars: resolve.go of yaml.v3, which is neither YAML 1.1 nor 1.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from authz.storefile.faults import Fault, InvalidStoreFile

DocumentPath: TypeAlias = tuple[str | int, ...]
"""Keys and indexes that lead from the top to a part: ``("tests", 0, "name")``."""

ALIASED_PARTS = 100_000
"""Parts that a document may have beyond its characters: a bound on what a few aliases and merges can blow up to."""
MAX_DEPTH = 100
_TOO_DEEP = "is nested too deeply"

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_CONSTANTS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + text: math.inf for text in (".inf", ".Inf", ".INF") for sign in ("", "+")},
    **{f"-{text}": -math.inf for text in (".inf", ".Inf", ".INF")},
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*)?")


class Plain(str):
    """A scalar without quotes: the text as it stands, and by ``value`` what YAML takes it for."""

    __slots__ = ()

    @property
    def value(self) -> str | int | float | bool | None:
        """What the text means where any type may stand. Raises ValueError for a time, which JSON does not have."""
        text = str(self)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _TIME.fullmatch(text):
            raise ValueError(f"{text} is a time, which a context cannot hold: put it in quotes")
        digits = text.replace("_", "") if text[0] in "+-0123456789" else text
        if _INTEGER.fullmatch(digits):
            return _integer(digits)
        return float(digits) if _FLOAT.fullmatch(digits) and text[0] != "_" else text

    @property
    def truth(self) -> bool | None:
        """What the text means where a truth value must stand; None if it means none."""
        known = {
            "y": True,
            "yes": True,
            "on": True,
            "true": True,
            "n": False,
            "no": False,
            "off": False,
            "false": False,
        }
        usual = self in (self.lower(), self.upper(), self.capitalize())
        return known.get(self.lower()) if usual else None


@dataclass(frozen=True, slots=True)
class Document:
    """A file as plain dicts, lists and texts (None for nothing), and the lines they stand in."""

    file: Path
    value: Any
    text: str
    lines: dict[DocumentPath, int] = field(default_factory=dict)

    def line(self, path: DocumentPath) -> int:
        """Return the line (1-based) of a part, or of the nearest part around it; 0 for an empty document."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def fault(self, path: DocumentPath, message: str, code: str = "") -> Fault:
        """Return what is wrong with a part."""
        return Fault(self.file, message, self.line(path), 0, code)


def read_document(file: Path, text: str) -> Document:
    """Read the first document of a text. Raises InvalidStoreFile with the line of what cannot be read."""
    lines: dict[DocumentPath, int] = {}
    try:
        _require_shallow(file, text)
        loader = _Loader(text)
        try:
            node = loader.get_node() if loader.check_node() else None
            value = _Builder(file, lines, loader, len(text)).build(node, ()) if node is not None else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _fault_at(file, error.problem_mark, f"not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError) as error:
        message = _TOO_DEEP if isinstance(error, RecursionError) else f"not YAML: {' '.join(str(error).split())}"
        raise InvalidStoreFile([Fault(file, message)]) from error
    return Document(file, value, text, lines)


def _require_shallow(file: Path, text: str) -> None:
    """Raise InvalidStoreFile for what is nested too deeply: nodes are made on the machine's stack, which may end."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _fault_at(file, event.start_mark, _TOO_DEEP)
        if isinstance(event, yaml.DocumentEndEvent):
            return


def _fault_at(file: Path, mark: Any, message: str) -> InvalidStoreFile:
    """Return what is wrong at a mark of PyYAML's; None for a place that it does not know."""
    return InvalidStoreFile([Fault(file, message, mark.line + 1, mark.column + 1) if mark else Fault(file, message)])


class _Builder:
    """Turns nodes into values and writes down their lines."""

    def __init__(self, file: Path, lines: dict[DocumentPath, int], loader: Any, length: int) -> None:
        self._file = file
        self._lines = lines
        self._loader = loader
        self._left = length + ALIASED_PARTS

    def build(self, node: yaml.Node, path: DocumentPath) -> Any:
        self._count(node)
        if len(path) > MAX_DEPTH:
            raise self._fault(node, _TOO_DEEP)
        self._lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            self._require_tag(node, _TAG + "seq")
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        self._require_tag(node, _TAG + "map")
        value: dict[str, Any] = {}
        for key, item in self._pairs(node, set()):
            value[key.value] = self.build(item, (*path, key.value))
            self._lines[(*path, key.value)] = key.start_mark.line + 1
        return value

    def _pairs(self, node: yaml.Node, within: set[int]) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Yield the entries of a mapping; one that it merges (``<<``) comes first and gives way to its own."""
        self._count(node)
        if not isinstance(node, yaml.MappingNode) or id(node) in within:
            raise self._fault(node, "only a mapping can be merged, and not into itself")
        own: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._fault(key, "a key is a text")
            if key.value == "<<" and not key.style:
                merged += item.value if isinstance(item, yaml.SequenceNode) else [item]
                continue
            if key.value in own:
                raise self._fault(key, f"`{key.value[:60]}` stands twice")
            own[key.value] = key, item
        for other in merged:
            for key, item in self._pairs(other, {*within, id(node)}):
                self._count(key)
                own.setdefault(key.value, (key, item))
        yield from own.values()

    def _scalar(self, node: yaml.ScalarNode) -> str | None:
        text: str = node.value
        implicit = node.tag == self._loader.resolve(yaml.ScalarNode, text, (not node.style, bool(node.style)))
        if node.style or not implicit:
            self._require_tag(node, _TAG + "str")
            return text
        if text in _CONSTANTS and _CONSTANTS[text] is None:
            return None
        return Plain(text)

    def _require_tag(self, node: yaml.Node, tag: str) -> None:
        if node.tag != tag:
            raise self._fault(node, f"the tag {node.tag} is not understood here")

    def _count(self, node: yaml.Node) -> None:
        self._left -= 1
        if self._left < 0:
            raise self._fault(node, "has more parts than can be read")

    def _fault(self, node: yaml.Node, message: str) -> InvalidStoreFile:
        return _fault_at(self._file, node.start_mark, message)


def _integer(digits: str) -> int:
    sign, bare = (-1 if digits[0] == "-" else 1), digits.lstrip("+-")
    if len(bare) > 1 and bare[0] == "0" and bare[1].isdigit():
        return sign * int(bare, 8)
    return sign * int(bare, 0)
