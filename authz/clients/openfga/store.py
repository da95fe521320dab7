"""The store and the model of this installation on the server: found again by what was noted here, or made.

A store is never looked for by its name: two installations on one server would take each other's. Whoever wants to go
on with a store that is not noted here names it in the settings.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime
from typing import Literal

from authz.clients.openfga import wire
from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.clients.openfga.failures import NotAllowed, Refused, StoreGone
from authz.clients.openfga.models import write_model
from authz.dsl import to_json
from authz.dsl.model import AuthorizationModel
from authz.errors import AuthorizationUnavailable
from authz.models import RemoteModel, RemoteStore

Setting = Literal["api_url", "api_token", "store_id"]
_UNKNOWN_STORE = "store_id_not_found"


class Unusable(Exception):
    """The server cannot be used as it is configured: ``setting`` is at fault, for a reason that holds no secret.

    ``passing``: it may also just be away, and come back by itself.
    """

    def __init__(self, setting: Setting, reason: str, *, passing: bool = False) -> None:
        self.setting = setting
        self.passing = passing
        self.reason = reason
        super().__init__(f"{setting} {reason}")


def noted_store() -> RemoteStore | None:
    """Return what is noted of the store that hears of every change; None when there is none."""
    return RemoteStore.objects.first()


def noted_model(store_id: str, model: AuthorizationModel) -> str | None:
    """Return the id under which a model was written to a store, if it was."""
    found = RemoteModel.objects.filter(store_id=store_id, digest=_digest(model))
    return found.values_list("model_id", flat=True).first()


def require_server(sender: Sender) -> None:
    """Raise Unusable unless an OpenFGA server answers and takes our token."""
    wire.entries(_ask(sender, Call("GET", "/stores", query=(("page_size", "1"),))), "stores")


def require_store(sender: Sender, store_id: str) -> None:
    """Raise Unusable unless the server has the store."""
    try:
        sender.send([Call("GET", f"/stores/{store_id}")], Deadline())
    except Refused:
        raise Unusable("store_id", "names a store that the OpenFGA server does not have.") from None


def require_noted(sender: Sender) -> None:
    """Raise StoreGone when a store is noted and the server, which answers, says that there is none of this id.

    Also Unusable, when it does not answer, and AuthorizationUnavailable.
    """
    require_server(sender)
    noted = noted_store()
    if noted is None:
        return
    try:
        sender.send([Call("GET", f"/stores/{noted.store_id}")], Deadline())
    except Refused as refused:
        raise (StoreGone() if refused.code == _UNKNOWN_STORE else wire.error_of(refused)) from None


def prepare(
    sender: Sender, configured: str, model: AuthorizationModel, *, now: datetime, is_whole: bool = True
) -> list[str]:
    """Find or make the store and the model, and note their ids; return a sentence for each thing that was done.

    ``is_whole``: there is nothing to be told to a store that is new to us. One caller at a time. Raises Unusable,
    StoreGone and AuthorizationUnavailable. A store that was made, but could not be noted any more, stays behind empty.
    """
    require_server(sender)
    done = []
    noted = noted_store()
    if noted is None:
        store_id = configured or _make_store(sender)
        if configured:
            require_store(sender, store_id)
        noted = RemoteStore.objects.create(store_id=store_id, created_at=now, is_whole=is_whole)
        done.append(f"Permissions will be kept in the OpenFGA store {store_id}.")
    else:
        require_noted(sender)
        require_same(noted, configured)
    model_id = send_model(sender, model, now=now)
    if model_id is not None:
        done.append(f"The OpenFGA store has the authorization model {model_id}.")
    return done


def send_model(sender: Sender, model: AuthorizationModel, *, now: datetime) -> str | None:
    """Write a model to the store and note its id, which is returned; None when the store has it already.

    Of two callers at once both may write; the id that was noted first stays. Raises AuthorizationUnavailable (there is
    no store yet, or no answer), InvalidModel (no server takes it), and InvalidRequest when this one does not.
    """
    store = noted_store()
    if store is None:
        raise AuthorizationUnavailable("there is no OpenFGA store yet: run `filegraph setup`")
    if noted_model(store.store_id, model) is not None:
        return None
    model_id = write_model(sender, store.store_id, model)
    noted, _ = RemoteModel.objects.get_or_create(
        store_id=store.store_id, digest=_digest(model), defaults={"model_id": model_id, "created_at": now}
    )
    return noted.model_id


def require_same(noted: RemoteStore, configured: str) -> None:
    """Raise Unusable when the settings name another store than the one that hears of every change."""
    if configured and configured != noted.store_id:
        raise Unusable("store_id", "names another store than the one that has the permissions of this installation.")


def _make_store(sender: Sender) -> str:
    call = Call("POST", "/stores", {"name": f"filegraph-{secrets.token_hex(8)}"}, repeatable=False, status=201)
    return wire.text(_ask(sender, call), "id")


def _ask(sender: Sender, call: Call) -> object:
    try:
        (answer,) = sender.send([call], Deadline())
    except NotAllowed:
        raise Unusable("api_token", "is not what the OpenFGA server expects.") from None
    except (AuthorizationUnavailable, Refused):
        reason = "is not the address of an OpenFGA server that answers; is it running?"
        raise Unusable("api_url", reason, passing=True) from None
    found: object = answer
    return found


def _digest(model: AuthorizationModel) -> str:
    return hashlib.sha256(json.dumps(to_json(model), sort_keys=True).encode()).hexdigest()
