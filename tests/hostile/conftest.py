"""One attacked API for the session."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from simulator.app import create_app
from simulator.server import running
from tests.api.harness import SimulatedTenant, new_tenant
from tests.hostile.set_up import ids_of_others, set_up
from tests.hostile.world import World, open_world


@pytest.fixture(scope="session")
def hostile_database(postgres: str, template: str) -> Iterator[str]:
    name = f"psa_ledger_hostile_{os.getpid()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    yield make_conninfo(postgres, dbname=name)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


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
