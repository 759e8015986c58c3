"""One application for the session; an MSP and a simulated tenant of its own for every test."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from simulator.app import create_app
from simulator.server import running
from tests.api.harness import Api, Served, SimulatedTenant, new_msp, new_tenant, serving
from tests.databases import Template


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
def api_database(template: Template) -> Iterator[str]:
    with template.copy() as url:
        yield url


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
