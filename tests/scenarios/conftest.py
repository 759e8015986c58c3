"""A whole ledger for each story."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime

import pytest

from tests.scenarios.fresh_ledger import Template, ledger_template
from tests.workers.system import NOON, System, ready_system


@pytest.fixture(scope="session")
def stories(postgres: str) -> Iterator[Template]:
    with ledger_template(postgres) as template:
        yield template


@pytest.fixture
def system_at(stories: Template) -> Iterator[Callable[[datetime], System]]:
    """Opens a system at an instant: the MSP is connected and has Core mapped, licences and servers."""
    with ExitStack() as stack:

        def open_at(at: datetime) -> System:
            return stack.enter_context(ready_system(stack.enter_context(stories.copy()), at))

        yield open_at


@pytest.fixture
def system(system_at: Callable[[datetime], System]) -> System:
    """Noon on 10 November 2026."""
    return system_at(NOON)
