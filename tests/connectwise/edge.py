"""The HTTP edge as tests see it: scripted answers, a clock that only moves when told, and every request checked.

Requests go through a respx router. Whatever the client sends is held against the vendor's OpenAPI document where it is
present, so that no test can pass with a request that ConnectWise would not know.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import respx
from typing_extensions import override

from connectwise.auth import Credentials
from connectwise.budget import Allowance, ProcessBudget
from connectwise.client import ReadingClient, WritingClient
from connectwise.discovery import Address, Site
from connectwise.exchange import Limits, Time, Wire

SITE = Site(login_origin="https://na.myconnectwise.net", api_origin="https://api-na.myconnectwise.net")
ADDRESS = Address(site=SITE, company_id="Acme_MSP", codebase="v2025_1/", is_cloud=True)
ROOT = ADDRESS.root
KEYS = Credentials("Acme_MSP", "publicKey0001", "privateKey0001")
OPENAPI = Path(__file__).parents[2].parent / "shared" / "connectwise" / "openapi-subset.json"


@dataclass
class FakeTime:
    """Time that passes only by `sleep`, and chance that always draws the same."""

    seconds: float = 1000.0
    drawn: float = 0.5
    slept: list[float] = field(default_factory=list)
    began: datetime = datetime(2026, 11, 15, 12, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.seconds - 1000.0)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def random(self) -> float:
        return self.drawn

    def as_time(self) -> Time:
        return Time(self.monotonic, self.now, self.sleep, self.random)


class Edge:
    """Hands requests to a router, and its answers back as a network would: unread, in pieces."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Mapping[str, float]
    ) -> httpx.Response:
        request = httpx.Request(method, url, headers=headers, content=body, extensions={"timeout": timeouts})
        request.read()
        self.requests.append(request)
        check_request(request)
        answer = self.answer(request)
        if not answer.is_stream_consumed:
            return answer
        return httpx.Response(
            answer.status_code,
            headers=[(name, value) for name, value in answer.headers.multi_items() if name != "content-length"],
            stream=Pieces(answer.content),
            request=request,
        )


@dataclass
class Pieces(httpx.SyncByteStream):
    content: bytes
    size: int = 4096

    @override
    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.content), self.size):
            yield self.content[start : start + self.size]


@dataclass
class Psa:
    """One scripted PSA and clients to talk to it."""

    router: respx.MockRouter
    time: FakeTime
    edge: Edge
    wire: Wire

    @property
    def requests(self) -> list[httpx.Request]:
        return self.edge.requests

    def reading(self) -> ReadingClient:
        return ReadingClient(self.wire, ADDRESS, KEYS)

    def writing(self) -> WritingClient:
        return WritingClient(self.wire, ADDRESS, KEYS)

    def soon(self) -> float:
        """A deadline that leaves a minute."""
        return self.time.monotonic() + 60


def scripted_psa(limits: Limits | None = None, allowance: Allowance | None = None) -> Psa:
    router = respx.MockRouter(assert_all_called=False)
    return psa_answering(router.handler, router, limits, allowance)


def psa_answering(
    answer: Callable[[httpx.Request], httpx.Response],
    router: respx.MockRouter | None = None,
    limits: Limits | None = None,
    allowance: Allowance | None = None,
) -> Psa:
    """A PSA whose every answer a function gives."""
    fake, edge = FakeTime(), Edge(answer)
    budget = ProcessBudget(lambda _: allowance or Allowance(burst=10_000), fake.monotonic)
    wire = Wire(edge, "our-client-id", budget, fake.as_time(), limits or Limits())
    return Psa(router or respx.MockRouter(), fake, edge, wire)


@cache
def openapi() -> dict[str, Any] | None:
    """The vendor's document, or None in a checkout that has no copy of it beside it."""
    return json.loads(OPENAPI.read_text()) if OPENAPI.exists() else None


def check_request(request: httpx.Request) -> None:
    """Hold a request against the document: path, method, parameter names, and the shape of the body."""
    document = openapi()
    if document is None:
        return
    asked = request.url.raw_path.decode().partition("?")[0]
    path = "/" + asked.split("/apis/3.0/", 1)[1] if "/apis/3.0/" in asked else asked
    operation = _operation(document, path, request.method.lower())
    assert operation is not None, f"ConnectWise knows no {request.method} {path}"
    known = {_resolved(document, each)["name"] for each in operation["parameters"]}
    assert set(request.url.params) <= known, f"unknown parameters for {path}: {set(request.url.params) - known}"
    assert len(str(request.url)) < 2000
    if request.content:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(
            json.loads(request.content), {**_strict(schema), "components": _strict(document["components"])}
        )


def _operation(document: dict[str, Any], path: str, method: str) -> dict[str, Any] | None:
    for template, operations in document["paths"].items():
        pattern = re.sub(r"\{[^}]*[iI]d\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method in operations:
            found: dict[str, Any] = operations[method]
            return found
    return None


def _resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: dict[str, Any] = document["components"]["parameters"][part["$ref"].rsplit("/", 1)[1]]
    return found


def _strict(schema: Any) -> Any:
    """OpenAPI's schema as JSON Schema; an object refuses members that it does not name, as ConnectWise does."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(each) for name, each in schema.items() if name not in {"nullable", "format", "example"}}
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        strict["type"] = [schema["type"], "null"]
    if isinstance(schema.get("properties"), dict) and schema.get("type", "object") == "object":
        strict.setdefault("additionalProperties", False)
    return strict
