"""Every wrapper passes every contract over the embedded client; all of them together do over a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from django.utils import timezone

from authz.clients.base import InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.clients.wrappers.audited import AuditedClient
from authz.clients.wrappers.comparisons import Comparisons, Difference, Outcome, Pair
from authz.clients.wrappers.denials import DenialNotingClient, Denials
from authz.clients.wrappers.metered import MeteredClient
from authz.clients.wrappers.shadowed import ShadowedClient
from authz.dsl.model import AuthorizationModel
from authz.testing.condition_contract import CONDITION_MODEL, ConditionContract
from authz.testing.contract import CONTRACT_MODEL, AuthzClientContract
from authz.testing.grant_index_contract import GRANT_MODEL, GRANT_STRUCTURE, GrantIndexContract
from authz.testing.reading_contract import ReadingContract
from authz.types import SYSTEM

in_one_transaction = pytest.mark.django_db
with_commits = pytest.mark.django_db(transaction=True)
"""A comparison begins when a transaction has committed."""

Wrap: TypeAlias = Callable[[InstallationClient], InstallationClient]


class Watched:
    """Comparisons whose differences fail the test."""

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.outcomes: list[Outcome] = []
        self.comparisons = Comparisons(alarm=self.differences.append, count=self.outcomes.append)

    def shadowed(
        self, client: InstallationClient, second: InstallationClient, model: AuthorizationModel
    ) -> InstallationClient:
        return ShadowedClient(Pair(client, lambda: second, model), self.comparisons, sample=1)


@pytest.fixture
def watched() -> Iterator[Watched]:
    watch = Watched()
    yield watch
    watch.comparisons.settle()
    assert watch.differences == []
    assert Outcome.FAILED not in watch.outcomes


@pytest.fixture(params=["metered", "audited", "denials"])
def wrap(request: pytest.FixtureRequest) -> Wrap:
    wraps: dict[str, Wrap] = {
        "metered": MeteredClient,
        "audited": lambda client: AuditedClient(client, SYSTEM, clock=timezone.now),
        "denials": lambda client: DenialNotingClient(client, Denials(), share=1, clock=timezone.now),
    }
    return wraps[request.param]


def embedded(model: AuthorizationModel, structure: Structure = NO_STRUCTURE) -> EmbeddedClient:
    return EmbeddedClient(model, clock=timezone.now, structure=structure)


@in_one_transaction
class TestEach(AuthzClientContract):
    @pytest.fixture
    def client(self, db: None, wrap: Wrap) -> InstallationClient:
        return wrap(embedded(CONTRACT_MODEL))


@in_one_transaction
class TestReadingOfEach(ReadingContract):
    @pytest.fixture
    def client(self, db: None, wrap: Wrap) -> InstallationClient:
        return wrap(embedded(CONTRACT_MODEL))


@in_one_transaction
class TestGrantIndexOfEach(GrantIndexContract):
    @pytest.fixture
    def client(self, db: None, wrap: Wrap) -> InstallationClient:
        return wrap(embedded(GRANT_MODEL, GRANT_STRUCTURE))


@in_one_transaction
class TestConditionsOfEach(ConditionContract):
    @pytest.fixture
    def client(self, db: None, wrap: Wrap) -> InstallationClient:
        return wrap(embedded(CONDITION_MODEL))


@with_commits
class TestShadowed(AuthzClientContract):
    @pytest.fixture
    def client(self, transactional_db: None, watched: Watched) -> InstallationClient:
        return watched.shadowed(embedded(CONTRACT_MODEL), embedded(CONTRACT_MODEL), CONTRACT_MODEL)


@with_commits
class TestReadingShadowed(ReadingContract):
    @pytest.fixture
    def client(self, transactional_db: None, watched: Watched) -> InstallationClient:
        return watched.shadowed(embedded(CONTRACT_MODEL), embedded(CONTRACT_MODEL), CONTRACT_MODEL)


@with_commits
class TestGrantIndexShadowed(GrantIndexContract):
    @pytest.fixture
    def client(self, transactional_db: None, watched: Watched) -> InstallationClient:
        second = embedded(GRANT_MODEL, GRANT_STRUCTURE)
        return watched.shadowed(embedded(GRANT_MODEL, GRANT_STRUCTURE), second, GRANT_MODEL)


@with_commits
class TestConditionsShadowed(ConditionContract):
    @pytest.fixture
    def client(self, transactional_db: None, watched: Watched) -> InstallationClient:
        return watched.shadowed(embedded(CONDITION_MODEL), embedded(CONDITION_MODEL), CONDITION_MODEL)


@pytest.fixture
def server(openfga_client: Callable[..., OpenFGAClient]) -> Callable[..., OpenFGAClient]:
    return openfga_client


def all_around(
    watched: Watched, client: InstallationClient, second: InstallationClient, model: AuthorizationModel
) -> InstallationClient:
    """The order of an installation: ``authz.services.wrapping``."""
    metered = MeteredClient(watched.shadowed(client, second, model))
    noting = DenialNotingClient(metered, Denials(), share=1, clock=timezone.now)
    return AuditedClient(noting, SYSTEM, clock=timezone.now)


@with_commits
class TestAllAroundAServer(AuthzClientContract):
    @pytest.fixture
    def client(
        self, transactional_db: None, server: Callable[..., OpenFGAClient], watched: Watched
    ) -> InstallationClient:
        return all_around(watched, server(CONTRACT_MODEL), embedded(CONTRACT_MODEL), CONTRACT_MODEL)


@with_commits
class TestReadingAllAroundAServer(ReadingContract):
    @pytest.fixture
    def client(
        self, transactional_db: None, server: Callable[..., OpenFGAClient], watched: Watched
    ) -> InstallationClient:
        return all_around(watched, server(CONTRACT_MODEL), embedded(CONTRACT_MODEL), CONTRACT_MODEL)


@with_commits
class TestGrantIndexAllAroundAServer(GrantIndexContract):
    @pytest.fixture
    def client(
        self, transactional_db: None, server: Callable[..., OpenFGAClient], watched: Watched
    ) -> InstallationClient:
        second = embedded(GRANT_MODEL, GRANT_STRUCTURE)
        return all_around(watched, server(GRANT_MODEL, GRANT_STRUCTURE), second, GRANT_MODEL)


@with_commits
class TestConditionsAllAroundAServer(ConditionContract):
    @pytest.fixture
    def client(
        self, transactional_db: None, server: Callable[..., OpenFGAClient], watched: Watched
    ) -> InstallationClient:
        return all_around(watched, server(CONDITION_MODEL), embedded(CONDITION_MODEL), CONDITION_MODEL)
