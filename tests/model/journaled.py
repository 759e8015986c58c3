"""A history kept as a journal in memory, pushed after every act: what explanations and reconstructions are made from.

Facts are decided by the domain; what each push wants is said by the reference alone. So a month made again from these
facts, or explained by them, is held against a number that no code of ours worked out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

from domain.addition import (
    ADDITION,
    AdditionState,
    Contribution,
    DropGuard,
    PushKind,
    PushOrder,
    created,
    start_push,
    verify_push,
)
from domain.company_mapping import COMPANY_MAPPING
from domain.connection import product_terms
from domain.streams import Aggregate, Stream, StreamKind, addition_stream
from domain.values import (
    BillingMonth,
    DriftPolicy,
    MspId,
    OrganizationId,
    PsaAdditionId,
    PsaAgreementId,
    PsaProductId,
    PushId,
)
from journal.entry import Actor, Entry, Role
from journal.state_cache import Folded
from tests.model.domain_side import CONNECTION_NUMBER, MSP, TENANT, DomainSide
from tests.model.reference import usage
from tests.model.world import HALF_AN_HOUR, Act, MonthEnd, World, bounds

WORKER = Actor("worker", Role.WORKER)
LineKey = tuple[int, int]
"""Agreement and product."""


@dataclass
class MemoryJournal:
    """What a journal answers about the facts of one MSP."""

    clock: datetime
    kept: list[Entry[Any]] = field(default_factory=list)

    def note(self, stream: Stream, facts: Sequence[Any]) -> None:
        for fact in facts:
            self.kept.append(
                Entry(
                    position=len(self.kept) + 1,
                    entry_id=UUID(int=len(self.kept) + 1),
                    stream=stream,
                    version=len(self.entries(stream)) + 1,
                    recorded_at=self.clock,
                    msp=MSP,
                    actor=WORKER,
                    request_id="request",
                    correlation_id="request",
                    causation_id=None,
                    fact=fact,
                    fact_type=type(fact).__name__,
                    schema=1,
                )
            )

    def now(self) -> datetime:
        return self.clock

    def entries(
        self, stream: Stream, from_version: int = 1, to_version: int | None = None, until_recorded_at: None = None
    ) -> list[Entry[Any]]:
        last = len(self.kept) if to_version is None else to_version
        return [each for each in self.kept if each.stream == stream and from_version <= each.version <= last]

    def state(self, aggregate: Aggregate[Any, Any], stream: Stream) -> Folded[Any]:
        facts = [each.fact for each in self.entries(stream)]
        return Folded(reduce(aggregate.evolve, facts, aggregate.initial), len(facts))

    def states(self, aggregate: Aggregate[Any, Any], streams: Sequence[Stream]) -> dict[Stream, Folded[Any]]:
        return {stream: self.state(aggregate, stream) for stream in streams}

    def read(
        self, after_position: int, limit: int, *, msp: MspId | None = None, kinds: Sequence[StreamKind] | None = None
    ) -> list[Entry[Any]]:
        return self.kept[after_position : after_position + limit]


class Journaled(DomainSide):
    """The domain's side with its journal; `world` is the reference that says what is pushed."""

    def __init__(self, connected_at: datetime, world: World) -> None:
        self.journal = MemoryJournal(clock=connected_at)
        self.world = world
        self.additions: dict[LineKey, AdditionState] = {}
        self.held: dict[LineKey, Decimal] = {}
        self.closed_on: dict[tuple[str, int, int], int | None] = {}
        super().__init__(connected_at)

    def note(self, stream: Stream, facts: tuple[Any, ...]) -> None:
        self.journal.note(stream, facts)

    def offer(self, act: Act, now: datetime) -> str | None:
        self.journal.clock = now
        reason = super().offer(act, now)
        if reason is None and isinstance(act, MonthEnd):
            self._close_lines(act)
        elif reason is None:
            self._push_acts(now)
        return reason

    # --- pushes ------------------------------------------------------------------------------------------------

    def _push_acts(self, now: datetime) -> None:
        """Nothing of a new month is pushed before the old one is closed (design §5)."""
        month = BillingMonth.of(now)
        if now < month.begins_at + HALF_AN_HOUR:
            return
        shares = self._shares(month)
        for key in sorted({*shares, *self.additions}):
            state = self.additions.get(key, ADDITION.initial)
            share = shares.get(key, {})
            wanted = sum(share.values(), Decimal("0.00"))
            if state.is_fresh and share:
                self._push(key, PushKind.INITIAL, month, share)
            elif not state.is_fresh and wanted != state.base:
                self._push(key, PushKind.INCREMENTAL, month, share)

    def _shares(self, month: BillingMonth) -> dict[LineKey, dict[str, Decimal]]:
        """What each mapped organization brings to each addition, by the reference."""
        found: dict[LineKey, dict[str, Decimal]] = {}
        for name in self.world.organizations:
            agreement = self.world.agreement_of(name)
            if agreement is not None:
                products = self.world.products()
                for product, number in usage(
                    self.world.reports(name), products, *bounds(month.year, month.month)
                ).products:
                    found.setdefault((agreement, product), {})[name] = Decimal(number).scaleb(-2)
        return found

    def _close_lines(self, end: MonthEnd) -> None:
        shares: dict[LineKey, dict[str, Decimal]] = {}
        for (name, *month), versions in self.world.closings().items():
            key = name, end.year, end.month
            if month != [end.year, end.month] or key in self.closed_on:
                continue
            agreement = self.closed_on[key] = self.world.agreement_of(name)
            if agreement is not None:
                for product, number in versions[-1].products:
                    shares.setdefault((agreement, product), {})[name] = Decimal(number).scaleb(-2)
        for line, share in sorted(shares.items()):
            self._push(line, PushKind.FINAL, BillingMonth(end.year, end.month), share)

    def _push(self, key: LineKey, kind: PushKind, month: BillingMonth, share: dict[str, Decimal]) -> None:
        """Start a push and let ConnectWise answer as it should."""
        state = self.additions.get(key, ADDITION.initial)
        stream = addition_stream(MSP, TENANT, PsaAgreementId(key[0]), PsaProductId(key[1]))
        push = PushId(f"push-{len(self.journal.kept)}")
        term = next((term for term in product_terms(self.connection) if term.product == key[1]), None)
        order = PushOrder(
            kind=kind,
            month=month,
            run=None,
            connection_number=CONNECTION_NUMBER,
            wanted=sum(share.values(), Decimal("0.00")),
            drift_policy=DriftPolicy.OVERWRITE,
            guard=DropGuard(0, 0),
            rule=None if term is None else term.rule,
            minimum=None if term is None else term.minimum,
        )
        record = state.record

        def record_all(facts: tuple[Any, ...]) -> None:
            nonlocal state
            self.note(stream, facts)
            state = reduce(ADDITION.evolve, facts, state)

        record_all(
            start_push(
                state,
                order,
                push=push,
                record=record,
                found=None if record is None else self.held[key],
                deadline=self.journal.clock + timedelta(minutes=1),
                connection_version=self.connection.version,
                contributions=tuple(
                    self._contribution(name, number, month, kind) for name, number in sorted(share.items())
                ),
            )
        )
        started = state.open
        assert started is not None, "nothing stops these pushes"
        is_written = record is None or started.target != self.held[key]
        if record is None:
            record = PsaAdditionId(1 + len(self.additions))
            record_all(created(state, record, self.journal.clock))
        self.held[key] = started.target
        record_all(verify_push(state, push, record=record, after=started.target, written=is_written))
        self.additions[key] = state

    def _contribution(self, name: str, number: Decimal, month: BillingMonth, kind: PushKind) -> Contribution:
        state = self.organizations[name]
        mapping = self.mappings.get(name, COMPANY_MAPPING.initial).version
        if kind is PushKind.FINAL:
            mapping = state.closed_months[month].company_mapping_version
        return Contribution(OrganizationId(name), number, state.version, mapping)
