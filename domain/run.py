"""One thing that was asked for, planned, carried out and reported: a preview, Sync now, a month's finals, an undo,
an import.

A run records what it is to do (`RunPlanned` with its lines) and how it ended. What happened on each line is in the
line's own Addition stream, under the run's id; so a run can be resumed by anybody, and counts can be proven.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from domain.refusals import RunCannotBeUndone, RunIsOver, UnknownRun
from domain.streams import Aggregate, StreamKind
from domain.values import BillingMonth, OrganizationId, PsaAgreementId, PsaProductId, RunId


class RunKind(StrEnum):
    PREVIEW = "PREVIEW"
    OVERWRITE = "OVERWRITE"
    FINAL = "FINAL"
    UNDO = "UNDO"
    IMPORT = "IMPORT"


class RunStatus(StrEnum):
    REQUESTED = "REQUESTED"
    RUNNING = "RUNNING"
    CANCELLED = "CANCELLED"
    FINISHED = "FINISHED"


WRITING = frozenset({RunKind.OVERWRITE, RunKind.FINAL, RunKind.UNDO})
"""Runs that may write to the PSA; one at a time per MSP."""


class LineAction(StrEnum):
    """What a planned line would do."""

    CREATE = "CREATE"
    WRITE = "WRITE"
    VERIFY = "VERIFY"
    HOLD = "HOLD"
    REFUSE = "REFUSE"


# --- facts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportFilter:
    """Shape: ids of company types and statuses; empty means all."""

    types: tuple[int, ...]
    statuses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ApprovedLine:
    """A held line of a preview that the admin ticked, with the numbers shown."""

    agreement: PsaAgreementId
    product: PsaProductId
    found: Decimal
    target: Decimal


@dataclass(frozen=True, slots=True)
class RunRequested:
    """By an admin; FINAL by the clock. `organizations` none means all; `digest` is that of the preview shown."""

    kind: RunKind
    month: BillingMonth | None
    organizations: tuple[OrganizationId, ...] | None
    digest: str | None
    approved: tuple[ApprovedLine, ...]
    undoes: RunId | None
    import_filter: ImportFilter | None
    connection_number: int
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """One addition of a run. The numbers are what the planner saw; a run without them reads them when it writes.

    Units: `money` per month in the agreement's currency, none when the price is unknown. `target` and `base` bind
    for UNDO. `problem` says why a line is refused or left out.
    """

    agreement: PsaAgreementId
    product: PsaProductId
    action: LineAction
    found: Decimal | None = None
    wrote: Decimal | None = None
    base: Decimal | None = None
    wanted: Decimal | None = None
    target: Decimal | None = None
    money: Decimal | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RunPlanned:
    """By a worker. Shape: lines by agreement and product, each once. `digest` covers the lines' numbers."""

    lines: tuple[PlannedLine, ...]
    digest: str | None


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """By an admin; lines in flight are finished, no further one is started."""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """By a worker when every line has an outcome. Shape: number of lines by outcome."""

    outcomes: Mapping[str, int]
    problem: str | None


RunFact = RunRequested | RunPlanned | RunCancelled | RunFinished


# --- state -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunState:
    version: int = 0
    requested: RunRequested | None = None
    planned: RunPlanned | None = None
    is_cancelled: bool = False
    finished: RunFinished | None = None

    @property
    def status(self) -> RunStatus:
        if self.finished is not None:
            return RunStatus.CANCELLED if self.is_cancelled else RunStatus.FINISHED
        if self.is_cancelled:
            return RunStatus.CANCELLED
        return RunStatus.REQUESTED if self.planned is None else RunStatus.RUNNING

    @property
    def is_over(self) -> bool:
        return self.finished is not None or self.is_cancelled


# --- decisions -------------------------------------------------------------------------------------------------


def request_run(state: RunState, requested: RunRequested) -> tuple[RunFact, ...]:
    """Nothing when this run was requested already: a run's id comes from what asked for it."""
    return () if state.requested is not None else (requested,)


def plan_run(state: RunState, planned: RunPlanned) -> tuple[RunFact, ...]:
    """Nothing when planned or cancelled already."""
    return () if state.requested is None or state.planned is not None or state.is_over else (planned,)


def cancel_run(state: RunState, run: RunId) -> tuple[RunFact, ...]:
    """Raises: UnknownRun, RunIsOver."""
    if state.requested is None:
        raise UnknownRun(run)
    if state.is_cancelled:
        return ()
    if state.finished is not None:
        raise RunIsOver(run)
    return (RunCancelled(),)


def request_undo(state: RunState, run: RunId, *, connection_number: int) -> RunRequested:
    """What the run to undo was asked for.

    Raises: UnknownRun; RunCannotBeUndone unless it may have written, has ended, and wrote through this connection.
    """
    requested = state.requested
    if requested is None:
        raise UnknownRun(run)
    if requested.kind not in WRITING:
        raise RunCannotBeUndone(run, f"a run of kind {requested.kind} writes nothing")
    if state.finished is None:
        raise RunCannotBeUndone(run, "it is still going on")
    if requested.connection_number != connection_number:
        raise RunCannotBeUndone(run, "it wrote through an earlier connection")
    return requested


def finish_run(state: RunState, outcomes: Mapping[str, int], problem: str | None = None) -> tuple[RunFact, ...]:
    """Nothing when finished already."""
    return () if state.requested is None or state.finished is not None else (RunFinished(outcomes, problem),)


# --- evolve ----------------------------------------------------------------------------------------------------


def evolve(state: RunState, fact: RunFact) -> RunState:
    state = replace(state, version=state.version + 1)
    match fact:
        case RunRequested():
            return replace(state, requested=fact)
        case RunPlanned():
            return replace(state, planned=fact)
        case RunCancelled():
            return replace(state, is_cancelled=True)
        case RunFinished():
            return replace(state, finished=fact)
        case _:
            assert_never(fact)


RUN: Aggregate[RunState, RunFact] = Aggregate(StreamKind.RUN, RunState(), evolve)
