"""The commands that run a server. Importing this module sets Django up, as do ``pages`` and parts of ``authz``."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from datetime import UTC, datetime
from typing import Annotated

import django
import typer
import uvicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from accounts.services import setup as first_administrator  # noqa: E402
from authz.errors import AuthorizationUnavailable  # noqa: E402
from authz.services import shipped_model  # noqa: E402
from filegraph import engine_problems, installation, store_problems  # noqa: E402
from filegraph.chores import SWEEP_LIMIT  # noqa: E402
from filegraph.cli.opened import end, opened_installation, require_database, require_prepared, told_outages  # noqa: E402
from filegraph.program import program  # noqa: E402
from filegraph.protocol import Limits  # noqa: E402
from filegraph.zero_copy import protocol_class  # noqa: E402
from storage.services import sweep as sweeping  # noqa: E402

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)


@app.command()
def setup(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what was changed.")] = False,
) -> None:
    """Prepare this machine: data directory, secret key, database tables, the first store.

    Again: its keys are tried, and changed settings of the store are followed where its files are.
    """
    require_database()
    try:
        with told_outages():
            done = installation.prepare()
    except installation.SetupFailed as failure:
        end(str(failure))
    for sentence in done:
        typer.echo(sentence)
    if not quiet:
        typer.echo(f"Ready. Start the server with: {program()} serve")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Run the server."""
    require_database()
    with told_outages():
        require_prepared()
        if problem := _cannot_serve(host):
            end(problem)
        # Before anything is promised: the port may be taken.
        listener = _listen(host, port)
        _greet(host, port)
        shipped_model.tell_of_newer()
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
        http=protocol_class(
            limits,
            threads=settings.FILEGRAPH_TRANSFER_FILE_THREADS,
            send_seconds=settings.FILEGRAPH_TRANSFER_SEND_TIMEOUT,
        ),
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
    with opened_installation():
        typer.echo(str(sweeping.sweep(now=datetime.now(UTC), limit=SWEEP_LIMIT)))


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        end(f"Cannot listen on {host} port {port}: {_reason(error)}. Choose another with --port (make run PORT=...).")


def _reason(error: OSError) -> str:
    """The system's words; ``socket.create_server`` adds the address, which stands before them already."""
    return (error.strerror or "it is refused").partition(" (while")[0]


def _cannot_serve(host: str) -> str | None:
    """Return why the server must not start like this, or None."""
    if changes := installation.unfollowed_changes():
        return f"{changes} Run first: {program()} setup"
    if not _is_loopback(host) and not settings.OUTSIDE_HOSTS:
        return (
            f"Listening on {host} lets other machines in. Say under which name they may come: set "
            "FILEGRAPH_PUBLIC_URL=https://files.example.com or FILEGRAPH_ALLOWED_HOSTS=name,address."
        )
    if problem := engine_problems.of_model():
        return problem.sentence
    return _problem_of_parts()


def _problem_of_parts() -> str | None:
    """Return what only a change of settings can mend. A part that is down is told, and may come back: until then all
    that needs it is refused.
    """
    engine = engine_problems.of_choice() or engine_problems.of_engine(prepared=True) or engine_problems.of_shadow()
    for problem in [*([engine] if engine is not None else []), *store_problems.of_stores()]:
        if not problem.passing:
            return problem.sentence
        typer.echo(f"{problem.sentence} The server starts without it.", err=True)
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _greet(host: str, port: int) -> None:
    """Print what to open and what to paste. The setup token goes to standard output alone, never to a log."""
    token = _setup_token()
    name = f"[{host}]" if ":" in host else host
    url = settings.FILEGRAPH_PUBLIC_URL or f"http://{name}:{port}"
    typer.echo(f"Filegraph listens on http://{name}:{port}/ (GraphQL: {url}/graphql, administration: {url}/admin/).")
    if token is None:
        return
    typer.echo(
        "\nThere is no administrator yet. Within 30 minutes, make one with\n\n"
        f"  {program()} login {url} --username admin --setup-token {token}\n\n"
        "or with\n\n"
        f"  curl {url}/graphql -H 'Content-Type: application/json' -d '"
        '{"query": "mutation { completeSetup(input: {setupToken: \\"' + token + '\\", username: \\"admin\\", '
        'password: \\"CHOOSE ONE\\"}) { viewer { actor } errors { code message } } }"}' + "'\n"
    )
    sys.stdout.flush()


def _setup_token() -> str | None:
    try:
        return first_administrator.issue_token(now=datetime.now(UTC))
    except AuthorizationUnavailable:
        # Whether there is an administrator is not to be known now; the next start will offer a token.
        return None
