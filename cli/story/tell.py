"""`psa-ledger story`: drive the whole flow over HTTP, show what came of each step, fail where it is not as expected.

Every run has an MSP and a ConnectWise tenant of its own, so it can be run again and again on the same system. The
ledger's clock belongs to all of them and only goes forward; the story works relative to it and ends in the next month.
Requests are repeated under the same keys, so the story goes on when a process is killed in the middle of it.
"""

import argparse
import secrets
import sys
import time
from datetime import UTC, datetime, timedelta

import psycopg

from cli.children import Tell, say
from cli.clock import instant, move_clock
from cli.graphql import Ledger, MutationRefused, QueryFailed
from cli.places import Places, Running, data_directory, database_url, running, settings_here
from cli.story.billing import bill, find_places, month_after, server_time
from cli.story.leaving import leave
from cli.story.psa import make_tenant, remove_tenant, shift_between
from cli.story.setting_up import set_up
from cli.story.stage import NotAsExpected, Stage
from cli.token import issue
from cli.web import NoAnswer, Refused
from journal.entry import Role
from journal.settings import Settings

TOKEN_LIFETIME = timedelta(hours=2)
NEAR_THE_END = timedelta(minutes=15)
"""A story that began so shortly before a month's end would be overtaken by it."""


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser("story", help="drive the whole flow against the running system", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the story's ConnectWise tenant in the simulator")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    places = Places(data_directory())
    stage = set_the_stage(running(places), settings_here(places), places, say)
    began = time.monotonic()
    try:
        tell_story(stage)
    except (NotAsExpected, MutationRefused, QueryFailed, NoAnswer, Refused) as error:
        sys.stdout.flush()
        sys.stderr.write(f"\nNOT AS EXPECTED in step {stage.steps}: {error}\n")
        return 1
    finally:
        if not given.keep:
            remove_tenant(stage.psa)
    say(
        f"\nThe story of {stage.msp} went as expected: {stage.steps} steps, {len(stage.facts)} facts, "
        f"{time.monotonic() - began:.1f} s."
    )
    return 0


def set_the_stage(system: Running, settings: Settings, places: Places, tell: Tell) -> Stage:
    """A fresh MSP with people of its own, and a fresh ConnectWise tenant that lives at the ledger's time."""
    name = f"story-{secrets.token_hex(4)}"
    url = database_url(settings)
    psa = make_tenant(system.simulator_url, name.replace("-", "_"))

    def person(role: Role, msp: str | None) -> Ledger:
        token = issue(places, role, msp, subject=f"{name}-{role.value.lower()}", ttl=TOKEN_LIFETIME)
        return Ledger(system.api_url, token, msp=name if msp is None else None)

    def move(to: datetime) -> datetime:
        now = move_clock(url, settings.mode, to)
        psa.set_clock(shift_between(now, datetime.now(UTC)))
        return now

    def vault_rows() -> int:
        with psycopg.connect(url, connect_timeout=10) as connection:
            row = connection.execute("SELECT count(*) FROM vault_secrets WHERE msp = %s", (name,)).fetchone()
        assert row is not None
        return int(row[0])

    return Stage(
        msp=name,
        psa=psa,
        admin=person(Role.ADMIN, name),
        auditor=person(Role.AUDITOR, name),
        platform=person(Role.PLATFORM, None),
        move_clock=move,
        vault_rows=vault_rows,
        tell=tell,
    )


def tell_story(stage: Stage) -> None:
    """Raises: NotAsExpected where the system does something else than it should."""
    stage.tell(f"MSP {stage.msp}, ConnectWise {stage.psa.url} company {stage.psa.company_id}")
    start_well_within_a_month(stage)
    places = find_places(stage)
    set_up(stage)
    bill(stage, places)
    leave(stage, places)


def start_well_within_a_month(stage: Stage) -> None:
    """Let the tenant live at the ledger's time, after moving that past a month's end that is too near."""
    now = instant(stage.auditor.query("{ serverTime }")["serverTime"])
    next_month = month_after(now)
    is_ending = now > next_month - NEAR_THE_END
    begun_at = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    is_closing = now < begun_at + timedelta(minutes=31)
    if is_ending:
        stage.move_clock(next_month + timedelta(minutes=31))
    elif is_closing:
        stage.move_clock(begun_at + timedelta(minutes=31))
    else:
        stage.move_clock(server_time(stage))
