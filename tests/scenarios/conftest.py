"""A whole ledger for each story."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime

import pytest

from tests.databases import Template
from tests.workers.system import NOON, System, ready_system


@pytest.fixture
def system_at(template: Template) -> Iterator[Callable[[datetime], System]]:
    """Opens a system at an instant: the MSP is connected and has Core mapped, licences and servers."""
    with ExitStack() as stack:

        def open_at(at: datetime) -> System:
            return stack.enter_context(ready_system(stack.enter_context(template.copy()), at))

        yield open_at


@pytest.fixture
def system(system_at: Callable[[datetime], System]) -> System:
    """Noon on 10 November 2026."""
    return system_at(NOON)
