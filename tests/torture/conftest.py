"""Databases to torture."""

from collections.abc import Iterator

import pytest

from tests.scenarios.fresh_ledger import Template, ledger_template


@pytest.fixture(scope="session")
def tortured(postgres: str) -> Iterator[Template]:
    with ledger_template(postgres) as template:
        yield template
