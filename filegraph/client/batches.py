"""One mutation over many items: in requests of as many as the server takes, with an answer for each."""

from __future__ import annotations

from dataclasses import dataclass

from filegraph.client.graphql_client import MAX_BATCH, GraphQLClient, Json, user_errors
from filegraph.client.terminal import complain


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item's id, and what the person called it."""

    label: str
    id: str


def apply_to_each(
    client: GraphQLClient, document: str, items: list[Labelled], *, alone: bool
) -> list[tuple[Labelled, Json]]:
    """Run a batch mutation of ids; what it succeeded for, with the result. A refusal is told at once.

    ``alone``: the person named one item, and its refusal is raised as ``CommandError`` instead.
    """
    done: list[tuple[Labelled, Json]] = []
    for start in range(0, len(items), MAX_BATCH):
        batch = items[start : start + MAX_BATCH]
        results = client.results(document, "ids", [item.id for item in batch])
        for item, result in zip(batch, results, strict=True):
            errors = user_errors(result)
            if errors and alone:
                raise errors[0].as_error()
            if errors:
                complain(f"{item.label}: {errors[0].message}")
            else:
                done.append((item, result))
    return done
