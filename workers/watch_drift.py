"""The nightly watch: looks at everything we bill on and says what a person has to see to, before the month ends on it.

It reads and records, and writes nothing to ConnectWise: a quantity changed by hand, an addition cancelled, deleted or
doubled, an agreement that ended, a product made inactive, a company deleted. What is in order again is taken back.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectwise.agreements import AgreementRead, read_agreement
from connectwise.client import ReadingClient
from connectwise.errors import NotFound, PsaError
from domain.addition import (
    ADDITION,
    AdditionFact,
    AdditionState,
    Problem,
    detect_drift,
    evolve,
    lose_record,
    watch_troubles,
)
from domain.connection import CONNECTION, Live, Status
from domain.streams import Stream, addition_stream, connection_stream
from domain.values import BillingMonth, MspId, PsaAgreementId, PsaCompanyId, PsaProductId
from workers import attention
from workers.tools import Tools

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Billed:
    """An addition that we bill on, with the companies whose organizations are mapped to its agreement."""

    agreement: PsaAgreementId
    product: PsaProductId
    companies: tuple[PsaCompanyId, ...]


def watch_connection(tools: Tools, msp: MspId) -> None:
    """Look at every addition of an MSP once. What can not be read is left for the next night; nothing is guessed.

    A refusal of the whole connection raises its attention, as a push's would.
    """
    state = tools.journal.state(CONNECTION, connection_stream(msp)).state
    if state.live is None or state.status is not Status.ACTIVE:
        return
    client: ReadingClient | None = None
    try:
        client = tools.clients.reading(msp, state.live.number)
        _look_at_all(tools, msp, state.live, client)
    except PsaError as error:
        log.warning("the watch over %s stopped: %s", msp, error)
        attention.after_read(tools, msp, error, client, tools.origin(correlation="watch", causation=None))


def _look_at_all(tools: Tools, msp: MspId, live: Live, client: ReadingClient) -> None:
    """Raises: PsaError when ConnectWise does not answer; what was seen until then is recorded."""
    billed = _billed(tools, msp, live)
    month = BillingMonth.of(tools.journal.now())
    gone_companies = {
        company for company in {each for one in billed for each in one.companies} if _is_deleted(client, company)
    }
    inactive = {product for product in {one.product for one in billed} if _is_inactive(client, product)}
    by_agreement: dict[PsaAgreementId, list[_Billed]] = {}
    for one in billed:
        by_agreement.setdefault(one.agreement, []).append(one)
    for agreement, here in by_agreement.items():
        seen = read_agreement(client, agreement, tools.journal.now())
        for one in here:
            troubles = _troubles(seen, one, month, inactive, gone_companies)
            stream = addition_stream(msp, live.tenant, one.agreement, one.product)
            _record(tools, stream, seen, troubles)


def _record(tools: Tools, stream: Stream, seen: AgreementRead, troubles: Mapping[Problem, str]) -> None:
    def decide(state: AdditionState) -> tuple[AdditionFact, ...]:
        facts = list(watch_troubles(state, troubles))
        for fact in facts:
            state = evolve(state, fact)
        if state.record is None or state.open is not None or seen.agreement is None:
            return tuple(facts)
        known = seen.record(state.record)
        if known is None or not seen.stands(known):
            return (*facts, *lose_record(state))
        return (*facts, *detect_drift(state, known.quantity))

    origin = tools.origin(correlation=f"watch-{seen.read_at:%Y-%m-%d}", causation=None)
    tools.journal.execute(ADDITION, stream, decide, origin)


def _troubles(
    seen: AgreementRead,
    one: _Billed,
    month: BillingMonth,
    inactive: Iterable[PsaProductId],
    gone_companies: Iterable[PsaCompanyId],
) -> dict[Problem, str]:
    found: dict[Problem, str] = {}
    problem = seen.problem()
    if problem is not None:
        found[problem[0]] = problem[1]
    running = seen.running(one.product, month)
    if len(running) > 1:
        found[Problem.TWO_RUNNING] = f"{len(running)} additions of this product run on the agreement"
    if one.product in inactive:
        found[Problem.PRODUCT_INACTIVE] = "the product is inactive or gone in ConnectWise"
    if not set(gone_companies).isdisjoint(one.companies):
        found[Problem.COMPANY_DELETED] = "the company is deleted in ConnectWise"
    return found


def _billed(tools: Tools, msp: MspId, live: Live) -> list[_Billed]:
    with tools.pool.connection() as connection:
        rows = connection.execute(
            "SELECT a.agreement, a.product, array_agg(DISTINCT m.company)"
            " FROM additions a JOIN company_mappings m"
            "   ON m.msp = a.msp AND m.agreement = a.agreement AND m.connection_number = %s"
            " WHERE a.msp = %s AND a.site = %s AND a.company_id = %s AND NOT a.is_fresh"
            " GROUP BY a.agreement, a.product ORDER BY a.agreement, a.product",
            (live.number, msp, live.tenant.site, live.tenant.company_id),
        ).fetchall()
    return [
        _Billed(PsaAgreementId(agreement), PsaProductId(product), tuple(PsaCompanyId(each) for each in companies))
        for agreement, product, companies in rows
    ]


def _is_deleted(client: ReadingClient, company: PsaCompanyId) -> bool:
    try:
        return client.company(company).is_deleted
    except NotFound:
        return True


def _is_inactive(client: ReadingClient, product: PsaProductId) -> bool:
    try:
        return client.product(product).is_inactive
    except NotFound:
        return True
