"""The commands ``login``, ``logout`` and ``whoami``."""

from __future__ import annotations

import os
import socket
import sys
from typing import Annotated

import typer

from filegraph.client import credentials, operations
from filegraph.client.connection import connect
from filegraph.client.credentials import Credentials
from filegraph.client.errors import CommandError, NotSignedIn, UsageFault, ends_with_exit_code
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.server_url import is_loopback
from filegraph.client.terminal import note, say
from filegraph.program import program


@ends_with_exit_code
def login(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Address of the server, for example https://files.example.org.")
    ],
    username: Annotated[str, typer.Option(help="Who signs in; asked for when left out.")] = "",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    setup_token: Annotated[
        str | None, typer.Option(help="Make the first administrator with this one-time token.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long the sign-in lasts, in days.")] = 30,
) -> None:
    """Sign in and keep an access token in a file that only you can read.

    One sign-in is kept at a time; the token of the one before is revoked. Another `XDG_CONFIG_HOME` keeps another one.
    """
    if setup_token == "":
        raise UsageFault("--setup-token is empty; paste the token that the server printed.")
    with GraphQLClient(url) as client:
        if client.url.startswith("http:") and not is_loopback(client.url):
            note("Warning: this address is not encrypted (http); others on the way can read your password.")
        username = username or typer.prompt("Username", err=True)
        password = read_password(from_stdin=password_stdin, confirm=bool(setup_token))
        arguments = {"username": username, "password": password}
        if setup_token is not None:
            payload = client.mutate(operations.COMPLETE_SETUP, arguments | {"setupToken": setup_token})
        else:
            payload = client.mutate(operations.SIGN_IN, arguments)
        client.use_csrf_token(payload["csrfToken"])
        issued = client.mutate(
            operations.CREATE_ACCESS_TOKEN,
            {"name": f"filegraph on {socket.gethostname()}"[:100], "expiresIn": days * 24 * 60 * 60},
        )
        kept = Credentials(client.url, issued["secret"], issued["accessToken"]["id"], username)
        before = _kept_before()
        try:
            path = credentials.store(kept, os.environ)
        except CommandError:
            client.mutate(operations.REVOKE_ACCESS_TOKEN, {"id": kept.token_id})
            raise
        finally:
            client.mutate(operations.SIGN_OUT, {})
    say(f"Signed in to {client.url} as {username}. The token is in {path}.")
    if before is not None:
        _end(before)


def _kept_before() -> Credentials | None:
    try:
        found = credentials.stored_in(os.environ)
    except NotSignedIn:
        return None
    return found if found is not None and found.token_id else None


def _end(before: Credentials) -> None:
    """Revoke the token of a sign-in that was replaced, as `logout` could not any more, and tell what came of it."""
    was = f"The sign-in to {before.url} as {before.username}, kept there before,"
    try:
        with GraphQLClient(before.url, before.token) as client:
            client.mutate(operations.REVOKE_ACCESS_TOKEN, {"id": before.token_id})
    except NotSignedIn:
        return
    except CommandError:
        note(f"{was} is forgotten, but the server could not be told; it ends by itself.")
    else:
        note(f"{was} has ended.")


@ends_with_exit_code
def logout() -> None:
    """Revoke the access token and forget it."""
    found = credentials.load(os.environ)
    if found is None or not found.token_id:
        raise NotSignedIn("You are not signed in.")
    try:
        with GraphQLClient(found.url, found.token) as client:
            client.mutate(operations.REVOKE_ACCESS_TOKEN, {"id": found.token_id})
    except NotSignedIn:
        note("The server had ended this sign-in already.")
    except CommandError:
        credentials.forget(os.environ)
        note("The token is forgotten here, but the server could not be told; it ends by itself.")
        raise
    credentials.forget(os.environ)
    say(f"Signed out of {found.url}.")


@ends_with_exit_code
def whoami() -> None:
    """Show who you are to the server."""
    with connect() as client:
        viewer = client.execute(operations.VIEWER)["viewer"]
        user = viewer["user"]
        if user is None:
            raise NotSignedIn(f"The server does not know you; run `{program()} login URL` again.")
        say(f"{user['username']} at {client.url}" + (" (administrator)" if viewer["isAdministrator"] else ""))
        if viewer["groups"]:
            say("groups: " + ", ".join(group["name"] for group in viewer["groups"]))


def read_password(*, from_stdin: bool, confirm: bool) -> str:
    """A password from stdin's first line, or typed unseen. Raises ``UsageFault``."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise UsageFault("No password came on standard input.")
        return password
    if not sys.stdin.isatty():
        raise UsageFault("There is no terminal to ask for the password; use --password-stdin.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True))
