"""The versions of the authorization model. A version never changes; which one is active is decided in services."""

from __future__ import annotations

from django.db import models

from authz.identifiers import LENGTH, new_identifier


class ModelOrigin(models.TextChoices):
    """Whether a version came with the program or was written here."""

    SHIPPED = "shipped"
    LOCAL = "local"


class AuthorizationModelVersion(models.Model):
    """One model as it was written: its text, the same in OpenFGA's JSON, who wrote it and why.

    ``author`` is an actor (``user:<id>``), empty for what was shipped.
    """

    id = models.CharField(primary_key=True, max_length=LENGTH, default=new_identifier, editable=False)
    text = models.TextField()
    json = models.JSONField()
    schema_version = models.CharField(max_length=10)
    origin = models.CharField(max_length=7, choices=ModelOrigin.choices, default=ModelOrigin.LOCAL)
    created_at = models.DateTimeField()
    author = models.CharField(max_length=512, default="", blank=True)
    note = models.TextField(default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["created_at", "id"], name="model_by_time")]

    def __str__(self) -> str:
        return f"{self.id} ({self.created_at:%Y-%m-%d %H:%M})"
