"""Writes ``docs/errors/``: one page for each error code, from the error classes and the advice below.

``python -m scripts.error_pages`` writes the pages, ``make docs`` calls it; a test holds pages and codes equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from accounts.errors import AccountsError
from authz.errors import AuthzError
from scripts.error_advice import ADVICE
from storage.errors import StorageError
from transfer.errors import TransferError

PAGES = Path(__file__).resolve().parent.parent / "docs" / "errors"
TREES: tuple[type[Exception], ...] = (StorageError, AccountsError, AuthzError, TransferError)

HTTP_CODES = {
    "BAD_USER_INPUT": "An argument does not have the documented shape or range.",
    "BODY_TOO_LARGE": "The body of a GraphQL request is above the limit.",
    "GRAPHQL_PARSE_FAILED": "The document is not GraphQL.",
    "GRAPHQL_VALIDATION_FAILED": "The document does not fit the schema.",
    "HEADERS_TOO_LARGE": "The address and the headers of a request are longer than 64 KiB.",
    "LIMIT_EXCEEDED": "The document asks for more than one request may.",
    "NOT_ACCEPTABLE": "The client accepts neither kind of answer that GraphQL gives.",
    "SERVICE_UNAVAILABLE": "The proxy in front reaches no process of the service.",
    "TIMED_OUT": "Reading what an operation asked for took longer than 10 seconds.",
    "TOO_MANY_CONNECTIONS": "More connections are open, of one address or in all, than the server allows.",
    "UNKNOWN_HOST": "The request names a host that this installation does not answer to.",
    "UNSUPPORTED_MEDIA_TYPE": "The body of a GraphQL request is not JSON in UTF-8.",
}
"""Codes without a class: they are given at the door, before any service is asked."""

_PASSING = {"SERVICE_UNAVAILABLE", "TOO_MANY_CONNECTIONS"}
"""Those of them that the same request may not meet again."""

INDEX_HEAD = """# Errors

Each code is stable and stands for one thing, wherever it appears: in `errors` of a mutation, in
top-level `errors` as `extensions.code`, or in the JSON of a refused upload or download.
This page is generated: `make docs`.

| code | when |
|---|---|"""


def classes(root: type[Exception]) -> Iterator[type[Exception]]:
    """Yield a class and everything below it."""
    yield root
    for child in root.__subclasses__():
        yield from classes(child)


def code_classes() -> dict[str, type[Exception]]:
    """Return the class that each code comes from: the one that defines it, the first if several do."""
    found: dict[str, type[Exception]] = {}
    for root in TREES:
        for each in classes(root):
            if "code" in vars(each):
                found.setdefault(vars(each)["code"], each)
    return found


def pages() -> dict[str, str]:
    """Return the Markdown text of every page by code, and the index as README. Raises KeyError for a code without
    advice.
    """
    texts = {code: _page(code, each) for code, each in code_classes().items()}
    for code, when in HTTP_CODES.items():
        texts[code] = _text(code, when, "", retryable=code in _PASSING)
    return {**texts, "README": _index(texts)}


def _index(texts: Mapping[str, str]) -> str:
    rows = [f"| [{code}]({code}.md) | {_when(text)} |" for code, text in sorted(texts.items())]
    return "\n".join([INDEX_HEAD, *rows]) + "\n"


def _when(text: str) -> str:
    return text.partition("**When.** ")[2].partition("\n")[0].replace("|", "\\|")


def _page(code: str, each: type[Exception]) -> str:
    when = " ".join((each.__doc__ or "").split("\n\n")[0].split())
    if when.startswith(("Base of", "Base.")):
        when = "Something went wrong that has no code of its own."
    return _text(code, when, getattr(each, "default_message", ""), retryable=bool(getattr(each, "retryable", False)))


def _text(code: str, when: str, message: str, *, retryable: bool) -> str:
    lines = [f"# {code}", "", f"**When.** {when.replace('``', '`')}", ""]
    if message:
        lines += [f"**Message.** {message}", ""]
    lines += [f"**Retryable.** {'Yes: the same request may succeed later.' if retryable else 'No.'}", ""]
    lines += [f"**What to do.** {ADVICE[code]}", ""]
    return "\n".join(lines)


def write() -> None:
    """Write all pages and remove those of codes that are gone."""
    PAGES.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for old in PAGES.glob("*.md"):
        if old.stem not in texts:
            old.unlink()
    for code, text in texts.items():
        (PAGES / f"{code}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
