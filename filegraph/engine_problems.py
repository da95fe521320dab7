"""What is wrong with the permission engine, told by the names of the settings, in one sentence and without a secret."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.conf import settings

from authz.errors import AuthorizationUnavailable, InvalidRequest
from authz.services import remote_engine
from filegraph.environment import variable
from filegraph.problem import Problem

_PLACES = {"embedded": "in its database", "openfga": "in an OpenFGA store"}


def of_engine(*, prepared: bool) -> Problem | None:
    """Ask a remote engine; with ``prepared``, also for what ``filegraph setup`` made there."""
    return of_asking(partial(remote_engine.require_usable, prepared=prepared))


def of_asking(ask: Callable[[], object]) -> Problem | None:
    """Return why ``ask`` fails, which asks a remote engine for something; None if it does not."""
    try:
        ask()
    except remote_engine.Unusable as unusable:
        if unusable.setting == "store_id" and not settings.FILEGRAPH_OPENFGA_STORE_ID:
            name = variable("openfga_api_url")
            return Problem(f"The OpenFGA server that {name} names does not have the store of this installation.")
        return Problem(f"{variable(f'openfga_{unusable.setting}')} {unusable.reason}", unusable.passing)
    except (AuthorizationUnavailable, InvalidRequest) as error:
        return Problem(f"OpenFGA cannot be used: {error}.")
    return None


def of_choice() -> Problem | None:
    """Look whether another engine than the chosen one keeps the permissions of this installation.

    With the wrong one nobody would have any right, the administrators neither. The tables must be there.
    """
    other = remote_engine.left_behind()
    if other is None:
        return None
    return Problem(
        f"{variable('authz_client')} must be {other}: the permissions of this installation are {_PLACES[other]}."
    )
