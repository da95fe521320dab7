import stat
from pathlib import Path

import pytest

from filegraph.client import credentials
from filegraph.client.credentials import Credentials
from filegraph.client.errors import NotSignedIn

KEPT = Credentials("https://one.example", "fg_secret", "token_1", "ada")


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_only_the_owner_can_read_the_file(home: dict[str, str]) -> None:
    path = credentials.store(KEPT, home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert credentials.load(home) == KEPT
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_storing_again_replaces_a_file_that_others_could_read(home: dict[str, str]) -> None:
    path = credentials.store(KEPT, home)
    path.chmod(0o644)
    credentials.store(Credentials("https://two.example", "x"), home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_environment_overrides(home: dict[str, str]) -> None:
    credentials.store(KEPT, home)
    found = credentials.load(home | {"FILEGRAPH_URL": "https://two.example/", "FILEGRAPH_TOKEN": "other"})
    assert found == Credentials("https://two.example", "other")
    found = credentials.load(home | {"FILEGRAPH_TOKEN": "other"})
    assert found == Credentials("https://one.example", "other")


def test_a_stored_token_never_goes_to_another_server(home: dict[str, str]) -> None:
    credentials.store(KEPT, home)
    for same in ("https://one.example/", "https://one.example/graphql"):
        assert credentials.load(home | {"FILEGRAPH_URL": same}) == KEPT
    for other in ("https://evil.example", "https://one.example@evil.example", "https://one.example/other"):
        assert credentials.load(home | {"FILEGRAPH_URL": other}) is None


def test_nothing_stored(home: dict[str, str]) -> None:
    with pytest.raises(NotSignedIn):
        credentials.require(home)
    credentials.forget(home)


@pytest.mark.parametrize("content", ["", "[]", "{", "null", "\x00"])
def test_a_damaged_file_is_a_sentence(home: dict[str, str], content: str) -> None:
    path = credentials.store(KEPT, home)
    path.write_text(content)
    with pytest.raises(NotSignedIn):
        credentials.require(home)


def test_the_token_is_not_in_the_representation() -> None:
    assert "secret" not in repr(KEPT)
