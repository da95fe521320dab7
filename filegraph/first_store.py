"""The store that ``filegraph setup`` makes, as the settings say it. What a store needs to work stands in its driver.

Its row has the name ``STORE_NAME``, and says what the settings say: the names of the variables where they are keys,
which are replaced now and then, and the values of all others, so that a change of one is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filegraph.environment import Environment, variable

STORE_NAME = "default"
"""A store of another name, and this one once an administrator renamed it, has nothing to do with the settings."""


@dataclass(frozen=True, slots=True)
class FirstStore:
    """A driver, its configuration, and where it keeps files, to stand behind "kept in"."""

    driver: str
    config: Mapping[str, Any]
    place: str

    def setting(self, key: str) -> str:
        """Return the variable that a key of the configuration comes from."""
        return variable("data_dir") if self.driver == "local" else variable(f"s3_{key}")

    def changes(self, driver: str, config: Mapping[str, Any]) -> dict[str, str]:
        """Return by variable what a row said before, as far as the settings say something else now."""
        if driver != self.driver:
            return {variable("store"): driver}
        changed = sorted(key for key in {*config, *self.config} if config.get(key) != self.config.get(key))
        return {self.setting(key): _shown(config.get(key)) for key in changed}


def first_store(environment: Environment, data_dir: Path) -> FirstStore:
    """Return the store of these settings."""
    match environment.store:
        case "local":
            root = data_dir / "objects"
            return FirstStore("local", {"root": str(root)}, str(root))
        case "s3":
            return _s3_store(environment)


def _s3_store(environment: Environment) -> FirstStore:
    by_value = {
        "bucket": environment.s3_bucket,
        "prefix": environment.s3_prefix,
        "endpoint_url": environment.s3_endpoint_url,
        "public_endpoint_url": environment.s3_public_endpoint_url,
        "region": environment.s3_region,
        "addressing_style": environment.s3_addressing_style,
    }
    by_name = {
        "access_key_id": environment.s3_access_key_id,
        "secret_access_key": environment.s3_secret_access_key,
    }
    config: dict[str, Any] = {
        "direct": environment.s3_direct,
        **{key: value for key, value in by_value.items() if value},
        **{key: {"env": variable(f"s3_{key}")} for key, value in by_name.items() if value},
    }
    return FirstStore(
        "s3", config, f"the bucket {environment.s3_bucket} of {environment.s3_endpoint_url or 'Amazon S3'}"
    )


def _shown(value: object) -> str:
    """Return a value of a row as it stands in the environment. No secret is among them: of those there is the name."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "not set" if value is None else "set"
