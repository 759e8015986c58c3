"""What a due row asks for, worked out from states read under guard: if any of them moves before the start is
recorded, it is worked out again. So a start's numbers are exactly those of the journal at its position.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from psycopg_pool import ConnectionPool

from connectwise.agreements import AgreementRead
from domain.addition import (
    AdditionFact,
    AdditionState,
    Contribution,
    DropGuard,
    Go,
    LineOutcome,
    Problem,
    PushKind,
    PushOrder,
    Refuse,
    Shown,
    is_initial,
    judge,
    lose_record,
    refuse_push,
    start_push,
    undo_of,
)
from domain.company_mapping import COMPANY_MAPPING, current_mapping
from domain.connection import CONNECTION, ConnectionState, Status, product_terms
from domain.organization import ORGANIZATION, usage_of_month
from domain.records import StandingRecord, choose_record, kind_of_act
from domain.run import RUN, RunKind
from domain.streams import StreamKind, company_mapping_stream, connection_stream, organization_stream, run_stream
from domain.values import (
    BillingMonth,
    LeftBehind,
    MspId,
    OrganizationId,
    ProductTerms,
    PsaAgreementId,
    PushId,
    Rule,
    same_quantity,
)
from journal.reader import Reader
from projections.due_pushes import Lane
from workers.due import DueAgreement, DueRow

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is to be recorded: a start, a hold, or an exception; empty when exactly that stands already."""

    facts: tuple[AdditionFact, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to do for this row, or it `waits` for something that will announce itself."""

    waits: bool = False


@dataclass(frozen=True, slots=True)
class PushContext:
    """What stays the same over a pass."""

    pool: ConnectionPool
    due: DueAgreement
    seen: AgreementRead
    deadline: timedelta
    _closed_on: dict[BillingMonth, tuple[OrganizationId, ...]] = field(default_factory=dict, init=False, repr=False)

    @property
    def msp(self) -> MspId:
        return MspId(self.due.msp)

    @property
    def agreement(self) -> PsaAgreementId:
        return PsaAgreementId(self.due.agreement)

    def live_number(self, connection: ConnectionState) -> int:
        assert connection.live is not None
        return connection.live.number

    def closed_on(self, month: BillingMonth) -> tuple[OrganizationId, ...]:
        """The organizations that a closed month found on the agreement, in their order.

        Asked once for all additions of a pass: they are the same for ever, since a month is closed for all
        organizations before anything of it is written, and a correction leaves the agreement as it was.
        """
        known = self._closed_on.get(month)
        if known is None:
            with self.pool.connection() as connection:
                rows = connection.execute(
                    "SELECT DISTINCT organization FROM month_usage WHERE msp = %s AND month = %s AND agreement = %s"
                    " ORDER BY organization",
                    (self.msp, str(month), self.agreement),
                ).fetchall()
            known = self._closed_on[month] = tuple(OrganizationId(organization) for (organization,) in rows)
        return known


def order_push(
    reader: Reader, context: PushContext, row: DueRow, state: AdditionState, push: PushId
) -> Facts | Nothing:
    """Work out what a due row asks for now.

    Raises: PushIsOpen when another worker's push is open; NotRead when it takes more than the lines that were read.
    """
    folded = reader.state(CONNECTION, connection_stream(context.msp))
    connection = folded.state
    if connection.live is None or connection.live.tenant != context.due.tenant:
        return Nothing()
    if connection.status is not Status.ACTIVE:
        return Nothing(waits=True)
    if row.lane == Lane.RUN and row.run_id is not None:
        # Asked here, since the time comes along with it.
        reader.state(RUN, run_stream(context.msp, row.run_id), guard=False)
    if BillingMonth.of(reader.now) != BillingMonth.of(context.seen.read_at):
        return Nothing(waits=True)  # the month ended during the pass; what may be pushed now has to be asked anew
    month = row.billing_month if row.lane != Lane.ACT else BillingMonth.of(reader.now)
    terms = next((term for term in product_terms(connection) if term.product == row.psa_product), None)
    asked = _Asked(reader, context, row, state, connection, terms, month)
    ordered = _wanted(asked)
    if isinstance(ordered, Nothing | Facts):
        return ordered
    if isinstance(ordered, Refuse):
        kind = PushKind.UNDO if row.kind == RunKind.UNDO else PushKind.OVERWRITE
        return Facts(
            refuse_push(
                state,
                kind=kind,
                month=month,
                run=row.run_id,
                problem=ordered.problem,
                detail=ordered.detail,
                is_news=row.is_news,
            )
        )
    order, contributions = ordered
    found = _record(asked, order)
    if isinstance(found, Facts | Nothing):
        return found
    return Facts(
        start_push(
            state,
            order,
            push=push,
            record=found.record if found is not None else None,
            found=found.quantity if found is not None else None,
            deadline=reader.now + context.deadline,
            connection_version=folded.version,
            contributions=contributions,
            is_news=row.is_news,
        )
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """One row with everything that answers it."""

    reader: Reader
    context: PushContext
    row: DueRow
    state: AdditionState
    connection: ConnectionState
    terms: ProductTerms | None
    month: BillingMonth


# --- what is wanted --------------------------------------------------------------------------------------------


def _wanted(asked: _Asked) -> tuple[PushOrder, tuple[Contribution, ...]] | Refuse | Facts | Nothing:
    row, state = asked.row, asked.state
    if row.run_id is not None and state.outcomes.get(row.run_id) in _DONE:
        return Nothing()
    if row.lane == Lane.RUN and not _is_approved(asked) and _is_cancelled(asked):
        return Nothing()
    if row.kind == RunKind.UNDO:
        return _undo(asked)
    if row.lane == Lane.FINAL:
        return Nothing() if asked.month in state.finals else _closed(asked, PushKind.FINAL)
    if row.lane == Lane.ACT and any(row.billing_month <= month for month in state.finals):
        # A final carried it since the row was read, maybe a moment ago in this very pass; the view will show it. The
        # running month was not looked at, so nothing may be noted of its acts.
        return Nothing(waits=True)
    if row.lane == Lane.RUN and asked.month < BillingMonth.of(asked.reader.now):
        return _closed(asked, PushKind.OVERWRITE)
    if row.lane == Lane.RUN and (pending := _pending_final(asked)) is not None:
        return Refuse(Problem.FINAL_PENDING, f"the final of {pending} waits; it would be written over this later")
    number = asked.context.live_number(asked.connection)
    contributions = current_contributions(asked.reader, asked.context, asked.terms, asked.month, number)
    wanted = _sum(contributions)
    fresh = is_initial(state, number)
    if row.lane == Lane.RUN:
        if not contributions and (fresh or asked.terms is None or _is_being_left(asked)):
            return Refuse(Problem.NOTHING_MAPPED, "no organization bills here any more")
        return _push_order(asked, PushKind.OVERWRITE, wanted), contributions
    leaving = None if contributions else _leaving(asked)
    kind = kind_of_act(state, number, wanted=wanted, has_contributors=bool(contributions), left_behind=leaving)
    if kind is None:
        return Nothing() if contributions or not fresh else _moot(state)
    if kind is PushKind.RELEASE and leaving is not None:
        return replace(_push_order(asked, kind, ZERO), left_behind=leaving), ()
    return _push_order(asked, kind, wanted), contributions


def _moot(state: AdditionState) -> Facts | Nothing:
    """Everybody left an addition that was not pushed yet: a push of it that an admin was to let pass has no object."""
    held = state.held
    if held is None or held.kind not in {PushKind.INITIAL, PushKind.OVERWRITE}:
        return Nothing()
    return Facts(
        refuse_push(
            state,
            kind=held.kind,
            month=held.month,
            run=held.run,
            problem=Problem.NOTHING_MAPPED,
            detail="everybody left while it was held",
            found=held.found,
        )
    )


def _pending_final(asked: _Asked) -> BillingMonth | None:
    """The oldest closed month whose final this addition still waits for, held and refused ones included."""
    with asked.context.pool.connection() as connection:
        rows = connection.execute(
            "SELECT month FROM due_pushes WHERE addition = %s AND lane = 'FINAL' ORDER BY month", (asked.row.addition,)
        ).fetchall()
    months = [BillingMonth.parse(month) for (month,) in rows]
    return next((month for month in months if month not in asked.state.finals), None)


def _leaving(asked: _Asked) -> LeftBehind | None:
    """What the admin chose for an addition that nobody is on any more; none when it was left by a plan change.

    Why not the row: it was read before the states here, and a second remapping may have come in between. So it is
    read again, and a mapping that the view has not seen yet makes us start again.
    """
    context = asked.context
    with context.pool.connection() as connection:
        row = connection.execute(
            "SELECT p.position, d.left_behind FROM (SELECT min(position) AS position FROM view_positions) AS p"
            " LEFT JOIN due_pushes d ON d.addition = %s AND d.lane = 'ACT' AND d.left_behind IS NOT NULL"
            " ORDER BY d.due_position DESC NULLS LAST LIMIT 1",
            (asked.row.addition,),
        ).fetchone()
    position, left_behind = row if row is not None else (0, None)
    for kind in (StreamKind.CONNECTION, StreamKind.COMPANY_MAPPING):
        asked.reader.category(context.msp, kind, position or 0)
    return LeftBehind(left_behind) if left_behind is not None else None


_DONE = frozenset({LineOutcome.VERIFIED, LineOutcome.UNCHANGED})


def _push_order(asked: _Asked, kind: PushKind, wanted: Decimal) -> PushOrder:
    settings = asked.connection.settings
    return PushOrder(
        kind=kind,
        month=asked.month,
        run=asked.row.run_id,
        connection_number=asked.context.live_number(asked.connection),
        wanted=wanted,
        drift_policy=settings.drift_policy,
        guard=DropGuard(settings.drop_guard_percent, settings.drop_guard_units),
        rule=asked.terms.rule if asked.terms is not None else None,
        minimum=asked.terms.minimum if asked.terms is not None else None,
        approved=_approved_in_preview(asked),
        shown=_shown_in_preview(asked),
    )


def _closed(asked: _Asked, kind: PushKind) -> tuple[PushOrder, tuple[Contribution, ...]] | Refuse:
    """A closed month: what its newest version says, under the rule that governed it."""
    contributions, rule, minimum = closed_contributions(asked.reader, asked.context, asked.row, asked.month)
    if not contributions and kind is PushKind.OVERWRITE:
        return Refuse(Problem.NOTHING_MAPPED, f"nothing was billed here in {asked.month}")
    order = replace(_push_order(asked, kind, _sum(contributions)), rule=rule, minimum=minimum)
    return order, contributions


def _undo(asked: _Asked) -> tuple[PushOrder, tuple[Contribution, ...]] | Refuse:
    row = asked.row
    why_not = _cannot_undo(asked)
    if why_not is not None or row.target is None or row.base is None:
        return Refuse(Problem.CANNOT_UNDO, why_not or "the line has no numbers")
    return replace(_push_order(asked, PushKind.UNDO, row.base), target=row.target), ()


def current_contributions(
    reader: Reader, context: PushContext, terms: ProductTerms | None, month: BillingMonth, connection_number: int
) -> tuple[Contribution, ...]:
    """What the organizations mapped to the agreement bring to a product in the month, by the facts known now.

    Shape: by organization; one that has the product at no time in the month brings nothing and is left out.
    """
    if terms is None:
        return ()
    organizations = _mapped_to(reader, context, connection_number)
    mappings = reader.states(
        COMPANY_MAPPING, [company_mapping_stream(context.msp, organization) for organization in organizations]
    )
    states = reader.states(
        ORGANIZATION, [organization_stream(context.msp, organization) for organization in organizations]
    )
    found: list[Contribution] = []
    for organization in organizations:
        mapping = mappings[company_mapping_stream(context.msp, organization)]
        mapped = current_mapping(mapping.state, connection_number)
        if mapped is None or mapped.agreement != context.agreement:
            continue
        folded = states[organization_stream(context.msp, organization)]
        found.extend(
            Contribution(organization, closed.quantity, folded.version, mapping.version)
            for closed in usage_of_month(folded.state, month, (terms,))[0]
        )
    return tuple(found)


def _is_being_left(asked: _Asked) -> bool:
    """Whether the addition's last organization or component left it and that is still to be carried out."""
    with asked.context.pool.connection() as connection:
        found = connection.execute(
            "SELECT 1 FROM due_pushes WHERE addition = %s AND lane = %s AND left_behind IS NOT NULL LIMIT 1",
            (asked.row.addition, Lane.ACT),
        )
        return found.fetchone() is not None


def _mapped_to(reader: Reader, context: PushContext, connection_number: int) -> list[OrganizationId]:
    """Organizations mapped to the agreement by the view; a mapping that it has not seen yet makes us start again."""
    with context.pool.connection() as connection:
        rows = connection.execute(
            "SELECT m.organization, p.position"
            " FROM (SELECT min(position) AS position FROM view_positions) AS p"
            " LEFT JOIN company_mappings m ON m.msp = %s AND m.agreement = %s AND m.connection_number = %s"
            " ORDER BY m.organization",
            (context.msp, context.agreement, connection_number),
        ).fetchall()
    reader.category(context.msp, StreamKind.COMPANY_MAPPING, rows[0][1] or 0)
    return [OrganizationId(organization) for organization, _ in rows if organization is not None]


def closed_contributions(
    reader: Reader, context: PushContext, row: DueRow, month: BillingMonth
) -> tuple[tuple[Contribution, ...], Rule | None, int | None]:
    """What the organizations that were mapped to the agreement at the close bring, by the month's newest version."""
    organizations = context.closed_on(month) if row.closed_on is None else row.closed_on
    streams = {organization: organization_stream(context.msp, organization) for organization in organizations}
    states = reader.states(ORGANIZATION, list(streams.values()))
    found: list[Contribution] = []
    rule: Rule | None = None
    minimum: int | None = None
    for organization, stream in streams.items():
        closed = states[stream].state.closed_months.get(month)
        if closed is None or closed.agreement != context.agreement:
            continue
        for usage in closed.products:
            if usage.product == row.product:
                rule, minimum = usage.rule, usage.minimum
                found.append(
                    Contribution(organization, usage.quantity, states[stream].version, closed.company_mapping_version)
                )
    return tuple(found), rule, minimum


def _approved_in_preview(asked: _Asked) -> tuple[Decimal, Decimal] | None:
    row = asked.row
    if row.lane != Lane.RUN or row.run_id is None:
        return None
    requested = asked.reader.state(RUN, run_stream(asked.context.msp, row.run_id), guard=False).state.requested
    ticked = requested.approved if requested is not None else ()
    return next(
        (
            (line.found, line.target)
            for line in ticked
            if (line.agreement, line.product) == (row.agreement, row.product)
        ),
        None,
    )


def _shown_in_preview(asked: _Asked) -> Shown | None:
    """What the run's preview showed of this line, when the run was asked for with a preview's digest."""
    row = asked.row
    if row.lane != Lane.RUN or row.run_id is None:
        return None
    state = asked.reader.state(RUN, run_stream(asked.context.msp, row.run_id), guard=False).state
    if state.requested is None or state.requested.digest is None or state.planned is None:
        return None
    lines = state.planned.lines
    line = next((line for line in lines if (line.agreement, line.product) == (row.agreement, row.product)), None)
    return Shown(line.found, line.target) if line is not None and line.target is not None else None


def _is_approved(asked: _Asked) -> bool:
    """Whether an admin answered this line's hold; that counts also after its run was cancelled."""
    held = asked.state.held
    return held is not None and held.run == asked.row.run_id and asked.state.approved is not None


def _is_cancelled(asked: _Asked) -> bool:
    """The line in flight when a run is cancelled is the last of its pass."""
    assert asked.row.run_id is not None
    run = run_stream(asked.context.msp, asked.row.run_id)
    return asked.reader.state(RUN, run, guard=False).state.is_cancelled


def _cannot_undo(asked: _Asked) -> str | None:
    row, state = asked.row, asked.state
    assert row.run_id is not None
    requested = asked.reader.state(RUN, run_stream(asked.context.msp, row.run_id), guard=False).state.requested
    if requested is None or requested.undoes is None:
        return "the run to undo is not known"
    undone = undo_of(state, requested.undoes)
    if isinstance(undone, str):
        return undone
    record = asked.context.seen.record(state.record) if state.record is not None else None
    if record is None or state.wrote is None or not same_quantity(record.quantity, state.wrote):
        return "somebody changed it in ConnectWise meanwhile"
    return None


def _sum(contributions: Iterable[Contribution]) -> Decimal:
    return sum((contribution.quantity for contribution in contributions), ZERO)


# --- which record ----------------------------------------------------------------------------------------------


def _record(asked: _Asked, order: PushOrder) -> StandingRecord | Facts | Nothing | None:
    """The record to write, none when it is to be created; or why nothing is written."""
    state, seen, product = asked.state, asked.context.seen, asked.row.psa_product
    is_touching = order.kind is not PushKind.RELEASE or order.left_behind is LeftBehind.ZERO
    problem = seen.problem()
    if problem is not None and is_touching and not _is_held_already(asked, order):
        return _refused(asked, order, *problem)
    prorated_twice = None if state.is_proration_confirmed else seen.proration_problem(order.rule, order.wanted)
    if prorated_twice is not None:
        return _refused(asked, order, *prorated_twice)
    known = seen.standing_record(state.record)
    chosen = choose_record(state, known, () if known is not None else seen.running_records(product, order.month))
    if not isinstance(chosen, Refuse):
        return chosen
    if state.record is not None and not is_touching:
        return Nothing()
    refused = _refused(asked, order, chosen.problem, chosen.detail)
    return Facts((*lose_record(state), *refused.facts))


def _is_held_already(asked: _Asked, order: PushOrder) -> bool:
    """Whether the record holds what the push would write: that is recorded also where nothing can be written any more,
    as on an agreement that ended with its month.
    """
    known = asked.context.seen.standing_record(asked.state.record)
    if known is None:
        return False
    verdict = judge(asked.state, order, known.quantity)
    return isinstance(verdict, Go) and same_quantity(verdict.target, known.quantity)


def _refused(asked: _Asked, order: PushOrder, problem: Problem, detail: str) -> Facts:
    return Facts(
        refuse_push(
            asked.state,
            kind=order.kind,
            month=order.month,
            run=order.run,
            problem=problem,
            detail=detail,
            wanted=order.wanted,
            is_news=asked.row.is_news,
        )
    )
