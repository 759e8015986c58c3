"""Carrying out one request on one tenant: rights, the records it is about, the answer."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from simulator import billing_rules, bodies, queries, writes
from simulator.directory import Directory
from simulator.endpoints import Endpoint
from simulator.errors import no_permission, no_such_endpoint, no_such_record, refused
from simulator.parameters import forward_link, link, read_parameters
from simulator.rights import TABLE_SETUP
from simulator.shapes import Record
from simulator.store import SHAPES, Table
from simulator.tenant import ApiKey, Tenant

VERBS = {"GET": "inquire", "POST": "add", "PUT": "edit", "PATCH": "edit", "DELETE": "delete"}
"""What a method needs on its own endpoint."""


@dataclass(slots=True)
class Answer:
    """`body` is JSON-ready; bytes are sent as a page of HTML, None with status 204 as nothing."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Asked:
    """A request whose caller and endpoint are known. `root` is the address up to and including `/apis/3.0`."""

    tenant: Tenant
    key: ApiKey
    endpoint: Endpoint
    ids: list[int]
    method: str
    query: bytes
    body: bytes
    root: str
    forward_only: bool


def companyinfo(directory: Directory, tenant: Tenant | None, site: str) -> Answer:
    """Discovery: which codebase a login company runs on. Needs no credentials."""
    if tenant is None:
        if directory.unknown_company == 404:
            raise refused(404, "NotFound", "Company not found")
        return Answer(200, None)
    is_cloud: bool | str = tenant.is_cloud
    if tenant.switches.is_cloud_as == "string":
        is_cloud = str(tenant.is_cloud)
    body = {
        "CompanyName": tenant.company_name,
        "Codebase": f"{tenant.codebase}/",
        "VersionCode": version_code(tenant),
        "VersionNumber": tenant.version,
        "CompanyID": tenant.company_id,
        "IsCloud": is_cloud,
    }
    if tenant.switches.site_url_field:
        body["SiteUrl"] = site
    return Answer(200, body)


def version_code(tenant: Tenant) -> str:
    """`v2026.4` from `v2026.4.12345`."""
    return ".".join(tenant.version.split(".")[:2])


def system_info(version: str, *, is_cloud: bool) -> Answer:
    return Answer(
        200,
        {
            "version": version,
            "isCloud": is_cloud,
            "serverTimeZone": "UTC",
            "licenseBits": [{"name": "Manage", "activeFlag": True}],
            "cloudRegion": "NA",
        },
    )


def answer_for(asked: Asked) -> Answer:
    """Raises: Refused for everything that is not allowed, not there or not right."""
    endpoint = asked.endpoint
    if asked.method not in endpoint.methods:
        raise refused(405, "ConnectWiseApi", "The requested resource does not support this http method.")
    match endpoint.does:
        case "system_info":
            return system_info(asked.tenant.version, is_cloud=asked.tenant.is_cloud)
        case "guarded":
            allowed(asked, VERBS[asked.method])
            raise no_such_endpoint()
        case "list" if asked.method == "POST":
            return posted(asked)
        case "list" | "recap_list":
            return listed(asked)
        case "count":
            return counted(asked)
        case "one" | "recap":
            return one(asked)


def allowed(asked: Asked, verb: str) -> str:
    """The level of the right that the request needs.

    Raises: Refused (403) without it.
    """
    endpoint = asked.endpoint
    role = asked.tenant.roles[asked.key.role]
    if endpoint.table in role.closed_tables:
        raise no_permission()
    if endpoint.function == TABLE_SETUP and verb == "inquire" and not asked.tenant.switches.setup_tables_need_right:
        return "All"
    level = role.level(endpoint.function, verb)
    if level == "None":
        raise no_permission()
    return level


def is_own(tenant: Tenant, table_name: str, record: Record, member: str) -> bool:
    """Whether a record counts as the member's own at level `My`: agreements and additions follow their company."""
    match table_name:
        case "company" | "catalogItem":
            return tenant.tables[table_name].owners.get(record["id"]) == member
        case "agreement" | "typeAssociation":
            return tenant.tables["company"].owners.get(record["company"]["id"]) == member
        case "addition":
            agreement = tenant.tables["agreement"].rows[record["agreementId"]]
            return is_own(tenant, "agreement", agreement, member)
    return True


def scope_rows(asked: Asked, level: str) -> tuple[Iterable[Record], int]:
    """The records an endpoint is about, and how many there are.

    Raises: Refused (404) when the parent record is not there.
    """
    tenant, endpoint = asked.tenant, asked.endpoint
    rows: Iterable[Record]
    if endpoint.parent:
        parent_id = asked.ids[0]
        parent = tenant.tables[endpoint.parent]
        if parent_id not in parent.rows:
            raise no_such_record(parent.shape.type_name, parent_id)
        if endpoint.table == "addition":
            rows = listed_additions(tenant, parent_id)
        elif endpoint.table == "typeAssociation":
            rows = tenant.tables.associations(parent_id)
        else:
            rows = [row for row in tenant.tables["subcategory"].rows.values() if row["category"]["id"] == parent_id]
    else:
        table = tenant.tables[endpoint.table]
        if level == "All":
            return table.rows.values(), len(table.rows)
        rows = table.rows.values()
    kept = [row for row in rows if level == "All" or is_own(tenant, endpoint.table, row, asked.key.member)]
    return kept, len(kept)


def listed_additions(tenant: Tenant, agreement_id: int) -> list[Record]:
    rows = list(tenant.tables.additions(agreement_id))
    if tenant.listed_from:
        now = monotonic()
        rows = [row for row in rows if tenant.listed_from.get(row["id"], 0) <= now]
    if tenant.switches.additions_list == "active_only":
        agreement = tenant.tables["agreement"].rows[agreement_id]
        today = tenant.clock.today()
        rows = [row for row in rows if billing_rules.addition_status(row, agreement, today) == "Active"]
    return rows


def listed(asked: Asked) -> Answer:
    tenant, endpoint = asked.tenant, asked.endpoint
    level = allowed(asked, "inquire")
    request = read_parameters(asked.query, forward_only=asked.forward_only, oversized=tenant.switches.oversized_page)
    if asked.forward_only and endpoint.table == "company" and tenant.switches.forward_only_companies_fail:
        raise refused(500, "ConnectWiseApi", "String was not recognized as a valid Boolean.")
    rows, size = scope_rows(asked, level)
    page, total, last_id = queries.page_of(tenant, endpoint.table, rows, size, request)
    url = asked.root + endpoint.pattern.rstrip("/").replace("{parentId}", str(asked.ids[0]) if asked.ids else "")
    if asked.forward_only:
        headers = {"Link": forward_link(url, request, last_id)}
    else:
        line = link(url, request, total, one_page=tenant.switches.one_page_link)
        headers = {} if line is None else {"Link": line}
    show = shower(asked, request.fields)
    return Answer(200, [show(record) for record in page], headers)


def shower(asked: Asked, fields: str) -> queries.Show:
    endpoint = asked.endpoint
    show = queries.shown(asked.tenant, endpoint.table, asked.root)
    if endpoint.does in {"recap", "recap_list"}:
        return lambda record: recap(asked.tenant, record)
    shape = SHAPES[endpoint.table]
    if endpoint.only:
        inner, kept = show, set(endpoint.only)

        def show_some(record: Record) -> Record:
            return {name: value for name, value in inner(record).items() if name in kept}

        show = show_some
    elif endpoint.pattern.startswith("/procurement/categories/{parentId}"):
        whole = show

        def show_legacy(record: Record) -> Record:
            names = ("id", "name", "inactiveFlag", "_info")
            return {name: value for name, value in whole(record).items() if name in names}

        show = show_legacy
    if not fields.strip():
        return show
    full, select = show, queries.selection(shape, fields)
    return lambda record: select(full(record))


def counted(asked: Asked) -> Answer:
    level = allowed(asked, "inquire")
    request = read_parameters(asked.query, forward_only=False, oversized=asked.tenant.switches.oversized_page)
    rows, size = scope_rows(asked, level)
    test = queries.matching(asked.tenant, asked.endpoint.table, request)
    return Answer(200, {"count": size if test is None else sum(1 for row in rows if test(row))})


def posted(asked: Asked) -> Answer:
    tenant, endpoint = asked.tenant, asked.endpoint
    allowed(asked, "add")
    shape = SHAPES[endpoint.table]
    show = shower(asked, read_parameters(asked.query, forward_only=False, oversized="cap").fields)
    values = bodies.members(asked.body, bodies.json_body(asked.body), shape)
    parent = parent_record(asked)
    if endpoint.table == "addition" and parent is not None:
        stored = writes.create_addition(tenant, parent, values, asked.key.member)
    else:
        if parent is not None:
            pointer = "category" if endpoint.parent == "category" else "company"
            values = {**values, pointer: {"id": parent["id"]}}
        stored = writes.create(tenant, endpoint.table, values, asked.key.member)
    tenant.traffic.writes += 1
    return Answer(201, show(stored))


def parent_record(asked: Asked) -> Record | None:
    """Raises: Refused (404) when the path names a parent that is not there."""
    if not asked.endpoint.parent:
        return None
    table = asked.tenant.tables[asked.endpoint.parent]
    parent = table.rows.get(asked.ids[0])
    if parent is None:
        raise no_such_record(table.shape.type_name, asked.ids[0])
    return parent


def one(asked: Asked) -> Answer:
    tenant, endpoint = asked.tenant, asked.endpoint
    level = allowed(asked, VERBS[asked.method])
    parent = parent_record(asked)
    table: Table = tenant.tables[endpoint.table]
    record_id = asked.ids[-1]
    record = table.rows.get(record_id)
    if record is None or (parent is not None and not belongs(endpoint.table, record, parent)):
        raise no_such_record(table.shape.type_name, record_id)
    if level == "My" and not is_own(tenant, endpoint.table, record, asked.key.member):
        raise no_permission()
    member = asked.key.member
    show = shower(asked, read_parameters(asked.query, forward_only=False, oversized="cap").fields)
    match asked.method:
        case "DELETE":
            writes.remove(tenant, endpoint.table, record, member)
            tenant.traffic.writes += 1
            return Answer(204, None)
        case "PATCH":
            record = writes.patch(tenant, endpoint.table, record, bodies.json_body(asked.body), member)
            tenant.traffic.writes += 1
        case "PUT":
            values = bodies.members(asked.body, bodies.json_body(asked.body), table.shape)
            record = writes.replace(tenant, endpoint.table, record, values, member)
            tenant.traffic.writes += 1
    return Answer(200, show(record))


def belongs(table_name: str, record: Record, parent: Record) -> bool:
    if table_name == "addition":
        return bool(record["agreementId"] == parent["id"])
    pointer = "category" if table_name == "subcategory" else "company"
    return bool(record[pointer]["id"] == parent["id"])


def recap(tenant: Tenant, agreement: Record) -> Record:
    """What `/finance/agreementrecap` tells of an agreement: its last and its next invoice."""
    today = tenant.clock.today()
    additions = list(tenant.tables.additions(agreement["id"]))
    made = [invoice for invoice in tenant.invoices if invoice.agreement_id == agreement["id"]]
    answer: Record = {
        "id": agreement["id"],
        "name": agreement["name"],
        "companyName": agreement["company"].get("name"),
        "agreementStatus": billing_rules.agreement_status(agreement, today),
        "nextInvoiceAmount": float(billing_rules.agreement_amount(agreement, additions, today)),
        "unbilledPeriods": 0,
    }
    if "nextInvoiceDate" in agreement:
        answer["nextInvoiceDate"] = agreement["nextInvoiceDate"]
    if made:
        answer |= {
            "lastInvoiceAmount": made[-1].total,
            "lastInvoiceDate": made[-1].made_at,
            "lastInvoiceNumber": str(made[-1].id),
        }
    return answer
