"""Two PSAs for one suite: answers recorded from the documentation, and our simulator over real HTTP.

A `World` is a tenant with one company, an agreement, an addition of one product and a second product; whoever tests
through it can order troubles and look at what the PSA holds, without going through the client.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import respx
from typing_extensions import override

from connectwise.auth import Credentials
from connectwise.budget import Allowance, ProcessBudget
from connectwise.client import WritingClient
from connectwise.discovery import discover, site_of
from connectwise.exchange import Http, Limits, Time, Wire
from connectwise.guard import Guard, open_http
from connectwise.rights import Right
from domain.values import PsaAgreementId, PsaCompanyId, PsaProductId
from tests.connectwise import documented
from tests.connectwise.edge import Edge, FakeTime

NO_PAUSES = Limits(first_pause_seconds=0.001)


class World(ABC):
    """A tenant at `site`, opened by `keys`. Ids are those of its records."""

    site: str
    allowed_origins: frozenset[str]
    keys: Credentials
    wire: Wire
    company: PsaCompanyId
    agreement: PsaAgreementId
    product: PsaProductId
    other_product: PsaProductId
    other_identifier: str

    def client(self, keys: Credentials | None = None) -> WritingClient:
        chosen = keys or self.keys
        address = discover(self.wire, site_of(self.site, self.allowed_origins), chosen.company_id)
        return WritingClient(self.wire, address, chosen)

    def soon(self) -> float:
        return self.wire.time.monotonic() + 20

    @abstractmethod
    def quantities(self) -> list[Decimal]:
        """What the additions of the agreement hold, in the order of their ids."""

    @abstractmethod
    def deny(self, right: Right) -> None:
        """Withdraw a right from our API member."""

    @abstractmethod
    def trouble(self, kind: str, method: str, count: int = 1, **detail: Any) -> None:
        """Order a trouble for the next requests to the additions: error, cut_before, cut_after, throttle, truncated."""

    @abstractmethod
    def upgrade(self, codebase: str) -> None:
        """Move the tenant to a new codebase; the old one answers 404 from now on."""

    @abstractmethod
    def delete_agreement(self) -> None: ...


@dataclass
class Recorded(World):
    """Answers at the HTTP edge as the documentation shows them, over a memory of a few numbers."""

    time: FakeTime = field(default_factory=FakeTime)
    codebase: str = "v2025_1"
    additions: dict[int, dict[str, Any]] = field(default_factory=dict)
    products: dict[int, str] = field(default_factory=lambda: {301: "NET-CORE", 302: "NET-SERVER"})
    denied: set[tuple[str, str]] = field(default_factory=set)
    troubles: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    agreement_is_there: bool = True

    def __post_init__(self) -> None:
        self.site, self.allowed_origins = "https://na.myconnectwise.net", frozenset()
        self.keys = Credentials("acme_msp", "publicKey0001", "privateKey0001")
        self.company, self.agreement = PsaCompanyId(19), PsaAgreementId(7)
        self.product, self.other_product, self.other_identifier = PsaProductId(301), PsaProductId(302), "NET-SERVER"
        self.additions[70] = documented.addition(70)
        router = respx.MockRouter(assert_all_called=False)
        router.get(path__regex="^/login/companyinfo/").mock(side_effect=self._companyinfo)
        for pattern, answer in (
            ("/company/companies(/.*)?", self._companies),
            ("/finance/agreements(/7|/count)?", self._agreements),
            ("/finance/agreements/7/additions(/.*)?", self._additions),
            ("/procurement/.*", self._procurement),
        ):
            router.route(path__regex=f"^/[^/]+/apis/3.0{pattern}$").mock(side_effect=self._guarded(answer))
        budget = ProcessBudget(clock=self.time.monotonic)
        self.wire = Wire(Edge(router.handler), "our-client-id", budget, self.time.as_time())

    @override
    def quantities(self) -> list[Decimal]:
        return [Decimal(str(self.additions[each]["quantity"])) for each in sorted(self.additions)]

    @override
    def deny(self, right: Right) -> None:
        self.denied.add((right.function, right.level))

    @override
    def trouble(self, kind: str, method: str, count: int = 1, **detail: Any) -> None:
        self.troubles += [(kind, method, detail)] * count

    @override
    def upgrade(self, codebase: str) -> None:
        self.codebase = codebase

    @override
    def delete_agreement(self) -> None:
        self.agreement_is_there = False

    def _companyinfo(self, request: httpx.Request) -> httpx.Response:
        known = request.url.path.rpartition("/")[2].lower() == "acme_msp"
        if not known:
            return httpx.Response(200, content=b"null")
        return httpx.Response(200, json={"Codebase": f"{self.codebase}/", "IsCloud": "True"})

    def _guarded(self, answer: Any) -> Any:
        def guarded(request: httpx.Request) -> httpx.Response:
            keys = httpx.BasicAuth("acme_msp+publicKey0001", "privateKey0001")
            signed = next(keys.auth_flow(httpx.Request("GET", "https://x"))).headers["authorization"]
            path = request.url.path.partition("/apis/3.0")[2]
            if not request.url.path.startswith(f"/{self.codebase}/"):
                return httpx.Response(404, json=documented.NO_ENDPOINT)
            if request.headers["authorization"] != signed:
                return httpx.Response(401, json=documented.UNAUTHORIZED)
            if self._right(path, request.method) in self.denied:
                return httpx.Response(403, json=documented.NOT_PERMITTED)
            found: httpx.Response = answer(request, path.removesuffix("/count"))
            return self._counted(found) if path.endswith("/count") else found

        return guarded

    @staticmethod
    def _counted(found: httpx.Response) -> httpx.Response:
        """What a list answers, as its count: a refusal or a cut answer stays what it is."""
        is_whole = found.status_code == 200 and found.content.endswith(b"]")
        return httpx.Response(200, json={"count": len(found.json())}) if is_whole else found

    @staticmethod
    def _right(path: str, method: str) -> tuple[str, str]:
        level = {"GET": "Inquire", "POST": "Add", "PATCH": "Edit"}[method]
        if path.startswith("/finance"):
            return "Agreements", level
        if path.startswith("/procurement/catalog"):
            return "Product Catalog", level
        return ("Company Maintenance" if path == "/company/companies" else "Table Setup"), level

    def _companies(self, request: httpx.Request, path: str) -> httpx.Response:
        if path.endswith(("/types", "/statuses")):
            return httpx.Response(200, json=[{"id": 1, "name": "Active"}])
        if "types/id=1" not in request.url.params.get("childConditions", "types/id=1"):
            return httpx.Response(200, json=[])
        return httpx.Response(200, json=[documented.company(19)])

    def _agreements(self, request: httpx.Request, path: str) -> httpx.Response:
        if path.endswith("/7"):
            there = self.agreement_is_there
            return httpx.Response(200, json=documented.agreement(7)) if there else self._gone("Agreement 7 not found")
        return httpx.Response(200, json=[documented.agreement(7)])

    def _additions(self, request: httpx.Request, path: str) -> httpx.Response:
        if not self.agreement_is_there:
            return self._gone("Agreement 7 not found")
        trouble = next((each for each in self.troubles if each[1] == request.method), None)
        if trouble is None:
            return self._carried_out(request, path)
        self.troubles.remove(trouble)
        match trouble:
            case "error", _, {"status": status}:
                return httpx.Response(status, json=documented.TIMED_OUT)
            case "throttle", _, {"retry_after": seconds}:
                headers = {"Retry-After": str(seconds)}
                return httpx.Response(429, json=documented.THROTTLED, headers=headers)
            case "cut_before", _, _:
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            case "cut_after", _, _:
                self._carried_out(request, path)
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            case "truncated", _, _:
                return httpx.Response(200, content=self._carried_out(request, path).content[:-20])
        raise AssertionError(f"no trouble {trouble}")

    def _carried_out(self, request: httpx.Request, path: str) -> httpx.Response:
        if request.method == "POST":
            body = json.loads(request.content)
            number = max(self.additions) + 1
            product = {"id": body["product"]["id"], "identifier": self.products[body["product"]["id"]]}
            self.additions[number] = documented.addition(number, **{**body, "product": product})
            return httpx.Response(201, json=self.additions[number])
        last = path.rpartition("/")[2]
        if last == "additions":
            return httpx.Response(200, json=[self.additions[each] for each in sorted(self.additions)])
        if int(last) not in self.additions:
            return self._gone(f"Addition {last} not found")
        if request.method == "PATCH":
            (operation,) = json.loads(request.content)
            self.additions[int(last)][operation["path"]] = operation["value"]
        return httpx.Response(200, json=self.additions[int(last)])

    def _procurement(self, request: httpx.Request, path: str) -> httpx.Response:
        if request.method == "POST":
            body = json.loads(request.content)
            if body["identifier"] in self.products.values():
                return httpx.Response(400, json=documented.DUPLICATE)
            number = max(self.products) + 1
            self.products[number] = body["identifier"]
            return httpx.Response(201, json=documented.catalog_item(number, identifier=body["identifier"]))
        if "/catalog" not in path:
            more = {"category": {"id": 2, "name": "Software"}} if "subcategories" in path else {}
            return httpx.Response(200, json=[{"id": 4, "name": "Software", **more}])
        asked = request.url.params.get("conditions", "").lower()
        found = [
            documented.catalog_item(number, identifier=text, description=text)
            for number, text in self.products.items()
            if not asked.startswith("identifier") or f'"{text.lower()}"' in asked
        ]
        return httpx.Response(200, json=found[: int(request.url.params.get("pageSize", 1000))])

    @staticmethod
    def _gone(message: str) -> httpx.Response:
        return httpx.Response(404, json={"code": "NotFound", "message": message})


@dataclass
class Simulated(World):
    """A tenant of its own in a simulator that runs on loopback."""

    url: str
    tenant: str
    http: Http
    admin: httpx.Client

    def __post_init__(self) -> None:
        self.site, self.allowed_origins = self.url, frozenset({self.url})
        pair = {"public": "testPublicKey", "private": "testPrivateKey", "role": "tested"}
        roles = {"tested": "minimum"}
        self._post(
            "", {"company_id": self.tenant, "data": "demo", "roles": roles, "keys": [pair]}, at="/_simulator/tenants"
        )
        self.keys = Credentials(self.tenant, pair["public"], pair["private"])
        addition = self._get("/records/addition")[0]
        self.agreement, self.product = PsaAgreementId(addition["agreementId"]), PsaProductId(addition["product"]["id"])
        self.company = PsaCompanyId(self._get(f"/records/agreement/{self.agreement}")["company"]["id"])
        for other in self._get("/records/addition")[1:]:
            if other["agreementId"] == self.agreement:
                self.admin.delete(f"{self._at}/records/addition/{other['id']}").raise_for_status()
        product = next(
            each
            for each in self._get("/records/catalogItem")
            if each["id"] != self.product and each["productClass"] == "Agreement" and not each["inactiveFlag"]
        )
        self.other_product, self.other_identifier = PsaProductId(product["id"]), product["identifier"]
        self.wire = Wire(
            self.http, "our-client-id", ProcessBudget(lambda _: Allowance(burst=10_000)), Time(), NO_PAUSES
        )

    @override
    def quantities(self) -> list[Decimal]:
        found = self._get(f"/records/addition?agreementId={self.agreement}")
        return [Decimal(str(each["quantity"])) for each in sorted(found, key=lambda each: int(each["id"]))]

    @override
    def deny(self, right: Right) -> None:
        self._act(action="right_withdrawn", function=right.function, verb=right.level.lower())

    @override
    def trouble(self, kind: str, method: str, count: int = 1, **detail: Any) -> None:
        if kind.startswith("cut_"):
            kind, detail = "cut", {"when": kind.removeprefix("cut_")}
        endpoint = "*/additions*"
        self._post("/faults", {"kind": kind, "method": method, "endpoint": endpoint, "count": count, **detail})

    @override
    def upgrade(self, codebase: str) -> None:
        self._act(action="codebase_upgrade", codebase=codebase)

    @override
    def delete_agreement(self) -> None:
        self._act(action="record_deleted", table="agreement", id=self.agreement)

    def switch(self, **switches: Any) -> None:
        """Let the tenant answer as another of the sources says it does."""
        assert self.admin.patch(f"{self._at}/switches", json=switches).status_code == 200

    def revoke_keys(self) -> None:
        self._act(action="keys_revoked")

    @property
    def _at(self) -> str:
        return f"/_simulator/tenants/{self.tenant}"

    def _act(self, **action: Any) -> None:
        self._post("/actions", action)

    def _post(self, path: str, body: dict[str, Any], at: str | None = None) -> None:
        answer = self.admin.post(f"{at or self._at}{path}", json=body)
        assert answer.status_code == 200, answer.text

    def _get(self, path: str) -> Any:
        return self.admin.get(f"{self._at}{path}").raise_for_status().json()


@contextmanager
def simulated(url: str, tenant: str) -> Iterator[Simulated]:
    with open_http(Guard(frozenset({url}))) as http, httpx.Client(base_url=url, trust_env=False, timeout=60) as admin:
        yield Simulated(url, tenant, http, admin)
