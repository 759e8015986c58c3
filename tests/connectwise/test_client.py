"""What each call asks of the PSA and what it makes of the answer."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectwise.client import ReadingClient, WritingClient
from connectwise.errors import (
    AlreadyExists,
    FrontRefused,
    IdentifierChanged,
    NotFound,
    OutcomeUnknown,
    UnreadableAnswer,
    WrongKeys,
    WrongSite,
)
from connectwise.exchange import Limits
from connectwise.shapes import Addition, Agreement, BillCustomer, Company, Reference
from domain.values import PsaAdditionId, PsaAgreementId, PsaCompanyId, PsaProductId
from tests.connectwise import documented
from tests.connectwise.edge import ADDRESS, OPENAPI, ROOT, Pieces, Psa, openapi, psa_answering, scripted_psa

AGREEMENT = PsaAgreementId(7)


def serving(path: str, *records: dict[str, Any]) -> Psa:
    psa = scripted_psa()
    psa.router.get(url__regex=f"^{ROOT}{path}(\\?|$)").respond(200, json=list(records))
    psa.router.get(url__regex=f"^{ROOT}{path.rstrip('/')}/count(\\?|$)").respond(200, json={"count": len(records)})
    return psa


@pytest.mark.skipif(openapi() is None, reason=f"the vendor's OpenAPI document is not at {OPENAPI}")
def test_a_request_that_connectwise_does_not_know_fails_the_test_that_sends_it() -> None:
    psa = scripted_psa()

    for path in ("/finance/agreement", "/finance/agreements/7/additions?pagesize=1&wrong=1"):
        with pytest.raises(AssertionError):
            psa.wire.read(ADDRESS.tenant, ROOT + path, {})
    body = b'{"quantitty": 1, "product": {"id": 1}, "billCustomer": "Billable"}'
    with pytest.raises(Exception, match="Additional properties"):
        psa.wire.http.send("POST", f"{ROOT}/finance/agreements/7/additions", {}, body, {})


def test_every_signed_request_carries_keys_client_id_and_model_version() -> None:
    psa = serving("/company/companies/types", {"id": 1, "name": "Client"})

    psa.reading().company_types()

    assert {name: psa.requests[0].headers[name] for name in ("authorization", "clientid", "accept")} == {
        "authorization": "Basic QWNtZV9NU1ArcHVibGljS2V5MDAwMTpwcml2YXRlS2V5MDAwMQ==",
        "clientid": "our-client-id",
        "accept": "application/vnd.connectwise.com+json; version=2026.4",
    }


def test_a_reading_client_has_no_verb_that_writes() -> None:
    added = {name for name in dir(WritingClient) if not name.startswith("_")} - set(dir(ReadingClient))

    assert added == {"create_product", "create_addition", "set_quantity"}


def test_companies_are_filtered_by_type_and_status_without_deleted_ones() -> None:
    psa = serving("/company/companies", documented.company(19), documented.company(20, deletedFlag=True))

    found = psa.reading().companies(types=[4, 1], statuses=[1, 2])

    assert found == (
        Company(
            id=PsaCompanyId(19),
            identifier="Company19",
            name="Company 19 GmbH",
            status=Reference(1, "Active"),
            types=(Reference(1, "Client"),),
            is_deleted=False,
        ),
    )
    assert [request.url.path.rpartition("/")[2] for request in psa.requests] == ["count", "companies"]
    assert dict(psa.requests[1].url.params) == {
        "conditions": "(deletedFlag=false) and (status/id=1 or status/id=2)",
        "childConditions": "types/id=1 or types/id=4",
        "fields": "id,identifier,name,status,types,deletedFlag",
        "orderBy": "id asc",
        "page": "1",
        "pageSize": "1000",
    }


def test_a_company_found_under_two_batches_of_types_is_listed_once() -> None:
    psa = serving("/company/companies", documented.company(19))

    found = psa.reading().companies(types=range(1, 300))

    assert [company.id for company in found] == [19]
    assert len(psa.requests) > 1


def test_ten_thousand_companies_take_at_most_25_requests() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/count"):
            return httpx.Response(200, json={"count": 10_000})
        after = request.url.params["conditions"].rpartition("id > ")[2].rstrip(")")
        first = int(after) + 1 if after.isdigit() else 1
        return httpx.Response(200, json=[documented.company(each) for each in range(first, min(first + 1000, 10_001))])

    psa = psa_answering(answer)

    assert len(psa.reading().companies()) == 10_000
    assert len(psa.requests) <= 25


@pytest.mark.parametrize("link", [None, "<https://x/?page=2>; rel=next"])
def test_an_additions_list_is_never_shorter_than_the_psa_counts(link: str | None) -> None:
    """A server that serves two records a page, whatever it is asked for."""
    additions = [documented.addition(each) for each in (70, 71, 72)]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/count"):
            return httpx.Response(200, json={"count": 3})
        after = int((request.url.params.get("conditions") or "id > 0").rpartition(" ")[2])
        page = [each for each in additions if each["id"] > after][:2]
        return httpx.Response(200, json=page, headers={"Link": link} if link else {})

    assert [each.id for each in psa_answering(answer).reading().additions(AGREEMENT)] == [70, 71, 72]


def test_a_page_with_more_records_than_asked_for_is_unreadable() -> None:
    psa = serving("/finance/agreements/7/additions", *({"id": each} for each in range(1, 1002)))

    with pytest.raises(UnreadableAnswer, match="1001 records came where 1000 were asked for"):
        psa.reading().additions(AGREEMENT)


@pytest.mark.parametrize("piece", [b'{"":0},', b"[],", b"1.5,", b"{},"])
def test_a_small_answer_that_costs_much_to_parse_is_not_parsed(piece: bytes) -> None:
    """Three bytes of JSON are a hundred in memory: 30 MB of them were a gigabyte."""
    body = gzip.compress(b"[" + piece * (30_000_000 // len(piece)) + b"{}]", compresslevel=1)
    psa = psa_answering(one_answer(body), limits=Limits(attempts=1))

    tracemalloc.start()
    with pytest.raises(UnreadableAnswer, match="values"):
        psa.reading().company_types()
    held_at_most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert held_at_most < 100_000_000


def one_answer(body: bytes) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/count"):
            return httpx.Response(200, json={"count": 1})
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces(body))

    return answer


def test_a_single_record_may_not_be_as_large_as_a_page() -> None:
    record = documented.addition(70, description="x" * 1_100_000)

    with pytest.raises(UnreadableAnswer, match="larger than 1048576"):
        serving_one(record, Limits(attempts=1)).reading().addition(AGREEMENT, PsaAdditionId(70))


def serving_one(record: dict[str, Any], limits: Limits) -> Psa:
    return psa_answering(lambda request: httpx.Response(200, json=record), limits=limits)


def test_an_agreement_keeps_what_decides_about_billing() -> None:
    psa = scripted_psa()
    psa.router.get(f"{ROOT}/finance/agreements/7").respond(
        200,
        json=documented.agreement(7, dateCancelled="2026-12-31T00:00:00Z", parentAgreement={"id": 3, "name": "Main"}),
    )

    assert psa.reading().agreement(AGREEMENT) == Agreement(
        id=AGREEMENT,
        name="Managed Services",
        company_id=PsaCompanyId(19),
        company_name="Globex GmbH",
        type=Reference(3, "Managed"),
        status="Active",
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        ends_at=None,
        has_no_end=True,
        is_cancelled=False,
        cancelled_at=datetime(2026, 12, 31, tzinfo=UTC),
        bill_starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        next_invoice_at=datetime(2026, 12, 1, tzinfo=UTC),
        billing_cycle=Reference(2, "Monthly"),
        is_prorated=False,
        invoices_prorated_additions=False,
        parent_id=PsaAgreementId(3),
    )


def test_agreements_of_many_companies_come_in_batches_and_each_once() -> None:
    psa = serving("/finance/agreements", documented.agreement(7), documented.agreement(8))

    found = psa.reading().agreements(PsaCompanyId(each) for each in range(10_000, 11_000))

    assert [agreement.id for agreement in found] == [7, 8]
    assert 4 <= len(psa.requests) <= 16
    assert all(request.url.params["conditions"].startswith("company/id in (10") for request in psa.requests)


def test_no_companies_have_no_agreements_and_cost_no_request() -> None:
    psa = scripted_psa()

    assert psa.reading().agreements([]) == ()
    assert psa.requests == []


def test_additions_keep_their_numbers_exactly() -> None:
    psa = scripted_psa()
    psa.router.get(f"{ROOT}/finance/agreements/7/additions").respond(
        200,
        content=json.dumps([documented.addition(70)])
        .replace('"quantity": 12', '"quantity": 0.10000000000000000001')
        .encode(),
    )
    psa.router.get(f"{ROOT}/finance/agreements/7/additions/count").respond(200, json={"count": 1})

    (found,) = psa.reading().additions(AGREEMENT)

    assert found == Addition(
        id=PsaAdditionId(70),
        agreement_id=AGREEMENT,
        product_id=PsaProductId(301),
        product_identifier="NET-CORE",
        quantity=Decimal("0.10000000000000000001"),
        less_included=Decimal(0),
        unit_price=Decimal("4.35"),
        bill_customer=BillCustomer.BILLABLE,
        effective_at=datetime(2026, 11, 1, tzinfo=UTC),
        cancelled_at=None,
        agreement_status="Active",
        updated_at=datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC),
        updated_by="jdoe",
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"quantity": None}, {"quantity": "12"}, {"quantity": True}, {"product": {}}, {"product": None}, {"product":
        {"id": "x"}}, {"billCustomer": "Perhaps"}, {"billCustomer": None}, {"id": None}, {"effectiveDate":
        "tomorrow"}, {"agreementId": 8}, {"cancelledDate": 5}, {"cancelledDate": "0001-01-01T00:00:00+14:00"},
        {"unitPrice": "free"}, {"quantity": 10**50}, {"quantity": 1e-300}, {"id": 2**63}, {"product": {"id": 10**40}},
        {"product": {"id": 1, "identifier": "a\0b"}}, {"agreementId": [[]]},
        {"effectiveDate": "2026-11-01T00:00:00+99:99"},
    ],
)  # fmt: skip
def test_an_addition_that_lacks_what_a_push_needs_is_unreadable(broken: dict[str, Any]) -> None:
    psa = serving("/finance/agreements/7/additions", documented.addition(70, **broken))

    with pytest.raises(UnreadableAnswer):
        psa.reading().additions(AGREEMENT)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_quantity_that_is_no_number_is_unreadable(constant: str) -> None:
    psa = scripted_psa()
    body = json.dumps(documented.addition(70)).replace('"quantity": 12', f'"quantity": {constant}')
    psa.router.get(f"{ROOT}/finance/agreements/7/additions/70").respond(200, content=body.encode())

    with pytest.raises(UnreadableAnswer):
        psa.reading().addition(AGREEMENT, PsaAdditionId(70))


def test_setup_tables_are_read_whole() -> None:
    psa = scripted_psa()
    for path, record in (
        ("/company/companies/types", {"id": 1, "name": "Client"}),
        ("/company/companies/statuses", {"id": 1, "name": "Gone", "inactiveFlag": True}),
        ("/procurement/categories", {"id": 2, "name": "Software"}),
        ("/procurement/subcategories/", {"id": 9, "name": "Licences", "category": {"id": 2, "name": "Software"}}),
        ("/procurement/types", {"id": 4, "name": "Subscription", "inactiveFlag": True}),
    ):
        psa.router.get(url__regex=f"^{ROOT}{path}\\?").respond(200, json=[record])
        psa.router.get(url__regex=f"^{ROOT}{path.rstrip('/')}/count$").respond(200, json={"count": 1})
    psa.router.get(f"{ROOT}/system/info").respond(200, json={"version": "v2026.4.12345", "isCloud": True})
    client = psa.reading()

    assert [each.name for each in client.company_types()] == ["Client"]
    assert [each.is_inactive for each in client.company_statuses()] == [True]
    assert [each.is_inactive for each in client.categories()] == [False]
    assert [each.category_id for each in client.subcategories()] == [2]
    assert [each.is_inactive for each in client.product_types()] == [True]
    assert client.system_info().version == "v2026.4.12345"


def test_a_product_search_touches_one_page_and_keeps_only_what_holds_every_word() -> None:
    psa = serving(
        "/procurement/catalog",
        documented.catalog_item(1),
        documented.catalog_item(2, description="Something else", identifier="X"),
        documented.catalog_item(3, inactiveFlag=True),
    )

    found = psa.reading().search_products("network CORE", limit=20)

    assert [item.id for item in found] == [1]
    assert len(psa.requests) == 1
    assert psa.requests[0].url.params["pageSize"] == "20"
    assert psa.requests[0].url.params["conditions"] == (
        '(inactiveFlag=false) and (identifier like "%network%" or description like "%network%") '
        'and (identifier like "%CORE%" or description like "%CORE%")'
    )


@pytest.mark.parametrize("text", ['14" [rack] 50% *', "O'Brien & Söhne #1 + more?"])
def test_no_search_text_escapes_its_quotes_or_the_url(text: str) -> None:
    psa = serving("/procurement/catalog")

    psa.reading().search_products(text)

    assert psa.requests[0].url.params["conditions"].count('"') == 4 * len(text.split())


def test_a_product_is_found_by_its_exact_identifier_inactive_ones_too() -> None:
    psa = serving("/procurement/catalog", documented.catalog_item(5, identifier="net-core", inactiveFlag=True))

    found = psa.reading().product_by_identifier("NET-CORE")

    assert found is not None
    assert (found.id, found.is_inactive) == (5, True)
    assert psa.requests[0].url.params["conditions"] == 'identifier = "NET-CORE"'


def test_a_similar_identifier_is_not_the_product() -> None:
    psa = serving("/procurement/catalog", documented.catalog_item(5, identifier="14x"))

    assert psa.reading().product_by_identifier('14"') is None


def create_product(client: WritingClient, deadline: float) -> object:
    return client.create_product(
        identifier="NET-CORE",
        description="Network Core licence",
        customer_description="Network Core",
        subcategory_id=9,
        type_id=4,
        price=Decimal("4.35"),
        deadline=deadline,
    )


def test_a_product_is_created_with_class_agreement() -> None:
    psa = scripted_psa()
    psa.router.post(f"{ROOT}/procurement/catalog").respond(201, json=documented.catalog_item())

    create_product(psa.writing(), psa.soon())

    assert json.loads(psa.requests[0].content) == {
        "identifier": "NET-CORE",
        "description": "Network Core licence",
        "customerDescription": "Network Core",
        "productClass": "Agreement",
        "subcategory": {"id": 9},
        "type": {"id": 4},
        "price": 4.35,
    }


def test_a_taken_identifier_is_told_apart_from_other_refusals() -> None:
    psa = scripted_psa()
    psa.router.post(f"{ROOT}/procurement/catalog").respond(400, json=documented.DUPLICATE)

    with pytest.raises(AlreadyExists) as raised:
        create_product(psa.writing(), psa.soon())

    assert raised.value.certainly_not_applied


def test_an_identifier_that_the_site_changed_is_not_taken_for_the_product() -> None:
    psa = scripted_psa()
    psa.router.post(f"{ROOT}/procurement/catalog").respond(
        201, json=documented.catalog_item(identifier="NET-CORECopy0")
    )

    with pytest.raises(IdentifierChanged) as raised:
        create_product(psa.writing(), psa.soon())

    assert (raised.value.given, raised.value.product_id, raised.value.certainly_not_applied) == (
        "NET-CORECopy0",
        301,
        False,
    )


def test_a_quantity_is_patched_alone() -> None:
    psa = scripted_psa()
    psa.router.patch(f"{ROOT}/finance/agreements/7/additions/70").respond(200, json=documented.addition(70, 15.0))

    answered = psa.writing().set_quantity(AGREEMENT, PsaAdditionId(70), Decimal("15.00"), deadline=psa.soon())

    assert answered.quantity == 15
    assert psa.requests[0].content == b'[{"op": "replace", "path": "quantity", "value": 15}]'
    assert psa.requests[0].headers["content-type"] == "application/json"


def test_an_answer_that_changed_nothing_is_handed_over_as_it_came() -> None:
    psa = scripted_psa()
    psa.router.patch(f"{ROOT}/finance/agreements/7/additions/70").respond(200, json=documented.addition(70, 12))

    answered = psa.writing().set_quantity(AGREEMENT, PsaAdditionId(70), Decimal(15), deadline=psa.soon())

    assert answered.quantity == 12


@pytest.mark.parametrize(
    ("quantity", "sent"), [("0", b"0"), ("10.25", b"10.25"), ("0.1", b"0.1"), ("12.3456", b"12.3456")]
)
def test_a_quantity_is_sent_with_exactly_its_digits(quantity: str, sent: bytes) -> None:
    psa = scripted_psa()
    psa.router.patch(f"{ROOT}/finance/agreements/7/additions/70").respond(200, json=documented.addition(70, 15.0))

    psa.writing().set_quantity(AGREEMENT, PsaAdditionId(70), Decimal(quantity), deadline=psa.soon())

    assert psa.requests[0].content.endswith(b'"value": ' + sent + b"}]")


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "0.10000000000000000001"])
def test_a_quantity_that_would_change_on_the_way_is_not_sent(quantity: str) -> None:
    psa = scripted_psa()

    with pytest.raises(ValueError, match=r"finite|digits"):
        psa.writing().set_quantity(AGREEMENT, PsaAdditionId(70), Decimal(quantity), deadline=psa.soon())

    assert psa.requests == []


def test_an_addition_is_created_from_a_day_on() -> None:
    psa = scripted_psa()
    psa.router.post(f"{ROOT}/finance/agreements/7/additions").respond(201, json=documented.addition(71, 3))

    created = psa.writing().create_addition(
        AGREEMENT, PsaProductId(301), Decimal(3), datetime(2026, 11, 1, 13, tzinfo=UTC), deadline=psa.soon()
    )

    assert created.id == 71
    assert json.loads(psa.requests[0].content) == {
        "product": {"id": 301},
        "quantity": 3,
        "billCustomer": "Billable",
        "effectiveDate": "2026-11-01T00:00:00Z",
    }


def test_a_created_addition_of_another_product_is_an_unknown_outcome() -> None:
    psa = scripted_psa()
    psa.router.post(f"{ROOT}/finance/agreements/7/additions").respond(201, json=documented.addition(71, 3))

    with pytest.raises(OutcomeUnknown, match="product 301"):
        psa.writing().create_addition(
            AGREEMENT, PsaProductId(999), Decimal(3), datetime(2026, 11, 1, tzinfo=UTC), deadline=psa.soon()
        )


def moved(old_answers: Callable[[httpx.Request], httpx.Response], told: str = "v2026_4/") -> Psa:
    """A PSA whose tenant has moved from ADDRESS.codebase to v2026_4/."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "/login/companyinfo/" in request.url.path:
            return httpx.Response(200, json={"Codebase": told, "IsCloud": True})
        if request.url.path.startswith("/v2025_1/"):
            return old_answers(request)
        return httpx.Response(200, json=documented.addition(70, 15))

    return psa_answering(answer)


def test_an_upgraded_tenant_is_found_again_by_reads_and_writes() -> None:
    psa = moved(lambda request: httpx.Response(404, json=documented.NO_ENDPOINT))
    client = psa.writing()

    client.set_quantity(AGREEMENT, PsaAdditionId(70), Decimal(15), deadline=psa.soon())
    client.addition(AGREEMENT, PsaAdditionId(70))

    assert client.address.codebase == "v2026_4/"
    assert [(request.method, request.url.path.split("/")[1]) for request in psa.requests] == [
        ("PATCH", "v2025_1"),
        ("GET", "login"),
        ("PATCH", "v2026_4"),
        ("GET", "v2026_4"),
    ]


FRONT_PAGE = httpx.Response(404, html="<h1>404</h1>")


def test_a_read_follows_an_upgraded_tenant_whatever_page_the_old_path_shows() -> None:
    psa = moved(lambda request: FRONT_PAGE)
    client = psa.reading()

    client.addition(AGREEMENT, PsaAdditionId(70))

    assert client.address.codebase == "v2026_4/"


@pytest.mark.parametrize("page", [FRONT_PAGE, httpx.Response(404), httpx.Response(404, json={"error": "no route"})])
def test_a_write_that_a_front_answered_with_404_is_not_sent_again(page: httpx.Response) -> None:
    psa = moved(lambda request: page if request.method == "PATCH" else httpx.Response(200, json=[]))

    with pytest.raises((FrontRefused, WrongSite)):
        psa.writing().set_quantity(AGREEMENT, PsaAdditionId(70), Decimal(15), deadline=psa.soon())

    assert [request.method for request in psa.requests].count("PATCH") == 1


def test_a_codebase_that_did_not_change_is_asked_for_once_and_not_sent_to_again() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        known = "/company/companies/types" in request.url.path
        return httpx.Response(200, json=[]) if known else httpx.Response(404, json=documented.NO_ENDPOINT)

    psa = moved(answer, told="v2025_1/")

    with pytest.raises(WrongSite, match="does not exist"):
        psa.reading().addition(AGREEMENT, PsaAdditionId(70))

    assert [request.url.path.split("/")[1] for request in psa.requests] == ["v2025_1", "login", "v2025_1"]


def test_a_missing_record_is_no_reason_to_look_for_the_tenant() -> None:
    psa = scripted_psa()
    psa.router.get(f"{ROOT}/finance/agreements/7").respond(404, json=documented.NO_RECORD)
    psa.router.get(url__startswith=f"{ROOT}/company/companies/types").respond(200, json=[])

    with pytest.raises(NotFound, match="57919"):
        psa.reading().agreement(AGREEMENT)

    assert not any("companyinfo" in str(request.url) for request in psa.requests)


def test_a_404_to_wrong_keys_is_never_taken_for_a_missing_record() -> None:
    psa = scripted_psa()
    psa.router.route().respond(404, json=documented.NO_RECORD)

    with pytest.raises(WrongKeys):
        psa.reading().agreement(AGREEMENT)
    with pytest.raises(WrongKeys):
        psa.writing().set_quantity(AGREEMENT, PsaAdditionId(70), Decimal(1), deadline=psa.soon())


def test_keys_that_worked_before_do_not_make_a_404_believable() -> None:
    revoked = False

    def answer(request: httpx.Request) -> httpx.Response:
        if revoked:
            return httpx.Response(404, json=documented.NO_RECORD)
        return httpx.Response(200, json=documented.agreement(7))

    psa = psa_answering(answer)
    client = psa.reading()
    client.agreement(AGREEMENT)

    revoked = True

    with pytest.raises(WrongKeys):
        client.agreement(AGREEMENT)
