"""Changes reported late or out of order: what was given binds, what followed is derived again."""

from functools import reduce

from domain.organization import ORGANIZATION, EffectiveChange, OrganizationFact, OrganizationState, standings
from domain.refusals import QuantityBelowZero
from domain.values import Component, LicenseType, Management
from tests.domain.organizations import (
    CORE,
    CORE_LICENSE,
    CORE_SERVER,
    LITE,
    LITE_LICENSE,
    MICROSECOND,
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

SERVER = Component.SERVER


def quantities(state: OrganizationState, component: Component = Component.LICENSE) -> list[int | None]:
    """The quantity from each instant on at which anything changed."""
    return [standing.quantities.get(component) for standing in standings(state)]


def test_a_late_quantity_is_shifted_by_the_deltas_after_it() -> None:
    facts = (created(), bought(10, on(11, 2)), shifted(3, on(11, 6), before=10))

    state = history(*facts).licenses(20, on(11, 4)).then(bought(20, on(11, 4), before=10))

    assert quantities(state) == [0, 10, 20, 23]


def test_a_late_quantity_ends_at_the_next_given_quantity() -> None:
    facts = (created(), bought(10, on(11, 2)), bought(12, on(11, 6), before=10))

    state = history(*facts).licenses(20, on(11, 4)).then(bought(20, on(11, 4), before=10))

    assert quantities(state) == [0, 10, 20, 12]


def test_a_late_delta_shifts_until_the_next_given_quantity() -> None:
    facts = (
        created(),
        bought(10, on(11, 2)),
        shifted(1, on(11, 6), before=10),
        bought(12, on(11, 8), before=11),
        shifted(1, on(11, 9), before=12),
    )

    state = history(*facts).delta(5, on(11, 4)).then(shifted(5, on(11, 4), before=10))

    assert quantities(state) == [0, 10, 15, 16, 12, 13]


def test_of_two_changes_at_one_instant_the_later_recorded_comes_second() -> None:
    quantity_last = history(created(), shifted(5, on(11, 2), before=0)).licenses(7, on(11, 2))
    delta_last = history(created(), bought(7, on(11, 2))).delta(5, on(11, 2))

    assert quantities(quantity_last.then(bought(7, on(11, 2), before=5))) == [0, 7]
    assert quantities(delta_last.then(shifted(5, on(11, 2), before=7))) == [0, 12]


def test_a_value_that_lasts_no_time_may_be_below_zero() -> None:
    """4 − 6 + 3 at one instant is 1 from there on; the −2 in between was in force for no time."""
    facts = (created(), bought(9, on(11, 2)), shifted(-6, on(11, 6), before=9), shifted(3, on(11, 6), before=3))

    state = history(*facts).licenses(4, on(11, 4)).then(bought(4, on(11, 4), before=9))

    assert quantities(state) == [0, 9, 4, 1]


def test_a_late_change_that_would_make_a_later_instant_negative_is_refused() -> None:
    facts = (created(), bought(10, on(11, 2)), shifted(-6, on(11, 6), before=10))

    history(*facts).licenses(5, on(11, 4)).then(QuantityBelowZero(Component.LICENSE, on(11, 6), -1))
    history(*facts).delta(-5, on(11, 4)).then(QuantityBelowZero(Component.LICENSE, on(11, 6), -1))
    history(*facts).licenses(6, on(11, 4)).then(bought(6, on(11, 4), before=10))


def test_a_late_change_is_judged_up_to_the_next_given_quantity_only() -> None:
    facts = (created(), bought(10, on(11, 2)), bought(3, on(11, 6), before=10))

    state = history(*facts).delta(-10, on(11, 4)).then(shifted(-10, on(11, 4), before=10))

    assert quantities(state) == [0, 10, 0, 3]


def test_licences_that_a_late_plan_takes_away_stay_recorded_and_count_zero() -> None:
    facts = (created(), bought(2, on(11, 2), component=SERVER), shifted(3, on(11, 6), before=2, component=SERVER))

    state = history(*facts).plan(LITE, on(11, 4)).then(replanned(LITE, on(11, 4)))

    assert quantities(state, SERVER) == [0, 2, None, None]
    assert billed(state, on(11, 6), CORE_SERVER) == 0
    assert facts[-1] in [effective.change for effective in state.changes]


def test_the_below_zero_rule_ignores_the_time_without_the_component() -> None:
    facts = (created(), bought(2, on(11, 2), component=SERVER), shifted(-2, on(11, 6), before=2, component=SERVER))

    state = history(*facts).plan(LITE, on(11, 4)).then(replanned(LITE, on(11, 4)))

    assert quantities(state, SERVER) == [0, 2, None, None]


def test_a_delta_after_a_component_came_back_at_zero_may_not_fall_below_it() -> None:
    """Core with 2 servers, on day 8 reduced by 1. Reported late: Lite from day 4, Core again from day 6."""
    facts = (
        created(),
        bought(2, on(11, 2), component=SERVER),
        shifted(-1, on(11, 8), before=2, component=SERVER),
        replanned(LITE, on(11, 4)),
    )

    history(*facts).plan(CORE, on(11, 6)).then(QuantityBelowZero(SERVER, on(11, 8), -1))


def test_a_late_plan_makes_licences_count_from_where_it_has_the_component() -> None:
    facts = (
        created(),
        bought(5, on(11, 6), component=SERVER),
        replanned(LITE, on(11, 2)),
    )

    state = history(*facts).plan(CORE, on(11, 4)).then(replanned(CORE, on(11, 4)))

    assert quantities(state, SERVER) == [0, None, 0, 5]


def test_a_late_plan_is_followed_by_the_plans_recorded_for_later() -> None:
    facts = (created(), bought(4, on(11, 2)), replanned(LITE, on(11, 8)))

    state = history(*facts).plan(LITE, on(11, 4)).then(replanned(LITE, on(11, 4)))

    assert [billed(state, on(11, day), CORE_LICENSE) for day in (2, 4, 8)] == [4, 0, 0]
    assert [billed(state, on(11, day), LITE_LICENSE) for day in (2, 4, 8)] == [0, 4, 4]


def test_a_late_licence_type_lasts_until_the_next_one() -> None:
    facts = (created(), bought(4, on(11, 2)), retyped(LicenseType.PAID, on(11, 8)))

    state = history(*facts).license_type(LicenseType.TRIAL, on(11, 4)).then(retyped(LicenseType.TRIAL, on(11, 4)))

    assert [billed(state, on(11, day)) for day in (2, 4, 8)] == [4, 0, 4]


def test_a_late_management_lasts_until_the_next_one() -> None:
    facts = (created(), bought(4, on(11, 2)), handed(Management.MSP, on(11, 8)))

    state = history(*facts).management(Management.SELF, on(11, 4)).then(handed(Management.SELF, on(11, 4)))

    assert [billed(state, on(11, day)) for day in (2, 4, 8)] == [4, 0, 4]


def test_a_late_closing_ends_what_was_recorded_for_later() -> None:
    facts = (created(), bought(4, on(11, 2)), bought(9, on(11, 8), before=4), retyped(LicenseType.PAID, on(11, 9)))

    state = history(*facts).close(on(11, 4)).then(shut(on(11, 4)))

    assert [billed(state, on(11, day)) for day in (2, 4, 8, 9)] == [4, 0, 0, 0]
    assert billed(state, on(11, 4) - MICROSECOND) == 4


def test_changes_of_different_instants_fold_to_the_same_quantities_in_any_order() -> None:
    changes: list[EffectiveChange] = [
        bought(10, on(11, 2)),
        shifted(3, on(11, 4), before=10),
        replanned(LITE, on(11, 5)),
        bought(6, on(11, 6), before=13),
        replanned(CORE, on(11, 7)),
        shifted(-2, on(11, 8), before=6),
    ]
    forward: list[OrganizationFact] = [created(), *changes]
    backward: list[OrganizationFact] = [created(), *reversed(changes)]

    in_order = reduce(ORGANIZATION.evolve, forward, ORGANIZATION.initial)
    reported_last_first = reduce(ORGANIZATION.evolve, backward, ORGANIZATION.initial)

    assert standings(in_order) == standings(reported_last_first)
    assert quantity(reported_last_first, on(11, 8)) == 4
