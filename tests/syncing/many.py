"""Many organizations, each on an agreement of its own: what large runs are about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from connectwise.client import ReadingClient, WritingClient
from connectwise.exchange import Deadline
from connectwise.shapes import Addition
from domain.values import MspId, PsaAdditionId, PsaAgreementId
from tests.api import given, operations
from tests.api.harness import Api, Served, new_msp, new_tenant
from tests.syncing.whole import Whole, whole
from workers.tools import Clients

T = TypeVar("T")
PER_CALL = 500


@dataclass(frozen=True)
class Many:
    """A ledger whose organizations are mapped and pushed. Shape: `lines` two per organization, licences and servers."""

    ledger: Whole
    organizations: int

    @property
    def lines(self) -> int:
        return 2 * self.organizations

    def held(self) -> dict[int, Decimal]:
        """What every addition of the mapped products holds, by its id."""
        products = self.ledger.products()
        found: list[dict[str, Any]] = self.ledger.tenant.admin("GET", "/records/addition")
        return {
            one["id"]: Decimal(str(one["quantity"]))
            for one in sorted(found, key=lambda one: int(one["id"]))
            if one["product"]["id"] in products
        }

    def edit(self, additions: list[int], quantity: int) -> None:
        for addition in additions:
            self.ledger.psa_action("hand_edit", addition=addition, changes={"quantity": quantity})

    def settle(self) -> None:
        self.ledger.settle(rounds=20 + 4 * self.organizations)


@contextmanager
def many_organizations(served: Served, simulator_url: str, organizations: int) -> Iterator[Many]:
    """Organizations with 10, 11, … licences and as many servers, all pushed; without a drop guard."""
    count = {"companies": organizations + organizations // 5 + 10, "agreements": 3 * organizations, "products": 12}
    api, tenant = Api(served, new_msp()), new_tenant(simulator_url, data=count)
    with whole(served, api, tenant) as ledger:
        names = [f"org-{number:05d}" for number in range(organizations)]
        for some in _slices(names):
            given.registered(api, *map(given.new_organization, some))
        for component in ("LICENSE", "SERVER"):
            changes = [
                given.change(f"{component}-{name}", name, component=component, quantity=10 + number % 40)
                for number, name in enumerate(names)
            ]
            for some_changes in _slices(changes):
                api.platform().one(operations.CHANGE_LICENSES, input={"msp": api.msp, "changes": some_changes})
        given.connected(api, tenant)
        ledger.ask(operations.CHANGE_SETTINGS, parallelRequests=16, dropGuardPercent=0)
        ledger.with_products()
        ledger.imported()
        agreements = ledger.agreements()
        items = [
            given.map_item(name, agreement["company"]["id"], agreement["id"])
            for name, agreement in zip(names, agreements, strict=False)
        ]
        assert organizations == len(items)
        for some_items in _slices(items):
            ledger.map(*some_items)
        many = Many(ledger, organizations)
        many.settle()
        assert many.lines == len(many.held())
        yield many


def _slices(rows: list[T]) -> Iterator[list[T]]:
    for begin in range(0, len(rows), PER_CALL):
        yield rows[begin : begin + PER_CALL]


class Killed(BaseException):
    """As if the process died here: nothing in the way catches it."""


class MeddlingClients:
    """PSA clients that call something before or after a write, for example to die there."""

    def __init__(
        self,
        clients: Clients,
        *,
        before: Callable[[int], None] = lambda _: None,
        after: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Both are told how many writes were begun."""
        self._clients = clients
        self._before = before
        self._after = after
        self.writes = 0

    def reading(self, msp: MspId, connection_number: int) -> ReadingClient:
        return self._clients.reading(msp, connection_number)

    def writing(self, msp: MspId, connection_number: int) -> WritingClient:
        meddling = _Meddling.__new__(_Meddling)
        meddling.__dict__.update(self._clients.writing(msp, connection_number).__dict__)
        meddling.told = self
        return meddling

    def begin(self) -> None:
        self.writes += 1
        self._before(self.writes)

    def end(self) -> None:
        self._after(self.writes)


class _Meddling(WritingClient):
    told: MeddlingClients

    def set_quantity(
        self,
        agreement_id: PsaAgreementId,
        addition_id: PsaAdditionId,
        quantity: Decimal,
        *,
        deadline: Deadline,
    ) -> Addition:
        self.told.begin()
        answer = super().set_quantity(agreement_id, addition_id, quantity, deadline=deadline)
        self.told.end()
        return answer
