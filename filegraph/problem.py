"""Why a part of the installation cannot be used, as it is told to operators: by the names of the settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence without a secret. ``passing``: the part may come back by itself, and a server starts without it."""

    sentence: str
    passing: bool = False
