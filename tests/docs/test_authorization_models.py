"""The operations of the page on authorization models, in its order, against a real server."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from authz.dsl.parsed import MAX_MODEL_BYTES
from authz.services.shipped_model import SHIPPED_MODEL
from schema.executor import core_schema
from schema.root import schema
from tests.components.api import Api, Refused, become_administrator, get, new_person
from tests.components.server import ROOT, serving

PAGE = (ROOT / "docs" / "authorization-models.md").read_text(encoding="utf-8")
OPERATIONS = {
    name: text for text, name in re.findall(r"^```graphql\n(\w+ (\w+).*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}
EDIT, RECIPE = re.findall(r"^```diff\n-(.*\n)\+(.*\n)```$", PAGE, re.MULTILINE)
"""The two diffs of the page: the old line and the new one."""
(CONDITION,) = re.findall(r"^```fga\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHELL, LATER = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
RECIPE_OPERATIONS = ["GiveUntil", "Renew", "Later", "EndNow"]
BIN = Path(sys.executable).parent
SEES = "{ files(first: 9) { totalCount } }"


def edited(text: str, change: tuple[str, str], times: int) -> str:
    """A text with a change of the page, in so many places."""
    old, new = change
    assert text.count(old) == times
    return text.replace(old, new)


def test_the_operations_do_what_the_page_says() -> None:
    assert list(OPERATIONS) == [
        *("Versions", "Try", "Keep", "Activate", "GoBack", "MakeAuditor", "Block", "Ask"),
        *RECIPE_OPERATIONS,
    ]
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
        text = edited(shipped, EDIT, 1)
        tried = run("Try", text=text)["validateAuthorizationModel"]
        assert (tried["problems"], tried["missingRelations"], tried["locksOutAdministrators"]) == ([], [], False)
        broken = run("Try", text="model")["validateAuthorizationModel"]
        assert [each["code"] for each in broken["problems"]] == ["invalid-syntax"]
        assert (broken["orphanedTuples"], broken["locksOutAdministrators"]) == (None, None)
        kept = run("Keep", text=text)["createAuthorizationModel"]["authorizationModel"]
        olga = new_person(ada, "olga")
        run("MakeAuditor", person=olga.user_id)
        assert not makes_drives(olga)
        for name in ("Try", "Keep"):
            (payload,) = olga.query(OPERATIONS[name], text=text).values()
            assert [each["code"] for each in payload["errors"]] == ["MODEL_EDITOR_REQUIRED"], "an auditor edits nothing"
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
        (people,) = re.findall(r"`(whoCanAccess\(object: \"organization.*?\))`", PAGE)
        found = ada.query(f"{{ {people} {{ nodes {{ account {{ id }} }} }} }}")["whoCanAccess"]["nodes"]
        assert olga.user_id in [node["account"]["id"] for node in found]
        assert {node["account"]["username"] for node in answer["whoCanAccess"]["nodes"]} == {"admin", "olga"}
        assert answer["explainAccess"]["steps"][0]["definition"].startswith("define can_view: ")
        run("Block", person=olga.user_id, file=file)
        answer = run("Ask", person=olga.user_id, file=file)
        assert answer["checkPermission"] is False
        assert answer["explainAccess"]["blocks"][0]["steps"][0]["relation"] == "denied"
        assert answer["explainAccess"]["missing"] == []


def shell(folder: Path, asker: Api, script: str, **variables: str) -> str:
    """Run a block of the page among its operations; return what it prints."""
    for name, text in OPERATIONS.items():
        (folder / f"{name}.graphql").write_text(text)
    own = {"URL": asker.url, "TOKEN": asker.token, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **own, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_shell_block_takes_the_text_along(tmp_path: Path) -> None:
    with serving() as server:
        told = json.loads(shell(tmp_path, become_administrator(server), SHELL))["data"]["validateAuthorizationModel"]
    shipped = SHIPPED_MODEL.read_text(encoding="utf-8")
    assert (tmp_path / "active.fga").read_text() == shipped
    assert (tmp_path / "model.fga").read_text() == edited(shipped, EDIT, 1)
    assert (told["problems"], told["errors"], told["orphanedTuples"]) == ([], [], 0)
    assert f" {MAX_MODEL_BYTES} bytes at most" in PAGE


def at(**later: int) -> str:
    """A time from now, as the page writes it."""
    return f"{datetime.now(UTC) + timedelta(**later):%Y-%m-%dT%H:%M:%SZ}"


def test_access_ends_as_the_recipe_says(tmp_path: Path) -> None:
    text = edited(SHIPPED_MODEL.read_text(encoding="utf-8"), RECIPE, 2) + CONDITION
    with serving() as server:
        ada = become_administrator(server)
        tried = ada.query(OPERATIONS["Try"], text=text)["validateAuthorizationModel"]
        assert (tried["problems"], tried["warnings"], tried["missingRelations"]) == ([], [], [])
        kept = ada.query(OPERATIONS["Keep"], text=text)["createAuthorizationModel"]["authorizationModel"]
        done = ada.query(OPERATIONS["Activate"], id=kept["id"])["activateAuthorizationModel"]
        assert done["authorizationModel"]["isActive"]
        olga = new_person(ada, "olga")
        folder = ada.folder(ada.drive(), "for a while")
        file = ada.upload(folder, "a.txt", b"a")["id"]
        for place in (folder, file):
            _lives_and_ends(ada, olga, place)
        ada.query(OPERATIONS["GiveUntil"], user=olga.user_id, object=folder, end=at(hours=1))
        (gql,) = re.findall(r"^gql\(\) .*?^}\n", SHELL, re.MULTILINE | re.DOTALL)
        later = json.loads(
            shell(
                tmp_path,
                ada,
                gql + LATER.replace("2027-01-01T00:00:00Z", at(hours=2)),
                PERSON=olga.user_id,
                FOLDER=folder,
            )
        )["data"]
        assert (later["now"], later["then"], len(later["relationshipTuples"]["nodes"])) == (True, False, 1)
        ada.query(OPERATIONS["EndNow"], user=olga.user_id, object=folder)
        # A value that nobody tells.
        context = {"name": "not_expired", "context": {}}
        half = {"user": olga.user_id, "relation": "viewer", "object": file, "condition": context}
        with pytest.raises(Refused) as refused:
            ada.mutate("writeRelationships", "written { user }", writes=[half])
        assert refused.value.codes == ["CONDITION_CONTEXT_MISSING"]
        (payload,) = ada.query(OPERATIONS["GiveUntil"], user=olga.user_id, object=file, end=at(hours=1)).values()
        assert (payload["errors"], olga.query(SEES)["files"]["totalCount"]) == ([], 1)
        back = ada.query(OPERATIONS["Activate"], id=done["previous"]["id"])["activateAuthorizationModel"]
        assert back["authorizationModel"]["isActive"]
        assert olga.query(SEES)["files"]["totalCount"] == 0
        assert back["orphanedTuples"] == 1


def _lives_and_ends(ada: Api, olga: Api, place: str) -> None:
    whom = {"user": olga.user_id, "object": place}

    def run(name: str, **more: Any) -> Any:
        (payload,) = ada.query(OPERATIONS[name], **whom, **more).values()
        assert payload["errors"] == []
        return payload

    def seen() -> int:
        return int(olga.query(SEES)["files"]["totalCount"])

    def answers(when: str) -> tuple[bool, bool]:
        later = ada.query(OPERATIONS["Later"], **whom, context={"current_time": when})
        (stored,) = later["relationshipTuples"]["nodes"]
        assert stored["condition"]["name"] == "not_expired"
        return later["now"], later["then"]

    kind = "file" if place.startswith("file") else "folder"
    shown = f"query($id: ID!) {{ {kind}(id: $id) {{ shares {{ role inherited isConditional }} }} }}"
    assert seen() == 0
    run("GiveUntil", end=at(hours=1))
    assert (seen(), answers(at(hours=2)), answers(at(minutes=30))) == (1, (True, False), (True, True))
    link = olga.link(olga.query("{ files(first: 1) { nodes { id } } }")["files"]["nodes"][0]["id"])
    assert get(link).status_code == 200
    run("Renew", end=at(hours=3))
    assert answers(at(hours=2)) == (True, True)
    run("Renew", end=at(seconds=-1))
    assert (seen(), answers(at(hours=-1))) == (0, (False, True))
    assert get(link).status_code == 404
    assert {"role": "VIEWER", "inherited": False, "isConditional": True} in ada.query(shown, id=place)[kind]["shares"]
    subject = {"userId": olga.user_id}
    run("Renew", end=at(hours=1))
    assert seen() == 1
    assert len(run("EndNow")["deleted"]) == 1
    assert seen() == 0
    run("GiveUntil", end=at(hours=1))
    ada.mutate("unshare", "node { __typename }", id=place, subject=subject)
    assert seen() == 0
    run("GiveUntil", end=at(seconds=-1))
    ada.mutate("share", "share { role }", id=place, subject=subject, role="VIEWER")
    assert {"role": "VIEWER", "inherited": False, "isConditional": False} in ada.query(shown, id=place)[kind]["shares"]
    assert seen() == 1
    ada.mutate("unshare", "node { __typename }", id=place, subject=subject)


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
