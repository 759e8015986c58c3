"""What stories say often: a customer starts, a month ends, keys are lost and found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from domain.addition import PushKind, PushRefused, PushStarted, UsagePushed
from domain.catalogue import Plan
from domain.connection import CONNECTION, ConnectionState, Status, update_credentials
from domain.organization import (
    ORGANIZATION,
    MonthClosed,
    OrganizationState,
    UsageCorrected,
    change_license_type,
    change_management,
)
from domain.streams import connection_stream, organization_stream
from domain.values import BillingMonth, LicenseType, Management, MspId, OrganizationId, PsaAgreementId, PsaProductId
from tests.inline_jobs import answered_by
from tests.workers.system import CORE, MSP, System
from workers.actors import answers
from workers.dispatch import Dispatcher
from workers.tools import Clients, Tools

NOVEMBER = BillingMonth(2026, 11)
DECEMBER = BillingMonth(2026, 12)


def at(month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def start(system: System, name: str = "globex", quantity: int = 12, plan: Plan = CORE) -> None:
    """A customer with licences is created, mapped and pushed."""
    system.create(name, plan)
    system.licenses(name, quantity=quantity)
    system.map_company(name)
    system.settle()


def close(system: System, month: BillingMonth) -> None:
    """The clock reaches 00:30 of the day after a month, and everything due is done."""
    system.move_clock(month.ends_at.replace(minute=30))
    system.settle()


def pass_time(system: System, until: datetime) -> None:
    """The clock moves on unless it is there already, back-offs and pauses run out, and everything due is done."""
    if until > system.now:
        system.move_clock(until)
    system.forget_patience()
    system.settle()


def change_type(system: System, name: str, license_type: LicenseType, effective_at: datetime | None = None) -> None:
    organization = OrganizationId(name)

    def decide(state: OrganizationState) -> tuple[Any, ...]:
        return change_license_type(
            state,
            organization,
            change_id=change_id,
            license_type=license_type,
            effective_at=effective_at or system.now,
            now=system.now,
            terms_at=system.terms_at,
        )

    change_id = system.change_id()
    system.journal.execute(ORGANIZATION, organization_stream(MSP, organization), decide, system.origin())


def change_manager(system: System, name: str, management: Management, effective_at: datetime | None = None) -> None:
    organization = OrganizationId(name)

    def decide(state: OrganizationState) -> tuple[Any, ...]:
        return change_management(
            state,
            organization,
            change_id=change_id,
            management=management,
            effective_at=effective_at or system.now,
            now=system.now,
            terms_at=system.terms_at,
        )

    change_id = system.change_id()
    system.journal.execute(ORGANIZATION, organization_stream(MSP, organization), decide, system.origin())


def revoke_keys(system: System) -> None:
    system.psa.post("actions", action="keys_revoked")


def give_new_keys(system: System) -> None:
    """The MSP makes new keys in ConnectWise and enters them; the harness's vault holds the same ones as before."""
    system.psa.post("keys", public="pub", private="priv", role="minimum")
    system.on_connection(lambda state: update_credentials(state, tenant=system.tenant, key_hint="1111"))


def heal(system: System) -> None:
    """ConnectWise behaves again."""
    answer = system.psa.http.delete(f"{system.psa.url}/_simulator/tenants/{system.psa.company_id}/faults")
    answer.raise_for_status()


# --- looking -------------------------------------------------------------------------------------------------------


def connection_of(system: System) -> ConnectionState:
    return system.journal.state(CONNECTION, connection_stream(MSP)).state


def status(system: System) -> Status:
    return connection_of(system).status


def closed_months(system: System, name: str = "globex") -> list[tuple[str, int, list[Decimal]]]:
    """Month, version and quantities of each close and correction, in order."""
    entries = system.journal.entries(organization_stream(MSP, OrganizationId(name)))
    return [
        (str(entry.fact.month), entry.fact.version, [closed.quantity for closed in entry.fact.products])
        for entry in entries
        if isinstance(entry.fact, MonthClosed | UsageCorrected)
    ]


def started(system: System, product: PsaProductId, agreement: PsaAgreementId | None = None) -> list[PushStarted]:
    return [fact for fact in system.facts(product, agreement) if isinstance(fact, PushStarted)]


def last_started(system: System, product: PsaProductId, agreement: PsaAgreementId | None = None) -> PushStarted:
    return started(system, product, agreement)[-1]


def kinds(system: System, product: PsaProductId, agreement: PsaAgreementId | None = None) -> list[str]:
    """Kind and month of each settled push, in order: `FINAL 2026-11`."""
    begun = {fact.push: fact for fact in started(system, product, agreement)}
    return [
        f"{begun[fact.push].kind.value} {begun[fact.push].month}"
        for fact in system.facts(product, agreement)
        if isinstance(fact, UsagePushed)
    ]


def refusals(system: System, product: PsaProductId, agreement: PsaAgreementId | None = None) -> list[str]:
    """Problem and month of each refused push, in order."""
    return [
        f"{fact.problem.value} {fact.month}"
        for fact in system.facts(product, agreement)
        if isinstance(fact, PushRefused)
    ]


def finals(facts: Sequence[PushStarted]) -> list[PushStarted]:
    return [fact for fact in facts if fact.kind is PushKind.FINAL]


def due(system: System) -> list[tuple[str, str, str]]:
    """Lane, month and state of every row that waits, whatever it waits for."""
    system.fold()
    with system.tools.pool.connection() as connection:
        rows = connection.execute("SELECT lane, month, state FROM due_pushes ORDER BY 1, 2, 3").fetchall()
    return [(str(lane), str(month), str(state)) for lane, month, state in rows]


def addition_id(system: System, product: PsaProductId) -> UUID:
    return system.stream(product).id


def driven_by(
    system: System, tools: Tools, notice: Callable[[str, tuple[str | int, ...]], None] = lambda _job, _arguments: None
) -> System:
    """The same ledger, worked on with other tools from now on. `notice` is told every message before it is answered."""
    doing = answers(tools)

    def send(job: str, *arguments: str | int) -> None:
        notice(job, arguments)
        system.sent.append(f"{job}{arguments[:-1]}")
        doing[job](*arguments)

    dispatcher = Dispatcher(tools.pool, answered_by(send), timing=tools.timing, new_holder=lambda: str(uuid4()))
    return replace(system, tools=tools, dispatcher=dispatcher)


class Meddling:
    """A client of ours whose written numbers somebody in ConnectWise turns into others at once."""

    def __init__(self, client: Any, turned: Callable[[Decimal], Decimal]) -> None:
        self._client = client
        self._turned = turned

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def set_quantity(self, agreement: Any, record: Any, quantity: Decimal, *, deadline: float) -> Any:
        return self._client.set_quantity(agreement, record, self._turned(quantity), deadline=deadline)


@dataclass(frozen=True)
class MeddledClients:
    clients: Clients
    turned: Callable[[Decimal], Decimal]

    def reading(self, msp: MspId, connection_number: int) -> Any:
        return self.clients.reading(msp, connection_number)

    def writing(self, msp: MspId, connection_number: int) -> Any:
        return Meddling(self.clients.writing(msp, connection_number), self.turned)
