"""The one-time token that makes the first administrator."""

from __future__ import annotations

from django.db import models


class SetupToken(models.Model):
    """At most one row (``id`` is always 1). The secret is printed at the start of the server and never kept."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    secret_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="setup_token_single_row")]
