"""What the page about observability promises: metrics, settings, commands, and what is not shown behind a proxy."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.metrics import MetricWrapperBase
from typer.testing import CliRunner

from authz.clients.wrappers import measures
from authz.clients.wrappers.comparisons import ROOM, Outcome
from authz.clients.wrappers.denials import LIMIT
from authz.models import AuditOperation
from filegraph.chores import _DENIALS_SECONDS
from filegraph.cli.authz.audit import app
from filegraph.environment import Environment, variable
from tests.components.nginx import Nginx, NginxMissing, reverse_proxy
from tests.components.server import ROOT, Server, free_port, serving

PAGE = (ROOT / "docs" / "observability.md").read_text()
SUFFIXES = ("_bucket", "_count", "_sum")


def table(heading: str) -> list[list[str]]:
    """The cells of the first table behind a line that begins with ``heading``."""
    lines = PAGE[PAGE.index(heading) :].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|---"))
    rows: list[list[str]] = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def made() -> dict[str, MetricWrapperBase]:
    found = [value for value in vars(measures).values() if isinstance(value, MetricWrapperBase)]
    return {next(iter(each.collect())).name: each for each in found}


def exposed(name: str, metric: object) -> str:
    return f"{name}_total" if type(metric).__name__ == "Counter" else name


def test_every_metric_is_on_the_page_with_its_labels() -> None:
    told = {name.strip("`"): re.findall(r"`(\w+)`", labels) for name, labels, _ in table("| metric ")}
    assert told == {exposed(name, each): list(each._labelnames) for name, each in made().items()}


def test_what_is_worth_an_alarm_is_a_metric() -> None:
    (rules,) = re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL)
    names = {exposed(name, each) for name, each in made().items()}
    names |= {name + suffix for name in names for suffix in SUFFIXES}
    used = set(re.findall(r"filegraph_\w+", rules))
    assert used
    assert used - names == set()


def test_outcomes_and_operations() -> None:
    assert [row[0].strip("`") for row in table("| outcome | means")] == [outcome.value for outcome in Outcome]
    told = re.findall(r"`(\w+)`", " ".join(row[0] for row in table("| operation ")))
    assert sorted(told) == sorted(operation.value for operation in AuditOperation)
    help_text = next(iter(measures.SHADOW_COMPARISONS.collect())).documentation
    assert all(outcome.value in help_text for outcome in Outcome)


def test_every_setting_of_the_page_is_one_with_the_default_it_says() -> None:
    known = {variable(name): field.default for name, field in Environment.model_fields.items()}
    named = set(re.findall(r"FILEGRAPH_[A-Z_]+[A-Z]", PAGE))
    assert named - set(known) == set()
    assert named >= {variable(name) for name in ("metrics", "audit", "audit_denials", "audit_retention")}
    assert (known["FILEGRAPH_METRICS"], known["FILEGRAPH_AUDIT"], known["FILEGRAPH_AUTHZ_SHADOW"]) == ([], True, "")
    assert known["FILEGRAPH_AUDIT_DENIALS"] == 0
    assert known["FILEGRAPH_AUDIT_RETENTION"] == 366 * 86400


def test_the_bounds_of_the_page() -> None:
    assert f"written every {_DENIALS_SECONDS:g} seconds, at most {LIMIT} different questions" in PAGE
    assert f"at most {ROOM} questions wait" in PAGE


@pytest.mark.django_db
def test_the_command_of_the_page_is_one() -> None:
    commands = re.findall(r"^\$ filegraph (authz audit .*)$", PAGE, re.MULTILINE)
    assert commands
    for command in commands:
        done = CliRunner().invoke(app, shlex.split(command))
        assert done.exit_code == 0, done.output


@pytest.fixture
def measured() -> Iterator[tuple[Server, Nginx]]:
    """A server that shows its metrics to this machine, behind the site of ``deploy/`` on this machine."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        settings = {"FILEGRAPH_METRICS": "127.0.0.1", "FILEGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}"}
        server = stack.enter_context(serving(settings))
        try:
            proxy = stack.enter_context(reverse_proxy([server.port], port))
        except NginxMissing as missing:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"!!! THE NGINX SITE IS NOT TESTED: {missing}")
        yield server, proxy


def test_metrics_are_for_who_is_named_and_not_behind_the_proxy(measured: tuple[Server, Nginx]) -> None:
    server, proxy = measured
    shown = httpx.get(f"{server.url}/metrics", trust_env=False)
    assert (shown.status_code, "filegraph_authz_engine_info" in shown.text) == (200, True)
    for path in ("/metrics", "//metrics", "/./metrics", "/%6detrics", "/metrics/", "/metrics?x"):
        hidden = httpx.get(f"{proxy.url}{path}", trust_env=False)
        assert (hidden.status_code, "filegraph_authz" in hidden.text) == (404, False), path
