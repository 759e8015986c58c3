"""From a timeline to the number of a month (design §4).

A timeline says which quantity was in force from which instant. A rule turns the part of it that lies in a billing
month into one number. Because the last known value stays in force until something else is recorded, the number that
a month will close with ("wanted") and the number it has closed with come from the same function: only the recorded
facts differ.

>>> from datetime import UTC
>>> steps = (Step(BillingMonth(2026, 10).begins_at, 12), Step(datetime(2026, 11, 16, tzinfo=UTC), 15))
>>> [str(quantity_of_month(steps, BillingMonth(2026, 11), rule)) for rule in Rule]
['15.00', '15.00', '13.50']
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import assert_never

from domain.values import BillingMonth, Rule


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` on, `quantity` is in force."""

    at: datetime
    quantity: int


Timeline = tuple[Step, ...]
"""Shape: ordered by `at`, each instant once; before the first step 0 is in force."""


def value_at(timeline: Timeline, instant: datetime) -> int:
    """The quantity in force at an instant; a step counts from its own instant on."""
    index = bisect_right(timeline, instant, key=lambda step: step.at)
    return timeline[index - 1].quantity if index else 0


def add_timelines(timelines: Iterable[Timeline]) -> Timeline:
    """The sum of several timelines, step by step."""
    several = [timeline for timeline in timelines if timeline]
    if len(several) <= 1:
        return several[0] if several else ()
    moves: dict[datetime, int] = {}
    for timeline in several:
        before = 0
        for step in timeline:
            moves[step.at] = moves.get(step.at, 0) + step.quantity - before
            before = step.quantity
    total = 0
    steps: list[Step] = []
    for at in sorted(moves):
        if moves[at] or not steps:
            total += moves[at]
            steps.append(Step(at, total))
    return tuple(steps)


def quantity_of_month(timeline: Timeline, month: BillingMonth, rule: Rule, minimum: int = 0) -> Decimal:
    """The number that a month closes with under a rule, by the steps of the timeline.

    Units: two decimals; AVERAGE is weighted by microseconds and rounded half up, exactly.
    The minimum raises the number only when the timeline was above 0 for some time in the month.
    """
    number = _by_rule(timeline, month, rule, month.ends_at)
    if number < minimum and any(value > 0 for _, value in _lasting(timeline, month.begins_at, month.ends_at)):
        return Decimal(minimum).quantize(Decimal("0.01"))
    return number


def month_to_date(timeline: Timeline, month: BillingMonth, rule: Rule, now: datetime) -> Decimal:
    """What has accrued in the month until `now`, included, under the rule, without the minimum; shown, never pushed.

    Units: AVERAGE accrues unit-time over the length of the whole month, so it grows until the month ends.
    """
    return _by_rule(timeline, month, rule, min(now + _MICROSECOND, month.ends_at))


def _by_rule(timeline: Timeline, month: BillingMonth, rule: Rule, until: datetime) -> Decimal:
    if until <= month.begins_at:
        return Decimal("0.00")
    spans = list(_lasting(timeline, month.begins_at, until))
    match rule:
        case Rule.CURRENT:
            return Decimal(spans[-1][1]).quantize(Decimal("0.01"))
        case Rule.PEAK:
            return Decimal(max(value for _, value in spans)).quantize(Decimal("0.01"))
        case Rule.AVERAGE:
            unit_time = sum((length // _MICROSECOND) * value for length, value in spans)
            return _hundredths(unit_time, (month.ends_at - month.begins_at) // _MICROSECOND)
        case _:
            assert_never(rule)


_MICROSECOND = timedelta(microseconds=1)


def _lasting(timeline: Timeline, start: datetime, end: datetime) -> Iterator[tuple[timedelta, int]]:
    """The values in force between two instants with how long each lasted, in order; none lasts no time."""
    first = bisect_right(timeline, start, key=lambda step: step.at)
    opening = timeline[first - 1].quantity if first else 0
    inside = [step for step in timeline[first:] if step.at < end]
    bounds = [Step(start, opening), *inside, Step(end, 0)]
    for here, there in pairwise(bounds):
        yield there.at - here.at, here.quantity


def _hundredths(numerator: int, denominator: int) -> Decimal:
    """A ratio of whole numbers to two decimals, half up, without a rounding in between."""
    return Decimal((200 * numerator + denominator) // (2 * denominator)).scaleb(-2)
