"""OpenFGA's HTTP API as plain calls, beside the client that the service has for it. Answers are in our words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

from authz.dsl import to_json
from authz.dsl.model import AuthorizationModel
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey

BATCH = 50


class Refused(Exception):
    """The server answered with an error; the message is its code."""


class Api:
    """One fresh store with one model. Raises Refused for a model that the server does not take."""

    def __init__(self, http: httpx.Client, model: AuthorizationModel) -> None:
        self._http = http
        self._store = f"/stores/{self._post('/stores', {'name': 'random'})['id']}"
        self._model = self._post(f"{self._store}/authorization-models", to_json(model))["authorization_model_id"]

    def write(self, keys: Sequence[TupleKey]) -> None:
        """Write tuples in one request."""
        self._ask("write", {"writes": {"tuple_keys": _tuples(keys)}})

    def check(self, request: CheckRequest) -> bool:
        """Ask one question."""
        return bool(self._ask("check", _check(request))["allowed"])

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool | None]:
        """Ask many; None stands for an error."""
        found: list[bool | None] = []
        for start in range(0, len(requests), BATCH):
            checks = [
                {**_check(request), "correlation_id": str(number)}
                for number, request in enumerate(requests[start : start + BATCH])
            ]
            result = self._ask("batch-check", {"checks": checks})["result"]
            found += [None if "error" in (each := result[str(n)]) else each["allowed"] for n in range(len(checks))]
        return found

    def list_objects(self, request: ListObjectsRequest) -> tuple[str, ...]:
        """List objects, sorted."""
        asked = {"type": request.type, "relation": request.relation, "user": request.user, **_brought(request)}
        return tuple(sorted(self._ask("list-objects", asked)["objects"]))

    def list_users(self, request: ListUsersRequest) -> tuple[str, ...]:
        """List users, sorted."""
        type_name, _, name = request.object.partition(":")
        asked = {
            "object": {"type": type_name, "id": name},
            "relation": request.relation,
            "user_filters": [{"type": request.user_type, "relation": request.user_relation or ""}],
            "contextual_tuples": _tuples(request.contextual_tuples),
            "context": dict(request.context),
        }
        return tuple(sorted(map(_user, self._ask("list-users", asked)["users"])))

    def expand(self, relation: str, name: str, contextual: Sequence[TupleKey]) -> Any:
        """Expand a relation of an object one level deep, as the server writes it."""
        brought = {"contextual_tuples": {"tuple_keys": _tuples(contextual)}}
        return self._ask("expand", {"tuple_key": {"relation": relation, "object": name}, **brought})["tree"]

    def _ask(self, call: str, content: Mapping[str, Any]) -> Any:
        return self._post(f"{self._store}/{call}", {**content, "authorization_model_id": self._model})

    def _post(self, path: str, content: Mapping[str, Any]) -> Any:
        answer = self._http.post(path, json=content)
        if answer.is_client_error:
            raise Refused(answer.json()["code"])
        return answer.raise_for_status().json()


def _check(request: CheckRequest) -> dict[str, Any]:
    asked = {"user": request.user, "relation": request.relation, "object": request.object}
    return {"tuple_key": asked, **_brought(request)}


def _brought(request: CheckRequest | ListObjectsRequest) -> dict[str, Any]:
    return {
        "contextual_tuples": {"tuple_keys": _tuples(request.contextual_tuples)},
        "context": dict(request.context),
    }


def _tuples(keys: Iterable[TupleKey]) -> list[dict[str, Any]]:
    found = []
    for key in keys:
        entry: dict[str, Any] = {"user": key.user, "relation": key.relation, "object": key.object}
        if key.condition is not None:
            entry["condition"] = {"name": key.condition.name, "context": dict(key.condition.context)}
        found.append(entry)
    return found


def _user(found: Mapping[str, Any]) -> str:
    if "wildcard" in found:
        return f"{found['wildcard']['type']}:*"
    named = found.get("object") or found["userset"]
    return f"{named['type']}:{named['id']}" + (f"#{named['relation']}" if "relation" in named else "")
