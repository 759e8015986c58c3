"""From every fact back to what caused it."""

from typing import Any
from uuid import UUID

from domain.addition import UsagePushed
from domain.run import RunKind, RunRequested
from journal.entry import Entry, Role


def follow_every_cause(recorded: list[Entry[Any]]) -> int:
    """Causes lie before what they caused; following them from a push ends at a command or at the clock's finals.

    Shape: how many pushes were followed.
    """
    by_id = {entry.entry_id: entry for entry in recorded}
    roots: dict[UUID, Entry[Any]] = {}
    for entry in recorded:
        if entry.causation_id is None:
            roots[entry.entry_id] = entry
            continue
        cause = by_id[entry.causation_id]
        assert cause.position < entry.position
        roots[entry.entry_id] = roots[cause.entry_id]
    finals = {
        entry.stream
        for entry in recorded
        if isinstance(entry.fact, RunRequested) and entry.fact.kind is RunKind.FINAL and entry.actor.role is Role.WORKER
    }
    pushed = [entry for entry in recorded if isinstance(entry.fact, UsagePushed)]
    for entry in pushed:
        root = roots[entry.entry_id]
        is_command = root.actor.role in {Role.ADMIN, Role.PLATFORM}
        assert is_command or root.stream in finals, f"{entry.fact_type} at {entry.position} leads to {root.fact_type}"
        assert root.entry_id != entry.entry_id
    return len(pushed)
