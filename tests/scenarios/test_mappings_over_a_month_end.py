"""Mappings that come, go and move around a month end, and what becomes of the additions left behind."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from domain.values import Component, LeftBehind, Rule
from tests.scenarios.acts import (
    DECEMBER,
    NOVEMBER,
    at,
    close,
    closed_months,
    due,
    kinds,
    pass_time,
    refusals,
    start,
)
from tests.workers.system import CORE, LITE, System


def test_an_organization_mapped_after_the_month_ended_brings_no_final_of_it(system: System) -> None:
    start(system)
    system.create("initech")
    system.licenses("initech", quantity=6)
    system.move_clock(at(12, 1, 0, 10))
    system.map_company("initech")

    close(system, NOVEMBER)

    assert [("FINAL", Decimal("12.00")), ("INCREMENTAL", Decimal("18.00"))] == system.pushes(system.license_product)[1:]
    assert [Decimal(18)] == system.held(system.license_product)


def test_a_first_mapping_after_the_close_is_an_initial_of_the_new_month(system: System) -> None:
    system.create("initech")
    system.licenses("initech", quantity=6)
    close(system, NOVEMBER)

    system.map_company("initech")
    system.settle()
    close(system, DECEMBER)

    assert ["INITIAL 2026-12", "FINAL 2026-12"] == kinds(system, system.license_product)


def test_an_organization_unmapped_in_the_last_minute_leaves_the_line_as_the_admin_chose(
    system_at: Callable[[datetime], System],
) -> None:
    for left, held in ((LeftBehind.UNTOUCHED, 12), (LeftBehind.ZERO, 0)):
        system = system_at(at(11, 10))
        start(system)
        system.move_clock(at(11, 30, 23, 59))
        system.unmap_company("globex", left)

        close(system, NOVEMBER)

        assert [Decimal(held)] == system.held(system.license_product)
        assert ["INITIAL 2026-11", "RELEASE 2026-12"] == kinds(system, system.license_product)
        assert [] == due(system)


def test_one_of_two_unmapped_in_the_last_minute_is_not_in_the_final(system: System) -> None:
    start(system)
    start(system, "initech", 5)
    system.move_clock(at(11, 30, 23, 59))
    system.unmap_company("initech")

    close(system, NOVEMBER)

    assert [Decimal(12)] == system.held(system.license_product)
    assert ["INITIAL 2026-11", "INCREMENTAL 2026-11", "FINAL 2026-11"] == kinds(system, system.license_product)


def test_an_agreement_changed_in_the_last_minute_gets_the_final_and_the_old_one_is_released(system: System) -> None:
    start(system)
    system.move_clock(at(11, 30, 23, 59))
    system.map_company("globex", system.other_agreement, is_move=True, left=LeftBehind.ZERO)

    close(system, NOVEMBER)

    assert [Decimal(0)] == system.held(system.license_product)
    assert [Decimal(12)] == system.held(system.license_product, system.other_agreement)
    assert ["FINAL 2026-11"] == kinds(system, system.license_product, system.other_agreement)


def test_a_remapped_product_releases_the_old_line_and_begins_the_new_one(system: System) -> None:
    start(system)

    system.map_product(CORE, Component.LICENSE, system.spare_product, LeftBehind.ZERO)
    system.settle()
    close(system, NOVEMBER)

    assert [Decimal(0)] == system.held(system.license_product)
    assert [Decimal(12)] == system.held(system.spare_product)
    assert ["INITIAL 2026-11", "RELEASE 2026-11"] == kinds(system, system.license_product)


def test_an_unmapped_product_is_left_untouched_and_its_usage_is_closed_without_a_product(system: System) -> None:
    start(system)

    system.unmap_product(CORE, Component.LICENSE)
    system.settle()
    close(system, NOVEMBER)

    assert [Decimal(12)] == system.held(system.license_product)
    assert [("2026-11", 1, [Decimal("0.00")])] == closed_months(system)


def test_an_organization_that_leaves_and_comes_back_starts_with_an_initial(system: System) -> None:
    start(system)
    system.unmap_company("globex", LeftBehind.UNTOUCHED)
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 14)
    system.licenses("globex", delta=1)

    system.map_company("globex")
    system.settle()

    assert [Decimal(13)] == system.held(system.license_product)
    assert ["INITIAL 2026-11", "RELEASE 2026-11", "INITIAL 2026-11"] == kinds(system, system.license_product)


def test_one_of_two_plans_remapped_away_leaves_the_rest_on_the_old_line(system: System) -> None:
    system.map_product(LITE, Component.LICENSE, system.license_product)
    start(system)
    start(system, "initech", 5, LITE)
    assert [Decimal(17)] == system.held(system.license_product)

    system.map_product(LITE, Component.LICENSE, system.spare_product)
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)
    assert [Decimal(5)] == system.held(system.spare_product)


def test_a_line_left_while_its_final_waits_is_written_and_then_released(system: System) -> None:
    start(system)
    system.pause()
    system.licenses("globex", delta=3)
    close(system, NOVEMBER)
    system.unmap_company("globex", LeftBehind.ZERO)

    system.resume()
    system.settle()

    assert [("FINAL", Decimal("15.00")), ("RELEASE", Decimal("0.00"))] == system.pushes(system.license_product)[1:]


def test_the_rule_at_the_close_governs_the_whole_month(system: System) -> None:
    start(system, quantity=20)
    system.licenses("globex", quantity=4)
    system.settle()
    system.move_clock(at(12, 1, 0, 15))
    system.set_rule(system.license_product, Rule.PEAK)

    close(system, NOVEMBER)

    assert [("2026-11", 1, [Decimal("20.00"), Decimal("0.00")])] == closed_months(system)
    assert [Decimal(20)] == [target for kind, target in system.pushes(system.license_product) if kind == "FINAL"]


def test_a_final_on_an_agreement_that_ended_with_its_month_is_verified_where_there_is_nothing_to_write(
    system: System,
) -> None:
    start(system)
    ending = {"endDate": "2026-11-30T00:00:00Z", "noEndingDateFlag": False}
    system.psa.post("actions", action="record_changed", table="agreement", id=system.agreement, changes=ending)
    writes = system.psa.writes()

    close(system, NOVEMBER)

    assert ["INITIAL 2026-11", "FINAL 2026-11"] == kinds(system, system.license_product)
    assert (writes, None) == (system.psa.writes(), system.addition(system.license_product).exceptional)


def test_what_was_left_on_an_agreement_that_ended_is_released_once_a_person_has_set_it_to_0(system: System) -> None:
    start(system)
    system.psa.post("actions", action="agreement_cancelled", agreement=system.agreement)
    system.map_company("globex", system.other_agreement, is_move=True, left=LeftBehind.ZERO)
    system.settle()
    assert ["AGREEMENT_ENDED 2026-11"] == refusals(system, system.license_product)

    system.psa.hand_edit(system.agreement, system.license_product, 0)
    pass_time(system, system.now)

    assert ["INITIAL 2026-11", "RELEASE 2026-11"] == kinds(system, system.license_product)
    assert system.addition(system.license_product).exceptional is None
