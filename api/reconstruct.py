"""A month made again from the journal alone, compared with every recorded push and, if asked, with ConnectWise now."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

import strawberry

from api.context import Info
from api.fields import READERS, query
from api.products import reading
from connectwise.client import ReadingClient
from connectwise.errors import NotFound
from domain.addition import PushKind
from domain.refusals import MonthHasNotBegun
from domain.values import BillingMonth, PsaAdditionId, PsaAgreementId, same_quantity
from journal.reconstruct import Reconstruction, ReplayedAddition, ReplayedPush, reconstruct

Held = Mapping[PsaAdditionId, Decimal]
"""What ConnectWise holds now, by record."""


@strawberry.type(
    description="A push of the month. `wanted` and `target` were recorded, `replayed` is the wanted that the facts"
    " give. `after` is what ConnectWise answered, null while it is not settled; `problems` is empty when all agrees."
)
class PushReconstructed:
    push: strawberry.ID
    kind: PushKind
    entry_id: strawberry.ID
    started_at: datetime
    base: Decimal
    wanted: Decimal
    replayed: Decimal
    delta: Decimal
    target: Decimal
    after: Decimal | None
    problems: list[str]


@strawberry.type(
    description="An addition's month: the base before its first push, what its settled pushes moved it by, and where"
    " that led. `wrote` is what the last settled push of any month wrote; `found` is what ConnectWise holds now, null"
    " when it was not asked, or has no such record."
)
class AdditionReconstructed:
    site: str
    company_id: str
    agreement: int
    product: int
    record: int | None
    opening: Decimal
    deltas: Decimal
    moved_between: Decimal
    closing: Decimal
    is_right: bool
    pushes: list[PushReconstructed]
    wrote: Decimal | None
    found: Decimal | None
    is_found_right: bool | None


@strawberry.type(
    description="A month by the journal alone, by all `facts` of the MSP. `isRight` when every push agrees with the"
    " facts; `isPsaRight` when ConnectWise holds what was written last, null when it was not asked."
)
class MonthReconstructed:
    month: BillingMonth
    facts: int
    is_right: bool
    is_psa_right: bool | None
    additions: list[AdditionReconstructed]


@strawberry.type
class ReconstructQueries:
    @query(READERS, "Make a month again from the facts, without views; `agreement` shows the additions of one only.")
    async def reconstruct(
        self,
        info: Info,
        month: BillingMonth,
        *,
        with_psa: bool = False,
        agreement: int | None = None,
        msp: strawberry.ID | None = None,
    ) -> MonthReconstructed:
        asking = info.context
        known = await asking.known_msp(msp)
        if month.begins_at > await asking.in_thread(asking.journal.now):
            raise MonthHasNotBegun(month)
        made = await asking.in_thread(reconstruct, asking.journal, known, month)
        additions = [one for one in made.additions if agreement is None or one.agreement == agreement]
        held: Held | None = None
        if with_psa:
            live, client = await reading(info, known)
            agreements = sorted({one.agreement for one in additions if one.tenant == live.tenant})
            parallel = (await asking.connection(known)).settings.parallel_requests
            held = await asking.in_thread(_held, client, agreements, parallel)
        return _shown(made, additions, held)


def _held(client: ReadingClient, agreements: Sequence[PsaAgreementId], parallel: int) -> Held:
    """Raises: PsaError when an agreement can not be read; one that is gone holds nothing."""

    def of_agreement(agreement: PsaAgreementId) -> dict[PsaAdditionId, Decimal]:
        try:
            return {addition.id: addition.quantity for addition in client.additions(agreement)}
        except NotFound:
            return {}

    found: dict[PsaAdditionId, Decimal] = {}
    with ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="reconstruct") as threads:
        for records in threads.map(of_agreement, agreements):
            found |= records
    return found


def _shown(made: Reconstruction, additions: Sequence[ReplayedAddition], held: Held | None) -> MonthReconstructed:
    shown = [_addition(one, held if one.tenant == made.live else None) for one in additions]
    compared = [one.is_found_right for one in shown if one.is_found_right is not None]
    return MonthReconstructed(
        month=made.month,
        facts=made.facts,
        is_right=all(one.is_right for one in shown),
        is_psa_right=None if held is None else all(compared),
        additions=shown,
    )


def _addition(one: ReplayedAddition, held: Held | None) -> AdditionReconstructed:
    found = None if held is None or one.record is None else held.get(one.record)
    is_found_right = None
    if held is not None and one.wrote is not None:
        is_found_right = found is not None and same_quantity(found, one.wrote)
    return AdditionReconstructed(
        site=one.tenant.site,
        company_id=one.tenant.company_id,
        agreement=one.agreement,
        product=one.product,
        record=one.record,
        opening=one.opening,
        deltas=one.deltas,
        moved_between=one.moved_between,
        closing=one.closing,
        is_right=one.is_right,
        pushes=[_push(push) for push in one.pushes],
        wrote=one.wrote,
        found=found,
        is_found_right=is_found_right,
    )


def _push(push: ReplayedPush) -> PushReconstructed:
    return PushReconstructed(
        push=strawberry.ID(push.push),
        kind=push.kind,
        entry_id=strawberry.ID(str(push.entry_id)),
        started_at=push.started_at,
        base=push.base,
        wanted=push.wanted,
        replayed=push.replayed,
        delta=push.delta,
        target=push.target,
        after=push.after,
        problems=list(push.problems),
    )
