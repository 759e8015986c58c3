"""What waits for an admin, what an answer binds to, and how runs are retried and undone."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.addition import (
    ADDITION,
    AdditionFact,
    AdditionLost,
    Answer,
    DriftDetected,
    Exceptional,
    HoldReason,
    LineOutcome,
    Problem,
    ProrationConfirmed,
    PushApproved,
    PushKind,
    RetryRequested,
    UsagePushed,
    approve_push,
    confirm_proration,
    refuse_push,
    request_retry,
    undo_of,
)
from domain.refusals import InvalidInput, NotHeld, NothingToRetry, NumbersMoved, Refusal
from domain.values import DriftPolicy, PushId
from tests.domain.additions import (
    ADOPTED,
    AGREEMENT,
    ANOTHER_RUN,
    DECEMBER,
    HOLDS_12,
    HOLDS_100,
    NOVEMBER,
    PRODUCT,
    RECORD,
    RUN,
    SECOND,
    THIRD,
    Pushing,
    answered,
    approved_in_preview,
    failed,
    held,
    line,
    order,
    refused,
    settled,
    started,
)
from tests.domain.story import given

INCREMENTAL, OVERWRITE, FINAL = PushKind.INCREMENTAL, PushKind.OVERWRITE, PushKind.FINAL
HOLD = DriftPolicy.HOLD
DROP, HAND_EDIT = HoldReason.DROP_GUARD, HoldReason.HAND_EDIT

HELD_DROP = held(SECOND, OVERWRITE, DROP, 40, base=100, wrote=100, found=100)
"""Sync now would lower 100 to 40."""
EDITED_14 = DriftDetected(Decimal(12), Decimal(14))
HELD_EDIT = held(SECOND, FINAL, HAND_EDIT, 15, base=12, wrote=12, found=14)
"""The month closes with 15, somebody changed 12 to 14."""
ON_HAND_EDIT: tuple[AdditionFact, ...] = (*HOLDS_12, EDITED_14, HELD_EDIT)


def answer(facts: tuple[AdditionFact, ...], push: PushId, how: Answer, found: str | int, target: str | int) -> Pushing:
    return given(ADDITION, *facts).when(
        approve_push, AGREEMENT, PRODUCT, push=push, answer=how, found=Decimal(found), target=Decimal(target)
    )


# --- holding ---------------------------------------------------------------------------------------------------


def test_a_drop_is_held_with_the_numbers_to_show() -> None:
    state = line(*HOLDS_100).push(order(OVERWRITE, 40), found=100).then(HELD_DROP)

    assert (state.held, state.open) == (HELD_DROP, None)


def test_a_create_is_never_a_drop() -> None:
    line().push(order(PushKind.INITIAL, 0), found=None).then(started(SECOND, PushKind.INITIAL, 0, 0, record=None))


def test_a_lost_line_is_held_by_what_it_finds_only() -> None:
    """What was written to the lost record no longer stands anywhere."""
    line(*HOLDS_100, AdditionLost(RECORD)).push(order(PushKind.INITIAL, 5), found=None).then(
        started(SECOND, PushKind.INITIAL, 5, 5, base=100, record=None)
    )


def test_the_same_hold_is_recorded_once_unless_it_is_news() -> None:
    holding = line(*HOLDS_100, HELD_DROP)

    holding.push(order(OVERWRITE, 40), found=100, push=THIRD, is_news=False).then()
    holding.push(order(OVERWRITE, 40), found=100, push=THIRD, is_news=True).then(replace(HELD_DROP, push=THIRD))
    holding.push(order(OVERWRITE, 30), found=100, push=THIRD, is_news=False).then(
        held(THIRD, OVERWRITE, DROP, 30, base=100, wrote=100, found=100)
    )


def test_a_hold_whose_approval_has_gone_stale_is_recorded_again() -> None:
    """Approved for a Sync now of November; the line of December shows the same numbers under another month."""
    approved = line(*HOLDS_100, HELD_DROP, answered(SECOND, Answer.APPROVE, 100, 40))

    approved.push(order(OVERWRITE, 40, month=DECEMBER), found=100, push=THIRD, is_news=False).then(
        replace(HELD_DROP, push=THIRD, month=DECEMBER)
    )


def test_a_held_line_of_a_run_is_its_outcome() -> None:
    state = line(*HOLDS_100).push(order(OVERWRITE, 40, run=RUN), found=100).then(replace(HELD_DROP, run=RUN))

    assert state.outcomes == {RUN: LineOutcome.HELD}


def test_a_final_holds_a_hand_edit_under_the_policy_hold() -> None:
    line(*HOLDS_12).push(order(FINAL, 15, policy=HOLD), found=14).then(EDITED_14, HELD_EDIT)


# --- answering -------------------------------------------------------------------------------------------------


def test_an_approved_drop_is_written_and_names_its_approval() -> None:
    state = answer((*HOLDS_100, HELD_DROP), SECOND, Answer.APPROVE, 100, "40.00").then(
        answered(SECOND, Answer.APPROVE, 100, "40.00")
    )

    assert state.approved is not None
    line(*HOLDS_100, HELD_DROP, answered(SECOND, Answer.APPROVE, 100, 40)).push(
        order(OVERWRITE, 40), found=100, push=THIRD
    ).then(started(THIRD, OVERWRITE, 40, 40, base=100, wrote=100, found=100, approval=SECOND))


@pytest.mark.parametrize(("wanted", "found"), [(39, 100), (40, 101)])
def test_an_approval_does_not_let_other_numbers_pass(wanted: int, found: int) -> None:
    approved = line(*HOLDS_100, HELD_DROP, answered(SECOND, Answer.APPROVE, 100, 40))

    state = approved.push(order(OVERWRITE, wanted), found=found, push=THIRD).state

    assert (state.open, state.approved) == (None, None)
    assert state.held is not None
    assert (state.held.found, state.held.target) == (Decimal(found), Decimal(wanted))


def test_an_approval_counts_for_its_kind_and_month_only() -> None:
    approved = line(*HOLDS_100, HELD_DROP, answered(SECOND, Answer.APPROVE, 100, 40))

    for what in (order(OVERWRITE, 40, month=DECEMBER), order(PushKind.INITIAL, 40)):
        state = approved.push(what, found=100, push=THIRD).state

        assert state.open is None
        assert state.held is not None
        assert state.held.push == THIRD


def test_a_preview_approves_exactly_the_line_that_was_ticked() -> None:
    ticked = approved_in_preview(order(OVERWRITE, 40), 100, 40)
    moved = approved_in_preview(order(OVERWRITE, 40), 99, 40)

    line(*HOLDS_100).push(ticked, found=100).then(started(SECOND, OVERWRITE, 40, 40, base=100, wrote=100, found=100))
    line(*HOLDS_100).push(moved, found=100).then(HELD_DROP)


@pytest.mark.parametrize(("how", "target"), [(Answer.OVERWRITE, 15), (Answer.KEEP, 17), (Answer.LEAVE, 14)])
def test_a_held_hand_edit_is_overwritten_kept_or_left(how: Answer, target: int) -> None:
    answer(ON_HAND_EDIT, SECOND, how, 14, 15).then(answered(SECOND, how, 14, 15))

    line(*ON_HAND_EDIT, answered(SECOND, how, 14, 15)).push(order(FINAL, 15, policy=HOLD), found=14, push=THIRD).then(
        started(THIRD, FINAL, 15, target, base=12, wrote=12, found=14, policy=HOLD, approval=SECOND)
    )


def test_leaving_a_hand_edit_settles_with_the_closed_base_and_what_was_found() -> None:
    leave = started(THIRD, FINAL, 15, 14, base=12, wrote=12, found=14, policy=HOLD, approval=SECOND)

    state = line(
        *ON_HAND_EDIT,
        answered(SECOND, Answer.LEAVE, 14, 15),
        leave,
        UsagePushed(THIRD, RECORD, Decimal(14), Decimal(14), False),
    ).state

    assert (state.base, state.wrote) == (Decimal(15), Decimal(14))
    assert (state.held, state.approved) == (None, None)


@pytest.mark.parametrize(("wanted", "found"), [(16, 14), (15, 13)])
def test_an_answer_to_a_hand_edit_does_not_count_for_other_numbers(wanted: int, found: int) -> None:
    waiting = line(*ON_HAND_EDIT, answered(SECOND, Answer.LEAVE, 14, 15))

    state = waiting.push(order(FINAL, wanted, policy=HOLD), found=found, push=THIRD).state

    assert (state.open, state.approved) == (None, None)
    assert state.held is not None
    assert (state.held.push, state.held.found, state.held.wanted) == (THIRD, Decimal(found), Decimal(wanted))


def test_an_answered_hand_edit_is_not_held_again_by_the_drop_guard() -> None:
    edited = (*HOLDS_100, held(SECOND, FINAL, HAND_EDIT, 40, base=100, wrote=100, found=90))

    line(*edited, answered(SECOND, Answer.OVERWRITE, 90, 40)).push(
        order(FINAL, 40, policy=HOLD), found=90, push=THIRD
    ).then(
        DriftDetected(Decimal(100), Decimal(90)),
        started(THIRD, FINAL, 40, 40, base=100, wrote=100, found=90, policy=HOLD, approval=SECOND),
    )


WRONG_ANSWER = InvalidInput("answer", "APPROVE answers a drop; OVERWRITE, KEEP or LEAVE answer a hand edit")


@pytest.mark.parametrize(
    ("facts", "push", "how", "refusal"),
    [
        (HOLDS_100, SECOND, Answer.APPROVE, NotHeld(AGREEMENT, PRODUCT)),
        ((*HOLDS_100, HELD_DROP), THIRD, Answer.APPROVE, NotHeld(AGREEMENT, PRODUCT)),
        ((*HOLDS_100, HELD_DROP), SECOND, Answer.KEEP, WRONG_ANSWER),
        (ON_HAND_EDIT, SECOND, Answer.APPROVE, WRONG_ANSWER),
        ((*HOLDS_100, HELD_DROP), SECOND, Answer.APPROVE, NumbersMoved(Decimal(100), Decimal(40))),
    ],
    ids=["nothing held", "another push", "a drop is not kept", "a hand edit is not approved", "other numbers"],
)
def test_an_answer_to_something_else_is_refused(
    facts: tuple[AdditionFact, ...], push: PushId, how: Answer, refusal: Refusal
) -> None:
    answer(facts, push, how, 99, 40).then(refusal)


def test_an_answer_is_recorded_once_and_can_be_changed_until_it_is_carried_out() -> None:
    left = (*ON_HAND_EDIT, answered(SECOND, Answer.LEAVE, 14, 15))

    answer(left, SECOND, Answer.LEAVE, 14, 15).then()
    answer(left, SECOND, Answer.KEEP, 14, 15).then(answered(SECOND, Answer.KEEP, 14, 15))


def test_an_answer_survives_a_push_that_is_tried_again() -> None:
    approval = PushApproved(SECOND, Answer.APPROVE, Decimal(100), Decimal(40))
    first_try = started(THIRD, OVERWRITE, 40, 40, base=100, wrote=100, found=100, approval=SECOND)
    again = PushId("push-4")

    line(*HOLDS_100, HELD_DROP, approval, first_try, failed(THIRD, will_retry=True)).push(
        order(OVERWRITE, 40), found=100, push=again
    ).then(replace(first_try, push=again))


# --- exceptions, proration, undo -------------------------------------------------------------------------------


def test_a_refused_push_is_an_exception_with_its_numbers_recorded_once_unless_it_is_news() -> None:
    fact = refused(FINAL, Problem.TWO_RUNNING, "records 500 and 501", wanted=5, run=RUN)

    def refusing(facts: tuple[AdditionFact, ...], *, is_news: bool) -> Pushing:
        return given(ADDITION, *facts).when(
            refuse_push,
            kind=FINAL,
            month=NOVEMBER,
            run=RUN,
            problem=Problem.TWO_RUNNING,
            detail="records 500 and 501",
            wanted=Decimal(5),
            is_news=is_news,
        )

    state = refusing(HOLDS_12, is_news=False).then(fact)

    assert state.exceptional == Exceptional(
        Problem.TWO_RUNNING, FINAL, NOVEMBER, RUN, "records 500 and 501", None, Decimal(5)
    )
    refusing((*HOLDS_12, fact), is_news=False).then()
    refusing((*HOLDS_12, fact), is_news=True).then(fact)


def test_an_exception_can_be_retried() -> None:
    exceptional = (*HOLDS_12, refused(INCREMENTAL, Problem.TWO_RUNNING, "records 500 and 501"))

    state = (
        given(ADDITION, *exceptional)
        .when(request_retry, AGREEMENT, PRODUCT, create_again=False)
        .then(RetryRequested(False))
    )

    assert (state.exceptional, state.is_lost, state.may_create_again) == (None, False, False)
    given(ADDITION, *HOLDS_12).when(request_retry, AGREEMENT, PRODUCT, create_again=False).then(
        NothingToRetry(AGREEMENT, PRODUCT)
    )


def test_a_lost_record_may_be_created_again_once_an_admin_says_so() -> None:
    lost = (*HOLDS_12, AdditionLost(RECORD))

    state = given(ADDITION, *lost).when(request_retry, AGREEMENT, PRODUCT, create_again=True).then(RetryRequested(True))

    assert (state.may_create_again, state.is_lost) == (True, False)
    assert not ADDITION.evolve(state, ADOPTED).may_create_again


def test_double_proration_is_confirmed_once() -> None:
    state = given(ADDITION).when(confirm_proration).then(ProrationConfirmed())

    assert state.is_proration_confirmed
    given(ADDITION, ProrationConfirmed()).when(confirm_proration).then()


def test_a_run_is_undone_to_what_it_found_and_the_earlier_base() -> None:
    written = settled(OVERWRITE, 15, base=12, found=13, run=RUN, push=THIRD)

    assert undo_of(line(*HOLDS_12, *written).state, RUN) == (Decimal(13), Decimal(12))


def test_what_a_run_created_is_undone_to_zero() -> None:
    create = started(THIRD, OVERWRITE, 15, 15, record=None, run=RUN)
    verified = UsagePushed(THIRD, RECORD, None, Decimal(15), True)

    assert undo_of(line(create, ADOPTED, verified).state, RUN) == (Decimal(0), Decimal(0))


def test_a_run_that_is_not_the_last_word_can_not_be_undone() -> None:
    written = settled(OVERWRITE, 15, base=12, found=13, run=RUN, push=SECOND)
    newer = settled(INCREMENTAL, 16, base=15, found=15, push=THIRD)

    assert undo_of(line(ADOPTED).state, RUN) == "it wrote nothing here"
    assert undo_of(line(*HOLDS_12, *written).state, ANOTHER_RUN) == "something was pushed after it"
    assert undo_of(line(*HOLDS_12, *written, *newer).state, RUN) == "something was pushed after it"
    assert undo_of(line(*HOLDS_12, *written, newer[0]).state, RUN) == "a push is open"


def test_a_run_whose_line_was_refused_wrote_nothing_there_whatever_was_pushed_before() -> None:
    refusal = refused(OVERWRITE, Problem.NUMBERS_MOVED, "the preview showed 12", run=RUN)

    assert undo_of(line(*HOLDS_12, refusal).state, RUN) == "it wrote nothing here"
