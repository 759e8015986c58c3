"""A PostgreSQL for the whole session, and a fresh migrated database for every test that asks for one.

`PSA_LEDGER_TEST_DATABASE_URL` names a server to use instead of the embedded one (its user may create databases).
"""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from journal.postgres import EmbeddedPostgres
from tests.databases import Template, migrated_template, new_database, server_directory

# What one example of a property takes says as much about what else runs on the machine as about the property.
settings.register_profile("without a stopwatch", deadline=None)
settings.load_profile("without a stopwatch")

LONG = tuple(f"tests/{room}/" for room in ("torture", "cli", "hostile", "model", "syncing"))


def pytest_configure() -> None:
    """Being told to end is like Ctrl-C: what tests have started is stopped first."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, or one of several processes is left with them when the others are done."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server in which tests may create databases; stopped when the session ends, in whatever way."""
    given = os.environ.get("PSA_LEDGER_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with server_directory() as directory, EmbeddedPostgres(directory, durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[Template]:
    """A migrated database to copy from."""
    with migrated_template(postgres) as migrated:
        yield migrated


@pytest.fixture
def database(template: Template) -> Iterator[str]:
    """The URL of a fresh database with all tables of the ledger."""
    with template.copy() as url:
        yield url


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    with new_database(postgres) as url:
        yield url
