"""The commands that print a page of reference."""

from __future__ import annotations

import json
import os
import sys

import django
import typer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from django.conf import settings as django_settings  # noqa: E402

from filegraph.settings_reference import settings_reference  # noqa: E402
from schema.export import sdl  # noqa: E402
from storage.backends.s3.cors import cors_rules  # noqa: E402

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    sys.stdout.write(sdl())


@app.command()
def bucket_cors() -> None:
    """Print the CORS rules that a bucket needs before web pages may send to it and read from it."""
    origins = [
        each for each in (django_settings.FILEGRAPH_PUBLIC_URL, *django_settings.FILEGRAPH_ALLOWED_ORIGINS) if each
    ]
    if not origins:
        typer.echo(
            "FILEGRAPH_PUBLIC_URL or FILEGRAPH_ALLOWED_ORIGINS must name the pages that use the bucket.", err=True
        )
        raise typer.Exit(2)
    sys.stdout.write(json.dumps(cors_rules(origins), indent=2) + "\n")


@app.command()
def settings() -> None:
    """Print every setting: variable, default, meaning."""
    sys.stdout.write(settings_reference())
