"""Which paths there are below `/apis/3.0`, and what stands behind each.

Paths are matched in any case, numbers stand for ids, empty segments (trailing or double slashes) are passed over.
`pattern` is the name of an endpoint in counters, logs and faults; it is written as in the vendor's OpenAPI document.
"""

from dataclasses import dataclass
from typing import Literal

from simulator.rights import AGREEMENTS, CATALOG, COMPANIES, MEMBERS, TABLE_SETUP

Does = Literal["list", "count", "one", "system_info", "recap_list", "recap", "guarded"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    pattern: str
    does: Does
    table: str
    function: str
    parent: str = ""
    """For records below another one: the parent's table."""
    only: tuple[str, ...] = ()
    """For `info` endpoints: the fields they show. They can only be read."""

    @property
    def methods(self) -> tuple[str, ...]:
        if self.only or self.does in {"count", "system_info", "recap_list", "recap"}:
            return ("GET",)
        if self.does == "guarded":
            return ("GET", "POST", "PUT", "PATCH", "DELETE")
        return ("GET", "POST") if self.does == "list" else ("GET", "PUT", "PATCH", "DELETE")


def collection(path: str, table: str, function: str, parent: str = "", only: tuple[str, ...] = ()) -> list[Endpoint]:
    return [
        Endpoint(path, "list", table, function, parent, only),
        Endpoint(f"{path.rstrip('/')}/count", "count", table, function, parent, only),
        Endpoint(f"{path.rstrip('/')}/{{id}}", "one", table, function, parent, only),
    ]


NAMES = ("id", "name", "inactiveFlag", "defaultFlag", "_info")
CATALOG_NAMES = [
    "id",
    "identifier",
    "description",
    "inactiveFlag",
    "productClass",
    "serializedCostFlag",
    "price",
    "cost",
    "taxableFlag",
    "dropShipFlag",
    "specialOrderFlag",
    "customerDescription",
    "manufacturerPartNumber",
    "vendorSku",
    "billableOption",
    "_info",
]

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/system/info", "system_info", "", ""),
    *collection("/company/companies", "company", COMPANIES),
    *collection("/company/companies/{parentId}/typeAssociations", "typeAssociation", COMPANIES, "company"),
    *collection("/company/companyTypeAssociations", "typeAssociation", COMPANIES),
    *collection("/company/companies/types", "companyType", TABLE_SETUP),
    *collection("/company/companies/info/types", "companyType", TABLE_SETUP, only=("id", "name", "_info")),
    *collection("/company/companies/statuses", "companyStatus", TABLE_SETUP),
    *collection("/procurement/catalog", "catalogItem", CATALOG),
    *collection("/procurement/catalog/info", "catalogItem", CATALOG, only=tuple(CATALOG_NAMES)),
    Endpoint("/procurement/catalog/{id}/info", "one", "catalogItem", CATALOG, only=tuple(CATALOG_NAMES)),
    *collection("/procurement/categories", "category", TABLE_SETUP),
    *collection("/procurement/categories/info", "category", TABLE_SETUP, only=NAMES),
    *collection("/procurement/categories/{parentId}/subcategories/", "subcategory", TABLE_SETUP, "category"),
    Endpoint(
        "/procurement/categories/{parentId}/subcategories/info",
        "list",
        "subcategory",
        TABLE_SETUP,
        "category",
        only=("id", "name", "inactiveFlag", "_info"),
    ),
    *collection("/procurement/subcategories/", "subcategory", TABLE_SETUP),
    *collection("/procurement/subcategories/info/", "subcategory", TABLE_SETUP, only=(*NAMES, "category")),
    *collection("/procurement/types", "productType", TABLE_SETUP),
    *collection("/procurement/types/info", "productType", TABLE_SETUP, only=NAMES),
    *collection("/procurement/unitOfMeasures", "unitOfMeasure", TABLE_SETUP),
    *collection("/finance/agreements", "agreement", AGREEMENTS),
    *collection("/finance/agreements/types", "agreementType", TABLE_SETUP),
    *collection(
        "/finance/agreements/types/info",
        "agreementType",
        TABLE_SETUP,
        only=("id", "name", "inactiveFlag", "applicationUnits", "billingTerms", "_info"),
    ),
    *collection("/finance/agreements/{parentId}/additions", "addition", AGREEMENTS, "agreement"),
    *collection("/finance/billingCycles", "billingCycle", TABLE_SETUP),
    *collection(
        "/finance/billingCycles/info", "billingCycle", TABLE_SETUP, only=("id", "name", "defaultFlag", "_info")
    ),
    Endpoint("/finance/agreementrecap/", "recap_list", "agreement", AGREEMENTS),
    Endpoint("/finance/agreementrecap/{id}", "recap", "agreement", AGREEMENTS),
    *(
        Endpoint(path, "guarded", "", MEMBERS)
        for path in (
            "/system/members",
            "/system/members/count",
            "/system/members/{id}",
            "/system/apiMembers",
            "/system/apiMembers/count",
            "/system/apiMembers/{id}",
            "/system/myAccount/{id}",
            "/system/securityroles",
            "/system/securityroles/count",
            "/system/securityroles/{id}",
            "/system/securityRoles/{parentId}/settings",
            "/system/securityRoles/{parentId}/settings/count",
            "/system/securityRoles/{parentId}/settings/{id}",
            "/system/callbacks",
            "/system/callbacks/count",
            "/system/callbacks/{id}",
        )
    ),
)


def is_id(segment: str) -> bool:
    return segment.isascii() and segment.isdecimal() and len(segment) <= 10


def key_of(segments: list[str]) -> tuple[str, ...]:
    return tuple("{}" if is_id(segment) or segment.startswith("{") else segment.lower() for segment in segments)


BY_KEY = {key_of([part for part in each.pattern.split("/") if part]): each for each in ENDPOINTS}


def find(segments: list[str]) -> tuple[Endpoint, list[int]] | None:
    """The endpoint of a path's segments, and the ids in it."""
    endpoint = BY_KEY.get(key_of(segments))
    return None if endpoint is None else (endpoint, [int(segment) for segment in segments if is_id(segment)])
