"""The secret key: a file of mode 0600 in the data directory, made once."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

FILE_NAME = "secret-key"


def read_secret_key(data_dir: Path) -> str:
    """Return the key, or "" when ``filegraph setup`` has not run: Django refuses to sign anything with an empty key."""
    try:
        return (data_dir / FILE_NAME).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def ensure_secret_key(data_dir: Path) -> str:
    """Return the key, making it when there is none. Of several callers at once, all return the same key."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = data_dir / FILE_NAME
    if not target.exists():
        # Written whole under another name and linked: nobody ever reads half a key, and the first link wins.
        draft = data_dir / f".{FILE_NAME}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, target)
        finally:
            draft.unlink()
    return read_secret_key(data_dir)
