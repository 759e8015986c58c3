"""Which lines a product mapping touches is shown before it is changed, and is what happens then."""

from decimal import Decimal
from typing import Any

from tests.api.operations import MAP_PRODUCT
from tests.syncing.whole import Whole

PREVIEW = """
mutation ($input: PreviewProductMappingInput!) { previewProductMapping(input: $input) { __typename
  ... on Refusal { message }
  ... on ProductMappingPreviewed { agreements money lines { agreement product identifier kind action found target
    leaving leftBehind contributions { organization quantity arrives } } } } }
"""
LICENSES = {"plan": "network-core", "component": "LICENSE"}


def spare_product(ledger: Whole) -> int:
    taken = {*ledger.products(), *(one["product"]["id"] for one in ledger.tenant.admin("GET", "/records/addition"))}
    return next(one for number in range(6) if (one := int(ledger.tenant.product(number)["id"])) not in taken)


def shown(preview: dict[str, Any]) -> dict[int, tuple[str, str, Decimal | None]]:
    assert preview["__typename"] == "ProductMappingPreviewed", preview
    return {
        line["product"]: (line["kind"], line["action"], None if line["target"] is None else Decimal(line["target"]))
        for line in preview["lines"]
    }


def test_a_remapping_shows_the_line_it_leaves_and_the_one_it_begins(ledger: Whole) -> None:
    bills, spare = ledger.billing(), spare_product(ledger)
    facts, writes = ledger.api.facts(), ledger.writes()

    preview = ledger.ask(PREVIEW, **LICENSES, product=spare)
    untouched = (ledger.api.facts(), ledger.writes())
    ledger.ask(MAP_PRODUCT, **LICENSES, product=spare)
    ledger.settle()

    assert {
        bills.licenses: ("RELEASE", "WRITE", Decimal(0)),
        spare: ("INITIAL", "CREATE", Decimal(40)),
    } == shown(preview)
    left = next(line for line in preview["lines"] if line["product"] == bills.licenses)
    assert (["globex"], "ZERO", []) == (left["leaving"], left["leftBehind"], left["contributions"])
    assert all(line["identifier"] for line in preview["lines"])
    assert (facts, writes) == untouched
    assert ([Decimal(0)], [Decimal(40)]) == (
        ledger.holds(bills.agreement, bills.licenses),
        ledger.holds(bills.agreement, spare),
    )


def test_mapping_onto_a_product_in_use_shows_the_sum(ledger: Whole) -> None:
    bills = ledger.billing()
    ledger.licenses("globex", 3, component="SERVER")
    ledger.settle()

    preview = ledger.ask(PREVIEW, **LICENSES, product=bills.servers)
    ledger.ask(MAP_PRODUCT, **LICENSES, product=bills.servers)
    ledger.settle()

    assert ("INCREMENTAL", "WRITE", Decimal(43)) == shown(preview)[bills.servers]
    assert [Decimal(43)] == ledger.holds(bills.agreement, bills.servers)


def test_unmapping_leaves_the_line_untouched(ledger: Whole) -> None:
    bills = ledger.billing()

    preview = ledger.ask(PREVIEW, **LICENSES)

    assert {bills.licenses: ("RELEASE", "VERIFY", Decimal(40))} == shown(preview)
    assert (1, "UNTOUCHED") == (preview["agreements"], preview["lines"][0]["leftBehind"])


def test_what_can_not_be_mapped_is_refused_by_the_preview_too(ledger: Whole) -> None:
    answers = [
        ledger.ask(PREVIEW, **{**LICENSES, "plan": "nothing"}),
        ledger.ask(PREVIEW, **LICENSES, product=999_999),
        ledger.ask(PREVIEW, plan="network-lite", component="LICENSE"),
        ledger.ask(PREVIEW, plan="network-lite", component="SERVER"),
    ]

    assert ["UnknownPlan", "UnknownProduct", "ProductNotMapped", "PlanLacksComponent"] == [
        answer["__typename"] for answer in answers
    ]


def test_a_mapping_as_it_is_touches_nothing(ledger: Whole) -> None:
    bills = ledger.billing()

    preview = ledger.ask(PREVIEW, **LICENSES, product=bills.licenses)

    assert (0, []) == (preview["agreements"], preview["lines"])


def test_a_product_mapping_tells_on_how_many_agreements_it_bills(ledger: Whole) -> None:
    query = "{ psaConnection { productMappings { component agreements } } }"

    before = ledger.admin.one(query)["productMappings"]
    ledger.billing()

    assert [("LICENSE", 0), ("SERVER", 0)] == [(one["component"], one["agreements"]) for one in before]
    after = ledger.admin.one(query)["productMappings"]
    assert [("LICENSE", 1), ("SERVER", 1)] == [(one["component"], one["agreements"]) for one in after]
