"""The API over HTTP and the workers' jobs on one database, for a test to drive: ask, `settle`, look at the PSA."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from psycopg_pool import ConnectionPool

from connectwise.budget import Allowance, ProcessBudget
from connectwise.exchange import Limits
from connectwise.tenants import Tenants
from domain.values import MspId
from journal.clock import Clock
from journal.settings import Mode
from tests.api import given, operations
from tests.api.harness import Api, Caller, Served, SimulatedTenant
from tests.inline_jobs import answered_by
from workers.actors import answers
from workers.dispatch import Dispatcher
from workers.tools import Clients, Timing, Tools

PATIENCE_SECONDS = 120.0
TIMING = Timing(deadline=timedelta(seconds=20), lease=timedelta(minutes=10))
_CHANGES = count(1)

RUN = """query ($r: ID!, $n: Int = 100, $a: String) { run(id: $r) { id kind status month digest problem lineCount
  progress { state count }
  lines(first: $n, after: $a) { pageInfo { hasNextPage endCursor } nodes {
    agreement product action found wrote base wanted target money problem outcome outcomeProblem } } } }"""
PREVIEW_SYNC = """
mutation ($input: PreviewSyncInput!) { previewSync(input: $input) { __typename
  ... on Refusal { message } ... on RunAccepted { joined run { id kind status } } } }
"""
SYNC_NOW = """
mutation ($input: SyncNowInput!) { syncNow(input: $input) { __typename
  ... on Refusal { message } ... on RunAccepted { joined run { id kind status month organizations digest } } } }
"""
UNDO_RUN = """
mutation ($input: UndoRunInput!) { undoRun(input: $input) { __typename
  ... on Refusal { message } ... on RunAccepted { joined run { id kind undoes } } } }
"""


@dataclass(frozen=True)
class Billing:
    """Where an organization bills: ids of the PSA."""

    company: int
    agreement: int
    licenses: int
    servers: int


@dataclass
class Whole:
    """One MSP's ledger: `admin` asks, `settle` lets the workers work, `tenant` is the PSA."""

    api: Api
    tenant: SimulatedTenant
    tools: Tools
    pool: ConnectionPool
    sent: list[str] = field(default_factory=list)
    before_job: Callable[[str], None] = lambda job: None
    """Called with the name of each job before it is done: a test may let the workers wait there."""

    @property
    def admin(self) -> Caller:
        return self.api.admin()

    @property
    def msp(self) -> MspId:
        return MspId(self.api.msp)

    # --- driving -----------------------------------------------------------------------------------------------

    def folded(self) -> None:
        """Wait until the views hold everything recorded."""
        assert self._wait(self.api.parts.journal.head())

    def _wait(self, position: int) -> bool:
        return self.api.served.portal.call(self.api.parts.freshness.wait_for, position, PATIENCE_SECONDS)

    def dispatcher(self, clients: Clients | None = None) -> Dispatcher:
        """Workers, with PSA clients of their own if given."""
        doing = answers(self.tools if clients is None else replace(self.tools, clients=clients))

        def send(job: str, *arguments: str | int) -> None:
            self.before_job(job)
            self.sent.append(job)
            doing[job](*arguments)

        return Dispatcher(self.pool, answered_by(send), timing=TIMING, new_holder=lambda: str(uuid4()))

    def settle(self, rounds: int = 50) -> None:
        """Let workers work until nothing is due any more."""
        dispatcher = self.dispatcher()
        for _ in range(rounds):
            self.folded()
            if not dispatcher.look():
                return
        raise AssertionError(f"still busy after {rounds} rounds: {self.sent[-10:]}")

    def forget_leases(self) -> None:
        """As if the leases of a worker that died had run out, and every pause had passed."""
        with self.pool.connection() as connection:
            connection.execute("UPDATE push_attempts SET not_before = '-infinity', sweep_at = '-infinity'")
            connection.execute("DELETE FROM leases")

    def imported(self, **chosen: Any) -> str:
        """Import the directory; gives the run."""
        run = self.run_of(operations.IMPORT, **chosen)
        self.settle()
        assert self.run(run)["problem"] is None
        return run

    # --- asking ------------------------------------------------------------------------------------------------

    def ask(self, operation: str, **given_input: Any) -> Any:
        return self.admin.one(operation, input=given_input)

    def run_of(self, operation: str, **given_input: Any) -> str:
        answer = self.ask(operation, **given_input)
        assert answer["__typename"] == "RunAccepted", answer
        run: str = answer["run"]["id"]
        return run

    def carried_out(self, operation: str, **given_input: Any) -> dict[str, Any]:
        """A run asked for and carried out, with all its lines."""
        run = self.run_of(operation, **given_input)
        self.settle()
        return self.run(run)

    def run(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.admin.one(RUN, r=run)
        page = found["lines"]["pageInfo"]
        while page["hasNextPage"]:
            more = self.admin.one(RUN, r=run, a=page["endCursor"])["lines"]
            found["lines"]["nodes"] += more["nodes"]
            page = more["pageInfo"]
        return found

    def lines(self, run: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.run(run)["lines"]["nodes"]
        return found

    def outcomes(self, run: str) -> dict[str, int]:
        return {one["state"]: one["count"] for one in self.run(run)["progress"]}

    def licenses(self, organization: str, quantity: int, component: str = "LICENSE") -> None:
        change = given.change(f"c{next(_CHANGES)}", organization, quantity=quantity, component=component)
        answer = self.api.platform().one(operations.CHANGE_LICENSES, input={"msp": self.msp, "changes": [change]})
        assert [one["outcome"]["__typename"] for one in answer["answers"]] == ["Recorded"], answer

    def billing(self) -> "Billing":
        """Globex with 40 licences on an agreement of the tenant, pushed; servers of it at 0."""
        agreement = self.agreements()[0]
        self.licenses("globex", 40)
        self.map(given.map_item("globex", agreement["company"]["id"], agreement["id"]))
        self.settle()
        return Billing(agreement["company"]["id"], agreement["id"], *self.products())

    def with_products(self) -> None:
        """Core's licences and servers mapped to two products that no addition of the tenant has, and confirmed."""
        billed = {one["product"]["id"] for one in self.tenant.admin("GET", "/records/addition")}
        free = [one for one in map(self.tenant.product, range(3)) if one["id"] not in billed]
        for component, product in zip(("LICENSE", "SERVER"), free, strict=False):
            mapped = {"plan": "network-core", "component": component, "product": product["id"]}
            assert self.ask(operations.MAP_PRODUCT, **mapped)["__typename"] == "ConnectionChanged"
        assert self.ask(operations.CONFIRM)["connection"]["status"] == "ACTIVE"

    def products(self) -> tuple[int, int]:
        """What licences and servers are mapped to."""
        mapped = self.admin.one("{ psaConnection { productMappings { component product } } }")["productMappings"]
        found = {one["component"]: one["product"] for one in mapped}
        return found["LICENSE"], found["SERVER"]

    def map(self, *items: dict[str, Any]) -> None:
        answer = self.ask(operations.MAP_COMPANIES, items=list(items))
        assert {one["outcome"]["__typename"] for one in answer["answers"]} == {"MappingChanged"}, answer

    # --- the PSA -----------------------------------------------------------------------------------------------

    def agreements(self) -> list[dict[str, Any]]:
        """Active agreements of live companies of the tenant; none bills the mapped products yet."""
        agreements: list[dict[str, Any]] = self.tenant.admin("GET", "/records/agreement")
        live = {one["id"] for one in self.tenant.admin("GET", "/records/company") if not one.get("deletedFlag")}
        return [
            one
            for one in agreements
            if not one.get("cancelledFlag") and one.get("agreementStatus") == "Active" and one["company"]["id"] in live
        ]

    def additions(self, agreement: int, product: int | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.tenant.admin("GET", f"/records/addition?agreementId={agreement}")
        return [one for one in found if product is None or one["product"]["id"] == product]

    def holds(self, agreement: int, product: int) -> list[Decimal]:
        return [Decimal(str(one["quantity"])) for one in self.additions(agreement, product)]

    def hand_edit(self, agreement: int, product: int, quantity: float) -> None:
        [record] = self.additions(agreement, product)
        self.psa_action("hand_edit", addition=record["id"], changes={"quantity": quantity})

    def psa_action(self, action: str, **detail: Any) -> Any:
        return self.tenant.admin("POST", "/actions", {"action": action, **detail})

    def writes(self) -> int:
        written: int = self.tenant.admin("GET", "/traffic")["writes"]
        return written

    def set_clock(self, at: datetime) -> None:
        Clock(self.api.database_url, Mode.TEST).move_to(at)

    def time_is(self, at: datetime) -> None:
        """For a ledger with a clock of its own: ours and the PSA's move, and everything due by then is done."""
        self.set_clock(at)
        self.tenant.admin("PUT", "/clock", {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}"})
        self.forget_leases()
        self.settle()


@contextmanager
def whole(served: Served, api: Api, tenant: SimulatedTenant) -> Iterator[Whole]:
    """Workers beside a served application, with the same keys and journal."""
    parts = served.parts
    budget = ProcessBudget(lambda _: Allowance(per_second=10_000, burst=10_000))
    wire = replace(parts.psa.wire, budget=budget, limits=Limits(attempts=1))

    with ConnectionPool(served.database_url, min_size=1, max_size=8, open=True) as pool:

        def secret(msp: MspId, number: int) -> bytes:
            with pool.connection() as connection:
                return parts.vault.get(connection, msp, number)

        def wait_for_views(position: int) -> bool:
            return served.portal.call(parts.freshness.wait_for, position, PATIENCE_SECONDS)

        tools = Tools(
            journal=parts.journal,
            pool=pool,
            clients=Tenants(wire, secret),
            wait_for_views=wait_for_views,
            timing=TIMING,
        )
        yield Whole(api, tenant, tools, pool)
