"""One simulator for all tests of this folder, and a fresh tenant in it for each test.

The tenant's time stands at noon of 20 March 2026. Every answer is held against the vendor's document where it is
at hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from simulator import actions, demo
from simulator.app import create_app
from simulator.demo import agreement, empty_tenant, product
from simulator.directory import Directory
from simulator.server import running
from simulator.shapes import Record
from simulator.switches import changed
from simulator.tenant import Tenant
from tests.simulator import vendor_document

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
NUMBERS = count(1)


@dataclass(frozen=True)
class Psa:
    """One tenant and a client that calls it with the keys of its minimum role (or of another role)."""

    tenant: Tenant
    site: str
    client: httpx.Client

    @property
    def root(self) -> str:
        return f"{self.site}/v4_6_release/apis/3.0"

    def call(
        self,
        method: str,
        path: str,
        *,
        role: str = "minimum",
        json: Any = None,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        key = next(each for each in self.tenant.keys.values() if each.role == role)
        return self.client.request(
            method,
            self.root + path,
            json=json,
            params=params,
            headers={"clientId": "11111111-1111-1111-1111-111111111111", **(headers or {})},
            auth=(f"{self.tenant.company_id}+{key.public}", key.private),
        )

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.call("GET", path, params=params)

    def rows(self, path: str, **params: Any) -> list[Record]:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        rows: list[Record] = response.json()
        return rows

    def ids(self, path: str, **params: Any) -> list[int]:
        return [row["id"] for row in self.rows(path, **params)]

    def patch(self, path: str, **changes: Any) -> httpx.Response:
        operations = [{"op": "replace", "path": name, "value": value} for name, value in changes.items()]
        return self.call("PATCH", path, json=operations)

    def admin(self, method: str, path: str, json: Any = None) -> Any:
        """A call of the tenant's admin path that must succeed."""
        url = f"{self.site}/_simulator/tenants/{self.tenant.company_id}{path}"
        response = self.client.request(method, url, json=json)
        assert response.status_code == 200, response.text
        return response.json()

    def switch(self, **switches: Any) -> None:
        self.tenant.switches = changed(self.tenant.switches, switches)

    def happens(self, action: str, **detail: Any) -> dict[str, Any]:
        return actions.perform(self.tenant, {"action": action, **detail})

    def time_is(self, instant: datetime) -> None:
        self.tenant.clock.standing_at = instant

    def company(
        self, name: str, *, types: tuple[str, ...] = ("Customer",), status: str = "Active", **more: Any
    ) -> Record:
        values: Record = {
            "identifier": name.replace(" ", ""),
            "name": name,
            "types": [demo.named(self.tenant, "companyType", each) for each in types],
            "status": demo.named(self.tenant, "companyStatus", status),
            "deletedFlag": False,
            "defaultContact": {"id": 1, "name": "Somebody"},
            **more,
        }
        row = self.tenant.tables["company"].add(values, "admin1", self.tenant.stamp())
        self.tenant.tables.set_types(row, values["types"], "admin1", self.tenant.stamp())
        return row

    def agreement(
        self, company: Record, name: str = "Managed Services", starts: str = "2025-01-01", **more: Any
    ) -> Record:
        return agreement(self.tenant, company, name, datetime.fromisoformat(starts).date(), **more)

    def product(self, identifier: str, price: float = 9.0, cost: float = 6.0, **more: Any) -> Record:
        return product(self.tenant, identifier, f"{identifier}, per user", "Identity", price=price, cost=cost, **more)

    def addition(self, of: Record, item: Record, quantity: float = 10, **more: Any) -> Record:
        """Made by hand, as a member would."""
        values = {"product": {"id": item["id"]}, "billCustomer": "Billable", "quantity": quantity, **more}
        return self.happens("addition_added", agreement=of["id"], values=values)


@pytest.fixture(scope="session")
def app() -> Starlette:
    return create_app(())


@pytest.fixture(scope="session")
def site(app: Starlette) -> Iterator[str]:
    with running(app) as url:
        yield url


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    hooks = {"response": [read_and_judge]} if vendor_document.is_present() else {}
    with httpx.Client(event_hooks=hooks, trust_env=False, timeout=60) as made:
        yield made


def read_and_judge(response: httpx.Response) -> None:
    response.read()
    if "json" in response.headers.get("content-type", "") and "x-unjudged" not in response.request.headers:
        vendor_document.judge(response)


@pytest.fixture
def directory(app: Starlette) -> Directory:
    found = app.state.directory
    assert isinstance(found, Directory)
    return found


@pytest.fixture
def psa(directory: Directory, site: str, client: httpx.Client) -> Iterator[Psa]:
    """A tenant with its setup tables and nothing else."""
    tenant = empty_tenant(directory.clock(NOON), f"test_{next(NUMBERS)}", "Test MSP")
    directory.add(tenant)
    yield Psa(tenant, site, client)
    directory.tenants.pop(tenant.company_id, None)


@pytest.fixture
def demo_psa(directory: Directory, site: str, client: httpx.Client) -> Iterator[Psa]:
    tenant = demo.demo_tenant(directory.clock(NOON), 1, f"demo_{next(NUMBERS)}")
    directory.add(tenant)
    yield Psa(tenant, site, client)
    directory.tenants.pop(tenant.company_id, None)
