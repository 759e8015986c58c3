"""Months that end while keys are revoked, pushes are paused, workers are down or the MSP is disconnected."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from domain.addition import PushStarted
from domain.connection import Status, confirm_product_mapping
from domain.run import RUN
from domain.streams import run_stream
from domain.values import BillingMonth, Component
from tests.scenarios.acts import (
    DECEMBER,
    NOVEMBER,
    at,
    close,
    closed_months,
    due,
    give_new_keys,
    heal,
    kinds,
    pass_time,
    refusals,
    revoke_keys,
    start,
    status,
)
from tests.workers.system import CORE, MSP, System
from workers.close_month import final_run

JANUARY = BillingMonth(2027, 1)


def test_keys_revoked_from_the_28th_to_the_3rd_lose_nothing_and_finals_go_out_first(system: System) -> None:
    start(system)
    start(system, "initech", 7)
    system.move_clock(at(11, 28))
    revoke_keys(system)
    system.licenses("globex", delta=3)
    system.settle()
    assert Status.ATTENTION is status(system)
    close(system, NOVEMBER)
    system.move_clock(at(12, 2))
    system.licenses("globex", delta=5)
    system.settle()
    assert [Decimal(19)] == system.held(system.license_product)
    assert ("2026-11", 1, [Decimal("15.00"), Decimal("0.00")]) in closed_months(system)

    system.move_clock(at(12, 3))
    give_new_keys(system)
    system.forget_patience()
    system.settle()

    assert [Decimal(27)] == system.held(system.license_product)
    assert ["INITIAL 2026-11", "INCREMENTAL 2026-11", "FINAL 2026-11", "INCREMENTAL 2026-12"] == kinds(
        system, system.license_product
    )
    targets = [target for kind, target in system.pushes(system.license_product) if kind == "FINAL"]
    assert [Decimal("22.00")] == targets


def test_a_pause_over_the_month_end_closes_the_month_and_writes_it_after_resuming(system: System) -> None:
    start(system)
    system.pause()
    system.licenses("globex", delta=3)
    close(system, NOVEMBER)
    system.licenses("globex", delta=1)
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)
    assert [("2026-11", 1, [Decimal("15.00"), Decimal("0.00")])] == closed_months(system)

    system.resume()
    system.settle()

    assert ["INITIAL 2026-11", "FINAL 2026-11", "INCREMENTAL 2026-12"] == kinds(system, system.license_product)
    assert [Decimal(16)] == system.held(system.license_product)


def test_several_missed_months_close_oldest_first_and_only_the_newest_is_written(system: System) -> None:
    start(system)
    system.move_clock(at(12, 15))
    system.licenses("globex", delta=1, effective_at=at(12, 15))
    system.move_clock(at(1, 15, year=2027))
    system.licenses("globex", delta=1)

    system.move_clock(at(2, 2, year=2027))
    system.settle()

    assert [("2026-11", 1), ("2026-12", 1), ("2027-01", 1)] == [
        (month, version) for month, version, _ in closed_months(system)
    ]
    assert [Decimal(12), Decimal(13), Decimal(14)] == [quantities[0] for _, _, quantities in closed_months(system)]
    assert ["INITIAL 2026-11", "FINAL 2027-01"] == kinds(system, system.license_product)
    assert ["MISSED_MONTH 2026-11", "MISSED_MONTH 2026-12"] == refusals(system, system.license_product)
    assert [Decimal(14)] == system.held(system.license_product)
    assert [] == due(system)


def test_a_missed_month_can_still_be_overwritten_by_hand(system: System) -> None:
    start(system)
    system.pause()
    close(system, NOVEMBER)
    system.licenses("globex", delta=8)
    close(system, DECEMBER)
    system.resume()
    system.settle()
    assert [Decimal(20)] == system.held(system.license_product)

    system.sync_now(NOVEMBER)
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)
    assert "OVERWRITE 2026-11" == kinds(system, system.license_product)[-1]
    assert {} == system.addition(system.license_product).missed


def test_each_of_several_missed_months_is_an_exception_until_it_is_overwritten_itself(system: System) -> None:
    start(system)
    system.pause()
    for month in (NOVEMBER, DECEMBER, JANUARY):
        close(system, month)
    system.resume()
    system.settle()
    assert ["MISSED_MONTH 2026-11", "MISSED_MONTH 2026-12"] == exceptions(system)

    system.sync_now(DECEMBER)
    system.settle()

    assert ["MISSED_MONTH 2026-11"] == exceptions(system)


def test_every_run_of_missed_months_finishes(system: System) -> None:
    start(system)

    system.move_clock(at(2, 2, year=2027))
    system.settle()

    for month in (NOVEMBER, DECEMBER, JANUARY):
        assert system.journal.state(RUN, run_stream(MSP, final_run(MSP, 1, month))).state.finished is not None


def test_a_month_that_ends_while_disconnected_is_not_closed_and_the_next_one_is(system: System) -> None:
    start(system)
    system.move_clock(at(11, 30, 12))
    system.disconnect()
    system.settle()
    system.move_clock(at(12, 2))
    system.settle()

    reconnect(system)
    system.licenses("globex", delta=2)
    system.map_company("globex")
    system.settle()
    close(system, DECEMBER)

    assert ["2026-12"] == [month for month, _, _ in closed_months(system)]
    assert ["INITIAL 2026-11", "INITIAL 2026-12", "FINAL 2026-12"] == kinds(system, system.license_product)
    assert [Decimal(14)] == system.held(system.license_product)


def test_a_reconnection_within_the_month_starts_from_a_new_initial_and_closes_the_month(system: System) -> None:
    start(system)
    system.disconnect()
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    system.licenses("globex", delta=2)
    system.settle()
    assert [Decimal(13)] == system.held(system.license_product)

    reconnect(system)
    system.map_company("globex")
    system.settle()
    close(system, NOVEMBER)

    assert ["INITIAL 2026-11", "INITIAL 2026-11", "FINAL 2026-11"] == kinds(system, system.license_product)
    assert [Decimal(14)] == system.held(system.license_product)


def test_a_push_that_was_open_at_the_disconnection_is_settled_before_the_new_initial(system: System) -> None:
    start(system)
    system.psa.fault("cut", method="PATCH", count=1, when="after")
    system.licenses("globex", delta=3)
    system.settle()
    assert system.addition(system.license_product).open is not None
    system.disconnect()
    reconnect(system)
    system.map_company("globex")

    pass_time(system, system.now + timedelta(minutes=2))

    assert [Decimal(15)] == system.held(system.license_product)
    assert ["INITIAL 2026-11", "INCREMENTAL 2026-11", "INITIAL 2026-11"] == kinds(system, system.license_product)


def test_a_dead_site_over_the_month_end_loses_nothing(system: System) -> None:
    start(system)
    system.move_clock(at(11, 30, 22))
    system.psa.fault("error", status=503, body="html")
    system.licenses("globex", delta=3)
    for moment in (at(11, 30, 23), at(12, 1, 0, 30), at(12, 1, 1), at(12, 1, 2)):
        for _ in range(4):
            pass_time(system, moment)
    system.licenses("globex", delta=1)
    assert [Decimal(12)] == system.held(system.license_product)

    heal(system)
    pass_time(system, at(12, 1, 9))
    pass_time(system, at(12, 1, 9, 10))

    assert [Decimal(16)] == system.held(system.license_product)
    assert "FINAL 2026-11" in kinds(system, system.license_product)


def test_a_closed_month_is_not_closed_or_written_again_as_the_clock_moves_on(system: System) -> None:
    start(system)
    close(system, NOVEMBER)
    head, writes = system.journal.head(), system.psa.writes()

    for minute in (31, 45, 59):
        pass_time(system, at(12, 1, 0, minute))

    assert (head, writes) == (system.journal.head(), system.psa.writes())


def test_nothing_is_pushed_between_midnight_and_the_close(system: System) -> None:
    start(system)
    start(system, "initech", 5)
    system.move_clock(at(12, 1, 0, 0))
    system.licenses("globex", delta=3)
    system.licenses("initech", delta=3, effective_at=at(11, 30, 12))
    system.settle()
    assert [Decimal(17)] == system.held(system.license_product)

    close(system, NOVEMBER)

    starts = [fact for fact in system.facts(system.license_product) if isinstance(fact, PushStarted)]
    assert [("FINAL", Decimal("20.00")), ("INCREMENTAL", Decimal("23.00"))] == [
        (fact.kind.value, fact.target) for fact in starts[2:]
    ]


def test_a_month_that_was_paused_for_good_is_still_closed_at_the_year_end(
    system_at: Callable[[datetime], System],
) -> None:
    system = system_at(at(12, 20))
    start(system)
    system.pause()

    close(system, DECEMBER)

    assert [("2026-12", 1, [Decimal("12.00"), Decimal("0.00")])] == closed_months(system)
    assert ["INITIAL 2026-12"] == kinds(system, system.license_product)


def test_a_month_missed_altogether_is_closed_at_once_and_not_with_the_next_one(system: System) -> None:
    start(system)
    system.move_clock(at(1, 1, 0, 10, year=2027))

    system.settle()

    assert [("2026-11", 1, [Decimal("12.00"), Decimal("0.00")])] == closed_months(system)


def exceptions(system: System) -> list[str]:
    """Problem and month of what stands on the exception list about the licences' addition, in order."""
    system.fold()
    with system.tools.pool.connection() as connection:
        rows = connection.execute(
            "SELECT problem || ' ' || month FROM exceptions WHERE product = %s ORDER BY 1", (system.license_product,)
        ).fetchall()
    return [str(row) for (row,) in rows]


def reconnect(system: System) -> None:
    """The same tenant again; products are mapped and confirmed anew."""
    system.connect()
    system.map_product(CORE, Component.LICENSE, system.license_product)
    system.map_product(CORE, Component.SERVER, system.server_product)
    system.on_connection(lambda state: confirm_product_mapping(state, CORE.items))
