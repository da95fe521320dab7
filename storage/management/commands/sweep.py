"""``sweep``: expire uploads, delete bytes that nobody uses, remove remains of broken writes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from storage.services.sweep import sweep


class Command(BaseCommand):
    """Run one sweep and print what it did. Meant for a timer; safe to run twice at once."""

    help = "Expire uploads, delete bytes that nobody uses any more, remove remains of broken writes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--limit``."""
        parser.add_argument("--limit", type=int, default=10_000, help="how many of each at most (default 10000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep once."""
        report = sweep(now=timezone.now(), limit=max(1, options["limit"]))
        self.stdout.write(
            f"expired={report.expired} released={report.released} deleted={report.deleted} failed={report.failed} "
            f"stale={report.stale} forgotten={report.forgotten} "
            f"strays={report.strays} unknown={report.unknown}"
        )
