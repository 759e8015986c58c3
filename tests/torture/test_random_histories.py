"""Random histories against the model. `STEPS=2000 SEED=7` in the environment ask for more, or for others."""

import itertools
import os

from tests.scenarios.fresh_ledger import Template
from tests.torture.machine import STEPS_OF_A_HISTORY, machine_on, run_histories

STEPS = int(os.environ.get("STEPS") or 200)
SEED = int(os.environ.get("SEED") or 1)


def test_any_history_ends_with_the_right_numbers(tortured: Template) -> None:
    with machine_on(tortured.copy) as machine:
        for number in itertools.count(SEED):
            if machine.steps_done >= STEPS:
                break
            histories = 1 + (STEPS - machine.steps_done) // STEPS_OF_A_HISTORY
            run_histories(machine, histories, number)
