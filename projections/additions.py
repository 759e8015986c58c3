"""One row per addition: what was written, what is under way, what waits for an admin, what drifted.

Most of it is the stream's state. When a hold began, when a push was settled and when drift was seen is not: those
instants come from the entries and stay in the row as long as what they belong to stays the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from domain.addition import AdditionState, DriftDetected, PushHeld, PushKind, UsagePushed
from domain.streams import StreamKind
from journal.migrate import Step
from projections.rows import Row, upsert
from projections.view import Folds, Seen

STEPS = (
    Step(
        "projections.additions.0001",
        """
        CREATE TABLE additions (
          addition uuid PRIMARY KEY,
          msp text NOT NULL,
          site text NOT NULL,
          company_id text NOT NULL,
          agreement bigint NOT NULL,
          product bigint NOT NULL,
          record bigint,
          base numeric NOT NULL,
          wrote numeric,
          is_fresh bool NOT NULL,
          open_push text,
          open_kind text,
          open_deadline timestamptz,
          held_push text,
          held_kind text,
          held_month text,
          held_reason text,
          held_found numeric,
          held_target numeric,
          held_wanted numeric,
          held_since timestamptz,
          is_approved bool NOT NULL,
          last_push text,
          last_kind text,
          last_month text,
          last_run text,
          last_target numeric,
          last_settled_at timestamptz,
          last_position bigint,
          final_month text,
          final_push text,
          final_verified_at timestamptz,
          final_target numeric,
          is_outcome_unknown bool NOT NULL,
          drift_found numeric,
          drift_since timestamptz,
          version int NOT NULL,
          position bigint NOT NULL
        );
        CREATE INDEX additions_key ON additions (msp, site, company_id, agreement, product);
        """,
    ),
)

_KEPT: Mapping[str, LiteralString] = {
    "held_since": "old.held_push = excluded.held_push",
    "last_settled_at": "old.last_push = excluded.last_push",
    "last_position": "old.last_push = excluded.last_push",
    "final_verified_at": "old.final_push = excluded.final_push",
    "final_target": "old.final_push = excluded.final_push",
    "drift_since": "excluded.drift_found IS NOT NULL",
}


@dataclass(slots=True)
class _Moved:
    """An addition with facts in this batch: the last of them, and the instants that only the entries know."""

    last: Seen
    held: datetime | None = None
    settled: datetime | None = None
    settled_position: int | None = None
    finals: dict[str, Row] | None = None
    drift: datetime | None = None


class Additions:
    """The view `additions`."""

    name = "additions"
    version = 1
    steps = STEPS
    tables = ("additions",)
    kinds = frozenset({StreamKind.ADDITION})

    def __init__(self) -> None:
        self._moved: dict[UUID, _Moved] = {}

    def see(self, seen: Seen, folds: Folds) -> None:
        moved = self._moved.get(seen.stream_id)
        if moved is None:
            moved = self._moved[seen.stream_id] = _Moved(seen)
        moved.last = seen
        before: AdditionState = seen.before
        entry = seen.entry
        match entry.fact:
            case UsagePushed():
                moved.settled, moved.settled_position = entry.recorded_at, entry.position
                if before.open is not None and before.open.kind is PushKind.FINAL:
                    finals = moved.finals = moved.finals or {}
                    finals[before.open.push] = {
                        "final_verified_at": entry.recorded_at,
                        "final_target": before.open.target,
                    }
            case PushHeld():
                moved.held = entry.recorded_at
            case DriftDetected():
                moved.drift = entry.recorded_at

    def write(self, connection: psycopg.Connection[Any]) -> None:
        upsert(connection, "additions", ("addition",), [_row(moved) for moved in self._moved.values()], _KEPT)
        self._moved.clear()


_NO_FINAL: Row = {"final_verified_at": None, "final_target": None}


def _row(moved: _Moved) -> Row:
    seen = moved.last
    state: AdditionState = seen.after
    started, held, settled, drift = state.open, state.held, state.settled, state.drift
    site, company_id, agreement, product = seen.entry.stream.key
    final_month = max(state.finals, default=None)
    final_push = state.finals[final_month] if final_month is not None else None
    return {
        "addition": seen.stream_id,
        "msp": seen.entry.msp,
        "site": site,
        "company_id": company_id,
        "agreement": int(agreement),
        "product": int(product),
        "record": state.record,
        "base": state.base,
        "wrote": state.wrote,
        "is_fresh": state.is_fresh,
        "open_push": started and started.push,
        "open_kind": started and started.kind,
        "open_deadline": started and started.deadline,
        "held_push": held and held.push,
        "held_kind": held and held.kind,
        "held_month": held and held.month,
        "held_reason": held and held.reason,
        "held_found": held and held.found,
        "held_target": held and held.target,
        "held_wanted": held and held.wanted,
        "held_since": moved.held if held is not None else None,
        "is_approved": state.approved is not None,
        "last_push": settled and settled.push,
        "last_kind": settled and settled.kind,
        "last_month": settled and settled.month,
        "last_run": settled and settled.run,
        "last_target": settled and settled.target,
        "last_settled_at": moved.settled,
        "last_position": moved.settled_position,
        "final_month": final_month,
        "final_push": final_push,
        **((moved.finals or {}).get(final_push, _NO_FINAL) if final_push is not None else _NO_FINAL),
        "is_outcome_unknown": state.is_outcome_unknown,
        "drift_found": drift and drift.found,
        "drift_since": moved.drift if drift is not None else None,
        "version": seen.entry.version,
        "position": seen.entry.position,
    }
