"""Where the sources disagree about ConnectWise, the client must live with either. The simulator plays them all."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectwise.auth import Credentials
from connectwise.budget import Allowance, ProcessBudget
from connectwise.client import ReadingClient
from connectwise.discovery import discover, site_of
from connectwise.errors import (
    ClientIdRefused,
    IdentifierChanged,
    IncompleteRead,
    NotFound,
    RequestRefused,
    RightMissing,
    UnknownCompany,
    WrongKeys,
)
from connectwise.exchange import Wire
from connectwise.guard import Guard, open_http
from connectwise.probe import probe_connection
from connectwise.rights import AGREEMENTS_INQUIRE
from simulator.app import create_app
from simulator.server import running
from tests.connectwise.worlds import NO_PAUSES, Simulated, simulated

NUMBERS = itertools.count(1)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(create_app((), now=lambda: NOVEMBER)) as served:
        yield served


@pytest.fixture
def world(url: str) -> Iterator[Simulated]:
    with simulated(url, f"tenant_{next(NUMBERS)}") as made:
        yield made


@pytest.mark.parametrize("status", [401, 404])
def test_wrong_keys_are_wrong_keys_whether_answered_by_401_or_404(world: Simulated, status: int) -> None:
    world.switch(wrong_keys_status=status)
    client = world.client(Credentials(world.keys.company_id, "wrong", "wrong"))

    for read in (
        client.company_types,
        lambda: client.agreement(world.agreement),
        lambda: client.additions(world.agreement),
    ):
        with pytest.raises(WrongKeys):
            read()


@pytest.mark.parametrize("status", [401, 404])
def test_revoked_keys_are_not_taken_for_a_missing_agreement(world: Simulated, status: int) -> None:
    world.switch(wrong_keys_status=status)
    client = world.client()
    client.agreement(world.agreement)

    world.revoke_keys()

    with pytest.raises(WrongKeys):
        client.agreement(world.agreement)
    with pytest.raises(WrongKeys):
        client.additions(world.agreement)


def test_a_deleted_agreement_is_not_found_where_wrong_keys_are_answered_by_404_too(world: Simulated) -> None:
    world.switch(wrong_keys_status=404)
    world.delete_agreement()

    with pytest.raises(NotFound):
        world.client().additions(world.agreement)


@pytest.mark.parametrize("body", ["unauthorized", "user_not_authenticated", "incorrect_key"])
def test_every_known_body_of_a_401_means_wrong_keys(world: Simulated, body: str) -> None:
    world.switch(wrong_keys_body=body)

    with pytest.raises(WrongKeys):
        world.client(Credentials(world.keys.company_id, "wrong", "wrong")).companies()


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_missing_client_id_shows_as_client_id_trouble(world: Simulated, status: int) -> None:
    world.switch(missing_client_id_status=status)

    class WithoutClientId:
        def send(
            self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Mapping[str, float]
        ) -> httpx.Response:
            without = {name: value for name, value in headers.items() if name != "clientId"}
            return world.http.send(method, url, without, body, timeouts)

    try:
        report = probe_connection(
            replace(world.wire, http=WithoutClientId()), world.site, world.keys, world.allowed_origins
        )
    except ClientIdRefused:
        return
    assert report.may_be_our_client_id


@pytest.mark.parametrize("is_cloud_as", ["boolean", "string"])
def test_the_cloud_mark_is_read_in_both_forms(world: Simulated, is_cloud_as: str) -> None:
    world.switch(is_cloud_as=is_cloud_as)

    assert world.client().address.is_cloud


@pytest.mark.parametrize("status", [200, 404])
def test_an_unknown_company_is_unknown_whether_answered_by_null_or_404(world: Simulated, status: int) -> None:
    assert world.admin.patch("/_simulator/", json={"unknown_company": status}).status_code == 200

    with pytest.raises(UnknownCompany):
        world.client(Credentials("nobody_here", "a", "b"))


def test_an_identifier_that_was_taken_and_copied_is_not_taken_for_the_product(world: Simulated) -> None:
    world.switch(duplicate_identifier="Copy0")
    client = world.client()

    with pytest.raises(IdentifierChanged) as raised:
        client.create_product(
            identifier=world.other_identifier,
            description="X",
            customer_description="X",
            subcategory_id=client.subcategories()[0].id,
            type_id=client.product_types()[0].id,
            deadline=world.soon(),
        )

    assert raised.value.given == f"{world.other_identifier}Copy0"


def test_companies_are_filtered_by_several_types_without_in(world: Simulated) -> None:
    world.switch(in_child_conditions=False)
    client = world.client()

    both = client.companies(types=[1, 2])

    assert {company.id for company in both} == {
        company.id for kind in (1, 2) for company in client.companies(types=[kind])
    }
    assert both


@pytest.mark.parametrize("escapes", ["none", "both", "backslash", "doubled"])
@pytest.mark.parametrize(
    "identifier", ['O\'BRIEN "14"', "50% [A] * B", "back\\slash", "it's", 'say "x"', "A & B + C #1"]
)
def test_an_odd_identifier_is_found_again_however_quotes_are_escaped(
    world: Simulated, escapes: str, identifier: str
) -> None:
    world.switch(quote_escapes=escapes)
    client = world.client()
    made = client.create_product(
        identifier=identifier,
        description="X",
        customer_description="X",
        subcategory_id=client.subcategories()[0].id,
        type_id=client.product_types()[0].id,
        deadline=world.soon(),
    )

    found = client.product_by_identifier(identifier)

    assert found is not None
    assert found.id == made.id
    assert made.id in [item.id for item in client.search_products(identifier)]


@pytest.mark.parametrize("link", ["absent", "last"])
def test_a_list_of_one_page_is_read_with_or_without_a_link(world: Simulated, link: str) -> None:
    world.switch(one_page_link=link)

    assert len(world.client().additions(world.agreement)) == 1


def test_a_site_that_wants_its_api_host_is_called_the_wrong_site(world: Simulated) -> None:
    world.switch(ssl_required="without_api_prefix")

    with pytest.raises(Exception, match="SSL is required"):
        world.client().company_types()


def test_links_to_another_host_are_not_followed(world: Simulated) -> None:
    world.switch(link_host="without_api_prefix")

    assert len(world.client().companies()) > 100


@pytest.mark.parametrize(
    "switches", [{"empty_references": True}, {"unordered_lists": "newest_change_first"}, {"double_slash_hrefs": False}]
)
def test_records_mean_the_same_however_they_are_shown_and_ordered(
    world: Simulated, switches: dict[str, bool | str]
) -> None:
    client = world.client()
    before = client.companies(), client.agreements([world.company]), client.additions(world.agreement)

    world.switch(**switches)

    assert before == (client.companies(), client.agreements([world.company]), client.additions(world.agreement))


@pytest.mark.parametrize("member", ["absent", "null"])
def test_a_refusal_is_read_with_and_without_its_member_for_inner_errors(world: Simulated, member: str) -> None:
    world.switch(errors_member=member)
    world.deny(AGREEMENTS_INQUIRE)

    with pytest.raises(RightMissing):
        world.client().additions(world.agreement)


@pytest.mark.parametrize("field", ["deletedFlag", "status", "id"])
def test_a_field_that_conditions_do_not_know_is_an_error_and_no_other_list(world: Simulated, field: str) -> None:
    world.switch(fields_not_in_conditions=[field])

    with pytest.raises(RequestRefused, match="is not a recognized name"):
        world.client().companies_by_id([world.company]) if field == "id" else world.client().companies(statuses=[1])


def test_an_answer_padded_to_a_huge_size_is_refused(world: Simulated) -> None:
    world.trouble("oversized", "GET", count=50, bytes=40_000_000)

    with pytest.raises(Exception, match="larger than"):
        world.client().additions(world.agreement)


Acts = st.lists(
    st.tuples(
        st.integers(0, 8), st.sampled_from(["company_deleted", "company_restored", "record_added"]), st.integers(1, 60)
    ),
    max_size=12,
)


@settings(max_examples=10, deadline=None)
@given(acts=Acts)
def test_companies_that_come_and_go_during_a_read_never_hide_one_that_stayed(
    url: str, acts: list[tuple[int, str, int]]
) -> None:
    """Two pages of companies; the acts hit the first 60, or add to the end, right before some of the requests."""
    tenant = f"tenant_{next(NUMBERS)}"
    with open_http(Guard(frozenset({url}))) as http, httpx.Client(base_url=url, trust_env=False, timeout=60) as admin:
        data = {"companies": 1200, "agreements": 0, "products": 0}
        key = admin.post("/_simulator/tenants", json={"company_id": tenant, "data": data}).json()["keys"][0]
        wire = Wire(http, "our-client-id", ProcessBudget(lambda _: Allowance(burst=10_000)), limits=NO_PAUSES)
        address = discover(wire, site_of(url, frozenset({url})), tenant)
        client = ReadingClient(wire, address, Credentials(tenant, key["public"], key["private"]))
        stayed = {company.id for company in client.companies() if company.id > 60}
        for index, (skip, act, number) in enumerate(acts):
            added = {"table": "company", "values": {"identifier": f"New{index}", "name": "New"}}
            detail = added if act == "record_added" else {"company": number}
            fault = {"kind": "action", "method": "GET", "skip": skip, "count": 1, "action": act, **detail}
            assert admin.post(f"/_simulator/tenants/{tenant}/faults", json=fault).status_code == 200, fault

        try:
            found = {company.id for company in client.companies()}
        except IncompleteRead:
            return
        finally:
            admin.delete(f"/_simulator/tenants/{tenant}")

        assert len(stayed) > 1000
        assert stayed <= found
