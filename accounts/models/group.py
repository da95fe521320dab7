"""Groups of people. Who is a member stands in authz as tuples, and nowhere else."""

from __future__ import annotations

from typing import Any

from django.db import models

from accounts.names import MAX_LENGTH, name_key
from authz.identifiers import LENGTH, new_identifier


class Group(models.Model):
    """A named group; ``group:<id>`` is what authz calls it, ``group:<id>#member`` its members."""

    id = models.CharField(primary_key=True, max_length=LENGTH, default=new_identifier, editable=False)
    name = models.CharField(max_length=MAX_LENGTH)
    name_key = models.CharField(max_length=4 * MAX_LENGTH, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep ``name_key`` in step with ``name``."""
        self.name_key = name_key(self.name)
        super().save(*args, **kwargs)
