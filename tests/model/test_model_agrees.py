"""The domain and the naive reference say the same about every history."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, event, example, given, settings

from domain.organization import LicensesChanged
from tests.model.domain_side import DomainSide
from tests.model.histories import MICROSECOND, histories
from tests.model.reference import Creation, Licenses, Usage, look
from tests.model.world import (
    HALF_AN_HOUR,
    Act,
    CompanyMapping,
    MonthEnd,
    ProductMapping,
    ProductRule,
    Reported,
    World,
    bounds,
)

CONNECTED_AT = datetime(2020, 1, 1, tzinfo=UTC)
History = list[tuple[datetime, Act]]


def months_of(history: History) -> list[tuple[int, int]]:
    """Every month from three before the first act to one after the last."""
    first, last = history[0][0] - timedelta(days=92), history[-1][0] + timedelta(days=31)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1) for n in range(count)]


def half_a_hundredth() -> History:
    """One licence for exactly 0.5 % of February, so the average is 0.005, which closes as 0.01."""
    begins_at, ends_at = bounds(2026, 2)
    until = begins_at + (ends_at - begins_at) / 200
    return [
        (begins_at, ProductMapping(("lite", "LICENSE"), 1)),
        (begins_at, ProductRule(1, "AVERAGE", 0)),
        (begins_at, Reported("globex", Creation(begins_at, "lite", ("LICENSE",), "PAID", "MSP"))),
        (begins_at, CompanyMapping("globex", 7)),
        (begins_at, Reported("globex", Licenses(begins_at, "LICENSE", "QUANTITY", 1))),
        (until, Reported("globex", Licenses(until, "LICENSE", "DELTA", -1))),
        (ends_at + HALF_AN_HOUR, MonthEnd(2026, 2)),
    ]


def test_the_reference_closes_half_a_hundredth_upwards() -> None:
    world = World()

    for now, act in half_a_hundredth():
        assert world.offer(act, now) is None

    assert world.closings() == {("globex", 2026, 2): [Usage(((1, 1),), ())]}


@given(histories())
@example(half_a_hundredth())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_domain_and_reference_agree_on_every_history(history: History) -> None:
    world, domain = World(), DomainSide(CONNECTED_AT)

    for now, act in history:
        reason = world.offer(act, now)
        event(f"{type(act.report if isinstance(act, Reported) else act).__name__}: {reason or 'accepted'}")

        assert reason == domain.offer(act, now), act
        assert world.wanted(now.year, now.month) == domain.wanted(now.year, now.month), act
        if reason is None and isinstance(act, Reported) and isinstance(act.report, Licenses):
            fact = domain.last_change(act.organization)
            after = look(world.reports(act.organization), act.report.at)
            assert isinstance(fact, LicensesChanged)
            assert after is not None
            assert after.counted[act.report.component] == fact.quantity

    for year, month in months_of(history):
        assert world.wanted(year, month) == domain.wanted(year, month), (year, month)
    closings = world.closings()
    event(f"months closed: {len(closings)}, corrections: {min(3, sum(len(one) - 1 for one in closings.values()))}")
    assert closings == domain.closings()
    for organization in world.organizations:
        reports = world.reports(organization)
        for instant in {report.at + offset for report in reports for offset in (-MICROSECOND, timedelta(0))}:
            there = look(reports, instant)
            assert (there and there.counted) == domain.counted(organization, instant), instant
            assert there is None or all(quantity >= 0 for quantity in there.counted.values()), instant
