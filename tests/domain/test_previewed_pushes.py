"""A push that was asked for with a preview writes what the preview showed, or nothing; a missed month stays missed."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.addition import Go, Hold, HoldReason, Problem, PushKind, PushOrder, Refuse, Shown, judge
from tests.domain.additions import (
    DECEMBER,
    HOLDS_12,
    HOLDS_100,
    NOVEMBER,
    SECOND,
    approved_in_preview,
    line,
    order,
    refused,
    settled,
    units,
)

OVERWRITE = PushKind.OVERWRITE


def shown(wanted: int, found: str | int | None, target: str | int) -> PushOrder:
    return replace(order(OVERWRITE, wanted), shown=Shown(units(found), Decimal(target)))


@pytest.mark.parametrize(("saw", "found"), [(13, 13), ("13.00", "13.004"), (None, None)])
def test_a_line_that_still_is_as_shown_is_written(saw: str | int | None, found: str | int | None) -> None:
    assert judge(line(*HOLDS_12).state, shown(15, saw, "15.00"), units(found)) == Go(Decimal(15))


@pytest.mark.parametrize(
    ("saw", "target", "found", "sentence"),
    [
        (13, 15, 14, "the preview showed 13 to become 15; now 14 would become 16"),
        (13, 15, 13, "the preview showed 13 to become 15; now 13 would become 16"),
        (13, 16, None, "the preview showed 13 to become 16; now nothing would become 16"),
        (None, 16, 0, "the preview showed nothing to become 16; now 0 would become 16"),
        (None, 15, None, "the preview showed nothing to become 15; now nothing would become 16"),
    ],
    ids=["edited by hand", "wanted moved", "record gone", "record appeared", "wanted of a create moved"],
)
def test_a_line_whose_numbers_moved_since_the_preview_is_refused(
    saw: int | None, target: int, found: int | None, sentence: str
) -> None:
    verdict = judge(line(*HOLDS_12).state, shown(16, saw, target), units(found))

    assert verdict == Refuse(Problem.NUMBERS_MOVED, sentence)


def test_a_drop_that_was_shown_is_held_unless_it_was_ticked() -> None:
    drop = shown(40, 100, 40)

    assert judge(line(*HOLDS_100).state, drop, Decimal(100)) == Hold(HoldReason.DROP_GUARD, Decimal(40))
    assert judge(line(*HOLDS_100).state, approved_in_preview(drop, 100, 40), Decimal(100)) == Go(Decimal(40))


def test_a_missed_month_stays_an_exception_until_it_is_written_itself() -> None:
    missed = refused(PushKind.FINAL, Problem.MISSED_MONTH, "only the newest month is written", wanted=9)
    newer = settled(PushKind.FINAL, 15, base=12, found=12, month=DECEMBER, push=SECOND)
    itself = settled(OVERWRITE, 9, base=12, found=12, month=NOVEMBER, push=SECOND)
    other = refused(PushKind.FINAL, Problem.TWO_RUNNING, "records 500 and 501", wanted=9)

    still = line(*HOLDS_12, missed, *newer).state.missed
    cured = line(*HOLDS_12, missed, *itself).state.missed
    of_another_kind = line(*HOLDS_12, other, *newer).state.exceptional

    assert {NOVEMBER: Problem.MISSED_MONTH} == {month: why.problem for month, why in still.items()}
    assert (cured, of_another_kind) == ({}, None)
