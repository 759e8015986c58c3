"""Which record an addition is, and what kind of push acts ask for."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.addition import AdditionState, Problem, PushKind, Refuse, Settled
from domain.records import StandingRecord, choose_record, kind_of_act
from domain.values import BillingMonth, LeftBehind, PsaAdditionId, PushId

ONE, OTHER = StandingRecord(PsaAdditionId(1), Decimal(7)), StandingRecord(PsaAdditionId(2), Decimal(9))
NEW = AdditionState()
REMEMBERED = AdditionState(record=ONE.record, was_known=True)
GONE = AdditionState(was_known=True)
BILLING = AdditionState(
    is_fresh=False,
    base=Decimal(7),
    settled=Settled(
        PushId("p"), PushKind.INITIAL, BillingMonth(2026, 11), None, 1, Decimal(0), None, Decimal(7), was_fresh=True
    ),
)


@pytest.mark.parametrize(
    ("state", "known", "running", "expected"),
    [
        (REMEMBERED, ONE, [OTHER], ONE),
        (NEW, None, [OTHER], OTHER),
        (NEW, None, [], None),
        (replace(GONE, may_create_again=True), None, [], None),
        (REMEMBERED, None, [], Problem.ADDITION_LOST),
        (REMEMBERED, None, [OTHER], Problem.ADDITION_LOST),
        (NEW, None, [ONE, OTHER], Problem.TWO_RUNNING),
        (GONE, None, [], Problem.ADDITION_LOST),
        (replace(NEW, is_lost=True), None, [OTHER], Problem.ADDITION_LOST),
    ],
)
def test_a_record_is_remembered_found_or_created_and_never_guessed(
    state: AdditionState, known: StandingRecord | None, running: list[StandingRecord], expected: object
) -> None:
    chosen = choose_record(state, known, running)

    assert expected == (chosen.problem if isinstance(chosen, Refuse) else chosen)


def test_another_running_record_in_place_of_a_lost_one_is_named() -> None:
    with_another = choose_record(REMEMBERED, None, [OTHER])
    without = choose_record(REMEMBERED, None, [])

    assert isinstance(with_another, Refuse)
    assert isinstance(without, Refuse)
    assert ("adopted" in with_another.detail, "created again" in without.detail) == (True, True)


@pytest.mark.parametrize(
    ("state", "wanted", "has_contributors", "left_behind", "expected"),
    [
        (NEW, 0, False, None, None),
        (NEW, 0, False, LeftBehind.ZERO, None),
        (NEW, 5, True, None, PushKind.INITIAL),
        (BILLING, 7, True, None, None),
        (BILLING, 9, True, None, PushKind.INCREMENTAL),
        (BILLING, 0, False, LeftBehind.UNTOUCHED, PushKind.RELEASE),
        (BILLING, 0, False, None, PushKind.INCREMENTAL),
    ],
)
def test_acts_ask_for_the_kind_of_push_that_their_addition_needs(
    state: AdditionState,
    wanted: int,
    has_contributors: bool,
    left_behind: LeftBehind | None,
    expected: PushKind | None,
) -> None:
    asked = kind_of_act(state, 1, wanted=Decimal(wanted), has_contributors=has_contributors, left_behind=left_behind)

    assert expected is asked
