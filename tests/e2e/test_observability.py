"""An operator looks: who gave and took what, by the command line; how it goes, on the page of metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.components.api import Api, Refused, become_administrator, new_person
from tests.components.openfga import openfga, require_openfga
from tests.components.server import Server, serving
from tests.e2e.conftest import database_settings

SETTINGS = {"FILEGRAPH_METRICS": "127.0.0.1", "FILEGRAPH_AUDIT_DENIALS": "1"}


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Server, Api]]:
    with serving({**database_settings(), **SETTINGS}) as running:
        yield running, become_administrator(running)


def test_who_gave_and_took(watched: tuple[Server, Api]) -> None:
    server, admin = watched
    friend = new_person(admin)
    drive = admin.drive()
    folder = admin.folder(drive, "shared")
    subject = {"username": friend.name}
    admin.mutate("share", "share { role }", id=folder, subject=subject, role="VIEWER")
    admin.mutate("unshare", "node { __typename }", id=folder, subject=subject)
    told = [line.split("  ", 1)[1] for line in server.command("authz", "audit", "--object", folder).splitlines()]
    name = folder.replace("_", ":")
    assert told == [
        f"{admin.name} took from {friend.name} viewer on {name}",
        f"{admin.name} gave {friend.name} viewer on {name}",
    ]
    own = server.command("authz", "audit", "--actor", admin.name, "--object", drive)
    assert own.count(f"gave {admin.name} owner") == 1
    about = server.command("authz", "audit", "--user", friend.name)
    assert f"{admin.name} gave {friend.name} member on organization:default" in about
    first = server.command("authz", "audit", "--user", admin.name, "--object", "organization:default")
    assert f"service:filegraph gave {admin.name} admin on organization:default" in first


def test_refusals_are_written_before_the_server_ends(watched: tuple[Server, Api]) -> None:
    server, admin = watched
    stranger = new_person(admin)
    drive = admin.drive()
    with pytest.raises(Refused):
        stranger.folder(drive, "mine")
    server.stop()
    told = server.command("authz", "audit", "--actor", stranger.name)
    assert f"{stranger.name} was refused" in told
    assert "nobody" not in server.command("authz", "audit", "--limit", "1000")
    server.start()


def test_metrics_count_what_the_service_asked(watched: tuple[Server, Api]) -> None:
    server, admin = watched
    page = f"{server.url}/metrics"

    def count() -> float:
        answer = httpx.get(page, trust_env=False)
        assert answer.status_code == 200
        assert admin.user_id not in answer.text
        found = re.search(r'^filegraph_authz_decisions_total\{outcome="allowed"\} (\S+)$', answer.text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    before = count()
    admin.folder(admin.drive(), "counted")
    assert count() >= before + 2
    assert httpx.get(page, headers={"x-forwarded-for": "127.0.0.1"}, trust_env=False).status_code == 404


@pytest.mark.slow
def test_the_other_engine_agrees_behind_the_answers() -> None:
    require_openfga()
    with openfga() as engine:
        settings = {
            **database_settings(),
            **SETTINGS,
            "FILEGRAPH_AUTHZ_CLIENT": "openfga",
            "FILEGRAPH_OPENFGA_API_URL": engine.api_url,
            "FILEGRAPH_AUTHZ_SHADOW": "embedded",
            "FILEGRAPH_AUTHZ_SHADOW_SAMPLE": "1",
        }
        with serving(settings) as server:
            admin = become_administrator(server)
            friend = new_person(admin)
            folder = admin.folder(admin.drive(), "shared")
            file = admin.upload(folder, "a.txt", b"a")
            subject = {"username": friend.name}
            look = "query($id: ID!) { file(id: $id) { name viewerCan { download edit } downloadUrl { url } } }"
            for _ in range(3):
                admin.mutate("share", "share { role }", id=folder, subject=subject, role="VIEWER")
                assert friend.query(look, id=file["id"])["file"]["viewerCan"] == {"download": True, "edit": False}
                admin.mutate("unshare", "node { __typename }", id=folder, subject=subject)
                assert friend.query(look, id=file["id"])["file"] is None
            outcomes = comparisons(server)
            for _ in range(100):
                if sum(comparisons(server).values()) == sum(outcomes.values()) > 0:
                    break
                outcomes = comparisons(server)
                time.sleep(0.1)
            log = server.log.read_text()
            assert outcomes["same"] > 20, outcomes
            assert {"different", "failed"} & set(outcomes) == set(), log[-3000:]
            assert "engines differ" not in log
            assert not (server.data_dir / "shadow").exists()


def comparisons(server: Server) -> dict[str, float]:
    """How comparisons ended so far, by outcome."""
    text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    pattern = r'^filegraph_authz_shadow_comparisons_total\{outcome="(\w+)"\} (\S+)$'
    return {outcome: float(count) for outcome, count in re.findall(pattern, text, re.MULTILINE)}
