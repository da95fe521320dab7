"""Every setting of the service, read from environment variables ``FILEGRAPH_*``.

All mistakes are reported at once, one sentence each, naming the variable and never its value. What Django makes of the
settings stands in ``filegraph.settings``; ``docs/reference/settings.md`` is generated from this file.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.sources import EnvSettingsSource

from filegraph.databases import database_from_url
from storage.backends.s3.config import is_bucket, is_endpoint
from storage.errors import InvalidArgument
from storage.keys import check_prefix

PREFIX = "FILEGRAPH_"

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_GIB = 1 << 30


class InvalidEnvironment(Exception):
    """One or more settings are wrong. ``problems`` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def _database_url(value: str) -> str:
    if value:
        database_from_url(value)
    return value


def _origin(value: str) -> str:
    if not is_endpoint(value):
        raise ValueError("must look like https://files.example.com, with nothing but host and port")
    return value.rstrip("/").lower()


def _public_url(value: str) -> str:
    return _origin(value) if value else ""


def _networks(values: list[str]) -> list[str]:
    for value in values:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise ValueError("must be addresses or networks, such as 127.0.0.1,10.0.0.0/8") from None
    return values


def _api_url(value: str) -> str:
    scheme, _, rest = value.partition("://")
    # It may lie below a path of its host.
    if value and (not is_endpoint(f"{scheme}://{rest.partition('/')[0]}") or "?" in rest or "#" in rest):
        raise ValueError("must look like http://127.0.0.1:8080")
    return value.rstrip("/")


def _store_id(value: str) -> str:
    if value and not re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", value):
        raise ValueError("must be the id of a store: 26 capitals and digits")
    return value


def _words(value: Any) -> Any:
    """Split "a, b" into words; pydantic checks the rest."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _origins(values: list[str]) -> list[str]:
    return [_origin(value) for value in values]


def _secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return value


def _endpoint_url(value: str) -> str:
    if value and not is_endpoint(value):
        raise ValueError("must look like https://s3.example.com, with nothing after the host and port")
    return value.rstrip("/")


def _bucket(value: str) -> str:
    if value and not is_bucket(value):
        raise ValueError('must be the name of a bucket: 3 to 63 of the characters a-z, 0-9, "." and "-"')
    return value


def _prefix(value: str) -> str:
    try:
        check_prefix(value)
    except InvalidArgument:
        raise ValueError('must have letters, digits, "_" and "-", in parts joined by "/"') from None
    return value


class _Words(EnvSettingsSource):
    """Reads list settings as words between commas; a mapping stays JSON."""

    def prepare_field_value(self, field_name: str, field: Any, value: Any, value_is_complex: bool) -> Any:
        if field.annotation == list[str]:
            return _words(value)
        try:
            return super().prepare_field_value(field_name, field, value, value_is_complex)
        except ValueError:
            # No JSON: pydantic says what it should be.
            return value


class Environment(BaseSettings):
    """All settings of one installation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", case_sensitive=False)

    data_dir: Path = Field(Path("var"), description="Directory of the database, the bytes and the secret key.")
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        "",
        description="sqlite:///path or postgresql://user:password@host:port/name. Empty: SQLite in the data directory.",
    )
    secret_key: Annotated[SecretStr | None, AfterValidator(_secret)] = Field(
        None,
        description="Key of all signatures, 32 characters or more. Unset: the file `secret-key` in the data directory, "
        "which `filegraph setup` writes.",
    )
    secret_key_fallbacks: Annotated[list[str], NoDecode] = Field(
        [], description="Former keys, between commas: what they signed stays valid while you rotate."
    )
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        "",
        description="Where clients reach the service, such as https://files.example.com. Empty: taken from each "
        "request's Host. With https, cookies are sent over TLS alone.",
    )
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        [], description="Host names the service answers to, between commas. Loopback and the public URL always work."
    )
    allowed_origins: Annotated[list[str], NoDecode, AfterValidator(_origins)] = Field(
        [], description="Web origins besides our own whose pages may call the service (CORS), between commas."
    )
    trusted_proxies: Annotated[list[str], NoDecode, AfterValidator(_networks)] = Field(
        [],
        description="Addresses of reverse proxies, between commas, whose X-Forwarded-For and X-Forwarded-Proto count.",
    )
    debug: bool = Field(False, description="Development aids. Never on a server that others reach.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What is logged.")
    database_threads: int = Field(4, ge=1, le=64, description="Worker threads, each with one database connection.")
    max_connections: int = Field(
        1000, ge=10, description="Open connections; the operating system must allow more files."
    )
    max_connections_per_address: int = Field(
        200, ge=1, description="Open connections of one address (IPv6: one /64 network). Trusted proxies are exempt."
    )
    sweep_interval: int = Field(
        60, ge=0, le=_DAY, description="Seconds between two sweeps of expired uploads and deleted bytes; 0: never."
    )
    session_lifetime: int = Field(
        14 * _DAY, ge=_MINUTE, le=366 * _DAY, description="Seconds a browser stays signed in."
    )
    sign_in_attempts: int = Field(
        5,
        ge=1,
        le=1000,
        description="Failed sign-ins per minute for one account from one address. Four times as many for one address, "
        "twenty times as many for one account.",
    )
    upload_lifetime: int = Field(_DAY, ge=_MINUTE, le=30 * _DAY, description="Seconds an upload stays open.")
    max_file_size: int = Field(5 * _GIB, ge=1, le=5 << 40, description="Largest file, in bytes.")
    max_open_uploads: int = Field(1000, ge=1, description="Open uploads of one actor.")
    tombstone_grace: int = Field(_DAY, ge=1, le=30 * _DAY, description="Seconds until deleted bytes leave the store.")
    upload_retention: int = Field(
        30 * _DAY, ge=_MINUTE, description="Seconds that finished uploads, and their idempotency keys, are remembered."
    )
    download_lifetime: int = Field(
        15 * _MINUTE, ge=1, le=7 * _DAY, description="Life of a download link in seconds, unless asked otherwise."
    )
    download_lifetime_max: int = Field(
        _DAY, ge=1, le=7 * _DAY, description="Longest life of a download link, in seconds; asked for more, it is cut."
    )
    transfer_idle_timeout: int = Field(
        60, ge=1, le=_HOUR, description="Seconds without a byte until a transfer is ended."
    )
    transfer_min_rate: int = Field(1024, ge=0, description="Slowest upload in bytes per second, after the grace time.")
    transfer_rate_grace: int = Field(10, ge=0, le=_HOUR, description="Seconds until the slowest rate is asked for.")
    transfer_send_timeout: int = Field(
        300, ge=1, le=_HOUR, description="Seconds a client may take for one MiB of a download."
    )
    transfer_linger: int = Field(
        1, ge=0, le=60, description="Seconds a refused client with an unread body has to read the refusal."
    )
    transfer_file_threads: int = Field(
        8, ge=1, le=64, description="Threads that read, write and hash files; as many more send them."
    )
    transfer_buffer_budget: int = Field(
        48 << 20, ge=4 << 20, description="About what all uploads together may hold in memory, in bytes."
    )
    store: Literal["local", "s3"] = Field(
        "local",
        description="Where the first store keeps its files: `local` in the data directory, `s3` in a bucket. "
        "`filegraph setup` makes it, and later follows a change that leads to the same files.",
    )
    s3_bucket: Annotated[str, AfterValidator(_bucket)] = Field(
        "", description="The bucket of the first store. It is for Filegraph alone, and keeps no versions."
    )
    s3_prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        "", description="What all keys in the bucket begin with, such as files/main."
    )
    s3_endpoint_url: Annotated[str, AfterValidator(_endpoint_url)] = Field(
        "", description="Address of a store that speaks S3, such as https://s3.example.com. Empty: Amazon's."
    )
    s3_public_endpoint_url: Annotated[str, AfterValidator(_endpoint_url)] = Field(
        "", description="Address at which clients reach that store, if it is another one."
    )
    s3_region: str = Field("", description="Region of the bucket. Empty: where boto3 looks (AWS_DEFAULT_REGION ...).")
    s3_addressing_style: Literal["auto", "path", "virtual"] = Field(
        "auto", description="Where links have the bucket: in the `path`, or before the host (`virtual`)."
    )
    s3_access_key_id: str = Field(
        "", description="Key of the bucket. Empty: where boto3 looks (AWS_ACCESS_KEY_ID, files, the machine's role)."
    )
    s3_secret_access_key: SecretStr | None = Field(None, description="The secret that belongs to the key.")
    s3_direct: bool = Field(
        True,
        description="Clients send and fetch bytes themselves, by links to the store. Off: all bytes pass through us.",
    )
    direct_upload_lifetime: int = Field(
        _DAY,
        ge=_MINUTE,
        le=7 * _DAY,
        description="Longest life of a link by which a client sends to a store, in seconds; it ends with its upload.",
    )
    direct_download_lifetime: int = Field(
        5 * _MINUTE,
        ge=0,
        le=_DAY,
        description="Longest life of a link by which a client reads from a store, in seconds. Nobody can take it back. "
        "0: links lead to us, who ask each time and pass the bytes on.",
    )
    authz_client: Literal["embedded", "openfga"] = Field(
        "embedded",
        description="What answers permission questions. `embedded` keeps the tuples in the database, `openfga` asks an "
        "OpenFGA server. `filegraph setup` prepares it; what was shared before does not move by itself.",
    )
    openfga_api_url: Annotated[str, AfterValidator(_api_url)] = Field(
        "", description="Address of the OpenFGA server's HTTP API, such as http://127.0.0.1:8080."
    )
    openfga_api_token: SecretStr | None = Field(
        None, description="Preshared key of the OpenFGA server, if it asks for one."
    )
    openfga_store_id: Annotated[str, AfterValidator(_store_id)] = Field(
        "", description="The store to use there. Empty: the one that `filegraph setup` makes and remembers."
    )
    openfga_mirror_structure: bool = Field(
        False,
        description="Whether the OpenFGA store also has the tree (folders, drives), for other services that ask it "
        "about files. Costs a tuple for each file and folder above it, and for each of them again when it is moved.",
    )
    openfga_projection_seconds: Annotated[float, Field(ge=0, le=5)] = Field(
        2.0,
        description="How long what a person holds, once asked of the OpenFGA server, may serve her next pages while it "
        "is provably unchanged. `0` asks for each request anew.",
    )
    metrics: Annotated[list[str], NoDecode, AfterValidator(_networks)] = Field(
        [],
        description="Addresses or networks, between commas, that may read `/metrics`, such as 127.0.0.1. Empty: "
        "nothing is measured and there is no such page.",
    )
    audit: bool = Field(True, description="Whether it is written down who gives and takes permissions, and when.")
    audit_denials: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Which share of refused questions is written down too: 0 none, 1 all, up to 100 in 10 seconds.",
    )
    audit_retention: int = Field(
        366 * _DAY, ge=_DAY, description="Seconds that what was written down for the audit is kept."
    )
    authz_shadow: Literal["", "embedded", "openfga"] = Field(
        "",
        description="Another permission engine that is asked as well, behind the answer; a difference is told in the "
        "log. `openfga` needs its address. Empty: none.",
    )
    authz_shadow_sample: float = Field(
        0.01, gt=0, le=1, description="Which share of the questions the other engine is asked too."
    )
    storage_backend_classes: dict[str, str] = Field(
        {}, description='Further storage drivers as JSON: {"key": "dotted.path.Class"}.'
    )

    @property
    def public_host(self) -> str:
        """The host of ``public_url``, without its port; empty without one."""
        return re.sub(r":\d*\Z", "", self.public_url.partition("://")[2])

    @model_validator(mode="after")
    def _openfga_is_whole(self) -> Environment:
        if self.authz_client == "openfga" and not self.openfga_api_url:
            names = variable("openfga_api_url"), variable("authz_client")
            raise ValueError(f"{names[0]} must say where the server is, because {names[1]} is openfga")
        return self

    @model_validator(mode="after")
    def _shadow_is_another_engine(self) -> Environment:
        shadow, client, address = map(variable, ("authz_shadow", "authz_client", "openfga_api_url"))
        if self.authz_shadow == self.authz_client:
            raise ValueError(f"{shadow} must be another engine than {client}, or empty")
        if self.authz_shadow == "openfga" and not self.openfga_api_url:
            raise ValueError(f"{address} must say where the server is, because {shadow} is openfga")
        return self

    @model_validator(mode="after")
    def _s3_is_whole(self) -> Environment:
        if self.store == "s3" and not self.s3_bucket:
            raise ValueError(f"{variable('s3_bucket')} must name a bucket, because {variable('store')} is s3")
        secret = self.s3_secret_access_key.get_secret_value() if self.s3_secret_access_key else ""
        if bool(self.s3_access_key_id) != bool(secret):
            names = variable("s3_access_key_id"), variable("s3_secret_access_key")
            given, missing = names if self.s3_access_key_id else names[::-1]
            raise ValueError(f"{missing} must be set too, because {given} is")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment variables are the only source."""
        return (_Words(settings_cls),)


def variable(field: str) -> str:
    """Return the environment variable of a field: ``data_dir`` -> ``FILEGRAPH_DATA_DIR``."""
    return PREFIX + field.upper()


def read_environment() -> Environment:
    """Read and judge all settings. Raises ``InvalidEnvironment`` with every mistake at once."""
    problems = _misspelled(os.environ)
    try:
        environment = Environment()
    except ValidationError as error:
        problems = [_sentence(detail) for detail in error.errors(include_input=False, include_url=False)] + problems
    else:
        if not problems:
            return environment
    raise InvalidEnvironment(problems)


def _sentence(detail: Any) -> str:
    message = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input should ").rstrip(".")
    if not detail["loc"]:
        # Of several settings together: the sentence names them.
        return f"{message}."
    field = str(detail["loc"][0])
    if not message.startswith(("be ", "must ", "is ", "has ")):
        message = f"is wrong: {message}"
    return f"{variable(field)} {'should ' + message if message.startswith('be ') else message}."


def _misspelled(environ: Mapping[str, str]) -> list[str]:
    """Name variables that look like a setting but are none: a typing mistake must not silently mean the default."""
    known = {variable(field) for field in Environment.model_fields}
    problems = []
    for name in environ:
        if not name.startswith(PREFIX) or name in known:
            continue
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if close:
            problems.append(f"{name} is not a setting; did you mean {close[0]}?")
    return sorted(problems)
