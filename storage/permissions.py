"""Which relations the service asks for, and what the rows tell authz about the tree.

Only here does storage ask for a relation by name; ``services.sharing`` gives and takes back those of ``Role``. The tree
stands in the rows and is never written as tuples: a whole check gets it as contextual tuples, a list as tables to join
(``EDGES``). What opens bytes or changes state asks a whole check (``require``); flags of a page and lists are computed
from the actor's grants and the same edges. One exception: a link straight to a store rests on the flags of its page
(``allowed``), because a whole check for each of 100 links could take an OpenFGA server seconds. Unless set otherwise it
lives 300 seconds at most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from authz.services import decisions, visibility
from authz.services.needs import Needs
from authz.services.visibility import (
    ColumnEdge,
    ConstantEdge,
    Edge,
    JoinEdge,
    Rows,
    Structure,
    VisibilitySql,
)
from authz.types import ORGANIZATION, Actor, CheckRequest, TupleKey, split_object
from storage.errors import NotFound, PermissionDenied, StorageError
from storage.models import Drive, FolderClosure, Item, ItemKind, Node, NodeKind


class Permission(StrEnum):
    """What may be asked; values are relations of the authorization model."""

    VIEW = "can_view"
    DOWNLOAD = "can_download"
    EDIT = "can_edit"
    SHARE = "can_share"
    DELETE = "can_delete"
    UPLOAD = "can_upload"
    CREATE_FOLDER = "can_create_folder"
    MANAGE = "can_manage"
    CREATE_DRIVE = "can_create_drive"
    CONFIGURE = "can_configure"


class Role(StrEnum):
    """What can be granted on a node; values are relations of the authorization model."""

    VIEWER = "viewer"
    COMMENTER = "commenter"
    UPLOADER = "uploader"
    EDITOR = "editor"
    OWNER = "owner"


_CONTAINER = frozenset(
    {
        Permission.VIEW,
        Permission.EDIT,
        Permission.SHARE,
        Permission.DELETE,
        Permission.UPLOAD,
        Permission.CREATE_FOLDER,
    }
)
APPLICABLE: Mapping[NodeKind, frozenset[Permission]] = {
    NodeKind.DRIVE: _CONTAINER | {Permission.MANAGE},
    NodeKind.FOLDER: _CONTAINER,
    NodeKind.FILE: frozenset(
        {
            Permission.VIEW,
            Permission.DOWNLOAD,
            Permission.EDIT,
            Permission.SHARE,
            Permission.DELETE,
        }
    ),
}
"""What can be asked about which kind; anything else is a plain no."""

_ITEM_EDGES: Mapping[str, Edge] = {
    "drive": ColumnEdge("drive", "drive_id"),
    # By the parent, whose ancestors (itself among them) are those of the item. The root folder is among them too: no
    # grant ever stands on it.
    "ancestor": JoinEdge("folder", "storage_folderclosure", "descendant_id", "ancestor_id", "parent_id"),
}
EDGES = Structure(
    {
        "drive": Rows(
            "storage_drive",
            edges={
                "organization": ConstantEdge(*split_object(ORGANIZATION)),
                "backend": ColumnEdge("backend", "backend_id"),
            },
        ),
        "folder": Rows("storage_item", edges=_ITEM_EDGES, condition="kind = 'folder' AND parent_id IS NOT NULL"),
        "file": Rows(
            "storage_item",
            edges=_ITEM_EDGES,
            condition="kind = 'file'",
        ),
    }
)
"""Where the edges of the tree stand, for lists."""


_ROLES: Mapping[NodeKind, frozenset[Role]] = {
    NodeKind.DRIVE: frozenset(Role),
    NodeKind.FOLDER: frozenset(Role),
    NodeKind.FILE: frozenset(Role) - {Role.UPLOADER},
}
NEEDS = Needs(
    asked=frozenset(
        (kind.value, permission.value) for kind, permissions in APPLICABLE.items() for permission in permissions
    )
    | {("organization", Permission.CREATE_DRIVE.value), ("backend", Permission.CONFIGURE.value)},
    listed=frozenset((kind.value, Permission.VIEW.value) for kind in NodeKind)
    | {(kind.value, Permission.DELETE.value) for kind in (NodeKind.FOLDER, NodeKind.FILE)},
    written=tuple(
        TupleKey("user:x", role.value, f"{kind.value}:x") for kind, roles in _ROLES.items() for role in sorted(roles)
    ),
    told=(
        TupleKey(ORGANIZATION, "organization", "drive:x"),
        TupleKey(ORGANIZATION, "organization", "backend:x"),
        *(TupleKey("drive:x", "drive", f"{kind.value}:x") for kind in (NodeKind.FOLDER, NodeKind.FILE)),
        *(TupleKey("folder:y", "ancestor", f"{kind.value}:x") for kind in (NodeKind.FOLDER, NodeKind.FILE)),
    ),
    structure=EDGES,
)
"""What storage needs of any authorization model: each question, each role to a person, each edge of the tree."""


def kind_of(row: Node) -> NodeKind:
    """Return what the row is to authz: the root folder of a drive counts as the drive."""
    if isinstance(row, Drive) or row.is_root:
        return NodeKind.DRIVE
    return NodeKind.FOLDER if row.kind == ItemKind.FOLDER else NodeKind.FILE


def object_of(row: Node) -> str:
    """Return the row's name in authz, such as ``"folder:<id>"``."""
    return f"{kind_of(row).value}:{row.id}"


def structure(rows: Iterable[Node]) -> list[TupleKey]:
    """Return what the rows tell about their places: drive, ancestor and organization edges.

    One statement at most. The edges of the ancestors themselves are not told: the model is flat, whatever it reaches
    through ``ancestor`` is granted on that very folder.
    """
    rows = list(rows)
    nested = [row for row in rows if isinstance(row, Item) and not row.is_root and row.parent_id != row.drive_id]
    # Read afresh: no decision trusts what a page remembered.
    above = FolderClosure.objects.above({row.parent_id for row in nested})
    return list(dict.fromkeys(edge for row in rows for edge in _edges(row, above)))


def require(actor: Actor, permission: Permission, row: Node) -> None:
    """Ask a whole check; raises PermissionDenied when the actor may not, NotFound when she cannot even view it."""
    (error,) = require_all(actor, [(permission, row)])
    if error is not None:
        raise error


def require_all(actor: Actor, questions: Sequence[tuple[Permission, Node]]) -> list[StorageError | None]:
    """Ask many whole checks in one batch; returns for each question None (allowed) or the error to answer with."""
    edges = tuple(structure({(kind_of(row), row.id): row for _, row in questions}.values()))

    def ask(asked: Collection[tuple[Permission, str]]) -> set[tuple[Permission, str]]:
        pairs = list(asked)
        if not pairs:
            return set()
        answers = decisions.batch_check([CheckRequest(actor, permission, name, edges) for permission, name in pairs])
        return {pair for pair, answer in zip(pairs, answers, strict=True) if answer is True}

    named = [(permission, object_of(row)) for permission, row in questions]
    applicable = dict.fromkeys(
        pair for pair, (permission, row) in zip(named, questions, strict=True) if permission in APPLICABLE[kind_of(row)]
    )
    allowed = ask(applicable)
    denied = {name for permission, name in named if (permission, name) not in allowed}
    visible = ask(
        dict.fromkeys((Permission.VIEW, name) for name in denied if (Permission.VIEW, name) not in applicable)
    )
    visible |= allowed
    return [
        None if pair in allowed else PermissionDenied() if (Permission.VIEW, pair[1]) in visible else NotFound()
        for pair in named
    ]


def require_of_organization(actor: Actor, permission: Permission) -> None:
    """Ask a whole check about the organization; raises PermissionDenied."""
    if not decisions.check(CheckRequest(actor, permission, ORGANIZATION)):
        raise PermissionDenied


def require_of_backend(actor: Actor, permission: Permission, backend_id: str) -> None:
    """Ask a whole check about a backend, or about one that is still to be made; raises PermissionDenied."""
    name = f"backend:{backend_id}"
    edge = TupleKey(ORGANIZATION, "organization", name)
    if not decisions.check(CheckRequest(actor, permission, name, (edge,))):
        raise PermissionDenied


def allowed(actor: Actor, permissions: Iterable[Permission], rows: Sequence[Node]) -> dict[str, frozenset[Permission]]:
    """Return by row id which of the permissions the actor has: flags for a page, in one statement.

    One more when rows do not know their ancestry. For display, and for links: one of the byte plane is asked about
    again when it is used, one straight to a store is not. What else opens bytes or changes state asks ``require``.
    """
    asked = frozenset(permissions)
    above = ancestries(rows)
    edges: dict[tuple[str, str], Sequence[str]] = {}
    for row in rows:
        name = object_of(row)
        drive = f"drive:{row.id if isinstance(row, Drive) else row.drive_id}"
        edges[drive, "organization"] = (ORGANIZATION,)
        if name == drive or not isinstance(row, Item):
            continue
        edges[name, "drive"] = (drive,)
        edges[name, "ancestor"] = [f"folder:{folder}" for folder in above[row.id]]
    questions = {object_of(row): asked & APPLICABLE[kind_of(row)] for row in rows}
    found = visibility.flags(actor, questions, edges, EDGES)
    return {row.id: frozenset(map(Permission, found[object_of(row)])) for row in rows}


def predicate(actor: Actor, permission: Permission, kind: NodeKind, alias: str) -> VisibilitySql:
    """Return the SQL that is true for the rows of a kind, under ``alias``, on which the actor has the permission."""
    return visibility.predicate(actor, permission.value, kind.value, alias, EDGES)


def ancestries(rows: Iterable[Node]) -> dict[str, tuple[str, ...]]:
    """Return by row id the ids of the folders above each row, without the root folder; rows that know cost nothing."""
    found: dict[str, tuple[str, ...]] = {}
    unknown: list[Item] = []
    for row in rows:
        if isinstance(row, Drive) or row.is_root or row.parent_id == row.drive_id:
            found[row.id] = ()
        elif row.ancestry is not None:
            found[row.id] = row.ancestry
        else:
            unknown.append(row)
    above = FolderClosure.objects.above({row.parent_id for row in unknown})
    for row in unknown:
        found[row.id] = tuple(folder for folder in above.get(row.parent_id, ()) if folder != row.drive_id)
    return found


def _edges(row: Node, above: Mapping[str, Sequence[str]]) -> Iterable[TupleKey]:
    drive_id = row.id if isinstance(row, Drive) else row.drive_id
    yield TupleKey(ORGANIZATION, "organization", f"drive:{drive_id}")
    if isinstance(row, Drive) or row.is_root:
        return
    name = object_of(row)
    yield TupleKey(f"drive:{drive_id}", "drive", name)
    for ancestor in above.get(row.parent_id, ()):
        if ancestor != drive_id:
            yield TupleKey(f"folder:{ancestor}", "ancestor", name)
