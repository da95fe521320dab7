"""Tuples that a model does not allow: they stay stored, count for nothing, and count again under a model that does."""

from __future__ import annotations

import logging

from django.db import Error, connection

from authz.dsl.model import AuthorizationModel
from authz.engine.typesystem import type_of, typesystem_of
from authz.models import RelationshipTuple
from authz.services.active_model import active
from authz.types import RelationshipCondition, TupleKey

logger = logging.getLogger("filegraph.authz")

# What a model allows depends on the kinds alone, and there are few of those among any number of tuples.
_KINDS = (
    "SELECT object_type, relation, subject_type, everybody, subject_relation, condition_name, count(*) FROM ("  # noqa: S608
    "SELECT object_type, relation, subject_relation, condition_name, subject LIKE '%:*' AS everybody,"
    f" substr(subject, 1, {{colon}} - 1) AS subject_type FROM {RelationshipTuple._meta.db_table}) kinds"
    " GROUP BY object_type, relation, subject_type, everybody, subject_relation, condition_name"
)
_COLON = {"sqlite": "instr(subject, ':')", "postgresql": "strpos(subject, ':')"}


def is_orphaned(key: TupleKey) -> bool:
    """Tell whether the active model does not allow a stored tuple."""
    return not typesystem_of(active().model).allows(f"{type_of(key.object)}#{key.relation}", key.user, key.condition)


def orphaned_tuples(model: AuthorizationModel) -> int | None:
    """Return how many stored tuples ``model`` does not allow; None where the database does not come to an end of that.

    One statement, which reads the whole table; nothing hangs on it. With an OpenFGA server too: the table is the record
    of what it was told.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(_KINDS.format(colon=_COLON[connection.vendor]).replace("%", "%%"), [])
            kinds = cursor.fetchall()
    except Error as error:
        logger.warning("The tuples that a model does not allow could not be counted: %s", error)
        return None
    types = typesystem_of(model)
    orphans = 0
    for object_type, relation, subject_type, everybody, subject_relation, condition, count in kinds:
        user = f"{subject_type}:{'*' if everybody else 'x'}" + (f"#{subject_relation}" if subject_relation else "")
        carried = RelationshipCondition(condition) if condition else None
        if not types.allows(f"{object_type}#{relation}", user, carried):
            orphans += count
    return orphans
