"""The companies and agreements that an import found in the PSA: a cache of the PSA, not a view of facts.

The import job stores page by page, under its run's id, and finishes once. Every record remembers in which run it was
last seen and what was new about it then, so an import that is resumed after a crash counts nothing twice. Rows carry
the number of the connection they were read through; readers ask for the live one's.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg

from domain.values import MspId, PsaAgreementId, PsaCompanyId, RunId
from journal.migrate import Step
from projections.names import name_key
from projections.rows import as_json

STEPS = (
    Step(
        "projections.directory.0001",
        """
        CREATE TABLE directory_companies (
          msp text NOT NULL,
          company bigint NOT NULL,
          connection_number int NOT NULL,
          identifier text NOT NULL,
          name text NOT NULL,
          name_key text NOT NULL,
          status_id int,
          status_name text,
          type_ids int[] NOT NULL,
          type_names text[] NOT NULL,
          is_deleted bool NOT NULL,
          is_gone bool NOT NULL,
          seen_run text NOT NULL,
          seen_as text NOT NULL CHECK (seen_as IN ('NEW', 'CHANGED', 'SAME', 'GONE')),
          PRIMARY KEY (msp, company)
        );
        COMMENT ON COLUMN directory_companies.seen_as IS 'What the run in seen_run found out about it.';
        CREATE INDEX directory_companies_name_key
          ON directory_companies (msp, connection_number, name_key text_pattern_ops);
        CREATE INDEX directory_companies_name
          ON directory_companies (msp, connection_number, name, company);

        CREATE TABLE directory_agreements (
          msp text NOT NULL,
          agreement bigint NOT NULL,
          connection_number int NOT NULL,
          company bigint NOT NULL,
          name text NOT NULL,
          status text,
          type_name text,
          is_prorated bool NOT NULL,
          starts_at timestamptz,
          ends_at timestamptz,
          cancelled_at timestamptz,
          bill_starts_at timestamptz,
          next_invoice_at timestamptz,
          parent bigint,
          is_gone bool NOT NULL,
          seen_run text NOT NULL,
          seen_as text NOT NULL CHECK (seen_as IN ('NEW', 'CHANGED', 'SAME', 'GONE')),
          PRIMARY KEY (msp, agreement)
        );
        CREATE INDEX directory_agreements_company ON directory_agreements (msp, company);
        """,
    ),
    Step(
        "projections.directory.0002",
        """
        ALTER TABLE directory_agreements ADD COLUMN billing_cycle text;
        COMMENT ON COLUMN directory_agreements.billing_cycle IS 'By name, as the MSP calls it.';
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class DirectoryCompany:
    """A company as it is listed. Shape: `type_ids` and `type_names` side by side, in the PSA's order."""

    company: PsaCompanyId
    identifier: str
    name: str
    status_id: int | None
    status_name: str | None
    type_ids: tuple[int, ...]
    type_names: tuple[str, ...]
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class DirectoryAgreement:
    """An agreement as it is listed."""

    agreement: PsaAgreementId
    company: PsaCompanyId
    name: str
    status: str | None
    type_name: str | None
    is_prorated: bool
    starts_at: datetime | None
    ends_at: datetime | None
    cancelled_at: datetime | None
    bill_starts_at: datetime | None
    next_invoice_at: datetime | None
    parent: PsaAgreementId | None
    billing_cycle: str | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """Which import is storing: whose, through which connection, and under which run's id."""

    msp: MspId
    connection_number: int
    run: RunId


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What an import found. `companies` and `agreements` are listed now; the others count both together."""

    companies: int
    agreements: int
    new: int
    changed: int
    gone: int


def store_companies(connection: psycopg.Connection[Any], under: Import, companies: Sequence[DirectoryCompany]) -> None:
    """Store a page of companies. A page may come again; where a company stands twice in it, the last counts."""
    rows = {each.company: {**asdict(each), "name_key": name_key(each.name), **_as_seen(under)} for each in companies}
    if rows:
        connection.execute(_STORE_COMPANIES, (as_json(list(rows.values())),))


def store_agreements(
    connection: psycopg.Connection[Any], under: Import, agreements: Sequence[DirectoryAgreement]
) -> None:
    """Store a page of agreements. As `store_companies`."""
    rows = {each.agreement: {**asdict(each), **_as_seen(under)} for each in agreements}
    if rows:
        connection.execute(_STORE_AGREEMENTS, (as_json(list(rows.values())),))


def finish_import(connection: psycopg.Connection[Any], under: Import) -> ImportCounts:
    """Mark what this import did not see as gone, forget what was read through older connections, and count.

    Only after every page was read: a record missing from an incomplete read is not gone. May be called again.
    """
    with connection.transaction():
        for statement in (_FORGET_OLDER_COMPANIES, _FORGET_OLDER_AGREEMENTS):
            connection.execute(statement, (under.msp, under.connection_number))
        for statement in (_MARK_COMPANIES_GONE, _MARK_AGREEMENTS_GONE):
            connection.execute(statement, (under.run, under.msp, under.run))
        row = connection.execute(_COUNT, (under.msp, under.run, under.msp, under.run)).fetchone()
    assert row is not None
    return ImportCounts(*row)


def count_vanished(connection: psycopg.Connection[Any], under: Import) -> int:
    """How many organizations are mapped to a company or an agreement that the directory does not list (any more).

    After `finish_import`: what stands outside its filter counts as well, for it is not seen any more.
    """
    row = connection.execute(_COUNT_VANISHED, (under.msp, under.connection_number)).fetchone()
    assert row is not None
    return int(row[0])


def _as_seen(under: Import) -> dict[str, object]:
    return {
        "msp": under.msp,
        "connection_number": under.connection_number,
        "is_gone": False,
        "seen_run": under.run,
        "seen_as": "NEW",
    }


def _store(table: LiteralString, key: LiteralString, content: tuple[LiteralString, ...]) -> LiteralString:
    """Insert as NEW; over a row of this connection as CHANGED or SAME, keeping what this very run said before."""
    columns = (*content, "msp", key, "connection_number", "is_gone", "seen_run", "seen_as")
    listed = ", ".join(columns)
    old, new = ", ".join(f"old.{name}" for name in content), ", ".join(f"excluded.{name}" for name in content)
    return f"""
INSERT INTO {table} AS old ({listed}) SELECT {listed} FROM json_populate_recordset(NULL::{table}, %s::json)
    ON CONFLICT (msp, {key}) DO UPDATE SET
       {", ".join(f"{name} = excluded.{name}" for name in content)},
       connection_number = excluded.connection_number, is_gone = false, seen_run = excluded.seen_run,
       seen_as = CASE
         WHEN old.connection_number <> excluded.connection_number OR old.seen_as = 'GONE' THEN 'NEW'
         WHEN old.seen_run = excluded.seen_run AND old.seen_as = 'NEW' THEN 'NEW'
         WHEN ({old}) IS DISTINCT FROM ({new}) THEN 'CHANGED'
         WHEN old.seen_run = excluded.seen_run THEN old.seen_as
         ELSE 'SAME' END
"""  # noqa: S608 - this module's own names


_STORE_COMPANIES = _store(
    "directory_companies",
    "company",
    ("identifier", "name", "name_key", "status_id", "status_name", "type_ids", "type_names", "is_deleted"),
)
_STORE_AGREEMENTS = _store(
    "directory_agreements",
    "agreement",
    (
        "company",
        "name",
        "status",
        "type_name",
        "is_prorated",
        "starts_at",
        "ends_at",
        "cancelled_at",
        "bill_starts_at",
        "next_invoice_at",
        "parent",
        "billing_cycle",
    ),
)

_FORGET_OLDER_COMPANIES = "DELETE FROM directory_companies WHERE msp = %s AND connection_number <> %s"
_FORGET_OLDER_AGREEMENTS = "DELETE FROM directory_agreements WHERE msp = %s AND connection_number <> %s"
_MARK_COMPANIES_GONE = """
UPDATE directory_companies SET is_gone = true, seen_as = 'GONE', seen_run = %s
 WHERE msp = %s AND seen_run <> %s AND NOT is_gone
"""
_MARK_AGREEMENTS_GONE = """
UPDATE directory_agreements SET is_gone = true, seen_as = 'GONE', seen_run = %s
 WHERE msp = %s AND seen_run <> %s AND NOT is_gone
"""
VANISHED: LiteralString = """
(m.agreement IS NOT NULL
 AND EXISTS (SELECT 1 FROM directory_companies d
              WHERE d.msp = m.msp AND d.connection_number = m.connection_number)
 AND NOT (EXISTS (SELECT 1 FROM directory_companies c
                   WHERE c.msp = m.msp AND c.company = m.company AND c.connection_number = m.connection_number
                     AND NOT c.is_gone AND NOT c.is_deleted)
          AND EXISTS (SELECT 1 FROM directory_agreements a
                       WHERE a.msp = m.msp AND a.agreement = m.agreement AND a.connection_number = m.connection_number
                         AND NOT a.is_gone)))
"""
"""Of a row m of `company_mappings`: its company or agreement is not in the directory of its connection (any more).

Nothing has vanished before a first import through the connection.
"""

_COUNT_VANISHED = (
    f"SELECT count(*) FROM company_mappings m WHERE m.msp = %s AND m.connection_number = %s AND {VANISHED}"  # noqa: S608 - this module's own text
)
_COUNT = """
SELECT count(*) FILTER (WHERE is_company AND NOT is_gone), count(*) FILTER (WHERE NOT is_company AND NOT is_gone),
       count(*) FILTER (WHERE seen_as = 'NEW'), count(*) FILTER (WHERE seen_as = 'CHANGED'),
       count(*) FILTER (WHERE seen_as = 'GONE')
  FROM (SELECT true AS is_company, is_gone, seen_as FROM directory_companies WHERE msp = %s AND seen_run = %s
        UNION ALL
        SELECT false, is_gone, seen_as FROM directory_agreements WHERE msp = %s AND seen_run = %s) AS seen
"""
