"""What is kept here about a remote OpenFGA: its store, the models written to it, and who may deliver changes to it."""

from __future__ import annotations

from django.db import models


class RemoteStore(models.Model):
    """The store of this installation. There is one row, of id 1, from the moment on that the store hears of changes.

    While there is one, every change is put on its way to it, whichever engine answers. ``is_whole``: it has, or is
    being told of, everything that our record has; before, ``filled_through`` is the id of the last row of the record
    that was put on its way.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    store_id = models.CharField(max_length=26)
    created_at = models.DateTimeField()
    is_whole = models.BooleanField(default=True)
    filled_through = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.store_id


class RemoteModel(models.Model):
    """A model that was written to a store, found again by the SHA-256 of its JSON. A model never changes."""

    store_id = models.CharField(max_length=26)
    digest = models.CharField(max_length=64)
    model_id = models.CharField(max_length=26)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store_id", "digest"], name="remote_model_once")]

    def __str__(self) -> str:
        return f"{self.model_id} in {self.store_id}"


class DeliveryLease(models.Model):
    """Who delivers changes, and until when, by the clock of the database. One row, of id 1; no holder: anybody may."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    holder = models.CharField(max_length=64, default="", blank=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.holder or 'nobody'} until {self.expires_at}"
