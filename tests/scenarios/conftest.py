"""A whole ledger for each story."""

from collections.abc import Iterator

import pytest

from tests.scenarios.fresh_ledger import Template, ledger_template
from tests.workers.system import System, ready_system


@pytest.fixture(scope="session")
def stories(postgres: str) -> Iterator[Template]:
    with ledger_template(postgres) as template:
        yield template


@pytest.fixture
def system(stories: Template) -> Iterator[System]:
    """Noon on 10 November 2026; the MSP is connected and has Core mapped: licences and servers."""
    with stories.copy() as url, ready_system(url) as ready:
        yield ready
