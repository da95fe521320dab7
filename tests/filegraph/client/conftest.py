"""A server that says whatever a test wants: for answers that no honest server gives."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from filegraph.client.graphql_client import GraphQLClient

Answer = tuple[int, bytes]


@dataclass
class ScriptedServer:
    """``answer`` makes (status, body) of a GraphQL request; ``files`` are bodies of GETs by path, else ``refusal``."""

    url: str = ""
    answer: Callable[[dict[str, Any]], Answer] = lambda _: (404, b"")
    files: dict[str, bytes] = field(default_factory=dict)
    refusal: Answer = (404, b"")
    requests: list[dict[str, Any]] = field(default_factory=list)

    def say(self, data: dict[str, Any]) -> None:
        """Answer every request with this data."""
        self.answer_data(lambda _: data)

    def answer_data(self, find: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Answer every request with the data that ``find`` has for it."""
        self.answer = lambda request: (200, json.dumps({"data": find(request)}).encode())


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A scripted server on loopback."""
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            script.requests.append({**request, "token": self.headers.get("Authorization", "")})
            self._send(*script.answer(request))

        def do_GET(self) -> None:
            script.requests.append({"path": self.path, "token": self.headers.get("Authorization", "")})
            body = script.files.get(self.path)
            self._send(*((200, body) if body is not None else script.refusal))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield script
        server.shutdown()
        thread.join()


@pytest.fixture
def client(scripted: ScriptedServer) -> Iterator[GraphQLClient]:
    """A client of the scripted server."""
    with GraphQLClient(scripted.url) as client:
        yield client
