"""What ConnectWise will hold once organizations are mapped, moved or unmapped: shown before it is confirmed.

The items are decided as `mapCompanies` and `unmapCompanies` would decide them, and nothing is recorded. Then every line
that they touch is worked out by the same decisions as its push: which record, which kind, which target. ConnectWise is
read by a client that can not write.
"""

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
from api.previewed_lines import ZERO, After, Look, PreviewedLine, identifiers, usage, work_out_line
from api.refusals import as_graphql, one_of, result
from connectwise.agreements import read_agreement
from domain.company_mapping import CompanyMapped, CompanyUnmapped, current_mapping
from domain.connection import product_terms, require_live
from domain.organization import ORGANIZATION
from domain.refusals import InvalidInput, NotConnected, Refusal
from domain.streams import organization_stream
from domain.values import (
    BillingMonth,
    LeftBehind,
    OrganizationId,
    PsaAgreementId,
)
from journal.reader import Change, Reader
from projections.reads import mappings as mapping_rows

MOST_ITEMS = 100


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
        names = identifiers(deciding.connection)
        look = Look(asking.journal, client, act.msp, deciding.connection, live, deciding.reader.now, names)
        lines = await asking.in_thread(_lines, look, deciding, moves, there)
        answers = [
            _answer(organization, deciding.work[organization], refusals.get(place), moves, lines)
            for place, organization in enumerate(ids)
        ]
        money = sum((line.money for line in lines if line.money is not None), ZERO)
        return MappingsPreviewed(month=look.month, answers=answers, lines=lines, money=money)


@dataclass(frozen=True, slots=True)
class _Move:
    """One organization's way from an agreement to another, either of which may be none."""

    organization: OrganizationId
    left: PsaAgreementId | None
    joined: PsaAgreementId | None
    left_behind: LeftBehind


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


def _lines(
    look: Look, deciding: Deciding, moves: Sequence[_Move], there: Mapping[PsaAgreementId, Sequence[str]]
) -> list[PreviewedLine]:
    """Every line that the moves touch. Shape: by agreement and product. Raises: as any read of the PSA."""
    organizations = {OrganizationId(each) for ids in there.values() for each in ids}
    streams = {each: organization_stream(look.msp, each) for each in organizations}
    loaded = look.journal.states(ORGANIZATION, list(streams.values()))
    states = {each: loaded[stream].state for each, stream in streams.items()}
    states.update({move.organization: deciding.work[move.organization].organization for move in moves})

    def of_agreement(agreement: PsaAgreementId) -> list[PreviewedLine]:
        seen = read_agreement(look.client, agreement, look.now)
        leaving = [move for move in moves if move.left == agreement]
        arriving = [move for move in moves if move.joined == agreement]
        gone, joined = {move.organization for move in leaving}, {move.organization for move in arriving}
        staying = [each for each in map(OrganizationId, there[agreement]) if each not in gone]
        after = After(
            organizations={each: states[each] for each in sorted({*staying, *joined})},
            arriving=joined,
            leaving=[move.organization for move in leaving],
            left_behind=leaving[-1].left_behind if leaving else None,
        )
        return [
            work_out_line(look, seen, agreement, terms, after)
            for terms in product_terms(look.connection)
            if any(usage(states[move.organization], look.month, terms) is not None for move in (*leaving, *arriving))
        ]

    with ThreadPoolExecutor(look.connection.settings.parallel_requests, thread_name_prefix="preview") as threads:
        return [line for lines in threads.map(of_agreement, sorted(there)) for line in lines]


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
