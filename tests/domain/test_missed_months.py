"""A month that was missed stays an exception until its own overwrite, or until an admin lets it go."""

from domain.addition import (
    ADDITION,
    AdditionFact,
    AdditionState,
    Problem,
    PushKind,
    PushRefused,
    RetryRequested,
)
from domain.values import BillingMonth
from tests.domain.additions import DECEMBER, NOVEMBER, settled

OCTOBER = NOVEMBER.previous()
MISSED = PushRefused(PushKind.FINAL, OCTOBER, None, Problem.MISSED_MONTH, "not written in time", None, None)


def after(*facts: AdditionFact) -> AdditionState:
    state = ADDITION.initial
    for fact in facts:
        state = ADDITION.evolve(state, fact)
    return state


def missed_month(state: AdditionState) -> BillingMonth | None:
    return state.exceptional.month if state.exceptional is not None else None


def test_a_missed_month_stays_missed_when_newer_months_are_written() -> None:
    state = after(MISSED, *settled(PushKind.FINAL, month=NOVEMBER), *settled(PushKind.INCREMENTAL, month=DECEMBER))

    assert missed_month(state) == OCTOBER


def test_the_overwrite_of_a_missed_month_ends_its_exception() -> None:
    state = after(MISSED, *settled(PushKind.FINAL, month=NOVEMBER), *settled(PushKind.OVERWRITE, month=OCTOBER))

    assert missed_month(state) is None


def test_an_admin_lets_a_missed_month_go() -> None:
    state = after(MISSED, *settled(PushKind.FINAL, month=NOVEMBER), RetryRequested(create_again=False))

    assert missed_month(state) is None
