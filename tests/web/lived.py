"""An MSP in use: last month closed, usage that moved since, customers mapped and not, things that need somebody."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from domain.addition import PushKind
from domain.values import BillingMonth
from tests.api import given, operations
from tests.api.pushed import close, push
from tests.syncing.whole import PREVIEW_SYNC, SYNC_NOW, Whole

PUSHED = '{ history(first: 1, filter: {factType: "addition.usage-pushed"}) { nodes { id } } }'
LAST = BillingMonth.of(datetime.now(UTC)).previous()

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
    """`names` fills the ids into addresses: {globex}, {agreement}, {license}, {month}, {run}, {now}, …"""

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
    imported = ledger.imported()
    agreements = ledger.agreements()
    for name, _, _, licenses in CUSTOMERS:
        change(ledger, ids[name], licenses, timedelta(days=40))
    mapped = [(ids[name], agreements[number]) for number, name in enumerate(("globex", "initech", "umbrella", "hooli"))]
    ledger.map(*(given.map_item(name, one["company"]["id"], one["id"]) for name, one in mapped))
    ledger.settle()
    close_last_month(ledger, ids, {name: one["id"] for name, one in mapped})
    change(ledger, ids["globex"], 14, datetime.now(UTC) - (LAST.ends_at - timedelta(days=1)))
    this_month = datetime.now(UTC) - LAST.ends_at
    change(ledger, ids["globex"], 15, this_month * 2 / 3)
    change(ledger, ids["globex"], 17, this_month / 3)
    ledger.settle()
    licenses, servers = ledger.products()
    ledger.hand_edit(agreements[1]["id"], licenses, 44)
    ledger.licenses(ids["initech"], 42)
    ledger.psa_action("agreement_cancelled", agreement=agreements[2]["id"])
    ledger.licenses(ids["umbrella"], 30)
    ledger.settle()
    run = ledger.carried_out(SYNC_NOW)["id"]
    ledger.hand_edit(agreements[0]["id"], licenses, 18)
    preview = ledger.carried_out(PREVIEW_SYNC)["id"]
    return Lived(
        ledger,
        {
            **ids,
            "agreement": agreements[0]["id"],
            "license": licenses,
            "server": servers,
            "now": ledger.admin.one("{ serverTime }"),
            "fact": ledger.admin.one(PUSHED)["nodes"][0]["id"],
            "last_month": str(LAST),
            "month": str(BillingMonth.of(datetime.now(UTC))),
            "imported": imported,
            "run": run,
            "preview": preview,
        },
    )


def close_last_month(ledger: Whole, ids: dict[str, str], agreements: dict[str, int]) -> None:
    """Closed and written, as if everybody had been mapped for long: a mapping's own first month is the current one."""
    licenses, servers = ledger.products()
    for name, _, _, quantity in CUSTOMERS:
        organization = ids[name]
        agreement = agreements.get(organization)
        close(ledger.api, organization, LAST, agreement)
        if agreement is None:
            continue
        for product, count in ((licenses, quantity), (servers, 0)):
            number = Decimal(count)
            wanted = {organization: number}
            push(ledger.api, agreement, product, wanted=wanted, kind=PushKind.FINAL, found=number, month=LAST)


def change(ledger: Whole, organization: str, quantity: int, ago: timedelta) -> None:
    """A licence change that was effective a while ago."""
    at = datetime.now(UTC) - ago
    one = given.change(str(uuid4()), organization, quantity=quantity, effectiveAt=at.isoformat())
    answer = ledger.api.platform().one(operations.CHANGE_LICENSES, input={"msp": ledger.msp, "changes": [one]})
    assert [each["outcome"]["__typename"] for each in answer["answers"]] == ["Recorded"], answer
