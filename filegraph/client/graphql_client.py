"""The connection to a server: GraphQL over HTTP with typed errors. Bytes travel through ``filegraph.client.wire``."""

from __future__ import annotations

import functools
import itertools
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from filegraph.client.errors import CommandError, NotFoundOrDenied, NotSignedIn, Refused, ServerUnreachable, error_of
from filegraph.client.patience import Patience
from filegraph.client.server_url import is_loopback, server_url
from filegraph.program import program

Json = dict[str, Any]

MAX_BATCH = 100
"""Entries of one request (uploads, ids): the server's limit."""

_RETRY_PAUSES = (0.2, 0.6, 1.5)
"""Seconds between tries of an operation that is safe to repeat, when the connection breaks."""
_UNREADY_PAUSES = (*_RETRY_PAUSES, 4.0, 8.0)
"""The same when the server, or a proxy before it, answers that a part of it is away: that is worth more patience."""
_UNREADY = "SERVICE_UNAVAILABLE"
_NOTHING_DONE = "AUTHORIZATION_UNAVAILABLE"
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)


@functools.cache
def tls() -> ssl.SSLContext:
    """The certificate authorities, loaded once: that takes longer than most requests."""
    return httpx.create_ssl_context()


@dataclass(frozen=True, slots=True)
class UserError:
    """One entry of a payload's ``errors``."""

    code: str
    message: str
    retryable: bool

    def as_error(self) -> CommandError:
        """The command error with the same meaning."""
        return error_of(self.code, self.message, retryable=self.retryable)


def user_errors(payload: Json) -> list[UserError]:
    """The errors of a mutation's payload (or of one result of a batch)."""
    return [UserError(e["code"], e["message"], bool(e.get("retryable"))) for e in payload.get("errors") or ()]


class GraphQLClient:
    """Sends operations to one server with one token. Safe for several threads. Close it, or use it as a context."""

    def __init__(self, url: str, token: str = "", *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = server_url(url)
        self.patience = Patience()
        headers = {"accept": "application/graphql-response+json", "user-agent": "filegraph-cli"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        # A proxy from the environment cannot reach this machine's own loopback.
        self._http = httpx.Client(
            headers=headers, timeout=_TIMEOUT, transport=transport, verify=tls(), trust_env=not is_loopback(url)
        )

    def __enter__(self) -> GraphQLClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def use_csrf_token(self, token: str) -> None:
        """Send ``token`` with every further operation: a session by cookie needs it."""
        self._http.headers["x-csrftoken"] = token

    def execute(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = True,
        unready: Sequence[float] = _UNREADY_PAUSES,
    ) -> Json:
        """The ``data`` of an operation. ``repeatable`` ones are tried again when the connection breaks, and, after the
        pauses ``unready`` (seconds), when a part of the server is away.

        Raises ``NotSignedIn``, ``ServerUnreachable``, ``Refused`` or ``NotFoundOrDenied``.
        """
        for tries in itertools.count():
            try:
                return self._send(document, variables or {})
            except ServerUnreachable as error:
                pauses = unready if error.code == _UNREADY else _RETRY_PAUSES
                if not repeatable or not error.retryable or tries >= len(pauses):
                    raise
                self.patience.wait(pauses[tries], error.message)
        raise AssertionError

    def mutate(self, document: str, arguments: Mapping[str, Any], *, repeatable: bool = False) -> Json:
        """The payload of a document with one mutation; its first user error is raised, after some patience where the
        server says that it did nothing because it could not ask for permission."""
        for tries in itertools.count():
            payload = self.batch(document, arguments, repeatable=repeatable)
            errors = user_errors(payload)
            if not errors:
                return payload
            if errors[0].code != _NOTHING_DONE or tries >= len(_UNREADY_PAUSES):
                raise errors[0].as_error()
            self.patience.wait(_UNREADY_PAUSES[tries], f"The server says: {errors[0].message}")
        raise AssertionError

    def batch(
        self,
        document: str,
        arguments: Mapping[str, Any],
        *,
        repeatable: bool = True,
        unready: Sequence[float] = _UNREADY_PAUSES,
    ) -> Json:
        """The payload of a document with one mutation, with its user errors left in place."""
        data = self.execute(document, {"input": dict(arguments)}, repeatable=repeatable, unready=unready)
        payload = next(iter(data.values()), None)
        if not isinstance(payload, dict):
            raise ServerUnreachable(f"{self.url} gave an answer that this program does not understand.")
        return payload

    def results(self, document: str, field: str, entries: Sequence[Any]) -> list[Json]:
        """The results of a batch mutation, one for each of ``entries``, which are the list ``field`` of its input.

        While a part of the server is away the rest is asked for in halves: under load a whole batch can be more than
        that part answers in its time, again and again.
        """
        found: list[Json] = []
        size, tries = len(entries), 0
        while len(found) < len(entries):
            part = entries[len(found) : len(found) + size]
            try:
                found += self._part(document, field, part)
                tries = 0
            except ServerUnreachable as error:
                if error.code != _UNREADY or tries >= len(_UNREADY_PAUSES):
                    raise
                self.patience.wait(_UNREADY_PAUSES[tries], error.message)
                tries, size = tries + 1, max(1, size // 2)
        return found

    def _part(self, document: str, field: str, entries: Sequence[Any]) -> Sequence[Json]:
        payload = self.batch(document, {field: list(entries)}, unready=())
        for error in user_errors(payload):
            raise error.as_error()
        results: Sequence[Json] = payload.get("results") or ()
        if len(results) != len(entries):
            raise ServerUnreachable(f"{self.url} answered {len(results)} of {len(entries)} items.")
        return results

    def _send(self, document: str, variables: Mapping[str, Any]) -> Json:
        try:
            response = self._http.post(f"{self.url}/graphql", json={"query": document, "variables": dict(variables)})
        except httpx.TimeoutException as error:
            raise ServerUnreachable(f"{self.url} did not answer in time.", retryable=True) from error
        except httpx.HTTPError as error:
            raise ServerUnreachable(f"{self.url} cannot be reached.", retryable=True) from error
        if response.status_code in (502, 503, 504):
            said = _sentence(_json(response))
            reason = f"The server says: {said}" if said else f"{self.url} is not ready (HTTP {response.status_code})."
            raise ServerUnreachable(reason, code=_UNREADY, retryable=True)
        body = _json(response)
        if not isinstance(body, dict):
            raise ServerUnreachable(f"There is no Filegraph server at {self.url} (HTTP {response.status_code}).")
        self._raise_errors(body)
        data = body.get("data")
        if not isinstance(data, dict):
            raise ServerUnreachable(f"{self.url} gave an answer that this program does not understand.")
        return data

    def _raise_errors(self, body: Json) -> None:
        for entry in _errors(body):
            extensions = entry.get("extensions") or {}
            code = str(extensions.get("code", ""))
            error = error_of(code, str(entry.get("message", "The server refused the request.")))
            if isinstance(error, NotSignedIn):
                raise NotSignedIn(f"The server refuses your token; run `{program()} login URL` again.", code=code)
            if isinstance(error, NotFoundOrDenied):
                raise error
            request = f" (request {extensions['requestId']})" if "requestId" in extensions else ""
            raise Refused(f"{error.message}{request}", code=code)


def _json(response: httpx.Response) -> object:
    try:
        found: object = response.json()
    except ValueError:
        return None
    return found


def _errors(body: object) -> list[Json]:
    """The errors of an answer. What is refused before it comes to GraphQL has one, of another shape."""
    if not isinstance(body, dict):
        return []
    refusal, errors = body.get("error"), body.get("errors")
    if isinstance(refusal, dict) and "code" in refusal and "message" in refusal:
        return [{"message": refusal["message"], "extensions": refusal}]
    return [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []


def _sentence(body: object) -> str:
    """The first error of an answer, in the server's words; "" where it is none of a Filegraph server's."""
    message = next((entry.get("message") for entry in _errors(body)), None)
    return message if isinstance(message, str) else ""
