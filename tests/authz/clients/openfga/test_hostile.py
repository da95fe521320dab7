"""A server that answers nonsense, slowly, or not at all: nothing is allowed, nothing is listed, nothing counts as done;
every question ends within two seconds in an error that says "try again", and all is well when the server is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from django.utils import timezone

from authz.clients.openfga.breaker import PAUSE_SECONDS
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.kept import KeptProjections
from authz.clients.openfga.transport import Transport
from authz.errors import AuthorizationUnavailable
from authz.models import Delivery, DeliveryLease, TupleChange
from authz.services.shipped_model import shipped_model
from authz.testing.contract import key
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest
from tests.authz.clients.tree import STRUCTURE
from tests.components.openfga import OpenFGA

MakeClient = Callable[..., OpenFGAClient]
pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 2.4
"""Two for OpenFGA, and something for a busy machine."""
WANTED = {(f"file:i{number}", "viewer") for number in range(60)}
SURE = key("user:a viewer file:i1")


@dataclass
class Impostor:
    """Stands at the address of the server. ``behave`` answers; without one, the real server does."""

    real: str
    behave: Callable[[BaseHTTPRequestHandler], None] | None = None
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def impostor(openfga_server: OpenFGA) -> Iterator[tuple[str, Impostor]]:
    state = Impostor(openfga_server.api_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            state.asked.append(self.path)
            if state.behave is not None:
                state.behave(self)
                return
            headers = {"content-type": "application/json"}
            got = httpx.request(
                self.command, state.real + self.path, content=body, headers=headers, trust_env=False, timeout=10
            )
            respond(self, got.content, got.status_code)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", state
    server.shutdown()
    server.server_close()
    thread.join()


def respond(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def says(body: object, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda handler: respond(handler, data, status)


def hangs(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def cuts(handler: BaseHTTPRequestHandler) -> None:
    """In the middle of a stream, or of anything else."""
    line = b'{"result":{"object":"file:i1"}}\n'
    handler.send_response(200)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
    handler.wfile.flush()
    handler.close_connection = True


def floods(handler: BaseHTTPRequestHandler) -> None:
    """An answer without an end."""
    handler.send_response(200)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    part = b" " * (4 << 20)
    try:
        for _ in range(75):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
    except OSError:
        handler.close_connection = True


BEHAVIOURS = {
    "html": says(b"<html><body>allowed: true</body></html>"),
    "nothing": says(b""),
    "truncated": says(b'{"allowed": true, "resolu'),
    "a list": says([{"allowed": True}]),
    "text false": says({"allowed": "false"}),
    "text true": says({"allowed": "true"}),
    "number": says({"allowed": 1}),
    "null": says({"allowed": None}),
    "empty object": says({}),
    "an error with 200": says({"code": "internal_error", "message": "allowed"}),
    "an error with 200 and a verdict": says({"error": {"code": 13}, "allowed": False}),
    "results of the wrong type": says({"result": [{"allowed": True}]}),
    "some of the results": says({"result": {"0": {"allowed": True}}}),
    "texts for objects": says({"tuples": "all", "users": 3, "changes": {}, "continuation_token": 7}),
    "tuples without keys": says({"tuples": [{}, {"key": 3}, {"key": {"user": 1}}], "continuation_token": ""}),
    "pages in a ring": says({"tuples": [], "changes": [{"operation": "X"}], "continuation_token": "again"}),
    "models in a ring": says({"authorization_models": [], "continuation_token": "again"}),
    "a bad condition": says(
        {
            "tuples": [{"key": {"user": "user:a", "relation": "viewer", "object": "file:1", "condition": "x"}}],
            "continuation_token": "",
        }
    ),
    "a stream with an error": says(b'{"result":{"object":"file:i1"}}\n{"error":{"code":4}}\n'),
    "objects of another type": says(b'{"result":{"object":"drive:i1"}}\n'),
    "503": says({"allowed": True}, 503),
    "500 with html": says(b"<html>", 500),
    "refused by a proxy": says(b"<html>no</html>", 400),
    "an unknown refusal": says({"code": "teapot", "message": "short and stout"}, 400),
    "a limit": says({"code": "rate_limit_exceeded", "message": "slowly"}, 429),
    "hangs": hangs,
    "cut": cuts,
    "without an end": floods,
}

SLOW = ("hangs", "without an end")
"""Of these a few questions are enough: each takes its two seconds."""


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_nothing_is_allowed_and_all_is_well_afterwards(
    openfga_client: MakeClient, impostor: tuple[str, Impostor], behaviour: str
) -> None:
    url, state = impostor
    client = openfga_client(shipped_model(), STRUCTURE)
    client.write(writes=[SURE])
    transport = Transport(url)
    remote = replace(client.remote, sender=transport)
    kept = KeptProjections(60)
    through = OpenFGAClient(client.model, remote, clock=timezone.now, structure=STRUCTURE, kept=kept)
    question = CheckRequest("user:a", "viewer", "file:i1")
    assert through.check(question)
    assert through.granted(Asker("user:a"), WANTED) == {("file:i1", "viewer")}

    state.behave = BEHAVIOURS[behaviour]
    questions: list[Callable[[], object]] = [
        lambda: through.batch_check([question] * 60),
        lambda: through.list_objects(ListObjectsRequest("user:a", "viewer", "file")),
        lambda: through.list_users(ListUsersRequest("file:i1", "viewer", "user")),
        lambda: through.read(object="file:i1"),
        lambda: through.read_objects(["file:i1", "file:i2"]),
        lambda: through.expand("viewer", "file:i1"),
        through.read_changes,
        through.read_authorization_models,
        lambda: through.granted(Asker("user:b"), WANTED),
        lambda: through.predicate(Asker("user:b"), "can_view", "file", "n"),
        lambda: through.check(question),
    ]
    for ask in questions[-3:] if behaviour in SLOW else questions:
        # As if each came first: the breaker would refuse what comes after three failures without asking.
        transport._breaker.succeeded()
        begin = time.monotonic()
        with pytest.raises(AuthorizationUnavailable) as caught:
            ask()
        assert time.monotonic() - begin < SECONDS
        assert caught.value.retryable

    # A right that is taken back now is taken back, and what was kept does not outlive it.
    if behaviour == "empty object":
        return  # which is how a server says that it has written something
    through.write(deletes=[SURE])
    assert TupleChange.objects.filter(delivery=Delivery.PENDING).count() == 1
    state.behave = None
    time.sleep(PAUSE_SECONDS)
    assert not through.check(question)
    assert through.granted(Asker("user:a"), WANTED) == set()
    DeliveryLease.objects.update(holder="")
    assert Courier(remote, "default").deliver(Deadline())
    assert client.remote.read_all([{}]) == [[]]
