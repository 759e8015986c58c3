"""One row per MSP that ever connected: its live connection, status, settings and what needs attention.

What belongs to a connection is null while the MSP is not connected; the number of the newest one and the settings stay.
"""

from typing import Any

import psycopg

from domain.connection import ConnectionState
from domain.streams import StreamKind
from domain.values import MspId
from journal.migrate import Step
from projections.rows import Row, upsert
from projections.view import Folds, Seen

STEPS = (
    Step(
        "projections.connections.0001",
        """
        CREATE TABLE connections (
          msp text PRIMARY KEY,
          version int NOT NULL,
          position bigint NOT NULL,
          status text NOT NULL,
          number int NOT NULL,
          site text,
          company_id text,
          site_url text,
          company_name text,
          key_hint text,
          connected_at timestamptz,
          products_mapped_at timestamptz,
          has_products bool NOT NULL,
          is_confirmed bool NOT NULL,
          attention_reason text,
          attention_detail text,
          hold_days int NOT NULL,
          drift_policy text NOT NULL,
          drop_guard_percent int NOT NULL,
          drop_guard_units int NOT NULL,
          parallel_requests int NOT NULL,
          changed_at timestamptz NOT NULL
        );
        """,
    ),
)


class Connections:
    """The view `connections`."""

    name = "connections"
    version = 1
    steps = STEPS
    tables = ("connections",)
    kinds = frozenset({StreamKind.CONNECTION})

    def __init__(self) -> None:
        self._last: dict[MspId, Seen] = {}

    def see(self, seen: Seen, folds: Folds) -> None:
        if seen.entry.stream.kind is StreamKind.CONNECTION:
            self._last[seen.entry.msp] = seen

    def write(self, connection: psycopg.Connection[Any]) -> None:
        upsert(connection, "connections", ("msp",), [_row(seen) for seen in self._last.values()])
        self._last.clear()


def _row(seen: Seen) -> Row:
    state: ConnectionState = seen.after
    live, attention, settings = state.live, state.attention, state.settings
    return {
        "msp": seen.entry.msp,
        "version": seen.entry.version,
        "position": seen.entry.position,
        "status": state.status,
        "number": state.number,
        "site": live and live.tenant.site,
        "company_id": live and live.tenant.company_id,
        "site_url": live and live.site_url,
        "company_name": live and live.company_name,
        "key_hint": live and live.key_hint,
        "connected_at": live and live.connected_at,
        "products_mapped_at": state.products_mapped_at,
        "has_products": bool(state.products),
        "is_confirmed": state.is_confirmed,
        "attention_reason": attention and attention.reason,
        "attention_detail": attention and attention.detail,
        "hold_days": settings.hold_days,
        "drift_policy": settings.drift_policy,
        "drop_guard_percent": settings.drop_guard_percent,
        "drop_guard_units": settings.drop_guard_units,
        "parallel_requests": settings.parallel_requests,
        "changed_at": seen.entry.recorded_at,
    }
