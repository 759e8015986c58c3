"""The channel on which dispatchers are told to look again before their next poll."""

from typing import Any

import psycopg

CHANNEL = "psa_ledger_dispatch"


def wake_dispatchers(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
