"""The random histories find every planted bug; a net that lets one of them through is no net."""

import pytest

from tests.scenarios.fresh_ledger import Template
from tests.torture.machine import machine_on, run_histories
from tests.torture.planted import PLANTED

MOST_HISTORIES = 80


@pytest.mark.long
@pytest.mark.parametrize("bug", PLANTED)
def test_random_histories_find_a_planted_bug(tortured: Template, bug: str) -> None:
    with PLANTED[bug](), machine_on(tortured.copy) as machine, pytest.raises(AssertionError):
        run_histories(machine, MOST_HISTORIES, 1)

    assert machine.steps_done > 0
