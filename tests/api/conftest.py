from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.app import create_app
from simulator.server import running
from tests.api.harness import Api, SimulatedTenant, new_tenant, serving


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    with running(create_app(())) as url:
        yield url


@pytest.fixture
def api(database: str, tmp_path: Path, simulator_url: str) -> Iterator[Api]:
    with serving(database, tmp_path, simulator_url) as served:
        yield served


@pytest.fixture
def tenant(simulator_url: str) -> SimulatedTenant:
    return new_tenant(simulator_url)
