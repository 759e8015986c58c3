"""The journal's append against what PostgreSQL allows, and against the event library's own application.

Promises: one fact a save through the whole `execute` path reaches 0.35 of a raw insert and commit with one thread, and
0.9 of the gap-free limit with eight threads; batches of 1,000 reach 12,000 facts/s. The gap-free limit is what any
journal can reach whose positions become visible in order: one ordered commit at a time, here by an advisory lock and an
insert in one round trip.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from bench.figures import Figure, Told, at_least
from domain.organization import ORGANIZATION, Given, LicensesChanged, OrganizationState
from domain.streams import organization_stream
from domain.values import ChangeId, Component, MspId, OrganizationId
from journal.application import Journal
from journal.entry import Actor, Origin, Role
from journal.migrate import JOURNAL_STEPS, migrate
from journal.postgres import EmbeddedPostgres
from journal.reader import Change, Reader
from journal.registry import CODEC

SECONDS, ROUNDS, STREAMS = 0.5, 3, 200
MSP = MspId("bench")
ORIGIN = Origin(Actor("platform", Role.PLATFORM, "192.0.2.7", "bench/1.0"), "request-1", "story-1")

_TABLES = """
CREATE TABLE plain (stream uuid, version bigint, topic text, state bytea, PRIMARY KEY (stream, version));
CREATE TABLE ordered (stream uuid, version bigint, topic text, state bytea, position bigint UNIQUE,
                      PRIMARY KEY (stream, version));
CREATE SEQUENCE ordered_position;
CREATE FUNCTION append_ordered(uuid, bigint, text, bytea) RETURNS bigint LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(1);
  INSERT INTO ordered VALUES ($1, $2, $3, $4, nextval('ordered_position')) RETURNING position;
$$;
"""
_STATE = b"x" * 420
"""As long as a stored licence change."""


def measure() -> Iterator[Told]:
    """As in production, where a commit waits for the disk; then without that, where our own work shows."""
    yield from _measure(is_durable=True)
    yield from _measure(is_durable=False)


def _measure(*, is_durable: bool) -> Iterator[Told]:
    with (
        tempfile.TemporaryDirectory(prefix="psa-ledger-bench-") as data,
        EmbeddedPostgres(Path(data, "postgres"), durable=is_durable) as server,
    ):
        migrate(server.url, JOURNAL_STEPS)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(_TABLES)
        with Journal(server.url, CODEC, pool_size=8) as journal, _stock(server.url) as stock:
            makes: dict[str, Callable[[], Callable[[], None]]] = {
                "raw": partial(_raw, server.url, "INSERT INTO plain VALUES (%s, %s, %s, %s)"),
                "ordered": partial(_raw, server.url, "SELECT append_ordered(%s, %s, %s, %s)"),
                "ours": partial(_ours, journal),
                "stock": partial(_one_stock, stock),
            }
            # Turn and turn about, so that a busy moment of the machine hits all alike.
            rates: dict[tuple[str, int], list[float]] = {(name, threads): [] for name in makes for threads in (1, 8)}
            for _ in range(ROUNDS):
                for (name, threads), found in rates.items():
                    found.append(_rate([makes[name]() for _ in range(threads)]))
            rate = {key: median(found) for key, found in rates.items()}
            unit, where = "facts/s", "" if is_durable else ", no wait for the disk"
            for name, threads, against, other, least in (
                ("ours", 1, "raw insert and commit", "raw", 0.35),
                ("ours", 8, "gap-free limit", "ordered", 0.9),
                ("stock", 1, "raw insert and commit", "raw", None),
                ("stock", 8, "gap-free limit", "ordered", None),
            ):
                said = f"{name}, one fact a save, {threads} thread{'s'[: threads - 1]}{where}"
                promised = least if is_durable else None
                yield Figure(said, rate[name, threads], unit, against, rate[other, threads], promised)
            if is_durable:
                batches = median(_batches(journal, number) for number in range(ROUNDS))
                yield at_least("batches of 1,000 facts", batches, unit, 12_000)


def _rate(acts: list[Callable[[], None]]) -> float:
    """How often a second some threads get their act done together."""
    done = [0] * len(acts)
    ends_at = time.perf_counter() + SECONDS

    def work(place: int) -> None:
        act = acts[place]
        while time.perf_counter() < ends_at:
            act()
            done[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(acts))]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - began)


def _raw(url: str, statement: str) -> Callable[[], None]:
    connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
    cursor = connection.cursor(binary=True)
    streams, numbers = [uuid4() for _ in range(STREAMS)], count()

    def act() -> None:
        number = next(numbers)
        version = number // STREAMS
        cursor.execute(statement, (streams[number % STREAMS], version, "organization.licenses-changed", _STATE))

    return act


_EFFECTIVE = datetime(2026, 11, 10, tzinfo=UTC)
_organizations = count()


def _ours(journal: Journal) -> Callable[[], None]:
    """On streams that exist and are known to the process, as the rivals' are."""
    own = next(_organizations)
    streams = [organization_stream(MSP, OrganizationId(f"organization-{own}-{number}")) for number in range(STREAMS)]
    numbers = count()

    def begin(reader: Reader) -> list[Change]:
        reader.states(ORGANIZATION, streams)
        return [Change(stream, (_fact(f"{own}-begins"),)) for stream in streams]

    journal.transact(begin, ORIGIN)

    def act() -> None:
        number = next(numbers)
        journal.execute(ORGANIZATION, streams[number % STREAMS], partial(_change, f"{own}-{number}"), ORIGIN)

    return act


def _change(name: str, _state: OrganizationState) -> tuple[LicensesChanged, ...]:
    return (_fact(name),)


def _fact(name: str) -> LicensesChanged:
    return LicensesChanged(ChangeId(name), Component.LICENSE, Given.QUANTITY, 1, 1, _EFFECTIVE)


def _batches(journal: Journal, number: int) -> float:
    streams = [organization_stream(MSP, OrganizationId(f"batch-{number}-{place}")) for place in range(1_000)]

    def decide(reader: Reader) -> list[Change]:
        reader.states(ORGANIZATION, streams)
        return [Change(stream, (_fact(f"{number}-{place}"),)) for place, stream in enumerate(streams)]

    journal.transact(decide, ORIGIN)
    began = time.perf_counter()
    for _ in range(5):
        journal.transact(decide, ORIGIN)
    return 5_000 / (time.perf_counter() - began)


class _Organization(Aggregate):
    """The same act as the event library's users would write it."""

    def __init__(self) -> None:
        self.quantity = 0

    @event("LicensesChanged")
    def change(self, quantity: int) -> None:
        self.quantity = quantity


def _stock(url: str) -> Application[Any]:
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_PORT": str(parts.get("port", 5432)),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": str(parts.get("password") or "none"),
            "POSTGRES_POOL_SIZE": "8",
        }
    )


def _one_stock(application: Application[Any]) -> Callable[[], None]:
    organizations, numbers = [_Organization() for _ in range(STREAMS)], count()
    application.save(*organizations)

    def act() -> None:
        organization = organizations[next(numbers) % STREAMS]
        organization.change(1)
        application.save(organization)

    return act
