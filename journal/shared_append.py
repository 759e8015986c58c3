"""Threads that append at the same time share one append, and so one lock, one round trip and one wait for the disk.

Whoever comes alone goes at once. While an append is under way the next ones gather; when it is done, the first of them
takes along all that can go together, in the order they came. Each keeps its own conditions: what would have been
refused alone is refused, and costs the others no more than a second try.
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from eventsourcing.persistence import InterfaceError, OperationalError

from journal.recorder import PATIENCE_SECONDS, Append, Appended, FullKey

MOST_FACTS = 64
"""In one shared append. A larger one goes alone at once: those who waited for it would gain nothing."""

LONGEST_WAIT_SECONDS = PATIENCE_SECONDS + 5.0
"""For an append that is under way: longer than one is tried."""


class Write(Protocol):
    """Stores an append whole or not at all; when it `looks_first`, it may have been stored before."""

    def __call__(self, append: Append, *, looks_first: bool = False, give_up_at: float | None = None) -> Appended: ...


@dataclass(slots=True, eq=False)
class _Part:
    """One thread's append. Without an outcome when its turn comes, it leads; or it has to try alone."""

    append: Append
    came_at: float = field(default_factory=time.monotonic)
    turn: threading.Lock = field(default_factory=threading.Lock)
    outcome: Appended | Exception | None = None
    is_on_its_own: bool = False
    """The shared append failed, or nobody knows what became of it."""

    def __post_init__(self) -> None:
        self.turn.acquire()

    def wake(self) -> None:
        with suppress(RuntimeError):  # it was woken before
            self.turn.release()


@dataclass(slots=True)
class _Group:
    """Parts that can go together, since none relies on what another writes."""

    parts: list[_Part] = field(default_factory=list)
    facts: int = 0
    written: set[UUID | str] = field(default_factory=set)
    guards: dict[UUID, int] = field(default_factory=dict)
    keys: set[FullKey] = field(default_factory=set)

    def takes(self, part: _Part) -> bool:
        """Take the part along, if it can go with those that are in the group."""
        append = part.append
        written = {fact.originator_id for fact in append.facts}
        keys = {(key.msp, key.kind, key.key) for key in append.keys}
        if self.parts and (
            self.facts + len(append.facts) > MOST_FACTS
            or append.categories
            or self.parts[0].append.categories
            or not self.written.isdisjoint(written)
            or not self.written.isdisjoint(append.guards)
            or not written.isdisjoint(self.guards)
            or not self.keys.isdisjoint(keys)
            or any(self.guards.get(stream, version) != version for stream, version in append.guards.items())
        ):
            return False
        self.parts.append(part)
        self.facts += len(append.facts)
        self.written |= written
        self.guards.update(append.guards)
        self.keys |= keys
        return True

    @property
    def append(self) -> Append:
        parts = [part.append for part in self.parts]
        if len(parts) == 1:
            return parts[0]
        return Append(
            [fact for part in parts for fact in part.facts],
            self.guards,
            (),
            [key for part in parts for key in part.keys],
        )


class SharedAppend:
    """For the threads of one process."""

    def __init__(self, write: Write, *, longest_wait_seconds: float = LONGEST_WAIT_SECONDS) -> None:
        self._write = write
        self._longest_wait_seconds = longest_wait_seconds
        self._mutex = threading.Lock()
        self._leading: _Part | None = None
        self._waiting: list[_Part] = []

    @property
    def waiting(self) -> int:
        """How many appends wait for the one under way."""
        return len(self._waiting)

    def append(self, append: Append) -> Appended:
        """Raises: what `write` raises for this append."""
        if len(append.facts) > MOST_FACTS:
            return self._write(append)
        part = _Part(append)
        try:
            if self._comes_first(part) or self._is_next(part):
                self._lead(part)
        finally:
            self._leave(part)
        if part.is_on_its_own:
            return self._write(append, looks_first=True, give_up_at=part.came_at + PATIENCE_SECONDS)
        if isinstance(part.outcome, Exception):
            raise part.outcome
        assert part.outcome is not None
        return part.outcome

    def _comes_first(self, part: _Part) -> bool:
        with self._mutex:
            if self._leading is None:
                self._leading = part
                return True
            self._waiting.append(part)
            return False

    def _is_next(self, part: _Part) -> bool:
        """Wait until something is known, or it is this part's turn to lead.

        Whoever waits longer than an append may take tries alone, and lets others lead in the place of a thread that is
        gone: a time limit can tear one out at any instruction.
        """
        if not part.turn.acquire(timeout=self._longest_wait_seconds):
            with self._mutex:
                part.is_on_its_own = part.outcome is None
                if part in self._waiting:
                    self._waiting.remove(part)
                self._pass_on()
        return part.outcome is None and not part.is_on_its_own

    def _lead(self, own: _Part) -> None:
        """Write a group and tell each part of it, whatever happens."""
        group = _Group()
        group.takes(own)
        try:
            with self._mutex:
                self._waiting = [part for part in self._waiting if not group.takes(part)]
            self._write_group(group)
        finally:
            for part in group.parts[1:]:
                part.is_on_its_own = part.outcome is None
                part.wake()

    def _leave(self, part: _Part) -> None:
        """Let the next one lead; also when the thread is torn out, by a time limit or at the end."""
        with self._mutex:
            if part in self._waiting:
                self._waiting.remove(part)
            if self._leading is part:
                self._pass_on()

    def _pass_on(self) -> None:
        self._leading = self._waiting[0] if self._waiting else None
        if self._leading is not None:
            self._leading.wake()
            del self._waiting[0]

    def _write_group(self, group: _Group) -> None:
        own, is_shared = group.parts[0], len(group.parts) > 1
        try:
            appended = self._write(group.append, give_up_at=group.parts[-1].came_at + PATIENCE_SECONDS)
        except (OperationalError, InterfaceError) as error:
            for part in group.parts:
                part.outcome = error
        except Exception as error:  # noqa: BLE001 - raised by whichever part it was, when each tries for itself
            own.outcome = None if is_shared else error
            own.is_on_its_own = is_shared
        else:
            position = appended.first_position
            for part in group.parts:
                part.outcome = Appended(position, appended.recorded_at)
                position += len(part.append.facts)
