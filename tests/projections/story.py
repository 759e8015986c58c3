"""Stories for views: single acts with short names, and random histories that go through the domain's own decisions.

ledger = Ledger(journal)
ledger.connect()
ledger.map_product(CORE_LICENSE, SEATS)
ledger.create("globex")
ledger.licenses("globex", 12)
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from domain import addition as additions
from domain import company_mapping as mappings
from domain import connection as connections
from domain import organization as organizations
from domain import run as runs
from domain.addition import ADDITION, AdditionState, DropGuard, Problem, PushKind, PushOrder
from domain.catalogue import Plan
from domain.company_mapping import COMPANY_MAPPING, CompanyMapped
from domain.connection import CONNECTION, Settings
from domain.organization import ORGANIZATION, Given
from domain.refusals import Refusal
from domain.run import RUN, LineAction, PlannedLine, RunKind, RunPlanned, RunRequested
from domain.streams import (
    Aggregate,
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
    DriftPolicy,
    LeftBehind,
    LicenseType,
    LineId,
    Management,
    MspId,
    OrganizationId,
    PlanComponent,
    PlanId,
    ProductTerms,
    PsaAdditionId,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    PushId,
    Rule,
    RunId,
    Tenant,
)
from journal.application import Journal
from journal.entry import Actor, Entry, Origin, Role

S = TypeVar("S")
F = TypeVar("F")

ACME, OTHER = MspId("acme"), MspId("other")
TENANT, ELSEWHERE = Tenant("na.psa.example", "acme"), Tenant("eu.psa.example", "acme-eu")
NETWORK = LineId("network")
CORE = Plan(PlanId("network-core"), NETWORK, "Core", (Component.LICENSE, Component.SERVER))
LITE = Plan(PlanId("network-lite"), NETWORK, "Lite", (Component.LICENSE,))
CORE_LICENSE, CORE_SERVER = CORE.items
(LITE_LICENSE,) = LITE.items
SEATS, NODES = PsaProductId(10), PsaProductId(20)
AGREEMENT = PsaAgreementId(700)
OCTOBER, NOVEMBER = BillingMonth(2026, 10), BillingMonth(2026, 11)
EPOCH = datetime(2026, 9, 1, tzinfo=UTC)
"""When the stories' organizations begin."""
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""What the decisions take for now; entries carry the journal's own time."""
GUARD = DropGuard(50, 10)

ANN = Origin(Actor("ann@acme.example", Role.ADMIN, "192.0.2.7", "test"), "request-ann", "story-ann")
VENDOR = Origin(Actor("platform", Role.PLATFORM), "request-vendor", "story-vendor")
WORKER = Origin(Actor("worker-1", Role.WORKER), "job-1", "story-vendor")


class Ledger:
    """Acts on one MSP's streams, each recorded at once. What a decision refuses is raised."""

    def __init__(self, journal: Journal, msp: MspId = ACME) -> None:
        self.journal = journal
        self.msp = msp
        self._numbers = 0

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def change(self) -> ChangeId:
        return ChangeId(f"change-{self.number()}")

    def do(
        self,
        aggregate: Aggregate[S, F],
        stream: Stream,
        decide: Callable[[S], tuple[F, ...]],
        origin: Origin = ANN,
    ) -> tuple[Entry[F], ...]:
        return self.journal.execute(aggregate, stream, decide, origin)

    # --- connection ----------------------------------------------------------------------------------------------

    def on_connection(
        self, decide: Callable[..., tuple[Any, ...]], *args: Any, **kwargs: Any
    ) -> tuple[Entry[Any], ...]:
        return self.do(CONNECTION, connection_stream(self.msp), lambda state: decide(state, *args, **kwargs))

    def connection(self) -> connections.ConnectionState:
        return self.journal.state(CONNECTION, connection_stream(self.msp)).state

    def connect(self, tenant: Tenant = TENANT) -> tuple[Entry[Any], ...]:
        return self.on_connection(
            connections.connect,
            tenant=tenant,
            site_url=f"https://{tenant.site}",
            company_name="Acme",
            key_hint="…7f3a",
            now=NOW,
        )

    def map_product(
        self, item: PlanComponent, product: PsaProductId, left_behind: LeftBehind = LeftBehind.ZERO
    ) -> tuple[Entry[Any], ...]:
        return self.on_connection(
            connections.map_product,
            item,
            product=product,
            identifier=f"P-{product}",
            description=f"Product {product}",
            left_behind=left_behind,
            now=NOW,
        )

    # --- organizations -------------------------------------------------------------------------------------------

    def on_organization(
        self, organization: str, decide: Callable[..., tuple[Any, ...]], **kwargs: Any
    ) -> tuple[Entry[Any], ...]:
        def decided(state: organizations.OrganizationState) -> tuple[Any, ...]:
            return decide(state, OrganizationId(organization), **kwargs)

        return self.do(ORGANIZATION, organization_stream(self.msp, OrganizationId(organization)), decided, VENDOR)

    def create(
        self,
        organization: str,
        plan: Plan = CORE,
        license_type: LicenseType = LicenseType.PAID,
        management: Management = Management.MSP,
        name: str | None = None,
    ) -> tuple[Entry[Any], ...]:
        return self.on_organization(
            organization,
            organizations.create_organization,
            change_id=self.change(),
            effective_at=EPOCH,
            name=name or organization.title(),
            plan=plan,
            license_type=license_type,
            management=management,
            now=NOW,
        )

    def licenses(
        self,
        organization: str,
        value: int,
        component: Component = Component.LICENSE,
        given: Given = Given.QUANTITY,
        at: datetime = NOW,
    ) -> tuple[Entry[Any], ...]:
        return self.on_organization(
            organization,
            organizations.change_licenses,
            change_id=self.change(),
            component=component,
            given=given,
            value=value,
            effective_at=at,
            now=NOW,
            terms_at=lambda _: self.terms(),
        )

    def plan(self, organization: str, plan: Plan, at: datetime = NOW) -> tuple[Entry[Any], ...]:
        return self.on_organization(
            organization,
            organizations.change_plan,
            change_id=self.change(),
            plan=plan,
            effective_at=at,
            now=NOW,
            terms_at=lambda _: self.terms(),
        )

    def close_month(self, organization: str, month: BillingMonth = OCTOBER) -> tuple[Entry[Any], ...]:
        connection = self.connection()
        mapping = self.mapping(organization)
        current = mappings.current_mapping(mapping, connection.number)
        return self.do(
            ORGANIZATION,
            organization_stream(self.msp, OrganizationId(organization)),
            lambda state: organizations.close_month(
                state,
                month,
                terms=connections.product_terms(connection),
                connection_number=connection.number,
                connection_version=connection.version,
                company_mapping_version=mapping.version,
                agreement=current.agreement if current is not None else None,
                now=NOW,
            ),
            WORKER,
        )

    def terms(self) -> tuple[ProductTerms, ...]:
        return connections.product_terms(self.connection())

    # --- company mappings ----------------------------------------------------------------------------------------

    def on_mapping(self, organization: str, decide: Callable[..., tuple[Any, ...]]) -> tuple[Entry[Any], ...]:
        return self.do(COMPANY_MAPPING, company_mapping_stream(self.msp, OrganizationId(organization)), decide)

    def mapping(self, organization: str) -> mappings.CompanyMappingState:
        return self.journal.state(COMPANY_MAPPING, company_mapping_stream(self.msp, OrganizationId(organization))).state

    def map_company(self, organization: str, agreement: PsaAgreementId = AGREEMENT) -> tuple[Entry[Any], ...]:
        mapped = CompanyMapped(
            self.connection().number,
            PsaCompanyId(agreement // 100),
            f"Company {agreement // 100}",
            agreement,
            f"Agreement {agreement}",
            organization.title(),
            LeftBehind.ZERO,
            NOW,
        )
        return self.on_mapping(
            organization,
            lambda state: mappings.map_company(
                state, OrganizationId(organization), mapping=mapped, is_managed=True, is_move=True
            ),
        )

    def unmap_company(self, organization: str) -> tuple[Entry[Any], ...]:
        number = self.connection().number
        return self.on_mapping(
            organization,
            lambda state: mappings.unmap_company(
                state, OrganizationId(organization), connection_number=number, left_behind=LeftBehind.UNTOUCHED
            ),
        )

    def exclude(self, organization: str, reason: str = "billed by hand") -> tuple[Entry[Any], ...]:
        number = self.connection().number
        return self.on_mapping(
            organization,
            lambda state: mappings.exclude_organization(
                state, OrganizationId(organization), connection_number=number, reason=reason
            ),
        )

    # --- additions -----------------------------------------------------------------------------------------------

    def addition(self, agreement: PsaAgreementId = AGREEMENT, product: PsaProductId = SEATS) -> Stream:
        live = self.connection().live
        return addition_stream(self.msp, live.tenant if live is not None else TENANT, agreement, product)

    def on_addition(self, stream: Stream, decide: Callable[[AdditionState], tuple[Any, ...]]) -> tuple[Entry[Any], ...]:
        return self.do(ADDITION, stream, decide, WORKER)

    def start(
        self,
        stream: Stream,
        wanted: int,
        found: Decimal | int | None = None,
        *,
        kind: PushKind = PushKind.INITIAL,
        month: BillingMonth = NOVEMBER,
        run: RunId | None = None,
        record: int | None = 1,
    ) -> PushId:
        """Start a push; it may end as a hold or an exception."""
        push = PushId(f"push-{self.number()}")
        here = Decimal(found).quantize(Decimal("0.01")) if found is not None else None
        order = PushOrder(
            kind=kind,
            month=month,
            run=run,
            connection_number=self.connection().number,
            wanted=Decimal(wanted).quantize(Decimal("0.01")),
            drift_policy=DriftPolicy.HOLD if wanted % 2 else DriftPolicy.KEEP,
            guard=GUARD,
            rule=Rule.CURRENT,
            minimum=0,
            target=Decimal(wanted).quantize(Decimal("0.01")) if kind is PushKind.UNDO else None,
        )
        self.on_addition(
            stream,
            lambda state: additions.start_push(
                state,
                order,
                push=push,
                record=PsaAdditionId(record) if record is not None else None,
                found=here if record is not None else None,
                deadline=NOW + timedelta(minutes=1),
                connection_version=1,
                contributions=(additions.Contribution(OrganizationId("globex"), Decimal("1.00"), 1, 1),),
            ),
        )
        return push

    def verify(self, stream: Stream, push: PushId) -> None:
        def decide(state: AdditionState) -> tuple[Any, ...]:
            if state.open is None:
                return ()
            return additions.verify_push(
                state, push, record=state.record or PsaAdditionId(1), after=state.open.target, written=True
            )

        self.on_addition(stream, decide)

    def push(self, stream: Stream, wanted: int, found: Decimal | int | None = 0, **how: Any) -> PushId:
        push = self.start(stream, wanted, found, **how)
        self.verify(stream, push)
        return push

    # --- runs ----------------------------------------------------------------------------------------------------

    def on_run(self, run: str, decide: Callable[..., tuple[Any, ...]], origin: Origin = ANN) -> tuple[Entry[Any], ...]:
        return self.do(RUN, run_stream(self.msp, RunId(run)), decide, origin)

    def request(self, run: str, kind: RunKind = RunKind.OVERWRITE, **more: Any) -> tuple[Entry[Any], ...]:
        requested = RunRequested(
            **{
                "kind": kind,
                "month": NOVEMBER,
                "organizations": None,
                "digest": None,
                "approved": (),
                "undoes": None,
                "import_filter": None,
                "connection_number": self.connection().number,
                "requested_at": NOW,
                **more,
            }
        )
        return self.on_run(run, lambda state: runs.request_run(state, requested))

    def plan_run(self, run: str, *lines: tuple[PsaAgreementId, PsaProductId]) -> tuple[Entry[Any], ...]:
        planned = RunPlanned(
            tuple(
                PlannedLine(agreement, product, LineAction.WRITE, Decimal("1.00"), None, Decimal("0.00"))
                for agreement, product in lines
            ),
            "digest",
        )
        return self.on_run(run, lambda state: runs.plan_run(state, planned), WORKER)


def tell(journal: Journal, seed: int, acts: int, msps: tuple[MspId, ...] = (ACME, OTHER)) -> None:
    """Record a random history of so many acts; what the domain refuses did not happen."""
    dice = random.Random(seed)
    ledgers = [Ledger(journal, msp) for msp in msps]
    for ledger in ledgers:
        if not ledger.connection().number:
            ledger.connect()
            ledger.map_product(CORE_LICENSE, SEATS)
            for organization in ORGANIZATIONS[:2]:
                ledger.create(organization)
                ledger.map_company(organization, dice.choice(AGREEMENTS))
    for _ in range(acts):
        act = dice.choices(ACTS, WEIGHTS)[0]
        try:
            act(dice.choice(ledgers), dice)
        except (Refusal, additions.PushIsOpen):
            continue


ORGANIZATIONS = ("globex", "initech", "hooli", "umbrella")
AGREEMENTS = (AGREEMENT, PsaAgreementId(701), PsaAgreementId(800))
PRODUCTS = (SEATS, NODES)
Act = Callable[[Ledger, random.Random], object]


def _some_time(dice: random.Random) -> datetime:
    return EPOCH + timedelta(days=dice.choice((0, 5, 31, 40, 61, 70, 80)), hours=dice.choice((0, 0, 7)))


def _licenses(ledger: Ledger, dice: random.Random) -> object:
    return ledger.licenses(
        dice.choice(ORGANIZATIONS),
        dice.randint(-3, 60),
        dice.choice(list(Component)),
        dice.choice(list(Given)),
        _some_time(dice),
    )


def _change(ledger: Ledger, dice: random.Random) -> object:
    kwargs: dict[str, Any] = {
        "change_id": ledger.change(),
        "effective_at": _some_time(dice),
        "now": NOW,
        "terms_at": lambda _: ledger.terms(),
    }
    organization = dice.choice(ORGANIZATIONS)
    match dice.randrange(12):
        case 0 | 1:
            kind = dice.choice(list(LicenseType))
            return ledger.on_organization(organization, organizations.change_license_type, license_type=kind, **kwargs)
        case 2 | 3:
            managed = dice.choice(list(Management))
            return ledger.on_organization(organization, organizations.change_management, management=managed, **kwargs)
        case 4:
            return ledger.on_organization(organization, organizations.close_organization, **kwargs)
        case 5:
            name = dice.choice(("Globex", "Ünïted  Straße", "Initech\u00a0GmbH", "東京"))
            return ledger.on_organization(organization, organizations.rename_organization, name=name)
        case _:
            return ledger.plan(organization, dice.choice((CORE, LITE)), _some_time(dice))


def _create(ledger: Ledger, dice: random.Random) -> object:
    return ledger.create(dice.choice(ORGANIZATIONS), dice.choice((CORE, LITE)), dice.choice(list(LicenseType)))


def _close_month(ledger: Ledger, dice: random.Random) -> object:
    return ledger.close_month(dice.choice(ORGANIZATIONS), dice.choice((OCTOBER, OCTOBER.previous())))


def _connection(ledger: Ledger, dice: random.Random) -> object:
    item = dice.choice((CORE_LICENSE, CORE_SERVER, LITE_LICENSE))
    match dice.randrange(17):
        case 0 if dice.randrange(2):
            return ledger.on_connection(connections.disconnect)
        case 11:
            tenant = dice.choice((TENANT, ELSEWHERE))
            return ledger.on_connection(connections.update_credentials, tenant=tenant, key_hint="…91c2")
        case 12:
            created = connections.ProductCreated(NODES, "P-20", "Product 20", 1, 1)
            return ledger.on_connection(connections.create_product, created)
        case 1 | 2:
            return ledger.connect(dice.choice((TENANT, TENANT, ELSEWHERE)))
        case 3:
            return ledger.on_connection(dice.choice((connections.pause, connections.resume)))
        case 4:
            reason = dice.choice(list(connections.AttentionReason))
            return ledger.on_connection(connections.raise_attention, reason, f"told by {ledger.msp}")
        case 5:
            return ledger.on_connection(connections.clear_attention)
        case 6:
            settings = Settings(dice.choice(list(DriftPolicy)), dice.randrange(3))
            return ledger.on_connection(connections.change_settings, settings)
        case 7:
            return ledger.on_connection(connections.unmap_product, item, left_behind=LeftBehind.ZERO)
        case 8:
            rule, minimum = dice.choice(list(Rule)), dice.choice((0, 5))
            return ledger.on_connection(connections.set_product_rule, dice.choice(PRODUCTS), rule=rule, minimum=minimum)
        case 9:
            return ledger.on_connection(connections.confirm_product_mapping, ())
        case 10:
            run = RunId(f"import-{dice.randrange(3)}")
            imported = connections.CompaniesImported(run, (1,), (), 3, 2, 1, 0, 0)
            return ledger.on_connection(connections.record_import, imported)
        case _:
            return ledger.map_product(item, dice.choice(PRODUCTS), dice.choice(list(LeftBehind)))


def _mapping(ledger: Ledger, dice: random.Random) -> object:
    organization = dice.choice(ORGANIZATIONS)
    match dice.randrange(8):
        case 0:
            return ledger.unmap_company(organization)
        case 1:
            return ledger.exclude(organization)
        case 2:
            return ledger.on_mapping(organization, mappings.include_organization)
        case _:
            return ledger.map_company(organization, dice.choice(AGREEMENTS))


def _addition(ledger: Ledger, dice: random.Random) -> object:
    stream = ledger.addition(dice.choice(AGREEMENTS), dice.choice(PRODUCTS))
    state = ledger.journal.state(ADDITION, stream).state
    found = Decimal(dice.choice((0, 1, 5, 40, 80))).quantize(Decimal("0.01"))
    if state.open is not None:
        push = state.open.push
        match dice.randrange(8):
            case 0:
                retried = dice.choice((True, False))
                problem = dice.choice(list(Problem))
                return ledger.on_addition(
                    stream, lambda s: additions.fail_push(s, push, problem, "no\0body", will_retry=retried)
                )
            case 1:
                record = PsaAdditionId(dice.randrange(1, 4))
                return ledger.on_addition(
                    stream, lambda s: additions.settle_from_psa(s, push, record=record, found=found)
                )
            case 2:
                return ledger.on_addition(stream, lambda s: additions.created(s, PsaAdditionId(9), NOW))
            case _:
                ledger.verify(stream, push)
                return None
    if state.held is not None and state.approved is None and dice.randrange(3) == 0:
        held = state.held
        by_guard = held.reason is additions.HoldReason.DROP_GUARD
        answer = additions.Answer.APPROVE if by_guard else dice.choice(list(additions.Answer)[1:])
        return ledger.on_addition(
            stream,
            lambda s: additions.approve_push(
                s, AGREEMENT, SEATS, push=held.push, answer=answer, found=held.found, target=held.target
            ),
        )
    match dice.randrange(10):
        case 0:
            return ledger.on_addition(stream, additions.lose_record)
        case 1:
            return ledger.on_addition(stream, lambda s: additions.detect_drift(s, found))
        case 2:
            return ledger.on_addition(stream, additions.confirm_proration)
        case 3:
            return ledger.on_addition(
                stream, lambda s: additions.request_retry(s, AGREEMENT, SEATS, create_again=False)
            )
        case 4:
            problem = dice.choice(list(Problem))
            run = _some_run(dice)
            return ledger.on_addition(
                stream,
                lambda s: additions.refuse_push(
                    s, kind=PushKind.FINAL, month=OCTOBER, run=run, problem=problem, detail="not now"
                ),
            )
        case _:
            return ledger.start(
                stream,
                dice.choice((0, 3, 12, 50)),
                found,
                kind=dice.choice(list(PushKind)),
                month=dice.choice((OCTOBER.previous(), OCTOBER, NOVEMBER)),
                run=_some_run(dice),
                record=dice.choice((1, 1, 1, 2, None)),
            )


def _some_run(dice: random.Random) -> RunId | None:
    return dice.choice((None, RunId(f"run-{dice.randrange(4)}")))


def _run(ledger: Ledger, dice: random.Random) -> object:
    run = f"run-{dice.randrange(4)}"
    match dice.randrange(6):
        case 0 | 1 | 2:
            kind = dice.choice(list(RunKind))
            chosen = dice.choice((None, (OrganizationId("globex"), OrganizationId("hooli"))))
            by_filter = runs.ImportFilter((1, 2), ()) if kind is RunKind.IMPORT else None
            return ledger.request(run, kind, organizations=chosen, import_filter=by_filter)
        case 3 | 4:
            return ledger.plan_run(run, *((a, p) for a in AGREEMENTS for p in PRODUCTS))
        case _ if dice.randrange(4) == 0:
            return ledger.on_run(run, lambda state: runs.cancel_run(state, RunId(run)))
        case _:
            return ledger.on_run(run, lambda state: runs.finish_run(state, {"VERIFIED": 2}))


ACTS: tuple[Act, ...] = (_licenses, _change, _create, _close_month, _connection, _mapping, _addition, _run)
WEIGHTS = (20, 8, 4, 6, 12, 10, 30, 8)
