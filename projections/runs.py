"""Runs and their lines: what was asked for, what was planned, and how each line ended.

A line's outcome is not in the run's stream but in the addition's, under the run's id; so progress can be counted from
the lines at any moment. An outcome that is recorded again (held first, verified after the approval) replaces the
earlier one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString, assert_never

import psycopg

from domain.addition import (
    AdditionFact,
    AdditionState,
    LineOutcome,
    Problem,
    PushFailed,
    PushHeld,
    PushOutcomeUnknown,
    PushRefused,
    UsagePushed,
)
from domain.run import RUN, RunCancelled, RunFact, RunFinished, RunPlanned, RunRequested, RunState
from domain.streams import StreamKind, run_stream
from domain.values import MspId, PushId, RunId
from journal.migrate import Step
from projections.rows import Row, as_json, upsert
from projections.view import Folds, Seen

STEPS = (
    Step(
        "projections.runs.0001",
        """
        CREATE TABLE runs (
          msp text NOT NULL,
          run text NOT NULL,
          kind text NOT NULL,
          status text NOT NULL,
          month text,
          undoes text,
          digest text,
          organizations text[],
          requested_by text,
          requested_at timestamptz NOT NULL,
          planned_at timestamptz,
          finished_at timestamptz,
          lines int NOT NULL,
          outcomes jsonb,
          problem text,
          import_types int[],
          import_statuses int[],
          version int NOT NULL,
          position bigint NOT NULL,
          PRIMARY KEY (msp, run)
        );
        COMMENT ON COLUMN runs.digest IS 'Of the preview it was asked with; of its own plan where it has one.';
        CREATE INDEX runs_run ON runs (run);
        CREATE INDEX runs_requested_at ON runs (msp, requested_at DESC, run);

        CREATE TABLE run_lines (
          msp text NOT NULL,
          run text NOT NULL,
          agreement bigint NOT NULL,
          product bigint NOT NULL,
          ordinal int NOT NULL,
          action text NOT NULL,
          found numeric,
          wrote numeric,
          base numeric,
          wanted numeric,
          target numeric,
          money numeric,
          problem text,
          outcome text,
          outcome_problem text,
          outcome_push text,
          outcome_found numeric,
          outcome_target numeric,
          outcome_at timestamptz,
          outcome_position bigint,
          PRIMARY KEY (msp, run, agreement, product)
        );
        CREATE INDEX run_lines_run ON run_lines (run, ordinal);
        """,
    ),
)

_KEPT: Mapping[str, LiteralString] = {
    "requested_by": "true",
    "planned_at": "true",
    "finished_at": "true",
}


@dataclass(slots=True)
class _Acts:
    """Who asked for a run, and when it was planned and finished, as far as this batch knows."""

    requested_by: str | None = None
    planned_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a line ended."""

    run: RunId
    outcome: LineOutcome
    problem: str | None
    push: PushId | None
    found: Decimal | None
    target: Decimal | None


class Runs:
    """The views `runs` and `run_lines`."""

    name = "runs"
    version = 1
    steps = STEPS
    tables = ("runs", "run_lines")
    kinds = frozenset({StreamKind.RUN, StreamKind.ADDITION})

    def __init__(self) -> None:
        self._last: dict[tuple[MspId, str], Seen] = {}
        self._acts: dict[tuple[MspId, str], _Acts] = {}
        self._lines: dict[tuple[MspId, str, int, int], Row] = {}
        self._outcomes: dict[tuple[MspId, str, str, str], Row] = {}

    def see(self, seen: Seen, folds: Folds) -> None:
        match seen.entry.stream.kind:
            case StreamKind.RUN:
                self._see_run(seen)
            case StreamKind.ADDITION:
                self._see_addition(seen, folds)
            case StreamKind.CONNECTION | StreamKind.ORGANIZATION | StreamKind.COMPANY_MAPPING:
                return
            case kind:
                assert_never(kind)

    def _see_run(self, seen: Seen) -> None:
        entry = seen.entry
        key = entry.msp, entry.stream.key[0]
        self._last[key] = seen
        acts = self._acts.setdefault(key, _Acts())
        fact: RunFact = entry.fact
        match fact:
            case RunRequested():
                acts.requested_by = entry.actor.subject
            case RunPlanned():
                acts.planned_at = entry.recorded_at
                for ordinal, line in enumerate(fact.lines, start=1):
                    self._lines[(*key, line.agreement, line.product)] = {
                        "msp": entry.msp,
                        "run": entry.stream.key[0],
                        "agreement": line.agreement,
                        "product": line.product,
                        "ordinal": ordinal,
                        "action": line.action,
                        "found": line.found,
                        "wrote": line.wrote,
                        "base": line.base,
                        "wanted": line.wanted,
                        "target": line.target,
                        "money": line.money,
                        "problem": line.problem,
                    }
            case RunFinished():
                acts.finished_at = entry.recorded_at
            case RunCancelled():
                pass
            case _:
                assert_never(fact)

    def _see_addition(self, seen: Seen, folds: Folds) -> None:
        entry = seen.entry
        found = _outcome(entry.fact, seen.before)
        if found is None or folds.state(RUN, run_stream(entry.msp, found.run)).planned is None:
            return
        _, _, agreement, product = entry.stream.key
        self._outcomes[(entry.msp, found.run, agreement, product)] = {
            "msp": entry.msp,
            "run": found.run,
            "agreement": int(agreement),
            "product": int(product),
            "outcome": found.outcome,
            "outcome_problem": found.problem,
            "outcome_push": found.push,
            "outcome_found": found.found,
            "outcome_target": found.target,
            "outcome_at": entry.recorded_at,
            "outcome_position": entry.position,
        }

    def write(self, connection: psycopg.Connection[Any]) -> None:
        rows = [_row(run, seen, self._acts[(msp, run)]) for (msp, run), seen in self._last.items()]
        upsert(connection, "runs", ("msp", "run"), rows, _KEPT)
        upsert(connection, "run_lines", ("msp", "run", "agreement", "product"), list(self._lines.values()))
        if self._outcomes:
            connection.execute(_RECORD_OUTCOMES, (as_json(list(self._outcomes.values())),))
        self._last.clear()
        self._acts.clear()
        self._lines.clear()
        self._outcomes.clear()


_RECORD_OUTCOMES = """
UPDATE run_lines AS line
   SET outcome = o.outcome, outcome_problem = o.outcome_problem, outcome_push = o.outcome_push,
       outcome_found = o.outcome_found, outcome_target = o.outcome_target, outcome_at = o.outcome_at,
       outcome_position = o.outcome_position
  FROM json_populate_recordset(NULL::run_lines, %s::json) AS o
 WHERE line.msp = o.msp AND line.run = o.run AND line.agreement = o.agreement AND line.product = o.product
"""


def _outcome(fact: AdditionFact, before: AdditionState) -> _Outcome | None:
    """How the line of a run ended by this fact, if it did."""
    started = before.open
    match fact:
        case UsagePushed():
            if started is None or started.run is None:
                return None
            outcome = LineOutcome.VERIFIED if fact.written else LineOutcome.UNCHANGED
            return _Outcome(started.run, outcome, None, fact.push, started.found, started.target)
        case PushFailed():
            if started is None or started.run is None or fact.will_retry:
                return None
            return _Outcome(started.run, LineOutcome.FAILED, fact.problem, fact.push, started.found, started.target)
        case PushOutcomeUnknown():
            if started is None or started.run is None:
                return None
            problem = Problem.OUTCOME_UNKNOWN
            return _Outcome(started.run, LineOutcome.UNKNOWN, problem, fact.push, fact.found, fact.target)
        case PushHeld():
            if fact.run is None:
                return None
            return _Outcome(fact.run, LineOutcome.HELD, fact.reason, fact.push, fact.found, fact.target)
        case PushRefused():
            if fact.run is None:
                return None
            return _Outcome(fact.run, LineOutcome.REFUSED, fact.problem, None, fact.found, None)
        case _:
            return None  # Only what ends a line is an outcome; other facts of an addition say nothing about a run.


def _row(run: str, seen: Seen, acts: _Acts) -> Row:
    state: RunState = seen.after
    requested, planned, finished = state.requested, state.planned, state.finished
    assert requested is not None, "a run's stream begins with its request"
    by_filter = requested.import_filter
    return {
        "msp": seen.entry.msp,
        "run": run,
        "kind": requested.kind,
        "status": state.status,
        "month": requested.month,
        "undoes": requested.undoes,
        "digest": planned.digest if planned is not None and planned.digest is not None else requested.digest,
        "organizations": requested.organizations,
        "requested_by": acts.requested_by,
        "requested_at": requested.requested_at,
        "planned_at": acts.planned_at,
        "finished_at": acts.finished_at,
        "lines": len(planned.lines) if planned is not None else 0,
        "outcomes": dict(finished.outcomes) if finished is not None else None,
        "problem": finished.problem if finished is not None else None,
        "import_types": by_filter.types if by_filter is not None else None,
        "import_statuses": by_filter.statuses if by_filter is not None else None,
        "version": seen.entry.version,
        "position": seen.entry.position,
    }
