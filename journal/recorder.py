"""Appending and reading on PostgreSQL, one round trip each.

`FactRecorder` is the event library's PostgreSQL recorder with an append of our own: the stock one needs several
statements per save, and its function variant lets followers lose events. Ours calls `journal_append` (`tables`),
which under one lock checks what the decision relied on, gives positions and time, and inserts facts and keys.

An append either happened whole or not at all. When the connection breaks while it is under way nobody knows which,
so the entry ids are looked up before anything else is believed: an append that was stored is reported as stored.

    AppendRefused
    ├── Conflict             somebody else was faster; load again and decide again
    │   ├── StreamMoved      a stream that was to be written has a newer version
    │   ├── GuardMoved       a stream that was read and relied on has a newer version
    │   └── CategoryMoved    the MSP has a newer fact in a kind of streams that was relied on
    └── KeyTaken             an id that counts once is already recorded; carries what it led to
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    InterfaceError,
    OperationalError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow, tuple_row
from typing_extensions import override

from domain.streams import StreamKind
from domain.values import MspId
from journal.tables import CHANNEL

T = TypeVar("T")

FullKey = tuple[MspId, str, str]
"""A key that counts once: whose, of which kind, and the key itself."""

PATIENCE_SECONDS = 20.0
"""How long a broken connection is retried: longer than the server needs to restart after a crash."""


class AppendRefused(Exception):
    """Nothing was stored."""


class Conflict(AppendRefused):
    """What the decision relied on has changed meanwhile."""


class StreamMoved(Conflict):
    """A stream that was to be written has a newer version."""


class GuardMoved(Conflict):
    """A stream that was read has a newer version."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(f"stream {stream_id} was read and has moved")
        self.stream_id = stream_id


class CategoryMoved(Conflict):
    """An MSP has a newer fact in a kind of streams."""


@dataclass(frozen=True, slots=True)
class TakenKey:
    """What a recorded key led to: the digest of the content it came with, and the fact."""

    digest: bytes
    stream_id: UUID
    version: int
    position: int


class KeyTaken(AppendRefused):
    """Keys that count once are already recorded. `taken` maps each (MSP, kind, key) to what it led to."""

    def __init__(self, taken: Mapping[FullKey, TakenKey]) -> None:
        super().__init__(f"already recorded: {', '.join(f'{kind} {key!r}' for _, kind, key in taken)}")
        self.taken = taken


@dataclass(frozen=True)
class StoredFact(StoredEvent):
    """A fact as its row holds it: the library's four columns, and ours."""

    entry_id: UUID
    msp: MspId
    kind: StreamKind


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key to be recorded with the fact it leads to."""

    msp: MspId
    kind: str
    key: str
    digest: bytes
    stream_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class CategoryGuard:
    """No fact of this MSP and kind may be newer than the position."""

    msp: MspId
    kind: StreamKind
    position: int


@dataclass(frozen=True, slots=True)
class Append:
    """Everything one append checks and writes. `guards` maps streams read but not written to their versions."""

    facts: Sequence[StoredFact]
    guards: Mapping[UUID, int]
    categories: Sequence[CategoryGuard]
    keys: Sequence[StoredKey]


@dataclass(frozen=True, slots=True)
class Appended:
    """Where and when an append was stored: its facts have consecutive positions in the order given."""

    first_position: int
    recorded_at: datetime


Alongside = Callable[[psycopg.Connection[Any]], None]
"""Writes rows in the append's own transaction, before its lock is taken. Short, and only on the given connection."""


class Datastore(PostgresDatastore):
    """The library's pool of connections, opened from a URL, all in UTC."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        parts: dict[str, Any] = conninfo_to_dict(url)
        named = {name: parts.pop(name, None) for name in ("dbname", "host", "port", "user", "password")}
        super().__init__(
            **named,
            connect_timeout=PATIENCE_SECONDS,
            pool_size=1,
            max_overflow=pool_size - 1,
            idle_in_transaction_session_timeout=15,
        )
        # A server whose host is gone must not hold up every writer of the process until the kernel gives up.
        alive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 20_000}
        rest = {"connect_timeout": 10, "application_name": "psa-ledger"} | alive | parts
        # One plan per statement: planning the short queries here anew takes longer than running them.
        options = f"{rest.pop('options', '')} -c TimeZone=UTC -c plan_cache_mode=force_generic_plan".strip()
        assert isinstance(self.pool.kwargs, dict)
        self.pool.kwargs.update(rest, options=options)


class FactRecorder(PostgresApplicationRecorder):
    """The library's recorder over the table `facts`, with `journal_append` for writing."""

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore, events_table_name=CHANNEL)

    @override
    def create_table(self) -> None:
        raise NotImplementedError("tables are made by journal.migrate")

    @override
    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append through the library's own interface.

        Raises: TypeError unless every event is a StoredFact; AppendRefused.
        """
        facts = [event for event in stored_events if isinstance(event, StoredFact)]
        if len(facts) != len(stored_events):
            raise TypeError("only StoredFact can be appended")
        if not facts:
            return ()
        appended = self.append(
            Append(facts, kwargs.get("guards", {}), kwargs.get("categories", ()), kwargs.get("keys", ()))
        )
        return range(appended.first_position, appended.first_position + len(facts))

    def append(
        self,
        append: Append,
        alongside: Alongside | None = None,
        *,
        looks_first: bool = False,
        give_up_at: float | None = None,
    ) -> Appended:
        """Store facts and keys in one transaction, or nothing.

        With `alongside` the same transaction holds its rows too. It may be called again after a lost connection. An
        append that may have been stored before `looks_first`. `give_up_at` is on the monotonic clock.
        Raises: Conflict, KeyTaken; ValueError without facts or for a key given twice.
        """
        if not append.facts:
            raise ValueError("no facts to append")
        wanted_keys = {(key.msp, key.kind, key.key) for key in append.keys}
        if len(wanted_keys) != len(append.keys):
            raise ValueError("a key is given twice in one append")
        interrupted = looks_first

        def attempt() -> Appended:
            nonlocal interrupted
            if interrupted and (stored := self._find(append)) is not None:
                return stored
            try:
                return self._append_once(append, alongside)
            except (OperationalError, InterfaceError):
                interrupted = True
                raise
            except PersistenceError as error:
                if interrupted and (stored := self._find(append)) is not None:
                    return stored
                raise self._refusal(append, error) from error

        return patiently(attempt, give_up_at)

    def _append_once(self, append: Append, alongside: Alongside | None) -> Appended:
        parameters = _parameters(append)
        statement = _append_statement(
            is_single=len(append.facts) == 1,
            has_guards=bool(append.guards),
            has_categories=bool(append.categories),
            has_keys=bool(append.keys),
        )
        with self.tuples() as cursor:
            if alongside is None:
                row = cursor.execute(statement, parameters, prepare=True).fetchone()
            else:
                with cursor.connection.transaction():
                    alongside(cursor.connection)
                    row = cursor.execute(statement, parameters, prepare=True).fetchone()
        assert row is not None
        return Appended(row[0], row[1])

    def _find(self, append: Append) -> Appended | None:
        """Look whether this very append was stored."""
        ids = [fact.entry_id for fact in append.facts]
        with self.tuples() as cursor:
            row = cursor.execute(
                "SELECT count(*), min(notification_id), min(recorded_at) FROM facts WHERE entry_id = ANY(%s)", (ids,)
            ).fetchone()
        assert row is not None
        return Appended(row[1], row[2]) if row[0] == len(ids) else None

    def _refusal(self, append: Append, error: PersistenceError) -> Exception:
        """Translate an error of `journal_append`; what is no refusal comes back as it was."""
        cause = error.__cause__
        assert isinstance(cause, psycopg.Error), "the library translates psycopg's errors only"
        constraint = cause.diag.constraint_name
        if cause.sqlstate == "23505" and constraint == "facts_pkey":
            return StreamMoved("a stream to be written has moved")
        if cause.sqlstate == "JL001":
            return GuardMoved(UUID(cause.diag.message_detail))
        if cause.sqlstate == "JL002":
            return CategoryMoved(f"a category relied on has moved: {cause.diag.message_detail}")
        if cause.sqlstate == "23505" and constraint == "journal_keys_pkey":
            return KeyTaken(self.taken_keys([(key.msp, key.kind, key.key) for key in append.keys]))
        return error

    def taken_keys(self, keys: Sequence[FullKey]) -> dict[FullKey, TakenKey]:
        """Find which of the keys are recorded, in one query."""

        def attempt() -> dict[FullKey, TakenKey]:
            with self.tuples() as cursor:
                cursor.execute(_TAKEN_KEYS, tuple(map(list, zip(*keys, strict=True))), prepare=True)
                return {(row[0], row[1], row[2]): TakenKey(*row[3:]) for row in cursor}

        return patiently(attempt) if keys else {}

    def rows(self, query: Any, parameters: Sequence[object]) -> list[TupleRow]:
        """Run one reading query, again if the connection broke."""

        def attempt() -> list[TupleRow]:
            with self.tuples() as cursor:
                return cursor.execute(query, parameters, prepare=True).fetchall()

        return patiently(attempt)

    @contextmanager
    def tuples(self) -> Iterator[psycopg.Cursor[TupleRow]]:
        """A cursor in autocommit that speaks binary and gives tuples; psycopg's errors come as the library's."""
        with self.datastore.get_connection() as connection:
            yield connection.cursor(binary=True, row_factory=tuple_row)


def patiently(attempt: Callable[[], T], give_up_at: float | None = None) -> T:
    """Run again what failed because the connection broke, until patience runs out: at an instant, or after a while.

    Raises: the library's OperationalError or InterfaceError at the end; at once when the server answered with an error
    that trying again does not cure (a statement time-out, a full disk).
    """
    if give_up_at is None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
    pause = 0.02
    while True:
        try:
            return attempt()
        except (OperationalError, InterfaceError) as error:
            if not _connection_broke(error) or time.monotonic() >= give_up_at:
                raise
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries, guards nothing
        pause = min(pause * 2, 1.0)


def _connection_broke(error: PersistenceError) -> bool:
    """No SQL state: the connection was lost or none could be had. 57P01 to 57P03: the server is going or coming."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state[:4] == "57P0" or state[:2] == "08"


def _parameters(append: Append) -> tuple[object, ...]:
    """The values for `_append_statement` of the same shape."""
    facts, keys, categories = append.facts, append.keys, append.categories
    columns: list[Sequence[object]] = [
        [fact.originator_id for fact in facts],
        [fact.originator_version for fact in facts],
        [fact.topic for fact in facts],
        [fact.state for fact in facts],
        [fact.entry_id for fact in facts],
        [fact.msp for fact in facts],
        [fact.kind.value for fact in facts],
    ]
    parameters: list[object] = [column[0] for column in columns] if len(facts) == 1 else [*columns]
    if append.guards:
        parameters += [list(append.guards), list(append.guards.values())]
    if categories:
        parameters += [
            [guard.msp for guard in categories],
            [guard.kind.value for guard in categories],
            [guard.position for guard in categories],
        ]
    if keys:
        parameters += [
            [key.msp for key in keys],
            [key.kind for key in keys],
            [key.key for key in keys],
            [key.digest for key in keys],
            [key.stream_id for key in keys],
            [key.version for key in keys],
        ]
    return tuple(parameters)


@cache
def _append_statement(*, is_single: bool, has_guards: bool, has_categories: bool, has_keys: bool) -> str:
    """The call of `journal_append` for one shape of appends.

    Why: adapting a list costs the client about 10 us; the usual append has one fact and few conditions.
    """

    def arguments(types: str, *, given: bool = True, single: bool = False) -> list[str]:
        shape = "ARRAY[%b::{0}]" if single else "%b::{0}[]"
        return [shape.format(name) if given else "NULL" for name in types.split()]

    listed = [
        *arguments("uuid bigint text bytea uuid text text", single=is_single),
        *arguments("uuid bigint", given=has_guards),
        *arguments("text text bigint", given=has_categories),
        *arguments("text text text bytea uuid bigint", given=has_keys),
    ]
    return f"SELECT first_position, stored_at FROM journal_append({', '.join(listed)})"  # noqa: S608 - built from the constants above


_TAKEN_KEYS = """
SELECT k.msp, k.kind, k.key, k.digest, k.stream_id, k.version, f.notification_id
  FROM unnest(%b::text[], %b::text[], %b::text[]) AS w (msp, kind, key)
  JOIN LATERAL (
    SELECT * FROM journal_keys j WHERE j.msp = w.msp AND j.kind = w.kind AND j.key = w.key OFFSET 0) k ON true
  JOIN LATERAL (
    SELECT x.notification_id FROM facts x
     WHERE x.originator_id = k.stream_id AND x.originator_version = k.version OFFSET 0) f ON true
"""
