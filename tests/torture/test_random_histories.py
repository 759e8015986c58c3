"""Random histories against the model. `STEPS=2000 SEED=7` in the environment ask for more, or for others."""

import itertools
import os

import pytest

from tests.databases import Template
from tests.torture.machine import STEPS_OF_A_HISTORY, machine_on, run_histories

pytestmark = pytest.mark.tortured

STEPS = int(os.environ.get("STEPS") or 200)
SEED = int(os.environ.get("SEED") or 1)
PARTS = max(1, STEPS // 250)
"""Many steps are told in parts, which run beside each other where there are cores."""


@pytest.mark.parametrize("part", range(PARTS))
def test_any_history_ends_with_the_right_numbers(template: Template, part: int) -> None:
    with machine_on(template.copy) as machine:
        for number in itertools.count(SEED + 1000 * part):
            left = STEPS // PARTS - machine.steps_done
            if left <= 0:
                break
            run_histories(machine, 1 + left // STEPS_OF_A_HISTORY, number)
