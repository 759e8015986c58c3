"""What a worker is told by its environment, and what follows for its writes."""

from datetime import timedelta

import pytest

from journal.settings import BadSetting, Mode
from workers.main import limits_for
from workers.settings import worker_settings_from

SLOWEST_MEASURED_SECONDS = 28
"""Source: api-facts §4, latency."""
DEADLINE = "PSA_LEDGER_PUSH_DEADLINE_SECONDS"


@pytest.mark.parametrize("environment", [{}, {DEADLINE: "60"}, {DEADLINE: "600"}])
def test_in_production_every_write_has_as_long_as_the_slowest_answer_took(environment: dict[str, str]) -> None:
    timing = worker_settings_from(Mode.PRODUCTION, environment).timing

    assert limits_for(timing).least_write_seconds > SLOWEST_MEASURED_SECONDS
    assert limits_for(timing).least_write_seconds < timing.deadline.total_seconds()


def test_production_refuses_a_deadline_that_a_slow_answer_would_outlast() -> None:
    with pytest.raises(BadSetting, match="from 60 to 600"):
        worker_settings_from(Mode.PRODUCTION, {DEADLINE: "59"})

    assert timedelta(seconds=1) == worker_settings_from(Mode.DEMO, {DEADLINE: "1"}).timing.deadline
