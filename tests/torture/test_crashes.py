"""A worker is met between every two steps of a push and of a month close: exactly one addition holds the right number.

Met means: it dies; it dies and another one takes over at once; another one comes while it works; or it freezes until
its deadline is over, others go on, and it wakes up.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.addition import PushFailed, PushOutcomeUnknown, PushStarted, UsagePushed
from domain.values import BillingMonth
from tests.databases import Template
from tests.scenarios.acts import closed_months, start
from tests.torture.stepping import Crash, Steps, free_leases, work_until_met
from tests.workers.system import System, ready_system

pytestmark = pytest.mark.tortured

MOST_STEPS = 60
Meeting = Callable[[System, Steps], None]


def die(system: System, steps: Steps) -> None:
    raise Crash


def die_and_be_replaced_at_once(system: System, steps: Steps) -> None:
    free_leases(system)
    system.settle()
    raise Crash


def be_joined_by_another(system: System, steps: Steps) -> None:
    free_leases(system)
    system.settle()


def freeze_past_the_deadline(system: System, steps: Steps) -> None:
    steps.is_late = True
    recover(system)


def freeze_while_more_happens(system: System, steps: Steps) -> None:
    steps.is_late = True
    system.licenses("globex", delta=100)
    recover(system)
    system.licenses("globex", delta=-100)
    recover(system)


MEETINGS: dict[str, Meeting] = {
    "dies": die,
    "dies and is replaced": die_and_be_replaced_at_once,
    "is joined": be_joined_by_another,
    "freezes": freeze_past_the_deadline,
    "freezes while more happens": freeze_while_more_happens,
}


SAMPLED = ("dies", "freezes while more happens")
EACH_SAMPLED = [
    meeting if meeting in SAMPLED else pytest.param(meeting, marks=pytest.mark.long) for meeting in MEETINGS
]


@pytest.mark.parametrize("meeting", EACH_SAMPLED)
def test_an_update_met_at_any_step_is_applied_exactly_once(
    template: Template, meeting: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as stack:
        system = opened(stack, template)
        start(system)
        expected = Decimal(12)
        for point in range(MOST_STEPS):
            system.licenses("globex", delta=1)
            expected += 1
            steps = work_until_met(system, point, lambda steps: MEETINGS[meeting](system, steps))
            recover(system)
            assert [expected] == system.held(system.license_product), (point, steps.names)
            check_that_every_start_ended(system)
            if not steps.was_met:
                break
        assert 6 < point < MOST_STEPS - 1
    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("meeting", EACH_SAMPLED)
def test_a_month_close_met_at_any_step_closes_once_and_writes_its_final(
    template: Template, meeting: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as stack:
        system = opened(stack, template)
        start(system)
        expected, month = Decimal(12), BillingMonth(2026, 11)
        for point in range(MOST_STEPS):
            system.psa.hand_edit(system.agreement, system.license_product, int(expected) + 3)
            system.move_clock(month.ends_at + timedelta(minutes=30))
            steps = work_until_met(system, point, lambda steps: MEETINGS[meeting](system, steps))
            recover(system)
            versions = [version for closed, version, _ in closed_months(system) if closed == str(month)]
            assert [1] == versions, (point, steps.names)
            assert [expected] == system.held(system.license_product), (point, steps.names)
            assert month in system.addition(system.license_product).finals, (point, steps.names)
            check_that_every_start_ended(system)
            month = month.next()
            if not steps.was_met:
                break
        assert 8 < point < MOST_STEPS - 1
    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("meeting", SAMPLED)
def test_a_create_met_at_some_steps_makes_one_addition(template: Template, meeting: str) -> None:
    for point in (4, 6, 7):
        make_one_addition(template, meeting, point)


@pytest.mark.long
@pytest.mark.parametrize("meeting", MEETINGS)
def test_a_create_met_at_any_step_makes_one_addition(template: Template, meeting: str) -> None:
    for point in range(MOST_STEPS):
        if not make_one_addition(template, meeting, point).was_met:
            break
    assert 6 < point < MOST_STEPS - 1


def make_one_addition(template: Template, meeting: str, point: int) -> Steps:
    with ExitStack() as stack:
        system = opened(stack, template)
        system.create("globex")
        system.licenses("globex", quantity=12)
        system.map_company("globex")
        steps = work_until_met(system, point, lambda steps: MEETINGS[meeting](system, steps))
        recover(system)
        assert [Decimal(12)] == system.held(system.license_product), (point, steps.names)
        assert [Decimal(0)] == system.held(system.server_product), (point, steps.names)
        check_that_every_start_ended(system)
        return steps


def opened(stack: ExitStack, template: Template) -> System:
    system = stack.enter_context(ready_system(stack.enter_context(template.copy())))
    system.change_settings(drop_guard_percent=0)
    return system


def recover(system: System) -> None:
    """Leases, deadlines and back-offs run out, and some worker goes on."""
    for _ in range(2):
        system.move_clock(system.now + timedelta(seconds=40))
        free_leases(system)
        system.forget_patience()
        system.settle()


def check_that_every_start_ended(system: System) -> None:
    for product in (system.license_product, system.server_product):
        facts = system.facts(product)
        begun = [fact.push for fact in facts if isinstance(fact, PushStarted)]
        ended = [fact.push for fact in facts if isinstance(fact, UsagePushed | PushFailed | PushOutcomeUnknown)]
        assert begun == ended
