"""An agreement as one pass has read it: the record itself and its complete list of additions."""

from dataclasses import dataclass
from datetime import datetime

from connectwise.client import ReadingClient
from connectwise.errors import NotFound
from connectwise.shapes import Addition, Agreement
from domain.addition import Problem
from domain.values import BillingMonth, PsaAdditionId, PsaAgreementId, PsaProductId


@dataclass(frozen=True, slots=True)
class AgreementRead:
    """What the PSA held at `read_at` (the ledger's time before the read).

    Shape: `agreement` is none when it is gone, and then there are no additions.
    """

    agreement: Agreement | None
    additions: tuple[Addition, ...]
    read_at: datetime

    def record(self, record: PsaAdditionId) -> Addition | None:
        return next((addition for addition in self.additions if addition.id == record), None)

    def running(self, product: PsaProductId, month: BillingMonth) -> tuple[Addition, ...]:
        """The records of a product that bill in the month.

        Running is: effective by the end of the month, and not cancelled or only later than now (design §6.1).
        """
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
        return tuple(
            addition for addition in self.additions if addition.product_id == product and self.stands(addition)
        )

    def effective_on(self, month: BillingMonth) -> datetime:
        """When a new record starts: the first day of the month, but not before the agreement bills."""
        starts = self.agreement.bill_starts_at if self.agreement is not None else None
        return month.begins_at if starts is None else max(month.begins_at, starts)

    def problem(self) -> tuple[Problem, str] | None:
        """Why nothing can be billed on this agreement, if nothing can."""
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
