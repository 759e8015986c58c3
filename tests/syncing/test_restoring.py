"""Disconnected and connected again: what was mapped is offered, checked against ConnectWise, and taken up again."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.api.given import connected, map_item, new_organization, registered
from tests.api.harness import new_tenant
from tests.api.operations import CONFIRM, DISCONNECT, EXCLUDE, SET_PRODUCT_RULE, UNMAP_COMPANIES
from tests.syncing.whole import Billing, Whole

RESTORABLE = """query ($n: Int = 25, $a: String) { restorableMappings(first: $n, after: $a) {
  products { plan component product identifier rule minimum canBeRestored whyNot { __typename } }
  organizations { totalCount counts { state count } pageInfo { hasNextPage endCursor }
    nodes { organization company agreement canBeRestored whyNot { __typename message } } } } }"""
RESTORE = """mutation ($input: RestoreMappingsInput!) { restoreMappings(input: $input) { __typename
  ... on Refusal { message }
  ... on MappingsRestored {
    products { plan component outcome { __typename ... on ProductRestored { product } } }
    answers { organization outcome { __typename ... on Refusal { message }
      ... on MappingChanged { mapping { agreement } } } } } } }"""


@pytest.fixture
def ledger(ledger: Whole) -> Whole:
    """With three more organizations, all mapped to agreements of their own."""
    names = ("hooli", "umbrella", "wayne")
    registered(ledger.api, *map(new_organization, names))
    for number, name in enumerate(names, start=1):
        agreement = ledger.agreements()[number]
        ledger.licenses(name, number)
        ledger.map(map_item(name, agreement["company"]["id"], agreement["id"]))
    return ledger


def reconnected(ledger: Whole) -> None:
    assert ledger.ask(DISCONNECT)["__typename"] == "ConnectionChanged"
    connected(ledger.api, ledger.tenant)


def offered(ledger: Whole) -> dict[str, Any]:
    found: dict[str, Any] = ledger.admin.one(RESTORABLE)
    return found


def outcomes(answer: dict[str, Any]) -> dict[str, str]:
    assert answer["__typename"] == "MappingsRestored", answer
    return {one["organization"]: one["outcome"]["__typename"] for one in answer["answers"]}


def restored_and_confirmed(ledger: Whole) -> dict[str, Any]:
    answer: dict[str, Any] = ledger.ask(RESTORE)
    assert ledger.ask(CONFIRM)["__typename"] == "ConnectionChanged"
    ledger.settle()
    return answer


def records(ledger: Whole, bills: Billing) -> list[int]:
    return [one["id"] for one in ledger.additions(bills.agreement) if one["product"]["id"] in ledger.products()]


def test_the_same_additions_come_under_management_again_and_none_twice(ledger: Whole) -> None:
    bills = ledger.billing()
    before = records(ledger, bills)
    ledger.ask(SET_PRODUCT_RULE, product=bills.servers, rule="PEAK", minimum=2)
    ledger.settle()
    reconnected(ledger)
    ledger.licenses("globex", 44)

    answer = restored_and_confirmed(ledger)
    ledger.licenses("globex", 45)
    ledger.settle()

    assert {"globex": "MappingChanged"}.items() <= outcomes(answer).items()
    assert before == records(ledger, bills)
    assert [Decimal(45)] == ledger.holds(bills.agreement, bills.licenses)
    kinds = [fact["kind"] for fact in _pushes(ledger, bills)]
    assert ["INITIAL", "INITIAL", "INCREMENTAL"] == kinds
    rules = ledger.admin.one("{ psaConnection { productMappings { product rule minimum } } }")["productMappings"]
    assert {(bills.licenses, "CURRENT", 0), (bills.servers, "PEAK", 2)} == {
        (one["product"], one["rule"], one["minimum"]) for one in rules
    }


def _pushes(ledger: Whole, bills: Billing) -> list[dict[str, Any]]:
    query = (
        "query ($m: BillingMonth!, $a: Int!, $p: Int!) { explainQuantity(month: $m, agreement: $a, product: $p) %s }"
    )
    month = ledger.admin.one("{ serverTime }")[:7]
    fields = "{ pushes { kind wrote target } }"
    found = ledger.admin.one(query % fields, m=month, a=bills.agreement, p=bills.licenses)
    pushes: list[dict[str, Any]] = found["pushes"]
    return pushes


def test_restoring_twice_records_nothing_more(ledger: Whole) -> None:
    ledger.billing()
    reconnected(ledger)
    restored_and_confirmed(ledger)
    facts = ledger.api.facts()

    again = ledger.ask(RESTORE, organizations=["globex", "hooli", "initech"])
    nothing_left = ledger.ask(RESTORE)

    assert {"globex": "AlreadyMapped", "hooli": "AlreadyMapped", "initech": "NothingToRestore"} == outcomes(again)
    assert ([], 2) == (nothing_left["answers"], len(nothing_left["products"]))
    assert facts == ledger.api.facts()
    assert (0, []) == (offered(ledger)["organizations"]["totalCount"], offered(ledger)["products"])


def test_a_key_restores_once_and_answers_again(ledger: Whole) -> None:
    ledger.billing()
    reconnected(ledger)

    first = ledger.ask(RESTORE, idempotencyKey="k", organizations=["globex"])
    facts = ledger.api.facts()
    again = ledger.ask(RESTORE, idempotencyKey="k", organizations=["globex"])

    assert first == again
    assert facts == ledger.api.facts()


def test_what_is_gone_is_offered_with_the_reason_and_not_restored(ledger: Whole) -> None:
    bills = ledger.billing()
    of = {
        one["organization"]: one
        for one in ledger.admin.one("{ companyMappings { nodes { organization company agreement } } }")["nodes"]
    }
    ledger.psa_action("record_deleted", table="agreement", id=of["hooli"]["agreement"])
    ledger.psa_action("agreement_cancelled", agreement=of["umbrella"]["agreement"])
    ledger.psa_action("company_deleted", company=of["wayne"]["company"])
    ledger.psa_action("record_changed", table="catalogItem", id=bills.servers, changes={"inactiveFlag": True})
    reconnected(ledger)

    shown = offered(ledger)
    answer = ledger.ask(RESTORE)

    expected = {"globex": None, "hooli": "AgreementIsGone", "umbrella": "AgreementHasEnded", "wayne": "CompanyIsGone"}
    assert expected == {
        one["organization"]: one["whyNot"] and one["whyNot"]["__typename"] for one in shown["organizations"]["nodes"]
    }
    assert {"RESTORABLE": 1, "AgreementIsGone": 1, "AgreementHasEnded": 1, "CompanyIsGone": 1} == {
        one["state"]: one["count"] for one in shown["organizations"]["counts"]
    }
    assert {name: why or "MappingChanged" for name, why in expected.items()} == outcomes(answer)
    assert {"LICENSE": True, "SERVER": False} == {one["component"]: one["canBeRestored"] for one in shown["products"]}
    assert {"LICENSE": "ProductRestored", "SERVER": "ProductIsInactive"} == {
        one["component"]: one["outcome"]["__typename"] for one in answer["products"]
    }


def test_what_was_unmapped_or_is_excluded_now_is_told_apart(ledger: Whole) -> None:
    ledger.ask(UNMAP_COMPANIES, items=[{"organization": "hooli"}])
    reconnected(ledger)
    ledger.ask(EXCLUDE, items=[{"organization": "wayne", "reason": "billed by hand"}])

    shown = {one["organization"]: one["whyNot"] for one in offered(ledger)["organizations"]["nodes"]}

    assert {"umbrella", "wayne"} == set(shown)
    assert (None, "OrganizationIsExcluded") == (shown["umbrella"], shown["wayne"]["__typename"])


def test_nothing_of_another_tenant_is_offered(ledger: Whole, simulator_url: str) -> None:
    ledger.billing()
    ledger.ask(DISCONNECT)
    connected(ledger.api, new_tenant(simulator_url))
    elsewhere = offered(ledger)
    ledger.ask(DISCONNECT)
    connected(ledger.api, ledger.tenant)

    at_home = offered(ledger)

    assert ([], 0) == (elsewhere["products"], elsewhere["organizations"]["totalCount"])
    assert (2, 4) == (len(at_home["products"]), at_home["organizations"]["totalCount"])


def test_only_what_is_asked_for_is_restored(ledger: Whole) -> None:
    ledger.billing()
    reconnected(ledger)

    answer = ledger.ask(RESTORE, organizations=["globex"], products=[{"plan": "network-core", "component": "LICENSE"}])

    assert {"globex": "MappingChanged"} == outcomes(answer)
    assert ["ProductRestored"] == [one["outcome"]["__typename"] for one in answer["products"]]
    left = offered(ledger)
    assert ["SERVER"] == [one["component"] for one in left["products"]]
    assert {"hooli", "umbrella", "wayne"} == {one["organization"] for one in left["organizations"]["nodes"]}


def test_an_open_push_is_settled_before_the_restores_initial(ledger: Whole) -> None:
    bills = ledger.billing()
    ledger.tenant.admin("POST", "/faults", {"kind": "cut", "when": "after", "method": "PATCH", "count": 1})
    ledger.licenses("globex", 41)
    ledger.settle()
    reconnected(ledger)
    ledger.licenses("globex", 50)
    ledger.set_clock(ledger.api.parts.journal.now() + timedelta(seconds=60))
    ledger.forget_leases()

    restored_and_confirmed(ledger)

    assert ["INITIAL", "INCREMENTAL", "INITIAL"] == [one["kind"] for one in _pushes(ledger, bills)]
    assert [Decimal(50)] == ledger.holds(bills.agreement, bills.licenses)
