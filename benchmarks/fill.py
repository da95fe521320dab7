"""``python -m benchmarks.fill VISIBLE TOTAL`` with a server's settings: rows for ``selective_page``; prints a token."""

from __future__ import annotations

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

from benchmarks.population import fill, new_drive, new_person  # noqa: E402


def main() -> None:
    """Fill the installation and print the reader's access token."""
    visible, total = (int(argument) for argument in sys.argv[1:3])
    owner, _ = new_person("owner", administrator=True)
    reader, token = new_person("reader")
    fill(owner, reader, new_drive(owner), visible, total)
    print(token)


if __name__ == "__main__":
    main()
