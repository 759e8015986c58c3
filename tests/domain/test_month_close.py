"""A month is closed once, by the terms at the close; what is reported afterwards becomes a correction."""

from datetime import timedelta

import pytest

from domain.organization import ORGANIZATION, is_managed_in, items_in_month, usage_of_month
from domain.refusals import MonthHasNotBegun
from domain.values import Component, LicenseType, Management, PsaProductId, Rule
from tests.domain.organizations import (
    CORE,
    CORE_LICENSE,
    CORE_SERVER,
    DECEMBER,
    LITE,
    LITE_LICENSE,
    MICROSECOND,
    NODES,
    NOVEMBER,
    OCTOBER,
    Terms,
    bought,
    closed,
    corrected,
    created,
    handed,
    history,
    nodes,
    on,
    product,
    replanned,
    retyped,
    seats,
    shifted,
    shut,
    unmapped,
)
from tests.domain.story import given

SERVER = Component.SERVER
TERMS = Terms({5: (seats(), nodes())})


# --- closing ---------------------------------------------------------------------------------------------------


def test_a_month_closes_with_the_number_of_each_product() -> None:
    facts = (created(), bought(12, on(10, 5)), bought(2, on(11, 30), component=SERVER), bought(15, on(11, 16)))

    state = (
        history(*facts)
        .close_month(NOVEMBER, nodes(Rule.PEAK, 5), seats(Rule.AVERAGE))
        .then(closed(NOVEMBER, (product("13.50", rule=Rule.AVERAGE), product("5.00", NODES, Rule.PEAK, 5))))
    )

    assert list(state.closed_months) == [NOVEMBER]


def test_usage_without_a_product_is_closed_under_current() -> None:
    facts = (created(), bought(12, on(10, 5)), bought(2, on(11, 3), component=SERVER))

    history(*facts).close_month(NOVEMBER, seats(Rule.PEAK)).then(
        closed(NOVEMBER, (product("12.00", rule=Rule.PEAK),), unmapped(CORE_SERVER, "2.00"))
    )
    history(*facts).close_month(NOVEMBER).then(
        closed(NOVEMBER, (), unmapped(CORE_LICENSE, "12.00"), unmapped(CORE_SERVER, "2.00"))
    )


def test_a_product_of_plans_that_it_did_not_have_in_the_month_is_left_out() -> None:
    facts = (created(LITE), bought(12, on(10, 5)), replanned(CORE, on(12, 1)))

    history(*facts).close_month(NOVEMBER, seats(), nodes()).then(closed(NOVEMBER, (product("12.00"),)))


def test_a_month_is_closed_once() -> None:
    history(created(), closed(NOVEMBER, ())).close_month(NOVEMBER, seats()).then()


def test_a_month_that_is_not_over_is_not_closed() -> None:
    last_instant = NOVEMBER.ends_at - MICROSECOND

    history(created(), now=last_instant).close_month(NOVEMBER).then(MonthHasNotBegun(DECEMBER))
    history(created(), now=NOVEMBER.ends_at).close_month(NOVEMBER, seats(), nodes()).then(
        closed(NOVEMBER, (product("0.00"), product("0.00", NODES)))
    )


def test_a_month_without_management_is_not_closed() -> None:
    handed_over = (created(management=Management.SELF), bought(1, on(10, 5)), handed(Management.MSP, on(11, 30)))

    history(*handed_over).close_month(OCTOBER, seats()).then()
    history(*handed_over).close_month(NOVEMBER, seats(), nodes()).then(
        closed(NOVEMBER, (product("1.00"), product("0.00", NODES)))
    )


def test_the_closing_month_of_an_organization_is_its_last() -> None:
    facts = (created(), bought(12, on(10, 5)), shut(NOVEMBER.begins_at))

    assert is_managed_in(given(ORGANIZATION, *facts).state, OCTOBER)
    history(*facts).close_month(NOVEMBER, seats()).then()
    history(created(), bought(12, on(10, 5)), shut(NOVEMBER.begins_at + MICROSECOND)).close_month(
        NOVEMBER, seats(Rule.PEAK, 30, CORE_LICENSE)
    ).then(closed(NOVEMBER, (product("30.00", rule=Rule.PEAK, minimum=30),), unmapped(CORE_SERVER, "0.00")))


def test_a_month_before_the_creation_was_not_managed() -> None:
    state = given(ORGANIZATION, created(at=NOVEMBER.ends_at)).state

    assert not is_managed_in(state, NOVEMBER)
    assert is_managed_in(state, DECEMBER)
    assert items_in_month(state, NOVEMBER) == frozenset()
    assert usage_of_month(state, NOVEMBER, (seats(),)) == ((), ())
    assert not is_managed_in(given(ORGANIZATION).state, NOVEMBER)


def test_several_plans_on_one_product_are_one_timeline() -> None:
    """Under PEAK a change of plan does not count twice; under CURRENT only the new plan counts."""
    facts = (created(), bought(12, on(10, 5)), replanned(LITE, on(11, 16)))
    together = seats(Rule.PEAK)
    apart = (seats(Rule.CURRENT, 0, CORE_LICENSE), seats(Rule.CURRENT, 0, LITE_LICENSE))

    state = given(ORGANIZATION, *facts).state

    assert usage_of_month(state, NOVEMBER, (together, nodes()))[0] == (
        product("12.00", rule=Rule.PEAK),
        product("0.00", NODES),
    )
    assert usage_of_month(state, NOVEMBER, apart[:1])[0] == (product("0.00"),)
    assert usage_of_month(state, NOVEMBER, apart[1:])[0] == (product("12.00"),)


def test_the_minimum_counts_only_when_something_was_in_force() -> None:
    minimum = seats(Rule.CURRENT, 5, CORE_LICENSE)
    none = given(ORGANIZATION, created()).state
    trial = given(ORGANIZATION, created(license_type=LicenseType.TRIAL), bought(3, on(11, 2))).state
    for_a_moment = given(ORGANIZATION, created(), bought(1, on(11, 2)), bought(0, on(11, 2) + MICROSECOND)).state
    more = given(ORGANIZATION, created(), bought(9, on(11, 2))).state

    closes_with = [
        str(usage_of_month(state, NOVEMBER, (minimum,))[0][0].quantity) for state in (none, trial, for_a_moment, more)
    ]

    assert closes_with == ["0.00", "0.00", "5.00", "9.00"]


def test_an_organization_without_any_product_on_the_plan_closes_with_nothing_of_it() -> None:
    history(created(LITE)).close_month(NOVEMBER, nodes()).then(closed(NOVEMBER, (), unmapped(LITE_LICENSE, "0.00")))


# --- corrections -----------------------------------------------------------------------------------------------


def test_a_late_change_corrects_every_closed_month_that_it_changes() -> None:
    facts = (
        created(),
        bought(12, on(10, 5)),
        closed(OCTOBER, (product("12.00"), product("0.00", NODES))),
        closed(NOVEMBER, (product("12.00"), product("0.00", NODES))),
    )

    state = (
        history(*facts, terms=TERMS)
        .delta(3, on(10, 20))
        .then(
            shifted(3, on(10, 20), before=12),
            corrected(
                OCTOBER,
                2,
                (product("12.00"), product("0.00", NODES)),
                (product("15.00"), product("0.00", NODES)),
            ),
            corrected(
                NOVEMBER,
                2,
                (product("12.00"), product("0.00", NODES)),
                (product("15.00"), product("0.00", NODES)),
            ),
        )
    )

    assert [usage.version for usage in state.closed_months.values()] == [2, 2]


def test_corrections_of_a_month_are_numbered() -> None:
    old, newer, newest = ((product(number),) for number in ("1.00", "2.00", "3.00"))
    facts = (
        created(LITE),
        bought(1, on(10, 5)),
        closed(OCTOBER, old),
        bought(2, on(10, 6), before=1),
        corrected(OCTOBER, 2, old, newer),
    )

    history(*facts, terms=TERMS).licenses(3, on(10, 7)).then(
        bought(3, on(10, 7), before=2), corrected(OCTOBER, 3, newer, newest)
    )


def test_a_closed_month_that_keeps_its_numbers_is_not_corrected() -> None:
    facts = (
        created(LITE),
        bought(12, on(10, 5)),
        bought(20, on(11, 5), before=12),
        closed(OCTOBER, (product("12.00"),)),
        closed(NOVEMBER, (product("20.00"),)),
    )

    history(*facts, terms=TERMS).licenses(13, on(10, 20)).then(
        bought(13, on(10, 20), before=12),
        corrected(OCTOBER, 2, (product("12.00"),), (product("13.00"),)),
    )
    history(*facts, terms=TERMS).licenses(9, on(10, 2)).then(bought(9, on(10, 2)))


def test_a_change_effective_at_the_end_of_a_month_belongs_to_the_next() -> None:
    facts = (created(LITE), bought(12, on(10, 5)), closed(OCTOBER, (product("12.00"),)))

    history(*facts, terms=TERMS).licenses(13, OCTOBER.ends_at).then(bought(13, OCTOBER.ends_at, before=12))
    history(*facts, terms=TERMS).licenses(13, OCTOBER.ends_at - MICROSECOND).then(
        bought(13, OCTOBER.ends_at - MICROSECOND, before=12),
        corrected(OCTOBER, 2, (product("12.00"),), (product("13.00"),)),
    )


def test_a_correction_keeps_the_rule_of_its_close() -> None:
    """Closed under PEAK by Connection version 5; the rule of today is another."""
    peak, current = seats(Rule.PEAK, 0, LITE_LICENSE), seats(Rule.CURRENT, 0, LITE_LICENSE)
    facts = (created(LITE), bought(12, on(10, 5)), closed(OCTOBER, (product("12.00", rule=Rule.PEAK),)))
    dip = history(*facts, terms=Terms({5: (peak,), 9: (current,)})).licenses(4, on(10, 20))

    dip.then(bought(4, on(10, 20), before=12))

    history(*facts, terms=Terms({5: (peak,), 9: (current,)})).licenses(40, on(10, 20)).then(
        bought(40, on(10, 20), before=12),
        corrected(OCTOBER, 2, (product("12.00", rule=Rule.PEAK),), (product("40.00", rule=Rule.PEAK),)),
    )


def test_a_correction_includes_usage_without_a_product() -> None:
    facts = (
        created(),
        bought(2, on(10, 5), component=SERVER),
        closed(OCTOBER, (product("0.00"),), unmapped(CORE_SERVER, "2.00")),
    )

    history(*facts, terms=Terms({5: (seats(),)})).delta(1, on(10, 20), of=SERVER).then(
        shifted(1, on(10, 20), before=2, component=SERVER),
        corrected(
            OCTOBER,
            2,
            (product("0.00"),),
            (product("0.00"),),
            old_items=(unmapped(CORE_SERVER, "2.00"),),
            new_items=(unmapped(CORE_SERVER, "3.00"),),
        ),
    )


def test_every_kind_of_late_change_corrects_a_closed_month() -> None:
    before = (product("12.00"), product("2.00", NODES))
    zero = (product("0.00"), product("0.00", NODES))
    facts = (
        created(),
        bought(12, on(10, 5)),
        bought(2, on(10, 5), component=SERVER),
        closed(OCTOBER, before),
    )
    late = history(*facts, terms=TERMS)
    at = on(10, 20)

    late.plan(LITE, at).then(
        replanned(LITE, at), corrected(OCTOBER, 2, before, (product("12.00"), product("0.00", NODES)))
    )
    late.license_type(LicenseType.NFR, at).then(retyped(LicenseType.NFR, at), corrected(OCTOBER, 2, before, zero))
    late.management(Management.SELF, at).then(handed(Management.SELF, at), corrected(OCTOBER, 2, before, zero))
    late.close(at).then(shut(at), corrected(OCTOBER, 2, before, zero))


def test_a_month_corrected_to_its_old_number_has_a_further_version() -> None:
    facts = (
        created(LITE),
        bought(12, on(10, 5)),
        closed(OCTOBER, (product("12.00"),)),
        bought(13, on(10, 20), before=12),
        corrected(OCTOBER, 2, (product("12.00"),), (product("13.00"),)),
    )

    history(*facts, terms=TERMS).licenses(12, on(10, 21)).then(
        bought(12, on(10, 21), before=13),
        corrected(OCTOBER, 3, (product("13.00"),), (product("12.00"),)),
    )


@pytest.mark.parametrize("foresight", [timedelta(0), timedelta(minutes=5)])
def test_a_change_ahead_of_the_clock_does_not_change_the_month_that_just_ended(foresight: timedelta) -> None:
    facts = (created(LITE), bought(12, on(10, 5)), bought(13, OCTOBER.ends_at + foresight, before=12))

    history(*facts, now=OCTOBER.ends_at).close_month(OCTOBER, seats()).then(closed(OCTOBER, (product("12.00"),)))


def test_products_are_listed_by_id() -> None:
    first, last = PsaProductId(1), PsaProductId(99)
    facts = (created(), bought(1, on(10, 5)), bought(2, on(10, 5), component=SERVER))
    licenses = seats(Rule.CURRENT, 0, CORE_LICENSE)
    servers = nodes()

    usage = usage_of_month(
        given(ORGANIZATION, *facts).state,
        OCTOBER,
        (
            type(licenses)(last, licenses.items, licenses.rule, licenses.minimum),
            type(servers)(first, servers.items, servers.rule, servers.minimum),
        ),
    )

    assert usage == ((product("2.00", first), product("1.00", last)), ())


def test_a_plan_that_came_and_went_in_one_instant_leaves_no_item() -> None:
    facts = (created(LITE), replanned(CORE, on(11, 5)), replanned(LITE, on(11, 5)))

    assert items_in_month(given(ORGANIZATION, *facts).state, NOVEMBER) == {LITE_LICENSE}
