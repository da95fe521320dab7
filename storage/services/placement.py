"""Which name an item gets in a folder that may have one of that name already.

Only names are decided here; the services write the rows. Call it inside the transaction
that writes them: the folder's row is locked until the end of it, or its drive is held, so that two callers never
choose one name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage import names
from storage.errors import NameTaken, NotFound, StorageError
from storage.models import ConflictPolicy, Item, ItemKind
from storage.selectors.folders import children
from storage.selectors.locks import lock_folder

_FIRST_NUMBERS = range(2, 34)
_POWERS = [2**exponent for exponent in range(6, 31)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name that somebody asks for, and what to do when it is taken."""

    name: str
    policy: ConflictPolicy = ConflictPolicy.FAIL
    kind: ItemKind = ItemKind.FILE


@dataclass(frozen=True, slots=True)
class Placement:
    """The name to write. ``existing`` is the item of that name and kind which REPLACE takes the place of, else None."""

    name: str
    name_key: str
    existing: Item | None = None


def place(parent_id: str, wanted: Wanted) -> Placement:
    """Return where ``wanted`` goes in the folder; raises NameTaken, InvalidName, NotFound (no such folder any more)."""
    (result,) = place_all(parent_id, [wanted])
    if isinstance(result, StorageError):
        raise result
    return result


def place_all(parent_id: str, wanted: Sequence[Wanted]) -> list[Placement | StorageError]:
    """Place several items in one folder, each after the ones before it, with an answer for each.

    FAIL refuses a taken name. RENAME appends `` (2)``, `` (3)``, ... REPLACE returns the item to replace, and refuses
    when that is of another kind. Raises NotFound when the folder is gone or in the trash.
    """
    if not lock_folder(parent_id):
        raise NotFound
    return place_all_held(parent_id, wanted)


def place_all_held(parent_id: str, wanted: Sequence[Wanted]) -> list[Placement | StorageError]:
    """As ``place_all``, for a caller who holds the drive and has seen since then that the folder is there."""
    folder = _Names(parent_id)
    folder.look_up(names.key(each.name) for each in wanted if names.may_be_stored(each.name))
    return [_place(folder, each) for each in wanted]


def place_unseen(wanted: Sequence[tuple[str, Wanted]]) -> list[Placement] | None:
    """Place items, each in the folder of that id, as if nothing lay there: the INSERT will tell.

    None where somebody has to look first: REPLACE, the same name twice, a name that may not be.
    """
    try:
        keys = [names.checked(each.name) for _, each in wanted]
    except StorageError:
        return None
    distinct = len({(parent_id, key) for (parent_id, _), key in zip(wanted, keys, strict=True)}) == len(keys)
    if not distinct or any(each.policy is ConflictPolicy.REPLACE for _, each in wanted):
        return None
    return [Placement(each.name, key) for (_, each), key in zip(wanted, keys, strict=True)]


class _Names:
    """The names of a folder, as far as they were looked up; None stands for one that this batch has just given out."""

    def __init__(self, parent_id: str) -> None:
        self._parent_id = parent_id
        self._taken: dict[str, Item | None] = {}
        self._known: set[str] = set()

    def look_up(self, keys: Iterable[str]) -> None:
        missing = set(keys) - self._known
        if missing:
            self._taken.update((child.name_key, child) for child in children([self._parent_id], missing))
            self._known |= missing

    def is_taken(self, key: str) -> bool:
        return key in self._taken

    def existing(self, key: str) -> Item | None:
        return self._taken.get(key)

    def give_out(self, name: str, key: str, existing: Item | None = None) -> Placement:
        self._taken[key] = None
        return Placement(name, key, existing)


def _place(folder: _Names, wanted: Wanted) -> Placement | StorageError:
    try:
        key = names.checked(wanted.name)
    except StorageError as error:
        return error
    if not folder.is_taken(key):
        return folder.give_out(wanted.name, key)
    if wanted.policy is ConflictPolicy.RENAME:
        name = _free_name(folder, wanted.name)
        return folder.give_out(name, names.key(name))
    existing = folder.existing(key)
    if wanted.policy is ConflictPolicy.REPLACE and existing is not None and existing.kind == wanted.kind:
        return folder.give_out(existing.name, key, existing)
    return NameTaken()


def _free_name(folder: _Names, name: str) -> str:
    """Return the name with a number that is free.

    The first numbers are tried one by one; above them the powers of two, then by halves, so that the thousandth file of
    one name costs a dozen look-ups and not a thousand.
    """

    def taken(number: int) -> bool:
        key = names.key(names.numbered(name, number))
        folder.look_up([key])
        return folder.is_taken(key)

    def look_up(numbers: Iterable[int]) -> None:
        folder.look_up(names.key(names.numbered(name, number)) for number in numbers)

    look_up(_FIRST_NUMBERS)
    for number in _FIRST_NUMBERS:
        if not taken(number):
            return names.numbered(name, number)
    look_up(_POWERS)
    free = next((number for number in _POWERS if not taken(number)), None)
    if free is None:
        raise NameTaken
    low = _FIRST_NUMBERS[-1] if free == _POWERS[0] else free // 2
    while free - low > 1:
        middle = (low + free) // 2
        low, free = (middle, free) if taken(middle) else (low, middle)
    return names.numbered(name, free)
