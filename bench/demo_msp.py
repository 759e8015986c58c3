"""The demo MSP, connected to the simulated ConnectWise and billing: where a bench about pushes begins."""

import time
from typing import Any

from bench.running import RunningSystem
from simulator.demo import DEMO_COMPANY_ID, DEMO_PRIVATE_KEY, DEMO_PUBLIC_KEY

ORGANIZATION = "globex"

CONNECT = """mutation ($input: ConnectInput!) {
  connect(input: $input) { __typename ... on Refusal { message } } }"""
MAP_PRODUCT = """mutation ($input: MapProductInput!) {
  mapProduct(input: $input) { __typename ... on Refusal { message } } }"""
CONFIRM = """mutation { confirmProductMapping(input: {}) { __typename ... on Refusal { message } } }"""
IMPORT = """mutation { importCompanies(input: {}) { __typename ... on Refusal { message } } }"""
RUNS = "{ runs(first: 1) { edges { node { status problem } } } }"
MAP_COMPANY = """mutation ($input: MapCompaniesInput!) { mapCompanies(input: $input) {
  __typename ... on Refusal { message } ... on MappingsChanged {
    answers { outcome { __typename ... on Refusal { message } } } } } }"""
CHANGE = """mutation ($input: ChangeLicensesInput!) { changeLicenses(input: $input) {
  __typename ... on Refusal { message } ... on LicensesReported {
    answers { outcome { __typename ... on Refusal { message } ... on Recorded { quantity alreadyRecorded } } } } } }"""

PRODUCTS = (
    ("network-core", "LICENSE", "NET-CORE-USER"),
    ("network-core", "SERVER", "NET-CORE-SERVER"),
    ("network-lite", "LICENSE", "NET-LITE-USER"),
)


def connect_and_map(system: RunningSystem) -> tuple[int, int]:
    """Bring the demo MSP to where licence changes reach ConnectWise. Returns the agreement and the licence product."""
    tenant = f"tenants/{DEMO_COMPANY_ID}"
    done(
        system.graphql(
            "admin",
            CONNECT,
            input={
                "siteUrl": system.simulator_url,
                "companyId": DEMO_COMPANY_ID,
                "publicKey": DEMO_PUBLIC_KEY,
                "privateKey": DEMO_PRIVATE_KEY,
            },
        )
    )
    products = {one["identifier"]: one["id"] for one in system.psa(f"{tenant}/records/catalogItem")}
    plans = {plan for plan, _, _ in PRODUCTS}
    for plan, component, identifier in PRODUCTS:
        given = {"plan": plan, "component": component, "product": products[identifier]}
        done(system.graphql("admin", MAP_PRODUCT, input=given))
    for line in system.graphql("admin", "{ productLines { plans { id components } } }")["productLines"]:
        for plan in line["plans"]:
            for component in plan["components"] if plan["id"] not in plans else ():
                given = {"plan": plan["id"], "component": component, "product": products["NET-CORE-USER"]}
                done(system.graphql("admin", MAP_PRODUCT, input=given))
    done(system.graphql("admin", CONFIRM))
    done(system.graphql("admin", IMPORT))
    until_imported(system)
    agreement = next(
        one
        for one in system.psa(f"{tenant}/records/agreement")
        if one["agreementStatus"] == "Active" and one["company"]["name"].startswith("Globex")
    )
    item = {"company": agreement["company"]["id"], "agreement": agreement["id"], "organization": ORGANIZATION}
    done(system.graphql("admin", MAP_COMPANY, input={"items": [item]}))
    return agreement["id"], products["NET-CORE-USER"]


def until_imported(system: RunningSystem) -> None:
    """Raises: AssertionError when the import fails."""
    while True:
        run = system.graphql("admin", RUNS)["runs"]["edges"][0]["node"]
        assert run["problem"] is None, run
        if run["status"] == "FINISHED":
            return
        time.sleep(0.05)


def done(data: dict[str, Any]) -> Any:
    """The one answer of a mutation. Raises: AssertionError for a refusal, also of a single item."""
    (answer,) = data.values()
    assert "message" not in answer, answer
    for item in answer.get("answers", ()):
        assert "message" not in item["outcome"], item
    return answer
