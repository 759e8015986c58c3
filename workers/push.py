"""One pass over an agreement: read its due additions once, then bring each of them to what the facts say.

Additions whose records are remembered are read by their ids, in one request; a pass over anything else, or that meets
a question which takes more, reads the agreement and its complete list.

Each push goes step by step (design §6): settle what is open; record what is going to be written and why; write it
before the deadline; read the answer back; record how it ended. A crash between any two steps leaves facts from which
the next pass goes on. What is written is decided by `domain.addition`; here it is only carried out.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from typing import Any
from uuid import UUID

from connectwise.agreements import AgreementRead, NotRead, read_agreement, read_lines
from connectwise.client import WritingClient
from connectwise.errors import (
    DeadlinePassed,
    OutcomeUnknown,
    PsaError,
    RequestRefused,
    RightMissing,
    Throttled,
    Unreachable,
)
from connectwise.shapes import Addition
from domain.addition import (
    ADDITION,
    AdditionFact,
    AdditionState,
    Problem,
    PushFailed,
    PushIsOpen,
    PushKind,
    PushOutcomeUnknown,
    PushStarted,
    created,
    evolve,
    fail_push,
    is_initial,
    refuse_push,
    settle_from_psa,
    verify_push,
)
from domain.connection import CONNECTION, AttentionReason, ConnectionState, Status
from domain.run import RunKind
from domain.streams import Stream, addition_stream, connection_stream
from domain.values import BillingMonth, MspId, PsaAdditionId, PsaAgreementId, PushId, same_quantity
from journal.application import TooManyConflicts
from journal.entry import Entry, Origin
from journal.logs import log_fields
from journal.reader import Change, Reader
from journal.state_cache import Folded
from projections.due_pushes import Lane
from workers import attention
from workers.attempts import Notes
from workers.due import DueAgreement, DueRow, claim_rows
from workers.leases import release, renew
from workers.push_orders import Facts, Nothing, PushContext, order_push
from workers.tools import Tools

log = logging.getLogger(__name__)


class Ended(StrEnum):
    """How far one lane of one addition came."""

    DONE = "DONE"
    WROTE = "WROTE"
    """Done by a write, so what this pass read of the addition is old."""
    WAITS = "WAITS"
    EXCEPTION = "EXCEPTION"


class ReadIsOld(Exception):
    """Somebody else recorded something of the addition after its record was read.

    Why it matters: a delta moves what was read by what is wanted more than the base. A base that another worker moved
    in between, together with the record, and the record as it was before, would make a number that nobody wants. A
    lease makes that seldom; it does not rule it out, since leases can be lost.
    """


@dataclass(slots=True)
class _Progress:
    """What a pass has done so far.

    Shape: the last position that it recorded; the additions that did not come through; and how far each addition's
    stream was when its record was read, moved on by what the pass itself recorded since.
    """

    position: int = 0
    troubled: set[UUID] = field(default_factory=set)
    versions: dict[Stream, int] = field(default_factory=dict)

    def recorded(self, entries: Sequence[Entry[Any]]) -> None:
        for entry in entries:
            self.position = entry.position
            if self.versions.get(entry.stream) == entry.version - 1:
                self.versions[entry.stream] = entry.version


@dataclass(frozen=True, slots=True)
class _Pass:
    tools: Tools
    context: PushContext
    client: WritingClient
    connection_number: int
    progress: _Progress
    notes: Notes

    def stream(self, row: DueRow) -> Stream:
        return _stream(self.context.due, row)

    def origin(self, row: DueRow, causation: UUID | None = None) -> Origin:
        return self.tools.origin(correlation=row.correlation, causation=causation or row.cause)

    def record(
        self, row: DueRow, decide: Callable[[AdditionState], tuple[AdditionFact, ...]], origin: Origin
    ) -> tuple[Entry[AdditionFact], ...]:
        entries = self.tools.journal.execute(ADDITION, self.stream(row), decide, origin)
        self.progress.recorded(entries)
        return entries


class _Lease:
    """The lease of a pass, asked for again only after a quarter of its length.

    Nobody takes it before its end, so asking more often could only find that it was lost, as in a crash of the server;
    that no number comes of that is not the lease's business (`ReadIsOld`).
    """

    def __init__(self, tools: Tools, job: str, holder: str) -> None:
        self._tools = tools
        self._job = job
        self._holder = holder
        self._asked_at = tools.monotonic()

    def doubt(self) -> None:
        """Somebody else works on the same: ask the next time in any case."""
        self._asked_at = -inf

    def is_ours(self) -> bool:
        """Whether the pass may go on; renews what is held, so that it lasts as long as the pass."""
        now, length = self._tools.monotonic(), self._tools.timing.lease
        if now - self._asked_at < length.total_seconds() / 4:
            return True
        self._asked_at = now
        return renew(self._tools.pool, self._job, self._holder, length)


def push_agreement(tools: Tools, due: DueAgreement, holder: str) -> None:
    """Push everything that may be pushed on one agreement now. Nothing is lost when it is not done or done twice."""
    lease = _Lease(tools, due.job, holder)
    rows = claim_rows(tools.pool, due, holder, tools.timing.lease)
    if rows is None:
        return
    try:
        with tools.keeping(due.job, holder):
            _push_all(tools, due, rows, lease, Notes(tools, due.job, holder))
    finally:
        release(tools.pool, due.job, holder)


def _push_all(tools: Tools, due: DueAgreement, rows: dict[UUID, list[DueRow]], lease: _Lease, notes: Notes) -> None:
    if not rows:
        return
    read_at = next(iter(rows.values()))[0].asked_at.astimezone(UTC)
    msp = MspId(due.msp)
    client: WritingClient | None = None
    progress = _Progress()
    is_whole = False
    while rows:
        connection, states = _states(tools, due, [_stream(due, row) for row, *_ in rows.values()])
        if connection.live is None or connection.live.tenant != due.tenant or connection.status is not Status.ACTIVE:
            break
        progress.versions = {stream: folded.version for stream, folded in states.items()}
        records = None if is_whole else _remembered(folded.state for folded in states.values())
        with ExitStack() as requests:
            try:
                client = tools.clients.writing(msp, connection.live.number)
                requests.enter_context(client.on_one_place())
                seen = _read(client, due, records, read_at)
            except PsaError as error:
                _read_failed(tools, due, rows, error, client=client, notes=notes)
                break
            context = PushContext(tools.pool, due, seen, tools.timing.deadline)
            here = _Pass(tools, context, client, connection.live.number, progress, notes)
            try:
                for addition in tuple(rows):
                    if not lease.is_ours():
                        return
                    _push_addition(here, rows[addition])
                    del rows[addition]
            except NotRead:
                is_whole = True
            except ReadIsOld:
                lease.doubt()
    # The views must show what was done before the lease is given back, or it would be dispatched once more; and where
    # nothing was done, they were behind.
    tools.wait_for_views(progress.position or tools.journal.head())


def _states(
    tools: Tools, due: DueAgreement, additions: Sequence[Stream]
) -> tuple[ConnectionState, dict[Stream, Folded[AdditionState]]]:
    """What is recorded of the connection and of the additions, in one round trip."""
    own = connection_stream(MspId(due.msp))
    found = tools.journal.states_of(((CONNECTION, own), *((ADDITION, stream) for stream in additions)))
    return found.pop(own).state, found


def _stream(due: DueAgreement, row: DueRow) -> Stream:
    return addition_stream(MspId(due.msp), due.tenant, row.psa_agreement, row.psa_product)


def _remembered(states: Iterable[AdditionState]) -> set[PsaAdditionId] | None:
    """The records that a pass can work on alone; none when an addition has no record, or is not known to have it."""
    records: set[PsaAdditionId] = set()
    for state in states:
        if state.record is None or (state.open is not None and state.open.record != state.record):
            return None
        records.add(state.record)
    return records


def _read(
    client: WritingClient, due: DueAgreement, records: set[PsaAdditionId] | None, read_at: datetime
) -> AgreementRead:
    """Read the lines that matter, or the whole. Raises: PsaError."""
    agreement = PsaAgreementId(due.agreement)
    lines = read_lines(client, agreement, records, read_at) if records is not None else None
    return lines or read_agreement(client, agreement, read_at)


def _push_addition(here: _Pass, rows: Sequence[DueRow]) -> None:
    """The lanes of one addition in order; an act waits for a final that did not come through."""
    try:
        if not _settle_open(here, rows[0]):
            return
        is_final_pending = False
        for row in rows:
            if row.is_missed:
                _miss_month(here, row)
            elif row.lane != Lane.ACT or not is_final_pending:
                with (
                    log_fields(correlation_id=row.correlation),
                    here.tools.traces.step("push", row.correlation, {"lane": row.lane, "month": row.month}),
                ):
                    ended = _push_row(here, row)
                if ended is Ended.WROTE:
                    return  # what else is due is dispatched again, and starts from a new read
                if ended is not Ended.DONE:
                    here.progress.troubled.add(row.addition)
                is_final_pending |= row.lane == Lane.FINAL and ended is not Ended.DONE
    except PushIsOpen:
        log.info("another worker pushes %s", here.stream(rows[0]).key)
    except TooManyConflicts:
        here.notes.postpone(rows[0])


# --- one lane --------------------------------------------------------------------------------------------------


def _push_row(here: _Pass, row: DueRow) -> Ended:
    tools, stream = here.tools, here.stream(row)
    push = PushId(str(tools.new_id()))
    begun = tools.monotonic()
    ordered: Facts | Nothing = Nothing()

    def decide(reader: Reader) -> Sequence[Change]:
        nonlocal ordered
        folded = reader.state(ADDITION, stream)
        if folded.version != here.progress.versions[stream]:
            raise ReadIsOld
        ordered = order_push(reader, here.context, row, folded.state, push)
        return (Change(stream, ordered.facts),) if isinstance(ordered, Facts) else ()

    entries = tools.journal.transact(decide, here.origin(row))
    here.progress.recorded(entries)
    for entry in entries:
        if isinstance(entry.fact, PushStarted):
            # The deadline counts from before the start was recorded, so ours is never later than the recorded one.
            deadline = begun + tools.timing.deadline.total_seconds()
            return _carry_out(here, row, entry.fact, deadline, here.origin(row, entry.entry_id))
    if isinstance(ordered, Facts):
        here.notes.leave_to_sweeper(row)
        return Ended.EXCEPTION
    if ordered.waits:
        return Ended.WAITS
    if row.lane == Lane.ACT:
        here.notes.checked(row, BillingMonth.of(here.context.seen.read_at))
    return Ended.DONE


def _carry_out(here: _Pass, row: DueRow, started: PushStarted, deadline: float, origin: Origin) -> Ended:
    """Write, verify, record. What may have been applied stays open and is settled by a later pass."""
    tools = here.tools
    if started.record is not None and started.found is not None and same_quantity(started.found, started.target):
        return _verified(here, row, started, None, origin)
    try:
        answer, is_next_invoice = _write(here, row, started, deadline)
    except OutcomeUnknown:
        tools.numbers.pushed(started.kind, "unknown", None)
        log.warning("the outcome of push %s is unknown; it is settled after its deadline", started.push)
        here.notes.wait_for(row, started, here.progress.versions[here.stream(row)])
        return Ended.WAITS
    except PsaError as error:
        attention.after_write(tools, here.context.msp, error, origin)
        return _failed(here, row, started, origin, error)
    return _verified(here, row, started, answer, origin, is_next_invoice=is_next_invoice)


def _write(here: _Pass, row: DueRow, started: PushStarted, deadline: float) -> tuple[Addition, bool]:
    """Set the quantity, or create the record. Says whether a new record had to start with the next invoice.

    Raises: PsaError.
    """
    agreement, client, seen = row.psa_agreement, here.client, here.context.seen
    if started.record is not None:
        return client.set_quantity(agreement, started.record, started.target, deadline=deadline), False
    effective_on = seen.effective_on(started.month)
    try:
        answer = client.create_addition(agreement, row.psa_product, started.target, effective_on, deadline=deadline)
    except RequestRefused as error:
        next_invoice = seen.agreement.next_invoice_at if seen.agreement is not None else None
        if next_invoice is None or next_invoice <= effective_on or not _period_is_invoiced(error):
            raise
        answer = client.create_addition(agreement, row.psa_product, started.target, next_invoice, deadline=deadline)
        return answer, True
    return answer, False


def _period_is_invoiced(error: RequestRefused) -> bool:
    """Source: api-facts §5.3.3."""
    return any("period has already been invoiced" in reason.message for reason in error.reasons)


def _verified(
    here: _Pass,
    row: DueRow,
    started: PushStarted,
    answer: Addition | None,
    origin: Origin,
    *,
    is_next_invoice: bool = False,
) -> Ended:
    """Record what the PSA holds now; `answer` is none when it held the target already."""

    def decide(state: AdditionState) -> tuple[AdditionFact, ...]:
        facts: list[AdditionFact] = []

        def add(more: tuple[AdditionFact, ...]) -> None:
            nonlocal state
            for fact in more:
                facts.append(fact)
                state = evolve(state, fact)

        if answer is None:
            assert started.record is not None
            assert started.found is not None
            add(verify_push(state, started.push, record=started.record, after=started.found, written=False))
            return tuple(facts)
        if started.record is None:
            effective_on = answer.effective_at or here.context.seen.effective_on(started.month)
            add(created(state, answer.id, effective_on))
        add(verify_push(state, started.push, record=answer.id, after=answer.quantity, written=True))
        if is_next_invoice:
            begins_on = answer.effective_at or here.context.seen.effective_on(started.month)
            add(
                refuse_push(
                    state,
                    kind=started.kind,
                    month=started.month,
                    run=started.run,
                    problem=Problem.NOT_ON_THIS_INVOICE,
                    detail=f"the period is invoiced already; the addition bills from {begins_on:%Y-%m-%d} on",
                    wanted=started.wanted,
                )
            )
        return tuple(facts)

    entries = here.record(row, decide, origin)
    if any(isinstance(entry.fact, PushFailed | PushOutcomeUnknown) for entry in entries):
        here.tools.numbers.pushed(started.kind, "failed", None)
        here.notes.leave_to_sweeper(row)
        return Ended.EXCEPTION
    if entries:
        seconds = (entries[-1].recorded_at - row.due_since).total_seconds()
        here.tools.numbers.pushed(started.kind, "verified", seconds)
    if row.is_noted or row.addition in here.progress.troubled:
        here.notes.forget(row)
    return Ended.DONE if answer is None else Ended.WROTE


def _failed(here: _Pass, row: DueRow, started: PushStarted, origin: Origin, error: PsaError) -> Ended:
    """Record that nothing was applied; unless a person has to act, it is tried again, each time later."""
    tools = here.tools
    tools.numbers.pushed(started.kind, "failed", None)
    match error:
        case RightMissing():
            problem, will_retry = Problem.MISSING_RIGHT, False
        case RequestRefused():
            problem, will_retry = Problem.REFUSED_BY_PSA, False
        case Throttled() | DeadlinePassed():
            problem, will_retry = Problem.PSA_UNAVAILABLE, True
        case _:
            problem, will_retry = Problem.PSA_UNAVAILABLE, row.tries + 1 < tools.timing.tries
    here.record(row, lambda state: fail_push(state, started.push, problem, str(error), will_retry=will_retry), origin)
    if will_retry:
        here.notes.failed(row, error)
        return Ended.WAITS
    here.notes.leave_to_sweeper(row)
    return Ended.EXCEPTION


# --- what stands in the way ------------------------------------------------------------------------------------


def _settle_open(here: _Pass, row: DueRow) -> bool:
    """Close an open push by what the PSA holds, once its writer can not write any more. Whether none is open."""
    tools, stream, seen = here.tools, here.stream(row), here.context.seen
    # As this pass has read it or left it; what another worker has begun since then stops the order itself.
    known = tools.journal.cached(ADDITION, stream) or tools.journal.state(ADDITION, stream)
    started = known.state.open
    if started is None:
        return True
    if seen.read_at < tools.timing.settled_from(started.deadline):
        here.notes.wait_for(row, started, known.version)
        return False
    if started.record is not None:
        record = seen.record(started.record)
    else:
        # A create for the next invoice bills from a later day on.
        created_ones = seen.running(row.psa_product, started.month) or seen.standing(row.psa_product)
        record = created_ones[0] if len(created_ones) == 1 else None
    here.record(
        row,
        lambda state: settle_from_psa(
            state,
            started.push,
            record=record.id if record is not None else None,
            found=record.quantity if record is not None else None,
            effective_on=record.effective_at if record is not None else None,
        ),
        here.origin(row),
    )
    return True


def _miss_month(here: _Pass, row: DueRow) -> None:
    """Of several months that were missed only the newest is written (design §5)."""
    detail = f"{row.month} was not written before a newer month closed; overwrite it if it is not invoiced yet"
    here.record(
        row,
        lambda state: refuse_push(
            state,
            kind=PushKind.FINAL,
            month=row.billing_month,
            run=row.run_id,
            problem=Problem.MISSED_MONTH,
            detail=detail,
        ),
        here.origin(row),
    )


def _read_failed(
    tools: Tools,
    due: DueAgreement,
    rows: Mapping[UUID, Sequence[DueRow]],
    error: PsaError,
    *,
    client: WritingClient | None,
    notes: Notes,
) -> None:
    """A failed or incomplete read never becomes a number: it is tried again, and named when it keeps failing."""
    msp = MspId(due.msp)
    first = next(iter(rows.values()))[0]
    origin = tools.origin(correlation=first.correlation, causation=first.cause)
    if attention.after_read(tools, msp, error, client, origin):
        return
    is_last = not isinstance(error, Throttled) and max(row[0].tries for row in rows.values()) + 1 >= tools.timing.tries
    if is_last and isinstance(error, Unreachable):
        attention.raise_for(tools, msp, AttentionReason.SITE_UNREACHABLE, error.message, origin)
        is_last = False
    problem = Problem.RECORD_FORBIDDEN if isinstance(error, RightMissing) else Problem.PSA_UNAVAILABLE
    is_exception = is_last or isinstance(error, RightMissing)
    for of_addition in rows.values():
        row = of_addition[0]
        if is_exception:
            _refuse_unread(tools, due, row, problem, error)
            notes.leave_to_sweeper(row)
        else:
            notes.failed(row, error)


def _refuse_unread(tools: Tools, due: DueAgreement, row: DueRow, problem: Problem, error: PsaError) -> None:
    connection = tools.journal.state(CONNECTION, connection_stream(MspId(due.msp))).state

    def decide(state: AdditionState) -> tuple[AdditionFact, ...]:
        match row.lane:
            case Lane.FINAL:
                kind = PushKind.FINAL
            case Lane.RUN:
                kind = PushKind.UNDO if row.kind == RunKind.UNDO else PushKind.OVERWRITE
            case _:
                kind = PushKind.INITIAL if is_initial(state, connection.number) else PushKind.INCREMENTAL
        return refuse_push(
            state,
            kind=kind,
            month=row.billing_month,
            run=row.run_id,
            problem=problem,
            detail=str(error),
            is_news=row.is_news,
        )

    tools.journal.execute(
        ADDITION, _stream(due, row), decide, tools.origin(correlation=row.correlation, causation=row.cause)
    )
