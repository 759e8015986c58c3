"""Why is this quantity 17: an addition's month from the licence changes to what ConnectWise answered.

Everything is read from the journal, nothing from views: each organization's changes with the running total, the rule,
and each push with base, found, wanted, target and answer. The sums are made again and compared with what was recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import strawberry

from api.as_of import stood_at
from api.changes import remembered_terms
from api.context import Info
from api.fields import READERS, query
from api.refusals import PlanComponentType
from domain import quantity_rules
from domain.addition import (
    Contribution,
    Problem,
    PushFailed,
    PushKind,
    PushOutcomeUnknown,
    PushStarted,
    UsagePushed,
)
from domain.connection import CONNECTION, product_terms, require_live
from domain.organization import (
    ORGANIZATION,
    EffectiveChange,
    LicensesChanged,
    LicenseTypeChanged,
    ManagementChanged,
    OrganizationClosed,
    OrganizationCreated,
    OrganizationState,
    PlanChanged,
    billed_timelines,
    product_timeline,
    standings,
    usage_of_month,
)
from domain.refusals import MonthHasNotBegun, UnknownAddition
from domain.streams import addition_stream, connection_stream, organization_stream
from domain.values import (
    BillingMonth,
    Component,
    MspId,
    OrganizationId,
    PlanComponent,
    ProductTerms,
    PsaAgreementId,
    PsaProductId,
    Rule,
    Tenant,
    same_quantity,
)
from journal.application import Journal
from journal.as_of import AsOf
from journal.entry import Entry
from projections.reads import mappings as mapping_rows
from projections.reads import month_end as month_rows

ZERO = Decimal("0.00")
LAST_PUSH = "the last push wanted what the facts say"


@strawberry.type(
    description="One recorded change and the billed quantity of the product right after it. `isLate` when it was"
    " recorded only after the month was over."
)
class ExplainedChange:
    effective_at: datetime
    recorded_at: datetime
    is_late: bool
    entry_id: strawberry.ID
    change_id: strawberry.ID
    subject: str
    fact: str
    component: Component | None
    delta: int | None
    quantity: int | None
    total_after: int


@strawberry.type(
    description="What one organization brings: the quantity at the month's begin, each change, and what they come to"
    " under the rule. `closed` is what its month was closed with, in the newest version."
)
class ExplainedOrganization:
    organization: strawberry.ID
    name: str
    items: list[PlanComponentType]
    opening: int
    changes: list[ExplainedChange]
    quantity: Decimal
    closed: Decimal | None
    closed_version: int | None


@strawberry.type
class ExplainedContribution:
    organization: strawberry.ID
    quantity: Decimal
    organization_version: int
    company_mapping_version: int


@strawberry.type(description="What ConnectWise answered: what it held before and after, or why nothing was written.")
class ExplainedAnswer:
    fact: str
    recorded_at: datetime
    entry_id: strawberry.ID
    before: Decimal | None
    after: Decimal | None
    problem: Problem | None
    detail: str | None


@strawberry.type(
    description="One push of the month, or of another `month` in between: an overwrite of a closed month moves the base"
    " too, and so does an undo; the last one may be what took away, in a newer month, what nobody has here any more."
    " `delta` is wanted − base. `answer` null while it is open."
)
class ExplainedPush:
    push: strawberry.ID
    kind: PushKind
    month: BillingMonth
    entry_id: strawberry.ID
    started_at: datetime
    subject: str
    run: strawberry.ID | None
    base: Decimal
    wrote: Decimal | None
    found: Decimal | None
    wanted: Decimal
    delta: Decimal
    target: Decimal
    rule: Rule | None
    minimum: int | None
    contributions: list[ExplainedContribution]
    answer: ExplainedAnswer | None


@strawberry.type(description="One comparison that was made for this answer.")
class SumCheck:
    name: str
    is_right: bool
    expected: Decimal
    actual: Decimal


@strawberry.type
class QuantityExplained:
    """The whole explanation. `isSumRight` when every check holds. `isWaiting` when only the last one does not, because
    something newer than the last push is recorded and still to be written."""

    agreement: int
    product: int
    month: BillingMonth
    rule: Rule
    minimum: int
    wanted: Decimal
    organizations: list[ExplainedOrganization]
    opening_base: Decimal
    pushes: list[ExplainedPush]
    closing_base: Decimal
    checks: list[SumCheck]
    is_sum_right: bool
    is_waiting: bool


@strawberry.type
class ExplainQueries:
    @query(
        READERS,
        "Why an addition's quantity of a month is what it is; with `at`, what it was by what was recorded by then.",
    )
    async def explain_quantity(
        self,
        info: Info,
        agreement: int,
        product: int,
        month: BillingMonth,
        *,
        at: datetime | None = None,
        msp: strawberry.ID | None = None,
    ) -> QuantityExplained:
        asking = info.context
        known = await asking.known_msp(msp)
        if at is not None:
            stood = await stood_at(info, "at", at, msp=msp)
            asked = _asked_at(stood, PsaAgreementId(agreement), PsaProductId(product), month)
            return await asking.in_thread(explain, asking.journal, asked, stood)
        mapped = await mapping_rows.on_agreement(asking.views, known, agreement)
        closed = await month_rows.closed_on(asking.views, known, month, agreement)
        asked = Asked(known, PsaAgreementId(agreement), PsaProductId(product), month, tuple(mapped), tuple(closed))
        return await asking.in_thread(explain, asking.journal, asked)


@dataclass(frozen=True, slots=True)
class Asked:
    """`mapped` are the organizations on the agreement now, `closed` those whose month was closed on it."""

    msp: MspId
    agreement: PsaAgreementId
    product: PsaProductId
    month: BillingMonth
    mapped: tuple[str, ...]
    closed: tuple[str, ...] = ()


def _asked_at(stood: AsOf, agreement: PsaAgreementId, product: PsaProductId, month: BillingMonth) -> Asked:
    """The same of an instant, from the facts of then."""
    mapped, closed = [], []
    for name in stood.names():
        mapping = stood.mapping(name)
        if mapping is not None and mapping.agreement == agreement:
            mapped.append(name)
        state = stood.organizations.get(name)
        ended = None if state is None else state.closed_months.get(month)
        if ended is not None and ended.agreement == agreement:
            closed.append(name)
    return Asked(stood.msp, agreement, product, month, tuple(mapped), tuple(closed))


@dataclass(frozen=True, slots=True)
class _Push:
    """A started push with the entry that ended it, if one did."""

    started: Entry[PushStarted]
    ended: Entry[Any] | None

    @property
    def fact(self) -> PushStarted:
        return self.started.fact

    @property
    def is_settled(self) -> bool:
        return self.ended is not None and isinstance(self.ended.fact, UsagePushed)


def explain(journal: Journal, asked: Asked, stood: AsOf | None = None) -> QuantityExplained:
    """How it is now, or how it `stood`.

    Raises: NotConnected, MonthHasNotBegun, UnknownAddition when nothing was ever billed there.
    """
    now = journal.now() if stood is None else stood.at
    until = None if stood is None else stood.at
    connection = journal.state(CONNECTION, connection_stream(asked.msp)).state if stood is None else stood.connection
    if asked.month.begins_at > now:
        raise MonthHasNotBegun(asked.month)
    pushes = _pushes(journal, asked, require_live(connection).tenant, until)
    of_month = [push for push in pushes if push.fact.month == asked.month]
    if not (of_month or asked.mapped or asked.closed):
        raise UnknownAddition(asked.agreement, asked.product)
    current = next((term for term in product_terms(connection) if term.product == asked.product), None)
    organizations, terms = _organizations(journal, asked, of_month, current, stood)
    told = _told(pushes, asked.month, is_open=asked.month.ends_at > now, is_left=not any(map(_brings, organizations)))
    wanted = sum((one.closed if one.closed is not None else one.quantity for one in organizations), ZERO)
    opening = told[0].fact.base if told else _closing(pushes)
    settled = [push.fact for push in told if push.is_settled]
    closing = settled[-1].wanted if settled else opening
    checks = _checks(pushes, told, asked.month, wanted)
    return QuantityExplained(
        agreement=asked.agreement,
        product=asked.product,
        month=asked.month,
        rule=terms.rule,
        minimum=terms.minimum,
        wanted=wanted,
        organizations=organizations,
        opening_base=opening,
        pushes=[_push(push) for push in told],
        closing_base=closing,
        checks=checks,
        is_sum_right=all(check.is_right for check in checks),
        is_waiting=[check.name for check in checks if not check.is_right] == [LAST_PUSH]
        and _has_moved_since(told[-1], organizations, terms),
    )


def _brings(one: ExplainedOrganization) -> bool:
    """Whether an organization has the product in the month, or had it when the month closed."""
    return bool(one.items) and (one.closed is not None or one.closed_version is None)


def _has_moved_since(push: _Push, organizations: Sequence[ExplainedOrganization], terms: ProductTerms) -> bool:
    """Whether something was recorded after a push began that may move what it wanted."""
    fact = push.fact
    return (
        {str(one.organization) for one in fact.contributions}
        != {str(one.organization) for one in organizations if _brings(one)}
        or (fact.rule, fact.minimum) != (terms.rule, terms.minimum)
        or any(change.recorded_at > push.started.recorded_at for one in organizations for change in one.changes)
    )


def _pushes(journal: Journal, asked: Asked, tenant: Tenant, until: datetime | None) -> list[_Push]:
    """Every push of the addition. Shape: in the order of their starts."""
    pushes: list[_Push] = []
    stream = addition_stream(asked.msp, tenant, asked.agreement, asked.product)
    for entry in journal.entries(stream, until_recorded_at=until):
        match entry.fact:
            case PushStarted():
                pushes.append(_Push(entry, None))
            case UsagePushed(push=push) | PushFailed(push=push) | PushOutcomeUnknown(push=push):
                pushes = [replace(each, ended=entry) if each.fact.push == push else each for each in pushes]
    return pushes


def _told(pushes: Sequence[_Push], month: BillingMonth, *, is_open: bool, is_left: bool) -> list[_Push]:
    """The month's pushes with whatever else was pushed between them; of the open month, also what was pushed since.

    A month that closed on an addition with nothing has no final there: what `is_left` of its pushes was taken away by
    the next push, of a newer month.
    """
    places = [place for place, push in enumerate(pushes) if push.fact.month == month]
    if not places:
        return []
    after = places[-1] + 1
    if is_left:
        after = next((place + 1 for place in range(after, len(pushes)) if pushes[place].is_settled), after)
    return list(pushes[places[0] :] if is_open else pushes[places[0] : after])


def _closing(pushes: Sequence[_Push]) -> Decimal:
    settled = [push.fact.wanted for push in pushes if push.is_settled]
    return settled[-1] if settled else ZERO


def _organizations(
    journal: Journal, asked: Asked, pushes: Sequence[_Push], current: ProductTerms | None, stood: AsOf | None
) -> tuple[list[ExplainedOrganization], ProductTerms]:
    """What every organization brings that is on the agreement, or was at the month's close or in a push of it."""
    named = {one.organization for push in pushes for one in push.fact.contributions}
    ids = sorted(named | {OrganizationId(one) for one in (*asked.mapped, *asked.closed)})
    streams = {one: organization_stream(asked.msp, one) for one in ids}
    if stood is None:
        folded = {stream: each.state for stream, each in journal.states(ORGANIZATION, list(streams.values())).items()}
    else:
        folded = {stream: stood.organizations.get(one, ORGANIZATION.initial) for one, stream in streams.items()}
    terms_at = remembered_terms(journal, asked.msp)
    today = governing = current or ProductTerms(asked.product, (), Rule.CURRENT, 0)
    found = []
    for one, stream in streams.items():
        state = folded[stream]
        closed = state.closed_months.get(asked.month)
        if closed is not None and closed.agreement != asked.agreement:
            continue
        terms = today
        if closed is not None:
            at_close = terms_at(closed.connection_version)
            terms = governing = next((term for term in at_close if term.product == asked.product), today)
        elif one not in asked.mapped:
            continue
        entries = journal.entries(stream, until_recorded_at=None if stood is None else stood.at)
        found.append(_organization(one, state, entries, asked, terms))
    return found, governing


def _organization(
    organization: OrganizationId,
    state: OrganizationState,
    entries: Sequence[Entry[Any]],
    asked: Asked,
    terms: ProductTerms,
) -> ExplainedOrganization:
    month, closed = asked.month, state.closed_months.get(asked.month)
    timelines = billed_timelines(standings(state))
    products, _ = usage_of_month(state, month, (terms,))
    closed_product = next((one for one in closed.products if one.product == asked.product), None) if closed else None
    had = tuple(item for item in terms.items if item in timelines)
    return ExplainedOrganization(
        organization=strawberry.ID(organization),
        name=state.name,
        items=[PlanComponentType(plan=strawberry.ID(item.plan), component=item.component) for item in had],
        opening=opening_of(state, had, month),
        changes=changes_of(state, entries, had, month),
        quantity=next((one.quantity for one in products if one.product == asked.product), ZERO),
        closed=None if closed_product is None else closed_product.quantity,
        closed_version=None if closed is None else closed.version,
    )


def opening_of(state: OrganizationState, items: Sequence[PlanComponent], month: BillingMonth) -> int:
    """The billed quantity of some components right before a month begins."""
    timeline = product_timeline(billed_timelines(standings(state)), tuple(items))
    return quantity_rules.value_at(timeline, month.begins_at - timedelta(microseconds=1))


def changes_of(
    state: OrganizationState, entries: Sequence[Entry[Any]], items: Sequence[PlanComponent], month: BillingMonth
) -> list[ExplainedChange]:
    """What moved the billed quantity of some components in a month. `entries` are of its stream."""
    timeline = product_timeline(billed_timelines(standings(state)), tuple(items))
    by_version = {entry.version: entry for entry in entries}
    return [
        _change(effective.change, by_version[effective.version], quantity_rules.value_at(timeline, effective.at), month)
        for effective in state.changes
        if month.begins_at <= effective.at < month.ends_at and _concerns(effective.change, items)
    ]


def _concerns(change: EffectiveChange, items: Sequence[PlanComponent]) -> bool:
    """Whether a change can move a product of these items; licences of another component can not."""
    return not isinstance(change, LicensesChanged) or change.component in {item.component for item in items}


def _change(change: EffectiveChange, entry: Entry[Any], total: int, month: BillingMonth) -> ExplainedChange:
    component = delta = quantity = None
    match change:
        case LicensesChanged():
            component, delta, quantity = change.component, change.delta, change.quantity
        case OrganizationCreated() | PlanChanged() | LicenseTypeChanged() | ManagementChanged() | OrganizationClosed():
            pass
    return ExplainedChange(
        effective_at=change.effective_at,
        recorded_at=entry.recorded_at,
        is_late=entry.recorded_at >= month.ends_at,
        entry_id=strawberry.ID(str(entry.entry_id)),
        change_id=strawberry.ID(change.change_id),
        subject=entry.actor.subject,
        fact=entry.fact_type,
        component=component,
        delta=delta,
        quantity=quantity,
        total_after=total,
    )


def _push(push: _Push) -> ExplainedPush:
    fact, entry = push.fact, push.started
    return ExplainedPush(
        push=strawberry.ID(fact.push),
        kind=fact.kind,
        month=fact.month,
        entry_id=strawberry.ID(str(entry.entry_id)),
        started_at=entry.recorded_at,
        subject=entry.actor.subject,
        run=None if fact.run is None else strawberry.ID(fact.run),
        base=fact.base,
        wrote=fact.wrote,
        found=fact.found,
        wanted=fact.wanted,
        delta=fact.wanted - fact.base,
        target=fact.target,
        rule=fact.rule,
        minimum=fact.minimum,
        contributions=[_contribution(one) for one in fact.contributions],
        answer=None if push.ended is None else _answer(push.ended),
    )


def _contribution(one: Contribution) -> ExplainedContribution:
    return ExplainedContribution(
        organization=strawberry.ID(one.organization),
        quantity=one.quantity,
        organization_version=one.organization_version,
        company_mapping_version=one.company_mapping_version,
    )


def _answer(entry: Entry[Any]) -> ExplainedAnswer:
    before: Decimal | None = None
    after: Decimal | None = None
    problem: Problem | None = None
    detail: str | None = None
    match entry.fact:
        case UsagePushed() as pushed:
            before, after = pushed.before, pushed.after
        case PushFailed() as failed:
            problem, detail = failed.problem, failed.detail
        case PushOutcomeUnknown() as unknown:
            before, after, problem = unknown.earlier_found, unknown.found, Problem.OUTCOME_UNKNOWN
    return ExplainedAnswer(
        fact=entry.fact_type,
        recorded_at=entry.recorded_at,
        entry_id=strawberry.ID(str(entry.entry_id)),
        before=before,
        after=after,
        problem=problem,
        detail=detail,
    )


def _checks(pushes: Sequence[_Push], told: Sequence[_Push], month: BillingMonth, wanted: Decimal) -> list[SumCheck]:
    """Make every sum again: contributions, the chain of bases, the deltas told, and what is wanted now."""
    checks = [
        _check(f"contributions of push {push.fact.push} add up to its wanted", push.fact.wanted, _sum_of(push.fact))
        for push in told
        if push.fact.contributions
    ]
    base = ZERO
    for push in pushes:
        if push in told:
            checks.append(_check(f"push {push.fact.push} starts from the base before it", base, push.fact.base))
        if push.is_settled:
            base = push.fact.wanted
    settled = [push.fact for push in told if push.is_settled]
    if settled:
        deltas = sum((fact.wanted - fact.base for fact in settled), ZERO)
        checks.append(
            _check("opening base and all deltas make the closing base", settled[-1].wanted, settled[0].base + deltas)
        )
        last = told[-1]
        if last.is_settled and last.fact.month == month and last.fact.kind not in {PushKind.RELEASE, PushKind.UNDO}:
            checks.append(_check(LAST_PUSH, wanted, settled[-1].wanted))
    return checks


def _sum_of(fact: PushStarted) -> Decimal:
    return sum((one.quantity for one in fact.contributions), ZERO)


def _check(name: str, expected: Decimal, actual: Decimal) -> SumCheck:
    return SumCheck(name=name, is_right=same_quantity(expected, actual), expected=expected, actual=actual)
