"""That somebody is left who can administer, around what may take that away: a tuple, a membership, an account."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import transaction

from authz.clients.base import InstallationClient
from authz.errors import ConditionFailed
from authz.services.active_model import hold_active, of_version
from authz.services.administrators import administers, require_administrator
from authz.services.client import client_for
from authz.services.needs import OWN_NEEDS, Needs
from authz.types import Actor


@contextmanager
def kept(person: Actor | None, needs: Needs) -> Iterator[str]:
    """Let a block change the rights of one person alone (None: of anybody), in a transaction of its own, or undo it.

    The block is given the id of the version of the model that is in force until its end. Raises AdministratorLockout
    when nobody can administer after it, and ``person`` could before. Of two that would each leave the other one waits,
    as it does for an activation.
    """
    needs = needs.joined(OWN_NEEDS)
    with transaction.atomic():
        version_id = hold_active().version_id
        client = client_for(of_version(version_id), needs.structure)
        could = person is None or _may_administer(client, person, needs.kept)
        yield version_id
        if could:
            require_administrator(client, needs.kept)


def _may_administer(client: InstallationClient, person: Actor, kept: Collection[str]) -> bool:
    """Tell whether a right to administer could be taken from her: where a condition leaves it open, it could."""
    try:
        return administers(client, person, kept)
    except ConditionFailed:
        return True
