"""Closing a month: fix the usage of every organization, then ask for the finals (design §5).

What is to be closed is worked out from facts each time, so a close that was interrupted goes on where it stopped, and
one that is asked for twice changes nothing. Months are closed oldest first; a later one waits for an earlier one.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID, uuid5

from domain.company_mapping import COMPANY_MAPPING
from domain.connection import CONNECTION
from domain.month_close import ClosedUnder, agreement_at_close, close_organization_month, months_to_close
from domain.organization import ORGANIZATION
from domain.run import RUN, LineAction, PlannedLine, RunKind, RunPlanned, RunRequested, plan_run, request_run
from domain.streams import company_mapping_stream, connection_stream, organization_stream, run_stream
from domain.values import (
    BillingMonth,
    MspId,
    OrganizationId,
    PsaAgreementId,
    PsaProductId,
    RunId,
)
from journal.entry import Origin
from journal.reader import Change, Reader
from workers.outlived import outlived_lines
from workers.tools import Tools

FINAL_RUNS = UUID("3c8f0c6e-7a55-5f0a-8a6b-0d2f5f6d7e10")
ORGANIZATIONS_PER_SAVE = 100
"""Short appends keep other writers moving; a close of thousands of organizations is many of them."""


def final_run(msp: MspId, connection_number: int, month: BillingMonth) -> RunId:
    """The one run that writes a month's finals: named by what it is, so that it exists once."""
    return RunId(str(uuid5(FINAL_RUNS, f"{msp}/{connection_number}/{month}")))


def close_months(tools: Tools, msp: MspId) -> None:
    """Close every month of an MSP that is due, and ask for its finals. Nothing while the views lag behind."""
    if not tools.wait_for_views(tools.journal.head()):
        return  # an organization that the views do not show yet would be left out for ever; dispatched again
    state = tools.journal.state(CONNECTION, connection_stream(msp)).state
    for month in months_to_close(state, tools.journal.now()):
        assert state.live is not None
        run = final_run(msp, state.live.number, month)
        if tools.journal.state(RUN, run_stream(msp, run)).state.planned is not None:
            continue
        origin = tools.origin(correlation=f"close-{month}", causation=None)
        organizations = _organizations(tools, msp)
        for some in _batches(organizations):
            _close(tools, msp, month, some, origin)
        _ask_for_finals(tools, msp, month, organizations, origin)


def _organizations(tools: Tools, msp: MspId) -> list[OrganizationId]:
    with tools.pool.connection() as connection:
        rows = connection.execute("SELECT organization FROM organizations WHERE msp = %s ORDER BY 1", (msp,))
        return [OrganizationId(row[0]) for row in rows]


def _batches(organizations: Sequence[OrganizationId]) -> Iterator[list[OrganizationId]]:
    remaining = iter(organizations)
    while some := list(islice(remaining, ORGANIZATIONS_PER_SAVE)):
        yield some


def _close(
    tools: Tools, msp: MspId, month: BillingMonth, organizations: Sequence[OrganizationId], origin: Origin
) -> None:
    """One atomic save; each organization is closed by the connection and mapping versions of that very moment."""

    def decide(reader: Reader) -> Sequence[Change]:
        connection = reader.state(CONNECTION, connection_stream(msp))
        mappings = reader.states(COMPANY_MAPPING, [company_mapping_stream(msp, one) for one in organizations])
        states = reader.states(ORGANIZATION, [organization_stream(msp, one) for one in organizations])
        changes = []
        for one in organizations:
            mapping = mappings[company_mapping_stream(msp, one)]
            under = ClosedUnder(connection.state, connection.version, mapping.state, mapping.version)
            stream = organization_stream(msp, one)
            changes.append(Change(stream, close_organization_month(states[stream].state, month, under, reader.now)))
        return changes

    tools.journal.transact(decide, origin)


def _ask_for_finals(
    tools: Tools,
    msp: MspId,
    month: BillingMonth,
    organizations: Sequence[OrganizationId],
    origin: Origin,
) -> None:
    """Request and plan the finals in one save: one line per addition that some organization closed on."""

    def decide(reader: Reader) -> Sequence[Change]:
        connection = reader.state(CONNECTION, connection_stream(msp)).state
        if connection.live is None:
            return ()
        stream = run_stream(msp, final_run(msp, connection.live.number, month))
        folded = reader.state(RUN, stream)
        lines: set[tuple[PsaAgreementId, PsaProductId]] = set()
        # Closed months only get corrections, which may add a product; then a later reader sees it anyway.
        states = reader.states(ORGANIZATION, [organization_stream(msp, one) for one in organizations], guard=False)
        for organization in states.values():
            closed = organization.state.closed_months.get(month)
            if closed is not None and closed.agreement is not None:
                lines.update((closed.agreement, usage.product) for usage in closed.products)
        mappings = reader.states(COMPANY_MAPPING, [company_mapping_stream(msp, one) for one in organizations])
        agreements = {
            agreement
            for mapping in mappings.values()
            for agreement in (agreement_at_close(mapping.state, connection.live.number, month),)
            if agreement is not None
        }
        lines |= outlived_lines(tools.pool, reader, msp, connection, agreements)
        requested = RunRequested(
            kind=RunKind.FINAL,
            month=month,
            organizations=None,
            digest=None,
            approved=(),
            undoes=None,
            import_filter=None,
            connection_number=connection.live.number,
            requested_at=reader.now,
        )
        planned = RunPlanned(
            tuple(PlannedLine(agreement, product, LineAction.WRITE) for agreement, product in sorted(lines)), None
        )
        facts = request_run(folded.state, requested)
        state = folded.state
        for fact in facts:
            state = RUN.evolve(state, fact)
        return (Change(stream, (*facts, *plan_run(state, planned))),)

    tools.journal.transact(decide, origin)
