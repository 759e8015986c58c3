"""The demo MSP: a handful of customers, registered over the API as any vendor platform would.

Every change has an id of its own, so seeding again changes nothing. ConnectWise is left for the newcomer to connect.
"""

from dataclasses import dataclass
from typing import Any

from cli.graphql import Ledger, MutationRefused

DEMO_MSP = "demo"


@dataclass(frozen=True, slots=True)
class Customer:
    id: str
    name: str
    plan: str
    licenses: int
    servers: int | None = None
    license_type: str = "PAID"
    management: str = "MSP"


CUSTOMERS = (
    Customer("globex", "Globex", "network-core", 12, 2),
    Customer("initech", "Initech", "network-lite", 25),
    Customer("wayne", "Wayne Properties", "network-premium", 140, 4),
    Customer("vandelay", "Vandelay Imports", "passwords-business", 9),
    Customer("hooli", "Hooli", "network-core", 30, 1, license_type="TRIAL"),
    Customer("stark", "Stark & Partners", "network-core", 60, 3, management="SELF"),
)
"""Named so that most pair with a company of the simulated ConnectWise; one on trial, one that manages itself."""


def seed_demo(api_url: str, platform_token: str) -> None:
    """Register the demo's customers and report what they have, as far as that was not done before.

    Raises: MutationRefused when one is refused.
    """
    platform = Ledger(api_url, platform_token, msp=DEMO_MSP)
    organizations = [
        {
            "changeId": f"demo-{customer.id}",
            "organization": customer.id,
            "name": customer.name,
            "plan": customer.plan,
            "licenseType": customer.license_type,
            "management": customer.management,
        }
        for customer in CUSTOMERS
    ]
    changes = [
        {"changeId": f"demo-{customer.id}-{component}", "organization": customer.id, "component": component}
        | {"quantity": n}
        for customer in CUSTOMERS
        for component, n in (("LICENSE", customer.licenses), ("SERVER", customer.servers))
        if n is not None
    ]
    report(platform, "registerOrganizations", "OrganizationsRegistered", {"organizations": organizations})
    report(platform, "changeLicenses", "LicensesReported", {"changes": changes})


def report(platform: Ledger, name: str, answered: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Report in bulk. Shape: the outcome of each item, in order. Raises: MutationRefused for the first refused."""
    shown = (
        f"... on {answered} {{ answers {{ outcome {{ __typename ... on Refusal {{ message }}"
        f" {'... on Recorded { delta quantity entryId alreadyRecorded }' if name == 'changeLicenses' else ''} }} }} }}"
    )
    outcomes = [answer["outcome"] for answer in platform.do(name, given, shown)["answers"]]
    for outcome in outcomes:
        if "message" in outcome:
            raise MutationRefused(name, outcome)
    return outcomes
