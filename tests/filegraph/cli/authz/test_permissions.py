"""``filegraph authz reconcile`` and ``compare`` where no server hears of the permissions: what is missing is named."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from typer.testing import CliRunner

from authz.models import RemoteStore
from filegraph.cli.authz.permissions import app

pytestmark = pytest.mark.django_db


def refusal(*command: str) -> str:
    done = CliRunner().invoke(app, ["authz", *command])
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    return done.stderr


@pytest.mark.parametrize("command", [("reconcile", "--check"), ("compare",)], ids=" ".join)
def test_without_a_store_and_without_the_address_of_one(settings: Any, command: tuple[str, ...]) -> None:
    settings.FILEGRAPH_OPENFGA_API_URL = ""
    assert "has no OpenFGA store: `filegraph authz migrate-store" in refusal(*command)
    RemoteStore.objects.create(store_id="0" * 26, created_at=timezone.now())
    assert refusal(*command).startswith("FILEGRAPH_OPENFGA_API_URL must say where the OpenFGA server is: ")
