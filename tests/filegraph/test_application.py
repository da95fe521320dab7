import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, MutableMapping
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from filegraph.application import Application
from filegraph.background import Chore
from filegraph.database_threads import DatabaseThreads
from filegraph.installation import prepare
from schema import http
from schema.context import Context
from schema.execution import Operation, execute
from storage.errors import BackendUnavailable

pytestmark = pytest.mark.django_db(transaction=True)


class Server:
    """Speaks ASGI to the whole application, as a server would."""

    def __init__(self, ran: list[object]) -> None:
        self.threads = DatabaseThreads(2)
        self.reads = 0
        self.headers: dict[bytes, bytes] = {}
        self._application = Application(threads=self.threads, background=[Chore("test", 3600, ran.append, last=True)])
        self._inbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._outbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()

    async def start(self) -> None:
        self._life = asyncio.create_task(self._application({"type": "lifespan"}, self._inbox.get, self._outbox.put))
        await self._inbox.put({"type": "lifespan.startup"})
        assert (await self._outbox.get())["type"] == "lifespan.startup.complete"

    async def stop(self) -> None:
        await self._inbox.put({"type": "lifespan.shutdown"})
        assert (await self._outbox.get())["type"] == "lifespan.shutdown.complete"
        await self._life

    async def request(
        self,
        path: str,
        *,
        method: str = "GET",
        host: str = "localhost",
        body: bytes = b"",
        kind: str = "",
        length: int | None = None,
        more_hosts: tuple[str, ...] = (),
        address: str = "192.0.2.1",
    ) -> tuple[int, bytes]:
        sent: list[MutableMapping[str, Any]] = []
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            message = next(messages, None)
            self.reads += 1
            if message is None:
                await asyncio.sleep(3600)
            return message

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        hosts = [(b"host", each.encode()) for each in (host, *more_hosts)]
        headers = [*hosts, (b"content-length", str(len(body) if length is None else length).encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [*headers, (b"content-type", kind.encode())] if kind else headers,
            "client": (address, 1234),
            "server": ("localhost", 80),
        }
        await self._application(scope, receive, send)
        status: int = sent[0]["status"]
        self.headers = dict(sent[0]["headers"])
        return status, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def ran() -> list[object]:
    return []


@pytest.fixture
async def server(ran: list[object]) -> AsyncIterator[Server]:
    server = Server(ran)
    await server.start()
    yield server
    await server.stop()
    assert len(ran) == 1


async def test_each_path_goes_to_its_part(server: Server) -> None:
    status, body = await server.request("/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    query = json.dumps({"query": "{ viewer { actor } }"}).encode()
    status, body = await server.request("/graphql", method="POST", body=query, kind="application/json")
    assert (status, json.loads(body)["data"]["viewer"]["actor"]) == (200, "anonymous:visitor")
    status, body = await server.request("/graphql/schema.graphql")
    assert status == 200
    assert b"type Query" in body
    for path in ("/u/forged", "/d/forged/name"):
        status, body = await server.request(path, method="HEAD" if path.startswith("/u") else "GET")
        assert status == 403
    assert (await server.request("/"))[0] == 200
    assert (await server.request("/admin/login/"))[0] == 200
    assert (await server.request("/static/admin/css/base.css"))[0] == 200
    assert (await server.request("/absent"))[0] == 404


async def test_uploads_that_wait_for_a_store_leave_threads_to_others(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, waiting = threading.Event(), threading.Semaphore(0)

    def hang(*_: object, **__: object) -> None:
        waiting.release()
        goes_on.wait(30)
        raise BackendUnavailable

    monkeypatch.setattr("storage.tokens.read_upload", lambda *_, **__: "x")
    monkeypatch.setattr("storage.services.uploads.receive.start", hang)
    puts = [asyncio.create_task(server.request("/u/x", method="PUT", body=b"x")) for _ in range(6)]
    try:
        assert await asyncio.to_thread(waiting.acquire, timeout=10)
        query = json.dumps({"query": "{ viewer { actor } }"}).encode()
        async with asyncio.timeout(10):
            status, _ = await server.request("/graphql", method="POST", body=query, kind="application/json")
        assert status == 200
    finally:
        goes_on.set()
    assert {status for status, _ in await asyncio.gather(*puts)} == {503}


@pytest.mark.parametrize("host", ["evil.example", "", "localhost.evil.example", "localhost@evil.example", "a b"])
@pytest.mark.parametrize("path", ["/graphql", "/u/x", "/d/x/y", "/"])
async def test_foreign_hosts_are_refused_by_every_part(server: Server, host: str, path: str) -> None:
    status, body = await server.request(path, host=host)
    assert status == 400
    assert json.loads(body)["error"]["code"] == "UNKNOWN_HOST"


@pytest.mark.parametrize("path", ["/graphql", "/u/x", "/d/x/y", "/"])
@pytest.mark.parametrize("other", ["evil.example", "localhost"])
async def test_two_hosts_are_one_too_many(server: Server, path: str, other: str) -> None:
    status, body = await server.request(path, more_hosts=(other,))
    assert (status, json.loads(body)["error"]["code"]) == (400, "BAD_REQUEST")


NOWHERE = [
    "/graphqlx",
    "/graphql/",
    "/graphql/a/b",
    "/graphql/x/schema.graphql",
    "//graphql",
    "/u",
    "/d",
    "//u/secret",
    "/x/u/secret",
    "*",
    "",
    "/adminx",
    "/static",
    "/absent",
]


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
async def test_nothing_is_served_elsewhere(
    server: Server, path: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    query = json.dumps({"query": "{ viewer { actor } }"}).encode()
    status, body = await server.request(path, method=method, body=query, kind="application/json")
    assert (status, json.loads(body)["error"]["code"]) == (404, "NOT_FOUND")
    assert "secret" not in caplog.text


async def test_graphql_with_a_slash_is_told_where_graphql_is(server: Server) -> None:
    status, body = await server.request("/graphql/", method="POST")
    assert (status, "/graphql, without a slash" in json.loads(body)["error"]["message"]) == (404, True)


@pytest.mark.parametrize(
    "path", ["/static/../../../etc/passwd", "/static//etc/passwd", "/static/\0", "/static/admin/css", "/static/absent"]
)
async def test_a_static_path_that_leads_away_is_not_there(server: Server, path: str) -> None:
    status, body = await server.request(path)
    assert status == 404
    assert b"passwd" not in body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 405),
        ("PUT", "/static/admin/css/base.css", 405),
        ("GET", "/", 413),
        ("GET", "/static/admin/css/base.css", 413),
        ("PUT", "/absent", 404),
        ("POST", "/admin/login/", 413),
        ("POST", "/healthz", 405),
        ("PUT", "/graphql", 405),
        ("POST", "/graphql", 415),
    ],
)
async def test_a_body_that_nobody_wants_is_not_read(server: Server, method: str, path: str, status: int) -> None:
    found, body = await server.request(path, method=method, body=b"x" * 70_000, length=10 << 30)
    assert found == status
    assert json.loads(body)
    assert server.headers[b"connection"] == b"close"
    # One read while the client gets the time to take the answer.
    assert server.reads == 1


async def test_a_form_of_the_administration_reaches_django(server: Server) -> None:
    form = "application/x-www-form-urlencoded"
    status, body = await server.request("/admin/login/", method="POST", body=b"username=a", kind=form)
    assert status == 403
    assert b"CSRF" in body


async def test_ready_only_when_prepared_parts_work(server: Server) -> None:
    await server.threads.run(prepare)
    status, body = await server.request("/readyz", host="10.0.0.1")
    assert status == 200
    assert set(json.loads(body)["parts"]) == {"database", "stores", "authorization"}


async def test_there_are_no_websockets(server: Server) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await server._application({"type": "websocket", "path": "/graphql"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000}]


async def test_one_address_does_not_take_every_thread(
    settings: Settings, ran: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILEGRAPH_DATABASE_THREADS = 2
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(operation: Operation, context: Context) -> dict[str, Any]:
        if operation.name == "Slow":
            begun.release()
            assert go_on.wait(20)
        return execute(operation, context)

    monkeypatch.setattr(http, "execute", slow)
    server = Server(ran)
    await server.start()

    def ask(name: str, address: str) -> Awaitable[tuple[int, bytes]]:
        body = json.dumps({"query": f"query {name} {{ viewer {{ actor }} }}", "operationName": name}).encode()
        return server.request("/graphql", method="POST", body=body, kind="application/json", address=address)

    crowd = [asyncio.ensure_future(ask("Slow", "198.51.100.7")) for _ in range(6)]
    try:
        assert await asyncio.to_thread(begun.acquire, timeout=10)
        status, _ = await asyncio.wait_for(ask("Quick", "192.0.2.1"), 10)
        assert status == 200
        assert not any(each.done() for each in crowd)
    finally:
        go_on.set()
    assert [status for status, _ in await asyncio.wait_for(asyncio.gather(*crowd), 20)] == [200] * 6
    await server.stop()
