"""Secrets of 160 random bits: made once, shown once, kept as a hash. No salt: there is nothing to guess."""

from __future__ import annotations

import hashlib
import secrets

ACCESS_TOKEN_PREFIX = "fg_"  # noqa: S105  # a mark that secret scanners can look for, not a secret
SETUP_TOKEN_PREFIX = "setup_"  # noqa: S105
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 32


def new_secret(prefix: str) -> str:
    """Return ``prefix`` and 160 random bits as 32 characters."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def looks_like(secret: str, prefix: str) -> bool:
    """Return whether the text has the shape of a secret of this kind, so that nonsense costs no SQL statement."""
    return len(secret) == len(prefix) + _LENGTH and secret.startswith(prefix) and secret.isascii()


def secret_hash(secret: str) -> str:
    """Return the SHA-256 (64 hex digits) that is kept instead of the secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
