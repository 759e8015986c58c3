"""One API with workers, one ConnectWise and one browser for the session; an MSP and a tenant of its own for every test.

A test clicks, and then looks at the journal and at what the PSA received, not only at the page.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page

from api.panel import PANEL_FILES
from simulator.app import create_app
from simulator.server import running
from tests.api import given
from tests.api.harness import Api, Served, SimulatedTenant, new_msp, new_tenant, serving
from tests.databases import Template
from tests.syncing.whole import Whole, whole
from tests.web.lived import Lived, live_in
from tests.web.panel import Complaints, Panel
from tests.web.served import Attended, at_work, over_http

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@pytest.fixture(scope="session", autouse=True)
def with_browser_and_files() -> None:
    if not (PANEL_FILES / "index.html").is_file():
        pytest.fail("the panel is not built: run `make panel`")
    if chromium() is None:
        missing = "there is no Chromium: run `make browser`, or set CHROMIUM to one"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": chromium(), "args": list(FLAGS), "headless": True}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    # Own time is not UTC, so that the two can be told apart.
    return {"locale": "en-GB", "timezone_id": "Europe/Vilnius", "viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    with running(create_app(())) as url:
        yield url


@pytest.fixture(scope="session")
def served(template: Template, tmp_path_factory: pytest.TempPathFactory, simulator_url: str) -> Iterator[Served]:
    with (
        template.copy() as url,
        serving(url, tmp_path_factory.mktemp("web"), frozenset({simulator_url})) as running_api,
    ):
        yield running_api


@pytest.fixture(scope="session")
def base_url(served: Served) -> Iterator[str]:
    with over_http(served.app, served.portal) as url:
        yield url


@pytest.fixture(scope="session")
def workers(served: Served, simulator_url: str) -> Iterator[None]:
    """One worker for the MSPs of all tests."""
    nobody = SimulatedTenant(simulator_url, "nobody", "", "")
    with whole(served, Api(served, "nobody"), nobody) as ledger, at_work(ledger):
        yield


@pytest.fixture
def tenant(simulator_url: str) -> SimulatedTenant:
    return new_tenant(simulator_url, data={"companies": 24, "agreements": 12, "products": 12})


@pytest.fixture
def ledger(served: Served, tenant: SimulatedTenant, workers: None) -> Iterator[Whole]:
    """An MSP with nothing yet; a worker is at work."""
    with whole(served, Api(served, new_msp()), tenant) as ready:
        yield Attended(ready.api, ready.tenant, ready.tools, ready.pool)


@pytest.fixture
def connected(ledger: Whole) -> Whole:
    """Two organizations; connected, Core mapped and confirmed, the directory imported; nothing mapped yet."""
    given.registered(ledger.api, given.new_organization("globex"), given.new_organization("initech"))
    given.connected(ledger.api, ledger.tenant)
    ledger.with_products()
    ledger.imported()
    return ledger


@pytest.fixture
def lived(ledger: Whole) -> Lived:
    """An MSP in use."""
    return live_in(ledger)


@pytest.fixture(scope="session")
def in_use(served: Served, simulator_url: str, workers: None) -> Iterator[Lived]:
    """One MSP in use for all tests that only look at it."""
    tenant = new_tenant(simulator_url, data={"companies": 24, "agreements": 12, "products": 12})
    with whole(served, Api(served, new_msp()), tenant) as ready:
        yield live_in(Attended(ready.api, ready.tenant, ready.tools, ready.pool))


@pytest.fixture(scope="session")
def untouched(served: Served, simulator_url: str, workers: None) -> Iterator[Whole]:
    """One MSP with nothing, for all tests that only look at it."""
    with whole(served, Api(served, new_msp()), new_tenant(simulator_url)) as ready:
        yield ready


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def panel(page: Page, base_url: str, ledger: Whole, complaints: Complaints) -> Iterator[Panel]:
    with watched(page, base_url, ledger, complaints) as ready:
        yield ready


@pytest.fixture
def onlooker(page: Page, base_url: str, in_use: Lived, complaints: Complaints) -> Iterator[Panel]:
    """The panel of the MSP in use, for tests that change nothing there."""
    with watched(page, base_url, in_use.ledger, complaints) as ready:
        yield ready


@pytest.fixture
def newcomer(page: Page, base_url: str, untouched: Whole, complaints: Complaints) -> Iterator[Panel]:
    """The panel of the MSP with nothing, for tests that change nothing there."""
    with watched(page, base_url, untouched, complaints) as ready:
        yield ready


@contextmanager
def watched(page: Page, base_url: str, ledger: Whole, complaints: Complaints) -> Iterator[Panel]:
    complaints.watch(page)
    page.set_default_timeout(10_000)
    yield Panel(page, base_url, ledger, complaints)
    # The page may be asking for something at any time: what a test answers in its place ends with the test.
    page.unroute_all(behavior="ignoreErrors")
    assert complaints.unexpected == []
