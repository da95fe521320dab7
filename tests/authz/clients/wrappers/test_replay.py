"""A difference can be replayed by anybody: OpenFGA's own tool reads the file, and takes our engine's side or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from authz.clients.wrappers.comparisons import Difference
from authz.clients.wrappers.replay import LIMIT, replay
from authz.dsl import parse
from authz.engine.memory import MemoryTuples
from authz.errors import ResolutionTooComplex
from authz.storefile.run import run_store_file
from authz.testing.condition_contract import BEFORE, CONDITION_MODEL, until
from authz.testing.contract import CONTRACT_MODEL, key
from authz.types import CheckRequest
from tests.components import fga

STORED = [
    "group:g#member reader book:1",
    "user:ann member group:g",
    "user:secret-other reader book:1",
    "user:ann banned book:2",
]


def written(folder: Path, *, allowed: bool) -> Path:
    """A difference about a question whose right answer is yes."""
    request = CheckRequest("user:ann", "can_read", "book:1", (key("shelf:s shelf book:1"),))
    difference = Difference("batch_check", request, allowed, CONTRACT_MODEL)
    file = folder / "replay.fga.yaml"
    file.write_text(replay(difference, MemoryTuples(map(key, STORED))))
    return file


@pytest.mark.parametrize("allowed", [True, False])
def test_both_tools_run_it_and_agree(tmp_path: Path, allowed: bool) -> None:
    file = written(tmp_path, allowed=allowed)
    done = fga.run("model", "test", "--tests", file)
    assert (done.returncode == 0) is allowed, done.stdout + done.stderr
    (result,) = run_store_file(file).assertions
    assert result.passed is allowed


def test_it_holds_what_matters_and_nothing_else(tmp_path: Path) -> None:
    text = written(tmp_path, allowed=True).read_text()
    assert "secret-other" not in text
    assert "model: |" in text
    content = yaml.safe_load(text)
    assert content["name"] == "a difference of permission engines, seen in batch_check"
    assert parse(content["model"]) == CONTRACT_MODEL
    assert len(content["tuples"]) == 3
    assert content["tests"][0]["check"] == [{"user": "user:ann", "object": "book:1", "assertions": {"can_read": True}}]


def test_conditions_go_along_with_their_contexts(tmp_path: Path) -> None:
    stored = MemoryTuples([until("user:ann viewer folder:1"), until("user:bob viewer folder:1")])
    request = CheckRequest("user:ann", "can_view", "folder:1", context=BEFORE)
    file = tmp_path / "replay.fga.yaml"
    file.write_text(replay(Difference("check", request, True, CONDITION_MODEL), stored))
    assert "bob" not in file.read_text()
    done = fga.run("model", "test", "--tests", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(each.passed for each in run_store_file(file).assertions)


def test_what_is_too_much_for_a_file_is_refused() -> None:
    stored = MemoryTuples(key(f"group:g{number}#member reader book:1") for number in range(LIMIT + 1))
    with pytest.raises(ResolutionTooComplex):
        replay(Difference("check", CheckRequest("user:ann", "can_read", "book:1"), True, CONTRACT_MODEL), stored)
