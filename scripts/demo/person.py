"""Somebody who uses the service: her own configuration folder, the command line as her hands, GraphQL as her eyes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filegraph.client import credentials
from filegraph.client.errors import ExitCode
from filegraph.client.graphql_client import GraphQLClient
from scripts.demo.mismatch import Mismatch

_FILES = (
    "query Files($after: String) { files(first: 100, after: $after) "
    "{ totalCount nodes { id } pageInfo { hasNextPage endCursor } } }"
)
_DOWNLOAD = "query Download($id: ID!) { file(id: $id) { downloadUrl { url } } }"


class CommandFailed(Exception):
    """A command ended with another exit code than the story expects; ``outage``: because no server answered."""

    def __init__(self, sentence: str, *, outage: bool = False) -> None:
        self.outage = outage
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Person:
    """A user by name and password. ``home`` holds nothing but her configuration."""

    name: str
    password: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of her commands."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FILEGRAPH_")}
        return kept | {"XDG_CONFIG_HOME": str(self.home)}

    def run(self, *arguments: str, stdin: str = "", expected: int = 0) -> str:
        """Run ``filegraph ARGUMENTS`` as her; its standard output. Raises ``CommandFailed``."""
        done = subprocess.run(
            [sys.executable, "-m", "filegraph", *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != expected:
            command = " ".join(arguments[:3])
            raise CommandFailed(
                f"`filegraph {command} ...` of {self.name} ended with {done.returncode} instead of {expected}:\n"
                f"{done.stdout[-2000:]}{done.stderr[-2000:]}",
                outage=done.returncode == ExitCode.UNREACHABLE,
            )
        return done.stdout

    def sign_in(self, url: str, setup_token: str = "") -> None:
        """Sign in with the password; with ``setup_token`` become the first administrator."""
        extra = ("--setup-token", setup_token) if setup_token else ()
        self.run("login", url, "--username", self.name, "--password-stdin", *extra, stdin=f"{self.password}\n")

    def list(self, path: str) -> list[dict[str, Any]]:
        """Everything below ``path``."""
        entries: list[dict[str, Any]] = json.loads(self.run("ls", "-R", "--json", path))
        return entries

    def visible_files(self) -> set[str]:
        """The ids of every file that she can see, wherever it is."""
        found: set[str] = set()
        after: str | None = None
        with self.client() as client:
            while True:
                page = client.execute(_FILES, {"after": after})["files"]
                found.update(node["id"] for node in page["nodes"])
                if not page["pageInfo"]["hasNextPage"]:
                    break
                after = page["pageInfo"]["endCursor"]
        if len(found) != page["totalCount"]:
            raise Mismatch(f"totalCount is {page['totalCount']}, but the pages hold {len(found)} files.")
        return found

    def download_url(self, file_id: str) -> str | None:
        """A link for a file, None when she may not have one."""
        with self.client() as client:
            node = client.execute(_DOWNLOAD, {"id": file_id})["file"]
        return None if node is None or node["downloadUrl"] is None else str(node["downloadUrl"]["url"])

    def client(self) -> GraphQLClient:
        """Her signed-in GraphQL client."""
        found = credentials.require(self.environment)
        return GraphQLClient(found.url, found.token)
