"""What one document selects, worked out once and kept for as long as the document is.

Which fields stand in a selection set, and how each is read (``schema.executor``), depends on the document alone, unless
variables decide it (``@include(if: $x)``, or an argument below the root). Nothing of a request is kept here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.language import BREAK, Visitor, visit


@dataclass(frozen=True, slots=True)
class Selections:
    """The selection sets of one document, filled as they are met. Safe for several threads, by ``setdefault`` alone.

    Keys have the ``id`` of something that the entry itself keeps alive.
    """

    roots: dict[int, Any] = field(default_factory=dict)
    subfields: dict[Any, Any] = field(default_factory=dict)
    steps: dict[Any, Any] = field(default_factory=dict)


def depends_on_variables(document: DocumentNode) -> bool:
    """Tell whether variables may decide what is selected or how it is read. Says yes in doubt.

    Arguments of an operation's own fields may have variables: such fields are not read, they are resolved.
    """
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            for selection in definition.selection_set.selections:
                if not isinstance(selection, FieldNode) or selection.directives:
                    return True
                if _has_variables(selection.selection_set):
                    return True
        elif isinstance(definition, FragmentDefinitionNode) and _has_variables(definition.selection_set):
            return True
    return False


class _Search(Visitor):
    found = False

    def enter_variable(self, _node: VariableNode, *_rest: Any) -> Any:
        self.found = True
        return BREAK


def _has_variables(selection_set: SelectionSetNode | None) -> bool:
    search = _Search()
    if selection_set is not None:
        visit(selection_set, search)
    return search.found
