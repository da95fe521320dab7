from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from authz.dsl.json_reader import read_json
from authz.dsl.json_writer import to_json
from authz.dsl.model import AuthorizationModel, Condition, TypeDefinition
from authz.dsl.printer import to_text
from tests.authz.dsl.generated import CALLS, models
from tests.components import fga


@given(generated=models())
@settings(
    max_examples=CALLS,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_openfga_writes_the_same_json(generated: AuthorizationModel, tmp_path: Path) -> None:
    theirs = fga.text_to_json(to_text(generated), tmp_path)
    assert to_json(generated) == theirs
    assert to_json(read_json(theirs).model()) == theirs


def test_a_condition_without_anything_is_written_as_openfga_does(tmp_path: Path) -> None:
    value = to_json(AuthorizationModel("1.1", {"t": TypeDefinition("t")}, {"c": Condition("c", (), "")}))
    assert value["conditions"] == {"c": {"name": "c", "expression": ""}}
    assert fga.json_to_json(value, tmp_path) == value
    assert to_json(read_json(value).model()) == value
