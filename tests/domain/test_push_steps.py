"""A push step by step: started, verified or failed, settled by what the PSA holds; adopted, created, lost records."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.addition import (
    ADDITION,
    AdditionAdopted,
    AdditionCreated,
    AdditionFact,
    AdditionLost,
    DriftDetected,
    Exceptional,
    LineOutcome,
    Problem,
    PushIsOpen,
    PushKind,
    PushOutcomeUnknown,
    Settled,
    UsagePushed,
    created,
    detect_drift,
    fail_push,
    is_initial,
    lose_record,
    settle_from_psa,
    verify_push,
)
from domain.values import DriftPolicy, LeftBehind, RunId
from tests.domain.additions import (
    ADOPTED,
    DECEMBER,
    FIRST,
    HOLDS_12,
    NOVEMBER,
    OTHER_RECORD,
    RECORD,
    RUN,
    SECOND,
    THIRD,
    UNGUARDED,
    UNKNOWN_12,
    failed,
    line,
    order,
    pushed,
    refused,
    settled,
    started,
)
from tests.domain.story import given

INITIAL, INCREMENTAL, OVERWRITE = PushKind.INITIAL, PushKind.INCREMENTAL, PushKind.OVERWRITE
FINAL, RELEASE = PushKind.FINAL, PushKind.RELEASE
EFFECTIVE_ON = datetime(2026, 11, 1, tzinfo=UTC)
NEW_RECORD = AdditionCreated(RECORD, FIRST, EFFECTIVE_ON)
CREATING = started(FIRST, INITIAL, 12, 12, record=None)
RAISING = started(SECOND, INCREMENTAL, 15, 15, base=12, wrote=12, found=12)


# --- starting --------------------------------------------------------------------------------------------------


def test_a_started_push_records_everything_that_explains_its_number() -> None:
    state = (
        line(*HOLDS_12)
        .push(order(INCREMENTAL, 15, run=RUN), found=12)
        .then(started(SECOND, INCREMENTAL, 15, 15, base=12, wrote=12, found=12, run=RUN))
    )

    assert state.open == started(SECOND, INCREMENTAL, 15, 15, base=12, wrote=12, found=12, run=RUN)


def test_a_record_that_is_not_ours_yet_is_adopted_with_its_first_push() -> None:
    state = line().push(order(INITIAL, 12), found=7).then(ADOPTED, started(SECOND, INITIAL, 12, 12, found=7))

    assert (state.record, state.was_known) == (RECORD, True)


def test_an_adoption_is_recorded_also_when_the_push_is_held_or_refused() -> None:
    dropping = line().push(order(INITIAL, 12), found=100)
    negative = line().push(order(INITIAL, -1), found=3)

    assert dropping.facts[0] == ADOPTED
    assert dropping.state.held is not None
    negative.then(
        ADOPTED,
        refused(INITIAL, Problem.BELOW_ZERO, "the target would be -1; Sync now writes -1", found=3, wanted=-1),
    )


def test_a_push_without_a_record_is_a_create() -> None:
    state = line().push(order(INITIAL, 12), found=None, push=FIRST).then(CREATING)

    assert state.open == CREATING


def test_one_push_is_in_flight_at_a_time() -> None:
    with pytest.raises(PushIsOpen):
        line(*HOLDS_12, RAISING).push(order(OVERWRITE, 15), found=12, push=THIRD)


def test_a_hand_edit_is_recorded_before_the_push_that_keeps_it() -> None:
    drift = DriftDetected(Decimal(12), Decimal(14))
    start = started(SECOND, INCREMENTAL, 13, 15, base=12, wrote=12, found=14)

    line(*HOLDS_12).push(order(INCREMENTAL, 13), found=14).then(drift, start)
    line(*HOLDS_12, drift).push(order(INCREMENTAL, 13), found=14).then(start)
    line(*HOLDS_12, DriftDetected(Decimal(12), Decimal(99))).push(order(INCREMENTAL, 13), found=14).then(drift, start)


def test_a_number_that_somebody_already_entered_by_hand_is_drift_and_stays() -> None:
    line(*HOLDS_12).push(order(INCREMENTAL, 13), found=13).then(
        DriftDetected(Decimal(12), Decimal(13)),
        started(SECOND, INCREMENTAL, 13, 13, base=12, wrote=12, found=13),
    )


def test_a_hand_edit_below_a_cent_is_no_drift() -> None:
    line(*HOLDS_12).push(order(INCREMENTAL, 13), found="12.004").then(
        started(SECOND, INCREMENTAL, 13, "13.004", base=12, wrote=12, found="12.004")
    )


def test_what_a_new_or_released_line_holds_is_no_drift() -> None:
    released = (*HOLDS_12, *settled(RELEASE, 0, 12, base=12, found=12))

    line(*released).push(order(INITIAL, 5), found=14).then(started(SECOND, INITIAL, 5, 5, wrote=12, found=14))
    line(ADOPTED).push(order(INITIAL, 5), found=14).then(started(SECOND, INITIAL, 5, 5, found=14))


def test_a_final_records_the_policy_it_was_judged_by() -> None:
    state = (
        line(*HOLDS_12)
        .push(order(FINAL, 15, policy=DriftPolicy.KEEP), found=14)
        .then(
            DriftDetected(Decimal(12), Decimal(14)),
            started(SECOND, FINAL, 15, 17, base=12, wrote=12, found=14, policy=DriftPolicy.KEEP),
        )
    )

    assert state.final_started == NOVEMBER


def test_only_a_final_marks_its_month_as_started() -> None:
    final = (*HOLDS_12, *settled(FINAL, 15, base=12, found=12, push=SECOND))
    next_month = started(THIRD, INCREMENTAL, 16, 16, base=15, wrote=15, found=15, month=DECEMBER)

    state = line(*final, next_month).state

    assert state.final_started == NOVEMBER
    assert state.finals == {NOVEMBER: SECOND}


def test_the_same_exception_is_recorded_once_unless_it_is_news() -> None:
    detail = "the target would be -1; Sync now writes 5"
    first = refused(INCREMENTAL, Problem.BELOW_ZERO, detail, found=6, wanted=5)
    drift = DriftDetected(Decimal(12), Decimal(6))
    standing = line(*HOLDS_12, drift, first)

    state = line(*HOLDS_12).push(order(INCREMENTAL, 5), found=6, is_news=False).then(drift, first)

    assert state.exceptional == Exceptional(
        Problem.BELOW_ZERO, INCREMENTAL, NOVEMBER, None, detail, Decimal(6), Decimal(5)
    )
    standing.push(order(INCREMENTAL, 5), found=6, is_news=False).then()
    standing.push(order(INCREMENTAL, 5), found=6, is_news=True).then(first)
    standing.push(order(INCREMENTAL, 4), found=6, is_news=False).then(
        refused(INCREMENTAL, Problem.BELOW_ZERO, "the target would be -2; Sync now writes 4", found=6, wanted=4)
    )


# --- verifying and failing -------------------------------------------------------------------------------------


def test_a_verified_push_moves_base_and_wrote() -> None:
    state = (
        given(ADDITION, *HOLDS_12, RAISING)
        .when(verify_push, SECOND, record=RECORD, after=Decimal("15.00"), written=True)
        .then(UsagePushed(SECOND, RECORD, Decimal(12), Decimal("15.00"), True))
    )

    assert (state.base, state.wrote, state.open) == (Decimal(15), Decimal(15), None)
    assert state.settled == Settled(SECOND, INCREMENTAL, NOVEMBER, None, 1, Decimal(12), Decimal(12), Decimal(15))


def test_a_target_equal_to_found_moves_the_base_without_a_write() -> None:
    start = started(SECOND, INCREMENTAL, 15, 15, base=12, wrote=12, found=15)

    state = (
        given(ADDITION, *HOLDS_12, start)
        .when(verify_push, SECOND, record=RECORD, after=Decimal(15), written=False)
        .then(pushed(SECOND, 15, 15, written=False))
    )

    assert state.base == Decimal(15)


def test_an_answer_that_changed_nothing_is_a_failure() -> None:
    state = (
        given(ADDITION, *HOLDS_12, RAISING)
        .when(verify_push, SECOND, record=RECORD, after=Decimal(12), written=True)
        .then(failed(SECOND, Problem.NOT_APPLIED, "ConnectWise answered 12 instead of 15"))
    )

    assert (state.base, state.wrote, state.open) == (Decimal(12), Decimal(12), None)
    assert state.exceptional == Exceptional(
        Problem.NOT_APPLIED,
        INCREMENTAL,
        NOVEMBER,
        None,
        "ConnectWise answered 12 instead of 15",
        Decimal(12),
        Decimal(15),
    )


def test_a_failure_that_is_tried_again_is_no_exception() -> None:
    retried = (
        given(ADDITION, *HOLDS_12, RAISING)
        .when(fail_push, SECOND, Problem.PSA_UNAVAILABLE, "503", will_retry=True)
        .then(failed(SECOND, will_retry=True))
    )
    given_up = (
        given(ADDITION, *HOLDS_12, RAISING)
        .when(fail_push, SECOND, Problem.PSA_UNAVAILABLE, "503", will_retry=False)
        .then(failed(SECOND))
    )

    assert (retried.open, retried.exceptional) == (None, None)
    assert given_up.exceptional is not None
    assert given_up.exceptional.problem is Problem.PSA_UNAVAILABLE


def test_a_push_that_somebody_settled_meanwhile_is_left_alone() -> None:
    for there in (given(ADDITION, *HOLDS_12), given(ADDITION, *HOLDS_12, RAISING)):
        there.when(verify_push, FIRST, record=RECORD, after=Decimal(12), written=True).then()
        there.when(fail_push, FIRST, Problem.PSA_UNAVAILABLE, "503", will_retry=True).then()
        there.when(settle_from_psa, FIRST, record=RECORD, found=Decimal(12)).then()


def test_a_settled_push_clears_what_stood_in_its_way() -> None:
    drifted = DriftDetected(Decimal(12), Decimal(40))

    state = line(*UNKNOWN_12, drifted, *settled(OVERWRITE, 16, base=12, found=40, push=THIRD)).state

    assert (state.exceptional, state.drift, state.held, state.approved) == (None, None, None, None)
    assert not state.is_outcome_unknown


# --- settling by what the PSA holds ----------------------------------------------------------------------------


def test_an_open_push_whose_target_is_found_was_written() -> None:
    given(ADDITION, *HOLDS_12, RAISING).when(settle_from_psa, SECOND, record=RECORD, found=Decimal("15.00")).then(
        UsagePushed(SECOND, RECORD, Decimal(12), Decimal("15.00"), True)
    )


def test_an_open_push_that_had_nothing_to_write_is_settled_as_unwritten() -> None:
    start = started(SECOND, INCREMENTAL, 15, 15, base=12, wrote=12, found=15)

    given(ADDITION, *HOLDS_12, start).when(settle_from_psa, SECOND, record=RECORD, found=Decimal(15)).then(
        pushed(SECOND, 15, 15, written=False)
    )


def test_an_open_push_whose_earlier_number_is_found_was_not_applied() -> None:
    state = (
        given(ADDITION, *HOLDS_12, RAISING)
        .when(settle_from_psa, SECOND, record=RECORD, found=Decimal("12.00"))
        .then(failed(SECOND, Problem.NOT_APPLIED, "ConnectWise still holds what it held before", will_retry=True))
    )

    assert (state.base, state.open, state.exceptional) == (Decimal(12), None, None)


@pytest.mark.parametrize("found", [Decimal(40), None])
def test_an_open_push_with_neither_number_found_has_an_unknown_outcome(found: Decimal | None) -> None:
    state = (
        given(ADDITION, *HOLDS_12, RAISING)
        .when(settle_from_psa, SECOND, record=None if found is None else RECORD, found=found)
        .then(PushOutcomeUnknown(SECOND, Decimal(12), Decimal(15), found))
    )

    assert state.is_outcome_unknown
    assert (state.base, state.wrote, state.open) == (Decimal(12), Decimal(12), None)
    assert state.exceptional is not None
    assert (state.exceptional.problem, state.exceptional.found) == (Problem.OUTCOME_UNKNOWN, found)


def test_an_open_create_that_left_no_record_was_not_applied() -> None:
    state = (
        given(ADDITION, CREATING)
        .when(settle_from_psa, FIRST, record=None, found=None)
        .then(failed(FIRST, Problem.NOT_APPLIED, "ConnectWise still holds what it held before", will_retry=True))
    )

    assert (state.record, state.open) == (None, None)


def test_a_record_found_by_looking_has_the_date_that_was_read_with_it() -> None:
    read = datetime(2026, 11, 4, tzinfo=UTC)

    facts = (
        given(ADDITION, CREATING)
        .when(settle_from_psa, FIRST, record=RECORD, found=Decimal(12), effective_on=read)
        .facts
    )

    assert facts[0] == AdditionCreated(RECORD, FIRST, read)


def test_an_open_create_that_left_its_record_is_found_by_looking() -> None:
    state = (
        given(ADDITION, CREATING)
        .when(settle_from_psa, FIRST, record=RECORD, found=Decimal("12.00"))
        .then(
            AdditionCreated(RECORD, FIRST, NOVEMBER.begins_at),
            UsagePushed(FIRST, RECORD, None, Decimal("12.00"), True),
        )
    )

    assert (state.record, state.base) == (RECORD, Decimal(12))
    assert not is_initial(state, 1)


def test_an_open_create_whose_record_holds_something_else_is_followed_by_an_absolute_push() -> None:
    state = (
        given(ADDITION, CREATING)
        .when(settle_from_psa, FIRST, record=RECORD, found=Decimal(3))
        .then(
            AdditionCreated(RECORD, FIRST, NOVEMBER.begins_at),
            PushOutcomeUnknown(FIRST, None, Decimal(12), Decimal(3)),
        )
    )

    assert is_initial(state, 1)
    assert state.is_outcome_unknown


def test_an_answered_create_is_settled_without_creating_again() -> None:
    given(ADDITION, CREATING, NEW_RECORD).when(settle_from_psa, FIRST, record=RECORD, found=Decimal(12)).then(
        pushed(FIRST, None, 12)
    )


# --- records: created, adopted, lost ---------------------------------------------------------------------------


def test_a_created_record_is_remembered_once() -> None:
    state = given(ADDITION, CREATING).when(created, RECORD, EFFECTIVE_ON).then(NEW_RECORD)

    assert (state.record, state.was_known, state.open) == (RECORD, True, CREATING)
    given(ADDITION, CREATING, NEW_RECORD).when(created, RECORD, EFFECTIVE_ON).then()


def test_a_late_answer_to_a_create_that_was_settled_meanwhile_changes_nothing() -> None:
    given(ADDITION, CREATING, failed(FIRST)).when(created, RECORD, EFFECTIVE_ON).then()
    given(ADDITION, *HOLDS_12, RAISING).when(created, OTHER_RECORD, EFFECTIVE_ON).then()


def test_a_lost_record_is_an_exception_and_begins_anew() -> None:
    state = given(ADDITION, *HOLDS_12).when(lose_record).then(AdditionLost(RECORD))

    assert (state.record, state.was_known, state.wrote, state.is_fresh, state.is_lost) == (None, True, None, True, True)
    assert state.exceptional == Exceptional(Problem.ADDITION_LOST, None, None, None, "the record is gone", None, None)


def test_what_was_never_there_can_not_be_lost() -> None:
    given(ADDITION).when(lose_record).then()
    given(ADDITION, *HOLDS_12, AdditionLost(RECORD)).when(lose_record).then()


def test_another_record_after_a_loss_ends_the_exception_and_gets_an_initial() -> None:
    state = (
        line(*HOLDS_12, AdditionLost(RECORD))
        .push(order(INITIAL, 15, guard=UNGUARDED), found=40, record=OTHER_RECORD)
        .then(
            AdditionAdopted(OTHER_RECORD),
            replace(started(SECOND, INITIAL, 15, 15, base=12, found=40), record=OTHER_RECORD),
        )
    )

    assert (state.record, state.exceptional, state.is_lost) == (OTHER_RECORD, None, False)


def test_folding_the_same_record_again_changes_nothing_but_the_version() -> None:
    state = line(*HOLDS_12).state

    assert ADDITION.evolve(state, ADOPTED) == replace(state, version=state.version + 1)


# --- drift, releases and runs ----------------------------------------------------------------------------------


def test_the_nightly_watch_records_a_hand_edit_once() -> None:
    drift = DriftDetected(Decimal(12), Decimal(13))

    state = given(ADDITION, *HOLDS_12).when(detect_drift, Decimal(13)).then(drift)

    assert state.drift == drift
    given(ADDITION, *HOLDS_12, drift).when(detect_drift, Decimal(13)).then()
    given(ADDITION, *HOLDS_12, drift).when(detect_drift, Decimal(14)).then(DriftDetected(Decimal(12), Decimal(14)))


def test_the_nightly_watch_says_nothing_of_what_it_can_not_judge() -> None:
    given(ADDITION, *HOLDS_12).when(detect_drift, Decimal("12.004")).then()
    given(ADDITION, ADOPTED).when(detect_drift, Decimal(13)).then()
    given(ADDITION, *HOLDS_12, RAISING).when(detect_drift, Decimal(13)).then()


def test_a_release_sets_the_base_to_zero_and_keeps_what_it_left() -> None:
    what = replace(order(RELEASE, 0), left_behind=LeftBehind.UNTOUCHED)
    start = started(SECOND, RELEASE, 0, 13, base=12, wrote=12, found=13)

    line(*HOLDS_12).push(what, found=13).then(DriftDetected(Decimal(12), Decimal(13)), start)
    state = line(*HOLDS_12, start, pushed(SECOND, 13, 13, written=False)).state

    assert (state.base, state.wrote, state.is_fresh) == (Decimal(0), Decimal(13), True)


def test_a_run_remembers_how_its_line_ended() -> None:
    raising = replace(RAISING, run=RUN)
    outcomes: dict[LineOutcome, tuple[AdditionFact, ...]] = {
        LineOutcome.VERIFIED: (raising, pushed(SECOND, 12, 15)),
        LineOutcome.UNCHANGED: (raising, pushed(SECOND, 15, 15, written=False)),
        LineOutcome.FAILED: (raising, failed(SECOND)),
        LineOutcome.UNKNOWN: (raising, PushOutcomeUnknown(SECOND, Decimal(12), Decimal(15), Decimal(40))),
        LineOutcome.REFUSED: (refused(OVERWRITE, Problem.TWO_RUNNING, "two", run=RUN),),
    }

    ended = {outcome: line(*HOLDS_12, *facts).state.outcomes for outcome, facts in outcomes.items()}

    assert ended == {outcome: {RUN: outcome} for outcome in outcomes}
    assert line(*HOLDS_12, raising, failed(SECOND, will_retry=True)).state.outcomes == {}


def test_the_newest_word_of_a_run_counts() -> None:
    runs = [RunId(f"run-{number}") for number in range(3)]
    refusals = [refused(OVERWRITE, Problem.TWO_RUNNING, "two", run=run) for run in runs]
    again = replace(RAISING, run=runs[0])

    state = line(*HOLDS_12, *refusals, again, pushed(SECOND, 12, 15)).state

    assert list(state.outcomes.items()) == [
        (runs[1], LineOutcome.REFUSED),
        (runs[2], LineOutcome.REFUSED),
        (runs[0], LineOutcome.VERIFIED),
    ]


def test_of_many_runs_the_newest_20_at_most_are_remembered() -> None:
    runs = [RunId(f"run-{number}") for number in range(60)]

    outcomes = line(*(refused(OVERWRITE, Problem.TWO_RUNNING, "two", run=run) for run in runs)).state.outcomes

    assert len(outcomes) <= 20
    assert list(outcomes) == runs[-len(outcomes) :]
    assert runs[-1] in outcomes
