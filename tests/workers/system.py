"""A whole ledger in one thread: journal, views, jobs and a ConnectWise over HTTP, driven step by step.

`settle` folds and carries out jobs until nothing is due, so a test says what happened and then looks at what the PSA
holds. Time stands where the test puts it; nothing sleeps.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from psycopg_pool import ConnectionPool

from connectwise.auth import Credentials
from connectwise.budget import Allowance, ProcessBudget
from connectwise.discovery import discover, site_of
from connectwise.exchange import Limits, Wire
from connectwise.guard import Guard, open_http
from connectwise.tenants import Tenants, TenantSecret, secret_bytes
from domain.addition import ADDITION, AdditionState, Answer, PushStarted, UsagePushed, approve_push, request_retry
from domain.catalogue import Plan, parse_catalogue
from domain.company_mapping import COMPANY_MAPPING, CompanyMapped, map_company, unmap_company
from domain.connection import (
    CONNECTION,
    ConnectionState,
    Settings,
    change_settings,
    confirm_product_mapping,
    connect,
    disconnect,
    map_product,
    pause,
    product_terms,
    resume,
    set_product_rule,
    unmap_product,
)
from domain.organization import (
    ORGANIZATION,
    Given,
    change_licenses,
    change_plan,
    close_organization,
    create_organization,
)
from domain.run import RUN, ApprovedLine, RunKind, RunRequested, cancel_run, request_run
from domain.streams import (
    Stream,
    addition_stream,
    company_mapping_stream,
    connection_stream,
    organization_stream,
    run_stream,
)
from domain.values import (
    BillingMonth,
    ChangeId,
    Component,
    LeftBehind,
    LicenseType,
    Management,
    MspId,
    OrganizationId,
    PlanComponent,
    ProductTerms,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    Rule,
    RunId,
    Tenant,
)
from journal.application import Journal
from journal.clock import Clock
from journal.entry import Actor, Entry, Origin, Role
from journal.registry import CODEC
from journal.settings import Mode
from projections.follower import all_views
from projections.projector import Projector
from simulator.app import create_app
from simulator.server import running
from simulator.tenant_recipes import Recipe
from telemetry.numbers import Numbers
from tests.inline_jobs import answered_by
from workers.actors import answers
from workers.dispatch import Dispatcher
from workers.tools import Clients, Timing, Tools

CATALOGUE = parse_catalogue(Path(__file__).parents[2].joinpath("catalogue.toml").read_text(encoding="utf-8"))
CORE, LITE = CATALOGUE.plan("network-core"), CATALOGUE.plan("network-lite")
MSP = MspId("acme")
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
ADMIN = Actor("ada@acme.example", Role.ADMIN)
RECIPE: Recipe = {
    "company_id": "test_msp",
    "data": {"companies": 3, "agreements": 4, "products": 10},
    "keys": [{"public": "pub", "private": "priv", "member": "Ledger", "role": "minimum"}],
}
TIMING = Timing(deadline=timedelta(seconds=20), lease=timedelta(minutes=10))


@dataclass
class Psa:
    """The tenant in the simulator, by its admin path."""

    url: str
    company_id: str
    http: httpx.Client

    def post(self, path: str, **content: Any) -> Any:
        answer = self.http.post(f"{self.url}/_simulator/tenants/{self.company_id}/{path}", json=content)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str) -> Any:
        answer = self.http.get(f"{self.url}/_simulator/tenants/{self.company_id}/{path}")
        answer.raise_for_status()
        return answer.json()

    def set_clock(self, at: datetime) -> None:
        answer = self.http.put(
            f"{self.url}/_simulator/tenants/{self.company_id}/clock", json={"at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        )
        answer.raise_for_status()

    def additions(self, agreement: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"records/addition?agreementId={agreement}")
        return found

    def quantities(self, agreement: int) -> dict[int, list[Decimal]]:
        """What the agreement's running additions hold, by product."""
        held: dict[int, list[Decimal]] = {}
        for addition in self.additions(agreement):
            held.setdefault(addition["product"]["id"], []).append(Decimal(str(addition["quantity"])))
        return held

    def hand_edit(self, agreement: int, product: int, quantity: float) -> None:
        record = next(one for one in self.additions(agreement) if one["product"]["id"] == product)
        self.post("actions", action="hand_edit", addition=record["id"], changes={"quantity": quantity})

    def fault(self, kind: str, **detail: Any) -> None:
        self.post("faults", kind=kind, **detail)

    def writes(self) -> int:
        total: int = self.get("traffic")["writes"]
        return total


@dataclass
class System:
    url: str
    journal: Journal
    projector: Projector
    dispatcher: Dispatcher
    tools: Tools
    clock: Clock
    psa: Psa
    tenant: Tenant
    agreement: PsaAgreementId
    other_agreement: PsaAgreementId
    license_product: PsaProductId
    server_product: PsaProductId
    spare_product: PsaProductId
    sent: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # --- driving -----------------------------------------------------------------------------------------------

    def fold(self) -> None:
        while self.projector.fold():
            pass

    def settle(self, rounds: int = 30) -> None:
        """Fold and work until nothing is due any more."""
        for _ in range(rounds):
            self.fold()
            if not self.dispatcher.look():
                return
        raise AssertionError(f"still busy after {rounds} rounds: {self.sent[-10:]}")

    def forget_patience(self) -> None:
        """As if every back-off and the sweeper's pause had passed."""
        with self.tools.pool.connection() as connection:
            connection.execute("UPDATE push_attempts SET not_before = '-infinity', sweep_at = '-infinity'")
            connection.execute("DELETE FROM leases")

    def move_clock(self, at: datetime) -> None:
        self.clock.move_to(at)
        self.psa.set_clock(at)

    @property
    def now(self) -> datetime:
        return self.journal.now()

    def origin(self) -> Origin:
        return Origin(ADMIN, str(uuid4()), str(uuid4()))

    # --- acts --------------------------------------------------------------------------------------------------

    def on_connection(self, decide: Callable[[ConnectionState], tuple[Any, ...]]) -> tuple[Entry[Any], ...]:
        return self.journal.execute(CONNECTION, connection_stream(MSP), decide, self.origin())

    def connect(self) -> None:
        self.on_connection(
            lambda state: connect(
                state,
                tenant=self.tenant,
                site_url=self.psa.url,
                company_name="Acme",
                key_hint="0000",
                now=self.now,
            )
        )

    def disconnect(self) -> None:
        self.on_connection(disconnect)

    def map_product(
        self, plan: Plan, component: Component, product: PsaProductId, left: LeftBehind = LeftBehind.ZERO
    ) -> None:
        self.on_connection(
            lambda state: map_product(
                state,
                PlanComponent(plan.id, component),
                product=product,
                identifier=f"P{product}",
                description=f"Product {product}",
                left_behind=left,
                now=self.now,
            )
        )

    def unmap_product(self, plan: Plan, component: Component, left: LeftBehind = LeftBehind.UNTOUCHED) -> None:
        self.on_connection(lambda state: unmap_product(state, PlanComponent(plan.id, component), left_behind=left))

    def set_rule(self, product: PsaProductId, rule: Rule, minimum: int = 0) -> None:
        self.on_connection(lambda state: set_product_rule(state, product, rule=rule, minimum=minimum))

    def change_settings(self, **changed: Any) -> None:
        self.on_connection(lambda state: change_settings(state, Settings(**changed)))

    def pause(self) -> None:
        self.on_connection(pause)

    def resume(self) -> None:
        self.on_connection(resume)

    def terms_at(self, version: int) -> tuple[ProductTerms, ...]:
        state = CONNECTION.initial
        for entry in self.journal.entries(connection_stream(MSP), to_version=version):
            state = CONNECTION.evolve(state, entry.fact)
        return product_terms(state)

    def change_id(self) -> ChangeId:
        return ChangeId(f"change-{next(self.numbers)}")

    def create(
        self,
        organization: str,
        plan: Plan = CORE,
        license_type: LicenseType = LicenseType.PAID,
        management: Management = Management.MSP,
        effective_at: datetime | None = None,
    ) -> None:
        name = OrganizationId(organization)
        self.journal.execute(
            ORGANIZATION,
            organization_stream(MSP, name),
            lambda state: create_organization(
                state,
                name,
                change_id=self.change_id(),
                effective_at=effective_at or self.now,
                name=organization.title(),
                plan=plan,
                license_type=license_type,
                management=management,
                now=self.now,
            ),
            self.origin(),
        )

    def licenses(
        self,
        organization: str,
        *,
        delta: int | None = None,
        quantity: int | None = None,
        component: Component = Component.LICENSE,
        effective_at: datetime | None = None,
    ) -> tuple[Entry[Any], ...]:
        name = OrganizationId(organization)
        given, value = (Given.DELTA, delta) if delta is not None else (Given.QUANTITY, quantity)
        assert value is not None
        change_id = self.change_id()
        return self.journal.execute(
            ORGANIZATION,
            organization_stream(MSP, name),
            lambda state: change_licenses(
                state,
                name,
                change_id=change_id,
                component=component,
                given=given,
                value=value,
                effective_at=effective_at or self.now,
                now=self.now,
                terms_at=self.terms_at,
            ),
            self.origin(),
        )

    def change_plan(self, organization: str, plan: Plan, effective_at: datetime | None = None) -> None:
        name = OrganizationId(organization)
        self.journal.execute(
            ORGANIZATION,
            organization_stream(MSP, name),
            lambda state: change_plan(
                state,
                name,
                change_id=self.change_id(),
                plan=plan,
                effective_at=effective_at or self.now,
                now=self.now,
                terms_at=self.terms_at,
            ),
            self.origin(),
        )

    def close_organization(self, organization: str) -> None:
        name = OrganizationId(organization)
        self.journal.execute(
            ORGANIZATION,
            organization_stream(MSP, name),
            lambda state: close_organization(
                state,
                name,
                change_id=self.change_id(),
                effective_at=self.now,
                now=self.now,
                terms_at=self.terms_at,
            ),
            self.origin(),
        )

    def map_company(
        self,
        organization: str,
        agreement: PsaAgreementId | None = None,
        *,
        is_move: bool = False,
        left: LeftBehind = LeftBehind.ZERO,
    ) -> None:
        name = OrganizationId(organization)
        number = self.journal.state(CONNECTION, connection_stream(MSP)).state.number
        mapping = CompanyMapped(
            connection_number=number,
            company=PsaCompanyId(1),
            company_name="Company",
            agreement=agreement or self.agreement,
            agreement_name="Agreement",
            organization_name=organization,
            left_behind=left,
            mapped_at=self.now,
        )
        self.journal.execute(
            COMPANY_MAPPING,
            company_mapping_stream(MSP, name),
            lambda state: map_company(state, name, mapping=mapping, is_managed=True, is_move=is_move),
            self.origin(),
        )

    def unmap_company(self, organization: str, left: LeftBehind = LeftBehind.UNTOUCHED) -> None:
        name = OrganizationId(organization)
        number = self.journal.state(CONNECTION, connection_stream(MSP)).state.number
        self.journal.execute(
            COMPANY_MAPPING,
            company_mapping_stream(MSP, name),
            lambda state: unmap_company(state, name, connection_number=number, left_behind=left),
            self.origin(),
        )

    def sync_now(
        self,
        month: BillingMonth | None = None,
        kind: RunKind = RunKind.OVERWRITE,
        undoes: RunId | None = None,
        approved: Sequence[ApprovedLine] = (),
        digest: str | None = None,
    ) -> RunId:
        run = RunId(f"run-{next(self.numbers)}")
        number = self.journal.state(CONNECTION, connection_stream(MSP)).state.number
        requested = RunRequested(
            kind=kind,
            month=month or (BillingMonth.of(self.now) if kind is RunKind.OVERWRITE else None),
            organizations=None,
            digest=digest,
            approved=tuple(approved),
            undoes=undoes,
            import_filter=None,
            connection_number=number,
            requested_at=self.now,
        )
        self.journal.execute(RUN, run_stream(MSP, run), lambda state: request_run(state, requested), self.origin())
        return run

    def cancel(self, run: RunId) -> None:
        self.journal.execute(RUN, run_stream(MSP, run), lambda state: cancel_run(state, run), self.origin())

    def approve(self, product: PsaProductId, answer: Answer = Answer.APPROVE) -> None:
        held = self.addition(product).held
        assert held is not None
        self.journal.execute(
            ADDITION,
            self.stream(product),
            lambda state: approve_push(
                state,
                self.agreement,
                product,
                push=held.push,
                answer=answer,
                found=held.found,
                target=held.target,
            ),
            self.origin(),
        )

    def retry(self, product: PsaProductId, *, create_again: bool = False) -> None:
        self.journal.execute(
            ADDITION,
            self.stream(product),
            lambda state: request_retry(state, self.agreement, product, create_again=create_again),
            self.origin(),
        )

    # --- looking -----------------------------------------------------------------------------------------------

    def stream(self, product: PsaProductId, agreement: PsaAgreementId | None = None) -> Stream:
        return addition_stream(MSP, self.tenant, agreement or self.agreement, product)

    def addition(self, product: PsaProductId, agreement: PsaAgreementId | None = None) -> AdditionState:
        return self.journal.state(ADDITION, self.stream(product, agreement)).state

    def facts(self, product: PsaProductId, agreement: PsaAgreementId | None = None) -> list[Any]:
        return [entry.fact for entry in self.journal.entries(self.stream(product, agreement))]

    def pushes(self, product: PsaProductId, agreement: PsaAgreementId | None = None) -> list[tuple[str, Decimal]]:
        """Kind and target of each settled push, in order."""
        started = {fact.push: fact for fact in self.facts(product, agreement) if isinstance(fact, PushStarted)}
        return [
            (started[fact.push].kind.value, started[fact.push].target)
            for fact in self.facts(product, agreement)
            if isinstance(fact, UsagePushed)
        ]

    def held(self, product: PsaProductId, agreement: PsaAgreementId | None = None) -> list[Decimal]:
        """What the PSA holds for a product."""
        return self.psa.quantities(agreement or self.agreement).get(product, [])


def tenants_of(wire: Wire, secret: TenantSecret) -> Clients:
    stored = secret_bytes(secret)
    return Tenants(wire, lambda _msp, _number: stored)


@contextmanager
def ready_system(
    url: str,
    at: datetime = NOON,
    clients: Callable[[Wire, TenantSecret], Clients] = tenants_of,
    *,
    recipe: Recipe = RECIPE,
    psa_host: str = "127.0.0.1",
) -> Iterator[System]:
    """A system whose MSP is connected and has Core mapped: licences and servers, confirmed."""
    with open_system(url, at, clients, recipe=recipe, psa_host=psa_host) as system:
        system.connect()
        system.map_product(CORE, Component.LICENSE, system.license_product)
        system.map_product(CORE, Component.SERVER, system.server_product)
        system.on_connection(lambda state: confirm_product_mapping(state, CORE.items))
        yield system


@contextmanager
def open_system(
    url: str,
    at: datetime,
    clients: Callable[[Wire, TenantSecret], Clients] = tenants_of,
    seconds: Callable[[], float] = time.monotonic,
    *,
    recipe: Recipe = RECIPE,
    psa_host: str = "127.0.0.1",
) -> Iterator[System]:
    """A system that nothing is connected to. `seconds` is the clock of the request budget."""
    with (
        # Its agreements lie around this instant too, not around the day on which a test happens to run.
        running(create_app([recipe], now=lambda: at), host=psa_host) as psa_url,
        httpx.Client(timeout=60) as http,
        open_http(Guard(frozenset({psa_url}))) as outgoing,
        Journal(url, CODEC, pool_size=4) as journal,
        ConnectionPool(url, min_size=1, max_size=6, open=True) as pool,
        Projector(url, CODEC, all_views()) as projector,
    ):
        psa = Psa(psa_url, "test_msp", http)
        clock = Clock(url, Mode.TEST)
        clock.move_to(at)
        psa.set_clock(at)
        projector.try_lock()
        projector.prepare()
        numbers = Numbers()
        wire = Wire(
            outgoing,
            "00000000-0000-0000-0000-000000000001",
            ProcessBudget(lambda _: Allowance(per_second=10_000, burst=10_000), seconds),
            limits=Limits(attempts=1),
            watch=numbers.psa_called,
        )
        credentials = Credentials("test_msp", "pub", "priv")
        address = discover(wire, site_of(psa_url, frozenset({psa_url})), "test_msp")

        def wait_for_views(position: int) -> bool:
            while projector.fold():
                pass
            return projector.position >= position

        tools = Tools(
            journal=journal,
            pool=pool,
            clients=clients(wire, TenantSecret(address, credentials)),
            wait_for_views=wait_for_views,
            timing=TIMING,
            numbers=numbers,
        )
        doing = answers(tools)
        sent: list[str] = []

        def send(job: str, *arguments: str | int) -> None:
            sent.append(f"{job}{arguments[:-1]}")
            doing[job](*arguments)

        agreements = [
            one
            for one in psa.get("records/agreement")
            if not one.get("cancelledFlag") and one.get("agreementStatus") in (None, "Active")
        ]
        billed = {one["product"]["id"] for one in psa.get("records/addition")}
        products = [
            one["id"]
            for one in psa.get("records/catalogItem")
            if not one.get("inactiveFlag") and one.get("productClass") != "Bundle" and one["id"] not in billed
        ]
        yield System(
            url=url,
            journal=journal,
            projector=projector,
            dispatcher=Dispatcher(pool, answered_by(send), timing=TIMING, new_holder=lambda: str(uuid4())),
            tools=tools,
            clock=clock,
            psa=psa,
            tenant=address.tenant,
            agreement=PsaAgreementId(agreements[0]["id"]),
            other_agreement=PsaAgreementId(agreements[1]["id"]),
            license_product=PsaProductId(products[0]),
            server_product=PsaProductId(products[1]),
            spare_product=PsaProductId(products[2]),
            sent=sent,
        )
