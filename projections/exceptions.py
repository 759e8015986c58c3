"""What needs a person: each exception with its numbers, and for each kind one sentence that says how it is cured.

An addition can have several: why it does not hold what it should, each month that was missed, a push that waits for an
answer, what the nightly watch saw. None is named twice. The connection has
one while it needs attention. Additions of a tenant that is not the live one keep theirs; readers ask for the live
tenant's (`connections.site` and `company_id`).
"""

from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, assert_never

import psycopg

from domain.addition import (
    AdditionState,
    Exceptional,
    HoldReason,
    Problem,
    PushFailed,
    PushHeld,
    PushOutcomeUnknown,
)
from domain.connection import AttentionReason, ConnectionState
from domain.streams import StreamKind
from domain.values import MspId
from journal.migrate import Step
from projections.rows import Row, delete, upsert
from projections.view import Folds, Seen

HELD = "HELD"
"""The problem of a push that waits for an answer; `reason` says why it waits."""
DRIFT = "DRIFT"
"""The problem of a quantity that somebody changed in ConnectWise, until the next push deals with it."""
ATTENTION = "ATTENTION"
"""The problem of a connection that ConnectWise refuses; `reason` says how."""

CURES: Mapping[Problem, str] = MappingProxyType(
    {
        Problem.TWO_RUNNING: (
            "Two additions of this product run on the agreement: cancel one of them in ConnectWise, then retry."
        ),
        Problem.BELOW_ZERO: (
            "The quantity would fall below zero: correct it in ConnectWise, or press Sync now to write what is wanted."
        ),
        Problem.AGREEMENT_ENDED: (
            "The agreement has ended: extend it in ConnectWise and retry, or map the organization to another agreement."
        ),
        Problem.AGREEMENT_GONE: (
            "The agreement is no longer in ConnectWise: import again and map the organization to another agreement."
        ),
        Problem.PRODUCT_INACTIVE: (
            "The product is inactive in ConnectWise: activate it there and retry, or map another product."
        ),
        Problem.MISSING_RIGHT: (
            "The API member lacks a right, named in the detail: grant it to its security role in ConnectWise, then "
            "retry."
        ),
        Problem.RECORD_FORBIDDEN: (
            "ConnectWise refuses this one record: check its location and business unit against the API member's role, "
            "then retry."
        ),
        Problem.REFUSED_BY_PSA: (
            "ConnectWise refused the change for the reason in the detail: correct the record there, then retry."
        ),
        Problem.NOT_APPLIED: (
            "ConnectWise answered but kept the old quantity: look for a rule or workflow on the agreement that "
            "prevents changes, then retry."
        ),
        Problem.PSA_UNAVAILABLE: (
            "ConnectWise did not answer for a long time: it is tried again by itself; retry to try at once."
        ),
        Problem.PRORATED_TWICE: (
            "The rule is an average and the agreement prorates too: choose another rule, turn proration off in "
            "ConnectWise, or confirm that both are meant."
        ),
        Problem.NOT_ON_THIS_INVOICE: (
            "ConnectWise accepts the addition only from the next invoice on: bill this month by hand, or move the "
            "agreement's next invoice date and retry."
        ),
        Problem.MISSED_MONTH: (
            "The month was closed but could not be written in time: press Sync now for that month if it is still to be "
            "invoiced."
        ),
        Problem.OUTCOME_UNKNOWN: (
            "ConnectWise holds a quantity that nobody here wrote or saw before: check it there, then press Sync now."
        ),
        Problem.ADDITION_LOST: (
            "The addition is no longer in ConnectWise: retry and let it be created again, put it back there, or "
            "unmap, then retry."
        ),
        Problem.CANNOT_UNDO: (
            "Something was written after the run: correct the quantity in ConnectWise, or press Sync now."
        ),
        Problem.FINAL_PENDING: (
            "The final of an earlier month is not written yet: answer it or cure it first, or press Sync now for that "
            "month."
        ),
        Problem.COMPANY_DELETED: (
            "The company was deleted in ConnectWise: restore it there, or map the organization to another company."
        ),
        Problem.NUMBERS_MOVED: (
            "The numbers changed after the preview, so this line was not written: preview again and decide anew."
        ),
        Problem.NOTHING_MAPPED: (
            "No organization or product is mapped to this addition any more: map one, or cancel the addition in "
            "ConnectWise."
        ),
    }
)

HELD_CURES: Mapping[HoldReason, str] = MappingProxyType(
    {
        HoldReason.DROP_GUARD: (
            "The quantity would drop unusually far: check the usage and approve the push, or correct what is recorded."
        ),
        HoldReason.HAND_EDIT: (
            "Somebody changed the quantity in ConnectWise during the month: answer whether to overwrite it, to keep "
            "the difference, or to leave it as it is."
        ),
    }
)

DRIFT_CURE = (
    "Somebody changed the quantity in ConnectWise: Sync now puts ours back; otherwise it is kept within the month, and "
    "the drift policy decides at the month's end."
)

ATTENTION_CURES: Mapping[AttentionReason, str] = MappingProxyType(
    {
        AttentionReason.WRONG_KEYS: (
            "ConnectWise refuses the API keys: create new ones for the API member and update the credentials here."
        ),
        AttentionReason.SITE_UNREACHABLE: (
            "The ConnectWise site does not answer: check that it is up; pushes go on by themselves when it is back."
        ),
        AttentionReason.MISSING_RIGHT: (
            "The API member lost a right, named in the detail: grant it again to its security role in ConnectWise."
        ),
    }
)


def cure_of(problem: str, reason: str | None = None) -> str:
    """Say in one sentence what to do about a row of `exceptions`. Raises: ValueError for an unknown problem."""
    match problem:
        case "HELD":
            return HELD_CURES[HoldReason(reason or "")]
        case "DRIFT":
            return DRIFT_CURE
        case "ATTENTION":
            return ATTENTION_CURES[AttentionReason(reason or "")]
        case _:
            return CURES[Problem(problem)]


STEPS = (
    Step(
        "projections.exceptions.0001",
        """
        CREATE TABLE exceptions (
          msp text NOT NULL,
          exception text NOT NULL,
          addition uuid,
          site text,
          company_id text,
          agreement bigint,
          product bigint,
          problem text NOT NULL,
          reason text,
          kind text,
          month text,
          run text,
          detail text NOT NULL,
          found numeric,
          wanted numeric,
          push text,
          since timestamptz NOT NULL,
          position bigint NOT NULL,
          PRIMARY KEY (msp, exception)
        );
        COMMENT ON COLUMN exceptions.reason IS 'Why a push is held or the connection needs attention.';
        CREATE INDEX exceptions_since ON exceptions (msp, since, exception);
        CREATE INDEX exceptions_addition ON exceptions (addition) WHERE addition IS NOT NULL;
        """,
    ),
)


class Exceptions:
    """The view `exceptions`."""

    name = "exceptions"
    version = 4
    steps = STEPS
    tables = ("exceptions",)
    kinds = frozenset({StreamKind.ADDITION, StreamKind.CONNECTION})

    def __init__(self) -> None:
        self._changed: dict[tuple[MspId, str], Row | None] = {}
        """The newest row of each exception that moved; none where it is gone."""
        self._disconnected: set[MspId] = set()
        """Whose holds are over: what was held can be pushed no more, whatever is answered."""

    def see(self, seen: Seen, folds: Folds) -> None:
        match seen.entry.stream.kind:
            case StreamKind.ADDITION:
                self._see_addition(seen)
            case StreamKind.CONNECTION:
                self._see_connection(seen)
            case StreamKind.ORGANIZATION | StreamKind.COMPANY_MAPPING | StreamKind.RUN:
                return
            case kind:
                assert_never(kind)

    def _see_addition(self, seen: Seen) -> None:
        before: AdditionState = seen.before
        after: AdditionState = seen.after
        if _SHOWN(before) == _SHOWN(after):
            return  # As with most facts of a long journal.
        msp, addition = seen.entry.msp, str(seen.stream_id)
        if before.exceptional != after.exceptional:
            self._changed[(msp, addition)] = _exceptional(addition, after.exceptional, seen)
        for month in before.missed.keys() | after.missed.keys():
            if before.missed.get(month) != after.missed.get(month):
                name = f"{addition}:{month}"
                self._changed[(msp, name)] = _exceptional(name, after.missed.get(month), seen)
        shown_before, shown_after = _shown_troubles(before), _shown_troubles(after)
        for problem in shown_before.keys() | shown_after.keys():
            if shown_before.get(problem) != shown_after.get(problem):
                name = f"{addition}:{problem}"
                self._changed[(msp, name)] = _trouble(name, problem, seen)
        if before.drift != after.drift:
            name = f"{addition}:drift"
            self._changed[(msp, name)] = _drift(name, seen)
        if _unanswered(before) != _unanswered(after):
            name = f"{addition}:held"
            self._changed[(msp, name)] = _held(name, seen)

    def _see_connection(self, seen: Seen) -> None:
        before: ConnectionState = seen.before
        after: ConnectionState = seen.after
        if before.attention != after.attention:
            self._changed[(seen.entry.msp, "connection")] = _attention(seen)
        if before.live is not None and after.live is None:
            self._disconnected.add(seen.entry.msp)
            for (msp, name), row in self._changed.items():
                if msp == seen.entry.msp and row is not None and row["problem"] == HELD:
                    self._changed[(msp, name)] = None

    def write(self, connection: psycopg.Connection[Any]) -> None:
        delete(connection, "exceptions", [{"msp": msp, "problem": HELD} for msp in self._disconnected])
        gone = [{"msp": msp, "exception": name} for (msp, name), row in self._changed.items() if row is None]
        delete(connection, "exceptions", gone)
        rows = [row for row in self._changed.values() if row is not None]
        upsert(connection, "exceptions", ("msp", "exception"), rows)
        self._changed.clear()
        self._disconnected.clear()


_SHOWN = attrgetter("exceptional", "missed", "troubles", "drift", "held", "approved")
"""All of an addition's state that an exception tells of."""


def _unanswered(state: AdditionState) -> PushHeld | None:
    return state.held if state.approved is None else None


def _of_addition(name: str, seen: Seen) -> dict[str, object]:
    site, company_id, agreement, product = seen.entry.stream.key
    return {
        "msp": seen.entry.msp,
        "exception": name,
        "addition": seen.stream_id,
        "site": site,
        "company_id": company_id,
        "agreement": int(agreement),
        "product": int(product),
        "since": seen.entry.recorded_at,
        "position": seen.entry.position,
    }


def _exceptional(name: str, found: Exceptional | None, seen: Seen) -> Row | None:
    if found is None:
        return None
    fact = seen.entry.fact
    return {
        **_of_addition(name, seen),
        "problem": found.problem,
        "reason": None,
        "kind": found.kind,
        "month": found.month,
        "run": found.run,
        "detail": found.detail,
        "found": found.found,
        "wanted": found.wanted,
        "push": fact.push if isinstance(fact, PushFailed | PushOutcomeUnknown) else None,
    }


def _shown_troubles(state: AdditionState) -> Mapping[Problem, str]:
    """What the watch saw, without what a push named already: one trouble is one exception."""
    named = state.exceptional.problem if state.exceptional is not None else None
    return {problem: detail for problem, detail in state.troubles.items() if problem != named}


def _trouble(name: str, problem: Problem, seen: Seen) -> Row | None:
    detail = _shown_troubles(seen.after).get(problem)
    return None if detail is None else {**_of_addition(name, seen), **_NOTHING, "problem": problem, "detail": detail}


def _drift(name: str, seen: Seen) -> Row | None:
    state: AdditionState = seen.after
    if state.drift is None:
        return None
    detail = f"we wrote {state.drift.wrote}, ConnectWise holds {state.drift.found}"
    return {**_of_addition(name, seen), **_NOTHING, "problem": DRIFT, "detail": detail, "found": state.drift.found}


_NOTHING: Row = dict.fromkeys(("reason", "kind", "month", "run", "found", "wanted", "push"))
"""Columns that say something about a push, for exceptions that are about none."""


def _held(name: str, seen: Seen) -> Row | None:
    state: AdditionState = seen.after
    held = _unanswered(state)
    if held is None:
        return None
    match held.reason:
        case HoldReason.DROP_GUARD:
            detail = f"the quantity would drop from {held.found} to {held.target}"
        case HoldReason.HAND_EDIT:
            detail = f"ConnectWise holds {held.found}, but {held.base} was expected; closed with {held.wanted}"
        case _:
            assert_never(held.reason)
    return {
        **_of_addition(name, seen),
        "problem": HELD,
        "reason": held.reason,
        "kind": held.kind,
        "month": held.month,
        "run": held.run,
        "detail": detail,
        "found": held.found,
        "wanted": held.wanted,
        "push": held.push,
    }


def _attention(seen: Seen) -> Row | None:
    state: ConnectionState = seen.after
    if state.attention is None:
        return None
    return {
        "msp": seen.entry.msp,
        "exception": "connection",
        "addition": None,
        "site": state.live and state.live.tenant.site,
        "company_id": state.live and state.live.tenant.company_id,
        "agreement": None,
        "product": None,
        "since": seen.entry.recorded_at,
        "position": seen.entry.position,
        "problem": ATTENTION,
        "reason": state.attention.reason,
        "kind": None,
        "month": None,
        "run": None,
        "detail": state.attention.detail,
        "found": None,
        "wanted": None,
        "push": None,
    }
