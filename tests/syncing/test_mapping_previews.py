"""What ConnectWise will hold is shown before a mapping is confirmed, and is what it holds afterwards."""

from decimal import Decimal
from typing import Any

from tests.api.given import map_item, new_organization, registered
from tests.api.operations import UNMAP_COMPANIES
from tests.syncing.whole import Whole

PREVIEW_MAPPINGS = """
mutation ($input: PreviewMappingsInput!) { previewMappings(input: $input) { __typename
  ... on Refusal { message }
  ... on MappingsPreviewed { month money lines { ...L }
    answers { organization outcome { __typename ... on Refusal { message }
      ... on MappingPreviewed { name lines { agreement product } } } } } } }
fragment L on PreviewedLine { agreement product identifier kind action found wrote wanted target money problem detail
  leavings: leaving leftBehind contributions { organization name quantity arrives } }
"""


def item(ledger: Whole, organization: str, agreement: dict[str, Any], **more: Any) -> dict[str, Any]:
    return map_item(organization, agreement["company"]["id"], agreement["id"], **more)


def numbers(line: dict[str, Any]) -> tuple[str | None, str, Decimal | None, Decimal | None]:
    found, target = line["found"], line["target"]
    return (
        line["kind"],
        line["action"],
        None if found is None else Decimal(found),
        None if target is None else Decimal(target),
    )


def by_line(preview: dict[str, Any]) -> dict[tuple[int, int], dict[str, Any]]:
    assert preview["__typename"] == "MappingsPreviewed", preview
    return {(line["agreement"], line["product"]): line for line in preview["lines"]}


def test_a_first_mapping_is_shown_as_a_new_addition_and_becomes_it(ledger: Whole) -> None:
    agreement = ledger.agreements()[0]
    ledger.licenses("globex", 17)
    licenses, _ = ledger.products()
    facts, writes = ledger.api.facts(), ledger.writes()

    preview = ledger.ask(PREVIEW_MAPPINGS, items=[item(ledger, "globex", agreement)])
    shown_facts, shown_writes = ledger.api.facts(), ledger.writes()
    ledger.map(item(ledger, "globex", agreement))
    ledger.settle()

    shown = by_line(preview)[agreement["id"], licenses]
    assert ("INITIAL", "CREATE", None, Decimal(17)) == numbers(shown)
    assert [("globex", "17.00", True)] == [
        (one["organization"], one["quantity"], one["arrives"]) for one in shown["contributions"]
    ]
    assert (facts, writes) == (shown_facts, shown_writes)
    assert [Decimal(17)] == ledger.holds(agreement["id"], licenses)


def test_the_preview_of_several_on_one_agreement_is_the_sum_with_its_contributors(ledger: Whole) -> None:
    bills = ledger.billing()
    ledger.licenses("initech", 5)
    agreement = next(one for one in ledger.agreements() if one["id"] == bills.agreement)
    new = map_item(
        "hooli", agreement["company"]["id"], agreement["id"], create={"name": "Hooli", "plan": "network-core"}
    )

    preview = ledger.ask(PREVIEW_MAPPINGS, items=[item(ledger, "initech", agreement), new])
    ledger.map(item(ledger, "initech", agreement))
    ledger.settle()

    shown = by_line(preview)[bills.agreement, bills.licenses]
    assert ("INCREMENTAL", "WRITE", Decimal(40), Decimal(45)) == numbers(shown)
    assert [("globex", False), ("hooli", True), ("initech", True)] == [
        (one["organization"], one["arrives"]) for one in shown["contributions"]
    ]
    assert [Decimal(45)] == ledger.holds(bills.agreement, bills.licenses)
    assert ["MappingPreviewed"] * 2 == [one["outcome"]["__typename"] for one in preview["answers"]]


def test_a_move_shows_the_line_left_behind_and_what_becomes_of_it(ledger: Whole) -> None:
    bills = ledger.billing()
    other = next(one for one in ledger.agreements() if one["id"] != bills.agreement)
    moved = item(ledger, "globex", other, move=True, leftBehind="ZERO")

    preview = ledger.ask(PREVIEW_MAPPINGS, items=[moved])
    ledger.map(moved)
    ledger.settle()

    lines = by_line(preview)
    left = lines[bills.agreement, bills.licenses]
    assert ("RELEASE", "WRITE", Decimal(40), Decimal(0)) == numbers(left)
    assert (["globex"], "ZERO", []) == (left["leavings"], left["leftBehind"], left["contributions"])
    assert ("INITIAL", "CREATE", None, Decimal(40)) == numbers(lines[other["id"], bills.licenses])
    assert [Decimal(0)] == ledger.holds(bills.agreement, bills.licenses)
    assert [Decimal(40)] == ledger.holds(other["id"], bills.licenses)


def test_unmapping_is_shown_with_the_line_untouched(ledger: Whole) -> None:
    bills = ledger.billing()

    preview = ledger.ask(PREVIEW_MAPPINGS, unmap=[{"organization": "globex"}])
    ledger.ask(UNMAP_COMPANIES, items=[{"organization": "globex"}])
    ledger.settle()

    shown = by_line(preview)[bills.agreement, bills.licenses]
    assert ("RELEASE", "VERIFY", Decimal(40), Decimal(40)) == numbers(shown)
    assert "UNTOUCHED" == shown["leftBehind"]
    assert [Decimal(40)] == ledger.holds(bills.agreement, bills.licenses)


def test_a_running_addition_is_adopted_and_a_large_drop_on_it_is_held(ledger: Whole) -> None:
    agreement = ledger.agreements()[0]
    licenses, _ = ledger.products()
    ledger.licenses("globex", 3)
    ledger.psa_action(
        "addition_added",
        agreement=agreement["id"],
        values={"product": {"id": licenses}, "billCustomer": "Billable", "quantity": 90, "unitPrice": 2},
    )

    preview = ledger.ask(PREVIEW_MAPPINGS, items=[item(ledger, "globex", agreement)])

    shown = by_line(preview)[agreement["id"], licenses]
    assert ("INITIAL", "HOLD", Decimal(90), Decimal(3)) == numbers(shown)
    assert Decimal(-174) == Decimal(shown["money"])


def test_two_running_additions_are_named_and_no_number_is_guessed(ledger: Whole) -> None:
    agreement = ledger.agreements()[0]
    licenses, _ = ledger.products()
    ledger.licenses("globex", 3)
    for _ in range(2):
        ledger.psa_action(
            "addition_added",
            agreement=agreement["id"],
            values={"product": {"id": licenses}, "billCustomer": "Billable", "quantity": 4},
        )

    preview = ledger.ask(PREVIEW_MAPPINGS, items=[item(ledger, "globex", agreement)])

    shown = by_line(preview)[agreement["id"], licenses]
    assert ("REFUSE", None, "TWO_RUNNING") == (shown["action"], shown["target"], shown["problem"])


def test_what_mapping_would_refuse_the_preview_refuses_too(ledger: Whole) -> None:
    bills = ledger.billing()
    registered(ledger.api, new_organization("selfish", management="SELF"))
    agreement = next(one for one in ledger.agreements() if one["id"] == bills.agreement)

    preview = ledger.ask(
        PREVIEW_MAPPINGS,
        items=[
            item(ledger, "globex", agreement),
            item(ledger, "selfish", agreement),
            map_item("initech", 1, 999_999),
        ],
        unmap=[{"organization": "initech"}],
    )

    assert ["AlreadyMapped", "OrganizationIsSelfManaged", "UnknownAgreement", "NotMapped"] == [
        one["outcome"]["__typename"] for one in preview["answers"]
    ]
    assert [] == preview["lines"]


def test_a_preview_has_bounds_and_needs_a_psa_that_answers(ledger: Whole) -> None:
    agreement = ledger.agreements()[0]
    none = ledger.ask(PREVIEW_MAPPINGS)
    many = ledger.ask(PREVIEW_MAPPINGS, items=[item(ledger, f"o{number}", agreement) for number in range(101)])
    ledger.psa_action("keys_revoked")

    refused = ledger.ask(PREVIEW_MAPPINGS, items=[item(ledger, "globex", agreement)])

    assert ["InvalidInput", "InvalidInput", "WrongKeys"] == [one["__typename"] for one in (none, many, refused)]
