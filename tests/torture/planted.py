"""Bugs to be found: each takes one promise away, by putting a wrong function in the place of the right one.

They are the mistakes that somebody building this would make. Nothing but the tests in this folder plants them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from domain import addition, month_close, organization, quantity_rules, records
from domain.addition import AdditionState, Go, Hold, PushKind, PushOrder, Verdict
from domain.company_mapping import CompanyMapped, CompanyMappingState
from domain.organization import OrganizationFact, OrganizationState, Standing
from domain.quantity_rules import Timeline
from domain.values import BillingMonth, PlanComponent, Rule
from workers import push_orders

Plant = Callable[[], AbstractContextManager[None]]


def _judging(wrong: Callable[[AdditionState, PushOrder, Decimal | None, Verdict], Verdict]) -> Plant:
    """Alter what `judge` says."""
    right = addition.judge

    @contextmanager
    def planted() -> Iterator[None]:
        def judge(state: AdditionState, order: PushOrder, found: Decimal | None) -> Verdict:
            return wrong(state, order, found, right(state, order, found))

        with patch.object(addition, "judge", judge):
            yield

    return planted


def _delta_against_the_target(
    state: AdditionState, order: PushOrder, found: Decimal | None, verdict: Verdict
) -> Verdict:
    if isinstance(verdict, Go) and order.kind is PushKind.INCREMENTAL and state.wrote is not None:
        return replace(verdict, target=(found or Decimal(0)) + order.wanted - state.wrote)
    return verdict


def _drift_overwritten_in_the_month(
    state: AdditionState, order: PushOrder, found: Decimal | None, verdict: Verdict
) -> Verdict:
    if isinstance(verdict, Go) and order.kind is PushKind.INCREMENTAL:
        return replace(verdict, target=order.wanted)
    return verdict


def _hold_ignored(state: AdditionState, order: PushOrder, found: Decimal | None, verdict: Verdict) -> Verdict:
    return Go(verdict.target) if isinstance(verdict, Hold) else verdict


def _kept_edit_lost_at_the_close(
    state: AdditionState, order: PushOrder, found: Decimal | None, verdict: Verdict
) -> Verdict:
    if isinstance(verdict, Go) and order.kind is PushKind.FINAL:
        return replace(verdict, target=order.wanted)
    return verdict


@contextmanager
def _delta_twice_after_an_unknown_outcome() -> Iterator[None]:
    right = addition.settle_from_psa

    def settle_from_psa(state: AdditionState, push_id: Any, **found: Any) -> tuple[Any, ...]:
        settled = right(state, push_id, **found)
        return tuple(
            addition.PushFailed(fact.push, addition.Problem.NOT_APPLIED, "believed not applied", True)
            if isinstance(fact, addition.UsagePushed)
            else fact
            for fact in settled
        )

    with patch("workers.push.settle_from_psa", settle_from_psa):
        yield


@contextmanager
def _create_again_without_looking() -> Iterator[None]:
    right = addition.settle_from_psa

    def settle_from_psa(state: AdditionState, push_id: Any, **found: Any) -> tuple[Any, ...]:
        started = state.open
        if started is not None and started.record is None:
            return (addition.PushFailed(push_id, addition.Problem.NOT_APPLIED, "not looked for", True),)
        return right(state, push_id, **found)

    def choose_record(state: AdditionState, known: Any, running: Any) -> Any:
        return None if state.record is None else right_choice(state, known, running)

    right_choice = records.choose_record
    with (
        patch("workers.push.settle_from_psa", settle_from_psa),
        patch("workers.push_orders.choose_record", choose_record),
    ):
        yield


@contextmanager
def _late_change_ignored_in_closed_months() -> Iterator[None]:
    right = organization._with_corrections

    def with_corrections(state: OrganizationState, change: Any, terms_at: Any) -> tuple[OrganizationFact, ...]:
        return right(state, change, terms_at)[:1]

    with patch.object(organization, "_with_corrections", with_corrections):
        yield


@contextmanager
def _changes_in_the_order_of_arrival() -> Iterator[None]:
    right = organization._inserted

    def inserted(state: OrganizationState, version: int, change: Any) -> OrganizationState:
        newest = state.changes[-1].at if state.changes else change.effective_at
        return right(state, version, replace(change, effective_at=max(newest, change.effective_at)))

    with patch.object(organization, "_inserted", inserted):
        yield


def _ruling(wrong: Callable[[Timeline, BillingMonth, Rule, datetime, Decimal], Decimal]) -> Plant:
    """Alter the number that a rule makes of a timeline."""
    right = quantity_rules._by_rule

    @contextmanager
    def planted() -> Iterator[None]:
        def by_rule(timeline: Timeline, month: BillingMonth, rule: Rule, until: datetime) -> Decimal:
            return wrong(timeline, month, rule, until, right(timeline, month, rule, until))

        with patch.object(quantity_rules, "_by_rule", by_rule):
            yield

    return planted


def _highest_ever(timeline: Timeline, month: BillingMonth, rule: Rule, until: datetime, number: Decimal) -> Decimal:
    if rule is Rule.PEAK:
        return max([number, *(Decimal(step.quantity) for step in timeline if step.at < until)])
    return number


@contextmanager
def _peak_not_reset() -> Iterator[None]:
    right = organization.standings_in

    def since_ever(state: OrganizationState, month: BillingMonth) -> tuple[Standing, ...]:
        return tuple(standing for standing in organization.standings(state) if standing.at < month.ends_at)

    def items_in_month(state: OrganizationState, month: BillingMonth) -> frozenset[PlanComponent]:
        return frozenset(item for standing in right(state, month) for item in organization._billed(standing))

    with (
        _ruling(_highest_ever)(),
        patch.object(organization, "standings_in", since_ever),
        patch.object(organization, "items_in_month", items_in_month),
    ):
        yield


@contextmanager
def _rounded_half_down() -> Iterator[None]:
    def hundredths(numerator: int, denominator: int) -> Decimal:
        return Decimal((200 * numerator + denominator - 1) // (2 * denominator)).scaleb(-2)

    with patch.object(quantity_rules, "_hundredths", hundredths):
        yield


@contextmanager
def _month_ends_a_little_late() -> Iterator[None]:
    right = organization.standings_in

    def standings_in(state: OrganizationState, month: BillingMonth) -> tuple[Standing, ...]:
        late = [standing for standing in organization.standings(state) if standing.at == month.ends_at]
        return (*right(state, month), *(replace(each, at=each.at - timedelta(microseconds=1)) for each in late))

    with patch.object(organization, "standings_in", standings_in):
        yield


@contextmanager
def _close_without_catching_up() -> Iterator[None]:
    right = month_close.months_to_close

    def months_to_close(*arguments: Any) -> Iterator[BillingMonth]:
        return iter(list(right(*arguments))[-1:])

    with patch("workers.close_month.months_to_close", months_to_close):
        yield


@contextmanager
def _unmapped_still_pushed() -> Iterator[None]:
    last: dict[str, CompanyMapped] = {}

    def current_mapping(state: CompanyMappingState, connection_number: int) -> CompanyMapped | None:
        """Remembers by the name shown, since an unmapped state has forgotten where it was."""
        if state.mapped is not None:
            last[state.mapped.organization_name] = state.mapped
        return state.mapped or next(iter(last.values()), None)

    right = push_orders._mapped_to

    def mapped_to(reader: Any, context: Any, connection_number: int) -> Any:
        right(reader, context, connection_number)
        with context.pool.connection() as connection:
            rows = connection.execute(
                "SELECT organization FROM organizations WHERE msp = %s ORDER BY 1", (context.msp,)
            )
            return [row[0] for row in rows]

    with (
        patch("workers.push_orders.current_mapping", current_mapping),
        patch.object(push_orders, "_mapped_to", mapped_to),
    ):
        yield


PLANTED: Mapping[str, Plant] = {
    "delta taken against the target instead of the base": _judging(_delta_against_the_target),
    "delta applied twice after an unknown outcome": _delta_twice_after_an_unknown_outcome,
    "late change ignored in closed months": _late_change_ignored_in_closed_months,
    "changes taken in the order of arrival": _changes_in_the_order_of_arrival,
    "peak not reset": _peak_not_reset,
    "close without catching up": _close_without_catching_up,
    "hold ignored": _judging(_hold_ignored),
    "drift overwritten in the month": _judging(_drift_overwritten_in_the_month),
    "kept edit lost at the close": _judging(_kept_edit_lost_at_the_close),
    "rounding half down": _rounded_half_down,
    "month boundary off by one": _month_ends_a_little_late,
    "unmapped organization still pushed": _unmapped_still_pushed,
    "create after an unknown outcome without looking": _create_again_without_looking,
}
