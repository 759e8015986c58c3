"""A ledger on a fresh database: the journal of the real facts, and the tables of all views."""

from collections.abc import Iterator

import pytest

from journal.application import Journal
from journal.migrate import migrate
from journal.registry import CODEC
from projections.follower import ledger_steps


@pytest.fixture
def ledger(database: str) -> str:
    """The URL of a database with all tables of the ledger."""
    migrate(database, ledger_steps())
    return database


@pytest.fixture
def journal(ledger: str) -> Iterator[Journal]:
    with Journal(ledger, CODEC) as opened:
        yield opened
