"""What a record consists of: fields with their kinds, and which of them the server owns.

One table per resource drives everything that looks at fields: validation of bodies, JSON Patch, conditions, `orderBy`
and `fields`. The tables themselves stand in `company_shapes`, `catalog_shapes` and `agreement_shapes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

Record = dict[str, Any]
"""One stored or answered record: JSON values by field name."""


class Kind(Enum):
    TEXT = auto()
    NUMBER = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    DATE = auto()
    ENUM = auto()
    REFERENCE = auto()
    LIST = auto()
    INFO = auto()


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that points at another record.

    `table` names the table that must hold the record, or is None where the simulator keeps no such records and
    takes any reference as it comes. `fields` are the members the reference shows, `id` first.
    """

    table: str | None
    fields: tuple[str, ...] = ("id", "name")
    href: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    max_length: int | None = None
    options: tuple[str, ...] = ()
    reference: Reference | None = None
    elements: Mapping[str, Kind] = field(default_factory=dict)
    """For a list of objects: the members of an element. Empty for a list of plain values."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one resource.

    `resource` is the word used in error bodies (`addition object is invalid`), `type_name` the one used for
    JSON members and missing records. `owned` fields are computed by the server: what a client sends for them
    is passed over.
    """

    resource: str
    type_name: str
    fields: Mapping[str, Field]
    required: tuple[str, ...]
    owned: frozenset[str]
    ranges: Mapping[str, tuple[float, float]]


INFO_FIELDS = ("lastUpdated", "updatedBy", "dateEntered", "enteredBy")
CUSTOM_FIELD = {
    "id": Kind.INTEGER,
    "caption": Kind.TEXT,
    "type": Kind.TEXT,
    "entryMethod": Kind.TEXT,
    "numberOfDecimals": Kind.INTEGER,
    "value": Kind.TEXT,
    "connectWiseId": Kind.TEXT,
}


def shape(
    resource: str,
    type_name: str,
    *,
    required: str = "",
    texts: Mapping[str, int | None] | None = None,
    numbers: str = "",
    integers: str = "",
    booleans: str = "",
    dates: str = "",
    enums: Mapping[str, str] | None = None,
    references: Mapping[str, Reference] | None = None,
    lists: Mapping[str, Mapping[str, Kind]] | None = None,
    owned: str = "",
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Shape:
    """Build a shape from names separated by blanks; `id` and `_info` are added and belong to the server."""
    fields = [
        Field("id", Kind.INTEGER),
        *(Field(name, Kind.TEXT, max_length=length) for name, length in (texts or {}).items()),
        *(Field(name, Kind.NUMBER) for name in numbers.split()),
        *(Field(name, Kind.INTEGER) for name in integers.split()),
        *(Field(name, Kind.BOOLEAN) for name in booleans.split()),
        *(Field(name, Kind.DATE) for name in dates.split()),
        *(Field(name, Kind.ENUM, options=tuple(options.split())) for name, options in (enums or {}).items()),
        *(Field(name, Kind.REFERENCE, reference=target) for name, target in (references or {}).items()),
        *(Field(name, Kind.LIST, elements=elements) for name, elements in (lists or {}).items()),
        Field("_info", Kind.INFO),
    ]
    return Shape(
        resource=resource,
        type_name=type_name,
        fields={each.name: each for each in fields},
        required=tuple(required.split()),
        owned=frozenset({"id", "_info", *owned.split()}),
        ranges=ranges or {},
    )


NAMED = Reference(None)
"""A reference to something the simulator keeps no records of, shown as id and name."""
IDENTIFIED = Reference(None, ("id", "identifier", "name"))
"""The same for what also has an identifier: countries, members, departments."""


def named(names: str, target: Reference = NAMED) -> dict[str, Reference]:
    """Several fields that point at the same kind of thing."""
    return dict.fromkeys(names.split(), target)
