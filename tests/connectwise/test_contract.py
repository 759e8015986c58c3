"""One suite for the client, run against recorded answers and against the simulator."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectwise.auth import Credentials
from connectwise.errors import (
    AlreadyExists,
    NoAnswer,
    NotFound,
    OutcomeUnknown,
    RightMissing,
    Throttled,
    UnknownCompany,
    UnreadableAnswer,
    WrongKeys,
)
from connectwise.probe import RightState, probe_connection
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
from simulator.app import create_app
from simulator.server import running
from tests.connectwise.worlds import Recorded, World, simulated

NUMBERS = itertools.count(1)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def simulator_url() -> Iterator[str]:
    with running(create_app((), now=lambda: NOVEMBER)) as url:
        yield url


@pytest.fixture(params=["recorded answers", "simulator"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "recorded answers":
        yield Recorded()
    else:
        with simulated(request.getfixturevalue("simulator_url"), f"tenant_{next(NUMBERS)}") as made:
            yield made


def test_a_tenant_is_found_and_its_rights_are_seen(world: World) -> None:
    report = probe_connection(world.wire, world.site, world.keys, world.allowed_origins)

    assert report.is_usable
    assert report.address.is_cloud
    assert [each.state for each in report.rights].count(RightState.SHOWN_WHEN_USED) == 3


@pytest.mark.parametrize("right", [COMPANIES_INQUIRE, TABLE_SETUP_INQUIRE, CATALOG_INQUIRE, AGREEMENTS_INQUIRE])
def test_a_missing_inquire_right_is_the_only_one_that_is_named(world: World, right: Right) -> None:
    world.deny(right)

    report = probe_connection(world.wire, world.site, world.keys, world.allowed_origins)

    assert [each.right for each in report.missing] == [right]


def test_wrong_keys_and_an_unknown_company_are_told_apart(world: World) -> None:
    wrong = Credentials(world.keys.company_id, "wrongPublicKey", "wrongPrivateKey")

    with pytest.raises(WrongKeys):
        world.client(wrong).company_types()
    with pytest.raises(UnknownCompany):
        world.client(Credentials("nobody_here", "a", "b"))


def test_the_directory_holds_the_company_and_its_agreement(world: World) -> None:
    client = world.client()
    (company,) = (each for each in client.companies() if each.id == world.company)
    assert company.status is not None

    alike = client.companies([kind.id for kind in company.types], [company.status.id])
    agreements = client.agreements([world.company])

    assert company in alike
    assert client.companies(types=[9_999]) == ()
    assert world.agreement in [agreement.id for agreement in agreements]
    assert {agreement.company_id for agreement in agreements} == {world.company}
    assert client.agreement(world.agreement) in agreements


def test_companies_and_agreements_are_found_by_their_ids_and_missing_ones_are_left_out(world: World) -> None:
    client = world.client()

    companies = client.companies_by_id([world.company, world.company])
    agreements = client.agreements_by_id([world.agreement])

    assert [company.id for company in companies] == [world.company]
    assert agreements == (client.agreement(world.agreement),)
    assert client.companies_by_id([]) == ()
    assert client.agreements_by_id([]) == ()


def test_setup_tables_are_there(world: World) -> None:
    client = world.client()

    for table in (
        client.company_types(), client.company_statuses(), client.categories(), client.subcategories(),
        client.product_types(),
    ):  # fmt: skip
        ids = [record.id for record in table]
        assert ids == sorted(set(ids))
        assert ids


def test_a_quantity_is_set_and_read_back(world: World) -> None:
    client = world.client()
    (before,) = client.additions(world.agreement)

    answered = client.set_quantity(world.agreement, before.id, Decimal("15.25"), deadline=world.soon())

    assert answered.quantity == Decimal("15.25")
    assert client.addition(world.agreement, before.id).quantity == Decimal("15.25")
    assert world.quantities() == [Decimal("15.25")]
    assert (answered.unit_price, answered.product_id) == (before.unit_price, world.product)


def test_an_addition_is_created_and_listed(world: World) -> None:
    client = world.client()

    created = client.create_addition(world.agreement, world.other_product, Decimal(3), NOVEMBER, deadline=world.soon())

    assert (created.product_id, created.quantity, created.effective_at) == (world.other_product, Decimal(3), NOVEMBER)
    assert created.id in [addition.id for addition in client.additions(world.agreement)]
    assert len(world.quantities()) == 2


def test_a_product_is_created_once_and_found_by_its_identifier(world: World) -> None:
    client = world.client()
    subcategory, kind = client.subcategories()[0], client.product_types()[0]

    def create() -> int:
        return client.create_product(
            identifier="PSA-LEDGER-1",
            description="Made by a test",
            customer_description="Made by a test",
            subcategory_id=subcategory.id,
            type_id=kind.id,
            deadline=world.soon(),
        ).id

    assert client.product_by_identifier("PSA-LEDGER-1") is None
    made = create()
    found = client.product_by_identifier("psa-ledger-1")
    assert found is not None
    assert found.id == made
    with pytest.raises(AlreadyExists):
        create()


def test_the_catalogue_is_searched_by_words(world: World) -> None:
    found = world.client().search_products(world.other_identifier.lower(), limit=200)

    assert world.other_product in [item.id for item in found]


def test_a_missing_right_to_write_is_named_and_nothing_is_written(world: World) -> None:
    client = world.client()
    (addition,) = client.additions(world.agreement)
    for right in (AGREEMENTS_ADD, AGREEMENTS_EDIT, CATALOG_ADD):
        world.deny(right)
    before = world.quantities()

    with pytest.raises(RightMissing) as editing:
        client.set_quantity(world.agreement, addition.id, Decimal(1), deadline=world.soon())
    with pytest.raises(RightMissing) as adding:
        client.create_addition(world.agreement, world.other_product, Decimal(1), NOVEMBER, deadline=world.soon())
    with pytest.raises(RightMissing) as creating:
        client.create_product(
            identifier="X",
            description="X",
            customer_description="X",
            subcategory_id=1,
            type_id=1,
            deadline=world.soon(),
        )

    assert [each.value.right for each in (editing, adding, creating)] == [AGREEMENTS_EDIT, AGREEMENTS_ADD, CATALOG_ADD]
    assert world.quantities() == before


def test_a_deleted_agreement_and_an_unknown_addition_are_not_found(world: World) -> None:
    client = world.client()
    (addition,) = client.additions(world.agreement)

    with pytest.raises(NotFound):
        client.addition(world.agreement, type(addition.id)(999_999))
    world.delete_agreement()

    for missing in (client.agreement, client.additions):
        with pytest.raises(NotFound):
            missing(world.agreement)


def test_keys_that_never_worked_are_not_blamed_on_a_missing_record(world: World) -> None:
    world.delete_agreement()

    with pytest.raises(NotFound):
        world.client().agreement(world.agreement)


@pytest.mark.parametrize(("kind", "detail"), [("error", {"status": 500}), ("cut_before", {}), ("truncated", {})])
def test_a_read_gets_over_a_passing_trouble(world: World, kind: str, detail: dict[str, int]) -> None:
    client = world.client()
    world.trouble(kind, "GET", count=2, **detail)

    assert len(client.additions(world.agreement)) == 1


@pytest.mark.parametrize(
    ("kind", "detail", "expected"),
    [("error", {"status": 503}, NoAnswer), ("cut_before", {}, NoAnswer), ("truncated", {}, UnreadableAnswer)],
)
def test_a_trouble_that_stays_is_an_error_and_never_an_empty_list(
    world: World, kind: str, detail: dict[str, int], expected: type[Exception]
) -> None:
    client = world.client()
    world.trouble(kind, "GET", count=50, **detail)

    with pytest.raises(expected):
        client.additions(world.agreement)


@pytest.mark.parametrize(
    ("kind", "detail", "applied"),
    [("error", {"status": 500}, False), ("cut_before", {}, False), ("cut_after", {}, True), ("truncated", {}, True)],
)
@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_a_write_in_trouble_has_an_unknown_outcome_and_happened_at_most_once(
    world: World, method: str, kind: str, detail: dict[str, int], applied: bool
) -> None:
    client = world.client()
    (addition,) = client.additions(world.agreement)
    before = world.quantities()
    world.trouble(kind, method, **detail)

    def write() -> object:
        if method == "PATCH":
            return client.set_quantity(world.agreement, addition.id, Decimal(77), deadline=world.soon())
        product = world.other_product
        return client.create_addition(world.agreement, product, Decimal(77), NOVEMBER, deadline=world.soon())

    with pytest.raises(OutcomeUnknown):
        write()

    after = {"PATCH": [Decimal(77)], "POST": [*before, Decimal(77)]}[method]
    assert world.quantities() == (after if applied else before)


def test_a_throttled_write_was_not_applied_and_says_when_to_come_back(world: World) -> None:
    client = world.client()
    (addition,) = client.additions(world.agreement)
    before = world.quantities()
    world.trouble("throttle", "PATCH", retry_after=300)

    with pytest.raises(Throttled) as raised:
        client.set_quantity(world.agreement, addition.id, Decimal(77), deadline=world.soon())

    assert raised.value.seconds == 300
    assert raised.value.certainly_not_applied
    assert world.quantities() == before


def test_an_upgraded_tenant_is_followed_without_a_second_write(world: World) -> None:
    client = world.client()
    (addition,) = client.additions(world.agreement)
    world.upgrade("v2027_1")

    client.set_quantity(world.agreement, addition.id, Decimal(21), deadline=world.soon())

    assert client.address.codebase == "v2027_1/"
    assert world.quantities() == [Decimal(21)]
