"""A ledger on a clean database: the journal of the real facts, and the tables of all views.

One database serves all these tests, emptied before each: that takes a tenth of the time of a new one.
"""

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from journal.application import Journal
from journal.migrate import migrate
from journal.registry import CODEC
from projections.follower import ledger_steps


@pytest.fixture(scope="session")
def migrated_ledger(postgres: str, template: str) -> Iterator[str]:
    """The URL of a database with all tables of the ledger."""
    name = Identifier(f"psa_ledger_views_{os.getpid()}")
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(name, Identifier(template)))
        url = make_conninfo(postgres, dbname=name.as_string().strip('"'))
        try:
            migrate(url, ledger_steps())
            yield url
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def ledger(migrated_ledger: str) -> str:
    """The URL of a ledger in which nothing happened yet."""
    with psycopg.connect(migrated_ledger, autocommit=True) as connection:
        tables = [
            Identifier(table)
            for (table,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_steps'"
            )
        ]
        # Facts refuse to be deleted; only a replica's role passes by their trigger.
        connection.execute("SET session_replication_role = replica")
        connection.execute(SQL("TRUNCATE {}").format(SQL(", ").join(tables)))
    return migrated_ledger


@pytest.fixture
def journal(ledger: str) -> Iterator[Journal]:
    with Journal(ledger, CODEC) as opened:
        yield opened
