"""Which record of the PSA an addition is, and what kind of push its acts ask for: the same for a push and a preview."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.addition import AdditionState, Problem, PushKind, Refuse, is_initial
from domain.values import LeftBehind, PsaAdditionId, same_quantity


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """A record of the PSA that is not cancelled, with the quantity that it holds."""

    record: PsaAdditionId
    quantity: Decimal


def choose_record(
    state: AdditionState, known: StandingRecord | None, running: Sequence[StandingRecord]
) -> StandingRecord | Refuse | None:
    """The remembered record; else the only running one, if there never was one; else none: one is to be created.
    Never a guess.

    `known` is the remembered record if it still stands, `running` are those of the product that bill in the month.
    """
    if state.record is not None:
        return known if known is not None else Refuse(Problem.ADDITION_LOST, _what_is_there(len(running)))
    if len(running) > 1:
        return Refuse(Problem.TWO_RUNNING, f"{len(running)} additions of this product run on the agreement")
    if state.is_lost or (state.was_known and not running and not state.may_create_again):
        return Refuse(Problem.ADDITION_LOST, _what_is_there(len(running)))
    return running[0] if running else None


def _what_is_there(running: int) -> str:
    if running == 1:
        return "the addition we wrote is gone or cancelled; another one of this product runs and can be adopted"
    return "the addition we wrote is gone or cancelled; it can be created again, or the mapping removed"


def kind_of_act(
    state: AdditionState,
    connection_number: int,
    *,
    wanted: Decimal,
    has_contributors: bool,
    left_behind: LeftBehind | None,
) -> PushKind | None:
    """What kind of push recorded acts ask for now; none when there is nothing to push.

    `left_behind` is what an admin wants of an addition that its last organization or component left.
    """
    is_fresh = is_initial(state, connection_number)
    if not has_contributors and is_fresh:
        return None
    if not has_contributors and left_behind is not None:
        return PushKind.RELEASE
    if is_fresh:
        return PushKind.INITIAL
    return None if same_quantity(wanted, state.base) else PushKind.INCREMENTAL
