"""An installation with people, a drive and files, and a client that speaks to the endpoint in process."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.contrib.auth import get_user_model
from graphql import get_nullable_type, is_list_type

from accounts.permissions import grant_organization
from accounts.principal import Principal, actor_of
from accounts.services import access_tokens
from authz.types import Actor
from schema.executor import core_schema
from schema.http import EndpointSettings, GraphQLEndpoint
from schema.ids import Kind, encode
from schema.root import schema
from storage.models import Backend, Blob, Drive, File, FileVersion, Item, NodeKind, NodeRef
from storage.permissions import Role
from storage.services import drives, folders, sharing

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


async def run_here(work: Callable[[], Any], *, asker: Hashable | None = None) -> Any:
    """Run in the test's own thread, which has the test's transaction, and where Django must see no event loop."""
    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return work()
    finally:
        asyncio._set_running_loop(loop)


def require_paths(payload: Any, input_type: str) -> None:
    """Require that the path of every error in a payload is one of the input's."""
    for value in payload.values() if isinstance(payload, dict) else payload if isinstance(payload, list) else ():
        require_paths(value, input_type)
    if isinstance(payload, dict) and {"code", "path"} <= payload.keys():
        root, *rest = payload["path"]
        assert root == "input"
        type_: Any = core_schema(schema).type_map[input_type]
        for step in rest:
            type_ = get_nullable_type(type_)
            type_ = type_.of_type if is_list_type(type_) and step.isdigit() else type_.fields[step].type


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value.decode() for key, value in self.headers if key == name.encode()), None)


@dataclass
class Client:
    """Somebody who sends requests; ``token`` is sent as bearer token."""

    settings: EndpointSettings = field(default_factory=lambda: EndpointSettings(origin="https://files.test"))
    token: str | None = None
    now: datetime = NOW

    def request(
        self,
        body: bytes,
        *,
        method: str = "POST",
        path: str = "/graphql",
        headers: dict[str, str] | None = None,
        chunks: int = 1,
        ends: bool = True,
    ) -> Answer:
        sent = {"content-type": "application/json", "host": "files.test", **(headers or {})}
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "scheme": "https",
            "query_string": b"",
            "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in sent.items()],
            "client": ("127.0.0.1", 1234),
        }
        size = max(1, -(-len(body) // chunks))
        parts = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not parts:
                await asyncio.sleep(3600)
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts) or not ends}

        async def send(message: Any) -> None:
            messages.append(message)

        endpoint = GraphQLEndpoint(run_here, lambda: self.now, self.settings)
        asyncio.run(endpoint(scope, receive, send))
        return Answer(messages[0]["status"], messages[0]["headers"], messages[1]["body"])

    def post(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> Answer:
        body = orjson.dumps({"query": query, "variables": variables or {}})
        return self.request(body, headers={key.replace("_", "-"): value for key, value in headers.items()})

    def ask(self, query: str, **variables: Any) -> Any:
        """Return the data of an operation that has to succeed."""
        answer = self.post(query, variables)
        assert answer.status == 200, answer.body
        assert "errors" not in answer.json, answer.json["errors"]
        return answer.json["data"]

    def do(self, mutation: str, input_type: str, fields: str, /, **input: Any) -> Any:
        """Return the payload of a mutation; ``errors { code path retryable message }`` are asked for too."""
        query = (
            f"mutation ($input: {input_type}!) {{ {mutation}(input: $input)"
            f" {{ {fields} errors {{ code path retryable message }} }} }}"
        )
        payload = self.ask(query, input=input)[mutation]
        require_paths(payload, input_type)
        return payload

    def refused(self, mutation: str, input_type: str, /, **input: Any) -> tuple[str, list[str]]:
        """Return code and path of the one error of a mutation that has to fail."""
        (error,) = self.do(mutation, input_type, "__typename", **input)["errors"]
        return error["code"], error["path"]

    def fail(self, mutation: str, input_type: str, /, **input: Any) -> str:
        """Return the code of the one error of a mutation that has to fail."""
        return self.refused(mutation, input_type, **input)[0]


@dataclass
class Person:
    """Somebody with an account."""

    row: Any
    client: Client

    @property
    def actor(self) -> Actor:
        return actor_of(self.row.id)

    @property
    def id(self) -> str:
        return encode(Kind.USER, self.row.id)


def make_person(username: str, *, administrator: bool = False) -> Person:
    row = get_user_model().objects.create_user(username=username, password="correct horse battery")
    grant_organization(actor_of(row.id), administrator=administrator)
    principal = Principal(actor=actor_of(row.id), user_id=row.id, username=username)
    token = access_tokens.create(principal, "test", expires_in=3600, now=NOW).secret
    return Person(row, Client(token=token))


def make_file(drive: Drive, parent: Item | Drive, name: str, content: bytes, by: Person) -> Item:
    """Insert a file as finalize leaves it, without the way of its bytes."""
    sha256 = hashlib.sha256(content).hexdigest()
    blob, _ = Blob.objects.get_or_create(
        drive=drive,
        sha256=sha256,
        size=len(content),
        defaults={"backend": drive.backend, "key": f"key-{sha256[:20]}-{drive.id[:5]}", "created_at": NOW},
    )
    row = File(
        drive=drive,
        parent_id=parent.id,
        name=name,
        name_key=name,
        size=len(content),
        content_type="text/plain",
        sha256=sha256,
        created_at=NOW,
        updated_at=NOW,
        created_by=by.row,
    )
    row.save(force_insert=True)
    version = FileVersion.objects.create(
        file=row, blob=blob, number=1, content_type="text/plain", created_at=NOW, created_by=by.row
    )
    row.current_version = version
    row.save(update_fields=["current_version"])
    Drive.objects.filter(id=drive.id).update(used_bytes=drive.used_bytes + len(content))
    return row


@dataclass
class World:
    """Ann administers; Olga owns a drive; Vera views its folder "shared"; Stan sees nothing."""

    ann: Person
    olga: Person
    vera: Person
    stan: Person
    drive: Drive
    shared: Item
    hidden: Item
    file: Item
    secret: Item
    visitor: Client

    @property
    def drive_id(self) -> str:
        return encode(Kind.DRIVE, self.drive.id)

    @property
    def shared_id(self) -> str:
        return encode(Kind.FOLDER, self.shared.id)

    @property
    def hidden_id(self) -> str:
        return encode(Kind.FOLDER, self.hidden.id)

    @property
    def file_id(self) -> str:
        return encode(Kind.FILE, self.file.id)

    @property
    def secret_id(self) -> str:
        return encode(Kind.FILE, self.secret.id)


@pytest.fixture
def world(db: None) -> World:
    ann = make_person("ann", administrator=True)
    olga, vera, stan = make_person("olga"), make_person("vera"), make_person("stan")
    Backend.objects.create(name="memory-test", driver="memory")
    drive = drives.create(ann.actor, ann.row.id, "Team", now=NOW)
    ref = NodeRef(NodeKind.DRIVE, drive.id)
    sharing.share(ann.actor, ref, olga.actor, Role.OWNER)
    shared = folders.create(olga.actor, olga.row.id, ref, "shared", now=NOW)
    hidden = folders.create(olga.actor, olga.row.id, ref, "hidden", now=NOW)
    sharing.share(olga.actor, NodeRef(NodeKind.FOLDER, shared.id), vera.actor, Role.VIEWER)
    file = make_file(drive, shared, "hello.txt", b"hello", olga)
    secret = make_file(drive, hidden, "secret.txt", b"secret", olga)
    return World(ann, olga, vera, stan, drive, shared, hidden, file, secret, Client())


def begin_upload(person: Person, parent_id: str) -> str:
    """Begin an upload and return its id."""
    payload = person.client.do(
        "beginUpload",
        "BeginUploadInput",
        "upload { id }",
        parentId=parent_id,
        name="upload",
        size=1,
        onConflict="RENAME",
    )
    return str(payload["upload"]["id"])
