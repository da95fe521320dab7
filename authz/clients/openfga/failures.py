"""How a call can fail, beside simply having no answer (``authz.errors.AuthorizationUnavailable``).

Refused                        the server understood, and refused; never leaves this package
AuthorizationUnavailable
├── NotAllowed                 the server does not take our token
├── StoreGone                  the server answers, and does not have the store of this installation
└── NotSent                    nobody listens at its address: certainly nothing has happened
"""

from __future__ import annotations

from authz.errors import AuthorizationUnavailable

_LONGEST = 1000
"""Characters of a sentence of the server that are kept."""


class Refused(Exception):
    """The server understood and refused (HTTP 4xx): its status, code and sentence, which go to logs in one line."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status = status
        self.code = _shown(code)
        super().__init__(f"{self.code}: {_shown(detail)}")


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST])


class NotAllowed(AuthorizationUnavailable):
    """The server does not take our token."""


class StoreGone(AuthorizationUnavailable):
    """The server answers, and does not have the store of this installation any more: its database was lost."""

    def __init__(self) -> None:
        super().__init__(
            "the OpenFGA server does not have the store of this installation any more; "
            "`filegraph authz migrate-store --to openfga --new-store` fills a new one from the record"
        )


class NotSent(AuthorizationUnavailable):
    """Nobody listens at the server's address: certainly nothing has happened."""
