"""Each rule through a month, its end and the beginning of the next, seen in the PSA."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from domain.organization import ORGANIZATION
from domain.streams import organization_stream
from domain.values import BillingMonth, Component, LicenseType, Management, OrganizationId, Rule
from tests.scenarios.acts import NOVEMBER, at, change_manager, change_type, close, closed_months, kinds, start
from tests.workers.system import LITE, MSP, System


def test_peak_keeps_the_highest_of_the_month_and_the_next_month_begins_with_what_is_in_force(system: System) -> None:
    system.set_rule(system.license_product, Rule.PEAK)
    start(system, quantity=12)
    system.licenses("globex", quantity=20)
    system.settle()
    system.licenses("globex", quantity=15)
    system.settle()
    assert [Decimal(20)] == system.held(system.license_product)

    close(system, NOVEMBER)
    assert [Decimal(20)] == system.held(system.license_product)
    system.licenses("globex", delta=1)
    system.settle()

    assert [Decimal(16)] == system.held(system.license_product)


def test_average_is_what_the_month_will_close_with_if_nothing_else_comes(system: System) -> None:
    system.set_rule(system.license_product, Rule.AVERAGE)
    system.create("globex", effective_at=NOVEMBER.begins_at)
    system.licenses("globex", quantity=12, effective_at=NOVEMBER.begins_at)
    system.map_company("globex")
    system.settle()
    system.move_clock(at(11, 16))
    system.licenses("globex", delta=3)
    system.settle()
    assert [Decimal("13.5")] == system.held(system.license_product)

    close(system, NOVEMBER)
    system.licenses("globex", delta=1, effective_at=at(12, 1))
    system.settle()

    assert [("2026-11", 1, [Decimal("13.50"), Decimal("0.00")])] == closed_months(system)
    assert [Decimal(16)] == system.held(system.license_product)


def test_the_minimum_raises_each_organization_that_had_anything_and_no_other(system: System) -> None:
    system.set_rule(system.license_product, Rule.CURRENT, minimum=5)
    for name, quantity in (("small", 2), ("large", 9), ("none", 0)):
        system.create(name)
        system.licenses(name, quantity=quantity)
        system.map_company(name)

    system.settle()

    assert [Decimal(14)] == system.held(system.license_product)


def test_a_plan_change_on_one_product_counts_once_under_peak(system: System) -> None:
    system.map_product(LITE, Component.LICENSE, system.license_product)
    system.set_rule(system.license_product, Rule.PEAK)
    start(system, quantity=12)

    system.change_plan("globex", LITE)
    system.settle()
    close(system, NOVEMBER)

    assert [Decimal(12)] == system.held(system.license_product)


def test_several_plans_on_one_product_add_up(system: System) -> None:
    system.map_product(LITE, Component.LICENSE, system.license_product)
    start(system, "globex", 12)

    start(system, "initech", 5, LITE)

    assert [Decimal(17)] == system.held(system.license_product)


def test_a_new_rule_moves_the_number_of_the_open_month_at_once_and_governs_all_of_it(system: System) -> None:
    start(system, quantity=20)
    system.licenses("globex", quantity=15)
    system.settle()
    assert [Decimal(15)] == system.held(system.license_product)

    system.set_rule(system.license_product, Rule.PEAK)
    system.settle()
    assert [Decimal(20)] == system.held(system.license_product)
    close(system, NOVEMBER)

    assert [("2026-11", 1, [Decimal("20.00"), Decimal("0.00")])] == closed_months(system)


def test_the_average_of_a_leap_february_is_over_29_days(system_at: Callable[[datetime], System]) -> None:
    system = system_at(at(2, 1, year=2028))
    system.set_rule(system.license_product, Rule.AVERAGE)
    start(system, quantity=29)
    system.move_clock(at(2, 29, year=2028))

    system.licenses("globex", delta=29)
    system.settle()
    assert [Decimal(30)] == system.held(system.license_product)
    close(system, BillingMonth(2028, 2))

    assert [("2028-02", 1, [Decimal("30.00"), Decimal("0.00")])] == closed_months(system)


def test_the_year_ends_like_any_other_month(system_at: Callable[[datetime], System]) -> None:
    system = system_at(at(12, 31, 23, 50))
    start(system, quantity=7)

    close(system, BillingMonth(2026, 12))
    system.licenses("globex", delta=1)
    system.settle()

    assert ["INITIAL 2026-12", "FINAL 2026-12", "INCREMENTAL 2027-01"] == kinds(system, system.license_product)
    assert [Decimal(8)] == system.held(system.license_product)


def test_a_change_effective_a_few_minutes_ahead_across_the_month_boundary_belongs_to_the_new_month(
    system_at: Callable[[datetime], System],
) -> None:
    system = system_at(at(11, 30, 23, 50))
    start(system, quantity=12)
    system.move_clock(at(11, 30, 23, 58))
    system.licenses("globex", delta=4, effective_at=at(12, 1, 0, 2))
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)

    close(system, NOVEMBER)

    assert [("2026-11", 1, [Decimal("12.00"), Decimal("0.00")])] == closed_months(system)
    assert ["INITIAL 2026-11", "FINAL 2026-11", "INCREMENTAL 2026-12"] == kinds(system, system.license_product)
    assert [Decimal(16)] == system.held(system.license_product)


def test_a_change_effective_at_the_first_instant_of_a_month_is_not_in_the_month_before(
    system_at: Callable[[datetime], System],
) -> None:
    system = system_at(at(11, 30, 23, 50))
    system.set_rule(system.license_product, Rule.PEAK)
    start(system, quantity=12)
    system.move_clock(at(11, 30, 23, 58))
    system.licenses("globex", delta=4, effective_at=at(12, 1))

    close(system, NOVEMBER)

    assert [("2026-11", 1, [Decimal("12.00"), Decimal("0.00")])] == closed_months(system)
    assert [Decimal(16)] == system.held(system.license_product)


def test_an_organization_mapped_in_mid_month_brings_the_usage_of_the_whole_month(system: System) -> None:
    system.set_rule(system.license_product, Rule.PEAK)
    system.create("globex", effective_at=at(11, 2))
    system.licenses("globex", quantity=30, effective_at=at(11, 3))
    system.licenses("globex", quantity=10, effective_at=at(11, 4))

    system.map_company("globex")
    system.settle()

    assert [Decimal(30)] == system.held(system.license_product)


def test_a_trial_that_becomes_paid_is_billed_from_then_on_and_nfr_never(system: System) -> None:
    system.create("globex", license_type=LicenseType.TRIAL)
    system.licenses("globex", quantity=8)
    system.map_company("globex")
    system.settle()
    change_type(system, "globex", LicenseType.PAID)
    system.settle()
    assert [Decimal(8)] == system.held(system.license_product)

    change_type(system, "globex", LicenseType.NFR)
    system.settle()

    assert [Decimal(0)] == system.held(system.license_product)


def test_an_organization_that_manages_itself_in_between_bills_nothing_meanwhile(system: System) -> None:
    start(system, quantity=8)
    change_manager(system, "globex", Management.SELF)
    system.settle()
    assert [Decimal(0)] == system.held(system.license_product)

    change_manager(system, "globex", Management.MSP)
    system.settle()

    assert [Decimal(8)] == system.held(system.license_product)


def test_an_organization_closed_in_the_month_closes_that_month_and_none_after_it(system: System) -> None:
    start(system, quantity=8)
    system.close_organization("globex")
    system.settle()
    assert [Decimal(0)] == system.held(system.license_product)

    close(system, NOVEMBER)
    close(system, NOVEMBER.next())

    state = system.journal.state(ORGANIZATION, organization_stream(MSP, OrganizationId("globex"))).state
    assert [NOVEMBER] == list(state.closed_months)
    assert [Decimal(0)] == system.held(system.license_product)
