"""Previews: what Sync now would do, seen before it is done, by something that can not do it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from typing_extensions import override

from connectwise.client import ReadingClient, WritingClient
from connectwise.exchange import Wire
from connectwise.shapes import Addition
from connectwise.tenants import TenantSecret
from domain.run import RUN, ApprovedLine, LineAction, PlannedLine, RunKind, RunState
from domain.streams import run_stream
from domain.values import MspId, PsaAgreementId, RunId
from tests.workers.system import MSP, System, ready_system


def run_state(system: System, run: RunId) -> RunState:
    return system.journal.state(RUN, run_stream(MSP, run)).state


def lines(system: System, run: RunId) -> tuple[PlannedLine, ...]:
    planned = run_state(system, run).planned
    assert planned is not None
    return planned.lines


def two_lines(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=40)
    system.map_company("globex")
    system.settle()


def test_a_preview_shows_each_lines_numbers_and_writes_nothing(system: System) -> None:
    two_lines(system)
    system.psa.hand_edit(system.agreement, system.license_product, 43)
    writes = system.psa.writes()

    run = system.sync_now(kind=RunKind.PREVIEW)
    system.settle()

    shown = {line.product: line for line in lines(system, run)}
    license_line, server_line = shown[system.license_product], shown[system.server_product]
    assert (LineAction.WRITE, Decimal(43), Decimal("40.00"), Decimal("40.00")) == (
        license_line.action,
        license_line.found,
        license_line.wrote,
        license_line.target,
    )
    assert LineAction.VERIFY is server_line.action
    assert writes == system.psa.writes()
    assert [Decimal(43)] == system.held(system.license_product)


def test_a_preview_holds_a_client_without_a_writing_verb(system: System) -> None:
    two_lines(system)
    client = system.tools.clients.reading(MSP, 1)

    verbs = {name for name in vars(WritingClient) if not name.startswith("_")}

    assert {"create_product", "create_addition", "set_quantity"} <= verbs
    assert [] == [verb for verb in verbs if hasattr(client, verb)]


def test_money_is_the_price_times_the_change_above_what_is_included(system: System) -> None:
    two_lines(system)
    record = system.addition(system.license_product).record
    system.psa.post(
        "actions",
        action="hand_edit",
        addition=record,
        changes={"quantity": 42, "unitPrice": 6.5, "lessIncluded": 41},
    )

    run = system.sync_now(kind=RunKind.PREVIEW)
    system.settle()

    shown = {line.product: line for line in lines(system, run)}
    assert Decimal("-6.5") == shown[system.license_product].money


def test_a_hand_edit_after_the_preview_refuses_exactly_that_line(system: System) -> None:
    two_lines(system)
    system.psa.hand_edit(system.agreement, system.license_product, 43)
    system.psa.hand_edit(system.agreement, system.server_product, 5)
    preview = system.sync_now(kind=RunKind.PREVIEW)
    system.settle()
    planned = run_state(system, preview).planned
    assert planned is not None
    system.psa.hand_edit(system.agreement, system.license_product, 44)

    run = system.sync_now(digest=planned.digest)
    system.settle()

    assert [Decimal(44)] == system.held(system.license_product)
    assert [Decimal(0)] == system.held(system.server_product)
    finished = run_state(system, run).finished
    assert finished is not None
    assert {"REFUSED": 1, "VERIFIED": 1} == finished.outcomes


def test_a_ticked_held_line_of_a_preview_is_written_and_an_unticked_one_is_held(system: System) -> None:
    two_lines(system)
    system.psa.hand_edit(system.agreement, system.license_product, 99)
    system.psa.hand_edit(system.agreement, system.server_product, 99)
    preview = system.sync_now(kind=RunKind.PREVIEW)
    system.settle()
    planned = run_state(system, preview).planned
    assert planned is not None
    assert {LineAction.HOLD} == {line.action for line in planned.lines}
    ticked = ApprovedLine(system.agreement, system.license_product, Decimal(99), Decimal("40.00"))

    system.sync_now(digest=planned.digest, approved=[ticked])
    system.settle()

    assert [Decimal(40)] == system.held(system.license_product)
    assert [Decimal(99)] == system.held(system.server_product)


def test_an_undo_puts_back_what_the_run_found_and_lists_what_was_edited_meanwhile(system: System) -> None:
    two_lines(system)
    system.psa.hand_edit(system.agreement, system.license_product, 43)
    system.psa.hand_edit(system.agreement, system.server_product, 5)
    run = system.sync_now()
    system.settle()
    system.psa.hand_edit(system.agreement, system.server_product, 7)

    undo = system.sync_now(kind=RunKind.UNDO, undoes=run)
    system.settle()

    assert [Decimal(43)] == system.held(system.license_product)
    assert [Decimal(7)] == system.held(system.server_product)
    finished = run_state(system, undo).finished
    assert finished is not None
    assert {"REFUSED": 1, "VERIFIED": 1} == finished.outcomes
    assert Decimal("40.00") == system.addition(system.license_product).base


def test_a_run_whose_connection_ends_meanwhile_reports_what_was_done_and_what_was_not(system: System) -> None:
    two_lines(system)
    system.create("initech")
    system.licenses("initech", quantity=7)
    system.map_company("initech", system.other_agreement)
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 43)
    system.psa.hand_edit(system.other_agreement, system.server_product, 5)
    path = f"/finance/agreements/{system.other_agreement}/additions/*"
    system.psa.fault("cut", method="PATCH", endpoint=path, count=1, when="after")
    run = system.sync_now()
    system.settle()
    assert run_state(system, run).finished is None

    system.disconnect()
    system.settle()

    finished = run_state(system, run).finished
    assert finished is not None
    assert "the connection that it was asked for is gone" == finished.problem
    assert {"VERIFIED": 1, "UNCHANGED": 2, "UNKNOWN": 1} == finished.outcomes


@dataclass
class Interrupted:
    """PSA clients; whoever reads an agreement's additions is interrupted right afterwards."""

    wire: Wire
    secret: TenantSecret
    interrupt: Callable[[], None] = lambda: None

    def reading(self, msp: MspId, connection_number: int) -> ReadingClient:
        return InterruptedClient(self)

    def writing(self, msp: MspId, connection_number: int) -> WritingClient:
        return WritingClient(self.wire, self.secret.address, self.secret.credentials)


class InterruptedClient(ReadingClient):
    def __init__(self, of: Interrupted) -> None:
        super().__init__(of.wire, of.secret.address, of.secret.credentials)
        self._of = of

    @override
    def additions(self, agreement_id: PsaAgreementId) -> tuple[Addition, ...]:
        found = super().additions(agreement_id)
        self._of.interrupt()
        return found


def test_a_cancelled_preview_reads_no_further_and_calls_nothing_refused_that_it_did_not_look_at(
    database: str,
) -> None:
    with ready_system(database, clients=Interrupted) as system:
        two_lines(system)
        system.create("initech")
        system.licenses("initech", quantity=7)
        system.map_company("initech", system.other_agreement)
        system.change_settings(parallel_requests=1)
        system.settle()
        run = system.sync_now(kind=RunKind.PREVIEW)
        clients = system.tools.clients
        assert isinstance(clients, Interrupted)
        clients.interrupt = lambda: system.cancel(run)
        read = "GET /finance/agreements/{parentId}/additions"
        reads = system.psa.get("traffic")["requests"][read]

        system.settle()

        finished = run_state(system, run).finished
        assert finished is not None
        assert {"NOT_STARTED": 4} == finished.outcomes
        assert 1 == system.psa.get("traffic")["requests"][read] - reads


def test_the_digest_of_a_preview_moves_with_any_number(system: System) -> None:
    two_lines(system)
    digests = []
    for quantity in (43, 43, 44):
        system.psa.hand_edit(system.agreement, system.license_product, quantity)
        run = system.sync_now(kind=RunKind.PREVIEW)
        system.settle()
        planned = run_state(system, run).planned
        assert planned is not None
        digests.append(planned.digest)

    assert digests[0] == digests[1]
    assert digests[1] != digests[2]
