"""Puts the client's commands on an application. Nothing here or below imports Django: a client starts fast."""

from __future__ import annotations

import typer

from filegraph.client import drives, groups, login, people, sharing, tokens, transfers, trash, tree


def register(app: typer.Typer) -> None:
    """Add every client command to ``app``."""
    app.command()(login.login)
    app.command()(login.logout)
    app.command()(login.whoami)
    app.command()(transfers.put)
    app.command()(transfers.get)
    app.command()(tree.ls)
    app.command()(tree.mkdir)
    app.command()(tree.mv)
    app.command()(tree.rm)
    app.command()(sharing.share)
    app.command()(sharing.unshare)
    app.command()(sharing.shares)
    app.add_typer(trash.app, name="trash")
    app.add_typer(drives.app, name="drive")
    app.add_typer(people.app, name="user")
    app.add_typer(groups.app, name="group")
    app.add_typer(tokens.app, name="token")
