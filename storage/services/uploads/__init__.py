"""Uploads: the way of some bytes into a folder. This is the front door: begin, send, finalize, or abort; and look.

    begin      what is declared becomes a row, and a way to send the bytes    declaration, begin, possession, transport
    receive    the byte plane around a PUT; called by ``transfer``            receive
    finalize   verified bytes become a file that people see                   finalize, publish
    abort      given up                                                       abort
    get ...    an actor's own uploads, and how to send their bytes            look_up

``states`` is the state machine under all of them. The verbs are exported as functions, and hide their modules.
"""

from __future__ import annotations

from storage.services.uploads.abort import abort
from storage.services.uploads.begin import StartedUpload, begin
from storage.services.uploads.declaration import BeginRequest
from storage.services.uploads.finalize import FinalizeRequest, finalize
from storage.services.uploads.look_up import get, get_many, transports
from storage.services.uploads.publish import FinalizedUpload
from storage.services.uploads.transport import AlreadyThere, PresignedPut, SinglePut, Transport, transport_of

__all__ = [
    "AlreadyThere",
    "BeginRequest",
    "FinalizeRequest",
    "FinalizedUpload",
    "PresignedPut",
    "SinglePut",
    "StartedUpload",
    "Transport",
    "abort",
    "begin",
    "finalize",
    "get",
    "get_many",
    "transport_of",
    "transports",
]
