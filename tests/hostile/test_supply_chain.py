"""What we install is what we looked at: pinned, hashed, described, and under licences that we may use."""

import re
from pathlib import Path

import pytest

from tests.hostile.licences import is_known, licences

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "tests/simulator/clients/requirements.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_pinned_with_hashes_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^\s*#.*\n", "", text).strip())

    assert [] == [each.splitlines()[0] for each in packages if "==" not in each or "--hash=sha256:" not in each]
    assert not re.search(r"https?://|--index-url|--find-links|--trusted-host", text)


def test_every_dependency_of_ours_is_described() -> None:
    described = (ROOT / "docs" / "dependencies.md").read_text().lower()
    block = (ROOT / "pyproject.toml").read_text().partition("dependencies = [")[2].partition("\n]")[0]
    names = re.findall(r'"([A-Za-z0-9-]+)', block)

    assert [] == [name for name in names if f"`{name.lower()}" not in described]
    assert len(names) > 10


def test_every_installed_package_has_a_licence_that_we_may_use() -> None:
    assert {} == {name: licence for name, licence in licences().items() if not is_known(licence)}
