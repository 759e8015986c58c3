"""Making a tenant from a description, as the admin path and the command line give it.

    {"company_id": "beta_msp", "name": "Beta MSP", "data": "demo", "seed": 2, "codebase": "v2026_4", "is_cloud": true,
     "keys": [{"public": "...", "private": "...", "member": "PSALedger", "role": "minimum"}],
     "roles": {"billing": {"levels": {"Agreements": {"inquire": "My"}}, "closed_tables": []}},
     "switches": {"duplicate_identifier": "Copy0"},
     "custom_fields": {"addition": [{"caption": "Subscription id", "type": "Text"}]}}

Only `company_id` is needed. `data` is `demo` (default), `empty`, or `{"companies": n, "agreements": n,
"products": n}`.
"""

import re
from collections.abc import Mapping
from typing import Any

from simulator import demo
from simulator.directory import Directory
from simulator.rights import role_from
from simulator.switches import changed
from simulator.tenant import ROUTER_CODEBASE, ApiKey, Tenant

Recipe = Mapping[str, Any]
LARGEST = 1_000_000
KNOWN = frozenset(
    {
        "company_id",
        "name",
        "data",
        "seed",
        "codebase",
        "version",
        "is_cloud",
        "keys",
        "roles",
        "switches",
        "custom_fields",
    }
)


def make_tenant(directory: Directory, recipe: Recipe) -> Tenant:
    """Build a tenant; it is not added to the directory yet.

    Raises: ValueError for a description that does not make sense.
    """
    if strange := set(recipe) - KNOWN:
        raise ValueError(f"a tenant knows nothing of {', '.join(sorted(strange))}")
    company_id = recipe.get("company_id")
    if not isinstance(company_id, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,50}", company_id):
        raise ValueError("company_id is 1 to 50 letters, digits, dots, dashes or underscores")
    tenant = filled(directory, company_id, recipe)
    tenant.company_name = str(recipe.get("name", tenant.company_name))
    tenant.is_cloud = bool(recipe.get("is_cloud", True))
    default = tenant.codebase if tenant.is_cloud else ROUTER_CODEBASE
    tenant.codebase = str(recipe.get("codebase", default)).strip("/")
    tenant.version = str(recipe.get("version", tenant.version))
    tenant.switches = changed(tenant.switches, members(recipe, "switches"))
    for name, described in members(recipe, "roles").items():
        tenant.roles[name] = role_from(described)
    if "keys" in recipe:
        tenant.keys = {}
        for described in objects(recipe["keys"], "keys"):
            add_key(tenant, described)
    set_custom_fields(tenant, members(recipe, "custom_fields"))
    return tenant


def members(recipe: Recipe, name: str) -> Mapping[str, Any]:
    """Raises: ValueError when a part of the description is no object."""
    value = recipe.get(name, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is an object")
    return value


def objects(value: Any, name: str) -> list[Mapping[str, Any]]:
    """Raises: ValueError when a part of the description is no list of objects."""
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise ValueError(f"{name} is a list of objects")
    return value


def filled(directory: Directory, company_id: str, recipe: Recipe) -> Tenant:
    data = recipe.get("data", "demo")
    seed = int(recipe.get("seed", 1))
    if data == "demo":
        return demo.demo_tenant(directory.clock(), seed, company_id)
    if data == "empty":
        return demo.empty_tenant(directory.clock(), company_id, company_id)
    if not isinstance(data, Mapping) or set(data) - {"companies", "agreements", "products"}:
        raise ValueError('data is "demo", "empty" or {"companies": n, "agreements": n, "products": n}')
    counts = {name: data.get(name, 0) for name in ("companies", "agreements", "products")}
    for name, count in counts.items():
        if not isinstance(count, int) or not 0 <= count <= LARGEST:
            raise ValueError(f"{name} is a number up to {LARGEST}")
    return demo.large_tenant(
        directory.clock(),
        company_id,
        company_count=counts["companies"],
        agreement_count=counts["agreements"],
        product_count=counts["products"],
        seed=seed,
    )


def add_key(tenant: Tenant, described: Mapping[str, Any]) -> ApiKey:
    """Add a key or put it in the place of one with the same public part.

    Raises: ValueError when a part is missing or the role is not there.
    """
    public, private = described.get("public"), described.get("private")
    role = str(described.get("role", "minimum"))
    if not isinstance(public, str) or not isinstance(private, str) or not public or not private:
        raise ValueError("a key has a public and a private part")
    if role not in tenant.roles:
        raise ValueError(f"no role {role[:40]!r}; there are {', '.join(tenant.roles)}")
    key = ApiKey(public, private, str(described.get("member", demo.DEMO_MEMBER)), role)
    tenant.keys[public] = key
    return key


def set_custom_fields(tenant: Tenant, described: Mapping[str, Any]) -> None:
    for table_name, definitions in described.items():
        if table_name not in tenant.tables.by_name or "customFields" not in tenant.tables[table_name].shape.fields:
            raise ValueError(f"{table_name[:40]!r} has no custom fields")
        tenant.custom_fields[table_name] = [
            {
                "id": number,
                "caption": str(each.get("caption", f"Field {number}")),
                "type": str(each.get("type", "Text")),
                "entryMethod": str(each.get("entryMethod", "EntryField")),
                "numberOfDecimals": int(each.get("numberOfDecimals", 0)),
            }
            for number, each in enumerate(objects(definitions, table_name), start=1)
        ]
        for record in tenant.tables[table_name].rows.values():
            record["customFields"] = [{**each, "value": None} for each in tenant.custom_fields[table_name]]
