"""Authorization models on the server. They are immutable; every question names the one it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authz.clients.openfga import wire
from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.clients.openfga.failures import Refused
from authz.dsl import from_json, to_json
from authz.dsl.model import AuthorizationModel
from authz.errors import InvalidRequest

_PAGE = "50"
_BAD_MODEL = frozenset({"invalid_authorization_model", "exceeded_entity_limit", "type_definitions_too_few_items"})
"""What is wrong with a model itself; it would be refused again."""


def write_model(sender: Sender, store_id: str, model: AuthorizationModel) -> str:
    """Keep a model on the server and return its id. Raises AuthorizationUnavailable, and InvalidRequest if refused."""
    try:
        (answer,) = sender.send([Call("POST", _path(store_id), to_json(model), repeatable=False)], Deadline())
    except Refused as refused:
        if refused.code in _BAD_MODEL:
            raise InvalidRequest(f"OpenFGA refuses the authorization model: {refused}") from None
        raise wire.error_of(refused) from None
    return wire.text(answer, "authorization_model_id")


def read_models(sender: Sender, store_id: str) -> list[tuple[str, AuthorizationModel]]:
    """Return every model with its id, the newest first."""
    found: list[tuple[str, AuthorizationModel]] = []
    token = ""
    while True:
        query = (("page_size", _PAGE), *((("continuation_token", token),) if token else ()))
        answer = _send(sender, Call("GET", _path(store_id), query=query))
        for entry in wire.entries(answer, "authorization_models"):
            found.append((wire.text(entry, "id"), from_json(entry)))
        token = wire.text(answer, "continuation_token")
        if not token:
            return found


def _path(store_id: str) -> str:
    return f"/stores/{store_id}/authorization-models"


def _send(sender: Sender, call: Call) -> Mapping[str, Any]:
    try:
        (answer,) = sender.send([call], Deadline())
    except Refused as refused:
        raise wire.error_of(refused) from None
    found: Mapping[str, Any] = answer
    return found
