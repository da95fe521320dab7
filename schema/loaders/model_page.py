"""Versions of the authorization model that were loaded together. Their JSON and authors come when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from accounts.models import User
from accounts.services import users
from authz.services import activation, model_versions
from authz.services.activation import Activation
from authz.services.model_versions import ModelVersion
from schema.loaders.found_page import FoundPage
from schema.loaders.viewer import Viewer
from storage.selectors import pages
from storage.selectors.pages import PageRequest, Scope, Sort

# authz orders them; only the cursors are made here.
_NEWEST: Sort[ModelVersion] = Sort("created_at", "id", descending=True, value=lambda version: version.created_at)
_LATEST: Sort[Activation] = Sort("id", "id", descending=True, value=lambda activation: activation.number)


class ModelPage:
    """Versions, and who wrote or activated them."""

    def __init__(self, versions: Sequence[ModelVersion], actors: Sequence[str] = ()) -> None:
        self._versions = versions
        self._actors = {*actors, *(version.author for version in versions)}

    def json(self, version: ModelVersion) -> Any:
        """Return a version in OpenFGA's JSON."""
        return self._json[version.id]

    def person(self, actor: str) -> User | None:
        """Return the person whom authz calls ``actor``; None for the program, and for somebody who is gone."""
        return self._people.get(actor.removeprefix("user:"))

    @cached_property
    def _json(self) -> dict[str, Any]:
        return model_versions.json_of(self._versions)

    @cached_property
    def _people(self) -> dict[str, User]:
        return users.by_ids(actor.removeprefix("user:") for actor in self._actors if actor)


def versions(viewer: Viewer, request: PageRequest) -> FoundPage[ModelVersion, ModelPage] | None:
    """Return a page of the versions, the newest first; None for whoever may not read them. Raises InvalidCursor."""
    scope = Scope("authorization models", None, None, viewer.actor)
    after, before = (None if cursor is None else _moment(cursor, scope) for cursor in (request.after, request.before))
    # One more than asked for tells whether there is more.
    found = model_versions.page(
        viewer.actor, after=after, before=before, backwards=request.backwards, limit=request.size + 1
    )
    if found is None:
        return None
    page = pages.page(request, _NEWEST, scope, found, lambda version: version.id)
    return FoundPage(page, ModelPage(page.rows), lambda: model_versions.count(viewer.actor))


def activations(viewer: Viewer, request: PageRequest) -> FoundPage[Activation, ModelPage] | None:
    """Return a page of the activations, the latest first; None for whoever may not read them. Raises InvalidCursor."""
    scope = Scope("authorization model activations", None, None, viewer.actor)
    after, before = (
        None if cursor is None else int(str(pages.place(cursor, scope)[0]))
        for cursor in (request.after, request.before)
    )
    found = activation.activations(
        viewer.actor, after=after, before=before, backwards=request.backwards, limit=request.size + 1
    )
    if found is None:
        return None
    page = pages.page(request, _LATEST, scope, found, lambda each: str(each.number))
    together = ModelPage([each.version for each in page.rows], [each.author for each in page.rows])
    return FoundPage(page, together, lambda: activation.count_activations(viewer.actor))


def _moment(cursor: str, scope: Scope) -> tuple[datetime, str]:
    at, version_id = pages.place(cursor, scope)
    if not isinstance(at, datetime):
        raise TypeError("a cursor without a time")
    return at, version_id
