"""The store that ``filegraph setup`` makes, as the settings say it. What a store needs to work stands in its driver.

The row keeps names of variables where the setting is a secret or may change: keys are replaced, and a store moves to
another address. The bucket is kept by its name: another bucket is another store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filegraph.environment import Environment, variable


@dataclass(frozen=True, slots=True)
class FirstStore:
    """A driver, its configuration, and a sentence that tells where files will be kept."""

    driver: str
    config: Mapping[str, Any]
    sentence: str


def first_store(environment: Environment, data_dir: Path) -> FirstStore:
    """Return the store of these settings."""
    match environment.store:
        case "local":
            root = data_dir / "objects"
            return FirstStore("local", {"root": str(root)}, f"Files will be kept in {root}.")
        case "s3":
            return _s3_store(environment)


def _s3_store(environment: Environment) -> FirstStore:
    by_value = {
        "bucket": environment.s3_bucket,
        "prefix": environment.s3_prefix,
        "region": environment.s3_region,
        "addressing_style": environment.s3_addressing_style,
    }
    by_name = {
        "endpoint_url": environment.s3_endpoint_url,
        "public_endpoint_url": environment.s3_public_endpoint_url,
        "access_key_id": environment.s3_access_key_id,
        "secret_access_key": environment.s3_secret_access_key,
    }
    config: dict[str, Any] = {
        "direct": environment.s3_direct,
        **{name: value for name, value in by_value.items() if value},
        **{name: {"env": variable(f"s3_{name}")} for name, value in by_name.items() if value},
    }
    place = environment.s3_endpoint_url or "Amazon S3"
    return FirstStore("s3", config, f"Files will be kept in the bucket {environment.s3_bucket} of {place}.")
