"""The PSA's records as far as we own an opinion about them: frozen values, read from JSON and nothing more.

Unknown fields are ignored, since new ones are not a breaking change (api-facts §1.9). A field that we need and do not
find is an `UnreadableAnswer`: a guess would end up on an invoice. Numbers are `Decimal`, instants aware and UTC.

Nothing that a server can send raises anything else, and no message repeats what it sent: whoever asked for a write
must learn that its outcome is unknown, whatever nonsense came back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeAlias

from connectwise.errors import UnreadableAnswer
from domain.values import PsaAdditionId, PsaAgreementId, PsaCompanyId, PsaProductId

Record: TypeAlias = Mapping[str, object]

MOST_DIGITS = 40
"""Before or after the point. A longer number is no quantity, price or count, and costs much to calculate with."""

LARGEST_ID = 2**63 - 1


VALUES_OF_A_RECORD = 20_000
"""More than a single record holds with all its custom fields."""


def parse_json(body: bytes, most_values: int = VALUES_OF_A_RECORD) -> object:
    """Raises: UnreadableAnswer for anything that is no JSON, among it an answer that was cut short, and for more values
    than were to be expected: parsed, three bytes become a hundred.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > most_values:
        raise UnreadableAnswer(f"the answer holds more than {most_values} values ({len(body)} bytes)")
    try:
        parsed: object = json.loads(body, parse_float=_decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableAnswer(f"the answer is no JSON ({len(body)} bytes)") from error
    return parsed


class BillCustomer(StrEnum):
    """`NO_CHARGE` shows the line at price 0, `DO_NOT_BILL` keeps it off the invoice."""

    BILLABLE = "Billable"
    NO_CHARGE = "NoCharge"
    DO_NOT_BILL = "DoNotBill"


@dataclass(frozen=True, slots=True)
class Reference:
    """Another record as a record points to it: its id and whatever text it is shown with."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class SystemInfo:
    version: str
    is_cloud: bool | None


@dataclass(frozen=True, slots=True)
class CompanyType:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class CompanyStatus:
    id: int
    name: str
    is_inactive: bool


@dataclass(frozen=True, slots=True)
class Company:
    """Shape: `types` in the PSA's order, possibly empty."""

    id: PsaCompanyId
    identifier: str
    name: str
    status: Reference | None
    types: tuple[Reference, ...]
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """A contract. `status` is computed by the PSA: Active, Inactive, Cancelled, Expired; None where it is not told.

    `cancelled_at` may lie in the future, and `is_cancelled` may already be set then: look at both.
    """

    id: PsaAgreementId
    name: str
    company_id: PsaCompanyId
    company_name: str
    type: Reference | None
    status: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    has_no_end: bool
    is_cancelled: bool
    cancelled_at: datetime | None
    bill_starts_at: datetime | None
    next_invoice_at: datetime | None
    billing_cycle: Reference | None
    is_prorated: bool
    invoices_prorated_additions: bool
    parent_id: PsaAgreementId | None


@dataclass(frozen=True, slots=True)
class Addition:
    """A recurring line of an agreement.

    Units: `quantity` and `less_included` in the product's unit; only quantity − less_included, floor 0, is billed at
    `unit_price`. `unit_price` is None where the PSA does not show it. `cancelled_at` may lie in the future.
    `agreement_status` is None where the PSA does not show it; else `Active` unless the agreement, or this line of it,
    has ended or has not begun (api-facts §5.2).
    """

    id: PsaAdditionId
    agreement_id: PsaAgreementId
    product_id: PsaProductId
    product_identifier: str
    quantity: Decimal
    less_included: Decimal
    unit_price: Decimal | None
    bill_customer: BillCustomer
    effective_at: datetime | None
    cancelled_at: datetime | None
    agreement_status: str | None
    updated_at: datetime | None
    updated_by: str | None


@dataclass(frozen=True, slots=True)
class CatalogItem:
    id: PsaProductId
    identifier: str
    description: str
    product_class: str | None
    category: Reference | None
    subcategory: Reference | None
    type: Reference | None
    unit_of_measure: str | None
    price: Decimal | None
    is_inactive: bool


@dataclass(frozen=True, slots=True)
class Category:
    id: int
    name: str
    is_inactive: bool


@dataclass(frozen=True, slots=True)
class Subcategory:
    id: int
    name: str
    category_id: int
    is_inactive: bool


@dataclass(frozen=True, slots=True)
class ProductType:
    id: int
    name: str
    is_inactive: bool


COMPANY_FIELDS = "id,identifier,name,status,types,deletedFlag"
AGREEMENT_FIELDS = (
    "id,name,company,type,agreementStatus,startDate,endDate,noEndingDateFlag,cancelledFlag,dateCancelled,"
    "billStartDate,nextInvoiceDate,billingCycle,prorateFlag,invoiceProratedAdditionsFlag,parentAgreement"
)
CATALOG_FIELDS = "id,identifier,description,productClass,category,subcategory,type,unitOfMeasure,price,inactiveFlag"
"""What long lists are limited to: a company record has over 70 fields, and an import reads 10,000 of them."""


def system_info(record: Record) -> SystemInfo:
    return SystemInfo(version=_text(record, "version"), is_cloud=_flag_or_none(record, "isCloud"))


def company_type(record: Record) -> CompanyType:
    return CompanyType(id=_id(record), name=_text(record, "name"))


def company_status(record: Record) -> CompanyStatus:
    return CompanyStatus(id=_id(record), name=_text(record, "name"), is_inactive=_flag(record, "inactiveFlag"))


def company(record: Record) -> Company:
    types = record.get("types") or ()
    if not isinstance(types, list | tuple):
        raise UnreadableAnswer("a company's types are no list")
    references = [_as_reference("types", each) for each in types]
    return Company(
        id=PsaCompanyId(_id(record)),
        identifier=_text(record, "identifier"),
        name=_text(record, "name"),
        status=_reference(record, "status"),
        types=tuple(reference for reference in references if reference is not None),
        is_deleted=_flag(record, "deletedFlag"),
    )


def agreement(record: Record) -> Agreement:
    owner = _needed_reference(record, "company")
    parent = _reference(record, "parentAgreement")
    return Agreement(
        id=PsaAgreementId(_id(record)),
        name=_text(record, "name"),
        company_id=PsaCompanyId(owner.id),
        company_name=owner.text,
        type=_reference(record, "type"),
        status=_text_or_none(record, "agreementStatus"),
        starts_at=_instant(record, "startDate"),
        ends_at=_instant(record, "endDate"),
        has_no_end=_flag(record, "noEndingDateFlag"),
        is_cancelled=_flag(record, "cancelledFlag"),
        cancelled_at=_instant(record, "dateCancelled"),
        bill_starts_at=_instant(record, "billStartDate"),
        next_invoice_at=_instant(record, "nextInvoiceDate"),
        billing_cycle=_reference(record, "billingCycle"),
        is_prorated=_flag(record, "prorateFlag"),
        invoices_prorated_additions=_flag(record, "invoiceProratedAdditionsFlag"),
        parent_id=PsaAgreementId(parent.id) if parent else None,
    )


def addition(record: Record, agreement_id: PsaAgreementId) -> Addition:
    """Raises: UnreadableAnswer also when the record names another agreement than the one it was read from."""
    told = record.get("agreementId")
    if told is not None and told != agreement_id:
        raise UnreadableAnswer(f"an addition of another agreement came for agreement {agreement_id}")
    product = _needed_reference(record, "product")
    info = record.get("_info")
    info = info if isinstance(info, dict) else {}
    try:
        bill_customer = BillCustomer(_text(record, "billCustomer"))
    except ValueError:
        raise UnreadableAnswer("billCustomer is none of those that we know") from None
    return Addition(
        id=PsaAdditionId(_id(record)),
        agreement_id=agreement_id,
        product_id=PsaProductId(product.id),
        product_identifier=product.text,
        quantity=_number(record, "quantity"),
        less_included=_number_or_none(record, "lessIncluded") or Decimal(0),
        unit_price=_number_or_none(record, "unitPrice"),
        bill_customer=bill_customer,
        effective_at=_instant(record, "effectiveDate"),
        cancelled_at=_instant(record, "cancelledDate"),
        agreement_status=_text_or_none(record, "agreementStatus"),
        updated_at=_instant(info, "lastUpdated"),
        updated_by=_text_or_none(info, "updatedBy"),
    )


def catalog_item(record: Record) -> CatalogItem:
    unit = _reference(record, "unitOfMeasure")
    return CatalogItem(
        id=PsaProductId(_id(record)),
        identifier=_text(record, "identifier"),
        description=_text_or_none(record, "description") or "",
        product_class=_text_or_none(record, "productClass"),
        category=_reference(record, "category"),
        subcategory=_reference(record, "subcategory"),
        type=_reference(record, "type"),
        unit_of_measure=unit.text if unit else None,
        price=_number_or_none(record, "price"),
        is_inactive=_flag(record, "inactiveFlag"),
    )


def category(record: Record) -> Category:
    return Category(id=_id(record), name=_text(record, "name"), is_inactive=_flag(record, "inactiveFlag"))


def subcategory(record: Record) -> Subcategory:
    return Subcategory(
        id=_id(record),
        name=_text(record, "name"),
        category_id=_needed_reference(record, "category").id,
        is_inactive=_flag(record, "inactiveFlag"),
    )


def product_type(record: Record) -> ProductType:
    return ProductType(id=_id(record), name=_text(record, "name"), is_inactive=_flag(record, "inactiveFlag"))


def one_record(parsed: object) -> Record:
    if not isinstance(parsed, dict):
        raise UnreadableAnswer("a record was expected and something else came")
    return parsed


def list_of_records(parsed: object) -> list[Record]:
    if not isinstance(parsed, list):
        raise UnreadableAnswer("a list was expected and something else came")
    return [one_record(each) for each in parsed]


def record_id(record: Record) -> int:
    """Raises: UnreadableAnswer for a record without a positive whole number as its id."""
    return _id(record)


def count(parsed: object) -> int:
    """Source: `GET …/count` answers `{"count": N}`."""
    number = one_record(parsed).get("count")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise UnreadableAnswer("a count was expected and something else came")
    return number


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation as error:
        raise ValueError("a number's exponent is beyond all bounds") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _id(record: Record) -> int:
    return _as_id("id", record.get("id"))


def _as_id(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST_ID:
        raise UnreadableAnswer(f"{name} is missing or no record number")
    return value


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise UnreadableAnswer(f"{name} is missing or no text")
    if "\0" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
        raise UnreadableAnswer(f"{name} holds characters that no text has")
    return value


def _text_or_none(record: Record, name: str) -> str | None:
    return None if record.get(name) is None else _text(record, name)


def _number(record: Record, name: str) -> Decimal:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise UnreadableAnswer(f"{name} is missing or no number")
    number = Decimal(value)
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or exponent < -MOST_DIGITS or len(digits) + exponent > MOST_DIGITS:
        raise UnreadableAnswer(f"{name} is a number beyond all bounds")
    return number


def _number_or_none(record: Record, name: str) -> Decimal | None:
    return None if record.get(name) is None else _number(record, name)


def _flag_or_none(record: Record, name: str) -> bool | None:
    value = record.get(name)
    if value is not None and not isinstance(value, bool):
        raise UnreadableAnswer(f"{name} is neither true nor false")
    return value


def _flag(record: Record, name: str) -> bool:
    """Current responses leave out null fields (api-facts §3.5), so an absent flag is one that is not set."""
    return _flag_or_none(record, name) or False


def _instant(record: Record, name: str) -> datetime | None:
    """Source: api-facts §3.4: `yyyy-MM-ddTHH:mm:ssZ`; a date alone means midnight UTC."""
    text = _text_or_none(record, name)
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableAnswer(f"{name} is no date") from None


def _as_reference(name: str, value: object) -> Reference | None:
    """Shape: None for an absent reference and for the empty `{}` that the PSA sends in its place."""
    if value is None or value == {}:
        return None
    record = one_record(value)
    if record.get("id") is None:
        return None
    shown = _text_or_none(record, "name") or _text_or_none(record, "identifier") or ""
    return Reference(id=_as_id(f"{name}.id", record["id"]), text=shown)


def _reference(record: Record, name: str) -> Reference | None:
    return _as_reference(name, record.get(name))


def _needed_reference(record: Record, name: str) -> Reference:
    reference = _reference(record, name)
    if reference is None:
        raise UnreadableAnswer(f"{name} is missing")
    return reference
