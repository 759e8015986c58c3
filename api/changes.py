"""Changes of organizations that the platform reports, each with an id that counts once for ever.

Many changes may come in one call. They are decided one after another, each on what the ones before it made of its
organization, and saved together in one atomic append. A change whose id is recorded already, with the same content, is
answered from what was recorded; with other content it is refused. A refused change does not use up its id.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from api.context import Act, checked_id
from api.errors import plain
from domain.company_mapping import COMPANY_MAPPING
from domain.connection import CONNECTION, product_terms
from domain.month_close import ClosedUnder, close_late
from domain.organization import (
    ORGANIZATION,
    EffectiveChange,
    OrganizationFact,
    OrganizationState,
    TermsAt,
    evolve,
)
from domain.refusals import ChangeIdReused, InvalidInput, Refusal
from domain.streams import Stream, company_mapping_stream, connection_stream, organization_stream
from domain.values import BillingMonth, MspId, OrganizationId, ProductTerms
from journal.application import Journal
from journal.entry import Entry
from journal.reader import Change, Key, Reader
from journal.recorder import TakenKey
from projections.reads import history as history_rows

CHANGE_KEYS = "change"
MOST_CHANGES = 1_000
_CONTENT = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class When:
    """What a decision needs besides the organization's state."""

    reader: Reader
    terms_at: TermsAt


@dataclass(frozen=True, slots=True)
class AskedChange:
    """One change as it was asked for. `content` is what makes two changes with one id the same."""

    change_id: str
    organization: OrganizationId
    content: tuple[Any, ...]
    decide: Callable[[OrganizationState, When], tuple[OrganizationFact, ...]]

    @property
    def digest(self) -> bytes:
        text = _CONTENT.encode([self.organization, *map(plain, self.content)])
        return hashlib.sha256(text.encode()).digest()

    def key(self, fact: int) -> Key:
        """What its id is used up by: the fact at this place of its organization's new facts."""
        return Key(CHANGE_KEYS, self.change_id, self.digest, fact=fact)


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change that is recorded, now or before. `entry_id` names its fact."""

    change: EffectiveChange
    entry_id: UUID
    was_recorded: bool


Outcome = RecordedChange | Refusal


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a change's fact stands, or will stand."""

    change: EffectiveChange
    stream: Stream
    version: int
    position: int | None
    """None while it is not recorded."""


@dataclass(slots=True)
class _Working:
    """One organization while a call is decided."""

    stream: Stream
    recorded: int
    state: OrganizationState
    facts: list[OrganizationFact] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)


async def record_changes(act: Act, asked: Sequence[AskedChange]) -> list[Outcome]:
    """Record what can be recorded, all in one append, and answer for each change in the order asked.

    Raises: what `Act.record` raises; refusals of single changes are answers.
    """
    places: list[_Place | Refusal] = []

    def decide(reader: Reader) -> tuple[Change, ...]:
        nonlocal places
        places, changes = _decide_all(act, asked, reader)
        return changes

    keys = [(act.msp, CHANGE_KEYS, one.change_id) for one in asked]
    entries = await act.record(decide, again=True, together=keys)
    return await _outcomes(act, places, entries)


def _decide_all(
    act: Act, asked: Sequence[AskedChange], reader: Reader
) -> tuple[list[_Place | Refusal], tuple[Change, ...]]:
    taken = reader.taken_keys(act.msp, CHANGE_KEYS, [one.change_id for one in asked])
    while True:
        places, changes = _decide_by(taken, act, asked, reader)
        refused = [
            one
            for one, place in zip(asked, places, strict=True)
            if isinstance(place, Refusal) and one.change_id not in taken
        ]
        since = _recorded_since(act.msp, refused, reader)
        if not since:
            return places, changes
        taken = {**taken, **since}


def _recorded_since(msp: MspId, refused: Sequence[AskedChange], reader: Reader) -> dict[str, TakenKey]:
    """Refused changes that another call has recorded since we looked: each is what forbids itself.

    Those that the states read here do not hold yet were refused by what was there before them.
    """
    if not refused:
        return {}
    found = reader.taken_keys(msp, CHANGE_KEYS, [one.change_id for one in refused])
    folded = reader.states(ORGANIZATION, [organization_stream(msp, one.organization) for one in refused])
    held = {stream.id: state.version for stream, state in folded.items()}
    return {
        change: taken for change, taken in found.items() if taken.version <= held.get(taken.stream_id, taken.version)
    }


def _decide_by(
    taken: Mapping[str, TakenKey], act: Act, asked: Sequence[AskedChange], reader: Reader
) -> tuple[list[_Place | Refusal], tuple[Change, ...]]:
    """Decide each, given which of their ids are used up."""
    streams = {one.organization: organization_stream(act.msp, one.organization) for one in asked}
    folded = reader.states(ORGANIZATION, list(streams.values()))
    working = {
        organization: _Working(stream, folded[stream].version, folded[stream].state)
        for organization, stream in streams.items()
    }
    when = When(reader, remembered_terms(act.asking.journal, act.msp))
    here: dict[str, tuple[AskedChange, _Place]] = {}
    places: list[_Place | Refusal] = []
    for one in asked:
        try:
            checked_id("changeId", one.change_id)
            earlier = taken.get(one.change_id)
            if earlier is not None:
                if earlier.digest != one.digest:
                    raise ChangeIdReused(one.change_id)
                work = working[one.organization]
                places.append(_recorded_before(work, earlier.version, earlier.position))
            elif one.change_id in here:
                first, place = here[one.change_id]
                if first.digest != one.digest:
                    raise ChangeIdReused(one.change_id)
                places.append(place)
            else:
                place = _decide(working[one.organization], one, when)
                _close_late(act.msp, one.organization, working[one.organization], place.change, reader)
                here[one.change_id] = one, place
                places.append(place)
        except Refusal as refusal:
            places.append(refusal)
    changes = tuple(Change(work.stream, tuple(work.facts), tuple(work.keys)) for work in working.values() if work.facts)
    return places, changes


def _decide(work: _Working, one: AskedChange, when: When) -> _Place:
    facts = one.decide(work.state, when)
    change, *_ = facts
    assert isinstance(change, EffectiveChange)
    work.keys.append(one.key(len(work.facts)))
    place = _Place(change, work.stream, work.recorded + len(work.facts) + 1, None)
    work.facts.extend(facts)
    for fact in facts:
        work.state = evolve(work.state, fact)
    return place


def _close_late(
    msp: MspId, organization: OrganizationId, work: _Working, change: EffectiveChange, reader: Reader
) -> None:
    """A change with effect in an earlier month may tell of an organization that was not there when it closed."""
    if BillingMonth.of(change.effective_at) >= BillingMonth.of(reader.now):
        return
    connection = reader.state(CONNECTION, connection_stream(msp))
    mapping = reader.state(COMPANY_MAPPING, company_mapping_stream(msp, organization))
    under = ClosedUnder(connection.state, connection.version, mapping.state, mapping.version)
    for fact in close_late(work.state, under, reader.now):
        work.facts.append(fact)
        work.state = evolve(work.state, fact)


def _recorded_before(work: _Working, version: int, position: int) -> _Place:
    change = next(effective.change for effective in work.state.changes if effective.version == version)
    return _Place(change, work.stream, version, position)


async def _outcomes(act: Act, places: Sequence[_Place | Refusal], entries: Sequence[Entry[Any]]) -> list[Outcome]:
    new = {(entry.stream, entry.version): entry.entry_id for entry in entries}
    old = [place.position for place in places if isinstance(place, _Place) and place.position is not None]
    if old:
        await act.asking.views_hold(max(old))
    known = await history_rows.entry_ids(act.asking.views, old) if old else {}
    seen: set[tuple[Stream, int]] = set()
    outcomes: list[Outcome] = []
    for place in places:
        if isinstance(place, Refusal):
            outcomes.append(place)
        elif place.position is not None:
            outcomes.append(RecordedChange(place.change, known[place.position], True))
        else:
            at = (place.stream, place.version)
            outcomes.append(RecordedChange(place.change, new[at], at in seen))
            seen.add(at)
    return outcomes


async def record_change(act: Act, one: AskedChange) -> RecordedChange:
    """Record one change. Raises: the refusal that a bulk call would answer, and what `record_changes` raises."""
    [outcome] = await record_changes(act, [one])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def remembered_terms(journal: Journal, msp: MspId) -> TermsAt:
    """How products billed at an earlier version of the MSP's connection; each version is folded once."""
    stream = connection_stream(msp)
    known: dict[int, tuple[ProductTerms, ...]] = {}

    def terms_at(version: int) -> tuple[ProductTerms, ...]:
        if version not in known:
            state = CONNECTION.initial
            for entry in journal.entries(stream, to_version=version) if version else ():
                state = CONNECTION.evolve(state, entry.fact)
            known[version] = product_terms(state)
        return known[version]

    return terms_at


def checked_count(name: str, count: int) -> None:
    """Raises: InvalidInput unless a bulk call has 1 to 1,000 items."""
    if not 1 <= count <= MOST_CHANGES:
        raise InvalidInput(name, f"1 to {MOST_CHANGES} in one call")
