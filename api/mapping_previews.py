"""What ConnectWise will hold once organizations are mapped, moved or unmapped: shown before it is confirmed.

The items are decided as `mapCompanies` and `unmapCompanies` would decide them, and nothing is recorded. Then every line
that they touch is worked out by the same decisions as its push: which record, which kind, which target. ConnectWise is
read by a client that can not write.
"""

# ruff: noqa: A002 - input: arguments are named as GraphQL names them

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import strawberry

from api.context import Info
from api.fields import ADMINS, mutation
from api.mapping_items import (
    MAP_REFUSALS,
    Deciding,
    MapCompanyItem,
    UnmapCompanyItem,
    Work,
    item_ids,
    looked_at,
    mapping_items,
    unmapping_items,
)
from api.refusals import as_graphql, one_of, result
from connectwise.agreements import AgreementRead, money_effect, read_agreement, unit_price
from connectwise.client import ReadingClient
from domain.addition import ADDITION, AdditionState, DropGuard, Go, Hold, Problem, PushKind, PushOrder, Refuse, judge
from domain.company_mapping import CompanyMapped, CompanyUnmapped, current_mapping
from domain.connection import ConnectionState, Live, product_terms, require_live
from domain.organization import ORGANIZATION, OrganizationState, usage_of_month
from domain.records import choose_record, kind_of_act
from domain.refusals import InvalidInput, NotConnected, Refusal
from domain.run import LineAction
from domain.streams import addition_stream, organization_stream
from domain.values import (
    BillingMonth,
    LeftBehind,
    MspId,
    OrganizationId,
    ProductTerms,
    PsaAgreementId,
    PsaProductId,
    same_quantity,
)
from journal.application import Journal
from journal.reader import Change, Reader
from projections.reads import mappings as mapping_rows

MOST_ITEMS = 100
ZERO = Decimal("0.00")


@strawberry.type(description="What one organization brings to a line; `arrives` when these items bring it there.")
class PreviewedContribution:
    organization: strawberry.ID
    name: str
    quantity: Decimal
    arrives: bool


@strawberry.type(
    description="One ConnectWise line that the items touch, as it will be after all of them: `found` is there now,"
    " `target` will be, the sum of the contributions unless a hand edit is kept. CREATE makes a new addition. A line"
    " that its last organization leaves becomes what `leftBehind` says. `money` is the change a month."
)
class PreviewedLine:
    agreement: int
    product: int
    identifier: str | None
    kind: PushKind | None
    action: LineAction
    found: Decimal | None
    wrote: Decimal | None
    wanted: Decimal
    target: Decimal | None
    contributions: list[PreviewedContribution]
    leaving: list[strawberry.ID]
    left_behind: LeftBehind | None
    money: Decimal | None
    problem: Problem | None
    detail: str | None


@strawberry.type(description="The item can be carried out; these are the lines that it touches.")
class MappingPreviewed:
    name: str
    lines: list[PreviewedLine]


_OUTCOME = one_of("MappingPreviewOutcome", MappingPreviewed, *MAP_REFUSALS)


@strawberry.type(description="The answer to one item: those to map in the order of the input, then those to unmap.")
class MappingPreviewAnswer:
    organization: strawberry.ID
    outcome: Any = strawberry.field(graphql_type=_OUTCOME)


@strawberry.type(description="`lines` are all lines touched, each once; `money` is their sum where prices are known.")
class MappingsPreviewed:
    month: BillingMonth
    answers: list[MappingPreviewAnswer]
    lines: list[PreviewedLine]
    money: Decimal


@strawberry.input(description="Up to 100 items, as `mapCompanies` and `unmapCompanies` will be given them.")
class PreviewMappingsInput:
    items: list[MapCompanyItem] = strawberry.field(default_factory=list)
    unmap: list[UnmapCompanyItem] = strawberry.field(default_factory=list)
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


PREVIEW = result("PreviewMappingsResult", MappingsPreviewed, NotConnected, psa=True)


@strawberry.type
class MappingPreviewMutations:
    @mutation(
        PREVIEW, ADMINS, "Show what ConnectWise will hold once these are mapped. Records nothing, writes nothing."
    )
    async def preview_mappings(self, info: Info, input: PreviewMappingsInput) -> Any:
        if not 1 <= len(input.items) + len(input.unmap) <= MOST_ITEMS:
            raise InvalidInput("items", f"1 to {MOST_ITEMS}, those to unmap included")
        asking = info.context
        act = await asking.act("previewMappings", input.msp, input)
        mapped, unmapped = item_ids(act, input.items), [OrganizationId(item.organization) for item in input.unmap]
        map_one = await mapping_items(info, act.msp, input.items, mapped)
        unmap_one = unmapping_items(input.unmap, unmapped)
        ids = [*mapped, *unmapped]
        refusals: dict[int, Refusal] = {}
        decided: list[Deciding] = []

        def decide(reader: Reader) -> Sequence[Change]:
            refusals.clear()
            deciding = looked_at(act.msp, reader, ids)
            for place, organization in enumerate(ids):
                try:
                    if place < len(mapped):
                        deciding.work[organization] = map_one(deciding, place)
                    else:
                        deciding.work[organization] = unmap_one(deciding, place - len(mapped))
                except Refusal as refusal:
                    refusals[place] = refusal
            decided[:] = [deciding]
            return ()

        await asking.in_thread(asking.journal.transact, decide, act.origin)
        [deciding] = decided
        live = require_live(deciding.connection)
        moves = _moves(deciding)
        there = {
            agreement: await mapping_rows.on_agreement(asking.views, act.msp, agreement)
            for agreement in sorted({each for move in moves for each in (move.left, move.joined) if each is not None})
        }
        client = await asking.in_thread(asking.parts.psa.tenants.reading, act.msp, live.number)
        month = BillingMonth.of(deciding.reader.now)
        look = _Look(asking.journal, client, act.msp, deciding, live, month, moves)
        lines = await asking.in_thread(_lines, look, there)
        answers = [
            _answer(organization, deciding.work[organization], refusals.get(place), moves, lines)
            for place, organization in enumerate(ids)
        ]
        money = sum((line.money for line in lines if line.money is not None), ZERO)
        return MappingsPreviewed(month=month, answers=answers, lines=lines, money=money)


@dataclass(frozen=True, slots=True)
class _Move:
    """One organization's way from an agreement to another, either of which may be none."""

    organization: OrganizationId
    left: PsaAgreementId | None
    joined: PsaAgreementId | None
    left_behind: LeftBehind


@dataclass(frozen=True, slots=True)
class _Look:
    """What every line of a preview is worked out from."""

    journal: Journal
    client: ReadingClient
    msp: MspId
    deciding: Deciding
    live: Live
    month: BillingMonth
    moves: Sequence[_Move]

    @property
    def connection(self) -> ConnectionState:
        return self.deciding.connection


def _moves(deciding: Deciding) -> list[_Move]:
    """What the accepted items come to."""
    found = []
    for organization, work in deciding.work.items():
        if not work.facts:
            continue
        before = current_mapping(work.before, deciding.number)
        after = current_mapping(work.mapping, deciding.number)
        said = [fact.left_behind for fact in work.facts if isinstance(fact, CompanyMapped | CompanyUnmapped)]
        left = before.agreement if before is not None else None
        found.append(_Move(organization, left, after.agreement if after is not None else None, said[-1]))
    return found


def _lines(look: _Look, there: Mapping[PsaAgreementId, Sequence[str]]) -> list[PreviewedLine]:
    """Every line that the moves touch. Shape: by agreement and product. Raises: as any read of the PSA."""
    organizations = {OrganizationId(each) for ids in there.values() for each in ids}
    streams = {each: organization_stream(look.msp, each) for each in organizations}
    loaded = look.journal.states(ORGANIZATION, list(streams.values()))
    states = {each: loaded[stream].state for each, stream in streams.items()}
    states.update({move.organization: look.deciding.work[move.organization].organization for move in look.moves})

    def of_agreement(agreement: PsaAgreementId) -> list[PreviewedLine]:
        seen = read_agreement(look.client, agreement, look.deciding.reader.now)
        leaving = [move for move in look.moves if move.left == agreement]
        arriving = [move for move in look.moves if move.joined == agreement]
        gone = {move.organization for move in leaving}
        staying = [each for each in map(OrganizationId, there[agreement]) if each not in gone]
        after = sorted({*staying, *(move.organization for move in arriving)})
        return [
            _line(look, seen, agreement, terms, {each: states[each] for each in after})
            for terms in product_terms(look.connection)
            if any(_usage(states[move.organization], look.month, terms) is not None for move in (*leaving, *arriving))
        ]

    with ThreadPoolExecutor(look.connection.settings.parallel_requests, thread_name_prefix="preview") as threads:
        return [line for lines in threads.map(of_agreement, sorted(there)) for line in lines]


def _usage(state: OrganizationState, month: BillingMonth, terms: ProductTerms) -> Decimal | None:
    """What an organization brings to a product; none when it has it at no time in the month."""
    closed = usage_of_month(state, month, (terms,))[0] if state.exists else ()
    return closed[0].quantity if closed else None


def _line(
    look: _Look,
    seen: AgreementRead,
    agreement: PsaAgreementId,
    terms: ProductTerms,
    after: Mapping[OrganizationId, OrganizationState],
) -> PreviewedLine:
    state: AdditionState = look.journal.state(
        ADDITION, addition_stream(look.msp, look.live.tenant, agreement, terms.product)
    ).state
    arriving = {move.organization for move in look.moves if move.joined == agreement}
    leaving = [move for move in look.moves if move.left == agreement]
    brought = {each: _usage(one, look.month, terms) for each, one in after.items()}
    contributions = {each: quantity for each, quantity in brought.items() if quantity is not None}
    wanted = sum(contributions.values(), ZERO)
    left_behind = leaving[-1].left_behind if leaving and not contributions else None
    kind = kind_of_act(
        state, look.live.number, wanted=wanted, has_contributors=bool(contributions), left_behind=left_behind
    )
    shown = PreviewedLine(
        agreement=agreement,
        product=terms.product,
        identifier=_identifier(look.connection, terms.product),
        kind=kind,
        action=LineAction.VERIFY,
        found=None,
        wrote=state.wrote,
        wanted=wanted,
        target=None,
        contributions=[
            PreviewedContribution(
                organization=strawberry.ID(each), name=after[each].name, quantity=quantity, arrives=each in arriving
            )
            for each, quantity in contributions.items()
        ],
        leaving=[strawberry.ID(move.organization) for move in leaving],
        left_behind=left_behind,
        money=None,
        problem=None,
        detail=None,
    )
    _judge(look, seen, terms, state, shown)
    return shown


def _judge(look: _Look, seen: AgreementRead, terms: ProductTerms, state: AdditionState, shown: PreviewedLine) -> None:
    """Say what a push would do on the line, with the decisions that a push is made of."""
    record = choose_record(state, seen.standing_record(state.record), seen.running_records(terms.product, look.month))
    problem = seen.problem() or (
        None if state.is_proration_confirmed else seen.proration_problem(terms.rule, shown.wanted)
    )
    is_touching = shown.kind is not PushKind.RELEASE or shown.left_behind is LeftBehind.ZERO
    if state.open is not None:
        shown.detail = "a push is under way here; look again in a moment"
    if isinstance(record, Refuse):
        problem = problem or (record.problem, record.detail)
        record = None
    shown.found = record.quantity if record is not None else None
    if shown.kind is None or (shown.kind is PushKind.RELEASE and record is None and not is_touching):
        shown.target = shown.found
        return
    if problem is not None and is_touching:
        shown.action, (shown.problem, shown.detail) = LineAction.REFUSE, problem
        return
    settings = look.connection.settings
    order = PushOrder(
        kind=shown.kind,
        month=look.month,
        run=None,
        connection_number=look.live.number,
        wanted=shown.wanted,
        drift_policy=settings.drift_policy,
        guard=DropGuard(settings.drop_guard_percent, settings.drop_guard_units),
        rule=terms.rule,
        minimum=terms.minimum,
        left_behind=shown.left_behind or LeftBehind.UNTOUCHED,
    )
    match judge(state, order, shown.found):
        case Refuse(problem=named, detail=detail):
            shown.action, shown.problem, shown.detail = LineAction.REFUSE, named, detail
            return
        case Hold(target=target):
            shown.action, shown.target = LineAction.HOLD, target
        case Go(target=target):
            shown.target = target
            if record is None:
                shown.action = LineAction.CREATE
            elif not same_quantity(record.quantity, target):
                shown.action = LineAction.WRITE
    held = seen.record(record.record) if record is not None else None
    price = unit_price(look.client, held, terms.product)
    if price is not None and shown.target is not None:
        shown.money = money_effect(price, shown.found, shown.target, held)


def _identifier(connection: ConnectionState, product: PsaProductId) -> str | None:
    return next((one.identifier for one in connection.products.values() if one.product == product), None)


def _answer(
    organization: OrganizationId,
    work: Work,
    refusal: Refusal | None,
    moves: Iterable[_Move],
    lines: Iterable[PreviewedLine],
) -> MappingPreviewAnswer:
    told: Any
    if refusal is not None:
        told = as_graphql(refusal)
    else:
        touched = {each for move in moves if move.organization == organization for each in (move.left, move.joined)}
        own = [
            line
            for line in lines
            if line.agreement in touched
            and strawberry.ID(organization) in {*line.leaving, *(one.organization for one in line.contributions)}
        ]
        told = MappingPreviewed(name=work.organization.name, lines=own)
    return MappingPreviewAnswer(organization=strawberry.ID(organization), outcome=told)
