"""An MSP's PSA in business words: what can be read, and the three things that are ever written.

`ReadingClient` has no writing verb at all, so a preview that holds one can not write. `WritingClient` adds creating a
product, creating an addition and setting an addition's quantity: never PUT, never DELETE, never price, cost, tax or
text of what is there. Both are cheap values over the shared `Wire`; make one per job and share it between the job's
threads.
"""

import json
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from connectwise import refusals, shapes
from connectwise.auth import Credentials, signed_headers
from connectwise.discovery import Address, discover
from connectwise.errors import IdentifierChanged, OutcomeUnknown, UnreadableAnswer, WrongKeys
from connectwise.exchange import ONE_RECORD_BYTES, Answer, Deadline, Wire
from connectwise.pages import Listing, Page, Parameters, all_of, any_id, batches, has_next, like, query, read_whole
from connectwise.rights import (
    AGREEMENTS_ADD,
    AGREEMENTS_EDIT,
    AGREEMENTS_INQUIRE,
    CATALOG_ADD,
    CATALOG_INQUIRE,
    COMPANIES_INQUIRE,
    TABLE_SETUP_INQUIRE,
    Right,
)
from connectwise.shapes import (
    Addition,
    Agreement,
    BillCustomer,
    CatalogItem,
    Category,
    Company,
    CompanyStatus,
    CompanyType,
    ProductType,
    Record,
    Subcategory,
    SystemInfo,
)
from connectwise.words import fit, secrets_of
from domain.values import PsaAdditionId, PsaAgreementId, PsaCompanyId, PsaProductId, Tenant

T = TypeVar("T")

BYTES_OF_A_LISTED_RECORD = 32 * 1024
VALUES_OF_A_LISTED_RECORD = 500
"""What a page may hold for each record that was asked for. An addition with fifty custom fields has 400 values."""


class ReadingClient:
    """Reads one tenant. Thread-safe.

    Every read raises, besides what it names itself: WrongKeys, RightMissing, ClientIdRefused, RequestRefused,
    Unreachable, Throttled, NoAnswer, FrontRefused, UnreadableAnswer; reads of whole lists also IncompleteRead.
    """

    def __init__(self, wire: Wire, address: Address, credentials: Credentials) -> None:
        self._wire = wire
        self._headers = signed_headers(credentials, wire.client_id)
        self._address = address
        self._moving = threading.Lock()

    @property
    def address(self) -> Address:
        """Where the tenant answers now: newer than what was passed in when the PSA has been upgraded meanwhile."""
        return self._address

    @property
    def tenant(self) -> Tenant:
        return self._address.tenant

    def on_one_place(self) -> AbstractContextManager[None]:
        """Let the requests of this thread follow each other on one place of the tenant's budget."""
        return self._wire.budget.staying(self.tenant)

    def system_info(self) -> SystemInfo:
        """No proof of good keys: some systems answer it to anybody (api-facts §2.10)."""
        return self._one("/system/info", TABLE_SETUP_INQUIRE, shapes.system_info)

    def company_types(self) -> tuple[CompanyType, ...]:
        """Shape: ordered by id; all of them."""
        return self._whole("/company/companies/types", TABLE_SETUP_INQUIRE, {}, shapes.company_type)

    def company_statuses(self) -> tuple[CompanyStatus, ...]:
        """Shape: ordered by id; all of them, inactive ones too."""
        return self._whole("/company/companies/statuses", TABLE_SETUP_INQUIRE, {}, shapes.company_status)

    def companies(self, types: Iterable[int] = (), statuses: Iterable[int] = ()) -> tuple[Company, ...]:
        """Companies that have one of the types and one of the statuses; no types or no statuses means any.

        Shape: ordered by id, each once, without soft-deleted ones.
        """
        wanted_statuses = any_id("status/id", statuses)
        listing = "/company/companies"

        def parameters(some_types: tuple[int, ...]) -> Parameters:
            return {
                "conditions": all_of("deletedFlag=false", wanted_statuses),
                "childConditions": any_id("types/id", some_types),
                "fields": shapes.COMPANY_FIELDS,
            }

        found: dict[int, Company] = {}
        for batch in tuple(batches(types, lambda ids: len(self._url(listing, parameters(ids))))) or ((),):
            for company in self._whole(listing, COMPANIES_INQUIRE, parameters(batch), shapes.company):
                if not company.is_deleted:
                    found[company.id] = company
        return tuple(found[each] for each in sorted(found))

    def count_companies(self, types: Iterable[int] = (), statuses: Iterable[int] = ()) -> int:
        """How many companies `companies` would read. More types than fit into one URL are counted apart, so that a
        company with several of them may count more than once.
        """
        listing = "/company/companies"
        wanted_statuses = any_id("status/id", statuses)

        def parameters(some_types: tuple[int, ...]) -> Parameters:
            conditions = all_of("deletedFlag=false", wanted_statuses)
            return {"conditions": conditions, "childConditions": any_id("types/id", some_types)}

        parts = tuple(batches(types, lambda ids: len(self._url(listing, parameters(ids))))) or ((),)
        return sum(self._count(listing, COMPANIES_INQUIRE, parameters(part)) for part in parts)

    def companies_by_id(self, ids: Iterable[PsaCompanyId]) -> tuple[Company, ...]:
        """Those of the companies that are there, soft-deleted ones with their mark.

        Shape: ordered by id, each once. No ids, no request.
        """
        return self._with_ids("/company/companies", COMPANIES_INQUIRE, shapes.COMPANY_FIELDS, shapes.company, ids)

    def company(self, company_id: PsaCompanyId) -> Company:
        """Raises: NotFound. A soft-deleted company is found, with its mark."""
        return self._one(f"/company/companies/{company_id:d}", COMPANIES_INQUIRE, shapes.company)

    def agreements(self, companies: Iterable[PsaCompanyId] | None = None) -> tuple[Agreement, ...]:
        """Agreements of some companies in batches, or of all companies. In every state; the caller chooses.

        Shape: ordered by id, each once. No companies, no request.
        """
        path = "/finance/agreements"
        if companies is None:
            return self._whole(path, AGREEMENTS_INQUIRE, {"fields": shapes.AGREEMENT_FIELDS}, shapes.agreement)

        def parameters(some: tuple[int, ...]) -> Parameters:
            return {"conditions": f"company/id in ({','.join(map(str, some))})", "fields": shapes.AGREEMENT_FIELDS}

        found: dict[int, Agreement] = {}
        for batch in batches(companies, lambda ids: len(self._url(path, parameters(ids)))):
            for agreement in self._whole(path, AGREEMENTS_INQUIRE, parameters(batch), shapes.agreement):
                found[agreement.id] = agreement
        return tuple(found[each] for each in sorted(found))

    def agreements_by_id(self, ids: Iterable[PsaAgreementId]) -> tuple[Agreement, ...]:
        """Those of the agreements that are there, in every state.

        Shape: ordered by id, each once. No ids, no request.
        """
        fields = shapes.AGREEMENT_FIELDS
        return self._with_ids("/finance/agreements", AGREEMENTS_INQUIRE, fields, shapes.agreement, ids)

    def agreement(self, agreement_id: PsaAgreementId) -> Agreement:
        """Raises: NotFound."""
        return self._one(f"/finance/agreements/{agreement_id:d}", AGREEMENTS_INQUIRE, shapes.agreement)

    def additions(self, agreement_id: PsaAgreementId) -> tuple[Addition, ...]:
        """Every addition of an agreement, running, future and cancelled.

        Shape: ordered by id.
        Raises: NotFound when the agreement is gone.
        """
        path = f"/finance/agreements/{agreement_id:d}/additions"
        return self._whole(path, AGREEMENTS_INQUIRE, {}, lambda record: shapes.addition(record, agreement_id))

    def additions_by_id(self, agreement_id: PsaAgreementId, ids: Iterable[PsaAdditionId]) -> tuple[Addition, ...]:
        """Those of an agreement's additions that came for these ids: one that is missing is not proven to be gone.

        Why no count, as for every other list: who asks for ids sees which ones came, and takes none for none.
        Shape: ordered by id, each once, no others. No ids, no request.
        Raises: NotFound when the agreement is gone.
        """
        path = f"/finance/agreements/{agreement_id:d}/additions"

        def parameters(some: tuple[int, ...]) -> Parameters:
            conditions = f"id in ({','.join(map(str, some))})"
            return {"conditions": conditions, "orderBy": "id asc", "page": "1", "pageSize": str(len(some))}

        found: dict[int, Addition] = {}
        for batch in batches(ids, lambda some: len(self._url(path, parameters(some)))):
            for record in self._page(path, AGREEMENTS_INQUIRE, parameters(batch)).records:
                addition = shapes.addition(record, agreement_id)
                if addition.id in batch:
                    found[addition.id] = addition
        return tuple(found[each] for each in sorted(found))

    def addition(self, agreement_id: PsaAgreementId, addition_id: PsaAdditionId) -> Addition:
        """Raises: NotFound when the addition or its agreement is gone."""
        path = f"/finance/agreements/{agreement_id:d}/additions/{addition_id:d}"
        return self._one(path, AGREEMENTS_INQUIRE, lambda record: shapes.addition(record, agreement_id))

    def search_products(self, text: str, limit: int = 50) -> tuple[CatalogItem, ...]:
        """Active catalogue items whose identifier or description holds every word of a text. One page, one request.

        Shape: ordered by identifier, at most `limit` (1 to 200) of them; catalogues reach tens of thousands of items.
        """
        words = text.split()[:8]
        conditions = [
            f"{like('identifier', word, anywhere=True)} or {like('description', word, anywhere=True)}" for word in words
        ]
        parameters = {
            "conditions": all_of("inactiveFlag=false", *conditions),
            "fields": shapes.CATALOG_FIELDS,
            "orderBy": "identifier asc",
            "page": "1",
            "pageSize": str(min(max(limit, 1), 200)),
        }
        page = self._page("/procurement/catalog", CATALOG_INQUIRE, parameters)
        items = [shapes.catalog_item(record) for record in page.records]
        return tuple(
            item
            for item in items
            if not item.is_inactive
            and all(word.casefold() in f"{item.identifier}\n{item.description}".casefold() for word in words)
        )

    def product(self, product_id: PsaProductId) -> CatalogItem:
        """Raises: NotFound. An inactive product is found, with its mark."""
        return self._one(f"/procurement/catalog/{product_id:d}", CATALOG_INQUIRE, shapes.catalog_item)

    def product_by_identifier(self, identifier: str) -> CatalogItem | None:
        """The product with exactly this identifier, letter case aside; inactive ones too. None when there is none."""
        parameters = {"conditions": like("identifier", identifier, anywhere=False), "fields": shapes.CATALOG_FIELDS}
        found = self._whole("/procurement/catalog", CATALOG_INQUIRE, parameters, shapes.catalog_item)
        return next((item for item in found if item.identifier.casefold() == identifier.casefold()), None)

    def categories(self) -> tuple[Category, ...]:
        """Shape: ordered by id; all of them, inactive ones too."""
        return self._whole("/procurement/categories", TABLE_SETUP_INQUIRE, {}, shapes.category)

    def subcategories(self) -> tuple[Subcategory, ...]:
        """Shape: ordered by id, those of all categories; inactive ones too."""
        return self._whole("/procurement/subcategories/", TABLE_SETUP_INQUIRE, {}, shapes.subcategory)

    def product_types(self) -> tuple[ProductType, ...]:
        """Shape: ordered by id; all of them, inactive ones too."""
        return self._whole("/procurement/types", TABLE_SETUP_INQUIRE, {}, shapes.product_type)

    def touch(self, path: str, right: Right) -> None:
        """Read one record of a list to see whether a right is granted; `probe` says which path shows which right."""
        self._page(path, right, {"fields": "id", "page": "1", "pageSize": "1"})

    def _one(self, path: str, right: Right, shape: Callable[[Record], T]) -> T:
        return self._read(path, right, {}, lambda answer: shape(shapes.one_record(shapes.parse_json(answer.body))))

    def _whole(self, path: str, right: Right, parameters: Parameters, shape: Callable[[Record], T]) -> tuple[T, ...]:
        def counted(chosen: Parameters) -> int:
            return self._count(path, right, {name: value for name, value in chosen.items() if name != "fields"})

        listing = Listing(lambda chosen: self._page(path, right, chosen), counted, parameters)
        return tuple(shape(record) for record in read_whole(listing))

    def _count(self, path: str, right: Right, filters: Parameters) -> int:
        count_path = f"{path.rstrip('/')}/count"
        return self._read(count_path, right, filters, lambda answer: shapes.count(shapes.parse_json(answer.body)))

    def _with_ids(
        self, path: str, right: Right, fields: str, shape: Callable[[Record], T], ids: Iterable[int]
    ) -> tuple[T, ...]:
        def parameters(some: tuple[int, ...]) -> Parameters:
            return {"conditions": f"id in ({','.join(map(str, some))})", "fields": fields}

        # Batches are sorted and do not overlap, and so are the records that answer them.
        return tuple(
            record
            for batch in batches(ids, lambda some: len(self._url(path, parameters(some))))
            for record in self._whole(path, right, parameters(batch), shape)
        )

    def _page(self, path: str, right: Right, parameters: Parameters) -> Page:
        size = int(parameters["pageSize"])
        most_bytes = ONE_RECORD_BYTES + BYTES_OF_A_LISTED_RECORD * size
        return self._read(path, right, parameters, lambda answer: _page(answer, size), most_bytes)

    def _read(
        self,
        path: str,
        right: Right,
        parameters: Parameters,
        parse: Callable[[Answer], T],
        most_bytes: int = ONE_RECORD_BYTES,
    ) -> T:
        def send(root: str) -> Answer:
            return self._wire.read_once(self.tenant, root + target, self._headers, most_bytes)

        def attempt() -> T:
            return parse(self._settled(send, right, writes=False))

        target = _target(path, parameters)
        return self._wire.retrying(attempt)

    def _settled(self, send: Callable[[str], Answer], right: Right, *, writes: bool) -> Answer:
        """Send, and turn a refusal into its error. A path that is gone is asked for once more at the tenant's new
        codebase.

        For a read any 404 about the path is worth that; for a write only the one in which ConnectWise itself says that
        it has no such endpoint. That one resend is safe: where there is no endpoint nothing was changed, and the second
        request goes to another path. A page that some front made up is left to the read that precedes the next write.
        """
        may_have_moved = refusals.is_endpoint_unknown if writes else refusals.is_path_gone
        address = self._address
        answer = send(address.root)
        if may_have_moved(answer) and self._has_moved(address):
            answer = send(self._address.root)
        if 200 <= answer.status < 300:
            return answer
        if answer.status == 404 and (answer.is_json or not writes):
            self._prove_keys()
        raise refusals.refusal(answer, right)

    def _has_moved(self, known: Address) -> bool:
        """Whether the tenant's codebase differs from the one known. One thread asks, the others take its answer."""
        with self._moving:
            if self._address.codebase == known.codebase:
                found = discover(self._wire, known.site, known.company_id)
                if found.codebase != known.codebase:
                    self._address = found
            return self._address.codebase != known.codebase

    def _prove_keys(self) -> None:
        """Raises: WrongKeys when a list that every PSA has is not found either.

        Why: on cloud, wrong keys may be answered with 404 instead of 401 (api-facts §2.4). A 404 must not be taken for
        a record that is gone unless the keys work now; that they worked before proves nothing, they can be revoked.
        """
        root = self._address.root
        answer = self._wire.read(self.tenant, f"{root}/company/companies/types?page=1&pageSize=1", self._headers)
        if answer.status == 404:
            raise WrongKeys("the site answers as if nothing existed: company id, public or private key are wrong")
        if answer.status in {400, 401}:
            raise refusals.refusal(answer, TABLE_SETUP_INQUIRE)

    def _url(self, path: str, parameters: Parameters) -> str:
        return self._address.root + _target(path, parameters)


class WritingClient(ReadingClient):
    """Reads and writes one tenant. Thread-safe.

    No write is ever sent twice, but for one case: ConnectWise itself says that the endpoint does not exist, and the
    tenant has a new codebase. Every write takes a deadline: nothing is sent after it, and the request ends by it.
    It raises, besides what reads raise: DeadlinePassed (nothing was sent) and OutcomeUnknown (it may have been
    applied).
    """

    def create_product(
        self,
        *,
        identifier: str,
        description: str,
        customer_description: str,
        subcategory_id: int,
        type_id: int,
        deadline: Deadline,
        price: Decimal | None = None,
    ) -> CatalogItem:
        """Create a product of class Agreement. Look it up with `product_by_identifier` first.

        Units: identifier up to 60 characters (75 on newer systems), description 60, customer description 6,000.
        Raises: AlreadyExists; IdentifierChanged when the site made another identifier of it.
        """
        body: dict[str, object] = {
            "identifier": identifier,
            "description": description,
            "customerDescription": customer_description,
            "productClass": "Agreement",
            "subcategory": {"id": subcategory_id},
            "type": {"id": type_id},
        }
        if price is not None:
            body["price"] = _json_number(price)
        created = self._write(
            "POST",
            "/procurement/catalog",
            right=CATALOG_ADD,
            body=body,
            shape=shapes.catalog_item,
            deadline=deadline,
        )
        if created.identifier.casefold() != identifier.casefold():
            raise IdentifierChanged(created.id, identifier, fit(created.identifier, secrets_of(self._headers), 100))
        return created

    def create_addition(
        self,
        agreement_id: PsaAgreementId,
        product_id: PsaProductId,
        quantity: Decimal,
        effective_at: datetime,
        *,
        deadline: Deadline,
        bill_customer: BillCustomer = BillCustomer.BILLABLE,
    ) -> Addition:
        """Add a recurring line. A second call makes a second line: the PSA has no idempotency key (api-facts §3.8).

        Units: `effective_at` is cut to its UTC day.
        Raises: NotFound; RequestRefused with the PSA's reasons, for example a period that is invoiced already.
        """
        body = {
            "product": {"id": product_id},
            "quantity": _json_number(quantity),
            "billCustomer": bill_customer.value,
            "effectiveDate": f"{effective_at.astimezone(UTC):%Y-%m-%dT00:00:00Z}",
        }
        path = f"/finance/agreements/{agreement_id:d}/additions"

        def shape(record: Record) -> Addition:
            created = shapes.addition(record, agreement_id)
            if created.product_id != product_id:
                raise UnreadableAnswer(f"the created addition is of product {created.product_id}, not {product_id}")
            return created

        return self._write("POST", path, right=AGREEMENTS_ADD, body=body, shape=shape, deadline=deadline)

    def set_quantity(
        self, agreement_id: PsaAgreementId, addition_id: PsaAdditionId, quantity: Decimal, *, deadline: Deadline
    ) -> Addition:
        """Replace the quantity and nothing else. Returns the record that the PSA answered.

        Verify its quantity: the PSA can answer 200 and change nothing (api-facts §3.3.2).
        Raises: NotFound; RequestRefused when other fields of the stored record are not valid (any) more.
        """
        path = f"/finance/agreements/{agreement_id:d}/additions/{addition_id:d}"
        body = [{"op": "replace", "path": "quantity", "value": _json_number(quantity)}]

        def shape(record: Record) -> Addition:
            answered = shapes.addition(record, agreement_id)
            if answered.id != addition_id:
                raise UnreadableAnswer(f"addition {answered.id} came in answer to a change of {addition_id}")
            return answered

        return self._write("PATCH", path, right=AGREEMENTS_EDIT, body=body, shape=shape, deadline=deadline)

    def _write(
        self,
        method: str,
        path: str,
        *,
        right: Right,
        body: object,
        shape: Callable[[Record], T],
        deadline: Deadline,
    ) -> T:
        content = json.dumps(body, allow_nan=False).encode()
        # An instant of the wall clock is turned into one of the monotonic clock once, so that a second send keeps the
        # same end.
        ends_at = self._wire.time.ends_at(deadline)

        def send(root: str) -> Answer:
            return self._wire.write(
                self.tenant, method, root + path, headers=self._headers, body=content, deadline=ends_at
            )

        answer = self._settled(send, right, writes=True)
        try:
            return shape(shapes.one_record(shapes.parse_json(answer.body)))
        except UnreadableAnswer as error:
            raise OutcomeUnknown(f"{method} was answered {answer.status}, but {error.message}") from error


def _page(answer: Answer, size: int) -> Page:
    """Raises: UnreadableAnswer also for more records than the page was to hold."""
    most_values = shapes.VALUES_OF_A_RECORD + VALUES_OF_A_LISTED_RECORD * size
    records = shapes.list_of_records(shapes.parse_json(answer.body, most_values))
    if len(records) > size:
        raise UnreadableAnswer(f"{len(records)} records came where {size} were asked for")
    return Page(records, has_next(answer.headers.get("Link") or ""))


def _target(path: str, parameters: Parameters) -> str:
    asked = query(parameters)
    return f"{path}?{asked}" if asked else path


def _json_number(value: Decimal) -> int | float:
    """Raises: ValueError for a number that JSON's double can not carry unchanged."""
    if not value.is_finite():
        raise ValueError("a quantity or price is a finite number")
    if value == value.to_integral_value():
        return int(value)
    carried = float(value)
    if Decimal(repr(carried)) != value:
        raise ValueError(f"{value} has more digits than the PSA can hold")
    return carried
