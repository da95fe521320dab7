"""The whole of ``docs/production.md`` on loopback: PostgreSQL, an S3 server, an OpenFGA server, two Filegraph
processes, and nginx in front of them. The demonstration, the end-to-end tests and the benchmarks take it from here.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.components.nginx import NginxMissing, find_program, reverse_proxy
from tests.components.openfga import OpenFGA, OpenFGAMissing, openfga
from tests.components.openfga import program as openfga_program
from tests.components.postgresql import PostgreSQL, PostgreSQLMissing, available, postgresql_server
from tests.components.seaweedfs import SeaweedFS, SeaweedFSMissing, seaweedfs
from tests.components.seaweedfs import find_program as find_weed
from tests.components.server import ROOT, Server, free_port, new_database, serving_several

ENVIRONMENT = ROOT / "deploy" / "filegraph.env"
PROCESSES = 2


class PartMissing(Exception):
    """A program that the stack is made of is not on this machine; the message says which, and how to get it."""


@dataclass(frozen=True, slots=True)
class Production:
    """All parts, running. ``url`` is where clients reach the service; ``servers`` are the processes behind it."""

    url: str
    servers: list[Server]
    database: PostgreSQL
    store: SeaweedFS
    engine: OpenFGA

    @property
    def setup_token(self) -> str:
        """What makes the first administrator."""
        return self.servers[0].setup_token


def require_parts() -> None:
    """Raise ``PartMissing`` unless everything is there."""
    try:
        find_program()
        find_weed()
        openfga_program()
    except (NginxMissing, SeaweedFSMissing, OpenFGAMissing) as missing:
        raise PartMissing(str(missing)) from missing
    if not available():
        raise PartMissing("There is no PostgreSQL on this system; on Debian: apt-get install postgresql")


@contextlib.contextmanager
def production(place: Path | None = None) -> Iterator[Production]:
    """Start all parts in temporary folders (below ``place``), stop them in turn. Raises ``PartMissing``."""
    require_parts()
    port, token = free_port(), secrets.token_urlsafe(24)
    with contextlib.ExitStack() as stack:
        try:
            database = stack.enter_context(postgresql_server())
        except PostgreSQLMissing as missing:
            raise PartMissing(str(missing)) from missing
        store = stack.enter_context(seaweedfs(place))
        engine = stack.enter_context(openfga("postgresql", datastore_url=new_database(database.url), token=token))
        settings = as_documented(
            {
                "FILEGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "FILEGRAPH_TRUSTED_PROXIES": "127.0.0.1",
                "FILEGRAPH_DATABASE_URL": new_database(database.url),
                "FILEGRAPH_DIRECT_DOWNLOAD_LIFETIME": "0",
                "FILEGRAPH_AUTHZ_CLIENT": "openfga",
                "FILEGRAPH_OPENFGA_API_URL": engine.api_url,
                "FILEGRAPH_OPENFGA_API_TOKEN": token,
                **store.settings(),
            }
        )
        servers = stack.enter_context(serving_several(PROCESSES, settings, place=place))
        proxy = stack.enter_context(reverse_proxy([server.port for server in servers], port, place=place))
        yield Production(proxy.url, servers, database, store, engine)


def as_documented(settings: dict[str, str]) -> dict[str, str]:
    """Return ``settings`` if they are the ones that operators are told to set, each and no other; ``serving_several``
    adds the data directory. Raises ``AssertionError``.
    """
    told = set(documented())
    given = {*settings, "FILEGRAPH_DATA_DIR"}
    if told != given:
        raise AssertionError(f"The stack and {ENVIRONMENT.name} do not have the same settings: {sorted(told ^ given)}")
    return settings


def documented() -> dict[str, str]:
    """Return the variables of ``deploy/filegraph.env``."""
    lines = [line for line in ENVIRONMENT.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
