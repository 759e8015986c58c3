"""Planning a run that was asked for, and reporting one whose lines have all ended.

Planning turns a request into lines; from then on each line is a due push like any other. A run is over when every
line has an outcome; who notices first records it.
"""

from collections import Counter
from collections.abc import Sequence

from domain.addition import ADDITION, AdditionState, LineOutcome, undo_of
from domain.company_mapping import COMPANY_MAPPING, current_mapping
from domain.connection import CONNECTION, Connected, ConnectionState, product_terms
from domain.organization import ORGANIZATION, MonthUsage, usage_of_month
from domain.run import (
    RUN,
    LineAction,
    PlannedLine,
    RunKind,
    RunPlanned,
    RunRequested,
    RunState,
    finish_run,
    plan_run,
)
from domain.streams import (
    addition_stream,
    company_mapping_stream,
    connection_stream,
    organization_stream,
    run_stream,
)
from domain.values import BillingMonth, MspId, OrganizationId, PsaAgreementId, PsaProductId, RunId, Tenant
from journal.entry import Entry, Origin
from journal.reader import Change, Reader
from workers.close_month import final_run
from workers.import_directory import import_directory
from workers.leases import kept
from workers.outlived import outlived_lines
from workers.preview_run import digest_of, preview_lines
from workers.tools import Tools

Line = tuple[PsaAgreementId, PsaProductId]


def run_job(run: str) -> str:
    """The lease under which a run is planned or reported."""
    return f"run:{run}"


def carry_out_run(tools: Tools, msp: MspId, run: RunId, holder: str) -> None:
    """Bring a run one step on: import, plan, or report. Doing it twice changes nothing."""
    with kept(tools.pool, run_job(run), holder, tools.timing.lease) as is_ours:
        if not is_ours:
            return
        entries = tools.journal.entries(run_stream(msp, run), to_version=1)
        state = tools.journal.state(RUN, run_stream(msp, run)).state
        if not entries or state.requested is None or state.finished is not None:
            return
        origin = tools.origin(correlation=entries[0].correlation_id, causation=entries[0].entry_id)
        connection = tools.journal.state(CONNECTION, connection_stream(msp)).state
        if connection.live is None or connection.live.number != state.requested.connection_number:
            _finish(tools, msp, run, "the connection that it was asked for is gone")
        elif state.requested.kind is RunKind.IMPORT:
            if not state.is_over:
                import_directory(tools, msp, run, state.requested, origin)
        elif state.requested.kind is RunKind.PREVIEW and not state.is_over:
            tools.wait_for_views(tools.journal.head())
            if _ended_since(tools, msp, state.requested):
                _finish(tools, msp, run, f"{state.requested.month} ended meanwhile and is not closed yet")
            else:
                _preview(tools, msp, entries[0], origin)
        elif state.planned is None and not state.is_over:
            if tools.wait_for_views(tools.journal.head()):
                tools.journal.transact(lambda reader: _plan(tools, reader, msp, run), origin)
        elif tools.wait_for_views(tools.journal.head()) and not _is_waiting(tools, run):
            _finish(tools, msp, run, None)
        tools.wait_for_views(tools.journal.head())


def _ended_since(tools: Tools, msp: MspId, requested: RunRequested) -> bool:
    """Whether a month that was open when the run was asked for is over by now, and its lines are not known yet."""
    month = requested.month
    if month is None or month != BillingMonth.of(requested.requested_at) or month.ends_at > tools.journal.now():
        return False
    final = final_run(msp, requested.connection_number, month)
    return tools.journal.state(RUN, run_stream(msp, final)).state.planned is None


def _plan(tools: Tools, reader: Reader, msp: MspId, run: RunId) -> Sequence[Change]:
    folded = reader.state(RUN, run_stream(msp, run))
    connection = reader.state(CONNECTION, connection_stream(msp)).state
    requested = folded.state.requested
    if requested is None or connection.live is None:
        return ()
    if requested.kind is RunKind.UNDO:
        planned = RunPlanned(_undo_lines(reader, msp, connection, requested), None)
    elif requested.digest is not None:
        planned = RunPlanned(_previewed_lines(tools, reader, msp, requested.digest), requested.digest)
    else:
        lines = _lines(tools, reader, msp, connection, requested)
        planned = RunPlanned(
            tuple(PlannedLine(agreement, product, LineAction.WRITE) for agreement, product in sorted(lines)), None
        )
    facts = plan_run(folded.state, planned)
    return (Change(run_stream(msp, run), facts),)


def _preview(tools: Tools, msp: MspId, requested: Entry[RunRequested], origin: Origin) -> None:
    """Work out every line and record plan and end together."""
    stream = requested.stream
    connection = tools.journal.state(CONNECTION, connection_stream(msp)).state
    planned: tuple[PlannedLine, ...] = ()

    def look(reader: Reader) -> Sequence[Change]:
        nonlocal planned
        if requested.fact.undoes is not None:
            planned = _undo_lines(reader, msp, connection, requested.fact)
        else:
            lines = _lines(tools, reader, msp, connection, requested.fact)
            planned = tuple(PlannedLine(*line, LineAction.WRITE) for line in sorted(lines))
        return ()

    tools.journal.transact(look, origin)
    refused = [line for line in planned if line.action is LineAction.REFUSE]
    asked = [line for line in planned if line.action is not LineAction.REFUSE]
    shown = preview_lines(tools, msp, connection, requested, asked)
    lines = tuple(sorted((*shown, *refused), key=lambda line: (line.agreement, line.product)))
    result = RunPlanned(lines, digest_of(requested.fact, lines))
    counts = dict(Counter(line.action.value for line in lines))
    if len(shown) < len(asked):
        counts[LineOutcome.NOT_STARTED.value] = len(asked) - len(shown)

    def decide(reader: Reader) -> Sequence[Change]:
        state = reader.state(RUN, stream).state
        facts = plan_run(state, result)
        for fact in facts:
            state = RUN.evolve(state, fact)
        return (Change(stream, (*facts, *finish_run(state, counts))),)

    tools.journal.transact(decide, origin)


def _lines(tools: Tools, reader: Reader, msp: MspId, connection: ConnectionState, requested: RunRequested) -> set[Line]:
    """The additions that the organizations in scope bill on in the month, as mapped now or at its close."""
    assert connection.live is not None
    wanted = requested.organizations
    now = BillingMonth.of(reader.now)
    month = requested.month or now
    with tools.pool.connection() as database:
        rows = database.execute("SELECT organization FROM organizations WHERE msp = %s ORDER BY 1", (msp,)).fetchall()
    organizations = [OrganizationId(row[0]) for row in rows if wanted is None or row[0] in wanted]
    states = reader.states(ORGANIZATION, [organization_stream(msp, one) for one in organizations], guard=False)
    mappings = reader.states(COMPANY_MAPPING, [company_mapping_stream(msp, one) for one in organizations], guard=False)
    terms = product_terms(connection)
    lines: set[Line] = set()
    agreements: set[PsaAgreementId] = set()
    for one in organizations:
        state = states[organization_stream(msp, one)].state
        if month < now:
            closed = state.closed_months.get(month)
            if closed is not None and closed.agreement is not None and _is_same_tenant(tools, msp, connection, closed):
                lines.update((closed.agreement, usage.product) for usage in closed.products)
            continue
        mapped = current_mapping(mappings[company_mapping_stream(msp, one)].state, connection.live.number)
        if mapped is not None:
            agreements.add(mapped.agreement)
            lines.update((mapped.agreement, usage.product) for usage in usage_of_month(state, month, terms)[0])
    return lines | outlived_lines(tools.pool, reader, msp, connection, agreements)


def _is_same_tenant(tools: Tools, msp: MspId, connection: ConnectionState, closed: MonthUsage) -> bool:
    """Whether a month was closed for the ConnectWise that is connected now; ids of another one mean nothing in it."""
    assert connection.live is not None
    if closed.connection_number == connection.live.number:
        return True
    then = CONNECTION.initial
    for entry in tools.journal.entries(connection_stream(msp), to_version=closed.connection_version):
        then = CONNECTION.evolve(then, entry.fact)
    return then.live is not None and then.live.tenant == connection.live.tenant


def _previewed_lines(tools: Tools, reader: Reader, msp: MspId, digest: str) -> tuple[PlannedLine, ...]:
    """The lines of the preview that somebody confirmed, with the numbers that were shown."""
    with tools.pool.connection() as database:
        row = database.execute(
            "SELECT run FROM runs WHERE msp = %s AND kind = 'PREVIEW' AND digest = %s"
            " ORDER BY requested_at DESC LIMIT 1",
            (msp, digest),
        ).fetchone()
    if row is None:
        return ()
    preview = reader.state(RUN, run_stream(msp, RunId(row[0])), guard=False).state
    return preview.planned.lines if preview.planned is not None else ()


def _undo_lines(
    reader: Reader, msp: MspId, connection: ConnectionState, requested: RunRequested
) -> tuple[PlannedLine, ...]:
    """What the undone run wrote, line by line; a line that can not be undone is listed with the reason."""
    assert connection.live is not None
    assert requested.undoes is not None
    undone = reader.state(RUN, run_stream(msp, requested.undoes), guard=False).state
    lines = undone.planned.lines if undone.planned is not None else ()
    streams = {
        line: addition_stream(msp, connection.live.tenant, line.agreement, line.product)
        for line in lines
        if line.action is not LineAction.REFUSE
    }
    states = reader.states(ADDITION, list(streams.values()), guard=False)
    found = []
    for line, stream in streams.items():
        state = states[stream].state
        numbers = undo_of(state, requested.undoes)
        if isinstance(numbers, str):
            found.append(PlannedLine(line.agreement, line.product, LineAction.REFUSE, problem=numbers))
        else:
            target, base = numbers
            found.append(
                PlannedLine(line.agreement, line.product, LineAction.WRITE, wrote=state.wrote, base=base, target=target)
            )
    return tuple(found)


def _is_waiting(tools: Tools, run: RunId) -> bool:
    with tools.pool.connection() as connection:
        found = connection.execute("SELECT 1 FROM due_pushes WHERE run = %s AND state = 'DUE' LIMIT 1", (run,))
        return found.fetchone() is not None


def _finish(tools: Tools, msp: MspId, run: RunId, problem: str | None) -> None:
    """Record the end. The caller has seen that no line of the run is due any more."""

    def decide(reader: Reader) -> Sequence[Change]:
        folded = reader.state(RUN, run_stream(msp, run))
        outcomes = _outcomes(tools, reader, msp, run, folded.state)
        counts = {outcome.value: count for outcome, count in sorted(outcomes.items())}
        return (Change(run_stream(msp, run), finish_run(folded.state, counts, problem)),)

    entries = tools.journal.entries(run_stream(msp, run), to_version=1)
    origin = tools.origin(correlation=entries[0].correlation_id, causation=entries[0].entry_id)
    tools.journal.transact(decide, origin)


def _outcomes(tools: Tools, reader: Reader, msp: MspId, run: RunId, state: RunState) -> Counter[LineOutcome]:
    """How each line ended, by the additions of the ConnectWise that the run was asked for, connected still or not."""
    lines = state.planned.lines if state.planned is not None else ()
    if state.requested is None or not lines:
        return Counter()
    tenant = _tenant_of(tools, msp, state.requested.connection_number)
    streams = [addition_stream(msp, tenant, line.agreement, line.product) for line in lines]
    states = reader.states(ADDITION, streams, guard=False)
    return Counter(
        LineOutcome.REFUSED if line.action is LineAction.REFUSE else _outcome(states[stream].state, run)
        for line, stream in zip(lines, streams, strict=True)
    )


def _outcome(state: AdditionState, run: RunId) -> LineOutcome:
    if state.open is not None and state.open.run == run:
        return LineOutcome.UNKNOWN  # the run ended with its connection, before anybody could look
    return state.outcomes.get(run, LineOutcome.NOT_STARTED)


def _tenant_of(tools: Tools, msp: MspId, connection_number: int) -> Tenant:
    return next(
        entry.fact.tenant
        for entry in tools.journal.entries(connection_stream(msp))
        if isinstance(entry.fact, Connected) and entry.fact.number == connection_number
    )
