"""Two processes of one installation are one service: what is begun at one goes on at the other, if one dies too."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from tests.components.api import Api, Refused, become_administrator, get, new_person, put, sha256
from tests.components.nginx import NginxMissing, reverse_proxy
from tests.components.patient import Sender
from tests.components.server import Server, free_port, serving_several
from tests.e2e.conftest import database_settings
from tests.e2e.test_kills import violations

ROUNDS = 40 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 3
SENDERS = 3


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    settings = {"FILEGRAPH_SWEEP_INTERVAL": "1", "FILEGRAPH_SIGN_IN_ATTEMPTS": "4", **database_settings()}
    with serving_several(2, settings) as (one, two):
        yield one, two


@pytest.fixture(scope="module")
def ada(pair: tuple[Server, Server]) -> tuple[Api, Api]:
    """The administrator, at either door. She is made with the token of the process that was started first."""
    one, two = pair
    assert one.setup_token != two.setup_token
    at_one = become_administrator(one)
    return at_one, replace(at_one, url=two.url)


def elsewhere(url: str, door: Api) -> str:
    """The same address at the other process."""
    return door.url + "/" + url.split("/", 3)[3]


def test_each_step_of_an_upload_at_another_process(ada: tuple[Api, Api]) -> None:
    one, two = ada
    content = os.urandom(300_000)
    drive = one.drive()
    upload = two.begin(drive, "a.bin", len(content), idempotencyKey="k")
    assert one.begin(drive, "a.bin", len(content), idempotencyKey="k")["id"] == upload["id"]
    url = elsewhere(upload["transport"]["url"], one)
    assert put(url, content).status_code == 204
    assert put(elsewhere(url, two), content).json()["error"]["code"] == "UPLOAD_ALREADY_RECEIVED"
    file = two.finalize(upload["id"])
    assert one.finalize(upload["id"]) == file
    assert get(elsewhere(one.link(file["id"]), two)).content == content


def test_what_is_taken_back_at_one_is_gone_at_the_other(ada: tuple[Api, Api]) -> None:
    one, two = ada
    drive = one.drive()
    file = one.upload(drive, "a.txt", b"a")
    ben = replace(new_person(one), url=two.url)
    share = {"id": drive, "subject": {"userId": ben.user_id}, "role": "VIEWER"}
    one.mutate("share", "share { role }", **share)
    link = ben.link(file["id"])
    assert get(link).content == b"a"
    one.mutate("unshare", "errors { code }", id=drive, subject={"userId": ben.user_id})
    assert ben.query("query($id: ID!) { file(id: $id) { id } }", id=file["id"])["file"] is None
    assert get(link).status_code == 404


def test_failed_sign_ins_count_together(ada: tuple[Api, Api]) -> None:
    one, two = ada
    document = "mutation($input: SignInInput!) { signIn(input: $input) { errors { code } } }"

    def fail(door: Api) -> str:
        variables = {"input": {"username": "nobody", "password": "x" * 12}}
        body = httpx.post(
            f"{door.url}/graphql", json={"query": document, "variables": variables}, trust_env=False, timeout=30
        ).json()
        return str(body["data"]["signIn"]["errors"][0]["code"])

    assert [fail(door) for door in (one, two, one, two, one)] == ["INVALID_CREDENTIALS"] * 4 + ["RATE_LIMITED"]
    assert fail(two) == "RATE_LIMITED"


def test_a_put_at_both_at_once_is_one_file(ada: tuple[Api, Api]) -> None:
    one, two = ada
    drive = one.drive()
    for number in range(5):
        contents = [bytes([number, door]) * 200_000 for door in range(2)]
        upload = one.begin(drive, str(number), len(contents[0]))
        urls = [elsewhere(upload["transport"]["url"], door) for door in ada]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(put, urls, contents))
        arrived = [index for index, answer in enumerate(answers) if answer.status_code == 204]
        assert len(arrived) == 1, [answer.text for answer in answers]
        assert two.finalize(upload["id"])["sha256"] == sha256(contents[arrived[0]])


def test_a_quota_holds_for_both(ada: tuple[Api, Api]) -> None:
    one, _ = ada
    drive = one.drive(quota="1000")

    def begin(number: int) -> str:
        try:
            ada[number % 2].begin(drive, str(number), 150)
        except Refused as refused:
            return str(refused.codes[0])
        return "begun"

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(begin, range(12)))
    assert sorted(results) == ["QUOTA_EXCEEDED"] * 6 + ["begun"] * 6


@pytest.fixture
def mortal_pair() -> Iterator[tuple[list[Server], str]]:
    """Two processes behind nginx, and nginx's address."""
    port = free_port()
    settings = {
        "FILEGRAPH_SWEEP_INTERVAL": "1",
        "FILEGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "FILEGRAPH_TRUSTED_PROXIES": "127.0.0.1",
        **database_settings(),
    }
    try:
        with serving_several(2, settings) as servers, reverse_proxy([each.port for each in servers], port) as proxy:
            yield servers, proxy.url
    except NginxMissing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"!!! TWO PROCESSES BEHIND NGINX ARE NOT TESTED: {missing}")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_one_is_killed_in_the_middle_of_uploads_and_the_other_goes_on(mortal_pair: tuple[list[Server], str]) -> None:
    """Through nginx, as in production: clients know one address and repeat what failed."""
    servers, url = mortal_pair
    ada = replace(become_administrator(servers[0]), url=url)
    drive = ada.drive()
    senders = [Sender([ada], drive, number, chance=random.Random(number)) for number in range(SENDERS)]
    moments = random.Random(3)
    with ThreadPoolExecutor(SENDERS) as pool:
        runs = [pool.submit(sender.run) for sender in senders]
        try:
            for number in range(ROUNDS):
                time.sleep(moments.uniform(0.3, 1.0))
                victim = servers[number % 2]
                victim.kill()
                alone = sum(len(sender.kept) for sender in senders)
                deadline = time.monotonic() + 20
                while sum(len(sender.kept) for sender in senders) <= alone + SENDERS:
                    for run in runs:
                        if run.done():
                            run.result()
                    assert time.monotonic() < deadline, "the other one does not go on"
                    time.sleep(0.05)
                victim.start()
        finally:
            for sender in senders:
                sender.stopping.set()
        for run in runs:
            run.result(200)
    kept = {name: found for sender in senders for name, found in sender.kept.items()}
    assert len(kept) > ROUNDS
    for file_id, content in kept.values():
        assert get(ada.link(file_id)).content == content
    listed = ada.query("query($id: ID!) { drive(id: $id) { children { totalCount } } }", id=drive)
    assert listed["drive"]["children"]["totalCount"] == len(kept)
    for server in servers:
        server.stop()
    assert violations(servers[0]) == ""
