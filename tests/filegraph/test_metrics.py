"""The page of metrics: for the networks that the setting names, and to nobody else there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from filegraph.application import Application
from filegraph.database_threads import DatabaseThreads

pytestmark = pytest.mark.django_db(transaction=True)

Answer = tuple[int, dict[bytes, bytes], bytes]


@pytest.fixture
async def threads() -> AsyncIterator[DatabaseThreads]:
    made = DatabaseThreads(1)
    yield made
    made.close()


async def ask(
    application: Application, client: Any = ("127.0.0.1", 1), method: str = "GET", path: str = "/metrics", **more: str
) -> Answer:
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [
        (b"host", b"localhost"),
        *((name.replace("_", "-").encode(), text.encode()) for name, text in more.items()),
    ]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
    }
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers}
    scope |= {"client": client, "server": ("localhost", 80)}
    await application(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:])


async def test_it_is_there_for_whom_the_setting_names(settings: Settings, threads: DatabaseThreads) -> None:
    settings.FILEGRAPH_METRICS = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")
    application = Application(threads=threads)
    for address in ("127.0.0.1", "10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"):
        status, headers, body = await ask(application, (address, 1))
        assert (status, headers[b"cache-control"]) == (200, b"no-store"), address
        assert headers[b"content-type"].startswith(b"text/plain; version=")
        assert b'filegraph_authz_engine_info{engine="embedded"} 1.0' in body
        assert b"filegraph_authz_outbox_oldest_seconds 0.0" in body
    assert (await ask(application, method="POST"))[0] == 405


async def test_to_others_there_is_no_such_page(settings: Settings, threads: DatabaseThreads) -> None:
    nothing = await ask(Application(threads=threads), path="/nothing")
    assert nothing[0] == 404
    assert (await ask(Application(threads=threads)))[::2] == nothing[::2]
    settings.FILEGRAPH_METRICS = ("127.0.0.1",)
    application = Application(threads=threads)
    for client in (("10.0.0.1", 1), ("::1", 1), ("", 1), ("unix", 0), None):
        assert (await ask(application, client))[::2] == nothing[::2], client
    # A proxy on the same machine has an address of the list; those it speaks for have not.
    assert (await ask(application, x_forwarded_for="192.0.2.1"))[::2] == nothing[::2]
    assert (await ask(application, forwarded="for=192.0.2.1"))[::2] == nothing[::2]
    assert (await ask(application, path="/metrics/"))[0] == 404
