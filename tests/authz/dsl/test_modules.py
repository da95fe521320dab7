from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from authz.dsl import parse_modules, to_json, to_modules
from authz.dsl.model import AuthorizationModel, Source
from authz.dsl.modules import ModuleFile, read_modules
from authz.dsl.parsed import MAX_MODEL_BYTES
from authz.dsl.validate import validate
from authz.errors import InvalidModel
from tests.authz.dsl.generated import CALLS, modular_models
from tests.components import fga

CORE = "module core\ntype user\ntype doc\n  relations\n    define owner: [user]\n"
WIKI = "module wiki\nextend type doc\n  relations\n    define editor: owner\n    define reader: [user with on]\n"
CONDITION = "condition on(x: bool) {\n  x\n}\n"


def files(*texts: str) -> list[ModuleFile]:
    return [ModuleFile(f"{name}.fga", text) for name, text in zip("abc", texts, strict=False)]


def problems(*texts: str) -> list[tuple[str, str, int, int]]:
    with pytest.raises(InvalidModel) as caught:
        parse_modules(files(*texts))
    return [(item.code, item.file, item.line, item.column) for item in caught.value.problems]


@pytest.mark.parametrize("order", [1, -1])
def test_an_extension_adds_relations_that_know_where_they_come_from(order: int) -> None:
    texts = [ModuleFile("core.fga", CORE), ModuleFile("teams/wiki.fga", WIKI + CONDITION)]
    model = parse_modules(texts[::order])
    doc = model.types["doc"]
    assert model.schema_version == "1.2"
    assert doc.source == model.types["user"].source == Source("core", "core.fga")
    assert list(doc.relations) == ["owner", "editor", "reader"]
    assert doc.relations["owner"].source is None
    assert doc.relations["editor"].source == Source("wiki", "teams/wiki.fga")
    assert model.conditions["on"].source == Source("wiki", "teams/wiki.fga")


def test_a_type_may_be_extended_by_a_file_of_its_own_module() -> None:
    assert "editor" in parse_modules(files(CORE, WIKI.replace("wiki", "core") + CONDITION)).types["doc"].relations


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((CORE, CORE), [("duplicated-error", "b.fga", 2, 6), ("duplicated-error", "b.fga", 3, 6)]),
        ((CORE, "module b\n" + CONDITION, "module c\n" + CONDITION), [("duplicated-error", "c.fga", 2, 11)]),
        ((CORE, "module b\nextend type ghost\n"), [("invalid-type", "b.fga", 2, 13)]),
        ((CORE + "extend type doc\n",), [("invalid-type", "a.fga", 6, 13)]),
        (
            (CORE, "module b\nextend type doc\n  relations\n    define owner: [user]\n"),
            [("duplicated-error", "b.fga", 4, 12)],
        ),
        (
            (CORE, WIKI.replace(" with on", ""), WIKI.replace(" with on", "")),
            [("duplicated-error", "c.fga", 4, 12), ("duplicated-error", "c.fga", 5, 12)],
        ),
        ((CORE, "module b\nextend type doc\nextend type doc\n"), [("invalid-syntax", "b.fga", 3, 13)]),
        ((CORE, "model\n  schema 1.2\n"), [("invalid-syntax", "b.fga", 1, 1)]),
        ((CORE, "module a.b\n"), [("invalid-syntax", "b.fga", 1, 8)]),
        ((CORE, "module\n"), [("invalid-syntax", "b.fga", 1, 7)]),
        ((CORE, WIKI), [("condition-not-defined", "b.fga", 5, 31)]),
        ((CORE, "#" * MAX_MODEL_BYTES), [("invalid-syntax", "b.fga", 1, 1)]),
    ],
)
def test_what_is_wrong_is_told_with_its_file(texts: tuple[str, ...], expected: list[tuple[str, str, int, int]]) -> None:
    assert problems(*texts) == expected


def test_a_broken_module_does_not_hide_what_is_wrong_with_the_others() -> None:
    broken = "module b\ntype page\n  define x: [user]\n"
    other = "module c\nextend type page\ntype user\ntype self\n"
    assert problems(CORE, broken, other) == [
        ("invalid-syntax", "b.fga", 3, 3),
        # That `page` is missing is not told: it stands in the module that could not be read.
        ("duplicated-error", "c.fga", 3, 6),
        ("reserved-type-keywords", "c.fga", 4, 6),
    ]


@given(generated=modular_models())
@settings(
    max_examples=CALLS,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_openfga_puts_modules_together_to_the_same_model(generated: AuthorizationModel, tmp_path: Path) -> None:
    texts = to_modules(generated)
    parsed = read_modules([ModuleFile(name, text) for name, text in texts.items() if name != "fga.mod"])
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    theirs = fga.modules_to_json(texts, folder)
    assert in_order(to_json(parsed.model())) == in_order(theirs)
    codes = {problem.code for problem in validate(parsed)}
    accepted, complaint = fga.are_valid(folder)
    if codes <= {"duplicated-error", "condition-not-used"} and codes:
        return
    if "failed to compile expression" not in complaint:
        assert accepted == (not codes), complaint


def in_order(value: dict[str, object]) -> dict[str, object]:
    """The order of types is that of the files, which a model does not keep."""
    types = value["type_definitions"]
    assert isinstance(types, list)
    return {**value, "type_definitions": sorted(types, key=lambda item: str(item["type"]))}
