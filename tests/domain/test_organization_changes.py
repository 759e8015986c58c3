"""An organization from its creation to its closing, each change reported when it happens."""

from datetime import datetime, timedelta

import pytest

from domain.organization import (
    MOST_UNITS,
    ORGANIZATION,
    OrganizationCreated,
    OrganizationRenamed,
    change_license_type,
    change_licenses,
    change_management,
    change_plan,
    close_organization,
    create_organization,
    rename_organization,
    standing_at,
    standings,
)
from domain.organization import Given as By
from domain.refusals import (
    EffectiveBeforeCreation,
    EffectiveInFuture,
    InvalidInput,
    OrganizationExists,
    OrganizationIsClosed,
    PlanLacksComponent,
    QuantityBelowZero,
    Refusal,
    UnknownOrganization,
)
from domain.values import FIRST_INSTANT, ChangeId, Component, LicenseType, Management
from tests.domain.organizations import (
    CORE,
    CORE_LICENSE,
    CORE_SERVER,
    CREATED_AT,
    GLOBEX,
    LITE,
    LITE_LICENSE,
    MICROSECOND,
    NO_TERMS,
    billed,
    bought,
    created,
    handed,
    history,
    on,
    quantity,
    replanned,
    retyped,
    shifted,
    shut,
)
from tests.domain.story import given

FORESIGHT = timedelta(minutes=5)


# --- creation and name -----------------------------------------------------------------------------------------


def test_an_organization_is_created_with_nothing_in_force() -> None:
    state = (
        given(ORGANIZATION)
        .when(
            create_organization,
            GLOBEX,
            change_id=ChangeId("born"),
            effective_at=CREATED_AT,
            name="  Globex ",
            plan=CORE,
            license_type=LicenseType.PAID,
            management=Management.MSP,
            now=CREATED_AT,
        )
        .then(created())
    )

    assert state.name == "Globex"
    assert quantity(state, CREATED_AT) == 0
    assert standing_at(state, CREATED_AT - MICROSECOND) is None


def test_an_organization_exists_once() -> None:
    given(ORGANIZATION, created()).when(
        create_organization,
        GLOBEX,
        change_id=ChangeId("again"),
        effective_at=CREATED_AT,
        name="Globex",
        plan=CORE,
        license_type=LicenseType.PAID,
        management=Management.MSP,
        now=CREATED_AT,
    ).then(OrganizationExists(GLOBEX))


LATEST = CREATED_AT + FORESIGHT


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (FIRST_INSTANT, created(at=FIRST_INSTANT)),
        (FIRST_INSTANT - MICROSECOND, InvalidInput("effectiveAt", "not before 2000-01-01")),
        (LATEST, created(at=LATEST)),
        (LATEST + MICROSECOND, EffectiveInFuture(LATEST + MICROSECOND, LATEST)),
    ],
)
def test_a_creation_is_effective_where_billing_months_are_and_at_most_five_minutes_ahead(
    at: datetime, outcome: OrganizationCreated | Refusal
) -> None:
    given(ORGANIZATION).when(
        create_organization,
        GLOBEX,
        change_id=ChangeId("born"),
        effective_at=at,
        name="Globex",
        plan=CORE,
        license_type=LicenseType.PAID,
        management=Management.MSP,
        now=CREATED_AT,
    ).then(outcome)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "1 to 200 characters are needed"),
        ("  ", "1 to 200 characters are needed"),
        ("x" * 201, "1 to 200 characters are needed"),
        ("Glo\x00bex", "control characters are not allowed"),
        ("Glo\nbex", "control characters are not allowed"),
        ("Glo\x7fbex", "control characters are not allowed"),
        ("Glo\x9fbex", "control characters are not allowed"),
    ],
)
def test_a_name_is_one_to_200_visible_characters(name: str, reason: str) -> None:
    given(ORGANIZATION, created()).when(rename_organization, GLOBEX, name).then(InvalidInput("name", reason))


def test_renaming_to_the_same_name_changes_nothing() -> None:
    state = (
        given(ORGANIZATION, created())
        .when(rename_organization, GLOBEX, "Größe株 ")
        .then(OrganizationRenamed("Größe株"))
    )

    assert state.name == "Größe株"
    given(ORGANIZATION, created()).when(rename_organization, GLOBEX, " Globex").then()


# --- who and when ----------------------------------------------------------------------------------------------


def test_an_organization_that_nobody_created_can_not_change() -> None:
    nobody = history()

    for outcome in (
        given(ORGANIZATION).when(rename_organization, GLOBEX, "Globex"),
        nobody.licenses(1, CREATED_AT),
        nobody.plan(LITE, CREATED_AT),
        nobody.license_type(LicenseType.NFR, CREATED_AT),
        nobody.management(Management.SELF, CREATED_AT),
        nobody.close(CREATED_AT),
    ):
        outcome.then(UnknownOrganization(GLOBEX))


def test_nothing_is_effective_before_the_creation() -> None:
    early = CREATED_AT - MICROSECOND
    refusal = EffectiveBeforeCreation(early, CREATED_AT)

    for outcome in (
        history(created()).licenses(1, early),
        history(created()).plan(LITE, early),
        history(created()).license_type(LicenseType.NFR, early),
        history(created()).management(Management.SELF, early),
        history(created()).close(early),
    ):
        outcome.then(refusal)
    history(created()).licenses(1, CREATED_AT).then(bought(1, CREATED_AT))


def test_nothing_is_effective_more_than_five_minutes_ahead() -> None:
    now = on(11, 5)
    ahead = now + FORESIGHT + MICROSECOND
    refusal = EffectiveInFuture(ahead, now + FORESIGHT)

    for outcome in (
        history(created(), now=now).licenses(1, ahead),
        history(created(), now=now).plan(LITE, ahead),
        history(created(), now=now).license_type(LicenseType.NFR, ahead),
        history(created(), now=now).management(Management.SELF, ahead),
        history(created(), now=now).close(ahead),
    ):
        outcome.then(refusal)
    history(created(), now=now).licenses(1, now + FORESIGHT).then(bought(1, now + FORESIGHT))


def test_nothing_is_effective_from_the_closing_on() -> None:
    closed_at = on(11, 5)
    refusal = OrganizationIsClosed(GLOBEX, closed_at)

    for outcome in (
        history(created(), shut(closed_at)).licenses(1, closed_at),
        history(created(), shut(closed_at)).plan(LITE, closed_at),
        history(created(), shut(closed_at)).license_type(LicenseType.NFR, closed_at),
        history(created(), shut(closed_at)).management(Management.SELF, closed_at),
        history(created(), shut(closed_at)).close(closed_at - MICROSECOND),
    ):
        outcome.then(refusal)


def test_a_change_from_before_the_closing_is_still_accepted() -> None:
    closed_at = on(11, 5)
    before = closed_at - MICROSECOND

    state = history(created(), shut(closed_at)).licenses(3, before).then(bought(3, before))

    assert billed(state, before) == 3
    assert billed(state, closed_at) == 0


# --- licences --------------------------------------------------------------------------------------------------


def test_a_given_quantity_records_the_delta_that_follows() -> None:
    state = history(created(), bought(12, on(11, 2))).licenses(15, on(11, 3)).then(bought(15, on(11, 3), before=12))

    assert quantity(state, on(11, 3) - MICROSECOND) == 12
    assert quantity(state, on(11, 3)) == 15


def test_a_given_delta_records_the_quantity_that_follows() -> None:
    state = history(created(), bought(12, on(11, 2))).delta(-5, on(11, 3)).then(shifted(-5, on(11, 3), before=12))

    assert quantity(state, on(11, 3)) == 7


def test_components_are_counted_apart() -> None:
    state = (
        history(created(), bought(12, on(11, 2)))
        .licenses(2, on(11, 3), of=Component.SERVER)
        .then(bought(2, on(11, 3), component=Component.SERVER))
    )

    assert quantity(state, on(11, 3), Component.LICENSE) == 12
    assert quantity(state, on(11, 3), Component.SERVER) == 2


def test_a_quantity_below_zero_is_refused() -> None:
    history(created(), bought(4, on(11, 2))).delta(-5, on(11, 3)).then(
        QuantityBelowZero(Component.LICENSE, on(11, 3), -1)
    )
    history(created()).licenses(-1, on(11, 3)).then(QuantityBelowZero(Component.LICENSE, on(11, 3), -1))
    history(created(), bought(5, on(11, 2))).delta(-5, on(11, 3)).then(shifted(-5, on(11, 3), before=5))


def test_a_component_that_the_plan_lacks_can_not_be_licensed() -> None:
    history(created(LITE)).licenses(1, on(11, 2), of=Component.SERVER).then(
        PlanLacksComponent(LITE.id, Component.SERVER, on(11, 2))
    )


def test_the_plan_in_force_at_the_effective_instant_decides() -> None:
    facts = (created(), replanned(LITE, on(11, 2)), replanned(CORE, on(11, 4)))
    server = Component.SERVER

    history(*facts).licenses(1, on(11, 2) - MICROSECOND, of=server).then(
        bought(1, on(11, 2) - MICROSECOND, component=server)
    )
    history(*facts).licenses(1, on(11, 2), of=server).then(PlanLacksComponent(LITE.id, server, on(11, 2)))
    history(*facts).licenses(1, on(11, 4), of=server).then(bought(1, on(11, 4), component=server))


@pytest.mark.parametrize("value", [MOST_UNITS + 1, -MOST_UNITS - 1])
def test_more_units_than_anybody_has_are_refused(value: int) -> None:
    history(created()).licenses(value, on(11, 2)).then(InvalidInput("value", "more than 1000000000 units"))


def test_a_delta_can_not_exceed_the_most_units_either() -> None:
    history(created(), bought(MOST_UNITS, on(11, 2))).delta(1, on(11, 3)).then(
        InvalidInput("value", "the quantity would exceed 1000000000 units")
    )
    history(created(), bought(MOST_UNITS - 1, on(11, 2))).delta(1, on(11, 3)).then(
        shifted(1, on(11, 3), before=MOST_UNITS - 1)
    )


# --- plan, licence type, management, closing ---------------------------------------------------------------------


def test_a_plan_change_carries_common_components_over_and_ends_the_others() -> None:
    facts = (created(), bought(12, on(11, 2)), bought(2, on(11, 2), component=Component.SERVER))

    state = history(*facts).plan(LITE, on(11, 3)).then(replanned(LITE, on(11, 3)))

    assert quantity(state, on(11, 3)) == 12
    assert quantity(state, on(11, 3), Component.SERVER) is None
    assert (billed(state, on(11, 3), CORE_LICENSE), billed(state, on(11, 3), LITE_LICENSE)) == (0, 12)
    assert billed(state, on(11, 3) - MICROSECOND, CORE_SERVER) == 2
    assert billed(state, on(11, 3), CORE_SERVER) == 0


def test_a_component_that_a_later_plan_brings_back_starts_at_zero() -> None:
    facts = (created(), bought(2, on(11, 2), component=Component.SERVER), replanned(LITE, on(11, 3)))

    state = history(*facts).plan(CORE, on(11, 4)).then(replanned(CORE, on(11, 4)))

    assert quantity(state, on(11, 4), Component.SERVER) == 0


def test_a_component_dropped_and_brought_back_in_one_instant_starts_at_zero() -> None:
    facts = (created(), bought(2, on(11, 2), component=Component.SERVER), replanned(LITE, on(11, 3)))

    state = history(*facts).plan(CORE, on(11, 3)).then(replanned(CORE, on(11, 3)))

    assert quantity(state, on(11, 3), Component.SERVER) == 0
    assert [standing.plan for standing in standings(state)] == [CORE.id, CORE.id, CORE.id]


@pytest.mark.parametrize("unpaid", [LicenseType.TRIAL, LicenseType.NFR])
def test_what_is_not_paid_is_counted_and_billed_as_zero(unpaid: LicenseType) -> None:
    facts = (created(), bought(12, on(11, 2)))

    state = history(*facts).license_type(unpaid, on(11, 3)).then(retyped(unpaid, on(11, 3)))

    assert quantity(state, on(11, 3)) == 12
    assert billed(state, on(11, 3) - MICROSECOND) == 12
    assert billed(state, on(11, 3)) == 0


def test_a_trial_that_is_bought_is_billed_from_then_on() -> None:
    facts = (created(license_type=LicenseType.TRIAL), bought(12, on(11, 2)))

    state = history(*facts).license_type(LicenseType.PAID, on(11, 3)).then(retyped(LicenseType.PAID, on(11, 3)))

    assert (billed(state, on(11, 2)), billed(state, on(11, 3))) == (0, 12)


def test_an_organization_that_manages_itself_is_billed_as_zero() -> None:
    facts = (created(), bought(12, on(11, 2)))

    state = history(*facts).management(Management.SELF, on(11, 3)).then(handed(Management.SELF, on(11, 3)))

    assert billed(state, on(11, 3)) == 0
    returned = ORGANIZATION.evolve(state, handed(Management.MSP, on(11, 4)))
    assert billed(returned, on(11, 4)) == 12


def test_a_closed_organization_is_billed_as_zero() -> None:
    facts = (created(), bought(12, on(11, 2)))

    state = history(*facts).close(on(11, 3)).then(shut(on(11, 3)))

    assert (billed(state, on(11, 3) - MICROSECOND), billed(state, on(11, 3))) == (12, 0)


def test_every_decision_counts_its_fact_in_the_version() -> None:
    facts = (created(), bought(1, on(11, 2)), OrganizationRenamed("Globex 2"), shut(on(11, 3)))

    assert given(ORGANIZATION, *facts).state.version == 4


def test_a_refused_decision_leaves_the_state_as_it_was() -> None:
    before = given(ORGANIZATION, created(), bought(4, on(11, 2)))

    outcomes = (
        before.when(
            change_licenses,
            GLOBEX,
            change_id=ChangeId("c"),
            component=Component.LICENSE,
            given=By.DELTA,
            value=-5,
            effective_at=on(11, 3),
            now=on(11, 3),
            terms_at=NO_TERMS,
        ),
        before.when(
            change_plan,
            GLOBEX,
            change_id=ChangeId("c"),
            plan=LITE,
            effective_at=on(9, 1),
            now=on(11, 3),
            terms_at=NO_TERMS,
        ),
        before.when(
            change_license_type,
            GLOBEX,
            change_id=ChangeId("c"),
            license_type=LicenseType.NFR,
            effective_at=on(9, 1),
            now=on(11, 3),
            terms_at=NO_TERMS,
        ),
        before.when(
            change_management,
            GLOBEX,
            change_id=ChangeId("c"),
            management=Management.SELF,
            effective_at=on(9, 1),
            now=on(11, 3),
            terms_at=NO_TERMS,
        ),
        before.when(
            close_organization,
            GLOBEX,
            change_id=ChangeId("c"),
            effective_at=on(9, 1),
            now=on(11, 3),
            terms_at=NO_TERMS,
        ),
    )

    same = given(ORGANIZATION, created(), bought(4, on(11, 2))).state
    for outcome in outcomes:
        assert not isinstance(outcome.decided, tuple)
        assert same == outcome.before
