"""One request: who asks, for which MSP, from where; and the parts of the process that can answer.

`Asking` is what every resolver gets as its context. It reads views on the event loop and calls the journal and the PSA
in threads, because both block. An `Act` is one mutation: it lets a decision speak, records its facts under the
caller's name and idempotency key, and comes back when the views hold them.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

import strawberry
from anyio import to_thread
from starlette.types import Scope

from api.errors import Told, msp_needed, plain, unknown_msp
from api.followed_runs import FollowedRuns
from api.intake import Intake
from api.loaders import Loaders
from api.rates import Rates
from api.tokens import Principal, Remembering
from api.turns import Turn, Turns
from connectwise.exchange import Wire
from connectwise.tenants import Tenants
from domain.catalogue import Catalogue
from domain.connection import CONNECTION, ConnectionState, Live, require_live
from domain.refusals import IdempotencyKeyReused, InvalidInput, Refusal
from domain.streams import Stream, connection_stream
from domain.values import MspId
from journal.application import Journal
from journal.entry import Actor, Entry, Origin
from journal.reader import Change, Key, Reader
from journal.recorder import Alongside, FullKey, TakenKey
from journal.state_cache import Folded
from journal.together import Part
from journal.vault import Vault
from projections.freshness import Freshness
from projections.reads import organizations as organization_rows
from projections.reads.ask import Views
from projections.reads.standing import StandingReader
from projections.reads.suggestions import KeptSuggestions
from telemetry.numbers import Numbers
from telemetry.traces import Traces

T = TypeVar("T")

SECRET_FIELDS = frozenset({"private_key"})
"""Fields of inputs that never enter a digest, a fact or a log."""
VIEWS_TIMEOUT_SECONDS = 15.0
MUTATION_KEYS = "mutation"
LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Psa:
    """The way to the MSPs' ConnectWise."""

    wire: Wire
    tenants: Tenants
    allowed_origins: frozenset[str]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the process is made of; composed in `app`."""

    journal: Journal
    views: Views
    freshness: Freshness
    followed: FollowedRuns
    catalogue: Catalogue
    psa: Psa
    vault: Vault
    tokens: Remembering
    rates: Rates
    turns: Turns
    intake: Intake
    introspection: bool
    standing: StandingReader
    numbers: Numbers
    traces: Traces
    suggestions: KeptSuggestions = field(default_factory=KeptSuggestions)
    known_msps: set[MspId] = field(default_factory=set)
    """MSPs that were found to exist. What is recorded stays, so they do for ever."""

    async def in_thread(self, work: Callable[..., T], *arguments: object, **named: object) -> T:
        """Run what blocks, away from the event loop."""
        return await to_thread.run_sync(partial(work, *arguments, **named))


@dataclass(slots=True)
class Asking:
    """The context of one request."""

    parts: Parts
    principal: Principal
    actor: Actor
    request_id: str
    loaders: Loaders
    scope: Scope
    """Of the exchange, whose line in the log may tell more (`exchanges.tell`)."""
    connection_params: dict[str, Any] | None = None
    """What a WebSocket client sent first; its token is in there."""

    @property
    def is_websocket(self) -> bool:
        return bool(self.scope["type"] == "websocket")

    def end_turn(self) -> None:
        """Let others of the same caller go on while this one waits for something that takes nothing from them."""
        turn: Turn | None = self.scope.get("turn")
        if turn is not None:
            turn.end()

    @property
    def journal(self) -> Journal:
        return self.parts.journal

    @property
    def views(self) -> Views:
        return self.parts.views

    def msp(self, asked: str | None) -> MspId:
        """The MSP that a field is about.

        Raises: Denied when the token does not reach it, as if it did not exist; or when the token is for all MSPs and
        none is named.
        """
        own = self.principal.msp
        if own is not None:
            if asked is not None and asked != own:
                raise unknown_msp(asked)
            return own
        if asked is None:
            raise msp_needed()
        return MspId(checked_id("msp", asked))

    async def known_msp(self, asked: str | None) -> MspId:
        """As `msp`, for reading: a token for all MSPs is told when there is none of that name."""
        msp = self.msp(asked)
        if self.principal.msp is None and msp not in self.parts.known_msps:
            if not await organization_rows.msp_exists(self.views, msp):
                raise unknown_msp(msp)
            self.parts.known_msps.add(msp)
        return msp

    async def in_thread(self, work: Callable[..., T], *arguments: object, **named: object) -> T:
        """Run what blocks, away from the event loop."""
        return await self.parts.in_thread(work, *arguments, **named)

    async def connection(self, msp: MspId) -> ConnectionState:
        folded: Folded[ConnectionState] = await self.in_thread(self.journal.state, CONNECTION, connection_stream(msp))
        return folded.state

    async def live(self, msp: MspId) -> Live:
        """Raises: NotConnected."""
        return require_live(await self.connection(msp))

    async def views_hold(self, position: int) -> None:
        """Wait for the views. Raises: Told when they lag; what was recorded stays recorded."""
        if not await self.parts.freshness.wait_for(position, VIEWS_TIMEOUT_SECONDS):
            raise Told("this is recorded, but the views do not show it yet", {"code": "ViewsBehind", "values": {}})

    async def act(self, name: str, asked_msp: str | None, given: Any) -> "Act":
        """Begin a mutation. `given` is its input, whose `idempotency_key` and content are held against the record.

        Raises: Denied, IdempotencyKeyReused, InvalidInput, Told when the views lag behind what it led to before.
        """
        msp = self.msp(asked_msp)
        key = given.idempotency_key
        if key is None:
            return Act(self, msp, None)
        content = {each.name: plain(getattr(given, each.name)) for each in fields(given)}
        act = Act(self, msp, Key(MUTATION_KEYS, checked_id("idempotencyKey", key), content_digest(name, content)))
        if await self.in_thread(act.look_up, self.journal.taken_keys):
            # Whoever asked first may have got no answer, because the process died before the views were there.
            await self.views_hold(await self.in_thread(self.journal.head))
        return act


@dataclass(slots=True)
class Act:
    """One mutation of one MSP. `repeated` is what its idempotency key led to, when it was carried out before."""

    asking: Asking
    msp: MspId
    key: Key | None
    repeated: TakenKey | None = None

    @property
    def origin(self) -> Origin:
        asking = self.asking
        return Origin(asking.actor, request_id=asking.request_id, correlation_id=asking.request_id)

    def look_up(self, taken_keys: Callable[[MspId, str, Sequence[str]], dict[str, TakenKey]]) -> bool:
        """Whether this act was carried out before. Raises: IdempotencyKeyReused for other content."""
        if self.key is None:
            return False
        taken = taken_keys(self.msp, self.key.kind, [self.key.key]).get(self.key.key)
        if taken is not None and taken.digest != self.key.digest:
            raise IdempotencyKeyReused(self.key.key)
        self.repeated = taken
        return taken is not None

    async def record(
        self,
        decide: Callable[[Reader], Sequence[Change]],
        alongside: Alongside | None = None,
        *,
        again: bool = False,
        together: Sequence[FullKey] | None = None,
    ) -> tuple[Entry[Any], ...]:
        """Record what a decision says, and wait until the views hold it.

        With `again` the decision speaks also when the act was carried out before: its parts have ids of their own.
        `together` are the keys of its changes, if it may be recorded in one append with others that wait.
        Shape: the new entries; empty when it was so already or was carried out before under the same key.
        Raises: what `decide` raises, IdempotencyKeyReused, Told when the views lag.
        """
        journal = self.asking.journal

        def once(reader: Reader) -> Sequence[Change]:
            if self.look_up(reader.taken_keys):
                return decide(reader) if again else ()
            try:
                return _with_key(decide(reader), self.key)
            except Refusal:
                # The same act may have been carried out since we looked, and then it is what forbids itself.
                if self.look_up(reader.taken_keys):
                    return decide(reader) if again else ()
                raise

        if together is not None and self.asking.parts.intake.is_open:
            assert alongside is None, "rows alongside go with an append of their own"
            self.asking.end_turn()  # it waits, and needs neither a thread nor a connection meanwhile
            own = () if self.key is None else ((self.msp, self.key.kind, self.key.key),)
            entries = await self.asking.parts.intake.record(Part(once, self.origin, (*own, *together)), len(together))
        else:
            entries = await self.asking.in_thread(partial(journal.transact, once, self.origin, alongside=alongside))
        position = entries[-1].position if entries else self.repeated.position if self.repeated else 0
        if position:
            await self.asking.views_hold(position)
        return entries

    async def first_entry(self, stream: Stream) -> Entry[Any]:
        """The fact that this act led to when it was carried out before, in the stream that it wrote first."""
        assert self.repeated is not None
        version = self.repeated.version
        [entry] = await self.asking.in_thread(self.asking.journal.entries, stream, version, version)
        return entry


def _with_key(changes: Sequence[Change], key: Key | None) -> Sequence[Change]:
    """The changes, the first one with facts using up the act's key."""
    if key is None:
        return changes
    place = next((place for place, change in enumerate(changes) if change.facts), None)
    if place is None:
        return changes
    first = changes[place]
    return [*changes[:place], replace(first, keys=(*first.keys, key)), *changes[place + 1 :]]


Info: TypeAlias = strawberry.Info[Asking, None]


def content_digest(name: str, content: dict[str, Any]) -> bytes:
    """What makes two acts the same: name and content, without secrets and without the key itself."""
    counted = _without_secrets({each: value for each, value in content.items() if each != "idempotency_key"})
    return hashlib.sha256(json.dumps([name, counted], sort_keys=True, ensure_ascii=False).encode()).digest()


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        hidden = SECRET_FIELDS | {"privateKey"}
        return {name: _without_secrets(each) for name, each in value.items() if name not in hidden}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def checked_id(name: str, given: str) -> str:
    """An id as given by the vendor or a client: printable text without blanks around it.

    Raises: InvalidInput.
    """
    if not 1 <= len(given) <= LONGEST_ID or not given.isprintable() or given != given.strip():
        raise InvalidInput(name, f"1 to {LONGEST_ID} printable characters, no blanks around them")
    return given
