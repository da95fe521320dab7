"""Who may edit the model, and who may look at it; and what whoever may not is told of it: nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from authz.errors import EditorRequired, MissingContext
from authz.models import AuthorizationModelVersion, ModelActivation
from authz.services import relationships, undecided
from authz.services.editors import may_read, require_editor
from authz.services.shipped_model import SHIPPED_MODEL
from authz.services.throttle import Throttle
from authz.types import ORGANIZATION, Actor, RelationshipCondition, TupleKey

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ADA, BOB, EVE = Actor("user:ada"), Actor("user:bob"), Actor("user:eve")


def test_editors_edit_and_auditors_look() -> None:
    relationships.write(writes=[TupleKey(ADA, "admin", ORGANIZATION), TupleKey(BOB, "auditor", ORGANIZATION)])
    require_editor(ADA)
    for actor in (BOB, EVE):
        with pytest.raises(EditorRequired):
            require_editor(actor)
    assert [may_read(actor) for actor in (ADA, BOB, EVE)] == [True, True, False]


@pytest.mark.parametrize("ask", [require_editor, may_read])
def test_why_it_cannot_be_decided_is_for_the_operator_alone(
    ask: Callable[[Actor], object], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undecided, "LINES", Throttle(60.0))
    text = SHIPPED_MODEL.read_text(encoding="utf-8")
    text = text.replace("define auditor: [user, ", "define auditor: [user, user:* with of_plan, ", 1)
    text = text.replace("define can_edit_model: admin", "define can_edit_model: admin or auditor")
    text += "\ncondition of_plan(plan: string) {\n  plan == 'pro'\n}\n"
    version = AuthorizationModelVersion.objects.create(text=text, json={}, schema_version="1.1", created_at=NOW)
    ModelActivation.objects.create(id=2, version=version, activated_at=NOW)
    everybody = TupleKey("user:*", "auditor", ORGANIZATION, RelationshipCondition("of_plan"))
    relationships.write(writes=[everybody])
    with pytest.raises(MissingContext) as refused:
        ask(EVE)
    assert str(refused.value) == MissingContext.default_message
    assert "of_plan" in caplog.text
