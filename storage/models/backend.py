"""A configured driver for bytes."""

from __future__ import annotations

from django.db import models

from storage.models.identifier import IdentifierField


class Backend(models.Model):
    """One place where bytes can be kept: a driver class by key, and its configuration.

    ``config`` never holds a secret: ``{"env": "NAME"}`` stands for the value of an environment variable and is
    resolved when the driver is made. ``listed_up_to`` is the key at which the present round through its objects stands,
    "" between two rounds, and ``listed_at`` when the last one ended: ``storage.services.strays``.
    """

    id = IdentifierField(primary_key=True)
    name = models.CharField(max_length=100, unique=True)
    driver = models.CharField(max_length=50, help_text="Key of FILEGRAPH_STORAGE_BACKEND_CLASSES.")
    config = models.JSONField(default=dict, blank=True)
    writable = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    listed_up_to = models.CharField(max_length=1024, blank=True, default="", editable=False)
    listed_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name
