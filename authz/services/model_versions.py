"""The versions of the authorization model: kept by those who edit it, read by them and by who audits.

A version never changes, and what is kept is a valid model. Which one is active is ``authz.services.activation``'s.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from authz.dsl import to_json
from authz.dsl.lint import lint
from authz.dsl.parser import parse_text
from authz.errors import InvalidModel, InvalidRequest, ModelProblem
from authz.models import AuthorizationModelVersion, ModelActivation
from authz.services import remote_engine, shipped_model
from authz.services.active_model import LoadedModel, of_text
from authz.services.editors import may_read, require_editor
from authz.types import Actor

MAX_NOTE = 2000
"""Characters of a note."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One kept version. ``origin`` is ``shipped`` or ``local``; ``author`` an actor, empty for what was shipped."""

    id: str
    text: str
    schema_version: str
    origin: str
    author: str
    note: str
    created_at: datetime
    is_active: bool


def by_ids(actor: Actor, ids: Collection[str]) -> dict[str, ModelVersion]:
    """Return the versions of these ids; none for whoever may not read them. Unknown ids are left out."""
    if not ids or not may_read(actor):
        return {}
    return {version.id: version for version in read(AuthorizationModelVersion.objects.filter(pk__in=set(ids)))}


def page(
    actor: Actor,
    *,
    after: tuple[datetime, str] | None = None,
    before: tuple[datetime, str] | None = None,
    backwards: bool = False,
    limit: int,
) -> list[ModelVersion] | None:
    """Return at most ``limit`` versions, the newest first (backwards: from the end); None for who may not read them.

    ``after`` and ``before`` are ``(created_at, id)``.
    """
    if not may_read(actor):
        return None
    return page_unasked(after=after, before=before, backwards=backwards, limit=limit)


def page_unasked(
    *,
    after: tuple[datetime, str] | None = None,
    before: tuple[datetime, str] | None = None,
    backwards: bool = False,
    limit: int,
) -> list[ModelVersion]:
    """``page`` without the question, for whoever has the machine."""
    rows = AuthorizationModelVersion.objects.order_by(*(("created_at", "id") if backwards else ("-created_at", "-id")))
    for place, side in ((after, "lt"), (before, "gt")):
        if place is not None:
            at, version_id = place
            rows = rows.filter(Q(**{f"created_at__{side}": at}) | Q(created_at=at, **{f"id__{side}": version_id}))
    return read(rows[:limit])


def count(actor: Actor) -> int:
    """Return how many versions there are; none for whoever may not read them."""
    return AuthorizationModelVersion.objects.count() if may_read(actor) else 0


def json_of(versions: Collection[ModelVersion]) -> dict[str, Any]:
    """Return versions in OpenFGA's JSON, by id: for who was let read them, and so holds them."""
    return dict(
        AuthorizationModelVersion.objects.filter(pk__in={each.id for each in versions}).values_list("id", "json")
    )


def newer_shipped(actor: Actor) -> ModelVersion | None:
    """Return the shipped version that came after the active one was written, for whoever may read it."""
    version_id = shipped_model.newer_shipped_version()
    return None if version_id is None else by_ids(actor, [version_id]).get(version_id)


def problems_of(text: str) -> tuple[Sequence[ModelProblem], Sequence[ModelProblem]]:
    """Return the errors of a text, and the warnings about one that has none."""
    try:
        loaded = load(text)
    except InvalidModel as invalid:
        return invalid.problems, ()
    return (), [*lint(parse_text(text)), *remote_engine.model_warnings(loaded.model)]


def create(actor: Actor, text: str, *, note: str = "", now: datetime) -> ModelVersion:
    """Keep a text as a version of its own; nothing becomes active. Raises EditorRequired, InvalidModel, InvalidRequest.

    InvalidRequest: a note that is too long or cannot be stored.
    """
    require_editor(actor)
    loaded = load(text)
    row = AuthorizationModelVersion.objects.create(
        text=text,
        json=to_json(loaded.model),
        schema_version=loaded.model.schema_version,
        created_at=now,
        author=actor,
        note=checked_note(note),
    )
    return read([row])[0]


def load(text: str) -> LoadedModel:
    """Return the model of a text. Raises InvalidModel with every problem, also for what no OpenFGA server takes."""
    if not _may_be_stored(text):
        raise InvalidModel([ModelProblem("invalid-syntax", "the text holds what cannot be stored", 0, 0)])
    loaded = of_text(text)
    if beyond := remote_engine.model_problems(loaded.model):
        raise InvalidModel(beyond)
    return loaded


def checked_note(note: str) -> str:
    """Return a note as it is; raises InvalidRequest for one that is too long or cannot be stored."""
    if len(note) > MAX_NOTE or not _may_be_stored(note):
        raise InvalidRequest(f"a note has at most {MAX_NOTE} characters, all of them visible")
    return note


def _may_be_stored(text: str) -> bool:
    """Tell whether a database takes the text: no null character, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def in_order(ids: Sequence[str]) -> list[ModelVersion]:
    """Return versions in the order of ``ids``, each once."""
    found = {each.id: each for each in read(AuthorizationModelVersion.objects.filter(pk__in=ids))}
    return [found[version_id] for version_id in dict.fromkeys(ids)]


def read(rows: QuerySet[AuthorizationModelVersion] | Sequence[AuthorizationModelVersion]) -> list[ModelVersion]:
    """Read rows, without their JSON. Which one is active is asked now: this request may be answered by another."""
    found = list(rows.defer("json")) if isinstance(rows, QuerySet) else rows
    active = ModelActivation.objects.order_by("-id").values_list("version_id", flat=True).first()
    return [
        ModelVersion(
            row.pk, row.text, row.schema_version, row.origin, row.author, row.note, row.created_at, row.pk == active
        )
        for row in found
    ]
