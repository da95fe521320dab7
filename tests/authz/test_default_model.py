"""The shipped model: valid by both validators, and its promises hold on both engines with the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest

import authz
from authz.dsl import parse, to_text
from authz.dsl.model import AuthorizationModel, Computed, Difference, Direct
from authz.dsl.parsed import leaves_of
from authz.storefile.results import Kind, StoreResult, tally
from authz.storefile.run import run_store_file
from tests.components import fga

FOLDER = Path(authz.__file__).parent
MODEL = FOLDER / "default.fga"
STORE = FOLDER / "default.fga.yaml"


@pytest.fixture(scope="module")
def model() -> AuthorizationModel:
    return parse(MODEL.read_text())


@pytest.fixture(scope="module")
def result() -> StoreResult:
    return run_store_file(STORE)


def test_an_openfga_server_takes_the_model_and_its_printed_form(model: AuthorizationModel, tmp_path: Path) -> None:
    assert fga.is_valid(MODEL.read_text(), tmp_path) == (True, "")
    assert fga.is_valid(to_text(model), tmp_path) == (True, "")


def test_every_promise_holds(result: StoreResult) -> None:
    assert result.failed == ()
    assert tally([result], Kind.CHECK).total > 250
    assert tally([result], Kind.LIST_OBJECTS).total >= 10
    assert tally([result], Kind.LIST_USERS).total >= 5


def test_openfga_gives_the_same_answers(result: StoreResult) -> None:
    code, assertions, said = fga.run_store_files(STORE)
    assert code == 0, said
    theirs = {(item.test, item.question, item.got) for item in assertions}
    assert theirs == {(test.name, item.question, item.got) for test in result.tests for item in test.assertions}


def test_every_asked_relation_is_promised(model: AuthorizationModel, result: StoreResult) -> None:
    asked = {
        (item.question.split()[2].split(":")[0], item.question.split()[1])
        for item in result.assertions
        if item.kind is Kind.CHECK
    }
    declared = {
        (item.name, relation)
        for item in model.types.values()
        for relation in item.relations
        if relation.startswith("can_")
    }
    assert declared <= asked


def test_what_the_service_asks_for_can_never_be_written(model: AuthorizationModel) -> None:
    for definition in model.types.values():
        for relation in definition.relations.values():
            if relation.name.startswith("can_") or relation.name.endswith("_here"):
                assert Direct() not in leaves_of(relation.rewrite), relation.name


def test_denials_are_subtracted_in_the_last_layer_only(model: AuthorizationModel) -> None:
    for definition in model.types.values():
        for relation in definition.relations.values():
            if isinstance(relation.rewrite, Difference):
                assert relation.name.startswith("can_"), relation.name


@pytest.mark.parametrize("type_name", ["drive", "folder", "file"])
def test_no_way_into_content_forgets_the_denial(model: AuthorizationModel, type_name: str) -> None:
    denial = Computed("blocked" if type_name == "drive" else "denied")
    exempt = {"can_manage"} if type_name == "drive" else set()
    for relation in model.types[type_name].relations.values():
        if relation.name.startswith("can_") and relation.name not in exempt:
            rewrite = relation.rewrite
            assert isinstance(rewrite, Difference), relation.name
            inner = rewrite.base if isinstance(rewrite.base, Difference) else rewrite
            assert denial in (rewrite.subtract, inner.subtract), relation.name


@pytest.mark.parametrize(
    ("type_name", "names"),
    [
        ("drive", "can_view can_upload can_create_folder can_edit can_share can_delete can_manage"),
        ("folder", "can_view can_upload can_create_folder can_comment can_edit can_share can_delete"),
        ("file", "can_view can_download can_comment can_edit can_share can_delete can_finalize"),
    ],
)
def test_the_names_the_service_asks_for(model: AuthorizationModel, type_name: str, names: str) -> None:
    assert {name for name in model.types[type_name].relations if name.startswith("can_")} == set(names.split())
