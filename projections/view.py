"""What every view looks like to the follower.

A view first sees each entry of a batch, with the state of the entry's stream before and after it, and remembers what
its rows will need. Then it writes once, in the transaction that also moves its position. So a row never depends on
where a batch began or ended; tests cut batches anywhere and compare.
"""

from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg

from domain.streams import StreamKind
from journal.entry import Entry
from journal.migrate import Step
from projections.folds import EVERY_KIND, Folds

__all__ = ["EVERY_KIND", "Folds", "Seen", "View"]


class Seen(NamedTuple):
    """An entry with its stream's id and folded state before and after it. States are those of the domain."""

    entry: Entry[Any]
    stream_id: UUID
    before: Any
    after: Any


class View(Protocol):
    """Folds the journal into its own tables. Used by one thread; remembers nothing from one batch to the next.

    A higher `version` than the recorded one makes the follower empty `tables` and fold them anew. `steps` make them.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def steps(self) -> tuple[Step, ...]: ...
    @property
    def tables(self) -> tuple[str, ...]: ...
    @property
    def kinds(self) -> frozenset[StreamKind]:
        """Of the streams whose entries it is shown; all that it asks `folds` for is among them."""
        ...

    def see(self, seen: Seen, folds: Folds) -> None:
        """Take notice of one entry. May ask `folds` for states of other streams as of this entry."""

    def write(self, connection: psycopg.Connection[Any]) -> None:
        """Bring the tables up to the last entry seen, within the caller's transaction, and forget the batch."""
