"""What becomes of a quantity edited by hand when the month closes, and drops that wait for an admin."""

from decimal import Decimal

import pytest

from domain.addition import ADDITION, Answer, PushHeld, approve_push
from domain.refusals import NumbersMoved
from domain.values import DriftPolicy
from tests.scenarios.acts import NOVEMBER, close, kinds, last_started, start
from tests.workers.system import System


@pytest.mark.parametrize(
    ("policy", "held"), [(DriftPolicy.OVERWRITE, 12), (DriftPolicy.KEEP, 13), (DriftPolicy.HOLD, 13)]
)
def test_the_drift_policy_decides_over_a_hand_edit_at_the_close(system: System, policy: DriftPolicy, held: int) -> None:
    start(system)
    system.change_settings(drift_policy=policy)
    system.psa.hand_edit(system.agreement, system.license_product, 13)

    close(system, NOVEMBER)

    assert [Decimal(held)] == system.held(system.license_product)
    assert (policy is not DriftPolicy.HOLD) == (NOVEMBER in system.addition(system.license_product).finals)


@pytest.mark.parametrize(
    ("answer", "held", "wrote", "base"),
    [(Answer.OVERWRITE, 12, 12, 12), (Answer.KEEP, 13, 13, 12), (Answer.LEAVE, 13, 13, 12)],
)
def test_a_held_final_is_settled_by_the_admins_answer(
    system: System, answer: Answer, held: int, wrote: int, base: int
) -> None:
    start(system)
    system.change_settings(drift_policy=DriftPolicy.HOLD)
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    close(system, NOVEMBER)

    system.approve(system.license_product, answer)
    system.settle()

    addition = system.addition(system.license_product)
    assert [Decimal(held)] == system.held(system.license_product)
    assert (Decimal(base), Decimal(wrote)) == (addition.base, addition.wrote)
    assert NOVEMBER in addition.finals


@pytest.mark.parametrize("policy", list(DriftPolicy))
def test_without_a_hand_edit_every_policy_writes_what_closed(system: System, policy: DriftPolicy) -> None:
    start(system)
    system.change_settings(drift_policy=policy)

    close(system, NOVEMBER)

    assert ["INITIAL 2026-11", "FINAL 2026-11"] == kinds(system, system.license_product)
    assert [Decimal(12)] == system.held(system.license_product)


def test_a_hand_edit_that_increments_carried_along_is_still_one_at_the_close(system: System) -> None:
    start(system)
    system.change_settings(drift_policy=DriftPolicy.HOLD)
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    system.licenses("globex", delta=2)
    system.settle()
    assert [Decimal(15)] == system.held(system.license_product)

    close(system, NOVEMBER)

    held = system.facts(system.license_product)[-1]
    assert isinstance(held, PushHeld)
    assert ("HAND_EDIT", Decimal(15), Decimal("14.00")) == (held.reason.value, held.found, held.target)


def test_a_number_that_somebody_entered_by_hand_already_is_not_counted_twice(system: System) -> None:
    start(system)
    system.psa.hand_edit(system.agreement, system.license_product, 15)

    system.licenses("globex", delta=3)
    system.settle()

    assert [Decimal(15)] == system.held(system.license_product)
    started = last_started(system, system.license_product)
    assert (Decimal(15), Decimal(15)) == (started.found, started.target)


def test_more_decimals_of_a_hand_edit_are_kept_by_an_increment(system: System) -> None:
    start(system)
    system.psa.hand_edit(system.agreement, system.license_product, 12.125)

    system.licenses("globex", delta=1)
    system.settle()

    assert [Decimal("13.125")] == system.held(system.license_product)


def test_a_final_that_would_drop_far_from_a_hand_edit_waits_and_a_big_fall_by_facts_does_not(system: System) -> None:
    start(system, quantity=100)
    system.licenses("globex", quantity=3)
    system.settle()
    assert [Decimal(3)] == system.held(system.license_product)
    system.psa.hand_edit(system.agreement, system.license_product, 80)

    close(system, NOVEMBER)
    assert [Decimal(80)] == system.held(system.license_product)

    system.approve(system.license_product)
    system.settle()
    assert [Decimal(3)] == system.held(system.license_product)


def test_an_adopted_line_that_would_drop_far_waits_for_an_approval(system: System) -> None:
    system.psa.post(
        "actions",
        action="addition_added",
        agreement=system.agreement,
        values={"product": {"id": system.license_product}, "billCustomer": "Billable", "quantity": 99},
    )
    start(system)
    assert [Decimal(99)] == system.held(system.license_product)

    system.approve(system.license_product)
    system.settle()

    assert [Decimal(12)] == system.held(system.license_product)
    assert ["INITIAL 2026-11"] == kinds(system, system.license_product)


def test_an_approval_counts_only_for_the_numbers_it_was_given_for(system: System) -> None:
    start(system)
    system.psa.hand_edit(system.agreement, system.license_product, 99)
    system.sync_now()
    system.settle()
    system.psa.hand_edit(system.agreement, system.license_product, 88)

    system.approve(system.license_product)
    system.settle()

    assert [Decimal(88)] == system.held(system.license_product)
    held = system.addition(system.license_product).held
    assert held is not None
    assert (Decimal(88), None) == (held.found, system.addition(system.license_product).approved)


def test_an_approval_with_other_numbers_than_the_held_ones_is_refused(system: System) -> None:
    start(system)
    system.psa.hand_edit(system.agreement, system.license_product, 99)
    system.sync_now()
    system.settle()
    held = system.addition(system.license_product).held
    assert held is not None

    with pytest.raises(NumbersMoved):
        system.journal.execute(
            ADDITION,
            system.stream(system.license_product),
            lambda state: approve_push(
                state,
                system.agreement,
                system.license_product,
                push=held.push,
                answer=Answer.APPROVE,
                found=Decimal(98),
                target=held.target,
            ),
            system.origin(),
        )


def test_a_hold_of_a_final_keeps_the_new_months_changes_waiting_until_it_is_answered(system: System) -> None:
    start(system)
    system.change_settings(drift_policy=DriftPolicy.HOLD)
    system.psa.hand_edit(system.agreement, system.license_product, 13)
    close(system, NOVEMBER)
    system.licenses("globex", delta=5)
    system.settle()
    assert [Decimal(13)] == system.held(system.license_product)

    system.approve(system.license_product, Answer.OVERWRITE)
    system.settle()

    assert [Decimal(17)] == system.held(system.license_product)
