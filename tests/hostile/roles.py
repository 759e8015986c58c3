"""Who may ask what, decided by hand: a field that is not named here fails the matrix until somebody has decided."""

from collections.abc import Mapping

EVERYBODY = frozenset({"ADMIN", "AUDITOR", "PLATFORM"})
READERS = frozenset({"ADMIN", "AUDITOR"})
OVERSEERS = frozenset({"AUDITOR", "PLATFORM"})
ADMINS = frozenset({"ADMIN"})
PLATFORM = frozenset({"PLATFORM"})

_DECIDED: Mapping[frozenset[str], tuple[str, ...]] = {
    EVERYBODY: (
        *("viewer", "serverTime", "psaConnection", "productLines"),
        *("organizations", "organization", "companyMappings", "usage", "licensesByDay", "names"),
    ),
    READERS: (
        *("psaProducts", "psaProductSetup", "psaCompanyTypes", "psaCompanyStatuses", "psaCompanyCount"),
        "companies",
        *("mappingSuggestions", "restorableMappings", "runs", "run", "unbilledUsage", "exceptions", "monthEnd"),
        *("history", "explainQuantity", "connectionAsOf", "connectionDifference", "reconstruct"),
        *("auditCheckpoints", "auditHeads", "auditKeys", "find", "facts", "runProgress"),
    ),
    OVERSEERS: ("msps",),
    ADMINS: (
        *("testConnection", "connect", "updateCredentials", "confirmProductMapping", "changeSettings"),
        *("pause", "resume", "disconnect", "createProduct", "mapProduct", "unmapProduct", "setProductRule"),
        *("previewProductMapping", "createOrganization", "mapCompanies", "unmapCompanies", "excludeOrganizations"),
        *("includeOrganizations", "previewMappings", "restoreMappings", "importCompanies", "cancelRun"),
        *("previewSync", "syncNow", "undoRun", "approvePush", "retryException"),
    ),
    PLATFORM: (
        *("registerOrganizations", "renameOrganization", "changeManagement", "changePlan", "changeLicenseType"),
        *("closeOrganization", "changeLicenses"),
    ),
}
ALLOWED: Mapping[str, frozenset[str]] = {field: roles for roles, fields in _DECIDED.items() for field in fields}

OF_NO_MSP = frozenset({"viewer", "serverTime", "productLines", "msps", "auditHeads", "auditKeys"})
"""Fields that are about no one MSP, and so take none; what they list is only what the caller may see."""


OF_ALL_MSPS = frozenset({"auditHeads"})
"""Fields that only a token for all MSPs reaches."""


def some_role(field: str) -> str:
    """A role that may ask a field."""
    return min(ALLOWED[field])
