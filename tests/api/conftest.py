"""One application for the session; an MSP and a simulated tenant of its own for every test."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from simulator.app import create_app
from simulator.server import running
from tests.api.harness import Api, Served, SimulatedTenant, new_msp, new_tenant, serving


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    with running(create_app(())) as url:
        yield url


@pytest.fixture(scope="session")
def website_url() -> Iterator[str]:
    """A web server that is no ConnectWise."""

    async def page(_: object) -> HTMLResponse:
        return HTMLResponse("<html>Welcome</html>")

    with running(Starlette(routes=[Route("/{path:path}", page)])) as url:
        yield url


@pytest.fixture(scope="session")
def api_database(postgres: str, template: str) -> Iterator[str]:
    name = f"psa_ledger_api_{os.getpid()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    url = make_conninfo(postgres, dbname=name)
    yield url
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="session")
def served(
    api_database: str, tmp_path_factory: pytest.TempPathFactory, simulator_url: str, website_url: str
) -> Iterator[Served]:
    with serving(api_database, tmp_path_factory.mktemp("api"), frozenset({simulator_url, website_url})) as running_api:
        yield running_api


@pytest.fixture
def api(served: Served) -> Api:
    return Api(served, new_msp())


@pytest.fixture
def tenant(simulator_url: str) -> SimulatedTenant:
    return new_tenant(simulator_url)
