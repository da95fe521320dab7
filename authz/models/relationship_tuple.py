"""The stored tuples. Who may write them, and whether the model allows them, is judged above."""

from __future__ import annotations

from django.db import models


class RelationshipTuple(models.Model):
    """One relationship: ``subject`` has ``relation`` to ``object_type:object_id``.

    ``subject`` is the whole text (``user:x``, ``user:*``, ``group:g#member``); ``subject_relation`` repeats what
    stands behind its hash sign, empty for plain users, so that the few usersets of an object are found among its many
    users. Ids are compared byte by byte: that is the default of SQLite and of PostgreSQL, and ``authz.checks`` refuses
    other databases.
    """

    id = models.BigAutoField(primary_key=True)
    object_type = models.CharField(max_length=254)
    object_id = models.CharField(max_length=254)
    relation = models.CharField(max_length=50)
    subject = models.CharField(max_length=512)
    subject_relation = models.CharField(max_length=50, default="", blank=True)
    condition_name = models.CharField(max_length=50, default="", blank=True)
    condition_context = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "object_id", "relation", "subject"], name="tuple_key_unique"
            ),
        ]
        indexes = [
            # The way back, from a subject to what it holds. The condition is in it so that no row has to be looked up.
            models.Index(
                fields=["subject", "object_type", "relation", "object_id", "condition_name"], name="tuple_by_subject"
            ),
            models.Index(
                fields=["object_type", "object_id", "relation", "subject"],
                condition=models.Q(subject_relation__gt=""),
                name="tuple_usersets",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.relation} {self.object_type}:{self.object_id}"
