from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from authz.dsl import to_text
from authz.dsl.manifest import read_manifest
from authz.dsl.model import AuthorizationModel, Direct, Relation, Source, TypeDefinition, TypeRestriction
from authz.dsl.module_printer import to_modules
from authz.dsl.modules import ModuleFile, read_modules
from authz.dsl.parser import parse_text
from authz.dsl.printer import canonical, without_sources
from authz.errors import InvalidModel
from tests.authz.dsl.generated import ALL_PARAMETER_TYPES, MODELS, modular_models

CORE, WIKI = Source("core", "core.fga"), Source("wiki", "wiki.fga")
VIEWER = Relation("viewer", Direct(), (TypeRestriction("user"),))


def model(user: Source | None = CORE, doc: Source | None = CORE, viewer: Source | None = WIKI) -> AuthorizationModel:
    relations = {"viewer": replace(VIEWER, source=viewer)}
    types = {"user": TypeDefinition("user", {}, user), "doc": TypeDefinition("doc", relations, doc)}
    return AuthorizationModel("1.2", types)


@given(modular_models(ALL_PARAMETER_TYPES))
@settings(max_examples=MODELS, suppress_health_check=[HealthCheck.too_slow])
def test_model_to_modules_to_model(generated: AuthorizationModel) -> None:
    texts = to_modules(generated)
    files = [ModuleFile(name, texts[name]) for name in read_manifest(texts["fga.mod"]).contents]
    assert [file.name for file in files] == [name for name in texts if name != "fga.mod"]
    parsed = read_modules(files)
    assert parsed.problems == ()
    assert parsed.model() == canonical(generated)


@given(modular_models())
@settings(max_examples=MODELS, suppress_health_check=[HealthCheck.too_slow])
def test_one_text_holds_all_but_the_modules(generated: AuthorizationModel) -> None:
    assert parse_text(to_text(generated)).model() == without_sources(canonical(generated))


def test_the_files_of_a_small_model() -> None:
    assert to_modules(model()) == {
        "fga.mod": 'schema: "1.2"\ncontents:\n  - "core.fga"\n  - "wiki.fga"\n',
        "core.fga": "module core\n\ntype user\n\ntype doc\n",
        "wiki.fga": "module wiki\n\nextend type doc\n  relations\n    define viewer: [user]\n",
    }
    assert to_text(model()) == (
        "model\n  schema 1.2\n\ntype user # module: core, file: core.fga\n\ntype doc # module: core, file: core.fga\n"
        "  relations\n    define viewer: [user] # extended by: module: wiki, file: wiki.fga\n"
    )


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (model(user=None), "invalid-syntax"),
        (model(doc=Source("core")), "invalid-syntax"),
        (model(viewer=Source("", "wiki.fga")), "invalid-syntax"),
        (model(doc=Source("other", "core.fga")), "multiple-modules-in-file"),
        (model(viewer=CORE), "unsupported-nesting"),
        (model(viewer=Source("two words", "w.fga")), "unsupported-nesting"),
        (model(viewer=Source("wiki", "w\\w.fga")), "unsupported-nesting"),
        (model(viewer=Source("wiki", "../w.fga")), "invalid-syntax"),
        (model(viewer=Source("wiki", "/w.fga")), "invalid-syntax"),
        (model(viewer=Source("wiki", "fga.mod")), "invalid-syntax"),
        (replace(model(), schema_version="1.1"), "unsupported-nesting"),
    ],
)
def test_what_modules_cannot_say_is_refused_and_not_changed(wrong: AuthorizationModel, code: str) -> None:
    with pytest.raises(InvalidModel) as caught:
        to_modules(wrong)
    assert {problem.code for problem in caught.value.problems} == {code}


def test_a_name_cannot_leave_its_comment() -> None:
    with pytest.raises(InvalidModel):
        to_text(model(doc=Source("core", "a\ntype intruder")))
