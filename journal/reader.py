"""What a decision looks at, and what it answers with.

A `Reader` remembers every look: which streams at which versions, which categories, which keys. The journal turns that
into the conditions of the append, so a decision never has to say what it relied on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from domain.streams import Aggregate, Stream, StreamKind
from domain.values import MspId
from journal.entry import Origin
from journal.recorder import CategoryGuard, FullKey, TakenKey
from journal.state_cache import Folded

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Key:
    """An id that counts once per MSP and kind, for ever: a change id or an idempotency key.

    `digest` is that of the content it came with, so that the same id with other content can be told apart.
    `fact` says which of the change's facts it leads to, counted from 0.
    """

    kind: str
    key: str
    digest: bytes
    fact: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """New facts for one stream, which the decision has read before, and the keys that they use up.

    `origin` is in whose name they are recorded, where several speak in one append.
    """

    stream: Stream
    facts: tuple[Any, ...]
    keys: tuple[Key, ...] = ()
    origin: Origin | None = None


class KeyIsPending(Exception):
    """A key is about to be used up by an earlier part of the same append, and what it leads to is not known yet."""


class Source(Protocol):
    """Where a reader looks: the journal."""

    def now(self) -> datetime: ...

    def cached(self, aggregate: Aggregate[S, Any], stream: Stream) -> Folded[S] | None: ...

    def load(
        self, aggregate: Aggregate[S, Any], streams: Sequence[Stream]
    ) -> tuple[dict[Stream, Folded[S]], datetime]: ...

    def find_keys(self, keys: Sequence[FullKey]) -> dict[FullKey, TakenKey]: ...


@dataclass(slots=True)
class Read:
    """A stream that a decision looked at, and how."""

    aggregate: Aggregate[Any, Any]
    folded: Folded[Any]
    guarded: bool
    is_trusted: bool
    """Taken from the cache without asking whether anything is newer; the append, or `Journal.transact`, will tell."""


class Reader:
    """What a decision may look at. Lives as long as one run of the decision.

    A trusting reader takes guarded states from the cache as they are, which saves a round trip: an append on an old
    state fails by its version, and an answer without an append is checked before it counts.
    """

    def __init__(self, journal: "Source", *, is_trusting: bool) -> None:
        self._journal = journal
        self._is_trusting = is_trusting
        self._now: datetime | None = None
        self.reads: dict[Stream, Read] = {}
        self.categories: list[CategoryGuard] = []
        self.keys_looked_up: set[FullKey] = set()
        self._found_ahead: dict[FullKey, TakenKey | None] = {}
        self.foreseen: dict[Stream, Folded[Any]] = {}
        self._foreseen_keys: set[FullKey] = set()

    @property
    def now(self) -> datetime:
        """The ledger's time at the first look of this run; it stands still until the decision is over."""
        if self._now is None:
            self._now = self._journal.now()
        return self._now

    def state(self, aggregate: Aggregate[S, Any], stream: Stream, *, guard: bool = True) -> Folded[S]:
        """Load a stream's state. Guarded: if it moves before the append, the decision runs again."""
        return self.states(aggregate, (stream,), guard=guard)[stream]

    def states(
        self, aggregate: Aggregate[S, Any], streams: Sequence[Stream], *, guard: bool = True
    ) -> dict[Stream, Folded[S]]:
        """Load the states of many streams of one kind in one round trip."""
        missing = [stream for stream in dict.fromkeys(streams) if stream not in self.reads]
        if guard and self._is_trusting:
            for stream in missing:
                cached = self._journal.cached(aggregate, stream)
                if cached is not None:
                    self.reads[stream] = Read(aggregate, cached, guarded=True, is_trusted=True)
            missing = [stream for stream in missing if stream not in self.reads]
        if missing:
            loaded, now = self._journal.load(aggregate, missing)
            if self._now is None:
                self._now = now
            for stream, folded in loaded.items():
                self.reads[stream] = Read(aggregate, folded, guard, is_trusted=False)
        if guard:
            for stream in streams:
                self.reads[stream].guarded = True
        if self.foreseen:
            return {stream: self.foreseen.get(stream) or self.reads[stream].folded for stream in streams}
        return {stream: self.reads[stream].folded for stream in streams}

    def foresee(self, changes: Sequence[Change]) -> None:
        """Show whoever looks next the states that these changes lead to, as if they were recorded."""
        for change in changes:
            evolve = self.reads[change.stream].aggregate.evolve
            folded = self.foreseen.get(change.stream) or self.reads[change.stream].folded
            state = folded.state
            for fact in change.facts:
                state = evolve(state, fact)
            self.foreseen[change.stream] = Folded(state, folded.version + len(change.facts))
            self._foreseen_keys.update((change.stream.msp, key.kind, key.key) for key in change.keys)

    def category(self, msp: MspId, kind: StreamKind, position: int) -> None:
        """Rely on what a view said up to a position: run again if the MSP has a newer fact in streams of the kind."""
        self.categories.append(CategoryGuard(msp, kind, position))

    def taken_keys(self, msp: MspId, kind: str, keys: Sequence[str]) -> dict[str, TakenKey]:
        """Find which keys are used up. Looked-up keys that somebody takes meanwhile make the decision run again.

        Raises: KeyIsPending when an earlier part of the same append uses one up.
        """
        wanted: dict[FullKey, str] = {(msp, kind, key): key for key in keys}
        if not self._foreseen_keys.isdisjoint(wanted):
            raise KeyIsPending
        self.keys_looked_up.update(wanted)
        ahead = {key: self._found_ahead.pop(key) for key in wanted if key in self._found_ahead}
        found = {**ahead, **self._journal.find_keys([key for key in wanted if key not in ahead])}
        return {wanted[key]: taken for key, taken in found.items() if taken is not None}

    def look_up(self, keys: Sequence[FullKey]) -> None:
        """Find in one query which of these keys are used up, so that a decision which asks for them need not wait.

        It counts once: whoever asks for a key again wants to know what has become of it since.
        """
        found = self._journal.find_keys(keys)
        self._found_ahead.update({key: found.get(key) for key in keys})
