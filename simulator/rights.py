"""What an API member may do: levels per module function, as on the PSA's security role screen.

A role maps a function to its levels, for example `{"Agreements": {"add": "All", "inquire": "All"}}`; what is
not named is `None`. Level `My` reaches only records of companies that the member owns. A restricted setup
table ("Customize" on Table Setup) is named in `closed_tables` and refuses in spite of the level.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COMPANIES = "Company Maintenance"
TABLE_SETUP = "Table Setup"
CATALOG = "Product Catalog"
AGREEMENTS = "Agreements"
MEMBERS = "Member Maintenance"
FUNCTIONS = (COMPANIES, TABLE_SETUP, CATALOG, AGREEMENTS, MEMBERS)
VERBS = ("add", "edit", "delete", "inquire")
LEVELS = ("None", "My", "All")


@dataclass(slots=True)
class Role:
    """Changed at run time by the admin path, hence not frozen."""

    levels: dict[str, dict[str, str]] = field(default_factory=dict)
    closed_tables: set[str] = field(default_factory=set)

    def level(self, function: str, verb: str) -> str:
        return self.levels.get(function, {}).get(verb, "None")


def minimum_role() -> Role:
    """What our integration asks an MSP for: no Delete on agreements, no Edit on the catalog."""
    return Role(
        {
            COMPANIES: {"inquire": "All"},
            TABLE_SETUP: {"inquire": "All"},
            CATALOG: {"add": "All", "inquire": "All"},
            AGREEMENTS: {"add": "All", "edit": "All", "inquire": "All"},
        }
    )


def admin_role() -> Role:
    return Role({function: dict.fromkeys(VERBS, "All") for function in FUNCTIONS})


def role_from(described: Mapping[str, Any] | str) -> Role:
    """A role by name (`minimum`, `admin`) or from `{"levels": {...}, "closed_tables": [...]}`.

    Raises: ValueError for an unknown name, function, verb or level.
    """
    if described == "minimum":
        return minimum_role()
    if described == "admin":
        return admin_role()
    if isinstance(described, str):
        raise ValueError(f"a role is minimum, admin or an object, not {described[:40]!r}")
    levels = described.get("levels", {})
    for function, by_verb in levels.items():
        for verb, level in by_verb.items():
            check_right(function, verb, level)
    return Role(
        {function: dict(by_verb) for function, by_verb in levels.items()},
        set(described.get("closed_tables", [])),
    )


def check_right(function: str, verb: str, level: str) -> None:
    """Raises: ValueError when one of the three is not a word of the security role screen."""
    if function not in FUNCTIONS:
        raise ValueError(f"no module function {function[:40]!r}; there are {', '.join(FUNCTIONS)}")
    if verb not in VERBS:
        raise ValueError(f"no verb {verb[:20]!r}; there are {', '.join(VERBS)}")
    if level not in LEVELS:
        raise ValueError(f"no level {level[:20]!r}; there are {', '.join(LEVELS)}")
