"""The way to the server: openfga-sdk's connections, credentials and errors, with a hard limit of time.

The only module that imports openfga_sdk, and itself imported only where an OpenFGA server is chosen. Of the SDK
(0.10.5) the following is left alone on purpose, and done here or in ``wire``: its models turn the text "false" into
``True`` (``bool`` of a text); its streams take a cut connection, and an error among the lines, for the end; its retries
sleep for as long as the server says; its raw requests keep the answer in an attribute that other threads overwrite.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import orjson
import urllib3
from openfga_sdk import ClientConfiguration
from openfga_sdk.credentials import CredentialConfiguration, Credentials
from openfga_sdk.exceptions import ApiException
from openfga_sdk.sync.api_client import ApiClient

from authz.clients.openfga.breaker import Breaker
from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.failures import NotAllowed, NotSent, Refused
from authz.errors import AuthorizationUnavailable

_THREADS = 32
_MAX_BYTES = 32 << 20
"""Of one answer: a quarter of a million ids."""
_STORE = "openfga-store-id"
"""The header by which an OpenFGA says that an answer is its own: an empty stream has nothing else to know it by."""
_RESULT = {"result"}
_PAUSE = 0.05
_REFUSALS = (400, 404, 409, 422)
_MOMENTARY = (429, 500, 502, 503, 504)


class Transport:
    """A ``Sender`` over HTTP. Thread-safe; calls run in threads of its own, so that no caller waits past a deadline."""

    def __init__(self, api_url: str, api_token: str = "") -> None:
        credentials = None
        if api_token:
            credentials = Credentials(method="api_token", configuration=CredentialConfiguration(api_token=api_token))
        configuration = ClientConfiguration(api_url=api_url, credentials=credentials)
        # What is tried again is decided here. The SDK hands both on to urllib3.
        vars(configuration).update(retries=False, connection_pool_maxsize=_THREADS)
        self._url = api_url.rstrip("/")
        self._api: Any = ApiClient(configuration)  # type: ignore[no-untyped-call]
        self._breaker = Breaker()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="openfga")

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        """See ``Sender``."""
        if not calls:
            return []
        if deadline.left() <= 0:
            raise AuthorizationUnavailable("no time was left to ask")
        self._breaker.enter()
        futures = [self._pool.submit(self._call, call, deadline) for call in calls]
        try:
            answers = _gather(futures, deadline)
        except AuthorizationUnavailable:
            self._breaker.failed()
            deadline.missed = deadline.left() <= _PAUSE
            raise
        finally:
            for future in futures:
                future.cancel()
        self._breaker.succeeded()
        for answer in answers:
            if isinstance(answer, Refused):
                raise answer
        return answers

    def _call(self, call: Call, deadline: Deadline) -> Any:
        for tries in (1, 0):
            may_repeat = call.repeatable and tries > 0
            try:
                return self._once(call, deadline)
            except ApiException as error:
                if error.status in _REFUSALS:
                    return _refused(error)
                if error.status in (401, 403):
                    raise NotAllowed(f"{call.path}: HTTP {error.status}, the token is not taken") from None
                if not (may_repeat and error.status in _MOMENTARY and deadline.left() > _PAUSE):
                    raise AuthorizationUnavailable(f"{call.path}: HTTP {error.status}") from None
                time.sleep(_PAUSE)
            except urllib3.exceptions.NewConnectionError as error:
                raise NotSent(f"{call.path}: {type(error).__name__}") from error
            except (urllib3.exceptions.ProtocolError, urllib3.exceptions.SSLError) as error:
                # A connection that the server closed while nobody used it breaks so: a new one may not.
                if not (may_repeat and deadline.left() > _PAUSE):
                    raise AuthorizationUnavailable(f"{call.path}: {type(error).__name__}") from error
        raise AssertionError("both attempts end in an answer or an error")

    def _once(self, call: Call, deadline: Deadline) -> Any:
        left = deadline.left()
        if left <= 0:
            raise AuthorizationUnavailable(f"{call.path}: no time was left")
        headers: dict[str, str] = {"Accept": "application/json"}
        self._api.update_params_for_auth(headers, [], None)
        response = self._api.rest_client.request(
            call.method,
            f"{self._url}{call.path}",
            query_params=dict(call.query) or None,
            headers=headers,
            body=call.body,
            _preload_content=False,
            _request_timeout=(left, left),
        )
        try:
            if response.status != call.status:
                raise AuthorizationUnavailable(f"{call.path}: HTTP {response.status}")
            data = _body(response, deadline)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        if not call.streamed:
            return _object(data)
        lines = _lines(data)
        if not lines and _STORE not in response.headers:
            raise AuthorizationUnavailable("an empty stream that may be anybody's")
        return lines


def _gather(futures: Sequence[Future[Any]], deadline: Deadline) -> list[Any]:
    wait(futures, timeout=max(0.0, deadline.left()), return_when="FIRST_EXCEPTION")
    for future in futures:
        if future.done() and (error := future.exception()) is not None:
            if isinstance(error, AuthorizationUnavailable):
                raise error
            # Whatever a broken answer makes the SDK, urllib3 or json raise: it is no answer.
            raise AuthorizationUnavailable(f"{type(error).__name__} instead of an answer") from error
    if not all(future.done() for future in futures):
        raise AuthorizationUnavailable("no answer in time")
    return [future.result() for future in futures]


def _body(response: Any, deadline: Deadline) -> bytes:
    """Read an answer to its end. Raises when the end is not the end: a cut stream must not look like a short one."""
    if not response.chunked and response.headers.get("content-length") is None:
        raise AuthorizationUnavailable("an answer of which nobody can tell where it ends")
    parts: list[bytes] = []
    size = 0
    for part in response.stream(1 << 16):
        parts.append(part)
        size += len(part)
        if size > _MAX_BYTES:
            raise AuthorizationUnavailable("an answer that is far too long")
        if deadline.left() <= 0:
            raise AuthorizationUnavailable("an answer that does not end in time")
    return b"".join(parts)


def _object(data: bytes) -> dict[str, Any]:
    found = json.loads(data)
    if not isinstance(found, dict):
        raise AuthorizationUnavailable("an answer that is no JSON object")
    return found


def _lines(data: bytes) -> list[dict[str, Any]]:
    """Return what the lines of a stream hold as ``result``; an error among them is an error of all."""
    lines = [line for line in data.splitlines() if line.strip()]
    # Read as one text: line by line, a list of tens of thousands would take longer here than it takes the server.
    found = orjson.loads(b"[%s]" % b",".join(lines))
    if len(found) != len(lines):
        raise AuthorizationUnavailable("a stream whose lines are no JSON objects")
    for each in found:
        if not isinstance(each, dict) or each.keys() != _RESULT or not isinstance(each["result"], dict):
            raise AuthorizationUnavailable("an error, or nothing known, among the lines of a stream")
    return [each["result"] for each in found]


def _refused(error: ApiException) -> Refused:
    """Return the refusal; raises AuthorizationUnavailable for one that OpenFGA did not write."""
    found = _object(error.body)
    inner = found.get("error", found)
    code, detail = inner.get("code"), inner.get("message", "")
    if not isinstance(detail, str) or code is None:
        raise AuthorizationUnavailable(f"HTTP {error.status} without a reason")
    return Refused(error.status, str(code), detail)
