"""The application for an ASGI server: ``filegraph.asgi:application``. ``filegraph serve`` runs it with uvicorn."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from filegraph.application import build  # noqa: E402

application = build()
