"""A client that does not give up: sends files while parts of the installation die and come back, and keeps a record of
every refusal on the way. Whatever it meets must be typed: no 500, no HTML, no answer later than ``ANSWER_SECONDS``.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.components.api import Api, Json, put, sha256

ANSWER_SECONDS = 20.0
PATIENCE_SECONDS = 120.0
_PAUSE = 0.05
_SIZES = (0, 1000, 100_000, 2_000_000)
_BEGIN = (
    "mutation($input: BeginUploadInput!) { beginUpload(input: $input) { upload { id transport { __typename"
    " ... on SinglePut { url headers { name value } } } } errors { code message retryable } } }"
)
_FINALIZE = (
    "mutation($input: FinalizeUploadInput!) { finalizeUpload(input: $input)"
    " { file { id sha256 } errors { code message retryable } } }"
)


def patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer of ``ask``, asked again while OpenFGA does not answer in its two seconds: on a busy machine that
    happens, and nothing was done. Every other answer is returned, and this one too once patience is at its end.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = ask()
        if "AUTHORIZATION_UNAVAILABLE" not in _codes(answer.text) or time.monotonic() > deadline:
            return answer
        time.sleep(_PAUSE)


def _codes(text: str) -> set[str]:
    return set(re.findall(r'"code": ?"([A-Z_]+)"', text))


@dataclass(frozen=True, slots=True)
class PatientApi(Api):
    """A person who asks ``patiently``, and is otherwise as strict as any."""

    def post(self, **request: Any) -> httpx.Response:
        """As ``Api.post``."""
        return patiently(lambda: Api.post(self, **request))


class GaveUp(Exception):
    """An answer that nobody should ever get, or none for too long."""


@dataclass(slots=True)
class Sender:
    """Sends files to a drive, one after the other, each step through any of ``doors`` (the same person everywhere).

    ``kept``: what was acknowledged, as file id and content by name. ``codes``: of all refusals that were waited out.
    """

    doors: Sequence[Api]
    drive: str
    number: int = 0
    declares_hash: bool = False
    kept: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    stopping: threading.Event = field(default_factory=threading.Event)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def run(self) -> None:
        """Send until ``stopping`` is set. Raises ``GaveUp``."""
        while not self.stopping.is_set():
            name = f"{self.number}-{len(self.kept)}"
            content = self.chance.randbytes(self.chance.choice(_SIZES))
            self.kept[name] = (self.send(name, content), content)

    def send(self, name: str, content: bytes) -> str:
        """Send one file, however often; return its id."""
        declared = {"sha256": sha256(content)} if self.declares_hash else {}
        key = f"{self.drive} {name}"
        input_ = {"parentId": self.drive, "name": name, "size": str(len(content)), "idempotencyKey": key, **declared}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            upload = self.mutate(_BEGIN, input_)["upload"]
            if upload["transport"]["__typename"] == "SinglePut" and not self._put(upload["transport"], content):
                continue
            payload = self.mutate(_FINALIZE, {"uploadId": upload["id"]}, expected={"UPLOAD_INCOMPLETE"})
            if payload["file"] is not None:
                if payload["file"]["sha256"] != sha256(content):
                    raise GaveUp(f"{name} has other bytes than were sent.")
                return str(payload["file"]["id"])
        raise GaveUp(f"{name} does not converge.")

    def query(self, document: str, variables: Json | None = None) -> Json:
        """The data of an operation, asked for until it comes. Raises ``GaveUp``."""

        def ask() -> Json | None:
            body = self._judged(self._door().post(json={"query": document, "variables": variables or {}}))
            for error in body.get("errors") or ():
                if not error["extensions"].get("retryable"):
                    raise GaveUp(f"Refused for good: {error}")
                self.codes.add(error["extensions"]["code"])
            return None if "errors" in body else body["data"]

        return self._until(ask)

    def mutate(self, document: str, input_: Json, expected: set[str] | None = None) -> Json:
        """The payload of a mutation, tried until it has no retryable error. Raises ``GaveUp``."""

        def ask() -> Json | None:
            payload: Json = next(iter(self.query(document, {"input": input_}).values()))
            for error in payload["errors"]:
                if error["code"] in (expected or ()):
                    continue
                if not error["retryable"]:
                    raise GaveUp(f"Refused for good: {error}")
                self.codes.add(error["code"])
                return None
            return payload

        return self._until(ask)

    def _put(self, transport: Json, content: bytes) -> bool:
        """Try once; whether the bytes may be there."""
        headers = {each["name"]: each["value"] for each in transport["headers"]}
        try:
            answer = put(transport["url"], content, headers=headers)
        except httpx.TransportError:
            time.sleep(_PAUSE)
            return False
        if answer.is_success or answer.status_code in (409, 412):
            # 409: one before it arrived after all, or another one took over. 412: the same, said by S3.
            return True
        if transport["url"].partition("/u/")[1]:
            self._judged(answer)
        elif answer.status_code < 500:
            raise GaveUp(f"The store refused: {answer.status_code} {answer.text[:300]}")
        time.sleep(_PAUSE)
        return False

    def _door(self) -> Api:
        return self.chance.choice(self.doors)

    def _judged(self, answer: httpx.Response) -> Json:
        """The JSON of an answer. Raises ``GaveUp`` for one that is not ours, or says that we are broken."""
        if answer.status_code == 500 or "json" not in answer.headers.get("content-type", ""):
            raise GaveUp(f"HTTP {answer.status_code}: {answer.text[:500]}")
        if answer.elapsed.total_seconds() > ANSWER_SECONDS:
            raise GaveUp(f"An answer took {answer.elapsed.total_seconds():.1f} seconds.")
        body: Json = answer.json()
        if "error" in body and "errors" not in body:
            if not body["error"]["retryable"]:
                raise GaveUp(f"Refused for good: {body}")
            self.codes.add(body["error"]["code"])
        return body

    def _until(self, ask: Callable[[], Json | None]) -> Json:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                found = ask()
            except httpx.TransportError:
                found = None
            if found is not None:
                return found
            time.sleep(_PAUSE)
        raise GaveUp(f"No answer for {PATIENCE_SECONDS:.0f} seconds; refused with {sorted(self.codes)}.")
