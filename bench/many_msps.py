"""Many MSPs, each with a ConnectWise of its own, connected and mapped: where benches about all of them begin.

The facts are recorded straight into the journal, the keys put into the vault; from then on the running system does the
rest, beginning with the first push of every line.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import psycopg

from bench.running import RunningSystem
from cli.places import Places, settings_here
from connectwise.auth import Credentials
from connectwise.budget import ProcessBudget
from connectwise.discovery import discover, site_of
from connectwise.exchange import Wire
from connectwise.guard import Guard, open_http
from connectwise.tenants import TenantSecret, secret_bytes
from domain.catalogue import parse_catalogue
from domain.company_mapping import COMPANY_MAPPING, CompanyMapped
from domain.connection import CONNECTION, Connected, ProductMapped, ProductMappingConfirmed
from domain.organization import ORGANIZATION, Given, LicensesChanged, OrganizationCreated
from domain.streams import company_mapping_stream, connection_stream, organization_stream
from domain.values import (
    ChangeId,
    Component,
    LeftBehind,
    LicenseType,
    LineId,
    Management,
    MspId,
    OrganizationId,
    PlanComponent,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    Tenant,
)
from journal.application import Journal
from journal.clock import Clock
from journal.entry import Actor, Origin, Role
from journal.master_keys import key_source
from journal.reader import Change, Reader
from journal.registry import CODEC
from journal.vault import Vault

ADMIN = Origin(Actor("ada@bench.example", Role.ADMIN), "bench", "bench")
CATALOGUE_FILE = "catalogue.toml"
PLAN = "network-core"
FIRST_QUANTITY = 10


@dataclass(frozen=True, slots=True)
class ManyMsps:
    """Shape: `agreements` and `companies` by organization, the same in every MSP; `products` by component."""

    names: tuple[MspId, ...]
    organizations: tuple[OrganizationId, ...]
    products: tuple[tuple[Component, int], ...]

    @property
    def lines(self) -> int:
        return len(self.names) * len(self.organizations) * len(self.products)


def connect_many(
    system: RunningSystem, msps: int, organizations: int, began_at: datetime, components: Sequence[Component]
) -> ManyMsps:
    """Make tenants, connect them, and map their organizations, one agreement each."""
    names = tuple(MspId(f"bench-{number}") for number in range(msps))
    ids = tuple(OrganizationId(f"organization-{number}") for number in range(organizations))
    settings = settings_here(Places(system.data))
    vault = Vault(key_source(settings))
    products = {component: 2 + place for place, component in enumerate(components)}
    origins = frozenset({system.simulator_url})
    with (
        open_http(Guard(origins)) as http,
        Journal(system.database_url, CODEC) as journal,
        psycopg.connect(system.database_url, autocommit=True) as connection,
    ):
        wire = Wire(http, "00000000-0000-4000-8000-00000000d3e0", ProcessBudget())
        for name in names:
            made = system.http.post(
                f"{system.simulator_url}/_simulator/tenants",
                json={
                    "company_id": str(name),
                    "data": {"companies": organizations, "agreements": organizations, "products": 10},
                },
            ).raise_for_status()
            key = next(one for one in made.json()["keys"] if one["role"] == "minimum")
            address = discover(wire, site_of(system.simulator_url, origins), str(name))
            secret = TenantSecret(address, Credentials(str(name), key["public"], key["private"]))
            vault.put(connection, name, 1, secret_bytes(secret))
            journal.transact(
                partial(_facts, msp=name, tenant=address.tenant, organizations=ids, products=products, at=began_at),
                ADMIN,
            )
    return ManyMsps(names, ids, tuple(products.items()))


def _facts(
    reader: Reader,
    *,
    msp: MspId,
    tenant: Tenant,
    organizations: Sequence[OrganizationId],
    products: dict[Component, int],
    at: datetime,
) -> list[Change]:
    with open(CATALOGUE_FILE, encoding="utf-8") as file:
        catalogue = parse_catalogue(file.read())
    plan = catalogue.plan(PLAN)
    connection = connection_stream(msp)
    reader.state(CONNECTION, connection)
    mapped = [
        ProductMapped(
            PlanComponent(plan.id, component), PsaProductId(product), f"P{product}", "", LeftBehind.UNTOUCHED, at
        )
        for component, product in products.items()
    ]
    first = Connected(1, tenant, f"https://{tenant.site}", str(msp), "0000", at)
    changes = [Change(connection, (first, *mapped, ProductMappingConfirmed()))]
    for number, organization in enumerate(organizations, start=1):
        stream, mapping = organization_stream(msp, organization), company_mapping_stream(msp, organization)
        reader.state(ORGANIZATION, stream)
        reader.state(COMPANY_MAPPING, mapping)
        created = OrganizationCreated(
            ChangeId(f"made-{organization}"),
            at,
            str(organization),
            LineId("network"),
            plan.id,
            tuple(products),
            LicenseType.PAID,
            Management.MSP,
        )
        licenses = [
            LicensesChanged(
                ChangeId(f"first-{organization}-{component}"),
                component,
                Given.QUANTITY,
                FIRST_QUANTITY,
                FIRST_QUANTITY,
                at,
            )
            for component in products
        ]
        changes.append(Change(stream, (created, *licenses)))
        told = CompanyMapped(
            1,
            PsaCompanyId(number),
            f"Company {number}",
            PsaAgreementId(number),
            f"Managed Services {number - 1}",
            str(organization),
            LeftBehind.UNTOUCHED,
            at,
        )
        changes.append(Change(mapping, (told,)))
    return changes


def latency(system: RunningSystem, msps: Sequence[MspId], seconds: float) -> None:
    """Let the tenants take so long for every answer; 0 takes the delay away."""
    for msp in msps:
        path = f"{system.simulator_url}/_simulator/tenants/{msp}/faults"
        system.http.delete(path).raise_for_status()
        if seconds:
            system.http.post(path, json={"kind": "latency", "seconds": seconds}).raise_for_status()


def verified(connection: psycopg.Connection[Any], after: int) -> int:
    """How many pushes were verified after a position of the journal."""
    row = connection.execute(
        "SELECT count(*) FROM facts WHERE notification_id > %s AND topic = 'addition.usage-pushed.v1'", (after,)
    ).fetchone()
    assert row is not None
    return int(row[0])


def head(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM facts").fetchone()
    assert row is not None
    return int(row[0])


def until_verified(connection: psycopg.Connection[Any], after: int, count: int, patience_seconds: float) -> float:
    """Wait for so many verified pushes after a position. Returns seconds.

    Raises: AssertionError when they do not come.
    """
    began = time.perf_counter()
    while (found := verified(connection, after)) < count:
        assert time.perf_counter() - began < patience_seconds, f"{found} of {count} pushes in {patience_seconds} s"
        time.sleep(0.05)
    return time.perf_counter() - began


def move_clock(system: RunningSystem, at: datetime) -> None:
    Clock(system.database_url, settings_here(Places(system.data)).mode).move_to(at)
