"""What each kind of push writes, seen in the PSA."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.addition import Answer, DriftDetected, PushHeld, PushStarted
from domain.values import BillingMonth, Component, LeftBehind, LicenseType
from tests.workers.system import LITE, System
from workers import push


def test_a_mapped_organization_brings_its_quantities_to_new_additions(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.licenses("globex", quantity=2, component=Component.SERVER)

    system.map_company("globex")
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)
    assert [Decimal(2)] == system.held(system.server_product)
    assert [("INITIAL", Decimal("12.00"))] == system.pushes(system.license_product)


def test_no_push_of_a_month_starts_once_the_month_is_over(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.licenses("globex", quantity=2, component=Component.SERVER)
    system.map_company("globex")
    asked, is_ours = list[None](), push._Lease.is_ours

    def stalled(lease: push._Lease) -> bool:
        asked.append(None)
        if len(asked) == 2:  # between the first addition of the pass and the second
            system.move_clock(datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC))
        return is_ours(lease)

    monkeypatch.setattr(push._Lease, "is_ours", stalled)
    system.settle()

    starts = [entry for entry in system.journal.read(0, 1_000) if isinstance(entry.fact, PushStarted)]
    assert len(asked) >= 2
    assert [BillingMonth(2026, 11)] == [entry.fact.month for entry in starts]
    assert all(entry.recorded_at < entry.fact.deadline for entry in starts)


def test_each_licence_change_moves_the_addition_by_its_delta(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()

    system.licenses("globex", delta=3)
    system.settle()
    assert [Decimal(15)] == system.held(system.license_product)

    system.licenses("globex", delta=-5)
    system.settle()
    assert [Decimal(10)] == system.held(system.license_product)


def test_a_trial_organization_is_pushed_as_zero(system: System) -> None:
    system.create("trial", license_type=LicenseType.TRIAL)
    system.licenses("trial", quantity=7)

    system.map_company("trial")
    system.settle()

    assert [Decimal(0)] == system.held(system.license_product)


def test_a_hand_edit_survives_an_increment_and_is_recorded(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=10)
    system.map_company("globex")
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 13)

    system.licenses("globex", delta=1)
    system.settle()

    assert [Decimal(14)] == system.held(system.license_product)
    assert DriftDetected(Decimal("10.00"), Decimal(13)) in system.facts(system.license_product)


def test_sync_now_puts_the_number_of_the_facts_back_and_remembers_what_was_there(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=11)
    system.map_company("globex")
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 14)

    system.sync_now()
    system.settle()

    assert [Decimal(11)] == system.held(system.license_product)
    started = [fact for fact in system.facts(system.license_product) if isinstance(fact, PushStarted)][-1]
    assert ("OVERWRITE", Decimal(14), Decimal("11.00")) == (started.kind, started.found, started.target)


def test_sync_now_holds_a_steep_drop_until_an_admin_approves_it(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=11)
    system.map_company("globex")
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 99)

    system.sync_now()
    system.settle()
    assert [Decimal(99)] == system.held(system.license_product)
    assert isinstance(system.facts(system.license_product)[-1], PushHeld)

    system.approve(system.license_product, Answer.APPROVE)
    system.settle()
    assert [Decimal(11)] == system.held(system.license_product)


def test_the_last_organization_leaving_untouched_leaves_the_number_and_nothing_is_pushed_after(
    system: System,
) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()

    system.unmap_company("globex")
    system.settle()
    system.licenses("globex", delta=5)
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)
    assert system.pushes(system.license_product)[-1][0] == "RELEASE"


def test_moving_to_another_agreement_puts_the_one_left_behind_to_zero(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()

    system.map_company("globex", system.other_agreement, is_move=True, left=LeftBehind.ZERO)
    system.settle()

    assert [Decimal(0)] == system.held(system.license_product)
    assert [Decimal(12)] == system.held(system.license_product, system.other_agreement)


def test_several_organizations_on_one_agreement_add_up_and_the_rest_stays_when_one_leaves(system: System) -> None:
    for name, quantity in (("globex", 12), ("globex-eu", 17)):
        system.create(name)
        system.licenses(name, quantity=quantity)
        system.map_company(name)
    system.settle()
    assert [Decimal(29)] == system.held(system.license_product)

    system.unmap_company("globex")
    system.settle()

    assert [Decimal(17)] == system.held(system.license_product)


def test_a_plan_change_ends_one_product_and_begins_the_other(system: System) -> None:
    system.map_product(LITE, Component.LICENSE, system.spare_product)
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.licenses("globex", quantity=2, component=Component.SERVER)
    system.map_company("globex")
    system.settle()

    system.change_plan("globex", LITE)
    system.settle()

    assert [Decimal(0)] == system.held(system.license_product)
    assert [Decimal(0)] == system.held(system.server_product)
    assert [Decimal(12)] == system.held(system.spare_product)


def test_the_month_end_writes_the_closed_quantities_and_the_new_month_starts_with_its_first_act(
    system: System,
) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 13)

    system.move_clock(datetime(2026, 12, 1, 0, 30, tzinfo=UTC))
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)
    assert ("FINAL", Decimal("12.00")) == system.pushes(system.license_product)[-1]
    assert BillingMonth(2026, 11) in system.addition(system.license_product).finals

    system.licenses("globex", delta=1)
    system.settle()
    assert [Decimal(13)] == system.held(system.license_product)


def test_what_is_changed_after_midnight_waits_for_the_close(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()
    system.move_clock(datetime(2026, 12, 1, 0, 10, tzinfo=UTC))

    system.licenses("globex", delta=4)
    system.settle()
    assert [Decimal(12)] == system.held(system.license_product)

    system.move_clock(datetime(2026, 12, 1, 0, 30, tzinfo=UTC))
    system.settle()
    assert [("INITIAL", Decimal("12.00")), ("FINAL", Decimal("12.00")), ("INCREMENTAL", Decimal("16.00"))] == (
        system.pushes(system.license_product)
    )


def test_working_again_without_a_new_fact_writes_nothing(system: System) -> None:
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.map_company("globex")
    system.settle()
    writes, head = system.psa.writes(), system.journal.head()

    system.forget_patience()
    system.settle()

    assert (writes, head) == (system.psa.writes(), system.journal.head())
