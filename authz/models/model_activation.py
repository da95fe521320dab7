"""The history of which model answers: rows are only added, and the one with the highest id is in force."""

from __future__ import annotations

from django.db import models

from authz.models.model_version import AuthorizationModelVersion


class ModelActivation(models.Model):
    """A version was made the active one: by whom, when and why. The row before it says which was active until then.

    Whoever activates takes the next number. Of two who take the same one at once the database refuses one, so that
    nobody activates over a change that she has not seen.
    """

    id = models.PositiveBigIntegerField(primary_key=True)
    version = models.ForeignKey(AuthorizationModelVersion, on_delete=models.PROTECT, related_name="activations")
    activated_at = models.DateTimeField()
    author = models.CharField(max_length=512, default="", blank=True)
    note = models.TextField(default="", blank=True)

    def __str__(self) -> str:
        return f"{self.id}: {self.version_id}"
