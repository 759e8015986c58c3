"""From a timeline to the number of a month, by example and against exact fractions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.quantity_rules import Step, Timeline, add_timelines, month_to_date, quantity_of_month, value_at
from domain.values import BillingMonth, Rule

NOVEMBER = BillingMonth(2026, 11)
MICROSECOND = timedelta(microseconds=1)
MONTHS = st.sampled_from(
    [
        BillingMonth(2024, 2),
        BillingMonth(2026, 2),
        BillingMonth(2026, 11),
        BillingMonth(2026, 12),
        BillingMonth(2027, 1),
    ]
)
AROUND = st.one_of(
    st.sampled_from([-MICROSECOND, timedelta(0), MICROSECOND]),
    st.timedeltas(timedelta(days=-40), timedelta(days=40)),
)


@st.composite
def timelines(draw: st.DrawFn, month: BillingMonth) -> Timeline:
    """Up to eight steps around a month, some of them exactly on its ends."""
    anchors = st.sampled_from([month.begins_at, month.ends_at])
    instants = draw(st.lists(st.builds(lambda at, off: at + off, anchors, AROUND), max_size=8, unique=True))
    return tuple(Step(at, draw(st.integers(0, 2000))) for at in sorted(instants))


@st.composite
def months_with_timelines(draw: st.DrawFn, count: int = 1) -> tuple[BillingMonth, tuple[Timeline, ...]]:
    month = draw(MONTHS)
    return month, tuple(draw(timelines(month)) for _ in range(count))


def steps(*values: tuple[datetime, int]) -> Timeline:
    return tuple(Step(at, value) for at, value in values)


def values_in(timeline: Timeline, month: BillingMonth) -> list[int]:
    """Every value in force for some time within the month, one for each stretch between two steps."""
    starts = [month.begins_at, *(step.at for step in timeline if month.begins_at < step.at < month.ends_at)]
    return [value_at(timeline, start) for start in starts]


def hundredths_half_up(exact: Fraction) -> Decimal:
    return Decimal((exact * 100 + Fraction(1, 2)).__floor__()) / 100


# --- by example ------------------------------------------------------------------------------------------------


def test_a_step_counts_from_its_own_instant_on() -> None:
    at = datetime(2026, 11, 5, tzinfo=UTC)

    assert value_at(steps((at, 3)), at) == 3
    assert value_at(steps((at, 3)), at - MICROSECOND) == 0
    assert value_at((), at) == 0


def test_a_step_at_the_end_of_a_month_does_not_belong_to_it() -> None:
    timeline = steps((NOVEMBER.begins_at, 4), (NOVEMBER.ends_at, 9))

    assert [str(quantity_of_month(timeline, NOVEMBER, rule)) for rule in Rule] == ["4.00", "4.00", "4.00"]


def test_a_step_in_the_last_microsecond_is_current_and_peak_and_hardly_average() -> None:
    timeline = steps((NOVEMBER.begins_at, 4), (NOVEMBER.ends_at - MICROSECOND, 9))

    numbers = {rule: str(quantity_of_month(timeline, NOVEMBER, rule)) for rule in Rule}

    assert numbers == {Rule.CURRENT: "9.00", Rule.PEAK: "9.00", Rule.AVERAGE: "4.00"}


def test_a_step_before_the_month_is_in_force_at_its_first_instant() -> None:
    timeline = steps((NOVEMBER.begins_at - MICROSECOND, 4), (NOVEMBER.begins_at, 2))

    assert [str(quantity_of_month(timeline, NOVEMBER, rule)) for rule in Rule] == ["2.00", "2.00", "2.00"]


def test_an_average_is_rounded_half_up_and_not_half_even() -> None:
    """One unit for exactly 0.5 % of 30 days is 0.005, which is 0.01; a microsecond less is 0.00."""
    half = timedelta(days=30) / 200
    begins = NOVEMBER.begins_at

    assert str(quantity_of_month(steps((begins, 1), (begins + half, 0)), NOVEMBER, Rule.AVERAGE)) == "0.01"
    assert (
        str(quantity_of_month(steps((begins, 1), (begins + half - MICROSECOND, 0)), NOVEMBER, Rule.AVERAGE)) == "0.00"
    )


@pytest.mark.parametrize(("year", "average"), [(2024, "0.97"), (2026, "0.96")])
def test_a_leap_february_weighs_each_day_less(year: int, average: str) -> None:
    timeline = steps((datetime(year, 2, 2, tzinfo=UTC), 1))

    assert str(quantity_of_month(timeline, BillingMonth(year, 2), Rule.AVERAGE)) == average


def test_a_number_is_raised_to_the_minimum_only_when_anything_was_in_force() -> None:
    brief = steps((NOVEMBER.begins_at, 1), (NOVEMBER.begins_at + MICROSECOND, 0))
    at_the_end = steps((NOVEMBER.ends_at, 1))

    assert [str(quantity_of_month(brief, NOVEMBER, rule, 3)) for rule in Rule] == ["3.00", "3.00", "3.00"]
    assert [str(quantity_of_month(at_the_end, NOVEMBER, rule, 3)) for rule in Rule] == ["0.00", "0.00", "0.00"]
    assert [str(quantity_of_month((), NOVEMBER, rule, 3)) for rule in Rule] == ["0.00", "0.00", "0.00"]


def test_month_to_date_accrues_and_ignores_what_is_to_come() -> None:
    timeline = steps((NOVEMBER.begins_at, 10), (datetime(2026, 11, 16, tzinfo=UTC), 20))
    mid_month = datetime(2026, 11, 16, tzinfo=UTC)

    so_far = [str(month_to_date(timeline, NOVEMBER, rule, mid_month)) for rule in Rule]
    afterwards = [str(month_to_date(timeline, NOVEMBER, rule, datetime(2027, 3, 1, tzinfo=UTC))) for rule in Rule]

    assert so_far == ["20.00", "20.00", "5.00"]
    assert afterwards == ["20.00", "20.00", "15.00"]


def test_nothing_has_accrued_in_a_month_that_has_not_begun() -> None:
    timeline = steps((datetime(2026, 10, 1, tzinfo=UTC), 10))
    just_before = NOVEMBER.begins_at - timedelta(microseconds=1)

    assert [str(month_to_date(timeline, NOVEMBER, rule, just_before)) for rule in Rule] == ["0.00"] * 3


def test_timelines_that_cancel_each_other_make_no_step() -> None:
    first, second = datetime(2026, 11, 5, tzinfo=UTC), datetime(2026, 11, 6, tzinfo=UTC)

    assert add_timelines([]) == ()
    assert add_timelines([(), steps((first, 3))]) == steps((first, 3))
    assert add_timelines([steps((first, 3), (second, 0)), steps((first, 1), (second, 4))]) == steps((first, 4))


# --- for any timeline ------------------------------------------------------------------------------------------


@given(months_with_timelines())
@settings(max_examples=300)
def test_average_is_exact_to_two_decimals_half_up(drawn: tuple[BillingMonth, tuple[Timeline, ...]]) -> None:
    month, (timeline,) = drawn
    bounds = [month.begins_at, *(s.at for s in timeline if month.begins_at < s.at < month.ends_at), month.ends_at]
    unit_time = sum(
        (Fraction((there - here) // MICROSECOND) * value_at(timeline, here) for here, there in pairwise(bounds)),
        Fraction(0),
    )

    average = quantity_of_month(timeline, month, Rule.AVERAGE)

    assert hundredths_half_up(unit_time / ((month.ends_at - month.begins_at) // MICROSECOND)) == average
    assert average.as_tuple().exponent == -2


@given(months_with_timelines())
@example((NOVEMBER, (steps((NOVEMBER.ends_at - MICROSECOND, 7)),)))
@settings(max_examples=300)
def test_current_is_the_last_value_and_peak_the_highest(drawn: tuple[BillingMonth, tuple[Timeline, ...]]) -> None:
    month, (timeline,) = drawn

    current = quantity_of_month(timeline, month, Rule.CURRENT)
    peak = quantity_of_month(timeline, month, Rule.PEAK)
    average = quantity_of_month(timeline, month, Rule.AVERAGE)

    assert value_at(timeline, month.ends_at - MICROSECOND) == current
    assert max(values_in(timeline, month)) == peak
    assert min(values_in(timeline, month)) <= average <= peak
    assert current <= peak


@given(months_with_timelines(), st.sampled_from(Rule), st.integers(0, 3000))
def test_a_minimum_raises_and_never_lowers(
    drawn: tuple[BillingMonth, tuple[Timeline, ...]], rule: Rule, minimum: int
) -> None:
    month, (timeline,) = drawn
    plain = quantity_of_month(timeline, month, rule)

    raised = quantity_of_month(timeline, month, rule, minimum)

    assert (max(plain, Decimal(minimum)) if any(values_in(timeline, month)) else Decimal(0)) == raised


@given(months_with_timelines(count=3), AROUND)
def test_a_sum_of_timelines_has_the_sum_of_their_values(
    drawn: tuple[BillingMonth, tuple[Timeline, ...]], offset: timedelta
) -> None:
    month, several = drawn
    total = add_timelines(several)
    instants = [
        month.begins_at + offset,
        *(step.at + d for one in several for step in one for d in (-MICROSECOND, timedelta(0))),
    ]

    for instant in instants:
        assert sum(value_at(one, instant) for one in several) == value_at(total, instant)
    assert all(here.at < there.at for here, there in pairwise(total))


@given(months_with_timelines(), st.sampled_from(Rule), AROUND)
def test_month_to_date_reaches_the_number_of_the_month_at_its_end(
    drawn: tuple[BillingMonth, tuple[Timeline, ...]], rule: Rule, offset: timedelta
) -> None:
    month, (timeline,) = drawn
    now = month.ends_at + abs(offset)

    assert quantity_of_month(timeline, month, rule) == month_to_date(timeline, month, rule, now)


@given(months_with_timelines(), st.sampled_from([Rule.PEAK, Rule.AVERAGE]), AROUND, AROUND)
def test_peak_and_average_never_shrink_as_time_passes(
    drawn: tuple[BillingMonth, tuple[Timeline, ...]], rule: Rule, one: timedelta, other: timedelta
) -> None:
    month, (timeline,) = drawn
    earlier, later = sorted([month.begins_at + one, month.begins_at + other])

    assert month_to_date(timeline, month, rule, earlier) <= month_to_date(timeline, month, rule, later)
