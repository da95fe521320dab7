"""OpenFGA's JSON and our values. What comes is taken exactly as it is documented, or it is no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

from authz.clients.base import Change
from authz.clients.openfga.failures import Refused
from authz.engine.conditions import require_context
from authz.engine.expand import ComputedLeaf, Operation, TupleToUsersetLeaf, UsersetNode, UsersetTree, UsersLeaf
from authz.errors import (
    AuthorizationUnavailable,
    AuthzError,
    ConditionFailed,
    InvalidContext,
    InvalidContinuationToken,
    InvalidRequest,
    InvalidTuple,
    MissingContext,
    ResolutionTooComplex,
    UnknownRelation,
    UnknownType,
)
from authz.types import RelationshipCondition, TupleKey

_CODES: Mapping[str, type[AuthzError]] = {
    "validation_error": InvalidRequest,
    "invalid_continuation_token": InvalidContinuationToken,
    "query_string_type_continuation_token_mismatch": InvalidContinuationToken,
    "authorization_model_resolution_too_complex": ResolutionTooComplex,
    "type_not_found": UnknownType,
    "relation_not_found": UnknownRelation,
    "invalid_tuple": InvalidTuple,
    "write_failed_due_to_invalid_input": InvalidTuple,
    "invalid_contextual_tuple": InvalidTuple,
    "duplicate_contextual_tuple": InvalidTuple,
}
_OPERATIONS: Mapping[str, Literal["write", "delete"]] = {
    "TUPLE_OPERATION_WRITE": "write",
    "TUPLE_OPERATION_DELETE": "delete",
}


_Parameters = ParamSpec("_Parameters")
_Value = TypeVar("_Value")


def _reads(function: Callable[_Parameters, _Value]) -> Callable[_Parameters, _Value]:
    """What reads an answer: one of another shape than the documented is no answer, wherever it is noticed."""

    @wraps(function)
    def read(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Value:
        try:
            return function(*args, **kwargs)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise AuthorizationUnavailable(f"an answer of an unknown shape ({type(error).__name__})") from error

    return read


def error_of(refused: Refused) -> AuthzError:
    """Return what a refusal is to our callers. One that is not known says nothing about permissions: unavailable."""
    kind = _condition_error(str(refused)) or _CODES.get(refused.code, AuthorizationUnavailable)
    return kind(f"OpenFGA refuses: {refused}")


def _condition_error(detail: str) -> type[AuthzError] | None:
    """Return what a sentence about a condition means: it has no code of its own, and in streams none at all."""
    if "failed to evaluate relationship condition" not in detail:
        return None
    if "missing context parameters" in detail:
        return MissingContext
    return InvalidContext if "parameter type error" in detail else ConditionFailed


_ABOUT_CONTENT = frozenset(_CODES) | {
    "invalid_write_input",
    "cannot_allow_duplicate_tuples_in_one_request",
    "invalid_object_format",
    "invalid_user",
    "unsupported_user_set",
    "unknown_relation",
    "id_too_long",
    "tuple_key_value_not_specified",
    "object_too_long",
    "relation_too_long",
    "object_invalid_pattern",
    "relations_invalid_pattern",
    "exceeded_entity_limit",
}


def is_about_content(refused: Refused) -> bool:
    """Tell whether what was sent is at fault, and would be refused again: not the store, the model or the moment.

    Only what OpenFGA is known to say: whatever stands at its address for a while must not spoil what waits.
    """
    return refused.status == 400 and refused.code in _ABOUT_CONTENT


def tuple_json(key: TupleKey) -> dict[str, Any]:
    """Return a tuple with its condition."""
    value: dict[str, Any] = {"user": key.user, "relation": key.relation, "object": key.object}
    if key.condition is not None:
        value["condition"] = {"name": key.condition.name, "context": dict(key.condition.context)}
    return value


def contextual_json(keys: Iterable[TupleKey]) -> dict[str, Any]:
    """Return contextual tuples as most questions take them; nothing for none."""
    found = [tuple_json(key) for key in keys]
    return {"contextual_tuples": {"tuple_keys": found}} if found else {}


def context_json(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context of conditions as questions take it; nothing for none. Raises InvalidContext."""
    require_context(context)
    return {"context": dict(context)} if context else {}


@_reads
def key_of(value: Any) -> TupleKey:
    """Return the tuple of ``{"user", "relation", "object", "condition"}``."""
    condition = value.get("condition")
    carried = None
    if condition is not None:
        carried = RelationshipCondition(text(condition, "name"), dict(condition.get("context") or {}))
    return TupleKey(text(value, "user"), text(value, "relation"), text(value, "object"), carried)


def text(value: Any, name: str) -> str:
    """Return a text of an answer; raises AuthorizationUnavailable when there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise AuthorizationUnavailable(f"an answer without {name!r}")
    return found


def following(value: Any, token: str) -> str:
    """Return the token of the next page, empty at the end; one that leads nowhere else is no answer."""
    found = text(value, "continuation_token")
    if found and found == token:
        raise AuthorizationUnavailable("a page that is followed by itself")
    return found


def entries(value: Any, name: str) -> list[dict[str, Any]]:
    """Return a list of objects of an answer; raises AuthorizationUnavailable when it is not one."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise AuthorizationUnavailable(f"an answer without a list {name!r}")
    return found


def allowed(value: Any) -> bool:
    """Return the verdict of one check: ``True`` is yes, ``False`` is no, and there is nothing else.

    OpenFGA leaves nothing out: a check inside a batch that failed has ``error`` and no ``allowed``.
    """
    found = value.get("allowed") if isinstance(value, dict) else None
    if found is True:
        return True
    if found is False and "error" not in value:
        return False
    raise AuthorizationUnavailable("a check without a verdict")


@_reads
def verdicts(value: Any, count: int) -> list[bool | None]:
    """Return the verdicts of a batch whose correlation ids are ``"0"`` to ``count - 1``; one that failed fails all.

    None for one that is beyond the server's limit of depth.
    """
    found = value.get("result") if isinstance(value, dict) else None
    if not isinstance(found, dict) or found.keys() != {str(place) for place in range(count)}:
        raise AuthorizationUnavailable("a batch without all its answers")
    return [_verdict(found[str(place)]) for place in range(count)]


def require_written(value: Any) -> None:
    """Raise AuthorizationUnavailable unless the answer to a write says that it was done: an empty object."""
    if value != {}:
        raise AuthorizationUnavailable("a write of which nobody says that it was done")


def _verdict(value: Any) -> bool | None:
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, dict) and "allowed" not in value and isinstance(error.get("input_error"), str):
        found = error_of(Refused(400, error["input_error"], str(error.get("message", ""))))
        if isinstance(found, ResolutionTooComplex):
            return None
        raise found
    return allowed(value)


@_reads
def changes(value: Any) -> list[Change]:
    """Return the entries of a page of changes."""
    found = []
    for entry in entries(value, "changes"):
        operation = _OPERATIONS.get(text(entry, "operation"))
        if operation is None:
            raise AuthorizationUnavailable("a change that is neither a write nor a delete")
        found.append(Change(operation, key_of(entry.get("tuple_key")), text(entry, "timestamp")))
    return found


@_reads
def users(value: Any) -> list[str]:
    """Return the users of ``list-users``: ``user:x``, ``user:*`` or ``group:g#member``."""
    found = []
    for entry in entries(value, "users"):
        if "object" in entry:
            found.append(f"{text(entry['object'], 'type')}:{text(entry['object'], 'id')}")
        elif "userset" in entry:
            userset = entry["userset"]
            found.append(f"{text(userset, 'type')}:{text(userset, 'id')}#{text(userset, 'relation')}")
        elif "wildcard" in entry:
            found.append(f"{text(entry['wildcard'], 'type')}:*")
        else:
            raise AuthorizationUnavailable("a user of no known kind")
    return found


@_reads
def tree(value: Any) -> UsersetTree:
    """Return the tree of ``expand``."""
    root = value.get("tree", {}).get("root") if isinstance(value, dict) else None
    if not isinstance(root, dict):
        raise AuthorizationUnavailable("an answer without a tree")
    return UsersetTree(_node(root))


def _node(value: Any) -> UsersetNode:
    name = text(value, "name")
    for operator in ("union", "intersection"):
        if operator in value:
            children = tuple(map(_node, entries(value[operator], "nodes")))
            return UsersetNode(name, Operation("union" if operator == "union" else "intersection", children))
    if "difference" in value:
        sides = value["difference"]
        return UsersetNode(name, Operation("difference", (_node(sides.get("base")), _node(sides.get("subtract")))))
    leaf = value.get("leaf", {})
    if "users" in leaf:
        return UsersetNode(name, UsersLeaf(tuple(sorted(_texts(leaf["users"].get("users"))))))
    if "computed" in leaf:
        return UsersetNode(name, ComputedLeaf(text(leaf["computed"], "userset")))
    if "tupleToUserset" in leaf:
        found = leaf["tupleToUserset"]
        computed = tuple(text(each, "userset") for each in entries(found, "computed"))
        return UsersetNode(name, TupleToUsersetLeaf(text(found, "tupleset"), computed))
    raise AuthorizationUnavailable("a node of no known kind")


def _texts(value: Any) -> Sequence[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise AuthorizationUnavailable("a list that holds other things than texts")
    return value
