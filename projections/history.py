"""Every fact by what people search for: when, who, in which role, about what, in which request, caused by what.

The facts themselves stay in the journal; a row holds the position to read them from, and the fact's number among those
of its MSP, which is all that the MSP is shown of its place. Rows are only ever added.
"""

from collections import Counter
from typing import Any, LiteralString, NamedTuple, assert_never

import psycopg

from domain.addition import (
    AdditionCreated,
    AdditionFact,
    AdditionState,
    PushApproved,
    PushFailed,
    PushHeld,
    PushOutcomeUnknown,
    PushRefused,
    PushStarted,
    UsagePushed,
)
from domain.company_mapping import (
    CompanyMapped,
    CompanyMappingFact,
    CompanyMappingState,
    CompanyUnmapped,
)
from domain.connection import (
    CompaniesImported,
    ConnectionFact,
    ConnectionState,
    ProductCreated,
    ProductMapped,
    ProductRuleSet,
    ProductUnmapped,
)
from domain.organization import (
    MonthClosed,
    OrganizationFact,
    UsageCorrected,
)
from domain.streams import StreamKind
from domain.values import MspId
from journal.migrate import Step
from projections.rows import Row, as_json
from projections.view import EVERY_KIND, Folds, Seen

STEPS = (
    Step(
        "projections.history.0001",
        """
        CREATE TABLE history (
          position bigint PRIMARY KEY,
          entry uuid NOT NULL,
          msp text NOT NULL,
          recorded_at timestamptz NOT NULL,
          fact_type text NOT NULL,
          kind text NOT NULL,
          subject text NOT NULL,
          role text NOT NULL,
          organization text,
          agreement bigint,
          product bigint,
          run text,
          request_id text NOT NULL,
          correlation_id text NOT NULL,
          causation uuid,
          stream uuid NOT NULL,
          version int NOT NULL
        );
        CREATE INDEX history_msp ON history (msp, position);
        CREATE INDEX history_fact_type ON history (msp, fact_type, position);
        CREATE INDEX history_subject ON history (msp, subject, position);
        CREATE INDEX history_role ON history (msp, role, position);
        CREATE INDEX history_recorded_at ON history (msp, recorded_at, position);
        CREATE INDEX history_request ON history (msp, request_id, position);
        CREATE INDEX history_organization ON history (msp, organization, position) WHERE organization IS NOT NULL;
        CREATE INDEX history_agreement ON history (msp, agreement, position) WHERE agreement IS NOT NULL;
        CREATE INDEX history_product ON history (msp, product, position) WHERE product IS NOT NULL;
        CREATE INDEX history_run ON history (msp, run, position) WHERE run IS NOT NULL;
        CREATE INDEX history_causation ON history (causation) WHERE causation IS NOT NULL;
        CREATE INDEX history_entry ON history (entry);
        """,
    ),
    Step(
        "projections.history.0002",
        """
        TRUNCATE history;
        ALTER TABLE history ADD COLUMN number bigint NOT NULL;
        COMMENT ON COLUMN history.number IS 'The how manieth fact of its MSP; unlike the position shown to it.';
        DROP INDEX history_msp, history_fact_type, history_subject, history_role, history_recorded_at, history_request,
          history_organization, history_agreement, history_product, history_run;
        CREATE UNIQUE INDEX history_number ON history (msp, number);
        CREATE INDEX history_fact_type ON history (msp, fact_type, number);
        CREATE INDEX history_subject ON history (msp, subject, number);
        CREATE INDEX history_role ON history (msp, role, number);
        CREATE INDEX history_recorded_at ON history (msp, recorded_at, number);
        CREATE INDEX history_request ON history (msp, request_id, number);
        CREATE INDEX history_organization ON history (msp, organization, number) WHERE organization IS NOT NULL;
        CREATE INDEX history_agreement ON history (msp, agreement, number) WHERE agreement IS NOT NULL;
        CREATE INDEX history_product ON history (msp, product, number) WHERE product IS NOT NULL;
        CREATE INDEX history_run ON history (msp, run, number) WHERE run IS NOT NULL;
        """,
    ),
)


class History:
    """The view `history`."""

    name = "history"
    version = 2
    steps = STEPS
    tables = ("history",)
    kinds = EVERY_KIND

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._seen: Counter[MspId] = Counter()

    def see(self, seen: Seen, folds: Folds) -> None:
        entry = seen.entry
        about = what_it_is_about(seen)
        self._seen[entry.msp] += 1
        self._rows.append(
            {
                "number": self._seen[entry.msp],
                "position": entry.position,
                "entry": entry.entry_id,
                "msp": entry.msp,
                "recorded_at": entry.recorded_at,
                "fact_type": entry.fact_type,
                "kind": entry.stream.kind,
                "subject": entry.actor.subject,
                "role": entry.actor.role,
                "organization": about.organization,
                "agreement": about.agreement,
                "product": about.product,
                "run": about.run,
                "request_id": entry.request_id,
                "correlation_id": entry.correlation_id,
                "causation": entry.causation_id,
                "stream": seen.stream_id,
                "version": entry.version,
            }
        )

    def write(self, connection: psycopg.Connection[Any]) -> None:
        if self._rows:
            connection.execute(_INSERT, (list(self._seen), as_json(self._rows)))
        self._rows.clear()
        self._seen.clear()


_COLUMNS: LiteralString = (
    "position, entry, msp, recorded_at, fact_type, kind, subject, role, organization, agreement, product, run,"
    " request_id, correlation_id, causation, stream, version"
)
_INSERT: LiteralString = f"""
WITH reached AS (
  SELECT asked.msp, newest.number FROM unnest(%s::text[]) AS asked (msp)
   CROSS JOIN LATERAL (SELECT h.number FROM history h WHERE h.msp = asked.msp ORDER BY h.number DESC LIMIT 1) AS newest
)
INSERT INTO history ({_COLUMNS}, number)
SELECT {_COLUMNS}, coalesce(reached.number, 0) + given.number
  FROM json_populate_recordset(NULL::history, %s::json) AS given LEFT JOIN reached USING (msp)
"""  # noqa: S608 - our own constants
"""A row is given with its number in the batch; how far its MSP had come before is found without a round trip."""


class About(NamedTuple):
    """What a fact is found under. A fact about several of a kind is found under none of that kind."""

    organization: str | None = None
    agreement: int | None = None
    product: int | None = None
    run: str | None = None


def what_it_is_about(seen: Seen) -> About:
    """Tell the organization, agreement, product and run that a fact concerns, by its stream and its content."""
    match seen.entry.stream.kind:
        case StreamKind.ORGANIZATION:
            return _of_organization(seen.entry.fact, seen.entry.stream.key[0])
        case StreamKind.COMPANY_MAPPING:
            return _of_company_mapping(seen.entry.fact, seen.before, seen.entry.stream.key[0])
        case StreamKind.ADDITION:
            return _of_addition(seen.entry.fact, seen.before, *seen.entry.stream.key[2:])
        case StreamKind.CONNECTION:
            return _of_connection(seen.entry.fact, seen.before)
        case StreamKind.RUN:
            return About(run=seen.entry.stream.key[0])
        case kind:
            assert_never(kind)


def _of_organization(fact: OrganizationFact, organization: str) -> About:
    match fact:
        case MonthClosed() | UsageCorrected():
            return About(organization, fact.agreement)
        case _:
            return About(organization)


def _of_company_mapping(fact: CompanyMappingFact, before: CompanyMappingState, organization: str) -> About:
    match fact:
        case CompanyMapped():
            return About(organization, fact.agreement)
        case CompanyUnmapped():
            return About(organization, before.mapped.agreement if before.mapped is not None else None)
        case _:
            return About(organization)


def _of_addition(fact: AdditionFact, before: AdditionState, agreement: str, product: str) -> About:
    run = before.open.run if before.open is not None else None
    match fact:
        case PushStarted():
            single = fact.contributions[0].organization if len(fact.contributions) == 1 else None
            return About(single, int(agreement), int(product), fact.run)
        case PushHeld() | PushRefused():
            return About(None, int(agreement), int(product), fact.run)
        case PushApproved():
            held_for = before.held.run if before.held is not None else None
            return About(None, int(agreement), int(product), held_for)
        case UsagePushed() | PushFailed() | PushOutcomeUnknown() | AdditionCreated():
            contributions = before.open.contributions if before.open is not None else ()
            single = contributions[0].organization if len(contributions) == 1 else None
            return About(single, int(agreement), int(product), run)
        case _:
            return About(None, int(agreement), int(product))  # An addition's facts are about it, if about nothing more.


def _of_connection(fact: ConnectionFact, before: ConnectionState) -> About:
    match fact:
        case ProductMapped() | ProductCreated() | ProductRuleSet():
            return About(product=fact.product)
        case ProductUnmapped():
            mapped = before.products.get(fact.item)
            return About(product=mapped.product if mapped is not None else None)
        case CompaniesImported():
            return About(run=fact.run)
        case _:
            return About()
