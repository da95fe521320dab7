"""``filegraph authz``: commands for the permissions of this installation. Importing this module sets Django up."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated

import django
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from django.conf import settings  # noqa: E402

from authz.errors import ResolutionTooComplex  # noqa: E402
from authz.services import remote_engine  # noqa: E402
from authz.services.remote import engine_comparison, reconciliation, store_migration  # noqa: E402
from authz.services.remote.engine_comparison import Difference  # noqa: E402
from authz.services.remote.reconciliation import Drift, Foreign, Kind, Report  # noqa: E402
from filegraph import engine_problems  # noqa: E402
from filegraph.cli.opened import end, opened_installation  # noqa: E402
from filegraph.client.terminal import complain, is_interactive, note, say  # noqa: E402
from filegraph.environment import variable  # noqa: E402
from filegraph.problem import Problem  # noqa: E402
from filegraph.setup_lock import setup_lock  # noqa: E402
from storage.permissions import EDGES  # noqa: E402

DIFFERENT = 1

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)
commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="authz")

_MEANINGS = {
    Kind.MISSING: "the server did not have",
    Kind.CHANGED: "the server had under another condition",
    Kind.STALE: "the server still had, taken back or moved long ago",
    Kind.FOREIGN: "others have written into the store",
}


class Engine(Enum):
    """What can keep the permissions."""

    OPENFGA = "openfga"
    EMBEDDED = "embedded"


@commands.command()
def reconcile(
    check: Annotated[bool, typer.Option("--check", help="Only tell what differs; change nothing.")] = False,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Take what others wrote into the store into the record of this installation."),
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Delete what others wrote into the store.")] = False,
) -> None:
    """Compare the OpenFGA store with the record of this installation, and mend the store. The service may run.

    What others wrote into the store counts, and is only told unless an option says otherwise. Exit code 0: both agree;
    1: something differs still, or is refused by the server; 2: it could not be compared.
    """
    if check + adopt + remove > 1:
        raise typer.BadParameter("--check, --adopt and --remove do not go together")
    foreign = Foreign.ADOPT if adopt else Foreign.REMOVE if remove else Foreign.TELL
    reports: list[Report] = []

    def hold() -> None:
        remote_engine.require_noted()
        step = progress.step
        reports.append(reconciliation.reconcile(EDGES, mend=not check, foreign=foreign, progress=step))

    with opened_installation(), _progress() as progress:
        _require_store()
        progress.stage("Comparing", reconciliation.desired(EDGES).count())
        _end_if(engine_problems.of_asking(hold))
    _tell(*reports)


@commands.command("migrate-store")
def migrate_store(
    to: Annotated[Engine, typer.Option("--to", help="Which engine shall have the permissions.")],
    new_store: Annotated[
        bool,
        typer.Option("--new-store", help="Fill a new store, should the server have lost the one that is noted."),
    ] = False,
) -> None:
    """Take the permissions of this installation to the other engine. The service may run all the while.

    May be ended at any moment and begun again. At the end both have the same, and keep it; then FILEGRAPH_AUTHZ_CLIENT
    chooses. Exit code 0: both agree; 1: something differs still; 2: it could not be done.
    """
    if new_store and to is Engine.EMBEDDED:
        raise typer.BadParameter("--new-store goes with --to openfga")
    to_openfga = partial(store_migration.to_openfga, new_store=new_store)
    migrate = to_openfga if to is Engine.OPENFGA else store_migration.to_embedded
    reports: list[Report] = []
    with opened_installation(), setup_lock(Path(settings.DATA_DIR)), _progress() as progress:
        if not remote_engine.is_named():
            end(f"{variable('openfga_api_url')} must say where the OpenFGA server is.")
        try:
            problem = engine_problems.of_asking(lambda: reports.append(migrate(EDGES, progress=progress)))
        except store_migration.StillWriting:
            end("A transaction that changes permissions has been open for a minute; try again later.")
        _end_if(problem)
    (report,) = reports
    if remote_engine.is_chosen() is (to is Engine.OPENFGA):
        say(f"FILEGRAPH_AUTHZ_CLIENT is {to.value}.")
    elif report.is_clean:
        say(f"Now set FILEGRAPH_AUTHZ_CLIENT={to.value} and restart every process, one after the other if you like.")
        if to is Engine.EMBEDDED and not report.lost:
            say("The store goes on hearing of every change; run this once more after that to let it go.")
    _tell(report)


@commands.command()
def compare(
    sample: Annotated[int, typer.Option("--sample", min=1, max=1_000_000, help="How many questions to ask.")] = 1000,
) -> None:
    """Ask the OpenFGA server and the embedded engine the same random questions about people, relations and objects.

    A difference is printed as a store file (YAML) by which it can be replayed with `fga model test`. Exit code 0: all
    answers agree; 1: one differs; 2: it could not be asked. What neither engine can decide is counted apart.
    """
    with opened_installation(), _progress() as progress:
        _require_store()
        progress.stage("Asking", sample)
        outcome = engine_comparison.compare(EDGES, sample, progress=progress.step)
        difference = _replay(outcome.difference) if outcome.difference is not None else None
    if difference is not None:
        sys.stdout.write(difference)
        complain(f"The engines differ, after {outcome.agreed} answers that agree.")
        raise typer.Exit(DIFFERENT)
    say(f"{outcome.agreed} answers agree, {outcome.allowed} of them yes.")
    if outcome.undecided:
        say(f"{outcome.undecided} questions neither engine could decide.")


def _replay(difference: Difference) -> str:
    try:
        return engine_comparison.replay(difference)
    except ResolutionTooComplex as error:
        asked = difference.request
        complain(f"{asked.user} {asked.relation} {asked.object}: not to be replayed, {error}.")
        return ""


def _require_store() -> None:
    """End the command unless a server hears of the permissions of this installation from this process."""
    if remote_engine.hears():
        return
    if remote_engine.has_store():
        end(f"{variable('openfga_api_url')} must say where the OpenFGA server is: a store stands by there.")
    end("This installation has no OpenFGA store: `filegraph authz migrate-store --to openfga` makes one.")


def _tell(report: Report) -> None:
    if report.lost:
        say("The server had lost the store, and it was let go: the record has all that it was ever told.")
        return
    for kind in Kind:
        if count := report.found[kind]:
            say(f"{count} {'tuple' if count == 1 else 'tuples'} {_MEANINGS[kind]}")
        for drift in report.examples:
            if drift.kind is kind:
                note(f"  {_line(drift)}")
    if report.refused:
        complain(f"The server refuses {report.refused} changes for good; the log has what they are.")
    if not report.is_clean:
        if report.left:
            complain(f"{report.left} {'tuple differs' if report.left == 1 else 'tuples differ'}.")
        raise typer.Exit(DIFFERENT)
    say("Store and record agree.")


def _line(drift: Drift) -> str:
    key = drift.key
    under = f" with {key.condition.name}" if key.condition is not None else ""
    return f"{drift.kind.value}: {key.user} {key.relation} {key.object}{under}"


@contextmanager
def _progress() -> Iterator[store_migration.Progress]:
    """A bar on a terminal; elsewhere nothing."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not is_interactive(),
    )
    tasks: list[TaskID] = []

    def stage(title: str, total: int | None) -> None:
        tasks.append(bar.add_task(title, total=total))

    def step(count: int) -> None:
        if tasks:
            bar.advance(tasks[-1], count)

    with bar:
        yield store_migration.Progress(stage, step)


def _end_if(problem: Problem | None) -> None:
    if problem is not None:
        end(problem.sentence)
