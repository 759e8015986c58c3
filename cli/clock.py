"""`psa-ledger clock`: look at the ledger's time, and in demo and tests move it forward.

Moving waits until no push is open: a push's deadline is an instant of this clock, and passing it by force would only
leave the worker to find out what became of the write.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from cli.places import Places, data_directory, database_url, settings_here
from cli.token import lifetime
from journal.clock import Clock, ClockError
from journal.settings import Mode

OPEN_PUSH_SECONDS = 120.0
"""Longer than a killed worker's lease and the time in which its open push is settled."""


class PushesAreOpen(ClockError):
    """Pushes are in flight and did not settle in time, so the clock was left alone."""


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("clock", help="show the ledger's time, or move it forward (demo)", description=__doc__)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--to", type=instant, help="an ISO instant with a zone, such as 2026-12-01T00:30:00Z")
    how.add_argument("--by", type=lifetime, help="such as 90m, 12h, 30d")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    settings = settings_here(Places(data_directory()))
    url = database_url(settings)
    clock = Clock(url, settings.mode)
    if given.to is not None:
        move_clock(url, settings.mode, given.to)
    elif given.by is not None:
        move_clock(url, settings.mode, clock.now() + given.by)
    shift = clock.shift()
    print(f"{clock.now():%Y-%m-%dT%H:%M:%SZ}" + (f"  (real time and {shift})" if shift else "  (real time)"))
    return 0


def move_clock(
    url: str,
    mode: Mode,
    to: datetime,
    *,
    patience_seconds: float = OPEN_PUSH_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> datetime:
    """Move the ledger's clock forward once no push is open; an instant that has passed already changes nothing.

    Shape: the ledger's time afterwards.
    Raises: journal.clock.ClockIsFixed in production; PushesAreOpen.
    """
    clock = Clock(url, mode)
    give_up_at = time.monotonic() + patience_seconds
    while open_pushes(url):
        if time.monotonic() > give_up_at:
            raise PushesAreOpen(f"{open_pushes(url)} pushes are still open; the clock was not moved")
        sleep(0.1)
    now = clock.now()
    return now if to <= now else clock.move_to(to)


def open_pushes(url: str) -> int:
    """How many pushes are in flight by the views. Those of a connection that does not push are settled later anyway."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute(
            "SELECT count(*) FROM additions a JOIN connections c"
            " ON c.msp = a.msp AND c.site = a.site AND c.company_id = a.company_id AND c.status = 'ACTIVE'"
            " WHERE a.open_push IS NOT NULL"
        ).fetchone()
    assert row is not None
    return int(row[0])


def instant(text: str) -> datetime:
    """Read an instant.

    Raises: argparse.ArgumentTypeError for anything without a time zone.

    >>> instant("2026-12-01T00:30:00Z").isoformat()
    '2026-12-01T00:30:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None:
        raise argparse.ArgumentTypeError("an instant is written like 2026-12-01T00:30:00Z, with its zone")
    return found.astimezone(UTC)
