"""One fault after the other: what the client says, what the worker does, and what the PSA holds in the end.

The table is `fault_table`; here is how each of its rows is lived through. One addition is billed; when the fault comes,
licences are to be moved from 12 to 15 (or 15 are to be billed for the first time). Then somebody does the cure of the
row, time passes, and in the night the watch looks at everything.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from typing_extensions import override

from connectwise.client import ReadingClient, WritingClient
from connectwise.errors import PsaError
from connectwise.exchange import Deadline, Wire
from connectwise.shapes import Addition, Agreement, BillCustomer
from connectwise.tenants import TenantSecret
from domain.addition import PushFailed, PushRefused, TroubleSeen
from domain.connection import AttentionRaised, confirm_product_mapping
from domain.streams import connection_stream
from domain.values import Component, MspId, PsaAdditionId, PsaAgreementId, PsaProductId
from simulator.actions import ACTIONS
from simulator.faults import CUTS, ERROR_BODIES, KINDS
from tests.workers.fault_table import TABLE, Meets, Row
from tests.workers.system import CORE, MSP, NOON, RECIPE, System, open_system

THREE_AT_NIGHT = datetime(2026, 11, 11, 3, tzinfo=UTC)
TOO_SLOW_SECONDS = 0.3
"""When the client gives up in the rows where the PSA takes longer."""
READS = 3
"""How often it then tries a read, so that only what is struck can be too late."""
API_MEMBER = RECIPE["keys"][0]["member"]


class Overheard(WritingClient):
    """The client that we ship, listened to: what it raises is noted before anybody catches it."""

    def __init__(self, wire: Wire, secret: TenantSecret, said: list[str]) -> None:
        super().__init__(wire, secret.address, secret.credentials)
        self._said = said

    @contextmanager
    def _listening(self) -> Iterator[None]:
        try:
            yield
        except PsaError as error:
            self._said.append(type(error).__name__)
            raise

    @override
    def agreement(self, agreement_id: PsaAgreementId) -> Agreement:
        with self._listening():
            return super().agreement(agreement_id)

    @override
    def additions(self, agreement_id: PsaAgreementId) -> tuple[Addition, ...]:
        with self._listening():
            return super().additions(agreement_id)

    @override
    def additions_by_id(self, agreement_id: PsaAgreementId, ids: Iterable[PsaAdditionId]) -> tuple[Addition, ...]:
        with self._listening():
            return super().additions_by_id(agreement_id, ids)

    @override
    def set_quantity(
        self, agreement_id: PsaAgreementId, addition_id: PsaAdditionId, quantity: Decimal, *, deadline: Deadline
    ) -> Addition:
        with self._listening():
            return super().set_quantity(agreement_id, addition_id, quantity, deadline=deadline)

    @override
    def create_addition(
        self,
        agreement_id: PsaAgreementId,
        product_id: PsaProductId,
        quantity: Decimal,
        effective_at: datetime,
        *,
        deadline: Deadline,
        bill_customer: BillCustomer = BillCustomer.BILLABLE,
    ) -> Addition:
        with self._listening():
            return super().create_addition(
                agreement_id, product_id, quantity, effective_at, deadline=deadline, bill_customer=bill_customer
            )


@dataclass
class Listening:
    """The clients of a worker, one for all: what it says is kept, and how long it waits can be changed."""

    wire: Wire
    secret: TenantSecret
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wait_at_most(None)

    def wait_at_most(self, seconds: float | None) -> None:
        """Seconds of one request; none for as long as usual. A read is tried again, so that only the write counts."""
        limits = self.wire.limits
        if seconds is not None:
            limits = replace(limits, request_seconds=seconds, attempts=READS, first_pause_seconds=0.01)
        self._client = Overheard(replace(self.wire, limits=limits), self.secret, self.said)

    def reading(self, msp: MspId, connection_number: int) -> ReadingClient:
        return self._client

    def writing(self, msp: MspId, connection_number: int) -> WritingClient:
        return self._client


@dataclass
class Ledger:
    """A system that bills one product on one agreement."""

    system: System
    clients: Listening
    seconds: list[float]
    """The clock of the request budget."""

    @property
    def record(self) -> int | None:
        """The addition that the API made first."""
        product = self.system.license_product
        found = (
            each["id"] for each in self.system.psa.additions(self.system.agreement) if each["product"]["id"] == product
        )
        return next(found, None)

    def order(self, row: Row) -> None:
        method, endpoint = row.meets.value
        count = READS if row.is_too_slow and row.meets is Meets.READ else 1
        asked = {"method": method, "endpoint": endpoint, "count": count, **row.fault}
        self.system.psa.post("faults", **self.known(asked))

    def known(self, detail: Any) -> Any:
        """The detail with the ids of this system in place of their names."""
        ids = {
            "the agreement": self.system.agreement,
            "the product": self.system.license_product,
            "our addition": self.record,
        }
        if isinstance(detail, dict):
            return {name: self.known(value) for name, value in detail.items()}
        return ids.get(detail, detail) if isinstance(detail, str) else detail

    def do(self, cure: Any) -> None:
        match cure:
            case "retry" | "create again":
                self.system.retry(self.system.license_product, create_again=cure == "create again")
            case "sync now":
                self.system.sync_now()
            case "time":
                self.pass_time()
            case "new keys":
                self.system.psa.post("keys", public="pub", private="priv", role="minimum")
            case _:
                self.system.psa.post("actions", **self.known(cure))

    def work(self) -> None:
        """Let the worker do all it can now, and the PSA what it was asked for."""
        self.system.settle()
        waiting = threading.Event()
        while self.system.psa.get("traffic")["in_flight"]:
            waiting.wait(0.01)

    def pass_time(self) -> None:
        self.system.move_clock(self.system.now + timedelta(seconds=30))
        self.seconds[0] += 3600
        for _ in range(2):
            self.system.forget_patience()
            self.work()

    def stay_open(self) -> None:
        """Before the deadline nobody may settle a push: its write can still take effect."""
        facts = self.facts()
        self.system.forget_patience()
        self.work()
        assert facts == self.facts()

    def holds(self) -> tuple[Decimal, ...]:
        return tuple(self.system.held(self.system.license_product))

    def facts(self) -> list[str]:
        """Of the addition and of the connection, in the order of the journal."""
        streams = (self.system.stream(self.system.license_product), connection_stream(MSP))
        entries = [entry for stream in streams for entry in self.system.journal.entries(stream)]
        return [told(entry.fact) for entry in sorted(entries, key=lambda entry: entry.position)]

    def of_the_api(self) -> int:
        """How many additions stand on the agreement that our API member made."""
        return sum(
            each["_info"]["enteredBy"] == API_MEMBER for each in self.system.psa.additions(self.system.agreement)
        )

    def watched(self) -> tuple[str, ...]:
        self.system.move_clock(THREE_AT_NIGHT)
        self.system.settle()
        self.system.fold()
        with self.system.tools.pool.connection() as connection:
            rows = connection.execute("SELECT problem FROM exceptions ORDER BY problem").fetchall()
        return tuple(problem for (problem,) in rows)


def told(fact: Any) -> str:
    """A fact in a word or three."""
    name = type(fact).__name__
    match fact:
        case PushFailed():
            return f"{name} {fact.problem}" + (" again" if fact.will_retry else "")
        case PushRefused() | TroubleSeen():
            return f"{name} {fact.problem}"
        case AttentionRaised():
            return f"{name} {fact.reason}"
        case _:
            return name


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    seconds = [0.0]
    ears: list[Listening] = []

    def listening(wire: Wire, secret: TenantSecret) -> Listening:
        ears.append(Listening(wire, secret))
        return ears[0]

    with open_system(database, NOON, listening, lambda: seconds[0]) as system:
        system.connect()
        for component in (Component.LICENSE, Component.SERVER):
            system.map_product(CORE, component, system.license_product)
        system.on_connection(lambda state: confirm_product_mapping(state, CORE.items))
        system.create("globex")
        yield Ledger(system, ears[0], seconds)


def quantities(numbers: tuple[int, ...]) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, numbers))


def rows() -> list[Any]:
    return [pytest.param(row, marks=() if row.is_quick else pytest.mark.long, id=str(row)) for row in TABLE]


@pytest.mark.parametrize("row", rows())
def test_a_fault_ends_in_the_right_number_or_in_a_named_exception_and_never_in_two_additions(
    ledger: Ledger, row: Row
) -> None:
    system = ledger.system
    system.licenses("globex", quantity=12 if row.meets is not Meets.CREATE else 15)
    if row.meets is not Meets.CREATE:
        system.map_company("globex")
        system.settle()
    before = len(ledger.facts())
    ledger.order(row)

    ledger.clients.wait_at_most(TOO_SLOW_SECONDS if row.is_too_slow else None)
    if row.meets is Meets.CREATE:
        system.map_company("globex")
    else:
        system.licenses("globex", quantity=15)
    ledger.work()
    ledger.clients.wait_at_most(None)
    says, does, holds = ledger.clients.said.copy(), ledger.facts()[before:], ledger.holds()
    if system.addition(system.license_product).open is not None:
        ledger.stay_open()
    for cure in row.cure:
        ledger.do(cure)
    ledger.pass_time()
    then, ends = ledger.facts()[before + len(does) :], ledger.holds()

    assert (row.says, row.does, quantities(row.holds)) == (" ".join(says), " ".join(does), holds)
    assert (row.then, quantities(row.ends), row.watch) == (" ".join(then), ends, " ".join(ledger.watched()))
    assert ledger.of_the_api() <= 1
    assert system.psa.get("faults") == []


def test_the_table_names_every_fault_that_the_simulator_knows() -> None:
    faults = [row.fault for row in TABLE]
    cures = [cure for row in TABLE for cure in row.cure if not isinstance(cure, str)]
    named = {each["action"] for each in (*faults, *cures) if "action" in each}

    assert set(KINDS) == {fault["kind"] for fault in faults}
    assert set(ACTIONS) == named
    assert set(ERROR_BODIES) == {fault["body"] for fault in faults if fault["kind"].startswith("error")}
    assert set(CUTS) == {fault["when"] for fault in faults if fault["kind"] == "cut"}
    assert {30, "date", None} == {fault["retry_after"] for fault in faults if fault["kind"] == "throttle"}
    assert {"seconds", "distribution"} == {name for fault in faults if fault["kind"] == "latency" for name in fault} - {
        "kind"
    }


def test_every_kind_of_fault_meets_a_read_an_update_and_a_create() -> None:
    met: dict[str, set[Meets]] = {}
    for row in TABLE:
        met.setdefault(row.fault["kind"], set()).add(row.meets)

    assert {kind: set(Meets) for kind in KINDS} == met
