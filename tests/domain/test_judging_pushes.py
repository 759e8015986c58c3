"""What a push will write, from base, wrote, found and wanted; or why it waits."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.addition import (
    DriftDetected,
    DropGuard,
    Go,
    Hold,
    HoldReason,
    Problem,
    PushKind,
    PushOrder,
    Refuse,
    Verdict,
    is_initial,
    judge,
)
from domain.values import DriftPolicy, LeftBehind
from tests.domain.additions import (
    ADOPTED,
    HOLDS_12,
    HOLDS_100,
    KEPT_14,
    SECOND,
    UNGUARDED,
    UNKNOWN_12,
    line,
    order,
    settled,
    started,
    units,
)

INITIAL, INCREMENTAL, OVERWRITE = PushKind.INITIAL, PushKind.INCREMENTAL, PushKind.OVERWRITE
FINAL, RELEASE, UNDO = PushKind.FINAL, PushKind.RELEASE, PushKind.UNDO
KEEP, HOLD = DriftPolicy.KEEP, DriftPolicy.HOLD
WAITS = Refuse(Problem.OUTCOME_UNKNOWN, "an earlier push has an unknown outcome; Sync now writes an absolute number")


def below_zero(target: str, wanted: str) -> Refuse:
    return Refuse(Problem.BELOW_ZERO, f"the target would be {target}; Sync now writes {wanted}")


@pytest.mark.parametrize(
    ("found", "wanted", "target"),
    [
        (12, 15, "15"),
        (13, 15, "16"),
        (12, 10, "10"),
        (12, 12, "12"),
        (15, 15, "15"),
        (15, 16, "19"),
        ("12.004", 15, "15.004"),
        ("15.004", 15, "15.004"),
        ("12.5", "13.25", "13.75"),
    ],
    ids=[
        "adds its delta",
        "a hand edit survives",
        "takes its delta away",
        "nothing to do",
        "somebody already entered the new number by hand",
        "entered by hand, but not the wanted number",
        "more decimals in the PSA are kept and are no drift",
        "entered by hand up to rounding",
        "fractions",
    ],
)
def test_an_increment_adds_its_delta_to_what_it_finds(found: str | int, wanted: str | int, target: str) -> None:
    assert judge(line(*HOLDS_12).state, order(INCREMENTAL, wanted), units(found)) == Go(Decimal(target))


def test_an_increment_after_a_kept_hand_edit_counts_from_the_base() -> None:
    assert judge(line(*KEPT_14).state, order(INCREMENTAL, 16), Decimal(15)) == Go(Decimal(18))


def test_an_increment_is_not_guarded() -> None:
    assert judge(line(*HOLDS_100).state, order(INCREMENTAL, 0), Decimal(100)) == Go(Decimal(0))


def test_an_increment_never_writes_below_zero() -> None:
    assert judge(line(*HOLDS_12).state, order(INCREMENTAL, 5), Decimal(6)) == below_zero("-1", "5")
    assert judge(line(*HOLDS_12).state, order(INCREMENTAL, 5), Decimal(7)) == Go(Decimal(0))


@pytest.mark.parametrize("kind", [INITIAL, OVERWRITE])
@pytest.mark.parametrize("found", [0, 12, 99, None])
def test_an_absolute_push_writes_wanted_whatever_it_finds(kind: PushKind, found: int | None) -> None:
    assert judge(line(*HOLDS_12).state, order(kind, 15, guard=UNGUARDED), units(found)) == Go(Decimal(15))


def test_a_record_still_to_be_created_counts_as_holding_nothing() -> None:
    assert judge(line().state, order(INITIAL, 15), None) == Go(Decimal(15))


@pytest.mark.parametrize(
    ("policy", "target"), [(DriftPolicy.OVERWRITE, 15), (DriftPolicy.KEEP, 15), (DriftPolicy.HOLD, 15)]
)
def test_a_final_without_a_hand_edit_writes_the_closed_number_under_every_policy(
    policy: DriftPolicy, target: int
) -> None:
    assert judge(line(*HOLDS_12).state, order(FINAL, 15, policy=policy), Decimal(12)) == Go(Decimal(target))
    assert judge(line(*HOLDS_12).state, order(FINAL, 15, policy=policy), Decimal("12.004")) == Go(Decimal(target))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (DriftPolicy.OVERWRITE, Go(Decimal(15))),
        (DriftPolicy.KEEP, Go(Decimal(17))),
        (DriftPolicy.HOLD, Hold(HoldReason.HAND_EDIT, Decimal(15))),
    ],
)
def test_a_final_treats_a_hand_edit_by_the_drift_policy(policy: DriftPolicy, expected: Verdict) -> None:
    assert judge(line(*HOLDS_12).state, order(FINAL, 15, policy=policy), Decimal(14)) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (DriftPolicy.OVERWRITE, Go(Decimal(16))),
        (DriftPolicy.KEEP, Go(Decimal(18))),
        (DriftPolicy.HOLD, Hold(HoldReason.HAND_EDIT, Decimal(16))),
    ],
)
def test_a_final_sees_a_hand_edit_that_was_kept_earlier_in_the_month(policy: DriftPolicy, expected: Verdict) -> None:
    assert judge(line(*KEPT_14).state, order(FINAL, 16, policy=policy), Decimal(15)) == expected


def test_a_final_that_keeps_a_hand_edit_never_writes_below_zero() -> None:
    assert judge(line(*HOLDS_12).state, order(FINAL, 5, policy=KEEP), Decimal(6)) == below_zero("-1", "5")


@pytest.mark.parametrize("policy", list(DriftPolicy))
def test_a_final_on_a_new_record_writes_the_closed_number(policy: DriftPolicy) -> None:
    assert judge(line(ADOPTED).state, order(FINAL, 15, policy=policy), Decimal(3)) == Go(Decimal(15))
    assert judge(line().state, order(FINAL, 15, policy=policy), None) == Go(Decimal(15))


@pytest.mark.parametrize(("left_behind", "target"), [(LeftBehind.UNTOUCHED, "12.5"), (LeftBehind.ZERO, "0")])
def test_a_release_leaves_or_zeroes_and_is_not_guarded(left_behind: LeftBehind, target: str) -> None:
    what = replace(order(RELEASE, 0), left_behind=left_behind)

    assert judge(line(*HOLDS_100).state, what, Decimal("12.5")) == Go(Decimal(target))


def test_an_undo_writes_what_it_was_told() -> None:
    what = replace(order(UNDO, 12), target=Decimal(3))

    assert judge(line(*HOLDS_100).state, what, Decimal(100)) == Go(Decimal(3))


# --- unknown outcomes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (order(INCREMENTAL, 16), WAITS),
        (order(FINAL, 16, policy=KEEP), WAITS),
        (order(FINAL, 16, policy=HOLD), WAITS),
        (order(FINAL, 16, guard=UNGUARDED), Go(Decimal(16))),
        (order(OVERWRITE, 16, guard=UNGUARDED), Go(Decimal(16))),
        (order(INITIAL, 16, guard=UNGUARDED), Go(Decimal(16))),
    ],
    ids=lambda value: f"{value.kind} {value.drift_policy}" if isinstance(value, PushOrder) else "",
)
def test_after_an_unknown_outcome_only_an_absolute_push_writes(what: PushOrder, expected: Verdict) -> None:
    assert judge(line(*UNKNOWN_12).state, what, Decimal(40)) == expected


def test_a_settled_absolute_push_ends_an_unknown_outcome() -> None:
    facts = (*UNKNOWN_12, *settled(OVERWRITE, 16, base=12, found=40))

    assert judge(line(*facts).state, order(INCREMENTAL, 17), Decimal(16)) == Go(Decimal(17))


# --- drop guard ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standing", "target", "stops"),
    [
        ("100", "49.99", True),
        ("100", "50", False),
        ("21", "10.49", True),
        ("20", "10", False),
        ("20", "9.99", True),
        ("19", "9", False),
        ("10", "0", False),
        ("10.01", "0", True),
        ("12", "99", False),
    ],
)
def test_the_guard_stops_below_half_and_by_more_than_ten(standing: str, target: str, stops: bool) -> None:
    assert DropGuard(50, 10).stops(Decimal(standing), Decimal(target)) is stops


def test_a_guard_of_0_percent_stops_nothing_and_of_100_percent_every_drop() -> None:
    assert not DropGuard(0, 0).stops(Decimal(100), Decimal(0))
    assert DropGuard(100, 0).stops(Decimal(100), Decimal("99.99"))
    assert not DropGuard(100, 0).stops(Decimal(100), Decimal(100))


@pytest.mark.parametrize(("kind", "found"), [(INITIAL, 100), (OVERWRITE, 100), (OVERWRITE, 3), (FINAL, 99), (FINAL, 3)])
def test_an_absolute_push_that_would_drop_too_far_is_held(kind: PushKind, found: int) -> None:
    """Measured from the higher of found and wrote, so a quantity lowered by hand does not open the gate."""
    assert judge(line(*HOLDS_100).state, order(kind, 40), Decimal(found)) == Hold(HoldReason.DROP_GUARD, Decimal(40))


def test_what_stands_in_an_adopted_record_is_guarded_too() -> None:
    for kind in (INITIAL, OVERWRITE, FINAL):
        assert judge(line(ADOPTED).state, order(kind, 40), Decimal(100)) == Hold(HoldReason.DROP_GUARD, Decimal(40))


def test_a_final_that_finds_what_was_written_is_not_guarded() -> None:
    assert judge(line(*HOLDS_100).state, order(FINAL, 0), Decimal(100)) == Go(Decimal(0))


# --- which push is due -----------------------------------------------------------------------------------------


def test_every_push_is_initial_until_the_first_settles() -> None:
    open_push = started(SECOND, INITIAL, 12, 12, found=0)

    assert is_initial(line().state, 1)
    assert is_initial(line(ADOPTED).state, 1)
    assert is_initial(line(ADOPTED, open_push).state, 1)
    assert not is_initial(line(*HOLDS_12).state, 1)


def test_another_connection_begins_with_an_initial_again() -> None:
    assert is_initial(line(*HOLDS_12).state, 2)


def test_a_released_addition_begins_with_an_initial_again() -> None:
    released = (*HOLDS_12, *settled(RELEASE, 0, 12, base=12, found=12))

    state = line(*released).state

    assert (state.base, state.wrote) == (Decimal(0), Decimal(12))
    assert is_initial(state, 1)


def test_drift_is_no_verdict_of_its_own() -> None:
    """A detected drift changes nothing about what an increment writes."""
    drifted = (*HOLDS_12, DriftDetected(Decimal(12), Decimal(13)))

    assert judge(line(*drifted).state, order(INCREMENTAL, 14), Decimal(13)) == Go(Decimal(15))
