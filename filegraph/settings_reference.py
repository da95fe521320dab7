"""The reference of all settings, made from ``filegraph.environment``: ``filegraph settings``, docs/reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filegraph.environment import Environment, variable

HEAD = """# Settings

Every setting is an environment variable. Wrong values stop the server with one sentence for each mistake.
This page is generated: `filegraph settings > docs/reference/settings.md`.

| variable | default | meaning |
|---|---|---|
"""


def settings_reference() -> str:
    """Return the page, in Markdown."""
    rows = [
        f"| `{variable(name)}` | {_default(field.default)} | {_cell(field.description or '')} |"
        for name, field in Environment.model_fields.items()
    ]
    return HEAD + "\n".join(rows) + "\n"


def _default(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.as_posix() if isinstance(value, Path) else value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
