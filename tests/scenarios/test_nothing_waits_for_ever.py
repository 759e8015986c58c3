"""What once stopped an addition, a run or a month for good, or wrote an old number over a newer one."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from domain.connection import Status, set_product_rule
from domain.run import RUN
from domain.streams import run_stream
from domain.values import Component, DriftPolicy, LeftBehind, Rule
from tests.scenarios.acts import (
    DECEMBER,
    NOVEMBER,
    MeddledClients,
    at,
    close,
    driven_by,
    due,
    heal,
    kinds,
    pass_time,
    refusals,
    revoke_keys,
    start,
    status,
)
from tests.workers.system import LITE, MSP, System
from workers.close_month import close_months, final_run
from workers.tools import Tools


def test_a_final_that_nobody_answered_is_missed_when_a_newer_month_closes_and_stops_nothing(system: System) -> None:
    start(system)
    system.change_settings(drift_policy=DriftPolicy.HOLD)
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    close(system, NOVEMBER)
    system.licenses("globex", quantity=20)
    system.settle()
    assert [Decimal(13)] == system.held(system.license_product)
    system.change_settings(drift_policy=DriftPolicy.OVERWRITE)

    close(system, DECEMBER)
    system.licenses("globex", delta=1)
    system.settle()

    assert [Decimal(21)] == system.held(system.license_product)
    assert "MISSED_MONTH 2026-11" in refusals(system, system.license_product)
    assert [] == due(system)


def test_a_refused_final_is_not_tried_again_over_a_newer_months_number(system: System) -> None:
    start(system)
    system.psa.post("actions", action="right_withdrawn", function="Agreements", verb="edit")
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    close(system, NOVEMBER)
    assert [("FINAL", "2026-11", "REFUSED")] == due(system)
    system.psa.post("actions", action="right_granted", function="Agreements", verb="edit", level="All")
    system.licenses("globex", quantity=20)

    system.move_clock(at(1, 1, 0, 30, year=2027))
    system.settle()
    system.forget_patience()
    system.settle()

    assert [Decimal(20)] == system.held(system.license_product)
    assert ["INITIAL 2026-11", "FINAL 2026-12"] == kinds(system, system.license_product)
    assert "MISSED_MONTH 2026-11" in refusals(system, system.license_product)


def test_a_missed_month_stays_an_exception_beside_the_final_that_was_written(system: System) -> None:
    start(system)
    system.pause()
    close(system, NOVEMBER)
    close(system, DECEMBER)

    system.resume()
    system.settle()

    state = system.addition(system.license_product)
    assert (None, [NOVEMBER]) == (state.exceptional, list(state.missed))


def test_a_plan_left_under_peak_is_billed_zero_from_the_next_month_on(system: System) -> None:
    system.set_rule(system.license_product, Rule.PEAK)
    system.map_product(LITE, Component.LICENSE, system.spare_product)
    start(system)
    system.change_plan("globex", LITE)
    system.settle()
    close(system, NOVEMBER)
    assert [Decimal(12)] == system.held(system.license_product)

    close(system, DECEMBER)

    assert [Decimal(0)] == system.held(system.license_product)
    assert [Decimal(12)] == system.held(system.spare_product)


def test_an_organization_closed_under_a_minimum_is_billed_zero_from_the_next_month_on(system: System) -> None:
    system.set_rule(system.license_product, Rule.CURRENT, minimum=5)
    start(system)
    system.close_organization("globex")
    system.settle()
    close(system, NOVEMBER)
    assert [Decimal(5)] == system.held(system.license_product)

    close(system, DECEMBER)

    assert [Decimal(0)] == system.held(system.license_product)


def test_sync_now_clears_what_an_earlier_months_plan_left_on_an_addition(system: System) -> None:
    system.set_rule(system.license_product, Rule.PEAK)
    system.map_product(LITE, Component.LICENSE, system.spare_product)
    start(system, quantity=9)
    system.change_plan("globex", LITE)
    system.settle()
    close(system, NOVEMBER)

    system.sync_now()
    system.settle()

    assert [Decimal(0)] == system.held(system.license_product)
    assert [Decimal(9)] == system.held(system.spare_product)


def test_an_addition_left_untouched_gets_no_final_of_zero(system: System) -> None:
    start(system)
    system.move_clock(at(11, 30, 23, 59))
    system.unmap_company("globex", LeftBehind.UNTOUCHED)

    close(system, NOVEMBER)
    close(system, DECEMBER)

    assert [Decimal(12)] == system.held(system.license_product)
    assert "RELEASE 2026-12" == kinds(system, system.license_product)[-1]


def test_an_exception_is_swept_even_when_the_workers_notes_are_gone(system: System) -> None:
    start(system)
    system.psa.post("actions", action="right_withdrawn", function="Agreements", verb="edit")
    system.licenses("globex", delta=3)
    system.settle()
    system.psa.post("actions", action="right_granted", function="Agreements", verb="edit", level="All")

    with system.tools.pool.connection() as connection:
        connection.execute("DELETE FROM push_attempts")
    system.settle()

    assert [Decimal(15)] == system.held(system.license_product)


def test_proration_turned_off_in_the_psa_lets_the_push_pass_by_itself(system: System) -> None:
    def prorate(is_on: bool) -> None:
        system.psa.post(
            "actions",
            action="record_changed",
            table="agreement",
            id=system.agreement,
            changes={"prorateFlag": is_on},
        )

    prorate(True)
    system.set_rule(system.license_product, Rule.AVERAGE)
    system.create("globex", effective_at=NOVEMBER.begins_at)
    system.licenses("globex", quantity=12, effective_at=NOVEMBER.begins_at)
    system.map_company("globex")
    system.settle()
    assert [] == system.held(system.license_product)

    prorate(False)
    system.forget_patience()
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)


def test_new_month_pushes_wait_the_days_of_the_hold_after_a_late_final(system: System) -> None:
    start(system)
    system.change_settings(hold_days=2)
    system.pause()
    close(system, NOVEMBER)
    system.licenses("globex", delta=3)
    system.move_clock(at(12, 10, 9))
    system.resume()

    system.settle()
    assert "FINAL 2026-11" == kinds(system, system.license_product)[-1]
    assert [Decimal(12)] == system.held(system.license_product)
    system.move_clock(at(12, 12, 23, 59, 59))
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)

    system.move_clock(at(12, 13))
    system.settle()
    assert [Decimal(15)] == system.held(system.license_product)


def test_a_month_is_not_closed_on_views_that_lag_behind(system: System) -> None:
    start(system)
    system.create("late")
    system.licenses("late", quantity=5)
    system.map_company("late")
    system.move_clock(at(12, 1, 0, 30))
    lagging = replace_waiting(system)

    close_months(lagging, MSP)
    assert system.journal.state(RUN, run_stream(MSP, final_run(MSP, 1, NOVEMBER))).state.planned is None

    system.settle()
    assert [Decimal(17)] == system.held(system.license_product)


def test_a_new_record_that_bills_from_the_next_invoice_on_is_not_taken_for_lost(system: System) -> None:
    invoiced_already(system)
    start(system)
    assert "NOT_ON_THIS_INVOICE 2026-11" in refusals(system, system.license_product)

    system.licenses("globex", delta=3)
    system.settle()

    assert [Decimal(15)] == system.held(system.license_product)


def test_a_create_for_the_next_invoice_whose_answer_was_cut_is_not_repeated(system: System) -> None:
    invoiced_already(system)
    system.psa.fault("cut", method="POST", endpoint="*/additions*", skip=1, count=1, when="after")
    start(system)

    pass_time(system, system.now + timedelta(seconds=40))

    assert [Decimal(12)] == system.held(system.license_product)


def test_a_rule_that_takes_the_cause_of_an_exception_away_ends_it(system: System) -> None:
    system.psa.post(
        "actions", action="record_changed", table="agreement", id=system.agreement, changes={"prorateFlag": True}
    )
    system.set_rule(system.license_product, Rule.AVERAGE)
    system.create("globex", effective_at=NOVEMBER.begins_at)
    system.licenses("globex", quantity=12, effective_at=NOVEMBER.begins_at)
    system.map_company("globex")
    system.settle()

    system.on_connection(lambda state: set_product_rule(state, system.license_product, rule=Rule.CURRENT, minimum=0))
    system.forget_patience()
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)


def replace_waiting(system: System) -> Tools:
    """Tools of a worker whose views never come along."""
    return replace(system.tools, wait_for_views=lambda _position: False)


def invoiced_already(system: System) -> None:
    """The agreement bills in advance and November was invoiced on the first."""
    system.psa.post(
        "actions",
        action="record_changed",
        table="agreement",
        id=system.agreement,
        changes={"periodType": "Future", "nextInvoiceDate": "2026-12-01T00:00:00Z"},
    )


def test_a_push_after_another_in_one_pass_starts_from_what_the_first_one_wrote(system: System) -> None:
    start(system)
    system.move_clock(at(12, 1, 0, 10))
    system.psa.hand_edit(system.agreement, system.license_product, 15)
    system.licenses("globex", delta=5)

    close(system, NOVEMBER)

    assert ["INITIAL 2026-11", "FINAL 2026-11", "INCREMENTAL 2026-12"] == kinds(system, system.license_product)
    assert [Decimal(17)] == system.held(system.license_product)


def test_a_psa_that_makes_something_else_of_every_number_is_not_written_to_without_end(system: System) -> None:
    start(system)
    system.psa.hand_edit(system.agreement, system.license_product, 14)
    meddled = driven_by(
        system, replace(system.tools, clients=MeddledClients(system.tools.clients, lambda quantity: quantity + 1))
    )

    close(meddled, NOVEMBER)

    exceptional = system.addition(system.license_product).exceptional
    assert exceptional is not None
    assert "OUTCOME_UNKNOWN" == exceptional.problem.value
    system.forget_patience()
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)
    assert NOVEMBER in system.addition(system.license_product).finals


def test_a_nightly_watch_that_meets_revoked_keys_raises_attention_and_ends(system: System) -> None:
    start(system)
    revoke_keys(system)

    system.move_clock(at(11, 12, 3))
    system.settle()

    assert Status.ATTENTION is status(system)


def test_a_nightly_watch_that_meets_a_dead_site_is_over_until_the_next_night(system: System) -> None:
    start(system)
    system.psa.fault("error", status=503, body="html")

    system.move_clock(at(11, 12, 3))
    system.settle()
    heal(system)
    system.licenses("globex", delta=1)
    system.settle()

    assert [Decimal(13)] == system.held(system.license_product)


def test_a_nightly_watch_does_not_take_a_record_that_bills_from_the_next_invoice_on_for_lost(system: System) -> None:
    invoiced_already(system)
    start(system)

    system.move_clock(at(11, 12, 3))
    system.settle()

    assert not system.addition(system.license_product).is_lost


def report_ahead_of_december(system: System) -> None:
    """Three more for December, beside acts of November's last minutes that move nothing together."""
    start(system)
    start(system, "initech", 5)
    system.move_clock(at(11, 30, 23, 57))
    system.licenses("globex", delta=3, effective_at=DECEMBER.begins_at)
    system.licenses("globex", delta=1)
    system.licenses("initech", delta=-1)


def test_an_act_for_the_next_month_does_not_wait_because_acts_of_this_month_moved_nothing_together(
    system: System,
) -> None:
    report_ahead_of_december(system)
    system.settle()
    assert [Decimal(17)] == system.held(system.license_product)

    close(system, NOVEMBER)

    assert [Decimal(20)] == system.held(system.license_product)
    assert ["FINAL 2026-11", "INCREMENTAL 2026-12"] == kinds(system, system.license_product)[-2:]


def test_an_act_for_the_next_month_is_tried_again_though_the_final_before_it_wrote_nothing(system: System) -> None:
    """Nobody looked before midnight: one pass settles the final, drops the acts it carried, and meets a fault."""
    report_ahead_of_december(system)
    system.psa.fault("cut", method="PATCH", endpoint="*/additions*", count=1, when="before")

    close(system, NOVEMBER)
    for _ in range(3):
        system.move_clock(system.now + timedelta(minutes=10))
        system.forget_patience()
        system.settle()

    assert [Decimal(20)] == system.held(system.license_product)
    assert system.addition(system.license_product).open is None
    assert [] == due(system)
