"""Which relations the service asks for.

Only here does storage ask for a relation by name, but for ``services.access``, which asks what it is told to;
``services.sharing`` gives and takes back those of ``Role``. What
stands in the rows of the tree goes along (``storage.structure``). What opens bytes or changes state asks a whole check
(``require``); flags of a page and lists are computed from the actor's grants and the same edges. One exception: a link
straight to a store rests on the flags of its page (``allowed``), because a whole check for each of 100 links could take
an OpenFGA server seconds. Unless set otherwise it lives 300 seconds at most.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from authz.errors import ConditionFailed
from authz.services import decisions, visibility
from authz.services.needs import Needs
from authz.services.visibility import VisibilitySql
from authz.types import ORGANIZATION, Actor, CheckRequest, TupleKey
from storage.errors import NotFound, PermissionDenied, StorageError
from storage.models import Drive, FolderClosure, Item, Node, NodeKind
from storage.structure import EDGES as EDGES
from storage.structure import edges
from storage.structure import kind_of as kind_of
from storage.structure import object_of as object_of
from storage.structure import structure as structure


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
    written=tuple(
        TupleKey("user:x", role.value, f"{kind.value}:x") for kind, roles in _ROLES.items() for role in sorted(roles)
    ),
    told=(TupleKey(ORGANIZATION, "organization", "backend:x"),),
    shared=frozenset(kind.value for kind in NodeKind),
    structure=EDGES,
)
"""What storage needs of any authorization model: each question, each role to a person, and no administrator by one."""


Pair = tuple[Permission, str]
"""A permission and the object it is asked about."""
Pairs = Collection[Pair]


def require(actor: Actor, permission: Permission, row: Node) -> None:
    """Ask a whole check; raises PermissionDenied when the actor may not, NotFound when she cannot even view it."""
    (error,) = require_all(actor, [(permission, row)])
    if error is not None:
        raise error


def require_all(actor: Actor, questions: Sequence[tuple[Permission, Node]]) -> list[StorageError | None]:
    """Ask many whole checks in one batch; returns for each question None (allowed) or the error to answer with.

    Raises ConditionFailed where a condition decides and cannot be decided: to whoever can view the row. To others it is
    NotFound, as if there were none.
    """
    try:
        return _answers(actor, questions)
    except ConditionFailed:
        if len(questions) > 1:
            return [require_all(actor, [question])[0] for question in questions]
        ((_, row),) = questions
        if sees(actor, row):
            raise
        return [NotFound()]


def sees(actor: Actor, row: Node) -> bool:
    """Tell whether the actor can certainly view a row; what cannot be decided is a no, and no error."""
    try:
        return _answers(actor, [(Permission.VIEW, row)]) == [None]
    except ConditionFailed:
        return False


def _answers(actor: Actor, questions: Sequence[tuple[Permission, Node]]) -> list[StorageError | None]:
    """Answer questions together. Raises ConditionFailed where one of them, or its refusal, cannot be decided."""
    rows = {(kind_of(row), row.id): row for _, row in questions}.values()
    told = tuple(structure(rows, {Permission.VIEW, *(permission for permission, _ in questions)}))

    def ask(asked: Pairs) -> set[Pair]:
        pairs = list(asked)
        if not pairs:
            return set()
        answers = decisions.batch_check(
            [CheckRequest(actor, permission, name, told) for permission, name in pairs], EDGES
        )
        return {pair for pair, answer in zip(pairs, answers, strict=True) if answer is True}

    named = [(permission, object_of(row)) for permission, row in questions]
    applicable = dict.fromkeys(
        pair for pair, (permission, row) in zip(named, questions, strict=True) if permission in APPLICABLE[kind_of(row)]
    )
    seen = dict.fromkeys((Permission.VIEW, name) for _, name in named)
    allowed = visible = _in_one(ask, {**applicable, **seen})
    if allowed is None or visible is None:
        allowed = ask(applicable)
        denied = {name for permission, name in named if (permission, name) not in allowed}
        visible = allowed | ask([pair for pair in seen if pair[1] in denied and pair not in applicable])
    return [
        None if pair in allowed else PermissionDenied() if (Permission.VIEW, pair[1]) in visible else NotFound()
        for pair in named
    ]


def _in_one(ask: Callable[[Pairs], set[Pair]], pairs: Pairs) -> set[Pair] | None:
    """Ask together what a question and its refusal take, where that is read once; None where it has to be in turn."""
    if not decisions.shares_reads(EDGES):
        return None
    try:
        return ask(pairs)
    except ConditionFailed:
        return None  # Perhaps only whether she can view it, which need not be asked.


def require_of_organization(actor: Actor, permission: Permission, refusal: str) -> None:
    """Ask a whole check about the organization; raises PermissionDenied with this sentence."""
    if not decisions.check(CheckRequest(actor, permission, ORGANIZATION)):
        raise PermissionDenied(refusal)


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
    told = edges(rows, ancestries(rows), asked)
    names = [object_of(row) for row in rows]
    applicable = {kind: asked & permissions for kind, permissions in APPLICABLE.items()}
    questions = {name: applicable[NodeKind(name.partition(":")[0])] for name in names}
    found = visibility.flags(actor, questions, told, EDGES)
    # What is alike is one object: the files of a folder differ in few flags.
    same = {relations: frozenset(map(Permission, relations)) for relations in set(found.values())}
    return {row.id: same[found[name]] for row, name in zip(rows, names, strict=True)}


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
