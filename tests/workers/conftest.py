"""A migrated database with every table of the ledger, and a system on it."""

from collections.abc import Iterator

import pytest

from journal.migrate import migrate
from projections.follower import ledger_steps
from tests.workers.system import System, ready_system
from workers.tables import WORKER_STEPS


@pytest.fixture
def system(empty_database: str) -> Iterator[System]:
    migrate(empty_database, (*ledger_steps(), *WORKER_STEPS))
    with ready_system(empty_database) as ready:
        yield ready
