"""A disagreement as a store file that anyone can run: ``fga model test --tests FILE``, or our own runner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from hypothesis import note

from authz.dsl import to_text
from authz.dsl.model import AuthorizationModel
from authz.types import TupleKey


def tell(
    model: AuthorizationModel,
    tuples: Iterable[TupleKey],
    user: str,
    relation: str,
    expected: Mapping[str, bool | None],
    context: Mapping[str, Any] | None = None,
) -> None:
    """Print it with the failing example, once hypothesis has shrunk that. ``expected`` is what whole checks say."""
    checks = [
        {"user": user, "object": name, "context": dict(context or {}), "assertions": {relation: verdict}}
        for name, verdict in expected.items()
        if verdict is not None
    ]
    told = {
        "model": to_text(model),
        "tuples": [_tuple(key) for key in tuples],
        "tests": [{"name": "what a list has to show", "check": checks}],
    }
    note("replay.fga.yaml:\n" + yaml.safe_dump(told, sort_keys=False))


def _tuple(key: TupleKey) -> dict[str, Any]:
    found: dict[str, Any] = {"user": key.user, "relation": key.relation, "object": key.object}
    if key.condition is not None:
        found["condition"] = {"name": key.condition.name, "context": dict(key.condition.context)}
    return found
