"""Random, opaque primary keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from authz.identifiers import LENGTH, new_identifier

if TYPE_CHECKING:
    _TextField = models.CharField[str, str]
else:  # Django's fields take no type arguments at run time
    _TextField = models.CharField


class IdentifierField(_TextField):
    """A text primary key filled with ``new_identifier()``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LENGTH)
        kwargs.setdefault("default", new_identifier)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str | None:
        """Return the column's type, on PostgreSQL by its long name.

        By the short one Django makes a second index, for LIKE, of each key and each column that points to one: every
        upload would write a dozen that nothing reads.
        """
        if connection.vendor == "postgresql":
            return f"character varying({self.max_length})"
        return super().db_type(connection)
