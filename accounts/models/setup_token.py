"""The one-time tokens that make the first administrator."""

from __future__ import annotations

from django.db import models


class SetupToken(models.Model):
    """One for each process that was started while there was no administrator. The secret is printed and never kept."""

    id = models.BigAutoField(primary_key=True)
    secret_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
