"""A PostgreSQL for the whole session, and a fresh migrated database for every test that asks for one.

`PSA_LEDGER_TEST_DATABASE_URL` names a server to use instead of the embedded one (its user may create databases).
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from api.rate_tables import RATE_STEPS
from journal.migrate import migrate
from journal.postgres import EmbeddedPostgres
from projections.follower import ledger_steps
from workers.tables import WORKER_STEPS

# What one example of a property takes says as much about what else runs on the machine as about the property.
settings.register_profile("without a stopwatch", deadline=None)
settings.load_profile("without a stopwatch")

TEMPLATE = f"psa_ledger_template_{os.getpid()}"
_NUMBERS = itertools.count(1)


@contextmanager
def _new_database(server: str, name: str, template: str = "template0") -> Iterator[str]:
    """Create a database, a file-wise copy of the template, for as long as the context lasts."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(Identifier(name), Identifier(template))
        )
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server in which tests may create databases; stopped when the session ends, in whatever way."""
    given = os.environ.get("PSA_LEDGER_TEST_DATABASE_URL")
    if given:
        yield given
        return
    directory = Path(tempfile.mkdtemp(prefix="psa-ledger-tests-"))
    try:
        with EmbeddedPostgres(directory, durable=False) as server:
            yield server.url
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """The name of a migrated database to copy from."""
    with _new_database(postgres, TEMPLATE) as url:
        migrate(url, (*ledger_steps(), *WORKER_STEPS, *RATE_STEPS))
        yield TEMPLATE


@pytest.fixture
def database(postgres: str, template: str) -> Iterator[str]:
    """The URL of a fresh database with all tables of the ledger."""
    with _new_database(postgres, f"psa_ledger_{os.getpid()}_{next(_NUMBERS)}", template) as url:
        yield url


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    with _new_database(postgres, f"psa_ledger_{os.getpid()}_{next(_NUMBERS)}") as url:
        yield url
