"""How a call can fail, beside simply having no answer (``authz.errors.AuthorizationUnavailable``).

Refused                        the server understood, and refused; never leaves this package
AuthorizationUnavailable
├── NotAllowed                 the server does not take our token
├── StoreGone                  the server answers, and does not have the store of this installation
└── NotSent                    nobody listens at its address: certainly nothing has happened
"""

from __future__ import annotations

from authz.errors import AuthorizationUnavailable


class Refused(Exception):
    """The server understood and refused (HTTP 4xx): its status, code and sentence."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"{code}: {detail}")


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
