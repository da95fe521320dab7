"""Authorization models on the server. They are immutable; every question names the one it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authz.clients.openfga import limits, wire
from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.clients.openfga.failures import Refused
from authz.dsl import from_json, to_json
from authz.dsl.model import AuthorizationModel
from authz.errors import InvalidModel, InvalidRequest

_PAGE = "50"
_NOT_TAKEN = ("invalid_authorization_model", "exceeded_entity_limit")
"""The codes by which a server refuses a model for what it says, not for the moment."""


def write_model(sender: Sender, store_id: str, model: AuthorizationModel) -> str:
    """Keep a model on the server and return its id.

    Raises InvalidModel (no server takes it), InvalidRequest (this one does not) and AuthorizationUnavailable.
    """
    if beyond := limits.problems(model):
        raise InvalidModel(beyond)
    answer = _send(sender, Call("POST", _path(store_id), to_json(model), repeatable=False, status=201))
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
        token = wire.following(answer, token)
        if not token:
            return found


def _path(store_id: str) -> str:
    return f"/stores/{store_id}/authorization-models"


def _send(sender: Sender, call: Call) -> Mapping[str, Any]:
    try:
        (answer,) = sender.send([call], Deadline())
    except Refused as refused:
        if refused.status == 400 and refused.code in _NOT_TAKEN:
            raise InvalidRequest(f"OpenFGA does not take the model: {refused}") from None
        raise wire.error_of(refused) from None
    found: Mapping[str, Any] = answer
    return found
