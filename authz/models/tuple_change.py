"""The log of tuple writes and deletes, for ``read_changes``; with a remote engine it is also the outbox to it."""

from __future__ import annotations

from django.db import models


class TupleOperation(models.TextChoices):
    """What happened to a tuple."""

    WRITE = "write"
    DELETE = "delete"


class Delivery(models.TextChoices):
    """Whether a remote engine has heard of a change. The empty value: it has, or there is no remote engine."""

    DONE = ""
    PENDING = "pending"
    REFUSED = "refused"


class TupleChange(models.Model):
    """One entry; ids only grow, and an id is never given twice. Entries are only added; ``delivery`` alone changes.

    The few entries that are not delivered have indexes of their own: every question looks at them.
    """

    id = models.BigAutoField(primary_key=True)
    operation = models.CharField(max_length=6, choices=TupleOperation.choices)
    object_type = models.CharField(max_length=254)
    object_id = models.CharField(max_length=254)
    relation = models.CharField(max_length=50)
    subject = models.CharField(max_length=512)
    condition_name = models.CharField(max_length=50, default="", blank=True)
    condition_context = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    delivery = models.CharField(max_length=8, choices=Delivery.choices, default=Delivery.DONE, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "id"], name="change_by_type"),
            models.Index(fields=["id"], condition=models.Q(delivery__gt=""), name="change_undelivered"),
            models.Index(
                fields=["object_type", "object_id", "id"],
                condition=models.Q(delivery__gt=""),
                name="change_undelivered_of",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(delivery__gt="", operation="delete"),
                name="change_revocations",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.subject} {self.relation} {self.object_type}:{self.object_id}"
