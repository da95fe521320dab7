"""A person at the HTTP interface, as curl would be: GraphQL in, JSON out, nothing of the server imported."""

from __future__ import annotations

import hashlib
import secrets
import ssl
from dataclasses import dataclass
from typing import Any

import httpx

from tests.components.server import Server

Json = dict[str, Any]

UPLOAD = (
    "id state failure size receivedSize transport { __typename ... on SinglePut { url method headers { name value } } }"
)
_ERRORS = "errors { code message path retryable }"
_OPTIONS: Json = {
    "trust_env": False,
    "timeout": 60,
    # httpx loads all certificate authorities for every client, which takes longer than most requests here.
    "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
}


class Refused(Exception):
    """A mutation answered with user errors; ``codes`` are theirs."""

    def __init__(self, errors: list[Json]) -> None:
        self.codes = [error["code"] for error in errors]
        super().__init__(str(errors))


@dataclass(frozen=True, slots=True)
class Api:
    """One person (token "": nobody) at one server."""

    url: str
    token: str = ""
    name: str = ""
    password: str = ""
    user_id: str = ""

    def post(self, **request: Any) -> httpx.Response:
        """POST to /graphql with whatever is given; the answer as it is."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.post(f"{self.url}/graphql", **_OPTIONS, **{"headers": headers, **request})

    def query(self, document: str, **variables: Any) -> Json:
        """The data of a document that must have no errors."""
        body = self.post(json={"query": document, "variables": variables}).json()
        assert "errors" not in body, body
        data: Json = body["data"]
        return data

    def mutate(self, name: str, selection: str, /, **arguments: Any) -> Json:
        """The payload of one mutation. Raises ``Refused`` for user errors."""
        kind = f"{name[0].upper()}{name[1:]}Input!"
        selection = f"{selection} {_ERRORS}"
        document = f"mutation M($input: {kind}) {{ {name}(input: $input) {{ {selection} }} }}"
        payload: Json = self.query(document, input=arguments)[name]
        if payload["errors"]:
            raise Refused(payload["errors"])
        return payload

    def begin(self, parent_id: str, name: str, size: int, **more: Any) -> Json:
        """Begin an upload; the upload."""
        arguments = {"parentId": parent_id, "name": name, "size": str(size), **more}
        upload: Json = self.mutate("beginUpload", f"upload {{ {UPLOAD} }}", **arguments)["upload"]
        return upload

    def finalize(self, upload_id: str, **more: Any) -> Json:
        """Finalize an upload; the file."""
        file: Json = self.mutate("finalizeUpload", "file { id name size sha256 version }", uploadId=upload_id, **more)[
            "file"
        ]
        return file

    def upload(self, parent_id: str, name: str, content: bytes, **more: Any) -> Json:
        """All three steps; the file."""
        upload = self.begin(parent_id, name, len(content), **more)
        assert put(upload["transport"]["url"], content).status_code in (200, 201, 204)
        return self.finalize(upload["id"])

    def state(self, upload_id: str) -> str:
        """The state of an upload."""
        return str(self.query("query($id: ID!) { upload(id: $id) { state } }", id=upload_id)["upload"]["state"])

    def link(self, file_id: str) -> str:
        """A download link for a file."""
        found = self.query("query($id: ID!) { file(id: $id) { downloadUrl { url } } }", id=file_id)["file"]
        return str(found["downloadUrl"]["url"])

    def drive(self, **more: Any) -> str:
        """The id of a new drive."""
        payload = self.mutate("createDrive", "drive { id }", name=f"drive {secrets.token_hex(6)}", **more)
        return str(payload["drive"]["id"])

    def folder(self, parent_id: str, name: str) -> str:
        """The id of a new folder."""
        return str(self.mutate("createFolder", "folder { id }", parentId=parent_id, name=name)["folder"]["id"])


def put(url: str, content: bytes, **more: Any) -> httpx.Response:
    """PUT bytes to an upload URL."""
    return httpx.put(url, content=content, **_OPTIONS, **more)


def get(url: str, **more: Any) -> httpx.Response:
    """GET a download URL."""
    return httpx.get(url, **_OPTIONS, **more)


def sha256(content: bytes) -> str:
    """The hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def become_administrator(server: Server, name: str = "admin") -> Api:
    """Complete the set-up of a fresh server."""
    password = secrets.token_urlsafe(18)
    with httpx.Client(base_url=server.url, **_OPTIONS) as http:
        arguments = {"setupToken": server.setup_token, "username": name, "password": password}
        return _signed_in(http, "completeSetup", arguments, Api(server.url, "", name, password))


def new_person(administrator: Api, name: str = "") -> Api:
    """Make a user and sign in as her."""
    name, password = name or f"user-{secrets.token_hex(5)}", secrets.token_urlsafe(18)
    arguments = {"username": name, "password": password, "displayName": name}
    user = administrator.mutate("createUser", "user { id }", **arguments)["user"]
    with httpx.Client(base_url=administrator.url, **_OPTIONS) as http:
        person = Api(administrator.url, "", name, password, user["id"])
        return _signed_in(http, "signIn", {"username": name, "password": password}, person)


def _signed_in(http: httpx.Client, mutation: str, arguments: Json, person: Api) -> Api:
    kind = f"{mutation[0].upper()}{mutation[1:]}Input!"
    selection = f"csrfToken viewer {{ user {{ id }} }} {_ERRORS}"
    document = f"mutation M($input: {kind}) {{ {mutation}(input: $input) {{ {selection} }} }}"
    payload = http.post("/graphql", json={"query": document, "variables": {"input": arguments}}).json()["data"][
        mutation
    ]
    assert not payload["errors"], payload
    document = 'mutation { createAccessToken(input: {name: "tests"}) { secret } }'
    headers = {"x-csrftoken": payload["csrfToken"]}
    token = http.post("/graphql", json={"query": document}, headers=headers).json()["data"]["createAccessToken"][
        "secret"
    ]
    return Api(person.url, token, person.name, person.password, payload["viewer"]["user"]["id"])
