"""A client whose writes meet mishaps on their way to the server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils import timezone

from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.failures import NotSent
from authz.errors import AuthorizationUnavailable


@dataclass
class Unreliable:
    """Hands calls on, unless ``plan`` says otherwise: "not sent", "lost" (done, but nobody knows), or a callable."""

    sender: Sender
    plan: list[str | Callable[[], None]] = field(default_factory=list)
    writes: list[Call] = field(default_factory=list)

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        if not calls[0].path.endswith("/write"):
            return self.sender.send(calls, deadline)
        self.writes += calls
        mishap = self.plan.pop(0) if self.plan else ""
        if mishap == "not sent":
            raise NotSent("not sent")
        if callable(mishap):
            mishap()
        answers = self.sender.send(calls, deadline)
        if mishap == "lost":
            raise AuthorizationUnavailable("lost")
        return answers


def unreliable(client: OpenFGAClient, *plan: str | Callable[[], None]) -> tuple[OpenFGAClient, Unreliable]:
    sender = Unreliable(client.remote.sender, list(plan))
    remote = replace(client.remote, sender=sender)
    return OpenFGAClient(client.model, remote, clock=timezone.now), sender
