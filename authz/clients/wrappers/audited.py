"""``AuditedClient``: what one actor writes and deletes through it leaves an entry, or does not happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction

from authz.clients import audit_log
from authz.clients.base import InstallationClient, OnConflict
from authz.clients.wrappers.wrapper import ClientWrapper
from authz.models import AuditOperation
from authz.types import Actor, TupleKey


class AuditedClient(ClientWrapper):
    """A client for one ``actor``, made for one piece of work. ``clock`` gives the time that entries are stamped with.

    Entry and tuple commit together. An entry says what was asked for: to give again what somebody has, where the caller
    ignores that, leaves one as well. Deletes come before writes, as they are carried out.
    """

    def __init__(
        self, inner: InstallationClient, actor: Actor, *, clock: Callable[[], datetime], using: str = "default"
    ) -> None:
        super().__init__(inner)
        self._actor = actor
        self._clock = clock
        self._using = using

    def write(
        self,
        *,
        writes: Sequence[TupleKey] = (),
        deletes: Sequence[TupleKey] = (),
        on_duplicate: OnConflict = "error",
        on_missing: OnConflict = "error",
    ) -> None:
        """See ``AuthzClient``."""
        with transaction.atomic(using=self._using):
            super().write(writes=writes, deletes=deletes, on_duplicate=on_duplicate, on_missing=on_missing)
            now = self._clock()
            entries = [
                audit_log.entry(self._actor, operation, now, key)
                for operation, keys in ((AuditOperation.DELETE, deletes), (AuditOperation.WRITE, writes))
                for key in keys
            ]
            audit_log.append(self._using, entries)
