"""``schema``, ``storage`` and the rest are plain names: no other installed distribution may claim them."""

from importlib.metadata import distributions

OURS = {"filegraph", "schema", "transfer", "storage", "accounts", "authz"}


def _claims() -> dict[str, set[str]]:
    claimed: dict[str, set[str]] = {}
    for distribution in distributions():
        for file in distribution.files or ():
            top = file.parts[0].removesuffix(".py")
            if top in OURS and file.suffix in (".py", ".so"):
                claimed.setdefault(top, set()).add(distribution.name)
    return claimed


def test_nobody_else_claims_our_names() -> None:
    assert {top: names - {"filegraph"} for top, names in _claims().items() if names - {"filegraph"}} == {}
