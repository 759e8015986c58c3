"""Seen before it is written, written as it was seen, and put back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectwise.client import ReadingClient, WritingClient
from domain.values import BillingMonth, MspId
from tests.api.given import connected, new_organization, registered
from tests.api.harness import Api, SimulatedTenant, new_msp, serving
from tests.api.operations import CANCEL_RUN, DISCONNECT
from tests.syncing.whole import PREVIEW_SYNC, SYNC_NOW, UNDO_RUN, Billing, Whole, whole


class ReadersOnly:
    """PSA clients for a worker that can not even ask for one that writes."""

    def __init__(self, ledger: Whole) -> None:
        self._clients = ledger.tools.clients
        self.given: list[ReadingClient] = []

    def reading(self, msp: MspId, connection_number: int) -> ReadingClient:
        self.given.append(self._clients.reading(msp, connection_number))
        return self.given[-1]

    def writing(self, msp: MspId, connection_number: int) -> WritingClient:
        raise AssertionError("a preview asked for a client that can write")


def edited(ledger: Whole, bills: Billing) -> None:
    """Somebody changed both lines in ConnectWise."""
    ledger.hand_edit(bills.agreement, bills.licenses, 43)
    ledger.hand_edit(bills.agreement, bills.servers, 5)


def test_a_preview_can_not_write_and_the_psas_write_counter_stands_still(ledger: Whole) -> None:
    bills = ledger.billing()
    edited(ledger, bills)
    writes = ledger.writes()
    readers = ReadersOnly(ledger)

    run = ledger.run_of(PREVIEW_SYNC)
    ledger.folded()
    ledger.dispatcher(readers).look()
    ledger.folded()

    assert "FINISHED" == ledger.run(run)["status"]
    assert [] == [verb for verb in ("set_quantity", "create_addition") if hasattr(readers.given[0], verb)]
    assert writes == ledger.writes()


def test_a_preview_shows_every_number_of_every_line_and_has_a_digest(ledger: Whole) -> None:
    bills = ledger.billing()
    edited(ledger, bills)

    preview = ledger.carried_out(PREVIEW_SYNC)

    shown = {line["product"]: line for line in preview["lines"]["nodes"]}
    assert ("PREVIEW", "FINISHED", 2) == (preview["kind"], preview["status"], preview["lineCount"])
    assert 64 == len(preview["digest"])
    numbers = [Decimal(shown[bills.licenses][name]) for name in ("found", "wrote", "base", "wanted", "target")]
    assert [43, 40, 40, 40, 40] == numbers
    assert "WRITE" == shown[bills.licenses]["action"]
    assert shown[bills.licenses]["money"] is not None


PLANNED = """query ($r: ID!, $f: [LineAction!]) { run(id: $r) { planned { action count money }
  lines(actions: $f) { totalCount nodes { product action money } } } }"""


def test_a_preview_counts_its_actions_and_shows_the_lines_of_some(ledger: Whole) -> None:
    bills = ledger.billing()
    ledger.hand_edit(bills.agreement, bills.licenses, 43)
    run = ledger.carried_out(PREVIEW_SYNC)["id"]

    answer = ledger.admin.one(PLANNED, r=run, f=["WRITE", "CREATE", "HOLD"])
    nothing = ledger.admin.one(PLANNED, r=run, f=[])

    [line] = answer["lines"]["nodes"]
    assert (bills.licenses, "WRITE", 1) == (line["product"], line["action"], answer["lines"]["totalCount"])
    assert {"VERIFY": 1, "WRITE": 1} == {one["action"]: one["count"] for one in answer["planned"]}
    assert {"VERIFY": Decimal(0), "WRITE": Decimal(line["money"])} == {
        one["action"]: Decimal(one["money"]) for one in answer["planned"]
    }
    assert (0, []) == (nothing["lines"]["totalCount"], nothing["lines"]["nodes"])


def test_a_hand_edit_after_the_preview_refuses_exactly_that_line(ledger: Whole) -> None:
    bills = ledger.billing()
    edited(ledger, bills)
    digest = ledger.carried_out(PREVIEW_SYNC)["digest"]
    ledger.hand_edit(bills.agreement, bills.licenses, 44)

    run = ledger.carried_out(SYNC_NOW, digest=digest)

    outcomes = {line["product"]: line["outcome"] for line in run["lines"]["nodes"]}
    assert {bills.licenses: "REFUSED", bills.servers: "VERIFIED"} == outcomes
    assert [Decimal(44)] == ledger.holds(bills.agreement, bills.licenses)
    assert [Decimal(0)] == ledger.holds(bills.agreement, bills.servers)


def test_a_digest_that_no_preview_of_this_msp_month_and_scope_has_is_outdated(ledger: Whole) -> None:
    ledger.billing()
    digest = ledger.carried_out(PREVIEW_SYNC)["digest"]
    of_one = ledger.carried_out(PREVIEW_SYNC, organizations=["globex"])["digest"]
    run = ledger.carried_out(SYNC_NOW, digest=digest)
    facts = ledger.api.facts()

    answers = [
        ledger.ask(SYNC_NOW, digest="0" * 64),
        ledger.ask(SYNC_NOW, digest=digest, month="2026-10"),
        ledger.ask(SYNC_NOW, digest=digest, organizations=["globex"]),
        ledger.ask(SYNC_NOW, digest=of_one, organizations=["initech"]),
        ledger.api.admin("stranger").one(SYNC_NOW, input={"digest": digest}),
    ]

    assert ["PreviewIsOutdated"] * 4 + ["NotConnected"] == [answer["__typename"] for answer in answers]
    assert digest != of_one
    assert facts == ledger.api.facts()
    assert {"UNCHANGED": 2} == ledger.outcomes(run["id"])


def test_a_digest_of_some_organizations_brings_its_scope_along(ledger: Whole) -> None:
    ledger.billing()
    digest = ledger.carried_out(PREVIEW_SYNC, organizations=["globex"])["digest"]

    answer = ledger.ask(SYNC_NOW, digest=digest)

    assert ["globex"] == answer["run"]["organizations"]


def test_only_held_lines_can_be_ticked_and_only_with_the_numbers_shown(ledger: Whole) -> None:
    bills = ledger.billing()
    ledger.hand_edit(bills.agreement, bills.licenses, 99)
    preview = ledger.carried_out(PREVIEW_SYNC)
    facts = ledger.api.facts()
    ticked = {"agreement": bills.agreement, "product": bills.licenses, "found": "99", "target": "40.00"}

    answers = [
        ledger.ask(SYNC_NOW, digest=preview["digest"], approved=[{**ticked, "product": bills.servers}]),
        ledger.ask(SYNC_NOW, digest=preview["digest"], approved=[{**ticked, "found": "98"}]),
        ledger.ask(SYNC_NOW, approved=[ticked]),
    ]
    refused_facts = ledger.api.facts()
    run = ledger.carried_out(SYNC_NOW, digest=preview["digest"], approved=[ticked])

    assert ["NotHeld", "NumbersMoved", "InvalidInput"] == [answer["__typename"] for answer in answers]
    assert facts == refused_facts
    assert {"VERIFIED": 1, "UNCHANGED": 1} == ledger.outcomes(run["id"])
    assert [Decimal(40)] == ledger.holds(bills.agreement, bills.licenses)


def test_a_line_that_is_held_can_be_read_with_why_it_waits(ledger: Whole) -> None:
    bills = ledger.billing()
    ledger.hand_edit(bills.agreement, bills.licenses, 99)
    run = ledger.carried_out(SYNC_NOW)["id"]

    asked = "query ($r: ID!) { run(id: $r) { lines { nodes { product outcome outcomeHold outcomeProblem } } } }"
    lines = ledger.admin.one(asked, r=run)["lines"]["nodes"]

    held = [line for line in lines if line["product"] == bills.licenses]
    assert [{"product": bills.licenses, "outcome": "HELD", "outcomeHold": "DROP_GUARD", "outcomeProblem": None}] == held


def test_an_undo_is_previewed_and_puts_back_what_was_there(ledger: Whole) -> None:
    bills = ledger.billing()
    edited(ledger, bills)
    run = ledger.carried_out(SYNC_NOW)["id"]
    ledger.hand_edit(bills.agreement, bills.servers, 7)
    writes = ledger.writes()

    preview = ledger.carried_out(PREVIEW_SYNC, undoes=run)
    written_by_preview = ledger.writes() - writes
    undo = ledger.carried_out(UNDO_RUN, run=run)

    shown = {line["product"]: line for line in preview["lines"]["nodes"]}
    assert (Decimal(43), "WRITE") == (Decimal(shown[bills.licenses]["target"]), shown[bills.licenses]["action"])
    assert "REFUSE" == shown[bills.servers]["action"]
    assert 0 == written_by_preview
    assert {"VERIFIED": 1, "REFUSED": 1} == ledger.outcomes(undo["id"])
    assert [Decimal(43)] == ledger.holds(bills.agreement, bills.licenses)
    assert [Decimal(7)] == ledger.holds(bills.agreement, bills.servers)


def test_what_can_not_be_undone_is_refused_with_the_reason(ledger: Whole) -> None:
    bills = ledger.billing()
    preview = ledger.carried_out(PREVIEW_SYNC)["id"]
    done = ledger.carried_out(SYNC_NOW)["id"]
    going_on = ledger.run_of(SYNC_NOW)
    facts = ledger.api.facts()
    reasons = {
        run: (answer["__typename"], answer["message"].rpartition(": ")[2])
        for run in ("nothing", preview, going_on)
        for answer in (ledger.ask(UNDO_RUN, run=run),)
    }
    refused_facts = ledger.api.facts()
    ledger.settle()
    ledger.hand_edit(bills.agreement, bills.licenses, 41)
    ledger.carried_out(SYNC_NOW)
    overtaken = ledger.ask(UNDO_RUN, run=done)
    of_preview = ledger.ask(PREVIEW_SYNC, undoes=done)

    assert "UnknownRun" == reasons["nothing"][0]
    assert ("RunCannotBeUndone", "a run of kind PREVIEW writes nothing") == reasons[preview]
    assert ("RunCannotBeUndone", "it is still going on") == reasons[going_on]
    assert facts == refused_facts
    assert ("RunCannotBeUndone", True) == (overtaken["__typename"], "nothing of it is left" in overtaken["message"])
    assert "RunCannotBeUndone" == of_preview["__typename"]


def test_a_preview_of_an_undo_takes_neither_month_nor_organizations(ledger: Whole) -> None:
    answer = ledger.ask(PREVIEW_SYNC, undoes="r", month="2026-11")

    assert "InvalidInput" == answer["__typename"]


def at_once(ledger: Whole, operation: str, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Several admins press at the same moment."""
    with ThreadPoolExecutor(len(inputs)) as admins:
        pressed = [admins.submit(ledger.ask, operation, **one) for one in inputs]
        return [one.result() for one in pressed]


@pytest.mark.parametrize("operation", [SYNC_NOW, PREVIEW_SYNC])
def test_two_admins_who_press_at_once_get_the_same_run(ledger: Whole, operation: str) -> None:
    ledger.billing()

    answers = at_once(ledger, operation, [{}, {}, {}, {}])

    assert 1 == len({answer["run"]["id"] for answer in answers})
    assert [False, True, True, True] == sorted(answer["joined"] for answer in answers)


def test_a_double_click_with_one_key_is_one_run_for_both(ledger: Whole) -> None:
    ledger.billing()

    answers = at_once(ledger, SYNC_NOW, [{"idempotencyKey": "click"}] * 6)
    ledger.settle()
    later = ledger.ask(SYNC_NOW, idempotencyKey="click")

    assert 1 == len({answer["run"]["id"] for answer in (*answers, later)})
    listed = ledger.admin.one("{ runs(filter: {kind: OVERWRITE}) { totalCount } }")
    assert 1 == listed["totalCount"]


def test_a_sync_with_a_digest_does_not_join_one_without(ledger: Whole) -> None:
    ledger.billing()
    digest = ledger.carried_out(PREVIEW_SYNC)["digest"]

    answers = [ledger.ask(SYNC_NOW), ledger.ask(SYNC_NOW, digest=digest), ledger.ask(SYNC_NOW, digest=digest)]

    assert [False, False, True] == [answer["joined"] for answer in answers]
    assert answers[1]["run"]["id"] == answers[2]["run"]["id"] != answers[0]["run"]["id"]


def test_a_cancelled_run_says_what_was_done(ledger: Whole) -> None:
    registered(ledger.api, new_organization("hooli"))
    ledger.billing()
    run = ledger.run_of(SYNC_NOW)

    ledger.ask(CANCEL_RUN, run=run)
    ledger.settle()

    assert ("CANCELLED", {}) == (ledger.run(run)["status"], ledger.outcomes(run))


def test_a_preview_of_a_month_that_ended_meanwhile_is_outdated(
    database: str, tmp_path: Path, simulator_url: str, tenant: SimulatedTenant
) -> None:
    with serving(database, tmp_path, frozenset({simulator_url})) as served:
        api = Api(served, new_msp())
        with whole(served, api, tenant) as ledger:
            registered(api, new_organization("globex"))
            connected(api, tenant)
            ledger.with_products()
            ledger.imported()
            ledger.billing()
            digest = ledger.carried_out(PREVIEW_SYNC)["digest"]
            month = BillingMonth.of(api.parts.journal.now())
            ledger.set_clock(month.ends_at + timedelta(minutes=10))

            answers = [ledger.ask(SYNC_NOW, digest=digest), ledger.ask(SYNC_NOW, digest=digest, month=str(month))]

    assert ["PreviewIsOutdated"] * 2 == [answer["__typename"] for answer in answers]


def test_a_preview_through_an_earlier_connection_is_outdated(ledger: Whole) -> None:
    ledger.billing()
    digest = ledger.carried_out(PREVIEW_SYNC)["digest"]
    run = ledger.carried_out(SYNC_NOW)["id"]
    ledger.ask(DISCONNECT)
    connected(ledger.api, ledger.tenant)

    synced, undone = ledger.ask(SYNC_NOW, digest=digest), ledger.ask(UNDO_RUN, run=run)

    assert ["PreviewIsOutdated", "RunCannotBeUndone"] == [synced["__typename"], undone["__typename"]]
