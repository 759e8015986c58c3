"""Which additions wait for a push, and because of which fact.

An addition becomes due only by a recorded act that moves its wanted, for the month in which the act was recorded; by
a line of a run; and by nothing else, least of all by the clock. So this view asks of every act: what would the month
close with before it, what after it? Where the two differ, the addition is due until a push that started after the
act is settled.

One addition can be due in three lanes, carried out in this order: the final of a closed month, a line of a run, and
the acts of a month, coalesced.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, cast
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from domain.addition import (
    AdditionFact,
    AdditionLost,
    AdditionState,
    Problem,
    PushApproved,
    PushFailed,
    PushHeld,
    PushKind,
    PushOutcomeUnknown,
    PushRefused,
    PushStarted,
    RetryRequested,
    UsagePushed,
)
from domain.company_mapping import COMPANY_MAPPING, CompanyMapped, CompanyMappingState, CompanyUnmapped, current_mapping
from domain.connection import (
    CONNECTION,
    ConnectionState,
    Disconnected,
    ProductMapped,
    ProductRuleSet,
    ProductUnmapped,
    product_terms,
)
from domain.organization import (
    ORGANIZATION,
    LicensesChanged,
    LicenseTypeChanged,
    ManagementChanged,
    OrganizationClosed,
    OrganizationCreated,
    OrganizationState,
    PlanChanged,
    usage_of_month,
)
from domain.run import LineAction, RunCancelled, RunKind, RunPlanned, RunState
from domain.streams import (
    Stream,
    StreamKind,
    addition_stream,
    company_mapping_stream,
    connection_stream,
    organization_stream,
)
from domain.values import (
    BillingMonth,
    LeftBehind,
    MspId,
    OrganizationId,
    ProductTerms,
    PsaAgreementId,
    PsaProductId,
    Tenant,
)
from journal.entry import Entry
from journal.migrate import Step
from projections.rows import delete, upsert
from projections.view import EVERY_KIND, Folds, Seen


class Lane(StrEnum):
    """Why an addition is due; in the order in which one addition's lanes are carried out."""

    FINAL = "FINAL"
    RUN = "RUN"
    ACT = "ACT"


class DueState(StrEnum):
    DUE = "DUE"
    HELD = "HELD"
    REFUSED = "REFUSED"


class DuePush(NamedTuple):
    """One row. `ref` is the month of a final or an act, the run of a line.

    `left_behind` is set when the last act was a leaving; `covered_by` names the open push that carries it. UNDO lines
    bring their own `target` and `base`. Why a named tuple: a long journal makes one with every act and changes it with
    every push, and a frozen dataclass of so many fields takes four times as long.
    """

    addition: UUID
    lane: str
    ref: str
    msp: str
    site: str
    company_id: str
    agreement: int
    product: int
    month: str
    run: str | None
    kind: str | None
    left_behind: str | None
    target: Decimal | None
    base: Decimal | None
    due_position: int
    due_since: datetime
    cause: UUID
    correlation: str
    not_before: datetime | None
    state: str
    problem: str | None
    covered_by: str | None


_KEY = ("addition", "lane", "ref")
MOST_WORKED_OUT = 20_000
"""Organizations, or MSPs, of which something worked out is kept at most."""
Key = tuple[UUID, str, str]

STEPS = (
    Step(
        "projections.due_pushes.1",
        """
        CREATE TABLE due_pushes (
            addition uuid NOT NULL,
            lane text NOT NULL,
            ref text NOT NULL,
            msp text NOT NULL,
            site text NOT NULL,
            company_id text NOT NULL,
            agreement bigint NOT NULL,
            product bigint NOT NULL,
            month text NOT NULL,
            run text,
            kind text,
            left_behind text,
            target numeric,
            base numeric,
            due_position bigint NOT NULL,
            due_since timestamptz NOT NULL,
            cause uuid NOT NULL,
            correlation text NOT NULL,
            not_before timestamptz,
            state text NOT NULL,
            problem text,
            covered_by text,
            PRIMARY KEY (addition, lane, ref)
        );
        CREATE INDEX due_pushes_msp ON due_pushes (msp, agreement);
        CREATE INDEX due_pushes_run ON due_pushes (run) WHERE run IS NOT NULL;
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class _RunIsCancelled:
    msp: str
    run: str


@dataclass(frozen=True, slots=True)
class _MspDisconnected:
    msp: str


_Quantities = Mapping[PsaProductId, Decimal]
_Terms = tuple[ProductTerms, ...]
_Happening = DuePush | Seen | _RunIsCancelled | _MspDisconnected
"""An act or a line made an addition due; a fact of an addition's own stream; what takes rows away."""


@dataclass(slots=True)
class _WorkedOut:
    """What was worked out before, to be compared with what is asked: most states are asked for twice.

    The state after one fact is the state before the stream's next one, and terms stay the same for long. Whatever is
    here depends on nothing but what it is kept under, so it makes no difference to any row.
    """

    terms: dict[MspId, tuple[ConnectionState, _Terms]] = field(default_factory=dict)
    quantities: dict[Stream, tuple[int, BillingMonth, _Terms, _Quantities]] = field(default_factory=dict)
    """Of the newest version of each organization that was asked for."""

    def terms_of(self, msp: MspId, connection: ConnectionState) -> _Terms:
        known = self.terms.get(msp)
        if known is not None and known[0] is connection:
            return known[1]
        if len(self.terms) >= MOST_WORKED_OUT:
            self.terms.clear()
        terms = product_terms(connection)
        self.terms[msp] = connection, terms
        return terms

    def quantities_of(
        self, stream: Stream, state: OrganizationState, month: BillingMonth, terms: _Terms
    ) -> _Quantities:
        known = self.quantities.get(stream)
        if known is not None and known[0] == state.version and known[2] is terms and known[1] == month:
            return known[3]
        if len(self.quantities) >= MOST_WORKED_OUT:
            self.quantities.clear()
        quantities = _quantities(state, month, terms)
        self.quantities[stream] = state.version, month, terms, quantities
        return quantities


@dataclass
class DuePushes:
    """The view. `see` works out what became due from states as they were; `write` brings the rows along."""

    name: str = "due_pushes"
    version: int = 3
    steps: tuple[Step, ...] = STEPS
    tables: tuple[str, ...] = ("due_pushes",)
    kinds: frozenset[StreamKind] = EVERY_KIND
    _happened: list[_Happening] = field(default_factory=list)
    _worked_out: _WorkedOut = field(default_factory=_WorkedOut)

    def see(self, seen: Seen, folds: Folds) -> None:
        entry = seen.entry
        match entry.stream.kind:
            case StreamKind.ORGANIZATION:
                self._see_organization(seen, folds)
            case StreamKind.COMPANY_MAPPING:
                self._see_company_mapping(seen, folds)
            case StreamKind.CONNECTION:
                self._see_connection(seen, folds)
            case StreamKind.ADDITION:
                self._happened.append(seen)
            case StreamKind.RUN:
                self._see_run(seen, folds)

    # --- acts ------------------------------------------------------------------------------------------------

    def _see_organization(self, seen: Seen, folds: Folds) -> None:
        entry = seen.entry
        match entry.fact:
            case (
                OrganizationCreated()
                | LicensesChanged()
                | PlanChanged()
                | LicenseTypeChanged()
                | ManagementChanged()
                | OrganizationClosed()
            ) as change:
                effective_at = change.effective_at
            case _:
                return
        connection, mapped = _links(entry, OrganizationId(entry.stream.key[0]), folds)
        if connection.live is None or mapped is None:
            return
        terms = self._worked_out.terms_of(entry.msp, connection)
        recorded_in, effective_in = BillingMonth.of(entry.recorded_at), BillingMonth.of(effective_at)
        for month in (recorded_in,) if effective_in <= recorded_in else (recorded_in, effective_in):
            before = self._worked_out.quantities_of(entry.stream, seen.before, month, terms)
            after = self._worked_out.quantities_of(entry.stream, seen.after, month, terms)
            for product in sorted(before.keys() | after.keys()):
                if before.get(product) != after.get(product):
                    self._due(entry, connection.live.tenant, mapped, product, month)

    def _see_company_mapping(self, seen: Seen, folds: Folds) -> None:
        entry = seen.entry
        organization = OrganizationId(entry.stream.key[0])
        connection = folds.state(CONNECTION, connection_stream(entry.msp))
        if connection.live is None:
            return
        before = current_mapping(cast(CompanyMappingState, seen.before), connection.live.number)
        after = current_mapping(cast(CompanyMappingState, seen.after), connection.live.number)
        month = BillingMonth.of(entry.recorded_at)
        state = folds.state(ORGANIZATION, organization_stream(entry.msp, organization))
        products = sorted(_quantities(state, month, self._worked_out.terms_of(entry.msp, connection)))
        match entry.fact:
            case CompanyMapped(left_behind=left_behind) | CompanyUnmapped(left_behind=left_behind):
                for product in products:
                    if before is not None:
                        self._due(
                            entry, connection.live.tenant, before.agreement, product, month, left_behind=left_behind
                        )
                    if after is not None:
                        self._due(entry, connection.live.tenant, after.agreement, product, month)
            case _:
                return

    def _see_connection(self, seen: Seen, folds: Folds) -> None:
        entry = seen.entry
        before, after = cast(ConnectionState, seen.before), cast(ConnectionState, seen.after)
        match entry.fact:
            case Disconnected():
                self._happened.append(_MspDisconnected(entry.msp))
            case ProductMapped(left_behind=left_behind) | ProductUnmapped(left_behind=left_behind):
                self._terms_changed(entry, before, after, folds, left_behind)
            case ProductRuleSet():
                self._terms_changed(entry, before, after, folds, None)
            case _:
                return

    def _terms_changed(
        self,
        entry: Entry[Any],
        before: ConnectionState,
        after: ConnectionState,
        folds: Folds,
        left_behind: LeftBehind | None,
    ) -> None:
        """A product was mapped, unmapped or ruled otherwise: ask it of every mapped organization of the MSP."""
        if after.live is None:
            return
        month = BillingMonth.of(entry.recorded_at)
        old_terms, new_terms = product_terms(before), product_terms(after)
        mapped = {
            OrganizationId(stream.key[0]): current.agreement
            for stream, state in folds.states_of(COMPANY_MAPPING, entry.msp).items()
            for current in (current_mapping(state, after.live.number),)
            if current is not None
        }
        streams = {organization: organization_stream(entry.msp, organization) for organization in mapped}
        folds.load(ORGANIZATION, streams.values())
        for organization, agreement in sorted(mapped.items()):
            state = folds.state(ORGANIZATION, streams[organization])
            old, new = _quantities(state, month, old_terms), _quantities(state, month, new_terms)
            for product in sorted(old.keys() | new.keys()):
                if old.get(product) != new.get(product):
                    leaves = left_behind if product not in new else None
                    self._due(entry, after.live.tenant, agreement, product, month, left_behind=leaves)

    def _due(
        self,
        entry: Entry[Any],
        tenant: Tenant,
        agreement: PsaAgreementId,
        product: PsaProductId,
        month: BillingMonth,
        *,
        left_behind: LeftBehind | None = None,
    ) -> None:
        not_before = month.begins_at if month.begins_at > entry.recorded_at else None
        name = str(month)
        self._happened.append(
            _row(
                entry,
                tenant,
                agreement,
                product,
                lane=Lane.ACT,
                ref=name,
                month=name,
                left_behind=left_behind,
                not_before=not_before,
            )
        )

    # --- runs ------------------------------------------------------------------------------------------------

    def _see_run(self, seen: Seen, folds: Folds) -> None:
        entry = seen.entry
        requested = cast(RunState, seen.after).requested
        match entry.fact:
            case RunPlanned(lines=lines) if requested is not None:
                connection = folds.state(CONNECTION, connection_stream(entry.msp))
                if requested.kind in {RunKind.PREVIEW, RunKind.IMPORT} or connection.live is None:
                    return
                month = str(requested.month or BillingMonth.of(entry.recorded_at))
                run = entry.stream.key[0]
                is_final, is_undo = requested.kind is RunKind.FINAL, requested.kind is RunKind.UNDO
                for line in lines:
                    if line.action is LineAction.REFUSE:
                        continue
                    self._happened.append(
                        _row(
                            entry,
                            connection.live.tenant,
                            line.agreement,
                            line.product,
                            lane=Lane.FINAL if is_final else Lane.RUN,
                            ref=month if is_final else run,
                            month=month,
                            run=run,
                            kind=requested.kind,
                            target=line.target if is_undo else None,
                            base=line.base if is_undo else None,
                        )
                    )
            case RunCancelled():
                self._happened.append(_RunIsCancelled(entry.msp, entry.stream.key[0]))
            case _:
                return

    # --- rows ------------------------------------------------------------------------------------------------

    def write(self, connection: psycopg.Connection[Any]) -> None:
        happened, self._happened = self._happened, []
        if not happened:
            return
        stored = self._rows_touched(connection, happened)
        rows: _Rows = {}
        for key, row in stored.items():
            rows.setdefault(row.addition, {})[key] = row
        for happening in happened:
            _apply(rows, happening)
        left = {key: row for of_addition in rows.values() for key, row in of_addition.items()}
        delete(connection, "due_pushes", [dict(zip(_KEY, key, strict=True)) for key in stored if key not in left])
        upsert(connection, "due_pushes", _KEY, [row._asdict() for key, row in left.items() if stored.get(key) != row])

    def _rows_touched(self, connection: psycopg.Connection[Any], happened: Iterable[_Happening]) -> dict[Key, DuePush]:
        additions: set[UUID] = set()
        runs: set[str] = set()
        msps: set[str] = set()
        for happening in happened:
            match happening:
                case DuePush(addition=addition) | Seen(stream_id=addition):
                    additions.add(addition)
                case _RunIsCancelled(run=run):
                    runs.add(run)
                case _MspDisconnected(msp=msp):
                    msps.add(msp)
        with connection.cursor(row_factory=class_row(DuePush)) as cursor:
            found = cursor.execute(_SELECT_TOUCHED, (list(additions), list(runs), list(msps))).fetchall()
        return {(row.addition, row.lane, row.ref): row for row in found}


_SELECT_TOUCHED = f"""
SELECT {", ".join(DuePush._fields)} FROM due_pushes
 WHERE addition = ANY(%s::uuid[]) OR run = ANY(%s::text[]) OR msp = ANY(%s::text[])
"""  # noqa: S608  # the column names are this module's own


def _links(
    entry: Entry[Any], organization: OrganizationId, folds: Folds
) -> tuple[ConnectionState, PsaAgreementId | None]:
    connection = folds.state(CONNECTION, connection_stream(entry.msp))
    if connection.live is None:
        return connection, None
    mapping = folds.state(COMPANY_MAPPING, company_mapping_stream(entry.msp, organization))
    current = current_mapping(mapping, connection.live.number)
    return connection, current.agreement if current is not None else None


def _quantities(state: OrganizationState, month: BillingMonth, terms: _Terms) -> _Quantities:
    """What each product of the organization's plans would close with by this state."""
    return {closed.product: closed.quantity for closed in usage_of_month(state, month, terms)[0]}


def _row(
    entry: Entry[Any],
    tenant: Tenant,
    agreement: PsaAgreementId,
    product: PsaProductId,
    *,
    lane: Lane,
    ref: str,
    month: str,
    run: str | None = None,
    kind: str | None = None,
    left_behind: LeftBehind | None = None,
    target: Decimal | None = None,
    base: Decimal | None = None,
    not_before: datetime | None = None,
) -> DuePush:
    return DuePush(
        addition=addition_stream(entry.msp, tenant, agreement, product).id,
        lane=lane,
        ref=ref,
        msp=entry.msp,
        site=tenant.site,
        company_id=tenant.company_id,
        agreement=agreement,
        product=product,
        month=month,
        run=run,
        kind=kind,
        left_behind=left_behind,
        target=target,
        base=base,
        due_position=entry.position,
        due_since=entry.recorded_at,
        cause=entry.entry_id,
        correlation=entry.correlation_id,
        not_before=not_before,
        state=DueState.DUE,
        problem=None,
        covered_by=None,
    )


def _to_create_again(entry: Entry[AdditionFact]) -> DuePush:
    """An admin asked for a record that is gone, perhaps when nothing else was due."""
    site, company_id, agreement, product = entry.stream.key
    month = str(BillingMonth.of(entry.recorded_at))
    return _row(
        entry,
        Tenant(site, company_id),
        PsaAgreementId(int(agreement)),
        PsaProductId(int(product)),
        lane=Lane.ACT,
        ref=month,
        month=month,
    )


_Rows = dict[UUID, dict[Key, DuePush]]
"""The rows of a batch, by addition."""


def _apply(rows: _Rows, happening: _Happening) -> None:
    match happening:
        case DuePush() as row:
            key = (row.addition, row.lane, row.ref)
            of_addition = rows.setdefault(row.addition, {})
            earlier = of_addition.get(key)
            # Coalesced: the oldest wait counts, the newest cause explains.
            if earlier is not None:
                row = row._replace(due_since=earlier.due_since, left_behind=row.left_behind or earlier.left_behind)
            of_addition[key] = row
        case _RunIsCancelled(msp=msp, run=run):
            for of_addition in rows.values():
                for key, row in list(of_addition.items()):
                    # What an admin was asked about may still be answered; nothing else of the run is begun.
                    is_asked = row.state == DueState.HELD
                    if (row.msp, row.run) == (msp, run) and row.covered_by is None and not is_asked:
                        del of_addition[key]
        case _MspDisconnected(msp=msp):
            for of_addition in rows.values():
                for key, row in list(of_addition.items()):
                    if row.msp == msp:
                        del of_addition[key]
        case Seen():
            _apply_addition(rows.setdefault(happening.stream_id, {}), happening)


def _apply_addition(rows: dict[Key, DuePush], seen: Seen) -> None:
    """`rows` are those of the addition that the fact is about."""
    mine = dict(rows)
    entry: Entry[AdditionFact] = seen.entry
    before: AdditionState = seen.before
    fact = entry.fact
    match fact:
        case PushStarted():
            for key, row in mine.items():
                if _covers(fact.kind, fact.month, fact.run, entry.recorded_at, row):
                    rows[key] = row._replace(covered_by=fact.push, state=DueState.DUE, problem=None)
        case UsagePushed():
            for key, row in mine.items():
                # A run's line that was held or refused is overtaken by whatever was pushed since.
                if row.covered_by == fact.push or (row.lane == Lane.RUN and row.state != DueState.DUE):
                    del rows[key]
                elif row.state == DueState.HELD:
                    # Its hold was about numbers that are gone: it is judged again.
                    rows[key] = row._replace(state=DueState.DUE, problem=None)
        case PushFailed():
            for key, row in mine.items():
                if row.covered_by == fact.push:
                    state = DueState.DUE if fact.will_retry else DueState.REFUSED
                    problem = None if fact.will_retry else fact.problem.value
                    rows[key] = row._replace(covered_by=None, state=state, problem=problem)
        case PushOutcomeUnknown():
            for key, row in mine.items():
                if row.covered_by == fact.push:
                    # Judged again after a while: an INITIAL may write, an increment is refused, and so on. Not at
                    # once, or a PSA that makes something else of every number would be written to without end.
                    rows[key] = row._replace(
                        covered_by=None, state=DueState.REFUSED, problem=Problem.OUTCOME_UNKNOWN.value
                    )
        case PushHeld():
            for key, row in mine.items():
                if _is_about(fact.kind, fact.month, fact.run, row):
                    rows[key] = row._replace(state=DueState.HELD, problem=fact.reason.value)
        case PushApproved():
            held = before.held
            for key, row in mine.items():
                if row.state == DueState.HELD and held and _is_about(held.kind, held.month, held.run, row):
                    rows[key] = row._replace(state=DueState.DUE, problem=None, cause=entry.entry_id)
        case PushRefused(problem=Problem.NOT_ON_THIS_INVOICE):
            return  # It was pushed; this only tells for which invoice.
        case PushRefused():
            for key, row in mine.items():
                if not _is_about(fact.kind, fact.month, fact.run, row):
                    continue
                if fact.problem is Problem.MISSED_MONTH:
                    del rows[key]
                else:
                    rows[key] = row._replace(state=DueState.REFUSED, problem=fact.problem.value)
        case RetryRequested():
            for key, row in mine.items():
                if row.state == DueState.REFUSED:
                    # Asked for now: what was noted of the row before does not count.
                    rows[key] = row._replace(
                        state=DueState.DUE,
                        problem=None,
                        cause=entry.entry_id,
                        due_position=entry.position,
                    )
            if before.is_lost and fact.create_again:
                again = _to_create_again(entry)
                rows.setdefault((again.addition, again.lane, again.ref), again)
        case AdditionLost():
            for key, row in mine.items():
                if row.state == DueState.DUE and row.covered_by is None:
                    rows[key] = row._replace(state=DueState.REFUSED, problem=Problem.ADDITION_LOST.value)
        case _:
            return


def _covers(kind: PushKind, month: BillingMonth, run: str | None, at: datetime, row: DuePush) -> bool:
    """Whether a push of this kind carries what the row is due for."""
    row_month = BillingMonth.parse(row.month)
    match kind:
        case PushKind.INITIAL | PushKind.INCREMENTAL | PushKind.RELEASE:
            return row.lane == Lane.ACT and row_month <= month
        case PushKind.FINAL:
            return (row.lane == Lane.FINAL and row_month == month) or (row.lane == Lane.ACT and row_month <= month)
        case PushKind.UNDO:
            return row.lane == Lane.RUN and row.ref == run
        case PushKind.OVERWRITE:
            if row.lane == Lane.RUN:
                return row.ref == run
            is_current = month == BillingMonth.of(at)
            if row.lane == Lane.FINAL:
                return not is_current and row_month <= month
            return is_current and row_month <= month


def _is_about(kind: PushKind, month: BillingMonth, run: str | None, row: DuePush) -> bool:
    """Whether a hold or an exception of a push of this kind is about what the row is due for."""
    match kind:
        case PushKind.INITIAL | PushKind.INCREMENTAL | PushKind.RELEASE:
            return row.lane == Lane.ACT and BillingMonth.parse(row.month) <= month
        case PushKind.FINAL:
            return row.lane == Lane.FINAL and row.month == str(month)
        case PushKind.UNDO | PushKind.OVERWRITE:
            return row.lane == Lane.RUN and row.ref == run
