"""The session cookie as the browser gets it. Who it stands for is for accounts to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """How the operator wants it: its name, its ``max_age`` in seconds, and whether it travels over TLS alone."""

    name: str = "filegraph_session"
    max_age: int = 14 * 24 * 3600
    secure: bool = False

    def header(self, session_key: str) -> tuple[bytes, bytes]:
        """Return the ``Set-Cookie`` that keeps a session, or, for an empty key, ends the one the browser keeps.

        A script never sees it, and a foreign page never sends it with a POST (RFC 6265bis: HttpOnly, SameSite).
        """
        age = self.max_age if session_key else 0
        text = f"{self.name}={session_key}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax"
        return b"set-cookie", (text + ("; Secure" if self.secure else "")).encode("latin-1")
