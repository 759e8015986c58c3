"""Many decisions, one append: whoever comes while others wait is recorded along with them.

Every append takes the one lock and waits for the disk, so ten decisions in one append cost little more than one. They
speak one after another, each on what the ones before it are about to record, so their answers are those that they
would have got one by one. One that fails fails alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eventsourcing.persistence import InterfaceError, OperationalError

from journal.application import Journal
from journal.entry import Entry, Origin
from journal.reader import Change, KeyIsPending, Reader
from journal.recorder import FullKey

Outcome = tuple[Entry[Any], ...] | Exception


@dataclass(frozen=True, slots=True)
class Part:
    """One decision and in whose name it is recorded. It may run many times, as for `Journal.transact`.

    `keys` are those that it is going to ask for: the keys of all parts are then looked up in one query.
    """

    decide: Callable[[Reader], Sequence[Change]]
    origin: Origin
    keys: tuple[FullKey, ...] = ()


class _ReliesOnCategory(Exception):
    """A decision relies on what a view said of all streams of a kind; it can not be told of what is not there yet."""


@dataclass(slots=True)
class _Round:
    """What the parts said when they were asked last."""

    failed: dict[int, Exception] = field(default_factory=dict)
    postponed: list[int] = field(default_factory=list)
    facts: dict[int, int] = field(default_factory=dict)


def record_together(journal: Journal, parts: Sequence[Part]) -> list[Outcome]:
    """Let every part speak, and record what they say in as few appends as can be.

    Shape: for each part what `Journal.transact` would give, or the exception that it would raise.
    """
    outcomes: dict[int, Outcome] = {}
    waiting = list(range(len(parts)))
    while waiting:
        try:
            waiting = _record_round(journal, parts, waiting, outcomes)
        except (OperationalError, InterfaceError) as error:
            outcomes.update(dict.fromkeys(waiting, error))  # nobody would fare better alone
            break
        except Exception:  # noqa: BLE001 - told by whichever part it was, now that each speaks for itself
            outcomes.update({place: _record_alone(journal, parts[place]) for place in waiting})
            break
    return [outcomes[place] for place in range(len(parts))]


def _record_round(
    journal: Journal, parts: Sequence[Part], waiting: Sequence[int], outcomes: dict[int, Outcome]
) -> list[int]:
    """One append. Returns the parts that have to wait for it, since they come with a key that it uses up."""
    said = _Round()

    def decide(reader: Reader) -> list[Change]:
        nonlocal said
        said = _Round()
        joint: list[Change] = []
        reader.look_up([key for place in waiting for key in parts[place].keys])
        for place in waiting:
            try:
                changes = [change for change in parts[place].decide(reader) if change.facts]
            except KeyIsPending:
                said.postponed.append(place)
                continue
            except Exception as error:  # noqa: BLE001 - it is this part's outcome, and raised to whoever asked
                said.failed[place] = error
                continue
            if reader.categories and len(waiting) > 1:
                raise _ReliesOnCategory
            reader.foresee(changes)
            said.facts[place] = sum(len(change.facts) for change in changes)
            joint += [replace(change, origin=parts[place].origin) for change in changes]
        return joint

    entries = journal.transact(decide, parts[waiting[0]].origin)
    begin = 0
    for place, count in said.facts.items():
        outcomes[place] = entries[begin : begin + count]
        begin += count
    outcomes.update(said.failed)
    return said.postponed


def _record_alone(journal: Journal, part: Part) -> Outcome:
    try:
        return journal.transact(part.decide, part.origin)
    except Exception as error:  # noqa: BLE001 - it is this part's outcome, and raised to whoever asked
        return error
