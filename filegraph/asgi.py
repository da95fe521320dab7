"""The application for an ASGI server: ``filegraph.asgi:application``. ``filegraph serve`` runs it with uvicorn."""

from __future__ import annotations

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from filegraph.application import build  # noqa: E402

application = build()

# What is here now stays: a hundred thousand objects, which a full collection would look at again, 50 ms long, while all
# threads wait.
gc.collect()
gc.freeze()
