"""An import: read the chosen companies and their agreements from the PSA into the directory, then record it.

Reading is complete or it fails; nothing is marked as gone after an incomplete read. A crash in the middle leaves a
directory that the same run, started again, completes.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

from connectwise.client import ReadingClient
from connectwise.errors import PsaError
from connectwise.shapes import Agreement, Company
from domain.connection import CONNECTION, CompaniesImported, record_import
from domain.run import RUN, RunPlanned, RunRequested, finish_run, plan_run
from domain.streams import connection_stream, run_stream
from domain.values import MspId, RunId
from journal.entry import Origin
from journal.reader import Change, Reader
from projections.directory import (
    DirectoryAgreement,
    DirectoryCompany,
    Import,
    ImportCounts,
    count_vanished,
    finish_import,
    store_agreements,
    store_companies,
)
from workers.pool import lasting
from workers.tools import Tools

T = TypeVar("T")
ROWS_PER_STATEMENT = 1_000


def import_directory(tools: Tools, msp: MspId, run: RunId, requested: RunRequested, origin: Origin) -> None:
    """Carry out an import run. What ConnectWise refuses ends the run with its words; the old directory stays."""
    chosen = requested.import_filter
    under = Import(msp, requested.connection_number, run)
    types, statuses = (chosen.types, chosen.statuses) if chosen is not None else ((), ())
    try:
        client = tools.clients.reading(msp, requested.connection_number)
        companies = client.companies(types, statuses)
        agreements = _agreements(client, companies, is_everything=not types and not statuses)
    except PsaError as error:
        _finish(tools, msp, run, origin, problem=str(error))
        return
    with tools.pool.connection() as connection, lasting(connection):
        for some in _batches(companies):
            store_companies(connection, under, [_listed_company(company) for company in some])
        for some_agreements in _batches(agreements):
            store_agreements(connection, under, [_listed_agreement(agreement) for agreement in some_agreements])
        counts = finish_import(connection, under)
        vanished = count_vanished(connection, under)
    imported = CompaniesImported(
        run, types, statuses, counts.companies, counts.agreements, counts.new, counts.changed, counts.gone
    )
    _finish(tools, msp, run, origin, outcomes=_as_outcomes(counts, vanished), imported=imported)


def _agreements(client: ReadingClient, companies: Sequence[Company], *, is_everything: bool) -> tuple[Agreement, ...]:
    known = {company.id for company in companies}
    found = client.agreements(None if is_everything else sorted(known))
    return tuple(agreement for agreement in found if agreement.company_id in known)


def _as_outcomes(counts: ImportCounts, vanished: int) -> dict[str, int]:
    """`vanished` counts organizations mapped to what is not listed any more."""
    return {
        "companies": counts.companies,
        "agreements": counts.agreements,
        "new": counts.new,
        "changed": counts.changed,
        "gone": counts.gone,
        "vanished": vanished,
    }


def _finish(
    tools: Tools,
    msp: MspId,
    run: RunId,
    origin: Origin,
    *,
    outcomes: Mapping[str, int] = MappingProxyType({}),
    problem: str | None = None,
    imported: CompaniesImported | None = None,
) -> None:
    def decide(reader: Reader) -> Sequence[Change]:
        connection = reader.state(CONNECTION, connection_stream(msp)).state
        state = reader.state(RUN, run_stream(msp, run)).state
        planned = plan_run(state, RunPlanned((), None))
        for fact in planned:
            state = RUN.evolve(state, fact)
        changes = [Change(run_stream(msp, run), (*planned, *finish_run(state, dict(outcomes), problem)))]
        if imported is not None and connection.live is not None:
            changes.append(Change(connection_stream(msp), record_import(connection, imported)))
        return changes

    tools.journal.transact(decide, origin)


def _batches(rows: Sequence[T]) -> Iterator[list[T]]:
    remaining = iter(rows)
    while some := list(islice(remaining, ROWS_PER_STATEMENT)):
        yield some


def _listed_company(company: Company) -> DirectoryCompany:
    return DirectoryCompany(
        company=company.id,
        identifier=company.identifier,
        name=company.name,
        status_id=company.status.id if company.status is not None else None,
        status_name=company.status.text if company.status is not None else None,
        type_ids=tuple(each.id for each in company.types),
        type_names=tuple(each.text for each in company.types),
        is_deleted=company.is_deleted,
    )


def _listed_agreement(agreement: Agreement) -> DirectoryAgreement:
    return DirectoryAgreement(
        agreement=agreement.id,
        company=agreement.company_id,
        name=agreement.name,
        status=agreement.status,
        type_name=agreement.type.text if agreement.type is not None else None,
        is_prorated=agreement.is_prorated,
        starts_at=agreement.starts_at,
        ends_at=None if agreement.has_no_end else agreement.ends_at,
        cancelled_at=agreement.cancelled_at,
        bill_starts_at=agreement.bill_starts_at,
        next_invoice_at=agreement.next_invoice_at,
        parent=agreement.parent_id,
        billing_cycle=agreement.billing_cycle.text if agreement.billing_cycle is not None else None,
    )
