"""What each organization uses in a month, what it comes to under the product's rule, and how far that has got.

Quantities are worked out from the facts with the domain's own functions, the same that a push uses, so what is shown
is what would be written.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import strawberry

from api import paging
from api.changes import remembered_terms
from api.context import Info
from api.explain import ExplainedChange, changes_of, opening_of
from api.fields import EVERYBODY, computed, query
from api.organizations import Organization, shown
from api.paging import Paged
from api.refusals import PlanComponentType
from domain import quantity_rules
from domain.connection import product_terms
from domain.organization import (
    ORGANIZATION,
    ClosedItem,
    MonthUsage,
    OrganizationState,
    TermsAt,
    billed_timelines,
    items_in_month,
    product_timeline,
    standings,
    usage_of_month,
)
from domain.refusals import MonthHasNotBegun
from domain.streams import organization_stream
from domain.values import BillingMonth, MspId, OrganizationId, PlanComponent, ProductTerms, Rule
from projections.reads import additions as addition_rows
from projections.reads import mappings as mapping_rows
from projections.reads import month_end as month_rows
from projections.reads import organizations as organization_rows
from projections.reads.additions import AdditionRow
from projections.reads.mappings import CompanyMappingRow
from projections.reads.organizations import OrganizationFilter


@strawberry.enum(description="How far a month's usage of one product has got.")
class UsageState(StrEnum):
    UNMAPPED = "UNMAPPED"
    EXCLUDED = "EXCLUDED"
    NO_PRODUCT = "NO_PRODUCT"
    WAITING = "WAITING"
    WRITING = "WRITING"
    VERIFIED = "VERIFIED"
    HELD = "HELD"
    FAILED = "FAILED"


@strawberry.type(
    description="The ConnectWise line that bills it, together with all organizations on the same agreement. `base` is"
    " what was wanted at the last settled push, `wrote` what that wrote, `found` what ConnectWise last held."
)
class UsageAddition:
    agreement: int
    record: int | None
    base: Decimal
    wrote: Decimal | None
    found: Decimal | None
    settled_at: datetime | None
    problem: str | None
    detail: str | None


Line = tuple[int, int]
"""Agreement and product."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One organization in a month, with what its lines need."""

    msp: MspId
    organization: OrganizationId
    state: OrganizationState
    month: BillingMonth
    now: datetime
    mapping: CompanyMappingRow | None
    additions: Mapping[Line, AdditionRow]
    written: Collection[Line]
    """Those that the month was written to after it had ended."""


@strawberry.type(
    description="One product of an organization in a month; or, with `product` null, one component that has no"
    " product. `inForce` is the billed quantity at the end of what has passed, `wanted` what the month will close with"
    " if nothing else comes, `monthToDate` what has accrued, `closed` what it closed with."
)
class UsageLine:
    product: int | None
    items: list[PlanComponentType]
    in_force: int
    wanted: Decimal
    month_to_date: Decimal
    closed: Decimal | None
    closed_version: int | None
    rule: Rule
    minimum: int
    state: UsageState
    addition: UsageAddition | None
    asked: strawberry.Private[_Asked]
    had: strawberry.Private[tuple[PlanComponent, ...]]

    @computed("The billed quantity at the month's first instant, before that instant's changes.")
    async def opening(self) -> int:
        return opening_of(self.asked.state, self.had, self.asked.month)

    @computed("What moved it in the month, in the order in which it counts.")
    async def changes(self, info: Info) -> list[ExplainedChange]:
        asked = self.asked
        journal = info.context.journal

        def work_out() -> list[ExplainedChange]:
            entries = journal.entries(organization_stream(asked.msp, asked.organization))
            return changes_of(asked.state, entries, self.had, asked.month)

        return await info.context.in_thread(work_out)


@strawberry.type
class OrganizationUsage:
    """The usage of one organization in a month. Lines are by product; components without one come last."""

    organization: Organization
    month: BillingMonth
    lines: list[UsageLine]


@strawberry.type
class UsageQueries:
    @query(EVERYBODY, "Usage by organization; without `month` the current one.")
    async def usage(
        self,
        info: Info,
        *,
        month: BillingMonth | None = None,
        organization: strawberry.ID | None = None,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[OrganizationUsage]:
        asking, views = info.context, info.context.views
        known = await asking.known_msp(msp)
        asked = paging.page(first, after, (str, str))
        now = await asking.in_thread(asking.journal.now)
        chosen = month or BillingMonth.of(now)
        if chosen.begins_at > now:
            raise MonthHasNotBegun(chosen)
        wanted = OrganizationFilter()
        if organization is None:
            key = (str(asked.after[0]), str(asked.after[1])) if asked.after else None
            found = await organization_rows.organizations(views, known, wanted, asked.limit, key)
        else:
            one = await organization_rows.organization(views, known, organization)
            found = [] if one is None or asked.after else [one]
        cut = paging.cut(found, asked)
        ids = [OrganizationId(row.organization) for row in cut.rows]
        mapped = await mapping_rows.of_organizations(views, known, ids)
        lines = await _lines(info, known, ids, month=chosen, now=now, mapped=mapped)
        edges, page_info = paging.edges_of(
            cut,
            lambda row: (row.name, row.organization),
            lambda row: OrganizationUsage(
                organization=shown(row, mapped.get(row.organization)),
                month=chosen,
                lines=lines[OrganizationId(row.organization)],
            ),
        )

        async def count() -> int:
            return len(found) if organization is not None else await organization_rows.count(views, known, wanted)

        return Paged(edges=edges, page_info=page_info, count=count)


async def _lines(
    info: Info,
    msp: MspId,
    ids: Sequence[OrganizationId],
    *,
    month: BillingMonth,
    now: datetime,
    mapped: Mapping[str, CompanyMappingRow],
) -> dict[OrganizationId, list[UsageLine]]:
    asking = info.context
    streams = {one: organization_stream(msp, one) for one in ids}
    folded = await asking.in_thread(asking.journal.states, ORGANIZATION, list(streams.values()))
    connection = await asking.connection(msp)
    agreements = {row.agreement for row in mapped.values() if row.agreement is not None}
    agreements |= {
        closed.agreement
        for stream in streams.values()
        if (closed := folded[stream].state.closed_months.get(month)) is not None and closed.agreement is not None
    }
    additions: Mapping[Line, AdditionRow] = {}
    written: Collection[Line] = ()
    if connection.live is not None:
        tenant, on = connection.live.tenant, sorted(agreements)
        additions = await addition_rows.of_agreements(asking.views, msp, tenant, on)
        written = await month_rows.written(asking.views, msp, tenant, month, on)
    terms, terms_at = product_terms(connection), remembered_terms(asking.journal, msp)

    def work_out() -> dict[OrganizationId, list[UsageLine]]:
        lines = {}
        for one, stream in streams.items():
            asked = _Asked(msp, one, folded[stream].state, month, now, mapped.get(one), additions, written)
            closed = asked.state.closed_months.get(month)
            lines[one] = _open_lines(asked, terms) if closed is None else _closed_lines(asked, closed, terms_at)
        return lines

    return await asking.in_thread(work_out)


def _open_lines(asked: _Asked, terms: Sequence[ProductTerms]) -> list[UsageLine]:
    products, without = usage_of_month(asked.state, asked.month, tuple(terms))
    by_product = {term.product: term for term in terms}
    agreement = asked.mapping.agreement if asked.mapping is not None else None
    had = items_in_month(asked.state, asked.month)
    lines = []
    for usage in products:
        term = by_product[usage.product]
        addition = None if agreement is None else asked.additions.get((agreement, usage.product))
        state = _mapping_state(asked) or _open_state(addition)
        lines.append(
            _line(
                asked,
                product=usage.product,
                items=tuple(item for item in term.items if item in had),
                wanted=usage.quantity,
                rule=usage.rule,
                minimum=usage.minimum,
                closed=None,
                state=state,
                addition=addition,
            )
        )
    state = _mapping_state(asked) or UsageState.NO_PRODUCT
    return lines + [_without_product(asked, item, None, state) for item in without]


def _closed_lines(asked: _Asked, closed: MonthUsage, terms_at: TermsAt) -> list[UsageLine]:
    items_of = {term.product: term.items for term in terms_at(closed.connection_version)}
    had = items_in_month(asked.state, asked.month)
    lines = []
    for usage in closed.products:
        line = None if closed.agreement is None else (closed.agreement, usage.product)
        addition = None if line is None else asked.additions.get(line)
        state = _closed_state(addition, is_written=line in asked.written) if line is not None else UsageState.UNMAPPED
        lines.append(
            _line(
                asked,
                product=usage.product,
                items=tuple(item for item in items_of.get(usage.product, ()) if item in had),
                wanted=usage.quantity,
                rule=usage.rule,
                minimum=usage.minimum,
                closed=closed,
                state=state,
                addition=addition,
            )
        )
    return lines + [_without_product(asked, item, closed, UsageState.NO_PRODUCT) for item in closed.without_product]


def _without_product(asked: _Asked, item: ClosedItem, closed: MonthUsage | None, state: UsageState) -> UsageLine:
    return _line(
        asked,
        product=None,
        items=(PlanComponent(item.plan, item.component),),
        wanted=item.quantity,
        rule=Rule.CURRENT,
        minimum=0,
        closed=closed,
        state=state,
        addition=None,
    )


def _line(
    asked: _Asked,
    *,
    product: int | None,
    items: tuple[PlanComponent, ...],
    wanted: Decimal,
    rule: Rule,
    minimum: int,
    closed: MonthUsage | None,
    state: UsageState,
    addition: AdditionRow | None,
) -> UsageLine:
    timeline = product_timeline(billed_timelines(standings(asked.state)), items)
    last_instant = min(asked.now, asked.month.ends_at - timedelta(microseconds=1))
    return UsageLine(
        product=product,
        items=[PlanComponentType(plan=strawberry.ID(item.plan), component=item.component) for item in items],
        in_force=quantity_rules.value_at(timeline, last_instant),
        wanted=wanted,
        month_to_date=quantity_rules.month_to_date(timeline, asked.month, rule, asked.now),
        closed=None if closed is None else wanted,
        closed_version=None if closed is None else closed.version,
        rule=rule,
        minimum=minimum,
        state=state,
        addition=None if addition is None else _addition(addition),
        asked=asked,
        had=items,
    )


def _mapping_state(asked: _Asked) -> UsageState | None:
    mapping = asked.mapping
    if mapping is not None and mapping.excluded_because is not None:
        return UsageState.EXCLUDED
    return UsageState.UNMAPPED if mapping is None or mapping.agreement is None else None


def _open_state(addition: AdditionRow | None) -> UsageState:
    if addition is None:
        return UsageState.WAITING
    if addition.open_push is not None:
        return UsageState.WRITING
    if addition.held_push is not None and not addition.is_approved:
        return UsageState.HELD
    if addition.problem is not None:
        return UsageState.FAILED
    return UsageState.WAITING if addition.is_due or addition.last_push is None else UsageState.VERIFIED


def _closed_state(addition: AdditionRow | None, *, is_written: bool) -> UsageState:
    """A closed month is verified when its own final, or an overwrite of it, was settled."""
    if is_written:
        return UsageState.VERIFIED
    state = _open_state(addition)
    return UsageState.WAITING if state is UsageState.VERIFIED else state


def _addition(row: AdditionRow) -> UsageAddition:
    return UsageAddition(
        agreement=row.agreement,
        record=row.record,
        base=row.base,
        wrote=row.wrote,
        found=row.found,
        settled_at=row.last_settled_at,
        problem=row.problem,
        detail=row.detail,
    )
