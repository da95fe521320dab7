"""Sign-in attempts of the last minutes, so that guessing is slow. Old rows are deleted as new ones come."""

from __future__ import annotations

from django.db import models


class SignInAttempt(models.Model):
    """One attempt. ``bucket`` is a keyed hash of an account name or an address, so that neither stands here."""

    id = models.BigAutoField(primary_key=True)
    bucket = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["bucket", "at"], name="attempt_by_bucket")]
