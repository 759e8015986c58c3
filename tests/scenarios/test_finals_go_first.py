"""Finals come before everything else of their addition: Sync now does not step over one that waits, and a final
carries the acts of its month whether it writes or not.
"""

from decimal import Decimal

from domain.addition import Answer
from domain.values import DriftPolicy, Rule
from tests.scenarios.acts import DECEMBER, NOVEMBER, at, close, due, kinds, refusals, start
from tests.workers.system import System


def test_a_held_final_stays_answerable_after_sync_now(system: System) -> None:
    start(system)
    system.change_settings(drift_policy=DriftPolicy.HOLD)
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    close(system, NOVEMBER)
    assert [("FINAL", "2026-11", "HELD")] == due(system)

    system.sync_now()
    system.settle()
    assert [Decimal(13)] == system.held(system.license_product)
    assert any("FINAL_PENDING" in refusal for refusal in refusals(system, system.license_product))

    system.approve(system.license_product, Answer.OVERWRITE)
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)
    assert NOVEMBER in system.addition(system.license_product).finals


def test_sync_now_for_the_closed_month_settles_its_held_final(system: System) -> None:
    start(system)
    system.change_settings(drift_policy=DriftPolicy.HOLD)
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    close(system, NOVEMBER)

    system.sync_now(NOVEMBER)
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)
    assert [] == [one for one in due(system) if one[0] == "FINAL"]


def test_a_final_left_as_it_is_carries_the_acts_that_waited_for_an_earlier_one(system: System) -> None:
    system.set_rule(system.license_product, Rule.AVERAGE)
    start(system)
    system.change_settings(drift_policy=DriftPolicy.HOLD)
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    close(system, NOVEMBER)
    system.move_clock(at(12, 17))
    system.licenses("globex", delta=4)
    system.settle()
    close(system, DECEMBER)
    assert [("ACT", "2026-12", "DUE"), ("FINAL", "2026-12", "HELD")] == due(system)

    system.approve(system.license_product, Answer.LEAVE)
    system.settle()

    assert ["INITIAL 2026-11", "FINAL 2026-12"] == kinds(system, system.license_product)
    assert [Decimal(13)] == system.held(system.license_product)
    assert [] == due(system)


def test_a_final_that_somebody_entered_by_hand_already_carries_the_acts_of_its_month(system: System) -> None:
    system.set_rule(system.license_product, Rule.AVERAGE)
    system.create("globex", effective_at=NOVEMBER.begins_at)
    system.licenses("globex", quantity=12, effective_at=NOVEMBER.begins_at)
    system.map_company("globex")
    system.settle()
    system.pause()
    system.move_clock(at(11, 16))
    system.licenses("globex", delta=3, effective_at=at(11, 16))
    close(system, NOVEMBER)
    system.psa.hand_edit(system.agreement, system.license_product, 13.5)

    system.resume()
    system.settle()

    assert ["INITIAL 2026-11", "FINAL 2026-11"] == kinds(system, system.license_product)
    assert [Decimal("13.5")] == system.held(system.license_product)
    assert [] == due(system)
