"""Access tokens: what a program shows instead of a password."""

from __future__ import annotations

from django.db import models

from accounts.models.user import User
from authz.identifiers import LENGTH, new_identifier


class AccessToken(models.Model):
    """One access token of one person. The secret is never kept, only its SHA-256 (hex): it has 160 random bits."""

    id = models.CharField(primary_key=True, max_length=LENGTH, default=new_identifier, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=100)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
