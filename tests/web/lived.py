"""An MSP in use: customers mapped and not, usage that moved in the month, and a few things that need somebody."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api import given, operations
from tests.syncing.whole import Whole

CUSTOMERS = (
    ("globex", "Globex", "network-core", 12),
    ("initech", "Initech", "network-core", 40),
    ("umbrella", "Umbrella Corp", "network-core", 25),
    ("hooli", "Hooli", "network-core", 8),
    ("soylent", "Soylent Foods", "network-core", 61),
    ("wayne", "Wayne Properties", "network-premium", 140),
)


@dataclass
class Lived:
    """`names` fills the ids into addresses: {globex}, {agreement}, {license}, {month}, {now}."""

    ledger: Whole
    names: dict[str, Any] = field(default_factory=dict)


def live_in(ledger: Whole) -> Lived:
    """Connect, map, change and disturb, until there is something to see."""
    ids = {name: f"{name}-{ledger.msp}" for name, *_ in CUSTOMERS}
    new = [given.new_organization(ids[name], name=shown, plan=plan) for name, shown, plan, _ in CUSTOMERS]
    given.registered(ledger.api, *new[:-1])
    given.connected(ledger.api, ledger.tenant)
    ledger.with_products()
    given.registered(ledger.api, new[-1])
    ledger.imported()
    agreements = ledger.agreements()
    for name, _, _, licenses in CUSTOMERS:
        change(ledger, ids[name], licenses, timedelta(days=40))
    mapped = [(ids[name], agreements[number]) for number, name in enumerate(("globex", "initech", "umbrella", "hooli"))]
    ledger.map(*(given.map_item(name, one["company"]["id"], one["id"]) for name, one in mapped))
    ledger.settle()
    change(ledger, ids["globex"], 15, timedelta(days=9))
    change(ledger, ids["globex"], 17, timedelta(days=2, hours=3))
    ledger.settle()
    licenses, servers = ledger.products()
    ledger.hand_edit(agreements[1]["id"], licenses, 44)
    ledger.licenses(ids["initech"], 42)
    ledger.psa_action("agreement_cancelled", agreement=agreements[2]["id"])
    ledger.licenses(ids["umbrella"], 30)
    ledger.settle()
    return Lived(
        ledger,
        {
            **ids,
            "agreement": agreements[0]["id"],
            "license": licenses,
            "server": servers,
            "now": ledger.admin.one("{ serverTime }"),
            "month": datetime.now(UTC).strftime("%Y-%m"),
        },
    )


def change(ledger: Whole, organization: str, quantity: int, ago: timedelta) -> None:
    """A licence change that was effective a while ago."""
    at = datetime.now(UTC) - ago
    one = given.change(f"{organization}-{quantity}", organization, quantity=quantity, effectiveAt=at.isoformat())
    answer = ledger.api.platform().one(operations.CHANGE_LICENSES, input={"msp": ledger.msp, "changes": [one]})
    assert [each["outcome"]["__typename"] for each in answer["answers"]] == ["Recorded"], answer
