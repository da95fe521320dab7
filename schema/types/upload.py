"""The way of some bytes into a folder."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from schema.descriptions import field, value
from schema.ids import Kind, encode
from schema.loaders.upload_page import UploadPage
from schema.scalars import SHA256, URL, BigInt
from schema.types import nodes
from schema.types.file import File
from schema.types.http_header import HttpHeader
from schema.types.node import Node
from storage.models import Upload as UploadRow
from storage.services import uploads as transports


@strawberry.enum(description="How far an upload is.")
class UploadState(Enum):
    """The states of storage's uploads."""

    OPEN = value("open", "Waiting for the bytes.")
    RECEIVING = value("receiving", "Bytes are arriving.")
    VERIFYING = value("verifying", "All bytes are there; waiting to be finalized.")
    READY = value("ready", "Finalized: the file exists.")
    ABORTED = value("aborted", "Given up by its owner.")
    EXPIRED = value("expired", "Its time was over before it was finalized.")
    FAILED = value("failed", "Ended for good by an error; see `failure`.")


@strawberry.enum(description="What happens when there is an item of that name already.")
class ConflictPolicy(Enum):
    """The policies of storage."""

    FAIL = value("fail", "Nothing is done; the answer is NAME_TAKEN.")
    RENAME = value("rename", 'The new one gets a free name: "report (2).pdf".')
    REPLACE = value("replace", "A file gets the new bytes as its next version; of a folder, the existing one is used.")


@strawberry.type(description="Send all bytes in one request.")
class SinglePut:
    """One signed request."""

    url: URL = strawberry.field(description="Where to send the bytes; needs no other credentials.")
    method: str = strawberry.field(description="The request method.")
    headers: list[HttpHeader] = strawberry.field(description="Headers to send exactly like this.")
    expires_at: datetime = strawberry.field(description="The URL takes no request after this.")


@strawberry.type(description="The bytes need not be sent: the viewer can already read a file with the same content.")
class AlreadyThere:
    """Nothing to send; finalize at once."""

    sha256: SHA256 = strawberry.field(description="The SHA-256 of those bytes.")


UploadTransport = Annotated[
    SinglePut | AlreadyThere, strawberry.union("UploadTransport", description="How to send the bytes.")
]


@strawberry.type(description="The way of some bytes into a folder: begin, send the bytes, finalize.")
class Upload(Node):
    """A row of uploads, in the company of its page. ``made`` is the file that finalize has just made."""

    row: strawberry.Private[UploadRow]
    page: strawberry.Private[UploadPage]
    made: strawberry.Private[File | None] = None

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode(Kind.UPLOAD, self.row.id))

    @field("How far it is.")
    def state(self) -> UploadState:
        return UploadState(self.row.state)

    @field("The code of the error that ended it; null unless it failed.")
    def failure(self) -> str | None:
        return self.row.failure or None

    @field("The name that was asked for; the file may get another one by its conflict policy.")
    def name(self) -> str:
        return self.row.name

    @field("Number of bytes that were announced.")
    def size(self) -> BigInt:
        return BigInt(self.row.declared_size)

    @field("Number of bytes that have arrived; null while none are known to have.")
    def received_size(self) -> BigInt | None:
        return None if self.row.received_size is None else BigInt(self.row.received_size)

    @field("It must be finalized before this.")
    def expires_at(self) -> datetime:
        return self.row.expires_at

    @field("The file it became; null before that, and for a viewer who may not see it.")
    def file(self) -> File | None:
        return self.made or nodes.file_or_none(self.page.file(self.row))

    @field("How to send the bytes; null once it has ended without a file, and for who may not upload there any more.")
    def transport(self) -> UploadTransport | None:
        plan = self.page.transport(self.row)
        if plan is None:
            return None
        if isinstance(plan, transports.AlreadyThere):
            return AlreadyThere(sha256=SHA256(plan.sha256))
        return SinglePut(
            url=URL(plan.url(self.page.viewer.origin)),
            method=plan.method,
            headers=[HttpHeader(name=name, value=value) for name, value in plan.headers],
            expires_at=plan.expires_at,
        )
