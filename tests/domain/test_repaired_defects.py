"""What once went wrong, each by the rule of the design that it broke."""

from dataclasses import replace
from decimal import Decimal

from domain.addition import (
    ADDITION,
    AdditionAdopted,
    AdditionFact,
    AdditionLost,
    Answer,
    Go,
    Hold,
    HoldReason,
    LineOutcome,
    Problem,
    PushKind,
    PushOutcomeUnknown,
    UsagePushed,
    detect_drift,
    is_initial,
    judge,
    undo_of,
    verify_push,
)
from domain.organization import MOST_UNITS
from domain.refusals import InvalidInput
from domain.values import BillingMonth, DriftPolicy, RunId
from tests.domain.additions import (
    ADOPTED,
    HOLDS_12,
    OTHER_RECORD,
    RECORD,
    RUN,
    SECOND,
    THIRD,
    UNGUARDED,
    answered,
    held,
    line,
    order,
    refused,
    settled,
    started,
)
from tests.domain.organizations import created, history, on, shifted
from tests.domain.story import given

INITIAL, INCREMENTAL, OVERWRITE = PushKind.INITIAL, PushKind.INCREMENTAL, PushKind.OVERWRITE
FINAL, RELEASE, UNDO = PushKind.FINAL, PushKind.RELEASE, PushKind.UNDO


def test_the_newest_20_runs_are_remembered_and_not_fewer() -> None:
    """A negative slice dropped outcomes from the 10th run on."""
    runs = [RunId(f"run-{number}") for number in range(25)]
    facts = [refused(OVERWRITE, Problem.TWO_RUNNING, "two", run=run) for run in runs]

    assert list(line(*facts[:12]).state.outcomes.values()) == [LineOutcome.REFUSED] * 12
    assert list(line(*facts).state.outcomes) == runs[5:]


def test_an_answer_that_is_neither_found_nor_target_has_an_unknown_outcome() -> None:
    """§6.4: PushFailed only when certainly not applied. The next increment added its delta a second time."""
    raising = started(SECOND, INCREMENTAL, 15, 15, base=12, wrote=12, found=12)

    given(ADDITION, *HOLDS_12, raising).when(verify_push, SECOND, record=RECORD, after=Decimal(14), written=True).then(
        PushOutcomeUnknown(SECOND, Decimal(12), Decimal(15), Decimal(14))
    )


def test_an_undone_first_push_leaves_the_line_fresh() -> None:
    """§7 UNDO and §4 INITIAL: adopted at 7, Sync now wrote 10, undone to 7. The next push wrote 7 + 11."""
    written = settled(OVERWRITE, 10, base=0, found=7, run=RUN)
    undone = settled(UNDO, 0, 7, base=10, found=10, push=SECOND)
    assert undo_of(line(ADOPTED, *written).state, RUN) == (Decimal(7), Decimal(0))

    state = line(ADOPTED, *written, *undone).state

    assert is_initial(state, 1)


def test_an_undone_creation_after_a_loss_leaves_the_line_fresh() -> None:
    """The base of the lost record (12) counted against the 0 that the undo wrote: 0 + (13 − 12) = 1."""
    lost: tuple[AdditionFact, ...] = (*HOLDS_12, AdditionLost(RECORD))
    create = started(SECOND, OVERWRITE, 12, 12, base=12, record=None, run=RUN)
    written = (create, AdditionAdopted(OTHER_RECORD), UsagePushed(SECOND, OTHER_RECORD, None, Decimal(12), True))
    undone = settled(UNDO, 12, 0, base=12, found=12, push=THIRD)
    assert undo_of(line(*lost, *written).state, RUN) == (Decimal(0), Decimal(12))

    state = line(*lost, *written, *undone).state

    assert is_initial(state, 1)


def test_a_final_of_another_connection_is_not_judged_by_the_base_of_the_old_one() -> None:
    """§4: until a first push settles every due push is the INITIAL; restored means new. KEEP wrote 15 + 28."""
    what = order(FINAL, 15, policy=DriftPolicy.KEEP, connection_number=2)

    assert is_initial(line(*HOLDS_12).state, 2)
    assert judge(line(*HOLDS_12).state, what, Decimal(40)) == Hold(HoldReason.DROP_GUARD, Decimal(15))
    assert judge(line(*HOLDS_12).state, replace(what, guard=UNGUARDED), Decimal(40)) == Go(Decimal(15))


def test_an_unknown_outcome_ends_with_the_record_that_had_it() -> None:
    """§4: a new record is INITIAL. A FINAL under KEEP on it waited for the outcome of a lost record."""
    facts: tuple[AdditionFact, ...] = (
        *HOLDS_12,
        started(SECOND, INCREMENTAL, 15, 15, base=12, wrote=12, found=12),
        PushOutcomeUnknown(SECOND, Decimal(12), Decimal(15), None),
        AdditionLost(RECORD),
        AdditionAdopted(OTHER_RECORD),
    )
    what = order(FINAL, 15, policy=DriftPolicy.KEEP, guard=UNGUARDED)

    assert judge(line(*facts).state, what, Decimal(0)) == Go(Decimal(15))


def test_an_answer_about_a_lost_record_does_not_count_for_another() -> None:
    """Leave was said of record 500; on 501 with the same number the closed quantity was written unguarded."""
    facts: tuple[AdditionFact, ...] = (
        *HOLDS_12,
        held(SECOND, FINAL, HoldReason.HAND_EDIT, 15, base=12, wrote=12, found=99),
        answered(SECOND, Answer.LEAVE, 99, 15),
        AdditionLost(RECORD),
        AdditionAdopted(OTHER_RECORD),
    )

    verdict = judge(line(*facts).state, order(FINAL, 15, policy=DriftPolicy.HOLD), Decimal(99))

    assert verdict == Hold(HoldReason.DROP_GUARD, Decimal(15))


def test_a_released_line_is_no_longer_watched() -> None:
    """§4 RELEASE: nobody is billed by us there any more; start_push said nothing of it, the watch did."""
    released = (*HOLDS_12, *settled(RELEASE, 0, 12, base=12, found=12))

    given(ADDITION, *released).when(detect_drift, Decimal(20)).then()


def test_a_late_quantity_can_not_lift_later_instants_above_the_most_units() -> None:
    """MOST_UNITS promises a bound on quantities; the deltas after a late change were not looked at."""
    facts = (created(), shifted(MOST_UNITS, on(11, 6), before=0))

    history(*facts).licenses(1, on(11, 4)).then(InvalidInput("value", "the quantity would exceed 1000000000 units"))


def test_the_last_billing_month_has_an_end() -> None:
    """`9998-12` parsed, then every use of it raised ValueError: an input that ended as an internal error."""
    assert BillingMonth.parse("9998-12").ends_at.year == 9999
