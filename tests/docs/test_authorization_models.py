"""The operations of the page on authorization models, in its order, against a real server."""

from __future__ import annotations

import re
import secrets
from typing import Any

from authz.services.shipped_model import SHIPPED_MODEL
from schema.executor import core_schema
from schema.root import schema
from tests.components.api import Api, become_administrator, new_person
from tests.components.server import ROOT, serving

PAGE = (ROOT / "docs" / "authorization-models.md").read_text(encoding="utf-8")
OPERATIONS = {
    name: text for text, name in re.findall(r"^```graphql\n(\w+ (\w+).*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}


def edited(text: str) -> str:
    """The shipped text with the changes of the page."""
    [diff] = re.findall(r"^```diff\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    lines = diff.splitlines()
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        assert (old[0], new[0]) == ("-", "+")
        assert text.count(f"{old[1:]}\n") == 1
        text = text.replace(f"{old[1:]}\n", f"{new[1:]}\n")
    return text


def test_the_operations_do_what_the_page_says() -> None:
    assert list(OPERATIONS) == ["Versions", "Try", "Keep", "Activate", "GoBack", "Block", "Ask"]
    shipped = SHIPPED_MODEL.read_text(encoding="utf-8")
    with serving() as server:
        ada = become_administrator(server)

        def run(name: str, **variables: Any) -> Any:
            data = ada.query(OPERATIONS[name], **variables)
            for payload in data.values():
                assert not (isinstance(payload, dict) and payload.get("errors")), payload
            return data

        versions = run("Versions")
        (first,) = versions["authorizationModels"]["nodes"]
        assert (first["origin"], first["isActive"]) == ("SHIPPED", True)
        assert versions["authorizationModels"]["newerShipped"] is None
        tried = run("Try", text=edited(shipped))["validateAuthorizationModel"]
        assert (tried["problems"], tried["missingRelations"], tried["locksOutAdministrators"]) == ([], [], False)
        kept = run("Keep", text=edited(shipped))["createAuthorizationModel"]["authorizationModel"]
        olga = new_person(ada, "olga")
        grant = {"user": olga.user_id, "relation": "auditor", "object": "organization:default"}
        ada.mutate("writeRelationships", "written { user }", writes=[grant])
        assert not makes_drives(olga)
        done = run("Activate", id=kept["id"], active=first["id"])["activateAuthorizationModel"]
        assert done["authorizationModel"] == {"id": kept["id"], "isActive": True}
        assert makes_drives(olga)
        run("GoBack", previous=done["previous"]["id"])
        assert not makes_drives(olga)
        drive = ada.drive()
        file = ada.upload(drive, "a.txt", b"a")["id"]
        ada.mutate("share", "share { role }", id=drive, subject={"userId": olga.user_id}, role="VIEWER")
        answer = run("Ask", person=olga.user_id, file=file)
        assert answer["checkPermission"] is True
        assert {node["account"]["username"] for node in answer["whoCanAccess"]["nodes"]} == {"admin", "olga"}
        assert answer["explainAccess"]["steps"][0]["definition"].startswith("define can_view: ")
        run("Block", person=olga.user_id, file=file)
        answer = run("Ask", person=olga.user_id, file=file)
        assert answer["checkPermission"] is False
        assert answer["explainAccess"]["blocks"][0]["steps"][0]["relation"] == "denied"
        assert answer["explainAccess"]["missing"] == []


def makes_drives(person: Api) -> bool:
    document = "mutation($name: String!) { createDrive(input: { name: $name }) { drive { id } } }"
    return person.query(document, name=secrets.token_hex(6))["createDrive"]["drive"] is not None


def test_every_field_of_the_schema_for_editors_is_told() -> None:
    core = core_schema(schema)
    assert core.query_type is not None
    assert core.mutation_type is not None
    fields = [
        *(name for name, field in core.query_type.fields.items() if "uthorization" in name or "elationship" in name),
        *(name for name in core.mutation_type.fields if "uthorization" in name or "elationship" in name),
        *("checkPermission", "whoCanAccess", "explainAccess"),
    ]
    assert len(fields) > 8
    assert [name for name in fields if name not in PAGE and name != "authorizationModel"] == []
