"""An installation inside this process, for benchmarks that measure Python code without HTTP.

Set it up before importing anything that has models. Each benchmark runs in a process of its own, so that nobody else
is disturbed.
"""

from __future__ import annotations

import atexit
import importlib
import os
import secrets
import shutil
import tempfile

import django


def set_up(database_url: str = "") -> None:
    """Set Django up in a temporary directory that goes with the process; tables and the first store are made.

    Without ``database_url`` its database is a SQLite file in there.
    """
    folder = tempfile.mkdtemp(prefix="filegraph-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("FILEGRAPH_")]:
        del os.environ[name]
    os.environ["FILEGRAPH_DATA_DIR"] = folder
    if database_url:
        os.environ["FILEGRAPH_DATABASE_URL"] = database_url
    os.environ["FILEGRAPH_SECRET_KEY"] = secrets.token_hex(32)
    os.environ["DJANGO_SETTINGS_MODULE"] = "filegraph.settings"
    django.setup()
    importlib.import_module("filegraph.installation").prepare()
