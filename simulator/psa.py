"""The PSA itself as an ASGI application: a request comes in, one answer goes out, troubles included.

Order of things, as far as the sources tell: find the tenant by its credentials, count the request, meet the
faults ordered for it, check the address, the clientId and the Accept header, check rights, do it, answer. One
event loop carries out each request's work without a pause in between, so a write is there entirely or not at
all.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from time import monotonic
from typing import Any

import orjson

from simulator import actions, credentials, endpoints, media_types
from simulator.answering import Answer, Asked, answer_for, companyinfo, system_info
from simulator.clock import system_now
from simulator.delivery import Receive, Send, Troubles, deliver, hang_up, receive_body
from simulator.directory import Directory
from simulator.endpoints import Endpoint
from simulator.errors import Refused, no_such_endpoint, refused, ssl_required, too_many_requests
from simulator.faults import Fault, latency_seconds, take
from simulator.tenant import ROUTER_CODEBASE, ApiKey, Tenant

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
LARGEST_BODY = 4_000_000
LOGGED_BODY = 4_000
FRONT_PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad gateway</h1></body></html>"


@dataclass(slots=True)
class Passage:
    """One request on its way: what was found out about it so far."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    segments: list[str]
    scheme: str
    body: bytes = b""
    tenant: Tenant | None = None
    key: ApiKey | None = None
    endpoint: Endpoint | None = None
    ids: list[int] = field(default_factory=list)
    name: str = "?"
    """The endpoint's pattern, for counters, logs and faults."""
    faults: list[Fault] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    """Actions ordered for this request that could not happen, with the reason."""
    is_counted: bool = False
    content_type: str = "application/json; charset=utf-8"

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def site(self) -> str:
        return f"{self.scheme}://{self.header(b'host')}"


def psa(directory: Directory, chance: random.Random) -> Application:
    """The application for all tenants of a directory; `chance` draws latencies."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        passage = Passage(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=dict(scope["headers"]),
            segments=[part for part in scope["path"].split("/") if part],
            scheme=scope["scheme"],
        )
        troubles = Troubles()
        try:
            if passage.method in {"POST", "PUT", "PATCH"}:
                body = await receive_body(receive, LARGEST_BODY)
                if body is None:
                    return
                passage.body = body
            meet(directory, passage)
            for fault in passage.faults:
                await suffer(fault, passage, chance, troubles)
            if troubles.cut_before:
                answer = Answer(0, None)
            else:
                answer = carried_out(directory, passage)
                if troubles.error is not None:
                    raise failure(troubles.error)
        except Refused as refusal:
            answer = Answer(refusal.status, worded(refusal.body, passage.tenant), refusal.headers)
        finally:
            if passage.tenant is not None and passage.is_counted:
                passage.tenant.traffic.in_flight -= 1
        remember(passage, answer.status)
        if troubles.cut_before or troubles.cut_after:
            await hang_up(scope, receive)
        else:
            await deliver(answer, passage.content_type, troubles, send)

    return application


def meet(directory: Directory, passage: Passage) -> None:
    """Find tenant, endpoint and faults, and count the request.

    Raises: Refused when the caller is unknown or calls too often.
    """
    segments = passage.segments
    if len(segments) == 3 and segments[0].lower() == "login" and segments[1].lower() == "companyinfo":
        passage.name = "/login/companyinfo/{companyId}"
        passage.tenant = directory.find(segments[2])
        below = passage.path
    elif len(segments) > 3 and segments[1].lower() == "apis" and segments[2] == "3.0":
        below = "/" + "/".join(segments[3:])
        found = endpoints.find(segments[3:])
        if found is not None:
            passage.endpoint, passage.ids = found
            passage.name = passage.endpoint.pattern
        header = passage.header(b"authorization")
        try:
            passage.tenant, passage.key = credentials.authenticate(directory.tenants, header, directory.switches)
        except Refused:
            if passage.name != "/system/info":
                raise
            passage.tenant = open_tenant(directory, passage)
            if passage.tenant is None and (header or directory.switches.system_info_needs_auth):
                raise
    else:
        raise no_such_endpoint()
    tenant = passage.tenant
    if tenant is not None:
        passage.is_counted = True
        tenant.traffic.arrived(f"{passage.method} {passage.name}")
        if tenant.faults:
            passage.faults = take(tenant.faults, passage.method, passage.name, below)
        if tenant.switches.requests_per_minute is not None:
            limit_rate(tenant, tenant.switches.requests_per_minute)


def open_tenant(directory: Directory, passage: Passage) -> Tenant | None:
    """The tenant that gives its `system/info` to a caller without valid credentials.

    The one whose company the credentials name; without any, the first open one that runs the codebase of the address.
    """
    company_id = credentials.named_company(passage.header(b"authorization"))
    asked = passage.segments[0].lower()
    return next(
        (
            tenant
            for key, tenant in directory.tenants.items()
            if not tenant.switches.system_info_needs_auth
            and (key == company_id.lower() if company_id is not None else asked in codebases(tenant))
        ),
        None,
    )


def codebases(tenant: Tenant) -> set[str]:
    return {ROUTER_CODEBASE, tenant.codebase.lower()}


def limit_rate(tenant: Tenant, per_minute: int) -> None:
    recent = tenant.traffic.recent
    now = monotonic()
    while recent and recent[0] <= now - 60:
        recent.popleft()
    if len(recent) >= per_minute:
        seconds = max(1, round(60 - (now - recent[0]))) if recent else 60
        raise too_many_requests(str(seconds), seconds)
    recent.append(now)


async def suffer(fault: Fault, passage: Passage, chance: random.Random, troubles: Troubles) -> None:
    """What a fault does before the request is carried out, and what it orders for the answer.

    Raises: Refused for faults that keep the request from being carried out.
    """
    detail = fault.detail
    match fault.kind:
        case "latency":
            await asyncio.sleep(latency_seconds(detail, chance))
        case "throttle":
            raise throttled(detail.get("retry_after"))
        case "error":
            raise failure((detail.get("status", 500), detail.get("body", "json")))
        case "error_after":
            troubles.error = (detail.get("status", 500), detail.get("body", "json"))
        case "cut":
            troubles.cut_before = troubles.cut_before or detail["when"] == "before"
            troubles.cut_after = troubles.cut_after or detail["when"] == "after"
        case "slow_body":
            troubles.slow_seconds = detail["seconds"]
        case "truncated":
            troubles.truncated = True
        case "oversized":
            troubles.oversized_bytes = detail["bytes"]
        case "action" if passage.tenant is not None:
            try:
                actions.perform(passage.tenant, detail)
            except (ValueError, Refused) as reason:
                passage.missed.append(f"{detail['action']}: {reason}")
            if passage.key is not None and passage.key.public not in passage.tenant.keys:
                raise credentials.not_authenticated(passage.tenant.switches)


def throttled(retry_after: int | str | None) -> Refused:
    if retry_after == "date":
        return too_many_requests(format_datetime(system_now() + timedelta(seconds=2), usegmt=True), 2)
    return too_many_requests(None if retry_after is None else str(retry_after), int(retry_after or 30))


def failure(error: tuple[int, str]) -> Refused:
    """A server error: as the API words it, or as the page of a front that knows no JSON."""
    status, body = error
    match body:
        case "html":
            return Refused(status, FRONT_PAGE)
        case "timeout":
            return refused(status, "ConnectWiseApi", "A timeout has occured. Please try again.")
        case "boolean":
            return refused(status, "ConnectWiseApi", "String was not recognized as a valid Boolean.")
    return refused(status, "ConnectWiseApi", "An unexpected error has occurred.")


def carried_out(directory: Directory, passage: Passage) -> Answer:
    """Do what is asked. No pause between here and the answer.

    Raises: Refused.
    """
    if passage.segments[0].lower() == "login":
        if passage.method != "GET":
            raise refused(405, "ConnectWiseApi", "The requested resource does not support this http method.")
        return companyinfo(directory, passage.tenant, passage.site)
    tenant, key, endpoint = passage.tenant, passage.key, passage.endpoint
    longest = directory.switches.longest_url if tenant is None else tenant.switches.longest_url
    if len(passage.site) + len(passage.path) + 1 + len(passage.query) > longest:
        raise refused(414, "ConnectWiseApi", "The request URL is too long.")
    if tenant is None or key is None:
        return open_system_info(passage)
    codebase = passage.segments[0]
    if codebase.lower() not in codebases(tenant) or endpoint is None:
        raise no_such_endpoint()
    host = passage.header(b"host")
    if tenant.switches.ssl_required == "without_api_prefix" and not host.startswith("api-"):
        raise ssl_required(tenant.switches.ssl_required_status)
    client_id = passage.header(b"clientid").strip()
    if not client_id or (tenant.switches.known_client_ids and client_id not in tenant.switches.known_client_ids):
        message = "A valid clientId header is required for this request."
        raise refused(tenant.switches.missing_client_id_status, "ConnectWiseApi", message)
    passage.content_type = media_types.content_type(passage.header(b"accept"), tenant.switches.refused_versions)
    if tenant.switches.link_host == "without_api_prefix":
        host = host.removeprefix("api-")
    asked = Asked(
        tenant=tenant,
        key=key,
        endpoint=endpoint,
        ids=passage.ids,
        method=passage.method,
        query=passage.query,
        body=passage.body,
        root=f"{passage.scheme}://{host}/{codebase}/apis/3.0",
        forward_only=passage.header(b"pagination-type").strip().lower() == "forward-only",
    )
    if asked.body and "json" not in (passage.header(b"content-type") or "json").lower():
        raise refused(415, "ConnectWiseApi", "The request entity's media type is not supported for this resource.")
    return answer_for(asked)


def worded(body: Any, tenant: Tenant | None) -> Any:
    """A refusal's body with or without the member for inner errors, where it has none."""
    has_member = tenant is not None and tenant.switches.errors_member == "null"
    return {**body, "errors": None} if has_member and isinstance(body, dict) and "errors" not in body else body


def open_system_info(passage: Passage) -> Answer:
    """`system/info` for a caller without valid credentials.

    Raises: Refused.
    """
    tenant = passage.tenant
    if tenant is not None and passage.segments[0].lower() not in codebases(tenant):
        raise no_such_endpoint()
    if passage.method != "GET":
        raise refused(405, "ConnectWiseApi", "The requested resource does not support this http method.")
    if tenant is None:
        return system_info("v2026.4.12345", is_cloud=True)
    return system_info(tenant.version, is_cloud=tenant.is_cloud)


def remember(passage: Passage, status: int) -> None:
    """Note the request in the tenant's log: what was asked and answered, never a header.

    Status 0 stands for a connection dropped before the request was carried out.
    """
    tenant = passage.tenant
    if tenant is None:
        return
    tenant.traffic.answers[status] += 1
    entry: dict[str, Any] = {
        "at": tenant.stamp(),
        "method": passage.method,
        "endpoint": passage.name,
        "path": passage.path,
        "query": passage.query.decode("latin-1"),
        "status": status,
        "faults": [fault.kind for fault in passage.faults],
    }
    if passage.missed:
        entry["missed"] = passage.missed
    if passage.body:
        entry["body"] = logged_body(passage.body)
    tenant.traffic.log.append(entry)


def logged_body(body: bytes) -> Any:
    if len(body) > LOGGED_BODY:
        return f"{len(body)} bytes"
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")
