"""A month made again from the journal alone: what every push should have wanted and written, against what it did.

One pass over an MSP's facts in journal order. At each start of a push of the month the states are exactly those that
the push saw, because its append was guarded; so contributions, base and target are worked out anew by the domain's own
functions and compared with what was recorded. No view is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

from domain.addition import (
    ADDITION,
    ZERO,
    AdditionState,
    Contribution,
    DropGuard,
    Go,
    PushKind,
    PushOrder,
    PushStarted,
    UsagePushed,
    judge,
)
from domain.company_mapping import COMPANY_MAPPING, CompanyMappingState, current_mapping
from domain.connection import CONNECTION, ConnectionState, product_terms
from domain.organization import ORGANIZATION, OrganizationState, usage_of_month
from domain.streams import Stream, StreamKind
from domain.values import (
    BillingMonth,
    DriftPolicy,
    LeftBehind,
    MspId,
    OrganizationId,
    PsaAdditionId,
    PsaAgreementId,
    PsaProductId,
    PushId,
    Tenant,
    same_quantity,
)
from journal.application import Journal
from journal.entry import Entry

PAGE = 1_000
_NO_GUARD = DropGuard(0, 0)


@dataclass(frozen=True, slots=True)
class ReplayedPush:
    """One push of the month. `replayed` is the wanted that the facts give, `delta` that minus the base.

    Shape: `problems` says what was recorded otherwise than the facts give; empty when all agrees. `after` is what the
    PSA answered, none while the push is not settled.
    """

    push: PushId
    kind: PushKind
    entry_id: UUID
    position: int
    started_at: datetime
    base: Decimal
    wanted: Decimal
    replayed: Decimal
    target: Decimal
    after: Decimal | None
    problems: tuple[str, ...]

    @property
    def delta(self) -> Decimal:
        return self.replayed - self.base

    @property
    def is_settled(self) -> bool:
        return self.after is not None


@dataclass(frozen=True, slots=True)
class ReplayedAddition:
    """One addition's month. `wrote` is what its last settled push of any month wrote: what the PSA should hold now.

    `opening` is the base before the month's first push, `closing` the wanted of its last settled one.
    """

    tenant: Tenant
    agreement: PsaAgreementId
    product: PsaProductId
    pushes: tuple[ReplayedPush, ...]
    record: PsaAdditionId | None
    wrote: Decimal | None

    @property
    def opening(self) -> Decimal:
        return self.pushes[0].base

    @property
    def closing(self) -> Decimal:
        settled = [push.replayed for push in self.pushes if push.is_settled]
        return settled[-1] if settled else self.opening

    @property
    def deltas(self) -> Decimal:
        """The sum of what the month's settled pushes moved the base by."""
        return sum((push.delta for push in self.pushes if push.is_settled), ZERO)

    @property
    def moved_between(self) -> Decimal:
        """What pushes of other months, such as an overwrite of a closed one, moved the base by between the month's own.

        So opening, deltas and this make the closing.
        """
        settled = [push for push in self.pushes if push.is_settled]
        return sum((later.base - earlier.replayed for earlier, later in pairwise(settled)), ZERO)

    @property
    def is_right(self) -> bool:
        return not any(push.problems for push in self.pushes)


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """A month of an MSP as the journal gives it. Shape: additions by tenant, agreement and product.

    Only additions with a push of the month appear. `facts` is how many of the MSP's it was made from: all that there
    were; `live` is the tenant that is connected now.
    """

    msp: MspId
    month: BillingMonth
    facts: int
    live: Tenant | None
    additions: tuple[ReplayedAddition, ...]

    @property
    def is_right(self) -> bool:
        return all(addition.is_right for addition in self.additions)


@dataclass(slots=True)
class _World:
    """The MSP's states as of one entry."""

    msp: MspId
    connection: ConnectionState = CONNECTION.initial
    organizations: dict[OrganizationId, OrganizationState] = field(default_factory=dict)
    mappings: dict[OrganizationId, CompanyMappingState] = field(default_factory=dict)
    additions: dict[Stream, AdditionState] = field(default_factory=dict)

    def fold(self, entry: Entry[Any]) -> None:
        stream, fact = entry.stream, entry.fact
        match stream.kind:
            case StreamKind.CONNECTION:
                self.connection = CONNECTION.evolve(self.connection, fact)
            case StreamKind.ORGANIZATION:
                name = OrganizationId(stream.key[0])
                self.organizations[name] = ORGANIZATION.evolve(self.organizations.get(name, ORGANIZATION.initial), fact)
            case StreamKind.COMPANY_MAPPING:
                name = OrganizationId(stream.key[0])
                self.mappings[name] = COMPANY_MAPPING.evolve(self.mappings.get(name, COMPANY_MAPPING.initial), fact)
            case StreamKind.ADDITION:
                self.additions[stream] = ADDITION.evolve(self.addition(stream), fact)
            case StreamKind.RUN:
                pass

    def addition(self, stream: Stream) -> AdditionState:
        return self.additions.get(stream, ADDITION.initial)


def reconstruct(journal: Journal, msp: MspId, month: BillingMonth) -> Reconstruction:
    """Make a month again from the facts recorded by now.

    Raises: what reading the journal raises; a month without pushes is a reconstruction without additions.
    """
    world = _World(msp)
    pushes: dict[Stream, list[ReplayedPush]] = {}
    facts = 0
    for entry in _entries(journal, msp):
        match entry.fact:
            case PushStarted() as started if started.month == month:
                pushes.setdefault(entry.stream, []).append(_replayed(world, entry))
            case UsagePushed() as pushed:
                _settle(pushes.get(entry.stream, []), pushed)
        world.fold(entry)
        facts += 1
    return Reconstruction(
        msp=msp,
        month=month,
        facts=facts,
        live=None if world.connection.live is None else world.connection.live.tenant,
        additions=tuple(_addition(stream, pushes[stream], world.addition(stream)) for stream in sorted(pushes)),
    )


def _entries(journal: Journal, msp: MspId) -> Iterator[Entry[Any]]:
    reached = 0
    while page := journal.read(reached, PAGE, msp=msp):
        yield from page
        reached = page[-1].position


def _addition(stream: Stream, pushes: list[ReplayedPush], state: AdditionState) -> ReplayedAddition:
    site, company_id, agreement, product = stream.key
    return ReplayedAddition(
        tenant=Tenant(site, company_id),
        agreement=PsaAgreementId(int(agreement)),
        product=PsaProductId(int(product)),
        pushes=tuple(pushes),
        record=state.record,
        wrote=state.wrote,
    )


def _settle(pushes: list[ReplayedPush], pushed: UsagePushed) -> None:
    for place, push in enumerate(pushes):
        if push.push == pushed.push:
            problems = push.problems
            if not same_quantity(pushed.after, push.target):
                problems = (*problems, f"ConnectWise answered {pushed.after}, the target was {push.target}")
            pushes[place] = replace(push, after=pushed.after, problems=problems)


def _replayed(world: _World, entry: Entry[Any]) -> ReplayedPush:
    fact = cast(PushStarted, entry.fact)
    state = world.addition(entry.stream)
    contributions = _contributions(world, entry)
    wanted = _wanted(fact, contributions)
    problems: list[str] = []

    def compare(what: str, recorded: object, given: object) -> None:
        if recorded != given:
            problems.append(f"{what}: recorded {recorded}, the facts give {given}")

    if fact.kind not in {PushKind.RELEASE, PushKind.UNDO}:
        compare("contributions", _listed(fact.contributions), _listed(contributions))
    compare("wanted", fact.wanted, wanted)
    compare("base", fact.base, state.base)
    compare("wrote", fact.wrote, state.wrote)
    compare("Connection version", fact.connection_version, world.connection.version)
    compare("target", fact.target, _target(state, fact, wanted))
    return ReplayedPush(
        push=fact.push,
        kind=fact.kind,
        entry_id=entry.entry_id,
        position=entry.position,
        started_at=entry.recorded_at,
        base=state.base,
        wanted=fact.wanted,
        replayed=wanted,
        target=fact.target,
        after=None,
        problems=tuple(problems),
    )


def _listed(contributions: tuple[Contribution, ...]) -> list[str]:
    """In one order whatever the database's collation is, and readable in a problem."""
    return sorted(
        f"{one.organization} {one.quantity} (versions {one.organization_version}, {one.company_mapping_version})"
        for one in contributions
    )


def _wanted(fact: PushStarted, contributions: tuple[Contribution, ...]) -> Decimal:
    """An UNDO goes back to a base that its run's plan names; a RELEASE wants nothing."""
    match fact.kind:
        case PushKind.UNDO:
            return fact.wanted
        case PushKind.RELEASE:
            return ZERO
        case _:
            return sum((one.quantity for one in contributions), ZERO)


def _target(state: AdditionState, fact: PushStarted, wanted: Decimal) -> Decimal | None:
    """What the domain says is to be written; none when it says not to. Guards are left out: a person answered them."""
    order = PushOrder(
        kind=fact.kind,
        month=fact.month,
        run=fact.run,
        connection_number=fact.connection_number,
        wanted=wanted,
        drift_policy=fact.drift_policy or DriftPolicy.OVERWRITE,
        guard=_NO_GUARD,
        target=fact.target,
        left_behind=LeftBehind.ZERO if fact.target == 0 else LeftBehind.UNTOUCHED,
    )
    verdict = judge(state, order, fact.found)
    return verdict.target if isinstance(verdict, Go) else None


def _contributions(world: _World, entry: Entry[Any]) -> tuple[Contribution, ...]:
    fact = cast(PushStarted, entry.fact)
    if fact.kind in {PushKind.RELEASE, PushKind.UNDO}:
        return ()
    _, _, agreement, product = entry.stream.key
    psa_agreement, psa_product = PsaAgreementId(int(agreement)), PsaProductId(int(product))
    closed = _closed_contributions(world, psa_agreement, psa_product, fact.month)
    is_over = fact.kind is PushKind.OVERWRITE and fact.month.ends_at <= entry.recorded_at
    if fact.kind is PushKind.FINAL or (is_over and closed):
        return closed
    return _current_contributions(world, psa_agreement, psa_product, fact)


def _closed_contributions(
    world: _World, agreement: PsaAgreementId, product: PsaProductId, month: BillingMonth
) -> tuple[Contribution, ...]:
    """What the newest version of each closed month says."""
    found: list[Contribution] = []
    for name, state in world.organizations.items():
        closed = state.closed_months.get(month)
        if closed is not None and closed.agreement == agreement:
            found.extend(
                Contribution(name, usage.quantity, state.version, closed.company_mapping_version)
                for usage in closed.products
                if usage.product == product
            )
    return tuple(found)


def _current_contributions(
    world: _World, agreement: PsaAgreementId, product: PsaProductId, fact: PushStarted
) -> tuple[Contribution, ...]:
    terms = next((term for term in product_terms(world.connection) if term.product == product), None)
    if terms is None:
        return ()
    found: list[Contribution] = []
    for name, mapping in world.mappings.items():
        mapped = current_mapping(mapping, fact.connection_number)
        if mapped is None or mapped.agreement != agreement:
            continue
        state = world.organizations.get(name, ORGANIZATION.initial)
        found.extend(
            Contribution(name, usage.quantity, state.version, mapping.version)
            for usage in usage_of_month(state, fact.month, (terms,))[0]
        )
    return tuple(found)
