"""What `GET /_simulator/` answers: every call of the admin path, every fault, action and switch."""

from typing import Any

from simulator import actions, faults, switches
from simulator.store import SHAPES

AT = "/_simulator/tenants/{company id}"

GUIDE: dict[str, Any] = {
    "what": "The admin path of a simulated ConnectWise PSA. JSON in both directions, no credentials.",
    "tables": sorted(SHAPES),
    "calls": {
        "GET /_simulator/": "this page",
        "PATCH /_simulator/": "for callers whose tenant is unknown: {unknown_company: 200 | 404, switches: {...}}",
        "GET /_simulator/tenants": "all tenants with counts",
        "POST /_simulator/tenants": "make one: company_id; optional name, data (demo | empty | {companies, agreements, "
        "products}), seed, keys [{public, private, member, role}], roles {name: minimum | admin | {levels, "
        "closed_tables}}, "
        "switches, codebase, version, is_cloud, custom_fields {table: [{caption, type}]}; answers with the keys",
        f"GET, DELETE {AT}": "one tenant: codebase, version, time, roles, switches, faults, counts; or remove it",
        f"POST {AT}/reset": "make it anew as it was made",
        f"GET, POST {AT}/records/{{table}}": "all records, or those with ?field=text or ?reference/id=3; or add one",
        f"GET, PATCH, DELETE {AT}/records/{{table}}/{{id}}": "read, edit ({member?, ...changes}), delete for good",
        f"POST {AT}/actions": "let something happen: {action, ...}, see actions",
        f"GET, POST, DELETE {AT}/faults": "list, order ({kind, method?, endpoint?, skip?, count?, ...}), clear",
        f"DELETE {AT}/faults/{{id}}": "clear one",
        f"GET, PATCH {AT}/switches": "read or set switches by name, see switches",
        f"PUT {AT}/roles/{{role}}": "set a role: {like: minimum | admin} or {levels, closed_tables}",
        f"POST {AT}/keys": "add or replace a key: {public, private, member?, role?}",
        f"GET, PUT {AT}/clock": "its time: {at: instant} to stand still, {offset_seconds} to shift, {} for real time",
        f"GET, DELETE {AT}/traffic": "requests per endpoint, answers per status, writes, in flight; or start anew",
        f"GET {AT}/log": "the last 1,000 requests with bodies, oldest first; ?last=50",
        f"GET, POST, DELETE {AT}/invoices": "all invoices; make those of {month: 2026-11}; take them back",
    },
    "faults": (faults.__doc__ or "").splitlines(),
    "actions": (actions.__doc__ or "").splitlines(),
    "switches": switches.explained(),
}
