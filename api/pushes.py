"""What needs a person: exceptions with their cure, held pushes to answer, exceptions to try again."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from api import paging
from api.context import Act, Info
from api.fields import ADMINS, READERS, mutation, query
from api.paging import Paged
from api.refusals import result
from domain.addition import ADDITION, AdditionFact, AdditionState, Answer, PushKind, confirm_proration, request_retry
from domain.addition import approve_push as decide_approval
from domain.connection import CONNECTION, require_live
from domain.refusals import InvalidInput, NotConnected, NotHeld, NothingToRetry, NumbersMoved, UnknownAddition
from domain.streams import addition_stream, connection_stream
from domain.values import BillingMonth, PsaAgreementId, PsaProductId, PushId
from journal.reader import Change, Reader
from projections.exceptions import cure_of
from projections.reads import additions as rows
from projections.reads.additions import ExceptionFilter, ExceptionRow


@strawberry.type(
    description="Why something needs a person, and what to do about it. `problem` HELD is a push that waits for"
    " `approvePush` with this `push`, `found` and `target`; ATTENTION is about the whole connection."
)
class OpenException:
    id: strawberry.ID
    problem: str
    reason: str | None
    detail: str
    cure: str
    agreement: int | None
    product: int | None
    kind: PushKind | None
    month: BillingMonth | None
    run: strawberry.ID | None
    found: Decimal | None
    wanted: Decimal | None
    target: Decimal | None
    push: strawberry.ID | None
    since: datetime


@strawberry.type
class PushAnswered:
    """The answer is recorded; the push follows by itself."""

    agreement: int
    product: int
    push: strawberry.ID
    answer: Answer


@strawberry.type
class RetryAccepted:
    """The retry is recorded; the push follows by itself."""

    agreement: int
    product: int


@strawberry.input
class ExceptionsFilter:
    problem: str | None = None
    agreement: int | None = None
    product: int | None = None
    month: BillingMonth | None = None
    run: strawberry.ID | None = None


@strawberry.input(
    description="APPROVE answers a drop that is held; OVERWRITE, KEEP and LEAVE answer a hand edit at the month's end."
    " `found` and `target` are those that were shown."
)
class ApprovePushInput:
    agreement: int
    product: int
    push: strawberry.ID
    found: Decimal
    target: Decimal
    answer: Answer = Answer.APPROVE
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input(
    description="`createAgain` lets a lost addition be created anew; `confirmProration` says that an average on a"
    " prorating agreement is meant."
)
class RetryExceptionInput:
    agreement: int
    product: int
    create_again: bool = False
    confirm_proration: bool = False
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


APPROVE = result("ApprovePushResult", PushAnswered, NotConnected, UnknownAddition, NotHeld, NumbersMoved, InvalidInput)
RETRY = result("RetryExceptionResult", RetryAccepted, NotConnected, UnknownAddition, NothingToRetry)


@strawberry.type
class PushQueries:
    @query(READERS, "Everything that needs a person, the oldest first; counts are by problem.")
    async def exceptions(
        self,
        info: Info,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        filter: ExceptionsFilter | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[OpenException]:
        views = info.context.views
        known = await info.context.known_msp(msp)
        asked = paging.page(first, after, (str, str))
        wanted = _filter(filter)
        cut = paging.cut(await rows.exceptions(views, known, wanted, asked.limit, _key(asked)), asked)
        edges, page_info = paging.edges_of(cut, lambda row: (row.since.isoformat(), row.exception), shown)
        return Paged(
            edges=edges,
            page_info=page_info,
            count=lambda: rows.count_exceptions(views, known, wanted),
            count_by_state=lambda: rows.count_by_problem(views, known),
        )


@strawberry.type
class PushMutations:
    @mutation(APPROVE, ADMINS, "Answer a held push, for the numbers that were shown.")
    async def approve_push(self, info: Info, input: ApprovePushInput) -> Any:
        act = await info.context.act("approvePush", input.msp, input)
        agreement, product, push = PsaAgreementId(input.agreement), PsaProductId(input.product), PushId(input.push)

        def decide(state: AdditionState) -> tuple[AdditionFact, ...]:
            return decide_approval(
                state,
                agreement,
                product,
                push=push,
                answer=input.answer,
                found=input.found,
                target=input.target,
            )

        await _record(act, agreement, product, decide)
        return PushAnswered(agreement=agreement, product=product, push=input.push, answer=input.answer)

    @mutation(RETRY, ADMINS, "Try an exception again.")
    async def retry_exception(self, info: Info, input: RetryExceptionInput) -> Any:
        act = await info.context.act("retryException", input.msp, input)
        agreement, product = PsaAgreementId(input.agreement), PsaProductId(input.product)

        def decide(state: AdditionState) -> tuple[AdditionFact, ...]:
            confirmed = confirm_proration(state) if input.confirm_proration else ()
            return (*confirmed, *request_retry(state, agreement, product, create_again=input.create_again))

        await _record(act, agreement, product, decide)
        return RetryAccepted(agreement=agreement, product=product)


async def _record(act: Act, agreement: PsaAgreementId, product: PsaProductId, decide: Any) -> None:
    """Let a decision on an addition of the live tenant speak. Raises: NotConnected, UnknownAddition, what it raises."""

    def decide_all(reader: Reader) -> tuple[Change, ...]:
        live = require_live(reader.state(CONNECTION, connection_stream(act.msp)).state)
        stream = addition_stream(act.msp, live.tenant, agreement, product)
        folded = reader.state(ADDITION, stream)
        if not folded.version:
            raise UnknownAddition(agreement, product)
        return (Change(stream, decide(folded.state)),)

    await act.record(decide_all)


def _key(asked: paging.Page) -> tuple[datetime, str] | None:
    if asked.after is None:
        return None
    try:
        return datetime.fromisoformat(str(asked.after[0])), str(asked.after[1])
    except ValueError as error:
        raise InvalidInput("after", "a cursor that a page before this one gave") from error


def _filter(given: ExceptionsFilter | None) -> ExceptionFilter:
    if given is None:
        return ExceptionFilter()
    return ExceptionFilter(
        problem=given.problem,
        agreement=given.agreement,
        product=given.product,
        month=None if given.month is None else str(given.month),
        run=given.run,
    )


def shown(row: ExceptionRow) -> OpenException:
    return OpenException(
        id=strawberry.ID(row.exception),
        problem=row.problem,
        reason=row.reason,
        detail=row.detail,
        cure=cure_of(row.problem, row.reason),
        agreement=row.agreement,
        product=row.product,
        kind=None if row.kind is None else PushKind(row.kind),
        month=None if row.month is None else BillingMonth.parse(row.month),
        run=None if row.run is None else strawberry.ID(row.run),
        found=row.found,
        wanted=row.wanted,
        target=row.target,
        push=None if row.push is None else strawberry.ID(row.push),
        since=row.since,
    )
