"""The rights our API member needs, in the words of ConnectWise's own Security Roles screen.

Source: the minimum role of the vendor's help pages; modules and levels as api-facts §2.6 lists them.
"""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    ADD = "Add"
    EDIT = "Edit"
    INQUIRE = "Inquire"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One cell of a security role: a function within a module, and a level.

    >>> str(AGREEMENTS_EDIT)
    'Agreements: Edit'
    >>> AGREEMENTS_EDIT.cure
    'System › Security Roles › your role › Finance › Agreements: set Edit to All'
    """

    module: str
    function: str
    level: Level

    @property
    def cure(self) -> str:
        """Where an MSP's administrator grants it. `My` is not enough: it makes lists silently shorter."""
        return f"System › Security Roles › your role › {self.module} › {self.function}: set {self.level} to All"

    def __str__(self) -> str:
        return f"{self.function}: {self.level}"


COMPANIES_INQUIRE = Right("Companies", "Company Maintenance", Level.INQUIRE)
TABLE_SETUP_INQUIRE = Right("System", "Table Setup", Level.INQUIRE)
CATALOG_INQUIRE = Right("Procurement", "Product Catalog", Level.INQUIRE)
CATALOG_ADD = Right("Procurement", "Product Catalog", Level.ADD)
AGREEMENTS_INQUIRE = Right("Finance", "Agreements", Level.INQUIRE)
AGREEMENTS_ADD = Right("Finance", "Agreements", Level.ADD)
AGREEMENTS_EDIT = Right("Finance", "Agreements", Level.EDIT)

MINIMUM_ROLE = (
    COMPANIES_INQUIRE,
    TABLE_SETUP_INQUIRE,
    CATALOG_INQUIRE,
    CATALOG_ADD,
    AGREEMENTS_INQUIRE,
    AGREEMENTS_ADD,
    AGREEMENTS_EDIT,
)
"""Shape: the order in which a connection test shows them."""
