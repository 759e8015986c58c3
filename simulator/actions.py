"""What happens to a tenant behind a client's back: hand edits, cancellations, withdrawn rights, an upgrade.

The admin path performs them at once (`POST …/actions`); a fault of kind `action` performs them in the middle
of things, right before the request it meets. Each is named by `action`, and edits count as those of a member
(`member`, default `jdoe`).

    hand_edit            {"addition": 7, "changes": {"quantity": 13}}
    addition_deleted     {"addition": 7}
    addition_duplicated  {"addition": 7}
    addition_added       {"agreement": 3, "values": {"product": {"id": 5}, "billCustomer": "Billable"}}
    agreement_cancelled  {"agreement": 3, "date": "2026-11-30"}; without a date from today on
    record_changed       {"table": "company", "id": 4, "changes": {"name": "New name"}}
    record_added         {"table": "company", "values": {...}}
    value_planted        {"table": "company", "id": 4, "changes": {"yearEstablished": 5}}; stored unchecked
    record_deleted       {"table": "companyStatus", "id": 2}
    company_deleted      {"company": 4}
    company_restored     {"company": 4}
    keys_revoked         {"public": "..."}; without it all keys of the tenant
    right_withdrawn      {"function": "Agreements", "verb": "edit"}; "role" names one role, else all
    right_granted        the same with "level": "All" or "My"
    table_closed         {"table": "companyType"}: Table Setup's "Customize"; table_opened undoes it
    codebase_upgrade     {"codebase": "v2027_1", "version": "v2027.1.100"}
"""

from collections.abc import Callable, Mapping
from typing import Any

from simulator import bodies, writes
from simulator.clock import day_text
from simulator.rights import check_right
from simulator.shapes import Kind, Record
from simulator.tenant import Tenant

MEMBER = "jdoe"
Detail = Mapping[str, Any]


def perform(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    """Perform the action that `detail` names; gives what it left behind, JSON-ready.

    Raises: ValueError for an unknown action or a record that is not there; Refused when the change is not valid.
    """
    action = ACTIONS.get(str(detail.get("action")))
    if action is None:
        raise ValueError(f"no action {str(detail.get('action'))[:40]!r}; there are {', '.join(ACTIONS)}")
    return action(tenant, detail)


def record(tenant: Tenant, table_name: str, record_id: Any) -> Record:
    if table_name not in tenant.tables.by_name:
        raise ValueError(f"no table {str(table_name)[:40]!r}; there are {', '.join(tenant.tables.by_name)}")
    is_id = isinstance(record_id, int) and not isinstance(record_id, bool)
    found = tenant.tables[table_name].rows.get(record_id) if is_id else None
    if found is None:
        raise ValueError(f"no {table_name} {str(record_id)[:40]}")
    return found


def member_of(detail: Detail) -> str:
    return str(detail.get("member", MEMBER))


def values_of(detail: Detail, name: str) -> Record:
    values = detail.get(name)
    if not isinstance(values, dict):
        raise ValueError(f'"{name}" is an object of members')
    return values


def hand_edit(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    current = record(tenant, "addition", detail.get("addition"))
    return edited(tenant, "addition", current, values_of(detail, "changes"), detail)


def edited(tenant: Tenant, table_name: str, current: Record, changes: Record, detail: Detail) -> dict[str, Any]:
    shape = tenant.tables[table_name].shape
    if strange := set(changes) - set(shape.fields):
        raise ValueError(f"{shape.type_name} has no {', '.join(sorted(strange))}")
    if table_name == "company" and "types" in changes:
        types = [record(tenant, "companyType", each.get("id")) for each in changes["types"]]
        tenant.tables.set_types(current, types, member_of(detail), tenant.stamp())
        current = tenant.tables["company"].rows[current["id"]]
    return writes.change(tenant, table_name, current, dict(changes), member_of(detail))


def addition_deleted(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    current = record(tenant, "addition", detail.get("addition"))
    writes.remove(tenant, "addition", current, member_of(detail))
    return {"deleted": current["id"]}


def addition_duplicated(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    current = record(tenant, "addition", detail.get("addition"))
    return tenant.tables.add_addition(
        {name: value for name, value in current.items() if name not in {"id", "_info"}},
        member_of(detail),
        tenant.stamp(),
    )


def addition_added(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    agreement = record(tenant, "agreement", detail.get("agreement"))
    return writes.create_addition(tenant, agreement, values_of(detail, "values"), member_of(detail))


def agreement_cancelled(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    agreement = record(tenant, "agreement", detail.get("agreement"))
    day = detail.get("date", day_text(tenant.clock.today()))
    changes = {
        "cancelledFlag": True,
        "dateCancelled": day,
        "reasonCancelled": detail.get("reason", "Customer left"),
    }
    return writes.change(tenant, "agreement", agreement, changes, member_of(detail))


def record_changed(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    table_name = str(detail.get("table"))
    current = record(tenant, table_name, detail.get("id"))
    return edited(tenant, table_name, current, values_of(detail, "changes"), detail)


def value_planted(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    """Old data that today's checks would refuse, as real systems hold it: it stands in the way of the next PATCH.

    Plain values of a field's own kind; null removes.
    """
    table_name = str(detail.get("table"))
    current = record(tenant, table_name, detail.get("id"))
    shape = tenant.tables[table_name].shape
    planted = dict(current)
    for name, value in values_of(detail, "changes").items():
        field = shape.fields.get(name)
        if field is None or name in shape.owned or field.kind in {Kind.REFERENCE, Kind.LIST}:
            raise ValueError(f"{shape.type_name} has no plain {name[:40]!r} that can be planted")
        read = None if value is None else bodies.plain_value(field, value)
        if read is bodies.UNKNOWN:
            raise ValueError(f"{name} is one of {', '.join(field.options)}")
        planted[name] = read
    return tenant.tables[table_name].change(current["id"], writes.present(planted), member_of(detail), tenant.stamp())


def record_added(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    table_name = str(detail.get("table"))
    if table_name not in tenant.tables.by_name or table_name == "addition":
        raise ValueError(f"records can not be added to {table_name[:40]!r} this way")
    values = values_of(detail, "values")
    if strange := set(values) - set(tenant.tables[table_name].shape.fields):
        raise ValueError(f"{table_name} has no {', '.join(sorted(strange))}")
    return writes.create(tenant, table_name, values, member_of(detail))


def record_deleted(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    """Gone for good, whatever still points at it: the user interface lets an MSP do that."""
    table_name = str(detail.get("table"))
    current = record(tenant, table_name, detail.get("id"))
    if table_name == "addition":
        return addition_deleted(tenant, {**detail, "addition": current["id"]})
    if table_name == "agreement":
        for addition in list(tenant.tables.additions(current["id"])):
            writes.remove(tenant, "addition", addition, member_of(detail))
    if table_name == "typeAssociation":
        writes.remove(tenant, table_name, current, member_of(detail))
        return {"deleted": current["id"]}
    if table_name == "company":
        tenant.tables.set_types(current, [], member_of(detail), tenant.stamp())
    tenant.tables[table_name].remove(current["id"])
    return {"deleted": current["id"]}


def company_deleted(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    company = record(tenant, "company", detail.get("company"))
    return writes.delete_company(tenant, company, member_of(detail))


def company_restored(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    company = record(tenant, "company", detail.get("company"))
    kept = {name: value for name, value in company.items() if name not in {"dateDeleted", "deletedBy"}}
    kept["deletedFlag"] = False
    return tenant.tables["company"].change(company["id"], kept, member_of(detail), tenant.stamp())


def keys_revoked(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    public = detail.get("public")
    revoked = [key for key in tenant.keys if public is None or key == public]
    for key in revoked:
        del tenant.keys[key]
    return {"revoked": revoked}


def set_right(tenant: Tenant, detail: Detail, level: str) -> dict[str, Any]:
    function, verb = str(detail.get("function")), str(detail.get("verb"))
    check_right(function, verb, level)
    roles = [str(detail["role"])] if "role" in detail else list(tenant.roles)
    for name in roles:
        if name not in tenant.roles:
            raise ValueError(f"no role {name[:40]!r}; there are {', '.join(tenant.roles)}")
        tenant.roles[name].levels.setdefault(function, {})[verb] = level
    return {"roles": roles, "function": function, "verb": verb, "level": level}


def right_withdrawn(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    return set_right(tenant, detail, "None")


def right_granted(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    return set_right(tenant, detail, str(detail.get("level", "All")))


def table_closed(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    for role in tenant.roles.values():
        role.closed_tables.add(str(detail.get("table")))
    return {"closed": detail.get("table")}


def table_opened(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    for role in tenant.roles.values():
        role.closed_tables.discard(str(detail.get("table")))
    return {"opened": detail.get("table")}


def codebase_upgrade(tenant: Tenant, detail: Detail) -> dict[str, Any]:
    tenant.codebase = str(detail.get("codebase", "v2027_1")).strip("/")
    tenant.version = str(detail.get("version", tenant.codebase.replace("_", ".") + ".10000"))
    return {"codebase": tenant.codebase, "version": tenant.version}


ACTIONS: Mapping[str, Callable[[Tenant, Detail], dict[str, Any]]] = {
    action.__name__: action
    for action in (
        hand_edit,
        addition_deleted,
        addition_duplicated,
        addition_added,
        agreement_cancelled,
        record_changed,
        value_planted,
        record_added,
        record_deleted,
        company_deleted,
        company_restored,
        keys_revoked,
        right_withdrawn,
        right_granted,
        table_closed,
        table_opened,
        codebase_upgrade,
    )
}
