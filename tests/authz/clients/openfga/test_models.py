"""A model that the server does not take is refused for good, and not told as an outage that will pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from authz.clients.openfga import limits
from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.failures import Refused
from authz.dsl import parse, to_json, to_text
from authz.dsl.model import AuthorizationModel, Computed, Relation, TypeDefinition
from authz.errors import InvalidModel, InvalidRequest
from authz.services.shipped_model import SHIPPED_MODEL
from authz.testing.contract import CONTRACT_MODEL

MakeClient = Callable[..., OpenFGAClient]


@pytest.mark.django_db
def test_a_model_that_the_server_does_not_take(openfga_client: MakeClient) -> None:
    # Our own parser refuses it too, so it is put together here: a relation that is nothing but itself.
    book = CONTRACT_MODEL.types["book"]
    ring = TypeDefinition("book", {**book.relations, "ring": Relation("ring", Computed("ring"))})
    client = openfga_client(CONTRACT_MODEL)
    with pytest.raises(InvalidRequest, match="invalid_authorization_model"):
        client.write_authorization_model(replace(CONTRACT_MODEL, types={**CONTRACT_MODEL.types, "book": ring}))
    assert client.write_authorization_model(CONTRACT_MODEL)


def model_of(*, types: int = 0, conditions: int = 0, parameters: int = 0, expression: int = 0) -> AuthorizationModel:
    """A model with so many types besides ``user`` and conditions; an expression of so many bytes at least."""
    lines = ["model", "  schema 1.1", "type user", "type doc", "  relations"]
    names = [f"c{number}" for number in range(conditions)]
    lines.append(f"    define viewer: [user{''.join(f', user with {name}' for name in names)}]")
    lines += [f"type t{number}" for number in range(types)]
    given = ", ".join(f"p{number}: string" for number in range(max(1, parameters)))
    for name in names:
        lines.append(f'condition {name}({given}) {{\n  p0 == "{"é" * (expression // 2)}"\n}}')
    return parse("\n".join(lines) + "\n")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fits", "beyond"),
    [
        (model_of(conditions=25), model_of(conditions=26)),
        (model_of(conditions=1, parameters=25), model_of(conditions=1, parameters=26)),
        (model_of(conditions=1, expression=512 - 8), model_of(conditions=1, expression=512 - 6)),
    ],
    ids=["conditions", "parameters", "expression"],
)
def test_what_no_server_takes_is_told_before_it_is_sent(
    openfga_client: MakeClient, fits: AuthorizationModel, beyond: AuthorizationModel
) -> None:
    client = openfga_client(CONTRACT_MODEL)
    assert limits.problems(fits) == []
    assert client.write_authorization_model(fits)
    (problem,) = limits.problems(beyond)
    with pytest.raises(InvalidModel) as refusal:
        client.write_authorization_model(beyond)
    assert refusal.value.problems == (problem,)
    # The server itself says the same.
    call = Call("POST", f"/stores/{client.remote.store_id}/authorization-models", to_json(beyond), repeatable=False)
    with pytest.raises(Refused, match="validation_error"):
        client.remote.sender.send([call], Deadline())


@pytest.mark.django_db
def test_what_a_server_may_be_set_to_take_is_sent_and_its_reason_is_told(openfga_client: MakeClient) -> None:
    client = openfga_client(CONTRACT_MODEL)
    fits, beyond = model_of(types=98), model_of(types=99)
    assert limits.warnings(fits) == []
    assert client.write_authorization_model(fits)
    (warning,) = limits.warnings(beyond)
    assert "101" in warning.message
    with pytest.raises(InvalidRequest, match="100"):
        client.write_authorization_model(beyond)


@pytest.mark.django_db
@pytest.mark.parametrize("text", [SHIPPED_MODEL.read_text(encoding="utf-8"), to_text(CONTRACT_MODEL)])
def test_the_size_is_the_one_by_which_the_server_judges(openfga_client: MakeClient, text: str) -> None:
    model = parse(text)
    assert limits.warnings(model) == []
    # Enough of everything: relations that are like those of the model, until it is too large.
    name, largest = max(model.types.items(), key=lambda item: len(item[1].relations))
    relations = dict(largest.relations)
    for copy in range(10_000):
        if (
            limits.size_in_bytes(replace(model, types={**model.types, name: TypeDefinition(name, relations)}))
            > 256 << 10
        ):
            break
        relations |= {
            f"{each}_{copy}": replace(relation, name=f"{each}_{copy}") for each, relation in largest.relations.items()
        }
    beyond = replace(model, types={**model.types, name: TypeDefinition(name, relations)})
    (warning,) = limits.warnings(beyond)
    with pytest.raises(InvalidRequest, match=f"{limits.size_in_bytes(beyond)} bytes vs {256 << 10}"):
        openfga_client(CONTRACT_MODEL).write_authorization_model(beyond)
    assert str(limits.size_in_bytes(beyond)) in warning.message
