"""Making, changing and removing records as a member, with the rules of each kind.

What is done through the API and what a person does by hand (over the admin path) goes through the same
functions; only the member's name differs, and shows in `_info.updatedBy`.
"""

import time
from typing import Any

from simulator import billing_rules, bodies, patches
from simulator.clock import day_text
from simulator.errors import Finding, finding, invalid_object, refused
from simulator.invoices import invoice_part_at_once
from simulator.shapes import Record
from simulator.store import references_of
from simulator.tenant import Tenant

DEFAULT_CATALOG = {
    "productClass": "NonInventory",
    "inactiveFlag": False,
    "taxableFlag": False,
    "price": 0.0,
    "cost": 0.0,
}


def create(tenant: Tenant, table_name: str, values: Record, member: str) -> Record:
    """Store a new record from members as a client sends them (already known to be members).

    Raises: Refused (400, InvalidObject) with every finding.
    """
    table = tenant.tables[table_name]
    read, found = bodies.read_members(tenant.tables, table.shape, values)
    record = present(read)
    with_custom_fields(tenant, table_name, record, read, found)
    if table_name == "catalogItem":
        record = {**DEFAULT_CATALOG, **record}
        complete_category(tenant, record)
        bodies.check(table.shape, record, found)
        record["identifier"] = unused_identifier(tenant, record["identifier"])
    elif table_name == "company":
        record = {"deletedFlag": False, "types": [], **record}
        bodies.check(table.shape, record, found)
        refuse_double(tenant, table_name, "identifier", record["identifier"])
        stored = table.add(record, member, tenant.stamp())
        tenant.tables.set_types(stored, record["types"], member, tenant.stamp())
        return stored
    elif table_name == "typeAssociation":
        bodies.check(table.shape, record, found)
        return associated(tenant, record, member)
    elif table_name == "agreement":
        record = {"startDate": day_text(tenant.clock.today()), "noEndingDateFlag": "endDate" not in record, **record}
        bodies.check(table.shape, record, found)
        complete_agreement(record)
    else:
        bodies.check(table.shape, record, found)
        if table_name != "subcategory" and "name" in table.shape.fields:
            refuse_double(tenant, table_name, "name", record["name"])
    return table.add(record, member, tenant.stamp())


def create_addition(tenant: Tenant, agreement: Record, values: Record, member: str) -> Record:
    """Store a new addition on an agreement.

    Raises: Refused (400) for a bundle product, a date the agreement does not take, or a missing field.
    """
    shape = tenant.tables["addition"].shape
    read, found = bodies.read_members(tenant.tables, shape, values)
    record = present(read)
    product = tenant.tables["catalogItem"].rows.get(record.get("product", {}).get("id", 0))
    if product is not None:
        record = {**billing_rules.product_defaults(product), **record}
        if product.get("productClass") == "Bundle":
            message = "A product of class Bundle cannot be an addition."
            found.append(finding("InvalidField", message, shape.resource, "product"))
    record = {
        "quantity": 1.0,
        "lessIncluded": 0.0,
        "effectiveDate": day_text(tenant.clock.today()),
        "purchaseItemFlag": False,
        "specialOrderFlag": False,
        "sequenceNumber": float(sum(1 for _ in tenant.tables.additions(agreement["id"])) + 1),
        "agreementId": agreement["id"],
        **record,
    }
    with_custom_fields(tenant, "addition", record, read, found)
    found += billing_rules.addition_findings(record, agreement, period_rule=True)
    bodies.check(shape, record, found)
    refuse_ended_agreement(tenant, agreement)
    stored = tenant.tables.add_addition(record, member, tenant.stamp())
    if tenant.switches.new_records_listed_after_seconds:
        tenant.listed_from[stored["id"]] = time.monotonic() + tenant.switches.new_records_listed_after_seconds
    invoice_part_at_once(tenant, agreement, stored)
    return stored


def change(tenant: Tenant, table_name: str, current: Record, changes: Record, member: str) -> Record:
    """Set some members of a stored record; null removes. An empty change leaves the record as it is.

    Raises: Refused (400, InvalidObject) when the whole record no longer passes its checks.
    """
    table = tenant.tables[table_name]
    changes = {name: value for name, value in changes.items() if name not in table.shape.owned}
    if not changes:
        return current
    read, found = bodies.read_members(tenant.tables, table.shape, changes)
    if table_name == "company":
        read.pop("types", None)
    record = present({**current, **read})
    with_custom_fields(tenant, table_name, record, read, found, keep="customFields" not in read)
    if table_name == "addition":
        record = changed_addition(tenant, current, record, read, found)
    elif table_name == "catalogItem":
        complete_category(tenant, record)
        bodies.check(table.shape, record, found)
        if record["identifier"].casefold() != current["identifier"].casefold():
            refuse_double(tenant, table_name, "identifier", record["identifier"])
    else:
        if table_name == "agreement":
            found += billing_rules.parent_findings(tenant.tables, record)
        bodies.check(table.shape, record, found)
    stored = table.change(current["id"], record, member, tenant.stamp())
    if table_name == "typeAssociation":
        tenant.tables.show_types(stored["company"]["id"])
    if any(current.get(name) != stored.get(name) for name in ("name", "identifier")):
        tenant.tables.refresh_references(table_name, stored)
    return stored


def changed_addition(tenant: Tenant, current: Record, record: Record, read: Record, found: list[Finding]) -> Record:
    """The product's price, cost and texts come again when the product changes; then the whole record is checked."""
    shape = tenant.tables["addition"].shape
    product_moved = record.get("product", {}).get("id") != current["product"]["id"]
    product = tenant.tables["catalogItem"].rows.get(record.get("product", {}).get("id", 0))
    if product_moved and product is not None:
        resent = {name: value for name, value in read.items() if value is not None}
        record = {**record, **billing_rules.product_defaults(product), **resent}
        if product.get("productClass") == "Bundle":
            message = "A product of class Bundle cannot be an addition."
            found.append(finding("InvalidField", message, shape.resource, "product"))
    agreement = tenant.tables["agreement"].rows[current["agreementId"]]
    moved = record.get("effectiveDate") != current.get("effectiveDate")
    if tenant.switches.revalidate_additions or moved:
        found += billing_rules.addition_findings(record, agreement, period_rule=moved)
    if tenant.switches.revalidate_additions:
        bodies.check(shape, record, found)
    elif found:
        raise invalid_object(shape.resource, found)
    return record


def patch(tenant: Tenant, table_name: str, current: Record, body: Any, member: str) -> Record:
    """Apply a JSON Patch; gives the record as it is stored afterwards.

    Raises: Refused (400).
    """
    return change(
        tenant, table_name, current, patches.changes_of(body, tenant.tables[table_name].shape, current), member
    )


def replace(tenant: Tenant, table_name: str, current: Record, values: Record, member: str) -> Record:
    """PUT: what the body leaves out goes to its default or to null.

    Raises: Refused (400).
    """
    shape = tenant.tables[table_name].shape
    if tenant.switches.put_keeps_missing:
        return change(tenant, table_name, current, values, member)
    emptied: Record = dict.fromkeys(name for name in shape.fields if name not in shape.owned)
    defaults: Record = {}
    if table_name == "addition":
        reference = shape.fields["product"].reference
        given = values.get("product")
        if reference is not None and isinstance(given, dict):
            resolved = tenant.tables.resolve(reference, given)
            product = tenant.tables["catalogItem"].rows.get((resolved or {}).get("id", 0))
            defaults = {} if product is None else billing_rules.product_defaults(product)
        defaults |= {"quantity": 1.0, "lessIncluded": 0.0, "effectiveDate": day_text(tenant.clock.today())}
    elif table_name == "catalogItem":
        defaults = dict(DEFAULT_CATALOG)
    elif table_name == "company":
        defaults = {"deletedFlag": False, "types": current.get("types", [])}
    elif table_name == "agreement":
        defaults = {"nextInvoiceDate": current.get("nextInvoiceDate")}
    return change(tenant, table_name, current, {**emptied, **defaults, **values}, member)


def remove(tenant: Tenant, table_name: str, record: Record, member: str) -> None:
    """Delete a record. A company goes to the recycle bin; what others point at stays and answers 409.

    Raises: Refused (409) for a record in use.
    """
    record_id = record["id"]
    if table_name == "addition":
        tenant.tables.remove_addition(record_id)
        tenant.billed_until.pop(record_id, None)
        return
    if table_name == "typeAssociation":
        tenant.tables.dissociate(record_id)
        return
    if table_name == "company":
        delete_company(tenant, record, member)
        return
    if in_use(tenant, table_name, record_id):
        raise refused(409, "RecordInUse", f"{tenant.tables[table_name].shape.type_name} {record_id} is in use.")
    tenant.tables[table_name].remove(record_id)


def delete_company(tenant: Tenant, company: Record, member: str) -> Record:
    """Put a company into the recycle bin, from where lists still return it with `deletedFlag`."""
    at = tenant.stamp()
    deleted = {**company, "deletedFlag": True, "dateDeleted": at, "deletedBy": member}
    return tenant.tables["company"].change(company["id"], deleted, member, at)


def in_use(tenant: Tenant, table_name: str, record_id: int) -> bool:
    if table_name == "agreement" and tenant.tables.additions_of.get(record_id):
        return True
    for table in tenant.tables.by_name.values():
        pointing = [name for name, reference in references_of(table.shape) if reference.table == table_name]
        for row in table.rows.values() if pointing else ():
            if any(row.get(name, {}).get("id") == record_id for name in pointing):
                return True
    return False


def associated(tenant: Tenant, record: Record, member: str) -> Record:
    """Give a company one more type.

    Raises: Refused (400, ObjectExists) when it has the type already.
    """
    company_id, company_type = record["company"]["id"], record["type"]
    if any(each["type"]["id"] == company_type["id"] for each in tenant.tables.associations(company_id)):
        resource = tenant.tables["typeAssociation"].shape.resource
        message = f"A matching {resource} already exists"
        raise invalid_object(resource, [finding("ObjectExists", message, resource, "type")])
    company = tenant.tables["company"].rows[company_id]
    return tenant.tables.associate(company, company_type, member, tenant.stamp())


def present(values: Record) -> Record:
    return {name: value for name, value in values.items() if value is not None}


def with_custom_fields(
    tenant: Tenant, table_name: str, record: Record, read: Record, found: list[Finding], *, keep: bool = False
) -> None:
    """Custom fields are always shown in full; a sent array replaces all values, no array keeps or empties them."""
    definitions = tenant.custom_fields.get(table_name, [])
    values = record.pop("customFields", None) if keep else read.get("customFields")
    stored = bodies.with_custom_fields(
        definitions, values, tenant.tables[table_name].shape.resource, [] if keep else found
    )
    if definitions:
        record["customFields"] = stored
    else:
        record.pop("customFields", None)


def complete_category(tenant: Tenant, record: Record) -> None:
    """A product's category follows from its subcategory."""
    chosen = tenant.tables["subcategory"].rows.get(record.get("subcategory", {}).get("id", 0))
    if chosen is not None:
        record["category"] = dict(chosen["category"])


def complete_agreement(record: Record) -> None:
    """Billing starts with the agreement, and no day of it is invoiced yet."""
    record.setdefault("billStartDate", record["startDate"])
    record.setdefault("nextInvoiceDate", record["billStartDate"])
    record.setdefault("prorateFlag", False)
    record.setdefault("cancelledFlag", False)
    record.setdefault("periodType", "Current")


def refuse_double(tenant: Tenant, table_name: str, field: str, text: str) -> None:
    table = tenant.tables[table_name]
    if table.by_text(field, text) is not None:
        message = f"A matching {table.shape.resource} already exists"
        raise invalid_object(table.shape.resource, [finding("ObjectExists", message, table.shape.resource, field)])


def unused_identifier(tenant: Tenant, identifier: str) -> str:
    """The identifier a new product gets: as sent, or with `Copy0` appended where the tenant does that."""
    table = tenant.tables["catalogItem"]
    if table.by_text("identifier", identifier) is None:
        return identifier
    if tenant.switches.duplicate_identifier == "ObjectExists":
        refuse_double(tenant, "catalogItem", "identifier", identifier)
    number = 0
    while table.by_text("identifier", f"{identifier}Copy{number}") is not None:
        number += 1
    return f"{identifier}Copy{number}"


def refuse_ended_agreement(tenant: Tenant, agreement: Record) -> None:
    if tenant.switches.post_to_ended_agreement == "accept":
        return
    status = billing_rules.agreement_status(agreement, tenant.clock.today())
    if status in {"Cancelled", "Expired"}:
        message = f"The agreement is {status.lower()}."
        raise invalid_object("addition", [finding("InvalidField", message, "addition", "agreementId")])
