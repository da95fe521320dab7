"""GraphQL requests that are malformed, of somebody else, or of the wrong kind: typed answers, no 500, no HTML."""

import httpx
import pytest

from tests.components.api import Api

ABSENT = "a" * 26

BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"42",
    b"{}",
    b'{"query": null}',
    b'{"query": ""}',
    b'{"query": 5}',
    b'{"query": ["{ viewer { actor } }"]}',
    b'{"query": "{ viewer { actor } }", "variables": 5}',
    b'{"query": "{ viewer { actor } }", "variables": []}',
    b'{"query": "{ viewer { actor } }", "operationName": 5}',
    b'{"query": "{ viewer { actor } }", "operationName": "Absent"}',
    b'{"query": "{"}',
    b'{"query": "{ nothing }"}',
    b'{"query": "\\u0000"}',
    b'{"query": "\\ud800"}',
    b"\xff\xfe{",
    b'{"query": "\xff"}',
    b"[" * 100_000,
    b'{"query": "' + b"{a" * 5000 + b'"}',
    b'{"query": "query($id: ID!) { node(id: $id) { id } }"}',
    b'{"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": {"a": 1}}}',
    b'{"query": "query($n: Int) { drives(first: $n) { totalCount } }", "variables": {"n": 99999999999}}',
    b'{"query": "{ drives(first: -1) { totalCount } }"}',
    b'{"query": "{ drives(after: \\"nonsense\\") { totalCount } }"}',
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:40].decode("latin-1"))
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
def test_a_malformed_body(admin: Api, body: bytes, accept: str) -> None:
    headers = {"content-type": "application/json", "accept": accept, "authorization": f"Bearer {admin.token}"}
    answer = admin.post(content=body, headers=headers)
    assert answer.status_code in (200, 400)
    assert answer.headers["content-type"].startswith(accept)
    errors = answer.json()["errors"]
    assert errors
    assert all(error["extensions"]["code"] != "INTERNAL_ERROR" for error in errors)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 405),
        ("PUT", {}, 405),
        ("DELETE", {}, 405),
        ("POST", {"content-type": "text/plain"}, 415),
        ("POST", {"content-type": "multipart/form-data; boundary=x"}, 415),
        ("POST", {"content-type": "application/x-www-form-urlencoded"}, 415),
        ("POST", {"content-type": "application/json", "accept": "text/html"}, 406),
    ],
)
def test_another_kind_of_request(admin: Api, method: str, headers: dict[str, str], status: int) -> None:
    answer = httpx.request(method, f"{admin.url}/graphql", headers=headers, content=b"{}", trust_env=False)
    assert answer.status_code == status
    assert "text/html" not in answer.headers.get("content-type", "")


def test_a_body_beyond_the_limit(admin: Api) -> None:
    answer = admin.post(content=b" " * (2 << 20), headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize("token", ["x", "fg_" + "a" * 40, "fg_" + "a" * 32, "\u00e9", "a b"])
def test_a_token_that_nobody_has(admin: Api, token: str) -> None:
    headers = {"authorization": f"Bearer {token}".encode()}
    answer = admin.post(json={"query": "{ viewer { actor } }"}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "INVALID_ACCESS_TOKEN"


KINDS = ["user", "group", "drive", "folder", "file", "upload", "token"]
QUERIES = [
    "node(id: $id) { id }",
    "drive(id: $id) { id }",
    "folder(id: $id) { id }",
    "file(id: $id) { id }",
    "upload(id: $id) { id }",
    'item(drive: $id, path: "/a") { id }',
]


@pytest.fixture(scope="module")
def foreign(admin: Api) -> dict[str, str]:
    """One id of each kind, all the administrator's own."""
    drive = admin.drive()
    folder = admin.folder(drive, "a")
    return {
        "drive": drive,
        "folder": folder,
        "file": admin.upload(folder, "f", b"x")["id"],
        "upload": admin.begin(folder, "u", 3)["id"],
        "token": admin.query("{ viewer { accessTokens { id } } }")["viewer"]["accessTokens"][0]["id"],
        "group": admin.mutate("createGroup", "group { id }", name="staff")["group"]["id"],
    }


@pytest.mark.parametrize("field", QUERIES)
def test_foreign_absent_and_mistyped_ids_look_the_same(stranger: Api, foreign: dict[str, str], field: str) -> None:
    wrong = [f"{kind}_{ABSENT}" for kind in KINDS] + [
        "",
        "x",
        "file_",
        "file_../../x",
        "FILE_" + ABSENT,
        "file_" + "é" * 26,
    ]
    group = foreign["group"]
    for node_id in [*wrong, *(i for i in foreign.values() if i != group)]:
        answer = stranger.post(json={"query": f"query($id: ID!) {{ {field} }}", "variables": {"id": node_id}})
        assert answer.json() == {"data": {field.partition("(")[0]: None}}, node_id


MUTATIONS = [
    ("createFolder", {"parentId": "$id", "name": "n"}, ["drive", "folder"]),
    ("beginUpload", {"parentId": "$id", "name": "n", "size": 1}, ["drive", "folder"]),
    ("finalizeUpload", {"uploadId": "$id"}, ["upload"]),
    ("abortUpload", {"uploadId": "$id"}, ["upload"]),
    ("rename", {"id": "$id", "name": "n"}, ["folder", "file"]),
    ("share", {"id": "$id", "subject": {"everyone": "ANYONE"}, "role": "OWNER"}, ["drive", "folder", "file"]),
    ("unshare", {"id": "$id", "subject": {"everyone": "ANYONE"}}, ["drive", "folder", "file"]),
    ("revokeAccessToken", {"id": "$id"}, ["token"]),
]


@pytest.mark.parametrize(("name", "arguments", "kinds"), MUTATIONS, ids=[name for name, _, _ in MUTATIONS])
def test_a_mutation_of_what_is_not_hers(
    stranger: Api, foreign: dict[str, str], name: str, arguments: dict[str, object], kinds: list[str]
) -> None:
    kind = f"{name[0].upper()}{name[1:]}Input!"
    document = f"mutation($input: {kind}) {{ {name}(input: $input) {{ errors {{ code message }} }} }}"

    def answer(node_id: str) -> object:
        given = {key: node_id if value == "$id" else value for key, value in arguments.items()}
        return stranger.post(json={"query": document, "variables": {"input": given}}).json()

    for prefix in kinds:
        absent, theirs = answer(f"{prefix}_{ABSENT}"), answer(foreign[prefix])
        assert absent == theirs
        assert theirs["data"][name]["errors"][0]["code"] in ("NOT_FOUND", "ACCOUNT_NOT_FOUND")  # type: ignore[index]
    for node_id in ("", "x", f"user_{ABSENT}", "file_é"):
        found = answer(node_id)
        assert found["data"][name]["errors"][0]["code"] in ("NOT_FOUND", "ACCOUNT_NOT_FOUND", "BAD_USER_INPUT")  # type: ignore[index]
