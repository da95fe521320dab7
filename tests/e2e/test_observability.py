"""An operator looks: who gave and took what, by the command line; how it goes, on the page of metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.components.api import Api, Refused, become_administrator, new_person
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
