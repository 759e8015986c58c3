"""Sync now does not step over the final of an earlier month that still waits."""

from decimal import Decimal

from domain.addition import Answer
from domain.values import DriftPolicy
from tests.scenarios.acts import NOVEMBER, close, due, refusals, start
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
