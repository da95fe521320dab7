"""The installation that a command works on: it is there and prepared, or the command ends with one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from authz.errors import AuthzError
from filegraph import database_problem, installation
from filegraph.client.terminal import note
from filegraph.environment import variable
from filegraph.program import program
from storage.errors import DatabaseBusy
from storage.outages import outage_of

USAGE_ERROR = 2
_BUSY = "The database is busy: another program held what this command needs for too long. Try again."


def end(sentence: str) -> NoReturn:
    """End the command with a sentence on stderr and exit code 2."""
    note(sentence)
    raise typer.Exit(USAGE_ERROR)


def require_database() -> None:
    """End the command unless the database can be used; of a SQLite file only that it may be made."""
    problem = database_problem.of_database()
    if problem is not None:
        end(problem.sentence)


def require_prepared() -> None:
    """End the command unless ``filegraph setup`` has run for this version, here."""
    place = f"{settings.DATA_DIR} ({variable('data_dir')})"
    if not installation.is_there():
        end(f"There is no installation in {place}. Set that to where it is, or make one: {program()} setup")
    if not installation.is_prepared():
        end(f"The installation in {place} is not prepared. Run first: {program()} setup")


@contextmanager
def told_outages() -> Iterator[None]:
    """End the command with a sentence where the database fails in the block."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        outage = outage_of(error)
        if outage is None:
            raise
        end(_BUSY if isinstance(outage, DatabaseBusy) else outage.message)


@contextmanager
def opened_installation() -> Iterator[None]:
    """Run a block on an installation that is there and prepared.

    What authz refuses in it, and a database that fails meanwhile, end the command with a sentence.
    The database is left by ``filegraph.cli.server_start``, whichever command it was.
    """
    require_database()
    with told_outages():
        require_prepared()
        try:
            yield
        except AuthzError as error:
            end(f"{str(error).rstrip('.')}.")
