"""Who did what to permissions: for the person who is asked about it months later. Read by ``authz.services.audit``."""

from __future__ import annotations

from django.db import models


class AuditOperation(models.TextChoices):
    """What an entry tells."""

    WRITE = "write"
    DELETE = "delete"
    DENY = "deny"
    """A question that was answered no."""
    ACTIVATE = "activate"
    """An authorization model came into force."""
    ASK = "ask"
    """An administrator looked into who may do what."""


class AuditEntry(models.Model):
    """One entry. ``actor`` did ``operation`` to the tuple; an operation that is about none leaves its columns empty.

    Entries are only added, in the transaction of what they tell, and removed from the oldest on when they are too old;
    none is ever changed. A chain of hashes over them, in the order of their ids, would be a column of its own.

    ``request`` is the id of the request that did it, as its answer and the log tell it; empty for what none did.
    ``occurrences`` counts refusals of one question that came together. There are no foreign keys: an entry outlives
    what it names.
    """

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField()
    actor = models.CharField(max_length=512)
    operation = models.CharField(max_length=8, choices=AuditOperation.choices)
    object_type = models.CharField(max_length=254, default="", blank=True)
    object_id = models.CharField(max_length=254, default="", blank=True)
    relation = models.CharField(max_length=50, default="", blank=True)
    subject = models.CharField(max_length=512, default="", blank=True)
    condition_name = models.CharField(max_length=50, default="", blank=True)
    condition_context = models.JSONField(default=dict, blank=True)
    note = models.TextField(default="", blank=True)
    occurrences = models.PositiveIntegerField(default=1)
    request = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["created_at", "id"], name="audit_by_time"),
            models.Index(fields=["object_type", "object_id", "id"], name="audit_by_object"),
            models.Index(fields=["subject", "id"], name="audit_by_subject"),
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.operation} {self.subject} {self.relation} {self.object_type}:{self.object_id}"
