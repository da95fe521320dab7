"""A signed-in administrator with a drive on a fresh server: what every benchmark over HTTP starts with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from benchmarks.wire import KeepAlive, endpoint
from filegraph.client import operations
from filegraph.client.graphql_client import GraphQLClient, user_errors
from tests.components.server import Server


@dataclass(frozen=True, slots=True)
class Account:
    """Where, with which token, and the drive to use."""

    url: str
    token: str
    drive_id: str

    @property
    def client(self) -> GraphQLClient:
        """A new GraphQL client; the caller closes it."""
        return GraphQLClient(self.url, self.token)

    def begin(self, files: list[tuple[str, int]]) -> list[tuple[str, str]]:
        """Begin uploads of (name, size in bytes); (upload id, URL) of each. At most 100."""
        uploads = [{"parentId": self.drive_id, "name": name, "size": str(size)} for name, size in files]
        with self.client as client:
            results = client.results(operations.BEGIN_UPLOADS, "uploads", uploads)
        return [(r["upload"]["id"], r["upload"]["transport"]["url"]) for r in _good(results)]

    def finalize(self, upload_ids: list[str]) -> list[str]:
        """Finalize uploads; the ids of their files. At most 100."""
        with self.client as client:
            inputs = [{"uploadId": upload_id} for upload_id in upload_ids]
            results = client.results(operations.FINALIZE_UPLOADS, "uploads", inputs)
        return [result["file"]["id"] for result in _good(results)]

    def download_url(self, file_id: str) -> str:
        """A link for a file."""
        with self.client as client:
            nodes = client.execute(operations.DOWNLOAD_URLS, {"ids": [file_id]})["nodes"]
        return str(nodes[0]["downloadUrl"]["url"])

    def connection(self) -> KeepAlive:
        """A bare keep-alive connection to the server."""
        return KeepAlive(self.url)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of a GraphQL request on a bare connection."""
        where = endpoint(self.url)
        return {
            "Host": f"{where.host}:{where.port}",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }


def open_account(server: Server) -> Account:
    """Complete the set-up of ``server`` and make a drive."""
    arguments = {"username": "bench", "password": secrets.token_urlsafe(18), "setupToken": server.setup_token}
    with GraphQLClient(server.url) as client:
        client.use_csrf_token(client.mutate(operations.COMPLETE_SETUP, arguments)["csrfToken"])
        token = client.mutate(operations.CREATE_ACCESS_TOKEN, {"name": "benchmarks", "expiresIn": 86_400})["secret"]
    with GraphQLClient(server.url, token) as client:
        drive_id = client.mutate(operations.CREATE_DRIVE, {"name": "bench"})["drive"]["id"]
    return Account(server.url, token, drive_id)


def _good(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for result in results:
        for error in user_errors(result):
            raise error.as_error()
    return results
