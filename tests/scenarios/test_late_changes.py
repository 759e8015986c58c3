"""Changes that are reported after the month they belong to has ended, closed, or been written."""

from decimal import Decimal

from domain.values import Rule
from tests.scenarios.acts import NOVEMBER, at, close, closed_months, kinds, start
from tests.workers.system import LITE, System

ZERO = Decimal("0.00")


def test_a_late_change_before_the_close_is_in_the_final(system: System) -> None:
    start(system)
    system.move_clock(at(12, 1, 0, 20))
    system.licenses("globex", delta=3, effective_at=at(11, 20))

    close(system, NOVEMBER)

    assert [("2026-11", 1, [Decimal("15.00"), ZERO])] == closed_months(system)
    assert ["INITIAL 2026-11", "FINAL 2026-11"] == kinds(system, system.license_product)
    assert [Decimal(15)] == system.held(system.license_product)


def test_a_late_change_after_the_final_is_a_correction_and_an_ordinary_increment_of_the_open_month(
    system: System,
) -> None:
    start(system)
    close(system, NOVEMBER)
    system.move_clock(at(12, 4))

    system.licenses("globex", delta=3, effective_at=at(11, 20))
    system.settle()

    assert [("2026-11", 1, [Decimal("12.00"), ZERO]), ("2026-11", 2, [Decimal("15.00"), ZERO])] == closed_months(system)
    assert ["INITIAL 2026-11", "FINAL 2026-11", "INCREMENTAL 2026-12"] == kinds(system, system.license_product)
    assert [Decimal(15)] == system.held(system.license_product)


def test_a_final_that_has_not_started_writes_the_corrected_month(system: System) -> None:
    start(system)
    system.pause()
    close(system, NOVEMBER)
    system.licenses("globex", delta=3, effective_at=at(11, 20))

    system.resume()
    system.settle()

    assert ("FINAL", Decimal("15.00")) == system.pushes(system.license_product)[1]


def test_a_correction_after_the_final_is_written_only_by_an_explicit_overwrite_of_that_month(system: System) -> None:
    system.set_rule(system.license_product, Rule.PEAK)
    start(system)
    close(system, NOVEMBER)
    system.licenses("globex", quantity=20, effective_at=at(11, 20))
    system.licenses("globex", quantity=12, effective_at=at(11, 21))
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)

    system.sync_now(NOVEMBER)
    system.settle()

    assert [Decimal(20)] == system.held(system.license_product)
    assert "OVERWRITE 2026-11" == kinds(system, system.license_product)[-1]


def test_a_change_that_alters_nothing_in_the_closed_month_makes_no_correction(system: System) -> None:
    start(system)
    close(system, NOVEMBER)

    system.licenses("globex", quantity=30, effective_at=at(11, 20))
    system.licenses("globex", quantity=12, effective_at=at(11, 21))

    assert [1, 2, 3] == [version for _, version, _ in closed_months(system)]
    assert [Decimal("12.00"), Decimal("30.00"), Decimal("12.00")] == [
        quantities[0] for _, _, quantities in closed_months(system)
    ]


def test_one_late_change_corrects_every_closed_month_that_it_changes(system: System) -> None:
    start(system)
    close(system, NOVEMBER)
    close(system, NOVEMBER.next())

    system.licenses("globex", delta=2, effective_at=at(11, 20))
    system.settle()

    assert ["2026-11", "2026-12", "2026-11", "2026-12"] == [month for month, _, _ in closed_months(system)]
    assert [Decimal(14)] == system.held(system.license_product)


def test_a_late_plan_change_moves_the_closed_month_to_the_other_plan(system: System) -> None:
    start(system)
    close(system, NOVEMBER)

    system.change_plan("globex", LITE, effective_at=at(11, 25))
    system.settle()

    assert ("2026-11", 2, [ZERO, ZERO]) == closed_months(system)[-1]
    assert [Decimal(0)] == system.held(system.license_product)


def test_hold_days_keep_the_closed_number_until_they_are_over(system: System) -> None:
    system.change_settings(hold_days=3)
    start(system)
    close(system, NOVEMBER)
    system.licenses("globex", delta=4)
    system.create("initech")
    system.licenses("initech", quantity=6)
    system.map_company("initech")
    system.move_clock(at(12, 4, 23, 59, 59))
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)

    system.move_clock(at(12, 5))
    system.settle()

    assert [Decimal(22)] == system.held(system.license_product)


def test_sync_now_goes_through_a_hold(system: System) -> None:
    system.change_settings(hold_days=3)
    start(system)
    close(system, NOVEMBER)
    system.licenses("globex", delta=4)

    system.sync_now()
    system.settle()

    assert [Decimal(16)] == system.held(system.license_product)
