"""A month that was missed stays an exception until its own overwrite, or until an admin lets it go."""

from dataclasses import replace

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


TWO_RUNNING = PushRefused(PushKind.INCREMENTAL, DECEMBER, None, Problem.TWO_RUNNING, "500 and 501", None, None)


def after(*facts: AdditionFact) -> AdditionState:
    state = ADDITION.initial
    for fact in facts:
        state = ADDITION.evolve(state, fact)
    return state


def missed_months(state: AdditionState) -> list[BillingMonth]:
    return sorted(state.missed)


def test_a_missed_month_stays_missed_when_newer_months_are_written() -> None:
    state = after(MISSED, *settled(PushKind.FINAL, month=NOVEMBER), *settled(PushKind.INCREMENTAL, month=DECEMBER))

    assert missed_months(state) == [OCTOBER]


def test_the_overwrite_of_a_missed_month_ends_its_exception() -> None:
    state = after(MISSED, *settled(PushKind.FINAL, month=NOVEMBER), *settled(PushKind.OVERWRITE, month=OCTOBER))

    assert missed_months(state) == []


def test_an_admin_lets_a_missed_month_go() -> None:
    state = after(MISSED, *settled(PushKind.FINAL, month=NOVEMBER), RetryRequested(create_again=False))

    assert missed_months(state) == []


def test_each_of_several_missed_months_stays_missed_until_its_own_overwrite() -> None:
    both = (MISSED, replace(MISSED, month=NOVEMBER), *settled(PushKind.FINAL, month=DECEMBER))

    assert missed_months(after(*both)) == [OCTOBER, NOVEMBER]
    assert missed_months(after(*both, *settled(PushKind.OVERWRITE, month=NOVEMBER))) == [OCTOBER]


def test_another_exception_and_its_retry_let_no_missed_month_go() -> None:
    state = after(MISSED, TWO_RUNNING, RetryRequested(create_again=False))

    assert (state.exceptional, missed_months(state)) == (None, [OCTOBER])
