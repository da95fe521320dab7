"""The commands that run a server. Importing this module sets Django up; nothing else of the command line does."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from datetime import UTC, datetime
from typing import Annotated, NoReturn

import django
import typer
import uvicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from django.conf import settings  # noqa: E402
from django.db import OperationalError, connection  # noqa: E402

from accounts.services import setup as first_administrator  # noqa: E402
from filegraph import installation  # noqa: E402
from filegraph.chores import SWEEP_LIMIT  # noqa: E402
from filegraph.protocol import Limits, protocol_class  # noqa: E402
from storage.services import sweep as sweeping  # noqa: E402

USAGE_ERROR = 2
UNREACHABLE_DATABASE = "The database that FILEGRAPH_DATABASE_URL names cannot be reached; is it running?"

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)


@app.command()
def setup() -> None:
    """Prepare this machine: data directory, secret key, database tables, the first store. Again: nothing changes."""
    try:
        for sentence in installation.prepare():
            typer.echo(sentence)
    except OperationalError:
        _end(UNREACHABLE_DATABASE)
    typer.echo("Ready. Start the server with: filegraph serve")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Run the server."""
    try:
        problem = _cannot_serve(host)
    except OperationalError:
        problem = UNREACHABLE_DATABASE
    if problem:
        _end(problem)
    # Before anything is promised: the port may be taken.
    listener = _listen(host, port)
    _greet(host, port)
    # From here on connections belong to the worker threads.
    connection.close()
    proxies = settings.FILEGRAPH_TRUSTED_PROXIES
    limits = Limits(
        connections=settings.FILEGRAPH_MAX_CONNECTIONS,
        connections_per_address=settings.FILEGRAPH_MAX_CONNECTIONS_PER_ADDRESS,
        proxies=proxies,
    )
    config = uvicorn.Config(
        "filegraph.asgi:application",
        http=protocol_class(limits),
        log_config=None,
        # Paths carry upload and download tokens.
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies) or None,
        timeout_graceful_shutdown=30,
    )
    uvicorn.Server(config).run(sockets=[listener])


@app.command()
def sweep() -> None:
    """Remove expired uploads and deleted bytes once, now."""
    typer.echo(str(sweeping.sweep(now=datetime.now(UTC), limit=SWEEP_LIMIT)))


def _end(problem: str) -> NoReturn:
    typer.echo(problem, err=True)
    raise typer.Exit(USAGE_ERROR)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        _end(f"Cannot listen on {host} port {port}: {error.strerror}. Choose another with --port (make run PORT=...).")


def _cannot_serve(host: str) -> str | None:
    """Return why the server must not start like this, or None; raises OperationalError for a database that is away."""
    if connection.vendor != "sqlite":  # whose file need not be there yet
        connection.ensure_connection()
    if not installation.is_prepared():
        return "This installation is not prepared. Run first: filegraph setup"
    if not _is_loopback(host) and not (settings.FILEGRAPH_PUBLIC_URL or len(settings.ALLOWED_HOSTS) > _LOOPBACK_NAMES):
        return (
            f"Listening on {host} lets other machines in. Say under which name they may come: set "
            "FILEGRAPH_PUBLIC_URL=https://files.example.com or FILEGRAPH_ALLOWED_HOSTS=name,address."
        )
    return None


_LOOPBACK_NAMES = 3


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _greet(host: str, port: int) -> None:
    """Print what to open and what to paste. The setup token goes to standard output alone, never to a log."""
    name = f"[{host}]" if ":" in host else host
    url = settings.FILEGRAPH_PUBLIC_URL or f"http://{name}:{port}"
    typer.echo(f"Filegraph listens on http://{name}:{port}/ (GraphQL: {url}/graphql, administration: {url}/admin/).")
    token = first_administrator.issue_token(now=datetime.now(UTC))
    if token is None:
        return
    typer.echo(
        "\nThere is no administrator yet. Within 30 minutes, make one with\n\n"
        f"  filegraph login {url} --username admin --setup-token {token}\n\n"
        "or with\n\n"
        f"  curl {url}/graphql -H 'Content-Type: application/json' -d '"
        '{"query": "mutation { completeSetup(input: {setupToken: \\"' + token + '\\", username: \\"admin\\", '
        'password: \\"CHOOSE ONE\\"}) { viewer { actor } errors { code message } } }"}' + "'\n"
    )
    sys.stdout.flush()
