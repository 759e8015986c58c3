"""A system on a database of its own."""

from collections.abc import Iterator

import pytest

from tests.workers.system import System, ready_system


@pytest.fixture
def system(database: str) -> Iterator[System]:
    with ready_system(database) as ready:
        yield ready
