"""What goes to a server in a question, beyond what ``test_client`` asks a real one."""

from __future__ import annotations

from typing import Any

import pytest

from authz.clients.openfga import wire
from authz.engine.conditions import QUESTION_CONTEXT_BYTES
from authz.errors import InvalidContext


def test_a_context_goes_along_only_if_our_engine_would_take_it() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    for context in ({"x": "a" * QUESTION_CONTEXT_BYTES}, {"x": deep}, {"x": "\x00"}):
        with pytest.raises(InvalidContext):
            wire.context_json(context)
    assert wire.context_json({"x": [1, "a"]}) == {"context": {"x": [1, "a"]}}
    assert wire.context_json({}) == {}
