"""The simulator's own path, `/_simulator/`: make and inspect tenants, move their time, order troubles, make invoices.

It asks for no credentials and is JSON in both directions; the simulator is meant for loopback and test
networks. It never answers with a private key, except to the call that made the tenant. `GET /_simulator/`
explains every call.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import actions, faults, invoices, queries, rights, switches
from simulator.clock import instant_text
from simulator.directory import Directory
from simulator.errors import Refused
from simulator.guide import GUIDE
from simulator.shapes import Record
from simulator.tenant import ROUTER_CODEBASE, Tenant
from simulator.tenant_recipes import Recipe, add_key, make_tenant

Handler = Callable[[Request], Awaitable[Response]]
TenantCall = Callable[[Tenant, Request, dict[str, Any]], Any]


class NotThere(Exception):
    """The admin path names a tenant, table, record or fault that does not exist."""


def admin_routes(directory: Directory, recipes: dict[str, Recipe]) -> list[Route]:
    """The routes of the admin path. `recipes` remembers how each tenant was made, for its reset."""

    def on_tenant(call: TenantCall) -> Handler:
        async def handler(request: Request) -> Response:
            def do(body: dict[str, Any]) -> Any:
                tenant = directory.find(request.path_params["tenant"])
                if tenant is None:
                    raise NotThere(f"no tenant {request.path_params['tenant'][:50]}")
                return call(tenant, request, body)

            return await answered(request, do)

        return handler

    def make(body: dict[str, Any]) -> Any:
        tenant = make_tenant(directory, body)
        if directory.find(tenant.company_id) is not None:
            raise ValueError(f"there is a tenant {tenant.company_id} already")
        directory.add(tenant)
        recipes[tenant.company_id.lower()] = body
        keys = [
            {"public": key.public, "private": key.private, "member": key.member, "role": key.role}
            for key in tenant.keys.values()
        ]
        return {**described(tenant), "keys": keys}

    async def tenants(request: Request) -> Response:
        if request.method == "POST":
            return await answered(request, make)
        return await answered(request, lambda _: [described(each) for each in directory.tenants.values()])

    async def whole(request: Request) -> Response:
        if request.method == "PATCH":
            return await answered(request, lambda body: change_process(directory, body))
        return await answered(request, lambda _: {**GUIDE, "tenants": sorted(directory.tenants)})

    def one_tenant(tenant: Tenant, request: Request, _: dict[str, Any]) -> Any:
        if request.method == "DELETE":
            directory.remove(tenant.company_id)
            recipes.pop(tenant.company_id.lower(), None)
            return {"removed": tenant.company_id}
        return described(tenant)

    def reset(tenant: Tenant, _request: Request, _body: dict[str, Any]) -> Any:
        renewed = make_tenant(directory, recipes[tenant.company_id.lower()])
        directory.add(renewed)
        return described(renewed)

    root = "/_simulator"
    at = root + "/tenants/{tenant}"
    return [
        Route(f"{root}/", whole, methods=["GET", "PATCH"]),
        Route(root, whole, methods=["GET", "PATCH"]),
        Route(f"{root}/tenants", tenants, methods=["GET", "POST"]),
        Route(at, on_tenant(one_tenant), methods=["GET", "DELETE"]),
        Route(f"{at}/reset", on_tenant(reset), methods=["POST"]),
        Route(f"{at}/records/{{table}}", on_tenant(records), methods=["GET", "POST"]),
        Route(f"{at}/records/{{table}}/{{id:int}}", on_tenant(one_record), methods=["GET", "PATCH", "DELETE"]),
        Route(f"{at}/actions", on_tenant(act), methods=["POST"]),
        Route(f"{at}/faults", on_tenant(all_faults), methods=["GET", "POST", "DELETE"]),
        Route(f"{at}/faults/{{fault:int}}", on_tenant(one_fault), methods=["DELETE"]),
        Route(f"{at}/switches", on_tenant(set_switches), methods=["GET", "PATCH"]),
        Route(f"{at}/roles/{{role}}", on_tenant(set_role), methods=["PUT"]),
        Route(f"{at}/keys", on_tenant(set_key), methods=["POST"]),
        Route(f"{at}/clock", on_tenant(clock), methods=["GET", "PUT"]),
        Route(f"{at}/traffic", on_tenant(traffic), methods=["GET", "DELETE"]),
        Route(f"{at}/log", on_tenant(log), methods=["GET"]),
        Route(f"{at}/invoices", on_tenant(invoice_run), methods=["GET", "POST", "DELETE"]),
    ]


async def answered(request: Request, do: Callable[[dict[str, Any]], Any]) -> Response:
    """Read the body, do the call, and turn its result or its failure into JSON."""
    raw = await request.body()
    try:
        body = orjson.loads(raw) if raw else {}
        if not isinstance(body, dict):
            raise ValueError("the body is a JSON object")
        return in_json(200, do(body))
    except NotThere as missing:
        return in_json(404, {"error": str(missing)})
    except Refused as refusal:
        return in_json(refusal.status, {"error": "the PSA refuses", "answer": refusal.body})
    except ValueError as wrong:
        return in_json(400, {"error": str(wrong)})


def in_json(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


def change_process(directory: Directory, body: dict[str, Any]) -> Any:
    unknown = body.get("unknown_company", directory.unknown_company)
    if unknown not in {200, 404}:
        raise ValueError("unknown_company is 200 (null) or 404")
    directory.switches = switches.changed(directory.switches, body.get("switches", {}))
    directory.unknown_company = unknown
    return {"unknown_company": unknown, "switches": asdict(directory.switches)}


def described(tenant: Tenant) -> dict[str, Any]:
    """A tenant without its records and without any private key."""
    return {
        "company_id": tenant.company_id,
        "name": tenant.company_name,
        "codebase": tenant.codebase,
        "router_codebase": ROUTER_CODEBASE,
        "version": tenant.version,
        "is_cloud": tenant.is_cloud,
        "now": tenant.stamp(),
        "keys": [{"public": key.public, "member": key.member, "role": key.role} for key in tenant.keys.values()],
        "roles": {
            name: {"levels": role.levels, "closed_tables": sorted(role.closed_tables)}
            for name, role in tenant.roles.items()
        },
        "switches": asdict(tenant.switches),
        "faults": [asdict(fault) for fault in tenant.faults],
        "records": {name: len(table.rows) for name, table in tenant.tables.by_name.items()},
    }


def table_named(tenant: Tenant, request: Request) -> str:
    name: str = request.path_params["table"]
    if name not in tenant.tables.by_name:
        raise NotThere(f"no table {name[:40]}; there are {', '.join(tenant.tables.by_name)}")
    return name


def records(tenant: Tenant, request: Request, body: dict[str, Any]) -> Any:
    """All records of a table, or those whose fields hold the given texts; POST adds one by hand."""
    name = table_named(tenant, request)
    if request.method == "POST":
        member = body.pop("member", actions.MEMBER)
        if name == "addition":
            detail = {"action": "addition_added", "agreement": body.pop("agreementId", None), "values": body}
        else:
            detail = {"action": "record_added", "table": name, "values": body}
        return inspected(tenant, name, actions.perform(tenant, {**detail, "member": member}))
    chosen = [inspected(tenant, name, row) for row in tenant.tables[name].rows.values()]
    for field, text in request.query_params.items():
        chosen = [row for row in chosen if field_text(row, field) == text.casefold()]
    return chosen


def field_text(row: Record, path: str) -> str:
    value: Any = row
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return str(value).casefold()


def inspected(tenant: Tenant, table_name: str, row: Record) -> Record:
    computed = {name: read(row) for name, read in queries.computed_fields(tenant, table_name).items()}
    return {**row, **computed, "owner": tenant.tables[table_name].owners.get(row["id"])}


def one_record(tenant: Tenant, request: Request, body: dict[str, Any]) -> Any:
    name = table_named(tenant, request)
    row = tenant.tables[name].rows.get(request.path_params["id"])
    if row is None:
        raise NotThere(f"no {name} {request.path_params['id']}")
    if request.method == "GET":
        return inspected(tenant, name, row)
    member = body.pop("member", actions.MEMBER)
    detail = {"table": name, "id": row["id"], "member": member}
    if request.method == "DELETE":
        return actions.perform(tenant, {"action": "record_deleted", **detail})
    return inspected(tenant, name, actions.perform(tenant, {"action": "record_changed", **detail, "changes": body}))


def act(tenant: Tenant, _request: Request, body: dict[str, Any]) -> Any:
    return actions.perform(tenant, body)


def all_faults(tenant: Tenant, request: Request, body: dict[str, Any]) -> Any:
    if request.method == "DELETE":
        tenant.faults.clear()
    elif request.method == "POST":
        fault = faults.fault_from(body, tenant.faults_made + 1)
        if fault.kind == "action" and fault.detail["action"] not in actions.ACTIONS:
            raise ValueError(f"no such action; there are {', '.join(actions.ACTIONS)}")
        tenant.faults_made = fault.id
        tenant.faults.append(fault)
        return asdict(fault)
    return [asdict(fault) for fault in tenant.faults]


def one_fault(tenant: Tenant, request: Request, _body: dict[str, Any]) -> Any:
    fault_id = request.path_params["fault"]
    if all(fault.id != fault_id for fault in tenant.faults):
        raise NotThere(f"no fault {fault_id}")
    tenant.faults[:] = [fault for fault in tenant.faults if fault.id != fault_id]
    return [asdict(fault) for fault in tenant.faults]


def set_switches(tenant: Tenant, _request: Request, body: dict[str, Any]) -> Any:
    tenant.switches = switches.changed(tenant.switches, body)
    return asdict(tenant.switches)


def set_role(tenant: Tenant, request: Request, body: dict[str, Any]) -> Any:
    name: str = request.path_params["role"]
    tenant.roles[name] = rights.role_from(body.get("like", body))
    return {"levels": tenant.roles[name].levels, "closed_tables": sorted(tenant.roles[name].closed_tables)}


def set_key(tenant: Tenant, _request: Request, body: dict[str, Any]) -> Any:
    key = add_key(tenant, body)
    return {"public": key.public, "member": key.member, "role": key.role}


def clock(tenant: Tenant, request: Request, body: dict[str, Any]) -> Any:
    """Stand still at an instant, run with an offset, or run with the process's own time."""
    if request.method == "PUT":
        at, offset = body.get("at"), body.get("offset_seconds", 0)
        if not isinstance(offset, int | float) or isinstance(offset, bool):
            raise ValueError("offset_seconds is a number")
        standing_at = None if at is None else datetime.fromisoformat(str(at))
        if standing_at is not None and standing_at.tzinfo is None:
            standing_at = standing_at.replace(tzinfo=UTC)
        tenant.clock = replace(tenant.clock, offset=timedelta(seconds=offset), standing_at=standing_at)
    standing = tenant.clock.standing_at
    return {
        "now": tenant.stamp(),
        "at": None if standing is None else instant_text(standing),
        "offset_seconds": tenant.clock.offset.total_seconds(),
    }


def traffic(tenant: Tenant, request: Request, _body: dict[str, Any]) -> Any:
    if request.method == "DELETE":
        tenant.traffic.start_anew()
    return {
        "requests": dict(tenant.traffic.requests),
        "answers": {str(status): count for status, count in tenant.traffic.answers.items()},
        "writes": tenant.traffic.writes,
        "in_flight": tenant.traffic.in_flight,
        "most_in_flight": tenant.traffic.most_in_flight,
    }


def log(tenant: Tenant, request: Request, _body: dict[str, Any]) -> Any:
    entries = list(tenant.traffic.log)
    last = request.query_params.get("last", "")
    return entries[-int(last) :] if last.isdecimal() and int(last) else entries


def invoice_run(tenant: Tenant, request: Request, body: dict[str, Any]) -> Any:
    """Make the invoices of a month, list all, or take back those of a month and their effect on the next run."""
    if request.method == "GET":
        return [asdict(invoice) for invoice in tenant.invoices]
    month = date.fromisoformat(f"{body.get('month', '')}-01")
    if request.method == "DELETE":
        return {"taken_back": invoices.take_back(tenant, month)}
    return [asdict(invoice) for invoice in invoices.make_invoices(tenant, month)]
