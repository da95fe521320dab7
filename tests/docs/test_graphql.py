"""The page's snippet, run by Node against a real server."""

import json
import re
import shutil
import subprocess

import pytest

from tests.components.api import Api, become_administrator
from tests.components.server import ROOT, serving

PAGE = (ROOT / "docs" / "graphql.md").read_text()
(SNIPPET,) = re.findall(r"^```js\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_what_is_no_id_is_answered_as_the_page_says() -> None:
    with serving() as server:
        api = become_administrator(server)
        for never in ("nonsense", "file_x", "user_" + "0" * 26, "file_" + "0" * 26):
            assert api.query("query($id: ID!) { file(id: $id) { id } }", id=never) == {"file": None}
            answer = api.mutate("trash", "results { errors { code } }", ids=[never])
            assert answer["results"] == [{"errors": [{"code": "NOT_FOUND"}]}]
        asked = 'query($id: String!) { checkPermission(user: "user:x", relation: "can_view", object: $id) }'
        assert api.query(asked, id="file_" + "0" * 26) == {"checkPermission": None}
        for neither in ("nonsense", "file_x"):
            (error,) = api.post(json={"query": asked, "variables": {"id": neither}}).json()["errors"]
            assert f"`{error['extensions']['code']}`" in PAGE
        nobody = Api(server.url)
        assert nobody.query(asked, id="nonsense") == {"checkPermission": None}


def test_the_snippet_lists_files() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    with serving() as server:
        api = become_administrator(server)
        api.upload(api.drive(), "photo.jpg", b"bytes")
        script = f"const url = {json.dumps(server.url)}, token = {json.dumps(api.token)};\n{SNIPPET}"
        script += "console.log(JSON.stringify({ data, errors }));"
        done = subprocess.run(
            [node, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert "errors" not in answer
    (file,) = answer["data"]["files"]["nodes"]
    assert (file["name"], file["size"]) == ("photo.jpg", "5")
    assert file["downloadUrl"]["url"].startswith(f"{server.url}/d/")
