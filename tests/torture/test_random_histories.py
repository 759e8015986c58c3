"""Random histories against the model. `STEPS=2000 SEED=7` in the environment ask for more, or for others."""

import os

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.scenarios.fresh_ledger import Template
from tests.torture.machine import machine_on

STEPS = int(os.environ.get("STEPS") or 200)
SEED = int(os.environ.get("SEED") or 1)
STEPS_OF_A_HISTORY = 50


def test_any_history_ends_with_the_right_numbers(tortured: Template) -> None:
    with machine_on(tortured.copy) as machine:
        told = settings(
            max_examples=STEPS // STEPS_OF_A_HISTORY + 2,  # the first ones are hardly more than a beginning
            stateful_step_count=STEPS_OF_A_HISTORY,
            phases=(Phase.generate,),
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        run_state_machine_as_test(seed(SEED)(machine), settings=told)
        assert machine.steps_done >= STEPS
