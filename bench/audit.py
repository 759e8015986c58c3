"""Sealing, exporting and verifying many facts of one MSP and a few others, and pages of its history.

Promises: sealing keeps up with the journal's own append rate (12,000 facts/s and more in batches); an export at
20,000 facts/s or more in under 200 MB; offline verification at 50,000 facts/s or more; history pages by any filter
p95 under 50 ms.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from bench.figures import Told, at_least, at_most, percentile
from cli import verify_export
from domain.organization import ORGANIZATION, Given, LicensesChanged
from domain.streams import organization_stream
from domain.values import ChangeId, Component, MspId, OrganizationId
from journal.application import Journal
from journal.check_seals import check_database, keys_by_id, public_text
from journal.entry import Actor, Origin, Role
from journal.migrate import migrate
from journal.postgres import EmbeddedPostgres
from journal.reader import Change, Reader
from journal.registry import CODEC
from journal.seal import seal_until_now
from journal.settings import Mode
from journal.signing_keys import SigningSettings, signing_keys
from projections.follower import fold_until, ledger_steps
from projections.history import History
from projections.reads import history as history_rows
from projections.reads.ask import Views, open_pool
from projections.reads.history import HistoryFilter

FACTS = int(os.environ.get("PSA_LEDGER_BENCH_AUDITED", "100000"))
"""1,000,000 for the whole promise."""
BATCH, ORGANIZATIONS = 1_000, 2_000
BIG, OTHERS = MspId("big"), tuple(MspId(f"small-{number}") for number in range(9))
PAGES = 100

_EXPORT = """
import re, sys, time
import psycopg
from domain.values import MspId
from projections import exports
from projections.export_tables import as_csv
began = time.perf_counter()
with psycopg.connect(sys.argv[1], autocommit=True, options="-c TimeZone=UTC") as connection:
    asked = exports.bounds(connection, MspId(sys.argv[2]), is_table=sys.argv[4] == "csv")
    make = exports.ndjson if sys.argv[4] == "ndjson" else as_csv
    with open(sys.argv[3], "wb") as file:
        for chunk in make(connection, asked):
            file.write(chunk)
    # What getrusage tells of a fresh process can be its parent's.
    most = re.search("VmHWM:[^0-9]*([0-9]+) kB", open("/proc/self/status").read())
    print(time.perf_counter() - began, int(most[1]) // 1024)
"""


def measure() -> Iterator[Told]:
    with (
        tempfile.TemporaryDirectory(prefix="psa-ledger-bench-") as data,
        EmbeddedPostgres(Path(data, "postgres"), durable=True) as server,
    ):
        migrate(server.url, ledger_steps())
        with Journal(server.url, CODEC) as journal:
            seconds = _append(journal)
        yield f"appended {FACTS:,} facts in batches of {BATCH:,}: {FACTS / seconds:,.0f} facts/s"
        keys = signing_keys(SigningSettings(), Mode.TEST, Path(data))
        began = time.perf_counter()
        seal_until_now(server.url, keys)
        rate = FACTS / (time.perf_counter() - began)
        yield at_least("sealed", rate, "facts/s", 12_000)
        public = keys().public_bytes
        began = time.perf_counter()
        checked = check_database(server.url, keys_by_id({"": public}))
        assert checked.is_proven, checked.findings
        yield f"database checked against its seals: {checked.facts / (time.perf_counter() - began):,.0f} facts/s"
        fold_until(server.url, views=(History(),))
        file = Path(data, "export.ndjson")
        for form in ("csv", "ndjson"):
            seconds, megabytes = _exported(server.url, file, form)
            facts = file.read_bytes().count(b'{"chain":') or FACTS * 9 // 10
            yield at_least(f"exported as {form}", facts / seconds, "facts/s", 20_000)
            yield at_most(f"memory of an export as {form}", megabytes, "MB", 200)
        began = time.perf_counter()
        with file.open("rb") as lines:
            proven = verify_export.verify(lines, verify_export.read_keys([public_text(public)]))
        assert proven.is_complete
        yield at_least("verified offline", proven.facts / (time.perf_counter() - began), "facts/s", 50_000)
        yield from asyncio.run(_history(server.url))


def _append(journal: Journal) -> float:
    """Licence changes of many organizations by many people; nine in ten belong to one MSP. Returns the seconds."""
    dice = random.Random(6)
    began = time.perf_counter()
    for start in range(0, FACTS, BATCH):
        msp = BIG if dice.random() < 0.9 else dice.choice(OTHERS)
        role = dice.choice((Role.PLATFORM, Role.PLATFORM, Role.ADMIN, Role.WORKER))
        actor = Actor(f"{role.value.lower()}-{dice.randrange(50)}", role, "192.0.2.7", "bench/1.0")
        journal.transact(
            partial(_changes, msp=msp, start=start),
            Origin(actor, f"request-{start}", f"story-{start}"),
        )
    return time.perf_counter() - began


def _changes(reader: Reader, msp: MspId, start: int) -> list[Change]:
    changes = []
    for number in range(start, start + BATCH // 4):
        stream = organization_stream(msp, OrganizationId(f"organization-{number % ORGANIZATIONS}"))
        reader.state(ORGANIZATION, stream)
        facts = tuple(
            LicensesChanged(ChangeId(f"change-{number}-{nth}"), Component.LICENSE, Given.QUANTITY, 1, nth, reader.now)
            for nth in range(4)
        )
        changes.append(Change(stream, facts))
    return changes


def _exported(url: str, file: Path, form: str) -> tuple[float, int]:
    """Export in a process of its own. Shape: seconds, megabytes at most."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _EXPORT, url, BIG, str(file), form], capture_output=True, text=True, check=True
    )
    seconds, megabytes = done.stdout.split()
    return float(seconds), int(megabytes)


async def _history(url: str) -> list[Told]:
    """The first page and one from the middle of the history, by each single filter and by three at once."""
    views = Views(open_pool(url, 2))
    async with views.pool:
        [(now,)] = await views.tuples("SELECT max(recorded_at) FROM facts")
        while_back = timedelta(seconds=5)
        filters = {
            "no filter": HistoryFilter(),
            "time": HistoryFilter(since=now - while_back, until=now),
            "actor": HistoryFilter(subject="worker-7"),
            "role": HistoryFilter(role="WORKER"),
            "type": HistoryFilter(fact_type="organization.licenses-changed"),
            "organization": HistoryFilter(organization="organization-7"),
            "request": HistoryFilter(request_id="request-5000"),
            "an actor that never was": HistoryFilter(subject="nobody"),
            "actor, time and organization": HistoryFilter(
                subject="worker-7", since=now - while_back, until=now, organization="organization-7"
            ),
        }
        told: list[Told] = []
        for name, wanted in filters.items():
            seconds = []
            for number in range(PAGES):
                after = None if number % 2 else FACTS // 2
                began = time.perf_counter()
                await history_rows.history(views, BIG, wanted, newest_first=number % 4 < 2, limit=51, after=after)
                seconds.append(time.perf_counter() - began)
            told.append(at_most(f"history page by {name}, 95 %", percentile(seconds, 95), "ms", 50))
        return told
