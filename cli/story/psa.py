"""A ConnectWise of the story's own, seen and edited over the simulator's admin path as its MSP's people would.

Each run of the story makes a fresh tenant, so it can be run again and again on the same system.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from cli.web import Patience, ask

Json = dict[str, Any]
PATIENCE = Patience(seconds=30.0, pause=0.2)


@dataclass(frozen=True, slots=True)
class Keys:
    """A key pair of an API member; it opens the simulator's tenant only."""

    public: str
    private: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One addition as the PSA holds it. Units: `quantity` as the PSA gives it, exact."""

    id: int
    agreement: int
    product: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Psa:
    """One tenant of the simulator."""

    url: str
    company_id: str
    keys: Keys

    def lines(self) -> tuple[Line, ...]:
        """All additions, by agreement and product."""
        rows = self._ask("GET", "/records/addition")
        found = (
            Line(row["id"], row["agreementId"], row["product"]["identifier"], Decimal(str(row["quantity"])))
            for row in rows
        )
        return tuple(sorted(found, key=lambda line: (line.agreement, line.product, line.id)))

    def line(self, agreement: int, product: str) -> Line | None:
        """The one addition of a product on an agreement; none when there is none. Raises: ValueError for two."""
        found = [line for line in self.lines() if (line.agreement, line.product) == (agreement, product)]
        if len(found) > 1:
            raise ValueError(f"agreement {agreement} has {len(found)} additions of {product}")
        return found[0] if found else None

    def quantity(self, agreement: int, product: str) -> Decimal | None:
        """What an agreement has of a product; none when it has no such addition. Raises: ValueError for two."""
        line = self.line(agreement, product)
        return None if line is None else line.quantity

    def edit_by_hand(self, agreement: int, product: str, quantity: int) -> None:
        line = self.line(agreement, product)
        if line is None:
            raise ValueError(f"agreement {agreement} has no addition of {product}")
        self.happens("hand_edit", addition=line.id, changes={"quantity": quantity})

    def happens(self, action: str, **detail: object) -> None:
        """Let something happen behind the ledger's back; the actions are listed at `/_simulator/`."""
        self._ask("POST", "/actions", {"action": action, **detail})

    def company(self, name: str) -> Json:
        """Raises: LookupError."""
        return self._one("company", name=name)

    def agreement(self, company: int, name: str) -> Json:
        """Raises: LookupError."""
        return self._one("agreement", **{"company/id": company, "name": name})

    def product(self, identifier: str) -> Json:
        """Raises: LookupError."""
        return self._one("catalogItem", identifier=identifier)

    def add_key(self, public: str, private: str) -> Keys:
        self._ask("POST", "/keys", {"public": public, "private": private, "role": "minimum"})
        return Keys(public, private)

    def set_clock(self, shift_seconds: float) -> None:
        """Let the tenant live at the ledger's time. Units: seconds ahead of real time."""
        self._ask("PUT", "/clock", {"offset_seconds": shift_seconds})

    def writes(self) -> int:
        """How many requests wrote something so far, over the API and not by hand."""
        traffic: Json = self._ask("GET", "/traffic")
        return int(traffic["writes"])

    def _one(self, table: str, **fields: object) -> Json:
        rows: list[Json] = self._ask("GET", f"/records/{table}")
        for row in rows:
            if all(_field(row, path) == value for path, value in fields.items()):
                return row
        raise LookupError(f"the simulated PSA has no {table} with {fields}")

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return ask(method, f"{self.url}/_simulator/tenants/{self.company_id}{path}", body, patience=PATIENCE)


def make_tenant(simulator_url: str, company_id: str) -> Psa:
    """A fresh demo tenant: 240 companies, agreements in every state, 320 products."""
    made: Json = ask(
        "POST",
        f"{simulator_url}/_simulator/tenants",
        {"company_id": company_id, "name": "Story MSP", "data": "demo"},
        patience=PATIENCE,
    )
    key: Mapping[str, str] = next(key for key in made["keys"] if key["role"] == "minimum")
    return Psa(simulator_url, company_id, Keys(key["public"], key["private"]))


def remove_tenant(psa: Psa) -> None:
    ask("DELETE", f"{psa.url}/_simulator/tenants/{psa.company_id}", patience=PATIENCE)


def shift_between(ledger_now: datetime, real_now: datetime) -> float:
    """Units: seconds by which the ledger's clock is ahead."""
    return (ledger_now - real_now).total_seconds()


def _field(row: Json, path: str) -> object:
    value: Any = row
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value
