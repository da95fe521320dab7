"""``filegraph authz test``: finds store files, and shows what came of them as lines for people or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

from authz.storefile.faults import Fault, InvalidStoreFile
from authz.storefile.results import AssertionResult, Kind, StoreResult, Tally, tally, tally_tests
from authz.storefile.run import run_store_file
from authz.types import CheckRequest, ListObjectsRequest
from filegraph.client.terminal import say

_HEADINGS = {Kind.CHECK: "Checks", Kind.LIST_OBJECTS: "ListObjects", Kind.LIST_USERS: "ListUsers"}


@dataclass(frozen=True, slots=True)
class FileRun:
    """What came of one file: its result, or the faults for which it could not be run."""

    file: Path
    result: StoreResult | None
    faults: tuple[Fault, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it could be run and every assertion holds."""
        return self.result is not None and self.result.passed


def find_files(names: Sequence[str]) -> list[Path]:
    """Return the files that are named, patterns (``*``, ``?``, ``[...]``, ``**``) resolved, each once.

    Raises FileNotFoundError for a name, or a pattern, that no file has.
    """
    found: dict[Path, None] = {}
    for name in names:
        if Path(name).exists():
            found[Path(name)] = None
            continue
        matches = [path for path in map(Path, sorted(glob(name, recursive=True))) if path.is_file()]
        if not matches:
            raise FileNotFoundError(name)
        found.update(dict.fromkeys(matches))
    return list(found)


def run_file(file: Path, *, external: bool) -> FileRun:
    """Run one store file. Raises OSError when it cannot be opened."""
    try:
        return FileRun(file, run_store_file(file, external=external))
    except InvalidStoreFile as error:
        return FileRun(file, None, error.faults)


def show(runs: Sequence[FileRun], *, verbose: bool) -> None:
    """Print the faults, the assertions that fail (with ``verbose`` all of them), and the counts."""
    for run in runs:
        for fault in run.faults:
            say(f"{fault.place}: error: {fault.message}" + (f" [{fault.code}]" if fault.code else ""))
        for test in run.result.tests if run.result else ():
            for item in test.assertions if verbose else test.failed:
                say(f"{run.file}:{item.line}: {_sentence(item, test.name)}")
    if len(runs) > 1:
        for run in runs:
            counts = ", ".join(_counts([run.result])) if run.result else "not run"
            say(f"{run.file}: {counts}")
    for line in _counts([run.result for run in runs if run.result]):
        say(line)
    if broken := sum(run.result is None for run in runs):
        say(f"Files {broken}/{len(runs)} could not be run")


def as_json(runs: Sequence[FileRun]) -> dict[str, Any]:
    """Return everything as one JSON object; what a list holds is sorted."""
    results = [run.result for run in runs if run.result]
    return {
        "passed": all(run.passed for run in runs),
        "summary": {
            "files": _share(Tally.of(run.passed for run in runs)),
            "tests": _share(tally_tests(results)),
            **{kind.value: _share(tally(results, kind)) for kind in Kind},
        },
        "files": [_file(run) for run in runs],
    }


def _counts(results: Sequence[StoreResult]) -> list[str]:
    """Return the lines with which OpenFGA's tool sums up, too: kinds that nobody asked for are not named."""
    counted = [("Tests", tally_tests(results)), *((_HEADINGS[kind], tally(results, kind)) for kind in Kind)]
    return [
        f"{heading} {each.passing}/{each.total} passing"
        for heading, each in counted
        if each.total or heading == "Tests"
    ]


def _sentence(item: AssertionResult, test: str) -> str:
    context = f" with {json.dumps(item.request.context, default=str)}" if item.request.context else ""
    text = (
        f"{'passed' if item.passed else 'FAILED'}: {test}: {item.question}{context}: expected {_shown(item.expected)}"
    )
    if item.passed:
        return text
    return f"{text}, got {_shown(item.got)}" if item.error is None else f"{text}, got an error: {item.error}"


def _shown(answer: bool | tuple[str, ...] | None) -> str:
    return f"[{', '.join(answer)}]" if isinstance(answer, tuple) else str(answer).lower()


def _file(run: FileRun) -> dict[str, Any]:
    return {
        "file": str(run.file),
        "name": run.result.name if run.result else None,
        "passed": run.passed,
        "errors": [
            {
                "code": fault.code or None,
                "message": fault.message,
                "file": str(fault.file),
                "line": fault.line or None,
                "column": fault.column or None,
            }
            for fault in run.faults
        ],
        "tests": [
            {
                "name": test.name,
                "description": test.description,
                "passed": test.passed,
                "assertions": [_assertion(item) for item in test.assertions],
            }
            for test in (run.result.tests if run.result else ())
        ],
    }


def _assertion(item: AssertionResult) -> dict[str, Any]:
    asked = item.request
    question: dict[str, Any] = {"relation": asked.relation, "context": dict(asked.context)}
    if isinstance(asked, CheckRequest):
        question |= {"user": asked.user, "object": asked.object}
    elif isinstance(asked, ListObjectsRequest):
        question |= {"user": asked.user, "type": asked.type}
    else:
        question |= {
            "object": asked.object,
            "user_filter": {"type": asked.user_type, "relation": asked.user_relation},
        }
    return {
        "kind": item.kind.value,
        "line": item.line or None,
        **question,
        "expected": item.expected,
        "got": item.got,
        "error": item.error,
        "passed": item.passed,
    }


def _share(counted: Tally) -> dict[str, int]:
    return {"passing": counted.passing, "total": counted.total}
