"""What a push does when the PSA or a colleague gets in its way over more than one push.

Every single fault is lived through in `test_every_fault`.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.addition import AdditionAdopted, PushFailed, PushOutcomeUnknown, PushStarted
from domain.values import Component, Rule
from tests.inline_jobs import answered_by
from tests.workers.system import MSP, TIMING, System
from workers.actors import answers
from workers.dispatch import Dispatcher
from workers.watch_drift import watch_connection

ADDITIONS = "*/additions*"


def start(system: System, quantity: int = 12) -> None:
    system.create("globex")
    system.licenses("globex", quantity=quantity)
    system.map_company("globex")
    system.settle()


def test_a_third_number_after_an_unknown_outcome_stops_increments_until_sync_now(system: System) -> None:
    start(system)
    system.psa.fault("cut", method="PATCH", endpoint=ADDITIONS, count=1, when="before")
    system.licenses("globex", delta=3)
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 20)
    system.move_clock(system.now + timedelta(seconds=30))
    system.forget_patience()

    system.settle()
    system.licenses("globex", delta=1)
    system.settle()

    assert [Decimal(20)] == system.held(system.license_product)
    assert any(isinstance(fact, PushOutcomeUnknown) for fact in system.facts(system.license_product))
    system.sync_now()
    system.settle()
    assert [Decimal(16)] == system.held(system.license_product)


def about_to_hear_nothing(system: System) -> None:
    """The next pass writes 15, which arrives, and its answer does not."""
    start(system)
    system.psa.fault("cut", method="PATCH", endpoint=ADDITIONS, count=1, when="after")
    system.licenses("globex", delta=3)
    system.fold()


def left_open(system: System) -> PushStarted:
    """A push whose write arrived, and whose answer did not."""
    about_to_hear_nothing(system)
    system.dispatcher.look()
    opened = system.addition(system.license_product).open
    assert opened is not None
    return opened


def test_an_open_push_is_left_alone_until_its_writer_can_write_no_more(system: System) -> None:
    opened = left_open(system)
    passes = len(system.sent)

    system.settle()
    with system.tools.pool.connection() as connection:
        noted = connection.execute("SELECT tries, not_before - clock_timestamp() + ledger_now() FROM push_attempts")
        [(tries, not_before)] = noted.fetchall()

    assert passes == len(system.sent)
    assert tries == 0
    assert abs(not_before - (opened.deadline + TIMING.grace)) < timedelta(seconds=1)


def test_a_pass_that_finds_a_push_open_waits_for_as_long(system: System) -> None:
    opened = left_open(system)
    system.forget_patience()  # as when the writer died before it noted anything
    passes = len(system.sent)

    system.move_clock(opened.deadline + TIMING.grace / 2)
    system.settle()

    assert passes + 1 == len(system.sent)
    assert opened == system.addition(system.license_product).open
    system.move_clock(opened.deadline + TIMING.grace)
    system.forget_patience()
    system.settle()
    assert system.addition(system.license_product).open is None
    assert [Decimal(15)] == system.held(system.license_product)


def test_an_open_push_is_waited_for_also_while_the_views_are_behind(system: System) -> None:
    about_to_hear_nothing(system)
    passes: list[str] = []
    jobs = answers(replace(system.tools, wait_for_views=lambda _: False))

    def answer(job: str, *arguments: str | int) -> None:
        passes.append(job)
        jobs[job](*arguments)

    dispatcher = Dispatcher(
        system.tools.pool, answered_by(answer), timing=TIMING, new_holder=lambda: f"holder-{len(passes)}"
    )

    for _ in range(3):
        dispatcher.look()

    assert len(passes) == 1


def test_a_throttled_push_waits_also_after_one_that_was_left_open(system: System) -> None:
    opened = left_open(system)
    system.move_clock(opened.deadline + TIMING.grace)
    system.forget_patience()
    system.settle()
    system.psa.fault("throttle", method="PATCH", endpoint=ADDITIONS, retry_after=3600)
    system.licenses("globex", delta=1)
    system.settle()
    passes = len(system.sent)

    system.settle()

    assert passes == len(system.sent)
    assert [Decimal(15)] == system.held(system.license_product)


def test_pushes_wait_while_the_keys_are_refused_and_go_out_when_they_work_again(system: System) -> None:
    start(system)
    system.psa.post("actions", action="keys_revoked")
    system.licenses("globex", delta=3)
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)

    system.psa.post("keys", public="pub", private="priv", role="minimum")
    system.forget_patience()
    system.settle()

    assert [Decimal(15)] == system.held(system.license_product)


def test_a_missing_edit_right_is_an_exception_that_names_it(system: System) -> None:
    start(system)
    system.psa.post("actions", action="right_withdrawn", function="Agreements", verb="edit")

    system.licenses("globex", delta=3)
    system.settle()

    failed = [fact for fact in system.facts(system.license_product) if isinstance(fact, PushFailed)]
    assert [fact.problem.value for fact in failed] == ["MISSING_RIGHT"]
    assert "Agreements: Edit" in failed[0].detail


def test_a_missing_add_right_is_an_exception_that_names_it(system: System) -> None:
    system.psa.post("actions", action="right_withdrawn", function="Agreements", verb="add")

    start(system)

    failed = [fact for fact in system.facts(system.license_product) if isinstance(fact, PushFailed)]
    assert "Agreements: Add" in failed[0].detail


def test_the_only_running_addition_is_adopted_and_keeps_its_price(system: System) -> None:
    system.psa.post(
        "actions",
        action="addition_added",
        agreement=system.agreement,
        values={
            "product": {"id": system.license_product},
            "billCustomer": "Billable",
            "quantity": 5,
            "unitPrice": 3.5,
        },
    )

    start(system)

    assert [Decimal(12)] == system.held(system.license_product)
    assert isinstance(system.facts(system.license_product)[0], AdditionAdopted)
    record = next(
        one for one in system.psa.additions(system.agreement) if one["product"]["id"] == system.license_product
    )
    assert record["unitPrice"] == 3.5


def test_two_running_additions_are_an_exception_and_never_a_guess(system: System) -> None:
    values = {"product": {"id": system.license_product}, "billCustomer": "Billable", "quantity": 5}
    for _ in range(2):
        system.psa.post("actions", action="addition_added", agreement=system.agreement, values=values)

    start(system)

    assert [Decimal(5), Decimal(5)] == system.held(system.license_product)
    exceptional = system.addition(system.license_product).exceptional
    assert exceptional is not None
    assert exceptional.problem.value == "TWO_RUNNING"


def test_a_deleted_addition_is_named_lost_and_created_again_only_when_asked(system: System) -> None:
    start(system)
    record = system.addition(system.license_product).record
    system.psa.post("actions", action="addition_deleted", addition=record)
    system.licenses("globex", delta=1)
    system.settle()
    assert system.held(system.license_product) == []
    assert system.addition(system.license_product).is_lost

    system.retry(system.license_product, create_again=True)
    system.settle()

    assert [Decimal(13)] == system.held(system.license_product)


@pytest.mark.parametrize("deltas", [(), (1, -1)], ids=["nothing else is due", "acts before it moved nothing"])
def test_an_addition_that_is_found_to_be_gone_is_created_again_when_asked(
    system: System, deltas: tuple[int, ...]
) -> None:
    start(system)
    system.pause()
    for delta in deltas:
        system.licenses("globex", delta=delta)
    system.psa.post("actions", action="addition_deleted", addition=system.addition(system.license_product).record)
    system.resume()
    system.settle()
    watch_connection(system.tools, MSP)
    system.settle()
    assert system.addition(system.license_product).is_lost

    system.retry(system.license_product, create_again=True)
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)


def test_a_dead_site_ends_in_attention_and_loses_nothing(system: System) -> None:
    start(system)
    system.psa.fault("error", status=500, body="html")
    system.licenses("globex", delta=3)

    for _ in range(10):
        system.settle()
        system.forget_patience()
    assert [Decimal(12)] == system.held(system.license_product)
    exceptional = system.addition(system.license_product).exceptional
    assert exceptional is not None
    assert exceptional.problem.value == "PSA_UNAVAILABLE"

    system.psa.http.delete(f"{system.psa.url}/_simulator/tenants/test_msp/faults")
    system.forget_patience()
    system.settle()
    assert [Decimal(15)] == system.held(system.license_product)


def test_average_on_a_prorating_agreement_needs_an_explicit_confirmation(system: System) -> None:
    system.psa.post(
        "actions",
        action="record_changed",
        table="agreement",
        id=system.agreement,
        changes={"prorateFlag": True},
    )
    system.set_rule(system.license_product, Rule.AVERAGE)

    start(system)

    exceptional = system.addition(system.license_product).exceptional
    assert exceptional is not None
    assert exceptional.problem.value == "PRORATED_TWICE"
    assert system.held(system.license_product) == []


def test_nothing_is_pushed_while_paused_and_everything_afterwards(system: System) -> None:
    start(system)
    system.pause()
    system.licenses("globex", delta=3)
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)

    system.resume()
    system.settle()

    assert [Decimal(15)] == system.held(system.license_product)


def test_every_push_of_a_worker_leads_back_to_the_act_that_caused_it(system: System) -> None:
    start(system)
    (change,) = system.licenses("globex", delta=3)
    system.settle()

    entries = system.journal.entries(system.stream(system.license_product))
    pushed = entries[-1]
    started = next(entry for entry in entries if entry.entry_id == pushed.causation_id)

    assert isinstance(started.fact, PushStarted)
    assert change.entry_id == started.causation_id
    assert change.correlation_id == pushed.correlation_id


def test_a_server_component_has_its_own_addition(system: System) -> None:
    start(system)

    system.licenses("globex", quantity=2, component=Component.SERVER)
    system.settle()

    assert [Decimal(2)] == system.held(system.server_product)
    assert [Decimal(12)] == system.held(system.license_product)


def test_a_lost_addition_that_everybody_left_is_over_once_it_is_retried(system: System) -> None:
    start(system)
    [record] = [one for one in system.psa.additions(system.agreement) if one["product"]["id"] == system.license_product]
    system.psa.post("actions", action="addition_deleted", addition=record["id"])
    system.licenses("globex", delta=1)
    system.settle()
    system.unmap_company("globex")
    system.settle()

    system.retry(system.license_product)
    system.settle()

    assert system.addition(system.license_product).exceptional is None
    assert [] == system.held(system.license_product)
