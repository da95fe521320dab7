from __future__ import annotations

import pytest

from filegraph.client.errors import ServerUnreachable
from filegraph.client.server_url import is_loopback, server_url


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        ("https://files.example.org", "https://files.example.org"),
        ("https://files.example.org/", "https://files.example.org"),
        ("https://files.example.org///", "https://files.example.org"),
        ("https://files.example.org/graphql", "https://files.example.org"),
        ("https://files.example.org/graphql/", "https://files.example.org"),
        ("https://files.example.org//graphql//", "https://files.example.org"),
        ("https://files.example.org/graphql?query=x#y", "https://files.example.org"),
        ("https://files.example.org/admin/", "https://files.example.org"),
        (" http://127.0.0.1:8000/graphql\n", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://example.org/files/graphql", "https://example.org/files"),
        ("https://example.org/mygraphql", "https://example.org/mygraphql"),
    ],
)
def test_what_people_paste_becomes_the_servers_address(pasted: str, address: str) -> None:
    assert server_url(pasted) == address
    assert server_url(address) == address


@pytest.mark.parametrize("text", ["", "nonsense", "files.example.org", "ftp://x", "http://", "http://[", "file:///etc"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ServerUnreachable, match="is not the address of a server"):
        server_url(text)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.1.2.3", "http://[::1]", "http://localhost:8000/x"])
def test_this_machine(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize("url", ["http://localhost.evil.example", "http://127.evil.example", "https://example.org"])
def test_another_machine(url: str) -> None:
    assert not is_loopback(url)
