"""The journal as other rooms see it: load a state, let a pure decision speak, append its facts; or read what happened.

`transact` is the one way to write. It gives a decision a `Reader`, remembers the version of every stream the decision
read, and appends all its changes in one atomic save that fails if any of them moved meanwhile; then the decision runs
again on the newer states. So decisions are written as if nobody else were there, and must have no effects of their own.
Refusals that a decision raises pass through; nothing is recorded then.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from uuid import UUID

import eventsourcing.persistence as library
import psycopg

from domain.streams import Aggregate, Stream, StreamKind
from domain.values import MspId
from journal.codec import Codec
from journal.entry import Entry, Origin, RawEntry, new_entry_id
from journal.envelope import FACT_COLUMNS, FactRow, read_entry, read_fact, store_fact
from journal.reader import Change, Key, Reader
from journal.recorder import (
    Alongside,
    Append,
    Appended,
    Conflict,
    Datastore,
    FactRecorder,
    FullKey,
    KeyTaken,
    StoredFact,
    StoredKey,
    TakenKey,
)
from journal.shared_append import SharedAppend
from journal.state_cache import Folded, StateCache
from journal.turns import Turns

S = TypeVar("S")
F = TypeVar("F")

__all__ = [
    "UNAVAILABLE",
    "BrokenStream",
    "Change",
    "Folded",
    "Journal",
    "Key",
    "NotRead",
    "RawEntry",
    "Reader",
    "TooManyConflicts",
]

UNAVAILABLE = (*(library.OperationalError, library.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError),)
"""What a call of the journal or of a view raises when the database is gone, full, or took too long: nobody's mistake.

An act that ends so was recorded whole or not at all; the same idempotency key tells which.
"""

TRIES = 20
LONGEST_PAUSE_SECONDS = 0.1


class TooManyConflicts(Exception):
    """A decision was overtaken by others each time; nothing was recorded."""

    def __init__(self, tries: int) -> None:
        super().__init__(f"overtaken by others {tries} times in a row")
        self.tries = tries


class NotRead(Exception):
    """A decision writes a stream that it has not read; a bug in the decision."""


class Journal(AbstractContextManager["Journal"]):
    """One process's door to the journal; threads share it.

    `pool_size` bounds its connections to the database, `cached_states` the streams whose folded states it keeps;
    without `shares_appends` threads append one by one.
    """

    def __init__(
        self,
        url: str,
        codec: Codec,
        *,
        pool_size: int = 8,
        cached_states: int = 20_000,
        shares_appends: bool = True,
        new_id: Callable[[], UUID] = new_entry_id,
    ) -> None:
        self._codec = codec
        self._recorder = FactRecorder(Datastore(url, pool_size=pool_size))
        self._append = SharedAppend(self._recorder.append).append if shares_appends else self._recorder.append
        self._turns = Turns()
        self._cache = StateCache(cached_states)
        self._new_id = new_id

    def close(self) -> None:
        self._recorder.datastore.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    # Writing

    def execute(
        self,
        aggregate: Aggregate[S, F],
        stream: Stream,
        decide: Callable[[S], tuple[F, ...]],
        origin: Origin,
        keys: tuple[Key, ...] = (),
    ) -> tuple[Entry[F], ...]:
        """Let a decision speak on one stream and record its facts.

        Shape: the new entries in order; empty when the decision gave no facts.
        Raises: what `decide` raises, KeyTaken, TooManyConflicts.
        """

        def one_change(reader: Reader) -> tuple[Change, ...]:
            return (Change(stream, decide(reader.state(aggregate, stream).state), keys),)

        return self.transact(one_change, origin)

    def transact(
        self,
        decide: Callable[[Reader], Sequence[Change]],
        origin: Origin,
        *,
        keys: tuple[Key, ...] = (),
        alongside: Alongside | None = None,
        tries: int = TRIES,
    ) -> tuple[Entry[Any], ...]:
        """Let a decision speak over many streams and record its changes in one atomic append.

        `keys` belong to the whole: they lead to facts of the first change. `alongside` writes rows in the same
        transaction, for example credentials into the vault. The decision may run many times.
        Shape: the new entries in the order of the changes; empty when there are no facts, and then no key is used up.
        Raises: what `decide` raises; KeyTaken for a used-up key that the decision did not look up; TooManyConflicts;
        NotRead; CodecError.
        """
        with ExitStack() as turn:
            for failed in range(tries):
                reader = Reader(self, is_trusting=failed == 0)
                try:
                    changes = [change for change in decide(reader) if change.facts]
                except Exception:
                    if self._is_current(reader):
                        raise
                    continue  # it judged by an old state, so what it said does not count
                if not changes:
                    if self._is_current(reader):
                        return ()
                    continue
                append = self._append_of(reader, changes, keys, origin)
                try:
                    appended = self._append(append) if alongside is None else self._recorder.append(append, alongside)
                except Conflict:
                    if failed == 0:
                        turn.enter_context(self._turns.of(append.facts[0].originator_id))
                except KeyTaken as taken:
                    if not reader.keys_looked_up.issuperset(taken.taken):
                        raise
                else:
                    return self._recorded(reader, changes, append, appended, origin)
                pause = min(0.001 * 2**failed, LONGEST_PAUSE_SECONDS)
                time.sleep(random.uniform(0, pause))  # noqa: S311 - spreads retries, guards nothing
        raise TooManyConflicts(tries)

    def _is_current(self, reader: Reader) -> bool:
        """Whether nothing is newer than the states that a trusting reader took from the cache."""
        trusted: dict[StreamKind, tuple[Aggregate[Any, Any], list[Stream]]] = {}
        for stream, read in reader.reads.items():
            if read.is_trusted:
                trusted.setdefault(stream.kind, (read.aggregate, []))[1].append(stream)
        return all(
            folded.version == reader.reads[stream].folded.version
            for aggregate, streams in trusted.values()
            for stream, folded in self.states(aggregate, streams).items()
        )

    def _append_of(self, reader: Reader, changes: Sequence[Change], keys: tuple[Key, ...], origin: Origin) -> Append:
        facts: list[StoredFact] = []
        stored_keys: list[StoredKey] = []
        reached: dict[Stream, int] = {}
        for change in changes:
            if change.stream not in reader.reads:
                raise NotRead(f"{change.stream} is written but was not read")
            base = reached.get(change.stream, reader.reads[change.stream].folded.version)
            for number, fact in enumerate(change.facts, start=1):
                entry_id = self._new_id()
                own = change.origin or origin
                facts.append(store_fact(self._codec, change.stream, base + number, fact, entry_id=entry_id, origin=own))
            reached[change.stream] = base + len(change.facts)
            for key in (*keys, *change.keys) if change is changes[0] else change.keys:
                change.facts[key.fact]
                stored_keys.append(
                    StoredKey(
                        change.stream.msp,
                        key.kind,
                        key.key,
                        key.digest,
                        change.stream.id,
                        base + 1 + key.fact,
                    )
                )
        guards = {
            stream.id: read.folded.version
            for stream, read in reader.reads.items()
            if read.guarded and stream not in reached
        }
        return Append(facts, guards, reader.categories, stored_keys)

    def _recorded(
        self, reader: Reader, changes: Sequence[Change], append: Append, appended: Appended, origin: Origin
    ) -> tuple[Entry[Any], ...]:
        """Build the entries that were stored, and keep the states they lead to."""
        entries: list[Entry[Any]] = []
        recorded_at = appended.recorded_at.astimezone(UTC)
        place = 0
        usual = origin
        if not reader.foreseen:  # or whoever decided foresaw all of them
            reader.foresee(changes)
        for stream, folded in reader.foreseen.items():
            self._cache.put(stream.id, reader.reads[stream].aggregate.evolve, folded)
        for change in changes:
            origin = change.origin or usual
            for fact in change.facts:
                stored = append.facts[place]
                fact_type = self._codec.type_of(change.stream.kind, fact)
                entries.append(
                    Entry(
                        position=appended.first_position + place,
                        entry_id=stored.entry_id,
                        stream=change.stream,
                        version=stored.originator_version,
                        recorded_at=recorded_at,
                        msp=change.stream.msp,
                        actor=origin.actor,
                        request_id=origin.request_id,
                        correlation_id=origin.correlation_id,
                        causation_id=origin.causation_id,
                        fact=fact,
                        fact_type=fact_type.name,
                        schema=fact_type.schema,
                    )
                )
                place += 1
        return tuple(entries)

    def taken_keys(self, msp: MspId, kind: str, keys: Sequence[str]) -> dict[str, TakenKey]:
        """Find which keys of a kind are used up, and what each led to, in one query."""
        return {key: taken for (_, _, key), taken in self.find_keys([(msp, kind, key) for key in keys]).items()}

    def find_keys(self, keys: Sequence[FullKey]) -> dict[FullKey, TakenKey]:
        """Find which keys are used up, and what each led to, in one query."""
        return self._recorder.taken_keys(tuple(dict.fromkeys(keys)))

    # States

    def state(self, aggregate: Aggregate[S, Any], stream: Stream) -> Folded[S]:
        """Load a stream's current state."""
        return self.load(aggregate, (stream,))[0][stream]

    def states(self, aggregate: Aggregate[S, Any], streams: Sequence[Stream]) -> dict[Stream, Folded[S]]:
        """Load the current states of many streams of one kind in one query."""
        return self.load(aggregate, streams)[0]

    def cached(self, aggregate: Aggregate[S, Any], stream: Stream) -> Folded[S] | None:
        """A state as this process knows it; right at its version, perhaps not the newest. None when not known."""
        return self._cache.get(stream.id, aggregate.evolve)

    def load(self, aggregate: Aggregate[S, Any], streams: Sequence[Stream]) -> tuple[dict[Stream, Folded[S]], datetime]:
        """Load current states, and the ledger's time along with them, in one round trip."""
        return self._load([(aggregate, stream) for stream in streams])

    def states_of(self, wanted: Iterable[tuple[Aggregate[Any, Any], Stream]]) -> dict[Stream, Folded[Any]]:
        """Load the current states of streams of several kinds in one query."""
        return self._load(wanted)[0]

    def _load(self, wanted: Iterable[tuple[Aggregate[Any, Any], Stream]]) -> tuple[dict[Stream, Folded[Any]], datetime]:
        """Only facts newer than the cached states are read."""
        known: dict[UUID, Folded[Any]] = {}
        ids: dict[Stream, UUID] = {}
        aggregates: dict[UUID, Aggregate[Any, Any]] = {}
        for aggregate, stream in wanted:
            if stream.kind is not aggregate.kind:
                raise ValueError(f"{stream} is no {aggregate.kind} stream")
            ids[stream] = stream_id = stream.id
            aggregates[stream_id] = aggregate
            known[stream_id] = self._cache.get(stream_id, aggregate.evolve) or Folded(aggregate.initial, 0)
        rows = self._recorder.rows(_NEWER_FACTS, (list(known), [folded.version for folded in known.values()]))
        now: datetime = rows[0][0].astimezone(UTC)
        moved: dict[UUID, tuple[Any, int]] = {}
        for _, stream_id, version, topic, state_bytes in rows:
            if stream_id is None:
                continue
            state, reached = moved.get(stream_id) or (known[stream_id].state, known[stream_id].version)
            if version != reached + 1:
                raise BrokenStream(stream_id, version, reached)
            evolve = aggregates[stream_id].evolve
            moved[stream_id] = evolve(state, read_fact(self._codec, topic, state_bytes)), version
        for stream_id, (state, version) in moved.items():
            known[stream_id] = Folded(state, version)
            self._cache.put(stream_id, aggregates[stream_id].evolve, known[stream_id])
        return {stream: known[stream_id] for stream, stream_id in ids.items()}, now

    def state_at(self, aggregate: Aggregate[S, Any], stream: Stream, recorded_until: datetime) -> Folded[S]:
        """Fold what was recorded up to an instant, that instant included."""
        rows = self._recorder.rows(_FACTS_UNTIL, (stream.id, recorded_until))
        state: Any = aggregate.initial
        for _, topic, state_bytes in rows:
            state = aggregate.evolve(state, read_fact(self._codec, topic, state_bytes))
        return Folded(state, rows[-1][0] if rows else 0)

    def now(self) -> datetime:
        """The ledger's time."""
        now: datetime = self._recorder.rows("SELECT ledger_now()", ())[0][0]
        return now.astimezone(UTC)

    # Reading

    def head(self) -> int:
        """The last position; 0 while nothing is recorded."""
        found: int = self._recorder.rows("SELECT coalesce(max(notification_id), 0) FROM facts", ())[0][0]
        return found

    def read(
        self,
        after_position: int,
        limit: int,
        *,
        msp: MspId | None = None,
        kinds: Sequence[StreamKind] | None = None,
    ) -> list[Entry[Any]]:
        """Read entries after a position in journal order, at most `limit`."""
        where, parameters = "notification_id > %s", list[object]([after_position])
        if msp is not None:
            where, parameters = where + " AND msp = %s", [*parameters, msp]
        if kinds is None:
            query = f"SELECT {FACT_COLUMNS} FROM facts WHERE {where} ORDER BY notification_id LIMIT %s"  # noqa: S608 - our own constants
            return self._entries(query, (*parameters, limit))
        return self._entries(
            # Each kind by itself, so that the index gives both the rows and their order.
            f"SELECT found.* FROM unnest(%s::text[]) AS wanted (kind) CROSS JOIN LATERAL ("  # noqa: S608 - our own constants
            f" SELECT {FACT_COLUMNS} FROM facts WHERE {where} AND facts.kind = wanted.kind"
            " ORDER BY notification_id LIMIT %s) AS found ORDER BY notification_id LIMIT %s",
            ([kind.value for kind in kinds], *parameters, limit, limit),
        )

    def raw(self, after_position: int, limit: int, *, msp: MspId | None = None) -> list[RawEntry]:
        """Read rows after a position in journal order with the very bytes that were stored."""
        query = (
            "SELECT notification_id, originator_id, originator_version, topic, recorded_at, msp, kind, entry_id, state"
            " FROM facts WHERE notification_id > %s"
        )
        parameters: list[object] = [after_position]
        if msp is not None:
            query += " AND msp = %s"
            parameters.append(msp)
        rows = self._recorder.rows(query + " ORDER BY notification_id LIMIT %s", (*parameters, limit))
        return [
            RawEntry(at, stream, version, topic, recorded.astimezone(UTC), MspId(owner), StreamKind(kind), entry, state)
            for at, stream, version, topic, recorded, owner, kind, entry, state in rows
        ]

    def entries(
        self,
        stream: Stream,
        from_version: int = 1,
        to_version: int | None = None,
        until_recorded_at: datetime | None = None,
    ) -> list[Entry[Any]]:
        """Read a stream's entries in order; both versions and the instant are included."""
        query = f"SELECT {FACT_COLUMNS} FROM facts WHERE originator_id = %s AND originator_version >= %s"  # noqa: S608 - our own constants
        parameters: list[object] = [stream.id, from_version]
        if to_version is not None:
            query += " AND originator_version <= %s"
            parameters.append(to_version)
        if until_recorded_at is not None:
            query += f" AND {_RECORDED_UNTIL}"
            parameters.append(until_recorded_at)
        return self._entries(query + " ORDER BY originator_version", parameters)

    def entry(self, entry_id: UUID) -> Entry[Any] | None:
        """Find one entry by its id."""
        found = self._entries(f"SELECT {FACT_COLUMNS} FROM facts WHERE entry_id = %s", (entry_id,))  # noqa: S608 - our own constants
        return found[0] if found else None

    def _entries(self, query: str, parameters: Sequence[object]) -> list[Entry[Any]]:
        return [read_entry(self._codec, cast(FactRow, row)) for row in self._recorder.rows(query, parameters)]


class BrokenStream(Exception):
    """A stream's versions have a gap or a double: the table was altered from outside."""

    def __init__(self, stream_id: UUID, version: int, reached: int) -> None:
        super().__init__(f"stream {stream_id} has version {version} right after {reached}")
        self.stream_id = stream_id


_NEWER_FACTS = """
SELECT clock.now, f.originator_id, f.originator_version, f.topic, f.state
  FROM (SELECT ledger_now() AS now) AS clock
  LEFT JOIN (
    SELECT n.* FROM unnest(%s::uuid[], %s::bigint[]) AS w (id, version)
      CROSS JOIN LATERAL (
        SELECT x.originator_id, x.originator_version, x.topic, x.state FROM facts x
         WHERE x.originator_id = w.id AND x.originator_version > w.version
         ORDER BY x.originator_version OFFSET 0) AS n) AS f ON true
 ORDER BY f.originator_id, f.originator_version
"""

_RECORDED_UNTIL = "recorded_at + interval '0' <= %s"
"""Written so that the index on time is not used: a stream has few facts, and half the journal may be older."""

_FACTS_UNTIL = f"""
SELECT originator_version, topic, state FROM facts
 WHERE originator_id = %s AND {_RECORDED_UNTIL} ORDER BY originator_version
"""  # noqa: S608 - our own constants
