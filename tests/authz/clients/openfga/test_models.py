"""Models on the server: written, read, and refused for good by the server's own rules."""

from __future__ import annotations

import httpx
import pytest

from authz.clients.openfga.models import read_models, write_model
from authz.clients.openfga.transport import Transport
from authz.dsl import parse
from authz.dsl.model import AuthorizationModel, Computed, Direct, Relation, TypeDefinition, TypeRestriction
from authz.errors import AuthorizationUnavailable, InvalidRequest
from tests.components.openfga import OpenFGA

MODEL = parse("model\n  schema 1.1\ntype user\ntype file\n  relations\n    define viewer: [user]\n")


@pytest.fixture
def store_id(openfga_server: OpenFGA) -> str:
    answer = httpx.post(f"{openfga_server.api_url}/stores", json={"name": "models"}, trust_env=False)
    found: str = answer.json()["id"]
    return found


def relations(**rewrites: Relation) -> AuthorizationModel:
    return AuthorizationModel(MODEL.schema_version, {**MODEL.types, "file": TypeDefinition("file", rewrites)}, {})


def test_what_is_written_is_read(transport: Transport, store_id: str) -> None:
    written = write_model(transport, store_id, MODEL)
    assert read_models(transport, store_id) == [(written, MODEL)]


@pytest.mark.parametrize(
    "model",
    [
        relations(viewer=Relation("viewer", Computed("viewer"))),
        relations(viewer=Relation("viewer", Direct(), (TypeRestriction("nobody"),))),
        AuthorizationModel("1.1", {f"t{number}": TypeDefinition(f"t{number}", {}) for number in range(101)}, {}),
    ],
    ids=["circle", "undefined", "too many types"],
)
def test_what_would_be_refused_again_is_invalid(transport: Transport, store_id: str, model: AuthorizationModel) -> None:
    """Such a model is wrong, and not the server away: nobody should wait for it to be taken."""
    with pytest.raises(InvalidRequest, match="OpenFGA refuses the authorization model"):
        write_model(transport, store_id, model)
    assert read_models(transport, store_id) == []


def test_a_server_that_is_away_refuses_nothing(store_id: str) -> None:
    with pytest.raises(AuthorizationUnavailable):
        write_model(Transport("http://127.0.0.1:9"), store_id, MODEL)
