"""Who was given what on a node: a share is a tuple that a person wrote. What it amounts to is the model's business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from authz.errors import InvalidTuple, WriteConflict
from authz.identifiers import is_identifier
from authz.services import relationships
from authz.services.orphans import is_orphaned
from authz.types import Actor, TupleKey, split_object, split_user
from storage.errors import Conflict, InvalidArgument
from storage.models import Node, NodeKind, NodeRef
from storage.permissions import Permission, Role, allowed, ancestries, object_of, require
from storage.services.drives import require_writable
from storage.services.nodes import drive_id_of, drive_of, find_one, hold_one, hold_rows


class Audience(StrEnum):
    """Everyone, as a subject of a share."""

    SIGNED_IN = "signed_in"
    ANYONE = "anyone"


_EVERY_USER = "user:*"
_EVERY_VISITOR = "anonymous:*"
_SUBJECTS: Mapping[Audience, tuple[str, ...]] = {
    Audience.SIGNED_IN: (_EVERY_USER,),
    # A person does not lose by signing in what she could see before.
    Audience.ANYONE: (_EVERY_USER, _EVERY_VISITOR),
}
_AUDIENCES: Mapping[Audience, str] = {
    Audience.SIGNED_IN: "everyone who signs in",
    Audience.ANYONE: "visitors who do not sign in",
}

Subject = str | Audience
"""``"user:<id>"``, ``"group:<id>#member"`` or an audience."""


@dataclass(frozen=True, slots=True)
class Share:
    """One grant: ``subject`` has ``role`` on ``node``. ``inherited`` when that is above the node asked about.

    ``is_conditional``: it counts only while a condition of the model is met.
    """

    role: Role
    subject: Subject
    node: NodeRef
    inherited: bool = False
    is_conditional: bool = False

    @property
    def id(self) -> str:
        """The share's name: it has no row, so it is what it says."""
        return f"{self.node.kind.value}:{self.node.id}|{self.role.value}|{self.subject}"


def require_shareable(actor: Actor, ref: NodeRef) -> None:
    """Raise what ``share`` and ``unshare`` raise about the node: NotFound, PermissionDenied, DriveReadOnly.

    For a caller who has to find the subject first: only who may share learns who there is to share to.
    """
    _require_shareable(actor, find_one(ref))


def share(actor: Actor, ref: NodeRef, subject: Subject, role: Role) -> Share:
    """Give a role on a node to a person, a group or everyone; needs ``can_share``. To give it again changes nothing.

    Where she has it under a condition, met or not, she has it without one from now on.

    Whether the person or group exists is for the caller to know. Raises NotFound, PermissionDenied, DriveReadOnly, and
    InvalidArgument where the model does not let such a subject have the role on such a node.
    """
    with transaction.atomic():
        row = hold_one(actor, ref)
        _require_shareable(actor, row)
        try:
            _give(actor, _tuples(row, subject, role))
        except InvalidTuple:
            raise InvalidArgument(_cannot_have(subject, role, ref.kind), path=["role"]) from None
    return Share(role, subject, ref)


def unshare(actor: Actor, ref: NodeRef, subject: Subject, role: Role | None = None) -> Node:
    """Take back a role, or all roles, from a person, a group or everyone on this very node; needs ``can_share``.

    To take back what was not given changes nothing. Everyone signed in cannot be left out while visitors stay, so
    either audience takes back both. Raises NotFound, PermissionDenied, DriveReadOnly, and Conflict for the last owner
    of a drive: a drive without owners would be nobody's to share or clean up but the administrators'.
    """
    with transaction.atomic():
        row = hold_one(actor, ref)
        _require_shareable(actor, row)
        if isinstance(subject, Audience):
            subject = Audience.ANYONE
        roles = set(Role) if role is None else {role}
        standing = relationships.read_objects([object_of(row)])[object_of(row)]
        subjects = _subjects(subject)
        gone = [each for each in standing if each.user in subjects and each.relation in roles]
        if ref.kind is NodeKind.DRIVE:
            _keep_an_owner(standing, gone)
        if gone:
            # What is deleted is named without its condition.
            relationships.write(actor=actor, deletes=[each.bare for each in gone], on_missing="ignore")
    return row


def require_owners(writes: Sequence[TupleKey], deletes: Sequence[TupleKey]) -> None:
    """Raise Conflict where a change of tuples would leave a drive without an owner; its path names the delete.

    Called before the change, in its transaction: the drives are held until that ends, as by ``unshare``.
    """
    places = {key: place for place, key in enumerate(deletes) if key.relation == Role.OWNER}
    refs = {key.object: NodeRef(NodeKind.DRIVE, key.object.partition(":")[2]) for key in places if _is_drive(key)}
    drives = [object_of(row) for row in hold_rows(list(refs.values())) if row is not None]
    for name, standing in relationships.read_objects(drives).items():
        gone = [each for each in standing if each.bare in places]
        try:
            _keep_an_owner([*standing, *(key for key in writes if key.object == name)], gone)
        except Conflict as conflict:
            place = next(place for key, place in places.items() if key.object == name)
            raise Conflict(conflict.message, path=["deletes", str(place)]) from None


def _is_drive(key: TupleKey) -> bool:
    kind, _, drive_id = key.object.partition(":")
    return kind == NodeKind.DRIVE and is_identifier(drive_id)


def shares(actor: Actor, rows: Sequence[Node]) -> dict[str, list[Share] | None]:
    """Return by row id the shares of each row, its own first, then those inherited from above.

    None for a row whose shares the actor may not see (``can_share``). Five statements at most, however many rows.
    """
    rights = allowed(actor, [Permission.SHARE], rows)
    shown = [row for row in rows if Permission.SHARE in rights[row.id]]
    above = ancestries(shown)
    places = {row.id: [object_of(row), *_above(row, above[row.id])] for row in shown}
    standing = relationships.read_objects({place for each in places.values() for place in each})
    found: dict[str, list[Share] | None] = {row.id: None for row in rows}
    for row_id, row_places in places.items():
        found[row_id] = [
            share
            for index, place in enumerate(row_places)
            for share in _read(place, standing.get(place, ()), inherited=index > 0)
        ]
    return found


def _require_shareable(actor: Actor, row: Node) -> None:
    require(actor, Permission.SHARE, row)
    require_writable([drive_of(row)])


def _subjects(subject: Subject) -> tuple[str, ...]:
    """Return the users of authz that a subject stands for; raises InvalidArgument."""
    if isinstance(subject, Audience):
        return _SUBJECTS[subject]
    try:
        kind, name, relation = split_user(subject)
    except ValueError:
        raise InvalidArgument("This is nobody that can be shared with.", path=["subject"]) from None
    if (kind, relation) not in (("user", None), ("group", "member")) or name == "*":
        raise InvalidArgument("This is nobody that can be shared with.", path=["subject"])
    return (subject,)


def _tuples(row: Node, subject: Subject, role: Role) -> list[TupleKey]:
    return [TupleKey(user, role.value, object_of(row)) for user in _subjects(subject)]


def _give(actor: Actor, keys: Sequence[TupleKey]) -> None:
    """Write tuples of one role on one node, in the place of those of the same key that carry a condition."""
    try:
        relationships.write(actor=actor, writes=keys, on_duplicate="ignore")
    except WriteConflict:
        # A model that has no condition there (any more) takes no delete and write of one tuple in one request.
        name, relation = keys[0].object, keys[0].relation
        standing = relationships.read_objects([name], relation)[name]
        stale = {each.bare for each in standing if each.condition is not None}
        relationships.write(actor=actor, deletes=[key for key in keys if key in stale], on_missing="ignore")
        relationships.write(actor=actor, writes=keys, on_duplicate="ignore")


def _cannot_have(subject: Subject, role: Role, kind: NodeKind) -> str:
    who = _AUDIENCES[subject] if isinstance(subject, Audience) else f"a {subject.partition(':')[0]}"
    return f"The role {role.value} on a {kind.value} cannot be given to {who}."


def _keep_an_owner(standing: Sequence[TupleKey], gone: Sequence[TupleKey]) -> None:
    """Raise Conflict where an owner goes and nobody stays who is one for good, by the model and without a condition."""
    going = {each for each in gone if each.relation == Role.OWNER}
    lasting = {each for each in standing if each.relation == Role.OWNER and not (each.condition or is_orphaned(each))}
    if going and lasting <= going:
        raise Conflict("A drive keeps at least one owner; make somebody else an owner first.")


def _above(row: Node, folder_ids: Iterable[str]) -> list[str]:
    if object_of(row) == f"drive:{row.id}":
        return []
    return [*(f"folder:{folder_id}" for folder_id in folder_ids), f"drive:{drive_id_of(row)}"]


def _read(place: str, tuples: Iterable[TupleKey], *, inherited: bool) -> list[Share]:
    """Turn the tuples on one object into shares; what is no share (a block, a state of a file) is left out.

    So is a tuple that the model does not allow: it gives nothing.
    """
    kind, node_id = split_object(place)
    node = NodeRef(NodeKind(kind), node_id)
    roles = set(Role)
    given = {
        (each.relation, each.user): each.condition is not None
        for each in tuples
        if each.relation in roles and not is_orphaned(each)
    }
    found: list[Share] = []
    for (relation, user), conditional in sorted(given.items()):
        subject: Subject = user
        if user == _EVERY_VISITOR:
            subject = Audience.ANYONE
        elif user == _EVERY_USER:
            if given.get((relation, _EVERY_VISITOR)) is conditional:
                continue
            subject = Audience.SIGNED_IN
        found.append(Share(Role(relation), subject, node, inherited, conditional))
    return found
