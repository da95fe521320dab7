"""One store and one model on the server, and reading tuples from it: what every question of this package shares."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authz.clients.openfga import wire
from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.clients.openfga.failures import Refused
from authz.errors import AuthorizationUnavailable
from authz.types import TupleKey

logger = logging.getLogger("filegraph.authz")

CONSISTENCY = "HIGHER_CONSISTENCY"
"""Past the server's caches, should it have any: a revocation holds from the next question on."""
_AT_ONCE = 32
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Remote:
    """The store, and the model that every question names: what was written to the store since has no say."""

    sender: Sender
    store_id: str
    model_id: str

    def call(self, name: str, body: Mapping[str, Any], *, streamed: bool = False, repeatable: bool = True) -> Call:
        """Return a POST to the store. ``authorization_model_id`` is added; questions add their ``consistency``."""
        content = {"authorization_model_id": self.model_id, **body}
        return Call("POST", f"/stores/{self.store_id}/{name}", content, streamed=streamed, repeatable=repeatable)

    def question(self, name: str, body: Mapping[str, Any], *, streamed: bool = False) -> Call:
        """Return a POST that asks something, past all caches."""
        return self.call(name, {"consistency": CONSISTENCY, **body}, streamed=streamed)

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        """Make all calls at once; raises what they mean for our callers (``wire.error_of``)."""
        try:
            return self.sender.send(calls, deadline)
        except Refused as refused:
            raise wire.error_of(refused) from None
        except AuthorizationUnavailable as error:
            logger.warning("OpenFGA did not answer: %s", error)
            raise

    def read_call(self, filter: Mapping[str, str], page_size: int = _PAGE, token: str = "") -> Call:
        """Return a call for one page of the stored tuples that fit ``filter`` (``user``, ``relation``, ``object``)."""
        body: dict[str, Any] = {"page_size": page_size, "consistency": CONSISTENCY}
        if filter:
            body["tuple_key"] = dict(filter)
        if token:
            body["continuation_token"] = token
        # A read names no model: it tells what is stored, whether a model allows it or not.
        return Call("POST", f"/stores/{self.store_id}/read", body)

    def read_all(self, filters: Sequence[Mapping[str, str]], deadline: Deadline | None = None) -> list[list[TupleKey]]:
        """Return all stored tuples that fit each filter, read some filters at a time.

        Without a ``deadline`` each round of calls has one of its own: for work that is as long as it is.
        """
        found: list[list[TupleKey]] = [[] for _ in filters]
        todo = [(place, "") for place in range(len(filters))]
        while todo:
            now, todo = todo[:_AT_ONCE], todo[_AT_ONCE:]
            calls = [self.read_call(filters[place], token=token) for place, token in now]
            for (place, token), page in zip(now, self.send(calls, deadline or Deadline()), strict=True):
                found[place] += [wire.key_of(entry.get("key")) for entry in wire.entries(page, "tuples")]
                following = wire.following(page, token)
                if following:
                    todo.append((place, following))
        return found
