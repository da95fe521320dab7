"""Making a version of the authorization model the active one.

Whatever is activated can answer what the service asks, and leaves somebody who can activate another one. Going back is
activating the one before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from authz.errors import (
    AdministratorLockout,
    EditorRequired,
    ModelConflict,
    ModelNotFound,
    ModelProblem,
    RelationsMissing,
)
from authz.models import AuthorizationModelVersion, ModelActivation
from authz.services import audit, decisions, remote_engine, rights
from authz.services.active_model import hold_active, of_version
from authz.services.administrators import is_active, require_administrator
from authz.services.client import client_for
from authz.services.editors import may_read, require_editor
from authz.services.model_versions import ModelVersion, checked_note, in_order, load, problems_of, read
from authz.services.needs import OWN_NEEDS, Needs, unmet
from authz.services.orphans import orphaned_tuples
from authz.types import Actor

_LOOKS = 3
"""How often somebody looks for an administrator again, after rights have changed while she looked."""


@dataclass(frozen=True, slots=True)
class Activation:
    """A version that was made the active one; ``number`` counts from 1. ``author`` is empty for the program itself."""

    number: int
    version: ModelVersion
    activated_at: datetime
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What there is to say about a text that nobody has kept. ``missing``: what activating it would be refused for.

    ``locks_out``: None where it was not looked into. ``orphaned`` counts the tuples that the model does not allow; None
    for a text with problems, which is no model, and where they could not be counted.
    """

    problems: tuple[ModelProblem, ...]
    warnings: tuple[ModelProblem, ...]
    missing: tuple[str, ...] = ()
    locks_out: bool | None = None
    orphaned: int | None = None


@dataclass(frozen=True, slots=True)
class Activated:
    """The result of ``activate``: ``orphaned`` counts the tuples that the model does not allow, None if that failed."""

    version: ModelVersion
    previous: ModelVersion | None
    orphaned: int | None


def judge(actor: Actor, text: str, needs: Needs) -> Judgement:
    """Say all about a text that creating and activating it would; nothing is stored. Raises EditorRequired."""
    require_editor(actor)
    problems, warnings = problems_of(text)
    if problems:
        return Judgement(tuple(problems), ())
    loaded, needs = load(text), needs.joined(OWN_NEEDS)
    missing = tuple(unmet(loaded.model, needs))
    locks_out = None
    # A server can only be asked about a model that it has, and nothing is sent to it for a trial.
    if not missing and not remote_engine.is_chosen():
        try:
            require_administrator(client_for(loaded, needs.structure), needs.kept)
            locks_out = False
        except AdministratorLockout:
            locks_out = True
    return Judgement((), tuple(warnings), missing, locks_out, orphaned_tuples(loaded.model))


def activate(
    actor: Actor, version_id: str, *, needs: Needs, if_active: str | None = None, note: str = "", now: datetime
) -> Activated:
    """Make a version the active one, for every request that begins from now on, in every process.

    ``needs``: what the packages of the service need. ``if_active``: the version that must still be active. What is
    active already stays so, and nothing is noted again.

    Raises EditorRequired, ModelNotFound, InvalidModel (this release, or any OpenFGA server, refuses what was kept),
    RelationsMissing, AdministratorLockout, ModelConflict (rights change again and again meanwhile), and InvalidRequest
    (also when the OpenFGA server does not take the model: with its reason).
    """
    require_editor(actor)
    return _activate(actor, version_id, needs, if_active, note, now, ask=partial(_require_held, actor))


def activate_unasked(
    author: Actor,
    version_id: str,
    *,
    needs: Needs,
    if_active: str | None = None,
    note: str = "",
    now: datetime,
    leaves_administrator: bool = True,
) -> Activated:
    """``activate`` without the question, for whoever has the machine: also where the active model answers nobody.

    ``leaves_administrator``: refuse what would leave nobody to administer. Raises the rest of what ``activate`` does.
    """
    return _activate(author, version_id, needs, if_active, note, now, leaves_administrator=leaves_administrator)


def _activate(
    author: Actor,
    version_id: str,
    needs: Needs,
    if_active: str | None,
    note: str,
    now: datetime,
    *,
    ask: Callable[[], None] | None = None,
    leaves_administrator: bool = True,
) -> Activated:
    note, needs = checked_note(note), needs.joined(OWN_NEEDS)
    try:
        loaded = of_version(version_id)
    except AuthorizationModelVersion.DoesNotExist:
        raise ModelNotFound from None
    if missing := unmet(loaded.model, needs):
        raise RelationsMissing(missing)
    # What waits was written under the model before, and the new one may not take it.
    remote_engine.deliver()
    remote_engine.send_model(loaded, now=now)
    for _ in range(_LOOKS):
        before, left = decisions.revision(), None
        if leaves_administrator:
            left = require_administrator(client_for(loaded, needs.structure), needs.kept)
        previous = _write_activation(author, version_id, if_active, note, before, left, now, ask)
        if previous is not None:
            version, *others = in_order([version_id, previous])
            return Activated(version, others[0] if others else None, orphaned_tuples(loaded.model))
    raise ModelConflict("rights changed again and again while the model was judged")


def _require_held(actor: Actor) -> None:
    """Ask again, after the model was judged, in the transaction that rests on the answer."""
    if not rights.hold(actor):
        raise EditorRequired
    require_editor(actor)


def _write_activation(
    author: Actor,
    version_id: str,
    if_active: str | None,
    note: str,
    revision: str,
    left: Actor | None,
    now: datetime,
    ask: Callable[[], None] | None,
) -> str | None:
    """Note the activation, and return the version that was active.

    None when rights have changed since ``revision``, or the account of who was ``left`` to administer has ended.
    """
    try:
        with transaction.atomic():
            last = hold_active()
            if ask is not None:
                ask()
            if if_active is not None and last.version_id != if_active:
                raise ModelConflict(f"active is {last.version_id}, not {if_active}")
            if decisions.revision() != revision or (left is not None and not is_active(left)):
                return None
            if last.version_id != version_id:
                ModelActivation.objects.create(
                    id=last.id + 1, version_id=version_id, activated_at=now, author=author, note=note
                )
                audit.record_activation(author, version_id, now=now, note=note)
            return last.version_id
    except IntegrityError:
        raise ModelConflict from None


def activations(
    actor: Actor, *, after: int | None = None, before: int | None = None, backwards: bool, limit: int
) -> list[Activation] | None:
    """Return at most ``limit`` activations, the latest first (backwards: from the end); None for who may not read them.

    ``after`` and ``before`` are numbers.
    """
    if not may_read(actor):
        return None
    rows = ModelActivation.objects.order_by("id" if backwards else "-id")
    if after is not None:
        rows = rows.filter(id__lt=after)
    if before is not None:
        rows = rows.filter(id__gt=before)
    found = list(rows[:limit])
    ids = {row.version_id for row in found}
    versions = {each.id: each for each in read(AuthorizationModelVersion.objects.filter(pk__in=ids))}
    return [Activation(row.id, versions[row.version_id], row.activated_at, row.author, row.note) for row in found]


def count_activations(actor: Actor) -> int:
    """Return how many activations there were; none for whoever may not read them."""
    return ModelActivation.objects.count() if may_read(actor) else 0
