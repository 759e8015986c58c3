"""Databases to torture."""

import pytest

from tests.databases import Template


@pytest.fixture(scope="session")
def tortured(template: Template) -> Template:
    return template
