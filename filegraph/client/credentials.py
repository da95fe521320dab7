"""Where the client keeps its server's address and access token: one file only its owner may read.

``FILEGRAPH_URL`` and ``FILEGRAPH_TOKEN`` override the file. A stored token is only ever sent to the server that issued
it: another ``FILEGRAPH_URL`` without a ``FILEGRAPH_TOKEN`` means "not signed in".
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from filegraph.client.errors import NotSignedIn, UsageFault
from filegraph.client.server_url import server_url
from filegraph.program import program


@dataclass(frozen=True, slots=True)
class Credentials:
    """A server and the token for it. ``token_id`` is empty when the token came from the environment."""

    url: str
    token: str
    token_id: str = ""
    username: str = ""

    def __repr__(self) -> str:
        """Without the token: a representation ends up in logs."""
        return f"Credentials(url={self.url!r}, username={self.username!r})"


def credentials_path(environment: Mapping[str, str]) -> Path:
    """``$XDG_CONFIG_HOME/filegraph/credentials.json``, or the same below ``~/.config`` (XDG base directories)."""
    base = environment.get("XDG_CONFIG_HOME", "")
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".config"
    return root / "filegraph" / "credentials.json"


def load(environment: Mapping[str, str]) -> Credentials | None:
    """The credentials to use, or None when there are none. Raises ``ServerUnreachable`` for a senseless address."""
    stored = stored_in(environment)
    given = environment.get("FILEGRAPH_URL", "")
    url = server_url(given) if given else ""
    token = environment.get("FILEGRAPH_TOKEN", "")
    if token and (url or stored):
        return Credentials(url=url or (stored.url if stored else ""), token=token)
    if stored and (not url or url == stored.url):
        return stored
    return None


def stored_in(environment: Mapping[str, str]) -> Credentials | None:
    """What the file has, whatever the environment says; None without one. Raises ``NotSignedIn`` if it is spoilt."""
    return _read(credentials_path(environment))


def require(environment: Mapping[str, str]) -> Credentials:
    """Like ``load``. Raises ``NotSignedIn`` when there are none, ``ServerUnreachable`` for a senseless address."""
    found = load(environment)
    if found is None:
        raise NotSignedIn(f"You are not signed in; run `{program()} login URL` first.")
    return found


def store(credentials: Credentials, environment: Mapping[str, str]) -> Path:
    """Write the file, mode 0600 from its first byte on, replacing an older one as a whole. Raises ``UsageFault``."""
    path = credentials_path(environment)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, json.dumps(asdict(credentials)))
    except OSError as error:
        raise UsageFault(f"The token cannot be kept in {path}: {error.strerror}.") from error
    return path


def forget(environment: Mapping[str, str]) -> None:
    """Remove the file, if there is one."""
    credentials_path(environment).unlink(missing_ok=True)


def _write(path: Path, content: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".credentials-")  # mkstemp: mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> Credentials | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(**{name: str(content.get(name, "")) for name in ("url", "token", "token_id", "username")})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        raise NotSignedIn(f"{path} cannot be read; run `{program()} login URL` again.") from error
