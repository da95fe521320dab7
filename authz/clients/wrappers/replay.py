"""A difference between two engines as a ``store.fga.yaml``: the model, the tuples that can matter, and the one check.

It is what ``filegraph authz test`` and OpenFGA's ``fga model test`` run. It holds ids and no name of a person or file.
"""

from __future__ import annotations

from typing import Any

import yaml

from authz.clients.openfga.wire import tuple_json
from authz.clients.wrappers.comparisons import Difference
from authz.dsl import to_text
from authz.engine.neighbourhood import neighbourhood
from authz.engine.reader import TupleReader

LIMIT = 1000
"""Tuples of one file."""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that the model can be read."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def replay(difference: Difference, reader: TupleReader) -> str:
    """Return the text of the file; it asserts what the engine said that answers here.

    Raises ResolutionTooComplex when more than ``LIMIT`` tuples can matter.
    """
    request = difference.request
    tuples = neighbourhood(difference.model, reader, request, limit=LIMIT)
    check: dict[str, Any] = {"user": request.user, "object": request.object}
    if request.context:
        check["context"] = dict(request.context)
    check["assertions"] = {request.relation: difference.allowed}
    content = {
        "name": f"a difference of permission engines, seen in {difference.kind}",
        "model": to_text(difference.model),
        "tuples": [tuple_json(key) for key in tuples],
        "tests": [{"name": "as it was answered", "check": [check]}],
    }
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text
