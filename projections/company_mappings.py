"""Which company and agreement each organization bills to, and which organizations are deliberately not billed.

A row is here while the organization is mapped under the live connection's number, or excluded. Disconnecting takes the
mappings away at once; a mapping of an older number never comes back.
"""

from typing import Any

import psycopg

from domain.company_mapping import CompanyMappingState, current_mapping
from domain.connection import CONNECTION, ConnectionState
from domain.streams import StreamKind, connection_stream
from domain.values import MspId
from journal.migrate import Step
from projections.rows import Row, delete, upsert
from projections.view import Folds, Seen

STEPS = (
    Step(
        "projections.company_mappings.0001",
        """
        CREATE TABLE company_mappings (
          msp text NOT NULL,
          organization text NOT NULL,
          connection_number int,
          company bigint,
          company_name text,
          agreement bigint,
          agreement_name text,
          organization_name text,
          mapped_at timestamptz,
          first_mapped_at timestamptz,
          excluded_because text,
          version int NOT NULL,
          position bigint NOT NULL,
          PRIMARY KEY (msp, organization),
          CHECK (connection_number IS NOT NULL OR excluded_because IS NOT NULL)
        );
        CREATE INDEX company_mappings_agreement ON company_mappings (msp, agreement) WHERE agreement IS NOT NULL;
        CREATE INDEX company_mappings_company ON company_mappings (msp, company);
        """,
    ),
)


class CompanyMappings:
    """The view `company_mappings`."""

    name = "company_mappings"
    version = 1
    steps = STEPS
    tables = ("company_mappings",)
    kinds = frozenset({StreamKind.CONNECTION, StreamKind.COMPANY_MAPPING})

    def __init__(self) -> None:
        self._last: dict[tuple[MspId, str], Seen] = {}
        self._live: dict[MspId, int | None] = {}
        self._left: set[MspId] = set()

    def see(self, seen: Seen, folds: Folds) -> None:
        msp = seen.entry.msp
        if seen.entry.stream.kind is StreamKind.CONNECTION:
            before: ConnectionState = seen.before
            after: ConnectionState = seen.after
            self._live[msp] = _live_number(after)
            if _live_number(before) not in (None, self._live[msp]):
                self._left.add(msp)
        elif seen.entry.stream.kind is StreamKind.COMPANY_MAPPING:
            self._last[(msp, seen.entry.stream.key[0])] = seen
            if msp not in self._live:
                self._live[msp] = _live_number(folds.state(CONNECTION, connection_stream(msp)))

    def write(self, connection: psycopg.Connection[Any]) -> None:
        if self._left:
            connection.execute(
                "DELETE FROM company_mappings WHERE msp = ANY(%s) AND excluded_because IS NULL", (sorted(self._left),)
            )
        rows: list[Row] = []
        gone: list[Row] = []
        for (msp, organization), seen in self._last.items():
            row = _row(organization, seen, self._live[msp])
            if row is None:
                gone.append({"msp": msp, "organization": organization})
            else:
                rows.append(row)
        delete(connection, "company_mappings", gone)
        upsert(connection, "company_mappings", ("msp", "organization"), rows)
        self._last.clear()
        self._live.clear()
        self._left.clear()


def _live_number(state: ConnectionState) -> int | None:
    return state.live.number if state.live is not None else None


def _row(organization: str, seen: Seen, live_number: int | None) -> Row | None:
    """What stands for an organization under the live number; none when it is neither mapped nor excluded."""
    state: CompanyMappingState = seen.after
    mapped = current_mapping(state, live_number) if live_number is not None else None
    if mapped is None and state.excluded_because is None:
        return None
    return {
        "msp": seen.entry.msp,
        "organization": organization,
        "connection_number": mapped and mapped.connection_number,
        "company": mapped and mapped.company,
        "company_name": mapped and mapped.company_name,
        "agreement": mapped and mapped.agreement,
        "agreement_name": mapped and mapped.agreement_name,
        "organization_name": mapped and mapped.organization_name,
        "mapped_at": mapped and mapped.mapped_at,
        "first_mapped_at": state.first_mapped_at if mapped is not None else None,
        "excluded_because": state.excluded_because,
        "version": seen.entry.version,
        "position": seen.entry.position,
    }
