"""One attacked API for the session."""

from collections.abc import Iterator

import pytest

from simulator.app import create_app
from simulator.server import running
from tests.api.harness import SimulatedTenant, new_tenant
from tests.databases import Template
from tests.hostile.set_up import ids_of_others, set_up
from tests.hostile.world import World, open_world


@pytest.fixture(scope="session")
def hostile_database(template: Template) -> Iterator[str]:
    with template.copy() as url:
        yield url


@pytest.fixture(scope="session")
def simulated() -> Iterator[str]:
    with running(create_app(())) as url:
        yield url


@pytest.fixture(scope="session")
def attacked_tenant(simulated: str) -> SimulatedTenant:
    return new_tenant(simulated)


@pytest.fixture(scope="session")
def world(
    hostile_database: str, simulated: str, attacked_tenant: SimulatedTenant, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The API with two MSPs: one connected and at work, one that it must not see."""
    with open_world(hostile_database, tmp_path_factory.mktemp("hostile"), frozenset({simulated})) as opened:
        set_up(opened, attacked_tenant, new_tenant(simulated))
        yield opened


@pytest.fixture(scope="session")
def others_ids(world: World) -> dict[str, str]:
    """Ids that exist, but not for us."""
    return ids_of_others(world)
