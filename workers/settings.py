"""What an operator may set about the worker process, beside the settings that every process shares."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from connectwise.budget import Allowance
from journal.settings import PREFIX, BadSetting, Mode
from workers.tools import Timing

_DEMO_DEADLINE_SECONDS = 10
_DEADLINE_SECONDS = 75
"""The slowest answer measured on a real tenant took 28 s, and three clients gave up at 30 s (api-facts §4)."""


_LEASE = timedelta(seconds=45)
"""A worker that is silent for so long is taken for dead. An open push of its own still waits for the deadline."""
_LEAST_DEADLINE_SECONDS = 60
"""Half of it is left for the answer (`main.limits_for`), which is as much as the slowest one measured took."""
_THREADS = 48
"""Jobs mostly wait for ConnectWise; an MSP whose ConnectWise is slow holds a few of them, and not the others' too."""
_REQUESTS_PER_MINUTE = 980
"""ConnectWise throttles more than 1,000 (api-facts §4); a site of one's own may allow more, or less."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """`threads` jobs run at the same time in one process; `allowance` is what one tenant's PSA is asked at most."""

    threads: int
    timing: Timing
    allowance: Allowance


def worker_settings_from(mode: Mode, environment: Mapping[str, str] = os.environ) -> WorkerSettings:
    """Read the worker's settings; an empty variable counts as not set. Demo and tests give up on a write sooner.

    Raises: BadSetting.

    >>> worker_settings_from(Mode.DEMO, {}).timing.deadline
    datetime.timedelta(seconds=10)
    """
    usual = _DEADLINE_SECONDS if mode is Mode.PRODUCTION else _DEMO_DEADLINE_SECONDS
    least = _LEAST_DEADLINE_SECONDS if mode is Mode.PRODUCTION else 1
    deadline = timedelta(seconds=_number(environment, "PUSH_DEADLINE_SECONDS", usual, least=least, most=600))
    threads = _number(environment, "WORKER_THREADS", _THREADS, least=1, most=64)
    a_minute = _number(environment, "PSA_REQUESTS_PER_MINUTE", _REQUESTS_PER_MINUTE, least=60, most=100_000)
    return WorkerSettings(
        threads, Timing(deadline=deadline, lease=min(2 * deadline, _LEASE)), Allowance.of_a_minute(a_minute)
    )


def _number(environment: Mapping[str, str], name: str, usual: int, *, least: int, most: int) -> int:
    text = environment.get(PREFIX + name)
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise BadSetting(PREFIX + name, f"is a whole number from {least} to {most}")
    return int(text)
