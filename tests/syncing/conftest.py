"""One application with workers for the session; an MSP and a simulated tenant of its own for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.app import create_app
from simulator.server import running
from tests.api import given
from tests.api.harness import Api, Served, SimulatedTenant, new_msp, new_tenant, serving
from tests.databases import Template
from tests.syncing.whole import Whole, whole
from tests.workers.system import NOON

SMALL = {"companies": 24, "agreements": 12, "products": 12}


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    with running(create_app(())) as url:
        yield url


@pytest.fixture(scope="session")
def served(template: Template, tmp_path_factory: pytest.TempPathFactory, simulator_url: str) -> Iterator[Served]:
    with (
        template.copy() as url,
        serving(url, tmp_path_factory.mktemp("syncing"), frozenset({simulator_url})) as running_api,
    ):
        yield running_api


@pytest.fixture
def tenant(simulator_url: str) -> SimulatedTenant:
    return new_tenant(simulator_url, data=SMALL)


@pytest.fixture
def ledger(served: Served, tenant: SimulatedTenant) -> Iterator[Whole]:
    """Connected, Core mapped and confirmed, the directory imported; nothing mapped yet."""
    api = Api(served, new_msp())
    with whole(served, api, tenant) as ready:
        given.registered(api, given.new_organization("globex"), given.new_organization("initech"))
        given.connected(api, tenant)
        ready.with_products()
        ready.imported()
        yield ready


@pytest.fixture(scope="session")
def simulator_in_november() -> Iterator[str]:
    """Whose agreements lie around noon on 10 November 2026, on whatever day a test runs."""
    with running(create_app((), now=lambda: NOON)) as url:
        yield url


@pytest.fixture
def november(template: Template, tmp_path: Path, simulator_in_november: str) -> Iterator[Whole]:
    """As `ledger`, on a database and clock of its own: noon on 10 November 2026, all organizations from the 1st on."""
    with template.copy() as url, serving(url, tmp_path, frozenset({simulator_in_november})) as running_api:
        api, tenant = Api(running_api, new_msp()), new_tenant(simulator_in_november, data=SMALL)
        with whole(running_api, api, tenant) as ready:
            ready.time_is(NOON)
            first = "2026-11-01T00:00:00Z"
            given.registered(api, *(given.new_organization(one, effectiveAt=first) for one in ("globex", "initech")))
            given.connected(api, tenant)
            ready.with_products()
            ready.imported()
            yield ready
