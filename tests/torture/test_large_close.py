"""A month end over a thousand organizations while ConnectWise fails every twentieth request."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.run import RUN
from domain.streams import run_stream
from domain.values import BillingMonth, PsaAgreementId
from tests.databases import Template
from tests.scenarios.acts import heal
from tests.workers.system import MSP, System, ready_system
from workers.close_month import final_run

NOVEMBER = BillingMonth(2026, 11)
FAULTS = ("cut before", "cut after", "error", "error_after", "throttle")


@pytest.mark.long
def test_a_close_over_a_thousand_organizations_under_faults_verifies_every_addition(template: Template) -> None:
    check_a_close(template, organizations=1_000, agreements=50)


def test_a_close_over_sixty_organizations_under_faults_verifies_every_addition(template: Template) -> None:
    check_a_close(template, organizations=60, agreements=6)


def check_a_close(template: Template, *, organizations: int, agreements: int) -> None:
    with template.copy() as url, ready_system(url) as system:
        system.change_settings(drop_guard_percent=0)
        own = [more_agreements(system) for _ in range(agreements)]
        for number in range(organizations):
            name = f"organization-{number:04d}"
            system.create(name)
            system.licenses(name, quantity=number % 7)
            system.map_company(name, own[number % agreements])
        system.settle(rounds=200)
        for agreement in own:
            system.psa.hand_edit(agreement, system.license_product, 999)
        fail_every_twentieth_request(system)

        system.move_clock(NOVEMBER.ends_at.replace(minute=30))
        for _ in range(8):
            system.settle(rounds=200)
            system.move_clock(system.now + timedelta(minutes=1))
            system.forget_patience()
        heal(system)
        system.settle(rounds=200)

        for place, agreement in enumerate(own):
            expected = sum(number % 7 for number in range(organizations) if number % agreements == place)
            assert [Decimal(expected)] == system.held(system.license_product, agreement)
            assert NOVEMBER in system.addition(system.license_product, agreement).finals
        run = system.journal.state(RUN, run_stream(MSP, final_run(MSP, 1, NOVEMBER))).state
        assert run.finished is not None
        assert 2 * agreements == sum(run.finished.outcomes.values())
        check_that_nothing_is_left(system)


def check_that_nothing_is_left(system: System) -> None:
    """And doing it again changes nothing."""
    with system.tools.pool.connection() as connection:
        assert [] == connection.execute("SELECT exception FROM exceptions").fetchall()
        assert [] == connection.execute("SELECT ref FROM due_pushes").fetchall()
    head, writes = system.journal.head(), system.psa.writes()
    system.forget_patience()
    system.settle()
    assert (head, writes) == (system.journal.head(), system.psa.writes())


def more_agreements(system: System) -> PsaAgreementId:
    """A copy of the system's agreement."""
    copied = next(one for one in system.psa.get("records/agreement") if one["id"] == system.agreement)
    kept = ("name", "type", "company", "contact", "startDate", "noEndingDateFlag", "billingCycle", "billStartDate")
    values = {key: copied[key] for key in kept if copied.get(key) is not None}
    added = system.psa.post("actions", action="record_added", table="agreement", values=values)
    return PsaAgreementId(added["id"])


def fail_every_twentieth_request(system: System) -> None:
    for number in range(60):
        kind, _, when = FAULTS[number % len(FAULTS)].partition(" ")
        detail = (
            {"when": when} if when else {"retry_after": 1} if kind == "throttle" else {"status": 502, "body": "html"}
        )
        system.psa.fault(kind, skip=20 * number, count=1, endpoint="*/additions*", **detail)
