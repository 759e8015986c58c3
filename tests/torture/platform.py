"""The vendor's platform, speaking to the real API in front of the tortured ledger; and an auditor who asks it why.

The ledger's views are folded by hand everywhere else. While the API answers, they are folded beside it, because a
mutation's answer is read after its own write.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.entry import Role
from tests.api.harness import Api, serving
from tests.model.reference import Closing, Creation, Licenses, NewManagement, NewPlan, NewType, Report
from tests.workers.system import MSP, System

_PAUSE_SECONDS = 0.002
_ACCEPTED = {"Recorded", "OrganizationChanged", "OrganizationRegistered"}

REGISTER = """mutation ($input: RegisterOrganizationsInput!) { registerOrganizations(input: $input) { __typename
  ... on OrganizationsRegistered { answers { outcome { __typename } } } } }"""
CHANGE_LICENSES = """mutation ($input: ChangeLicensesInput!) { changeLicenses(input: $input) { __typename
  ... on LicensesReported { answers { outcome { __typename } } } } }"""
EXPLAIN = """query ($agreement: Int!, $product: Int!, $month: BillingMonth!) {
  explainQuantity(agreement: $agreement, product: $product, month: $month) {
    wanted closingBase checks { name isRight } } }"""


@dataclass(frozen=True)
class Message:
    """What the platform sends, and may send again."""

    query: str
    given: dict[str, Any]


def message(organization: str, report: Report, change_id: str) -> Message:
    head = {"changeId": change_id, "organization": organization, "effectiveAt": report.at.isoformat()}
    match report:
        case Creation(_, plan, _, license_type, management):
            more = {"name": organization, "plan": plan, "licenseType": license_type, "management": management}
            return Message(REGISTER, {"organizations": [{**head, **more}]})
        case Licenses(_, component, given, value):
            change = {**head, "component": component, given.lower(): value}
            return Message(CHANGE_LICENSES, {"changes": [change]})
        case NewPlan(_, plan, _):
            return Message(_changing("changePlan"), {**head, "plan": plan})
        case NewType(_, license_type):
            return Message(_changing("changeLicenseType"), {**head, "licenseType": license_type})
        case NewManagement(_, management):
            return Message(_changing("changeManagement"), {**head, "management": management})
        case Closing():
            return Message(_changing("closeOrganization"), head)


def _changing(name: str) -> str:
    return f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ __typename }} }}"


@dataclass
class Platform:
    system: System
    api: Api

    def send(self, sent: Message) -> str | None:
        """The name of the refusal, none when it was accepted now or before."""
        with _folding(self.system):
            answer = self.api.platform().one(sent.query, input={"msp": MSP, **sent.given})
        told = answer["answers"][0]["outcome"]["__typename"] if "answers" in answer else answer["__typename"]
        return None if told in _ACCEPTED else str(told)

    def explain(self, agreement: int, product: int, month: str) -> dict[str, Any]:
        """What the API says about a quantity."""
        found: dict[str, Any] = self.api.caller(Role.AUDITOR, MSP).one(
            EXPLAIN, agreement=agreement, product=product, month=month
        )
        return found


@contextmanager
def _folding(system: System) -> Iterator[None]:
    over = threading.Event()

    def fold() -> None:
        while not over.wait(_PAUSE_SECONDS):
            system.fold()

    folder = threading.Thread(target=fold, name="folding")
    folder.start()
    try:
        yield
    finally:
        over.set()
        folder.join()


@contextmanager
def platform_of(system: System, directory: Path) -> Iterator[Platform]:
    with serving(system.url, directory, frozenset({system.psa.url})) as served:
        yield Platform(system, Api(served, MSP))
