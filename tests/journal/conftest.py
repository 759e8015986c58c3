"""A journal of the sample aggregates on a fresh database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from journal.application import Journal
from tests.journal.sample import CODEC


@pytest.fixture
def open_journal(database: str) -> Iterator[Callable[..., Journal]]:
    """Opens further journals on the same database, as other processes would."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Journal(database, CODEC, **options))


@pytest.fixture
def journal(open_journal: Callable[..., Journal]) -> Journal:
    return open_journal()
