"""What is wrong with the permission engine, told by the names of the settings, in one sentence and without a secret."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from authz.errors import AuthorizationUnavailable, InvalidModel, InvalidRequest
from authz.services import remote_engine, shadow
from authz.services.active_model import active
from filegraph.environment import variable
from filegraph.problem import Problem
from filegraph.program import program


def of_engine(*, prepared: bool) -> Problem | None:
    """Ask a remote engine; with ``prepared``, also for what ``filegraph setup`` made there."""
    return of_asking(partial(remote_engine.require_usable, prepared=prepared))


def of_store() -> Problem | None:
    """Look whether the server still has the store that is noted, whichever engine answers. The tables must be there."""
    return of_asking(remote_engine.require_noted)


def of_asking(ask: Callable[[], object]) -> Problem | None:
    """Return why ``ask`` fails, which asks a remote engine for something; None if it does not."""
    try:
        ask()
    except remote_engine.Unusable as unusable:
        return Problem(f"{variable(f'openfga_{unusable.setting}')} {unusable.reason}", unusable.passing)
    except remote_engine.StoreGone:
        return Problem(
            f"The OpenFGA server that {variable('openfga_api_url')} names does not have the store of this installation "
            f"any more. `{program()} authz migrate-store --to openfga --new-store` fills a new one from the record."
        )
    except InvalidModel as invalid:
        # What an earlier release kept, this one may refuse.
        return Problem(
            f"The active authorization model cannot be read: {invalid.problems[0].text}. "
            f"`{program()} authz models` lists the others, `{program()} authz activate` activates one."
        )
    except (AuthorizationUnavailable, InvalidRequest) as error:
        return Problem(f"The OpenFGA server that {variable('openfga_api_url')} names cannot be used: {error}.")
    return None


def of_model() -> Problem | None:
    """Look whether this release can read the active model. With one that it cannot nobody has any right."""
    return of_asking(active)


def of_choice() -> Problem | None:
    """Look whether the chosen engine has the permissions of this installation.

    With one that has not nobody would have any right, the administrators neither. The tables must be there.
    """
    match remote_engine.unready():
        case remote_engine.Unready.ELSEWHERE:
            return Problem(
                f"{variable('authz_client')} must be embedded: the permissions of this installation are in its "
                "database. `filegraph authz migrate-store --to openfga` takes them to an OpenFGA server."
            )
        case remote_engine.Unready.ON_THEIR_WAY:
            return Problem(
                f"{variable('authz_client')} must be embedded until the OpenFGA store has all permissions: "
                "run `filegraph authz migrate-store --to openfga` to its end."
            )
    return None


def of_shadow() -> Problem | None:
    """Look whether the engine that is asked behind the answers has the permissions. The tables must be there."""
    if shadow.can_be_asked():
        return None
    return Problem(
        f"{variable('authz_shadow')} must be empty until an OpenFGA store has all permissions: "
        "run `filegraph authz migrate-store --to openfga` to its end."
    )
