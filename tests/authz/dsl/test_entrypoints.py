from __future__ import annotations

import pytest

from authz.dsl.entrypoints import circular, unreachable
from authz.dsl.model import AuthorizationModel
from authz.dsl.parser import parse_text


def model(*definitions: str) -> AuthorizationModel:
    lines = "\n".join(f"    define {definition}" for definition in definitions)
    return parse_text(f"model\n  schema 1.1\ntype user\ntype t\n  relations\n{lines}\n").model()


@pytest.mark.parametrize(
    ("definitions", "lost"),
    [
        (["a: [user]", "b: a"], []),
        (["a: [t#a]"], ["a"]),
        (["a: [t#b]", "b: [t#a]"], ["a", "b"]),
        (["a: [t#b]", "b: [t#a, user:*]"], []),
        (["a: [t#a] or b", "b: [user]"], []),
        (["a: [t#a] and b", "b: [user]"], ["a"]),
        (["a: [t#a] but not b", "b: [user]"], ["a"]),
        (["a: b but not c", "b: [user]", "c: [t#c]"], ["a", "c"]),
        (["p: [t]", "a: a from p"], ["a"]),
        (["p: [t, user]", "a: b from p", "b: [user]"], []),
        (["p: [t]", "a: c or b", "b: a from p", "c: b from p"], ["a", "b", "c"]),
    ],
)
def test_unreachable(definitions: list[str], lost: list[str]) -> None:
    assert [name for _, name in unreachable(model(*definitions))] == lost


@pytest.mark.parametrize(
    ("definitions", "caught"),
    [
        (["a: b", "b: [user]"], set()),
        (["a: a"], {"a"}),
        (["a: [user] or b", "b: [user] or a", "c: a"], {"a", "b"}),
        (["a: [user] but not b", "b: [user] and (c or d)", "c: [user]", "d: a"], {"a", "b", "d"}),
        (["p: [t]", "a: [user, t#a] or a from p"], set()),
    ],
)
def test_circular(definitions: list[str], caught: set[str]) -> None:
    assert circular(model(*definitions).types["t"]) == caught


def test_a_dense_knot_takes_no_time() -> None:
    names = [f"r{index}" for index in range(60)]
    knot = [f"{name}: {' and '.join(f'{other} from p' for other in names if other != name)}" for name in names]
    tied = model("p: [t]", *knot)
    assert len(unreachable(tied)) == len(names)
