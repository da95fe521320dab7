"""Class = code = value of ``ErrorCode`` = page in ``docs/errors``."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, build_schema

from filegraph import refusals
from schema.errors import codes
from scripts.error_pages import PAGES, TREES, classes, code_classes, pages

ROOT = Path(__file__).resolve().parents[2]
ALL = [each for root in TREES for each in classes(root)]


def test_every_code_has_its_page_and_every_page_its_code() -> None:
    written = {path.stem: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert written == pages(), "Run: make docs"


def test_the_codes_of_graphql_have_pages() -> None:
    assert set(codes()) - set(pages()) == set()


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.__name__)
def test_every_error_is_drawn_in_the_tree_of_its_module(each: type[Exception]) -> None:
    drawing = inspect.getmodule(each).__doc__ or ""
    assert re.search(rf"\b{each.__name__}\b", drawing), f"{each.__name__} is not drawn"
    assert each.__doc__


def test_codes_are_upper_snake_and_of_one_class() -> None:
    owners: dict[str, list[str]] = {}
    for each in ALL:
        if "code" in vars(each):
            owners.setdefault(vars(each)["code"], []).append(each.__name__)
    assert {code: names for code, names in owners.items() if len(names) > 1} == {}
    assert all(re.fullmatch(r"[A-Z][A-Z_]*[A-Z]", code) for code in owners)
    assert set(code_classes()) == set(owners)


def test_codes_given_at_the_door_have_pages_too() -> None:
    """``Refusal(415, "UNSUPPORTED_MEDIA_TYPE", ...)`` and the like."""
    found = set()
    for package in ("schema", "transfer", "filegraph"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            found |= set(re.findall(r'Refusal\(\s*\d+,\s*"([A-Z_]+)"', text))
            found |= set(re.findall(r'"code": "([A-Z_]+)"', text))
    assert found
    assert found - set(pages()) == set()


def test_what_is_given_at_the_door_may_be_tried_again_as_its_page_says() -> None:
    told = {
        refusal.code: refusal.retryable for refusal in vars(refusals).values() if isinstance(refusal, refusals.Refusal)
    }
    site = (ROOT / "deploy" / "nginx-site.conf").read_text(encoding="utf-8")
    told |= {code: word == "true" for code, word in re.findall(r'"code": "([A-Z_]+)", "retryable": (\w+)', site)}
    assert told["TOO_MANY_CONNECTIONS"]
    assert told["SERVICE_UNAVAILABLE"]
    texts = pages()
    assert {code: "**Retryable.** Yes" in texts[code] for code in told} == told


def test_whatever_graphql_can_send_has_a_page() -> None:
    """Codes are the words of capitals that stand in the code of ``schema``, apart from values of other enums."""
    code = re.compile("[A-Z]+(_[A-Z]+)+")
    trees = [ast.parse(path.read_text()) for path in (ROOT / "schema").rglob("*.py")]
    constants = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    words = {value for value in constants if isinstance(value, str) and code.fullmatch(value)}
    types = build_schema((ROOT / "schema.graphql").read_text()).type_map
    enums = {name for each in types.values() if isinstance(each, GraphQLEnumType) for name in each.values}
    assert words >= {
        "BAD_USER_INPUT",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "INTERNAL_ERROR",
        "LIMIT_EXCEEDED",
        "METHOD_NOT_ALLOWED",
    }
    assert words - set(pages()) - enums == set()
