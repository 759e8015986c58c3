"""The states of streams as of the entry that is being seen.

Every entry is folded into its stream's state once, for all views. States of streams that the batch does not touch are
the same at its start and at each of its entries, so they are read up to the batch's start; the streams of the batch
itself are loaded before its first entry and then evolve. That makes every answer exact, also after a restart and while
a view is folded anew.

`Folds` takes the entries in journal order, `FoldsByMsp` those of one MSP after those of another.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, LiteralString, TypeVar, cast
from uuid import UUID

import psycopg

from domain.addition import ADDITION
from domain.company_mapping import COMPANY_MAPPING
from domain.connection import CONNECTION
from domain.organization import ORGANIZATION
from domain.run import RUN
from domain.streams import Aggregate, Stream, StreamKind
from domain.values import MspId
from journal.application import BrokenStream
from journal.codec import Codec
from journal.entry import Entry
from journal.envelope import FACT_COLUMNS, FactRow, read_entry, read_fact

S = TypeVar("S")

AGGREGATES: Mapping[StreamKind, Aggregate[Any, Any]] = MappingProxyType(
    {aggregate.kind: aggregate for aggregate in (CONNECTION, ORGANIZATION, COMPANY_MAPPING, ADDITION, RUN)}
)
EVERY_KIND = frozenset(StreamKind)
CACHED_STATES = 20_000
WINDOW = 20
"""How many times as many entries as a batch holds are passed over at once by views that few of them concern."""
_BEFORE_ALL = MspId("")


@dataclass(slots=True)
class _State:
    """A stream's state and the version of the last fact in it."""

    state: Any
    version: int = 0


class Folds:
    """States by stream, the least recently used leave first; never while the batch that uses them lasts.

    Only streams that the ledger knows have an id here without a query. Facts are read on `connection`.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        codec: Codec,
        *,
        position: int = 0,
        cached_states: int = CACHED_STATES,
    ) -> None:
        self.connection = connection
        self.position = position
        """The last position before the batch: what is loaded is loaded up to here."""
        self._whose: MspId | None = None
        """The MSP to whom that applies, while nothing of the others is needed; none for all of them."""
        self._codec = codec
        self._capacity = cached_states
        self._states: OrderedDict[Stream, _State] = OrderedDict()
        self._begun: dict[tuple[StreamKind, MspId], list[Stream]] = {}
        """Streams whose first fact is in this batch."""

    def read(
        self, limit: int, until: int | None = None, kinds: frozenset[StreamKind] = EVERY_KIND
    ) -> tuple[list[tuple[UUID, Entry[Any]]], int]:
        """Read the next entries of some kinds of streams in journal order, at most `limit` and none after `until`.

        Shape: the entries, and the position up to which there are no others of these kinds; perhaps no entries.
        Raises: UnknownFact, NotDecodable: the program is older than the journal, or the journal was altered.
        """
        if kinds == EVERY_KIND:
            entries = self._read(_NEXT_ENTRIES, (self.position, until, until, limit))
            return entries, entries[-1][1].position if entries else self.position
        head = self.connection.execute(_HEAD).fetchone()
        assert head is not None
        end = max(min(head[0], self.position + WINDOW * limit, *([] if until is None else [until])), self.position)
        entries = self._read(_NEXT_OF_KINDS, (self.position, end, [kind.value for kind in kinds], limit))
        return entries, entries[-1][1].position if len(entries) == limit else end

    def _read(self, query: LiteralString, parameters: Sequence[object]) -> list[tuple[UUID, Entry[Any]]]:
        rows = self.connection.execute(query, parameters, prepare=True, binary=True)
        return [(cast(UUID, stream_id), read_entry(self._codec, cast(FactRow, tuple(row)))) for stream_id, *row in rows]

    def begin(self, entries: Iterable[Entry[Any]]) -> None:
        """Make room and load the streams that a batch touches."""
        while len(self._states) > self._capacity:
            self._states.popitem(last=False)
        self._load({entry.stream for entry in entries})

    def end(self, position: int) -> None:
        """The batch is seen and written; the next one starts after this position."""
        self.position = position
        self._begun.clear()

    def fold(self, entry: Entry[Any]) -> tuple[Any, Any]:
        """Fold one entry of the batch. Shape: (state before, state after). Raises: BrokenStream."""
        stream = entry.stream
        folded = self._states[stream]
        if entry.version != folded.version + 1:
            raise BrokenStream(stream.id, entry.version, folded.version)
        if entry.version == 1:
            self._begun.setdefault((stream.kind, stream.msp), []).append(stream)
        before = folded.state
        folded.state = after = AGGREGATES[stream.kind].evolve(before, entry.fact)
        folded.version = entry.version
        return before, after

    def state(self, aggregate: Aggregate[S, Any], stream: Stream) -> S:
        """The state of any stream as of the entry being seen; the initial one for a stream without facts yet."""
        assert stream.kind is aggregate.kind
        self._load((stream,))
        return cast(S, self._states[stream].state)

    def load(self, aggregate: Aggregate[Any, Any], streams: Iterable[Stream]) -> None:
        """Fetch many streams of one kind in one query, so that asking for them is free."""
        wanted = list(streams)
        assert all(stream.kind is aggregate.kind for stream in wanted)
        self._load(wanted)

    def states_of(self, aggregate: Aggregate[S, Any], msp: MspId) -> dict[Stream, S]:
        """The states of all streams of one kind that an MSP has, as of the entry being seen.

        Shape: in the order of their first facts. Why: a view that needs them must not ask another view's table, which
        stands at another position while one of the two is folded anew.
        """
        rows = self.connection.execute(_FIRST_ENTRIES, (msp, aggregate.kind.value, self._reached(msp)), binary=True)
        streams = [read_entry(self._codec, cast(FactRow, row)).stream for row in rows]
        streams += self._begun.get((aggregate.kind, msp), [])
        self._load(streams)
        return {stream: self.state(aggregate, stream) for stream in streams}

    def _reached(self, msp: MspId) -> int:
        return self.position if self._whose in {None, msp} else 0

    def _load(self, streams: Iterable[Stream]) -> None:
        begun: dict[UUID, Stream] = {}
        until: list[int] = []
        for stream in streams:
            try:
                self._states.move_to_end(stream)
            except KeyError:
                self._states[stream] = _State(AGGREGATES[stream.kind].initial)
                if reached := self._reached(stream.msp):
                    begun[stream.id] = stream
                    until.append(reached)
        if not begun:
            return
        rows: Sequence[tuple[UUID, int, str, bytes]] = self.connection.execute(
            _FACTS_OF_STREAMS, (list(begun), until), prepare=True, binary=True
        ).fetchall()
        for stream_id, version, topic, stored in rows:
            stream = begun[stream_id]
            folded = self._states[stream]
            if version != folded.version + 1:
                raise BrokenStream(stream_id, version, folded.version)
            fact = read_fact(self._codec, topic, stored)
            folded.state, folded.version = AGGREGATES[stream.kind].evolve(folded.state, fact), version


class FoldsByMsp(Folds):
    """States while the journal is gone through MSP by MSP, each from its first entry to the last one up to `goal`.

    Why: a stream's entries then come close together, so few states are kept and none is read twice, however many
    streams the ledger has. Nothing that is folded looks at another MSP's streams.
    """

    def __init__(
        self, connection: psycopg.Connection[Any], codec: Codec, *, goal: int, cached_states: int = CACHED_STATES
    ) -> None:
        super().__init__(connection, codec, cached_states=cached_states)
        self._goal = goal
        self._whose = _BEFORE_ALL

    def read_next(self, limit: int, kinds: frozenset[StreamKind] = EVERY_KIND) -> list[tuple[UUID, Entry[Any]]]:
        """Read the next entries of some kinds of streams, at most `limit`; none at the end. Raises: as `read`."""
        return self._read(
            _NEXT_OF_MSPS, (self._whose, self.position, self._goal, [kind.value for kind in kinds], limit)
        )

    def end_with(self, entry: Entry[Any]) -> None:
        """The batch is seen and written; this was its last entry."""
        self._whose = entry.stream.msp
        self.end(entry.position)


_NEXT_ENTRIES: LiteralString = f"""
SELECT originator_id, {FACT_COLUMNS} FROM facts
 WHERE notification_id > %s AND (%s::bigint IS NULL OR notification_id <= %s)
 ORDER BY notification_id LIMIT %s
"""  # noqa: S608 - our own constants

_HEAD = "SELECT coalesce(max(notification_id), 0) FROM facts"

_NEXT_OF_KINDS: LiteralString = f"""
SELECT originator_id, {FACT_COLUMNS} FROM facts
 WHERE notification_id > %s AND notification_id <= %s AND kind = ANY(%s)
 ORDER BY notification_id LIMIT %s
"""  # noqa: S608 - our own constants

_NEXT_OF_MSPS: LiteralString = f"""
SELECT originator_id, {FACT_COLUMNS} FROM facts
 WHERE (msp, notification_id) > (%s, %s) AND notification_id <= %s AND kind = ANY(%s)
 ORDER BY msp, notification_id LIMIT %s
"""  # noqa: S608 - our own constants

_FIRST_ENTRIES = f"""
SELECT {FACT_COLUMNS} FROM facts
 WHERE msp = %s AND kind = %s AND notification_id <= %s AND originator_version = 1
 ORDER BY notification_id
"""  # noqa: S608 - our own constants

_FACTS_OF_STREAMS = """
SELECT f.originator_id, f.originator_version, f.topic, f.state
  FROM unnest(%s::uuid[], %s::bigint[]) AS w (id, until)
 CROSS JOIN LATERAL (
   SELECT x.* FROM facts x
    WHERE x.originator_id = w.id AND x.notification_id <= w.until
    ORDER BY x.originator_version OFFSET 0) AS f
 ORDER BY f.originator_id, f.originator_version
"""
