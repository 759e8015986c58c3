"""Every planted bug is found: by one history that was written for it, and most by random ones too.

A net that lets one of them through is no net.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.databases import Template
from tests.model.reference import Creation, Licenses, NewPlan
from tests.model.world import CompanyMapping, ProductMapping, ProductRule, Reported
from tests.torture.driver import PLANS
from tests.torture.machine import Torture, machine_on, run_histories
from tests.torture.planted import PLANTED

MOST_HISTORIES = 60
RARE = {"rounding half down", "month boundary off by one"}
"""They show only where instants meet exactly, which random histories seldom tell."""
NOVEMBER, DECEMBER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


class Found(BaseException):
    """A bug was found. Not an Exception, or hypothesis would tell the whole history once more to show it."""


def tell_a_telling_history(machine: Torture) -> None:
    """Two months in which every promise is put to the test once."""
    machine.open(NOVEMBER)
    set_up(machine)
    first, second = machine.agreements
    licenses, servers, lite = machine.products
    # A create, and an increment, of which nobody knows at first whether they came through.
    machine.report_licenses_under_a_fault("globex", 3, ("cut", {"when": "after"}), "POST", 0)
    machine.edit_by_hand((first, licenses), 30)
    machine.report_licenses_under_a_fault("globex", 2, ("cut", {"when": "after"}), "PATCH", 0)
    # A hand edit survives two more increments.
    report(machine, "globex", "LICENSE", 1, NOVEMBER)
    report(machine, "globex", "LICENSE", 1, NOVEMBER)
    # A peak that is over, and a given quantity that binds against a delta reported later for an earlier day.
    report(machine, "globex", "SERVER", 5, NOVEMBER)
    report(machine, "globex", "SERVER", -3, machine.model.now)
    machine.step(CompanyMapping("initech", None))
    report(machine, "globex", "LICENSE", 1, NOVEMBER)
    machine.step(CompanyMapping("initech", second))
    # To the end of the month: half a hundredth, a change at the first instant of the next month, a hand edit held.
    machine.change_settings("HOLD", 0)
    machine.move_to(DECEMBER - timedelta(minutes=2))
    report(machine, "initech", "LICENSE", 1, NOVEMBER + 199 * (DECEMBER - NOVEMBER) / 200)
    report(machine, "umbrella", "LICENSE", 2, DECEMBER)
    machine.edit_by_hand((first, licenses), 50)
    machine.move_to(DECEMBER + timedelta(minutes=30))
    machine.answer((first, licenses), "KEEP")
    report(machine, "globex", "SERVER", 1, DECEMBER)
    # Late, into the closed month; and a given quantity that a late delta does not touch.
    machine.step(Reported("initech", Licenses(DECEMBER, "LICENSE", "QUANTITY", 6)))
    report(machine, "initech", "LICENSE", 2, NOVEMBER + timedelta(days=19))
    machine.step(Reported("initech", NewPlan(DECEMBER + timedelta(minutes=20), "network-lite", PLANS["network-lite"])))
    # Two months missed; what was edited by hand is kept.
    machine.change_settings("KEEP", 0)
    machine.edit_by_hand((first, servers), 40)
    machine.move_to(datetime(2027, 2, 3, tzinfo=UTC))
    report(machine, "globex", "SERVER", 1, datetime(2027, 2, 2, tzinfo=UTC))
    assert lite in {product for _, product in machine.model.held()}


def set_up(machine: Torture) -> None:
    licenses, servers, lite = machine.products
    core, smaller = "network-core", "network-lite"
    machine.step(ProductMapping((core, "LICENSE"), licenses))
    machine.step(ProductMapping((core, "SERVER"), servers))
    machine.step(ProductMapping((smaller, "LICENSE"), lite))
    machine.step(ProductRule(licenses, "AVERAGE", 0))
    machine.step(ProductRule(servers, "PEAK", 0))
    machine.confirm()
    for organization, plan in (("globex", core), ("initech", core), ("umbrella", smaller)):
        machine.step(Reported(organization, Creation(NOVEMBER, plan, PLANS[plan], "PAID", "MSP")))
        machine.step(Reported(organization, Licenses(NOVEMBER, "LICENSE", "QUANTITY", 4)))
    machine.hold_back(CompanyMapping("globex", machine.agreements[0]))
    machine.hold_back(CompanyMapping("initech", machine.agreements[0]))
    machine.hold_back(CompanyMapping("umbrella", machine.agreements[1]))


def report(machine: Torture, organization: str, component: str, delta: int, at: datetime) -> None:
    machine.step(Reported(organization, Licenses(at, component, "DELTA", delta)))


def test_the_telling_history_ends_well_without_a_bug(template: Template) -> None:
    with machine_on(template.copy) as machine:
        tell(machine())


@pytest.mark.parametrize(
    "bug", [pytest.param(bug, marks=pytest.mark.tortured if bug in RARE else ()) for bug in PLANTED]
)
def test_the_telling_history_finds_a_planted_bug(template: Template, bug: str) -> None:
    with PLANTED[bug](), machine_on(template.copy) as machine, pytest.raises(AssertionError):
        tell(machine())


@pytest.mark.long
@pytest.mark.parametrize("bug", [bug for bug in PLANTED if bug not in RARE])
def test_random_histories_find_a_planted_bug(template: Template, bug: str) -> None:
    with machine_on(template.copy) as machine:

        class Hunt(machine):  # type: ignore[valid-type, misc]  # the class is made for this test
            @contextmanager
            def watching(self) -> Iterator[None]:
                try:
                    yield
                except AssertionError as found:
                    raise Found from found

        with PLANTED[bug](), pytest.raises(Found):
            run_histories(Hunt, MOST_HISTORIES, 1)

        assert Hunt.steps_done > 0


def tell(machine: Torture) -> None:
    try:
        tell_a_telling_history(machine)
    finally:
        machine.teardown()
