"""An agreement as one pass, or one preview, has read it: the record itself and its complete list of additions; and
what a quantity on one of its lines is worth.

A push of lines whose records are remembered needs neither: one request brings those lines, and each says whether its
agreement is active. Whatever the lines can not tell by themselves (that one is gone, which others run, what an ended
agreement is) is never concluded from them: asking raises `NotRead`, and the pass reads the whole.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectwise.client import ReadingClient
from connectwise.errors import NotFound, RequestRefused
from connectwise.shapes import Addition, Agreement, BillCustomer
from domain.addition import Problem
from domain.records import StandingRecord
from domain.values import BillingMonth, PsaAdditionId, PsaAgreementId, PsaProductId, Rule

_ACTIVE = "Active"


class NotRead(Exception):
    """A few lines were read, and what was asked takes the agreement or its complete list of additions."""


@dataclass(frozen=True, slots=True)
class AgreementRead:
    """What the PSA held at `read_at` (the ledger's time before the read).

    Shape: `agreement` is none when it is gone, and then there are no additions. Unless `is_whole` only some lines of an
    active agreement were read.
    Raises: NotRead, from everything that is asked of some lines and that they can not tell.
    """

    agreement: Agreement | None
    additions: tuple[Addition, ...]
    read_at: datetime
    is_whole: bool = True

    def _takes_the_whole(self) -> None:
        if not self.is_whole:
            raise NotRead

    def record(self, record: PsaAdditionId) -> Addition | None:
        found = next((addition for addition in self.additions if addition.id == record), None)
        if found is None:
            self._takes_the_whole()
        return found

    def standing_record(self, record: PsaAdditionId | None) -> StandingRecord | None:
        """A remembered record, if it is there and not cancelled."""
        known = self.record(record) if record is not None else None
        return StandingRecord(known.id, known.quantity) if known is not None and self.stands(known) else None

    def running_records(self, product: PsaProductId, month: BillingMonth) -> tuple[StandingRecord, ...]:
        """As `running`, for decisions."""
        return tuple(StandingRecord(addition.id, addition.quantity) for addition in self.running(product, month))

    def running(self, product: PsaProductId, month: BillingMonth) -> tuple[Addition, ...]:
        """The records of a product that bill in the month.

        Running is: effective by the end of the month, and not cancelled or only later than now (design §6.1).
        """
        self._takes_the_whole()
        return tuple(
            addition
            for addition in self.additions
            if addition.product_id == product and self.is_running(addition, month)
        )

    def is_running(self, addition: Addition, month: BillingMonth) -> bool:
        begun = addition.effective_at is None or addition.effective_at < month.ends_at
        return begun and self.stands(addition)

    def stands(self, addition: Addition) -> bool:
        """Whether it is not cancelled, or only later than now; it may begin to bill in a later month."""
        return addition.cancelled_at is None or addition.cancelled_at > self.read_at

    def standing(self, product: PsaProductId) -> tuple[Addition, ...]:
        """The records of a product that are not cancelled, whenever they begin to bill."""
        self._takes_the_whole()
        return tuple(
            addition for addition in self.additions if addition.product_id == product and self.stands(addition)
        )

    def effective_on(self, month: BillingMonth) -> datetime:
        """When a new record starts: the first day of the month, but not before the agreement bills."""
        self._takes_the_whole()
        starts = self.agreement.bill_starts_at if self.agreement is not None else None
        return month.begins_at if starts is None else max(month.begins_at, starts)

    def proration_problem(self, rule: Rule | None, wanted: Decimal) -> tuple[Problem, str] | None:
        """Why a quantity under a rule needs a confirmation: the month would be shortened twice."""
        if rule is not Rule.AVERAGE or wanted <= 0:
            return None
        self._takes_the_whole()
        if self.agreement is None or not self.agreement.is_prorated:
            return None
        return (
            Problem.PRORATED_TWICE,
            "the rule AVERAGE and the agreement's proration would both shorten the month; confirm that this is meant",
        )

    def problem(self) -> tuple[Problem, str] | None:
        """Why nothing can be billed on this agreement, if nothing can."""
        if not self.is_whole:
            return None  # each of the lines said that the agreement is active
        agreement = self.agreement
        if agreement is None:
            return Problem.AGREEMENT_GONE, "the agreement is not in ConnectWise any more"
        if agreement.is_cancelled and agreement.cancelled_at is not None and agreement.cancelled_at <= self.read_at:
            return Problem.AGREEMENT_ENDED, f"the agreement was cancelled on {agreement.cancelled_at:%Y-%m-%d}"
        if not agreement.has_no_end and agreement.ends_at is not None and agreement.ends_at <= self.read_at:
            return Problem.AGREEMENT_ENDED, f"the agreement ended on {agreement.ends_at:%Y-%m-%d}"
        if agreement.status in {"Cancelled", "Expired"} and agreement.cancelled_at is None:
            return Problem.AGREEMENT_ENDED, f"the agreement is {agreement.status} in ConnectWise"
        return None


def read_agreement(client: ReadingClient, agreement: PsaAgreementId, read_at: datetime) -> AgreementRead:
    """Read an agreement and its complete list of additions.

    Raises: PsaError for anything but an agreement that is gone.
    """
    try:
        return AgreementRead(client.agreement(agreement), client.additions(agreement), read_at)
    except NotFound:
        return AgreementRead(None, (), read_at)


def read_lines(
    client: ReadingClient, agreement: PsaAgreementId, records: Collection[PsaAdditionId], read_at: datetime
) -> AgreementRead | None:
    """Read some additions of an agreement in one request; none unless all came and say that the agreement is active.

    None says nothing about the PSA but that the whole has to be read.
    Raises: PsaError.
    """
    try:
        found = client.additions_by_id(agreement, records)
    except (NotFound, RequestRefused):
        return None
    seen = AgreementRead(None, found, read_at, is_whole=False)
    is_enough = {one.id for one in found} == set(records) and all(
        one.agreement_status == _ACTIVE and seen.stands(one) for one in found
    )
    return seen if is_enough else None


def unit_price(client: ReadingClient, record: Addition | None, product: PsaProductId) -> Decimal | None:
    """What a unit costs: by the record, or by the catalogue when it is to be created. Raises: as any read."""
    return record.unit_price if record is not None else client.product(product).price


def money_effect(price: Decimal, found: Decimal | None, target: Decimal, record: Addition | None) -> Decimal:
    """What a change of the quantity is worth a month.

    Units: the agreement's currency; unit price × change of the quantity above what is included, 0 unless Billable.
    """
    if record is not None and record.bill_customer is not BillCustomer.BILLABLE:
        return Decimal("0.00")
    included = record.less_included if record is not None else Decimal(0)
    before = max(Decimal(0), (found or Decimal(0)) - included)
    return price * (max(Decimal(0), target - included) - before)
