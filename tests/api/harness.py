"""The whole API in one process: its application, a projector in a thread, tokens, and a simulated tenant to connect."""

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.applications import Starlette

from api.app import compose, create_app
from api.context import Parts
from api.settings import TOKEN_KEY_FILE, ApiSettings
from api.tokens import LocalKey, create_local_key, read_local_key
from domain.catalogue import Catalogue
from domain.values import MspId
from journal.clock import Clock
from journal.entry import Role
from journal.settings import Mode, Settings
from projections.follower import keep_following

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """A GraphQL answer over HTTP."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def codes(self) -> list[str]:
        return [error.get("extensions", {}).get("code", "") for error in self.body.get("errors", ())]


@dataclass
class Caller:
    """Somebody with a token."""

    api: "Api"
    token: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(self, query: str, **variables: Any) -> Answer:
        return self.api.post(
            {"query": query, "variables": variables}, {"Authorization": f"Bearer {self.token}", **self.headers}
        )

    def one(self, query: str, **variables: Any) -> Any:
        """The value of an operation's only field."""
        [value] = self.ask(query, **variables).data.values()
        return value


@dataclass(frozen=True)
class Served:
    """The running application, shared by the tests of a session."""

    parts: Parts
    app: Starlette
    portal: BlockingPortal
    client: httpx.AsyncClient
    key: LocalKey
    database_url: str


@dataclass(frozen=True)
class Api:
    """The application as one test sees it: with an MSP of its own."""

    served: Served
    msp: str

    @property
    def parts(self) -> Parts:
        return self.served.parts

    @property
    def database_url(self) -> str:
        return self.served.database_url

    def post(self, body: object, headers: Mapping[str, str]) -> Answer:
        response: httpx.Response = self.served.portal.call(
            lambda: self.served.client.post(
                "/graphql", content=json.dumps(body), headers={"Content-Type": "application/json", **headers}
            )
        )
        is_json = response.headers.get("content-type", "").startswith("application/json")
        return Answer(response.status_code, response.json() if is_json else {}, response.headers)

    def get(self, path: str) -> httpx.Response:
        return self.served.portal.call(lambda: self.served.client.get(path))

    def with_tenants(self, tenants: Any) -> "Api":
        """The same application, but over other PSA clients."""
        return self._with(replace(self.parts, psa=replace(self.parts.psa, tenants=tenants)))

    def with_catalogue(self, catalogue: Catalogue) -> "Api":
        """The same application, started again with another catalogue."""
        return self._with(replace(self.parts, catalogue=catalogue))

    def _with(self, parts: Parts) -> "Api":
        app = create_app(parts)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test")
        return Api(replace(self.served, parts=parts, app=app, client=client), self.msp)

    def caller(self, role: Role, msp: str | None, subject: str = "somebody") -> Caller:
        token = self.served.key.issue(
            subject=subject, role=role, msp=None if msp is None else MspId(msp), lifetime=timedelta(minutes=5)
        )
        return Caller(self, token)

    def admin(self, msp: str | None = None) -> Caller:
        return self.caller(Role.ADMIN, msp or self.msp, f"admin@{msp or self.msp}")

    def auditor(self) -> Caller:
        return self.caller(Role.AUDITOR, self.msp, "auditor")

    def overseer(self) -> Caller:
        """An auditor of all MSPs."""
        return self.caller(Role.AUDITOR, None, "overseer")

    def platform(self) -> Caller:
        return self.caller(Role.PLATFORM, None, "platform")

    def facts(self) -> int:
        """How many facts the test's MSP has: a refused act leaves the number as it was."""
        return len(self.parts.journal.raw(0, 10_000, msp=MspId(self.msp)))


@dataclass(frozen=True)
class SimulatedTenant:
    """A tenant of its own in the simulator, with the keys of its two members."""

    url: str
    company_id: str
    public_key: str
    private_key: str

    @property
    def keys(self) -> dict[str, str]:
        return {
            "siteUrl": self.url,
            "companyId": self.company_id,
            "publicKey": self.public_key,
            "privateKey": self.private_key,
        }

    def admin(self, method: str, path: str, body: object = None) -> Any:
        response = httpx.request(
            method, f"{self.url}/_simulator/tenants/{self.company_id}{path}", json=body, timeout=60, trust_env=False
        )
        assert response.is_success, response.text
        return response.json() if response.content else None

    def product(self, number: int = 0) -> Mapping[str, Any]:
        """An active product that can be an addition."""
        rows = self.admin("GET", "/records/catalogItem")
        usable: list[Mapping[str, Any]] = [
            row for row in rows if not row.get("inactiveFlag") and row["productClass"] not in ("Bundle", "Inventory")
        ]
        return usable[number]


def new_tenant(simulator_url: str, **recipe: Any) -> SimulatedTenant:
    company_id = f"tenant{next(_NUMBERS)}"
    response = httpx.post(
        f"{simulator_url}/_simulator/tenants", json={"company_id": company_id, **recipe}, timeout=60, trust_env=False
    )
    assert response.is_success, response.text
    keys = response.json()["keys"]
    minimum = next(key for key in keys if key["role"] == "minimum")
    return SimulatedTenant(simulator_url, company_id, minimum["public"], minimum["private"])


def new_msp() -> str:
    return f"msp-{next(_NUMBERS)}"


TOLD = datetime(2026, 11, 26, tzinfo=UTC)
"""Stories are told with dates of 2026: on a machine whose clock is behind, the ledger's stands here at first."""

UNHURRIED = 10_000.0
"""No test is held back by what it asked before; those of the rates bring their own."""


@contextmanager
def serving(database_url: str, data_dir: Path, allowed_origins: frozenset[str]) -> Iterator[Served]:
    """The application over a database with all tables, and a projector following in a thread."""
    create_local_key(data_dir / TOKEN_KEY_FILE)
    clock = Clock(database_url, Mode.TEST)
    if not clock.shift() and clock.now() < TOLD:
        clock.move_to(TOLD)
    settings = Settings(
        mode=Mode.TEST, database_url=database_url, data_dir=data_dir, allowed_origins=allowed_origins, pool_size=4
    )
    stop = threading.Event()
    projector = threading.Thread(target=keep_following, args=(database_url, stop), name="projector")
    with ExitStack() as stack:
        projector.start()
        stack.callback(projector.join)
        stack.callback(stop.set)
        parts = stack.enter_context(compose(settings, ApiSettings(requests_per_second=UNHURRIED)))
        portal = stack.enter_context(start_blocking_portal())
        app = create_app(parts)
        stack.enter_context(portal.wrap_async_context_manager(app.router.lifespan_context(app)))
        client = stack.enter_context(
            portal.wrap_async_context_manager(
                httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test", timeout=120)
            )
        )
        key = LocalKey(read_local_key(data_dir / TOKEN_KEY_FILE), ApiSettings().issuer)
        yield Served(parts, app, portal, client, key, database_url)
