"""The commands that print a page of reference."""

from __future__ import annotations

import os
import sys

import django
import typer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from filegraph.settings_reference import settings_reference  # noqa: E402
from schema.export import sdl  # noqa: E402

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    sys.stdout.write(sdl())


@app.command()
def settings() -> None:
    """Print every setting: variable, default, meaning."""
    sys.stdout.write(settings_reference())
