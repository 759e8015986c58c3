"""Large runs: undone to what was there, resumed after a kill, stopped by a cancel."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.api.harness import Served
from tests.api.operations import CANCEL_RUN
from tests.syncing.many import Killed, Many, MeddlingClients, many_organizations
from tests.syncing.whole import SYNC_NOW, UNDO_RUN

SOME, FIVE_HUNDRED = 10, pytest.param(500, marks=pytest.mark.long)


@pytest.fixture
def many(served: Served, simulator_url: str, request: pytest.FixtureRequest) -> Iterator[Many]:
    with many_organizations(served, simulator_url, getattr(request, "param", SOME)) as ready:
        yield ready


@pytest.mark.parametrize("many", [SOME, FIVE_HUNDRED], indirect=True)
def test_an_undone_overwrite_leaves_what_was_there_but_for_what_was_edited_meanwhile(many: Many) -> None:
    ledger, before = many.ledger, many.held()
    additions = list(before)
    many.edit(additions[::10], 77)
    found = many.held()
    run = ledger.run_of(SYNC_NOW)
    many.settle()
    overwritten = many.held()
    edited_meanwhile = additions[5 :: max(10, len(additions) // 10)]
    many.edit(edited_meanwhile, 3)

    undo = ledger.run_of(UNDO_RUN, run=run)
    many.settle()

    assert before == overwritten
    assert {**found, **dict.fromkeys(edited_meanwhile, Decimal(3))} == many.held()
    outcomes = ledger.outcomes(undo)
    assert {
        "REFUSED": len(edited_meanwhile),
        "VERIFIED": len(additions[::10]),
        "UNCHANGED": many.lines - len(edited_meanwhile) - len(additions[::10]),
    } == outcomes
    refused = [line for line in ledger.lines(undo) if line["outcome"] == "REFUSED"]
    assert {"CANNOT_UNDO"} == {line["outcomeProblem"] for line in refused}


@pytest.mark.parametrize("dies", ["before", "after"])
def test_an_overwrite_killed_in_the_middle_is_resumed_and_ends_right(many: Many, dies: str) -> None:
    ledger, wanted = many.ledger, many.held()
    many.edit(list(wanted), 60)
    run = ledger.run_of(SYNC_NOW)
    done = killed_at(many, 4, dies)

    after_the_kill(many)

    assert 0 < done < many.lines
    assert wanted == many.held()
    assert ("FINISHED", {"VERIFIED": many.lines}) == (ledger.run(run)["status"], ledger.outcomes(run))


def test_an_undo_killed_in_the_middle_is_resumed_and_ends_right(many: Many) -> None:
    ledger = many.ledger
    many.edit(list(many.held()), 60)
    found = many.held()
    run = ledger.run_of(SYNC_NOW)
    many.settle()
    undo = ledger.run_of(UNDO_RUN, run=run)
    killed_at(many, 3, "after")

    after_the_kill(many)

    assert found == many.held()
    assert ("FINISHED", {"VERIFIED": many.lines}) == (ledger.run(undo)["status"], ledger.outcomes(undo))


def test_a_cancel_lets_the_line_in_flight_end_and_starts_no_other(many: Many) -> None:
    ledger, wanted = many.ledger, many.held()
    many.edit(list(wanted), 60)
    run = ledger.run_of(SYNC_NOW)

    def cancel(write: int) -> None:
        if write == 3:
            assert ledger.ask(CANCEL_RUN, run=run)["run"]["status"] == "CANCELLED"

    meddling = MeddlingClients(ledger.tools.clients, before=cancel)
    dispatcher = ledger.dispatcher(meddling)
    for _ in range(many.lines):
        ledger.folded()
        dispatcher.look()

    assert 3 == meddling.writes
    assert ("CANCELLED", {"VERIFIED": 3, "NOT_STARTED": many.lines - 3}) == (
        ledger.run(run)["status"],
        ledger.outcomes(run),
    )
    assert 3 == sum(wanted[addition] == quantity for addition, quantity in many.held().items())


def killed_at(many: Many, write: int, when: str) -> int:
    """Let workers work until one dies at a write; gives how many lines are written then."""

    def die(number: int) -> None:
        if number == write:
            raise Killed

    meddling = MeddlingClients(many.ledger.tools.clients, **{when: die})
    dispatcher = many.ledger.dispatcher(meddling)

    def work() -> None:
        for _ in range(many.lines):
            many.ledger.folded()
            dispatcher.look()

    with pytest.raises(Killed):
        work()
    return meddling.writes


def after_the_kill(many: Many) -> None:
    """The dead worker's leases and its write's deadline run out; others go on."""
    ledger = many.ledger
    ledger.set_clock(ledger.api.parts.journal.now() + timedelta(seconds=60))
    ledger.forget_leases()
    many.settle()
