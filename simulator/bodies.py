"""Reading what a client sends: JSON, members, kinds, references; and the checks that a whole record must pass.

Members that the server owns are passed over in silence; members it does not know are refused. A record is
checked as a whole, also after a PATCH of one field, so old values can stand in the way of a new one.
"""

from typing import Any, TypeGuard

import orjson

from simulator.clock import instant_text, read_instant
from simulator.errors import Finding, Refused, finding, invalid_object, unknown_member, unreadable
from simulator.shapes import Field, Kind, Record, Shape
from simulator.store import Tables


def json_body(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise unreadable(f"The request body is not valid JSON: {error}") from error


def members(raw: bytes, body: Any, shape: Shape) -> Record:
    """A body's members, known ones only.

    Raises: Refused for a body that is not an object or has a member the shape lacks.
    """
    if not isinstance(body, dict):
        raise unreadable(f"Cannot deserialize the current JSON into type '{shape.type_name}': an object is expected.")
    for name in body:
        if name not in shape.fields:
            raise unknown_member(name, shape.type_name, position_after(raw, name))
    return body


def position_after(raw: bytes, name: str) -> int:
    """How many characters of the body end with the member's name and its colon, as the server counts."""
    found = raw.find(orjson.dumps(name))
    return max(0, found) + len(name) + 3


def read_members(tables: Tables, shape: Shape, given: Record) -> tuple[Record, list[Finding]]:
    """The values a client sets, in the form in which records hold them; null stands for "unset".

    Raises: Refused for a value of the wrong JSON type.
    """
    values: Record = {}
    found: list[Finding] = []
    for name, value in given.items():
        if name in shape.owned:
            continue
        field = shape.fields[name]
        if value is None:
            values[name] = None
        elif field.kind is Kind.REFERENCE:
            values[name] = reference_value(tables, shape, field, value, found)
        elif field.kind is Kind.LIST:
            values[name] = list_value(tables, shape, field, value, found)
        else:
            values[name] = plain_value(field, value)
            if field.kind is Kind.ENUM and values[name] is UNKNOWN:
                message = f"{name} has no value {str(value)[:40]!r}; it is one of {', '.join(field.options)}."
                found.append(finding("InvalidField", message, shape.resource, name))
    return values, found


LARGEST_NUMBER = 1e12
"""Beyond it amounts would no longer be exact to the cent."""
LARGEST_INTEGER = 2**31 - 1
NAMED_BY = ("id", "identifier", "name")
UNKNOWN = object()
"""In place of an enum value that the field does not have."""


def plain_value(field: Field, value: Any) -> Any:
    """A value of a plain kind. Numbers and flags written as text are read too, as the server's parser does."""
    match field.kind, value:
        case Kind.TEXT, str():
            return value
        case Kind.TEXT, (int() | float()) if not isinstance(value, bool):
            return str(value)
        case Kind.BOOLEAN, bool():
            return value
        case Kind.BOOLEAN, str() if value.lower() in {"true", "false"}:
            return value.lower() == "true"
        case Kind.NUMBER, (int() | float()) if not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER:
            return float(value)
        case Kind.INTEGER, int() if not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER:
            return value
        case ((Kind.NUMBER | Kind.INTEGER), str()):
            return number_from(field, value)
        case Kind.DATE, str():
            return stored_instant(field, value)
        case Kind.ENUM, str():
            by_lower = {option.lower(): option for option in field.options}
            return by_lower.get(value.lower(), UNKNOWN)
    raise wrong_type(field, value)


def number_from(field: Field, value: str) -> float | int:
    try:
        number = float(value) if field.kind is Kind.NUMBER else int(value)
    except ValueError as error:
        raise wrong_type(field, value) from error
    if not abs(number) <= (LARGEST_NUMBER if field.kind is Kind.NUMBER else LARGEST_INTEGER):
        raise wrong_type(field, value)
    return number


def wrong_type(field: Field, value: Any) -> Exception:
    word = {Kind.NUMBER: "double", Kind.INTEGER: "integer", Kind.DATE: "DateTime"}.get(
        field.kind, field.kind.name.lower()
    )
    shown = str(value)[:60]
    return unreadable(f"Could not convert {type(value).__name__} to {word}: {shown}. Path '{field.name}', line 1.")


def stored_instant(field: Field, value: str) -> str:
    try:
        return instant_text(read_instant(value))
    except ValueError as error:
        raise wrong_type(field, value) from error


def reference_value(tables: Tables, shape: Shape, field: Field, value: Any, found: list[Finding]) -> Any:
    if not isinstance(value, dict):
        raise wrong_type(field, value)
    if field.reference is None:
        raise AssertionError(f"{field.name} has no reference")
    for name in value:
        if name not in {*field.reference.fields, "_info"}:
            raise unknown_member(name, field.name, len(name))
    value = {**value, **{name: named_by(name, value[name]) for name in NAMED_BY if value.get(name) is not None}}
    if not any(value.get(name) is not None for name in NAMED_BY):
        return None
    resolved = tables.resolve(field.reference, value)
    if resolved is None:
        by = next(name for name in NAMED_BY if value.get(name) is not None)
        word = field.name[0].upper() + field.name[1:]
        message = f"{word} {value[by]} not found"
        found.append(finding("NotFound", message, shape.resource, f"{field.name}/{by}"))
    return resolved


def named_by(name: str, value: Any) -> Any:
    """What a reference is found by: an id is an integer, an identifier or a name is a text."""
    return plain_value(Field(name, Kind.INTEGER if name == "id" else Kind.TEXT), value)


def list_value(tables: Tables, shape: Shape, field: Field, value: Any, found: list[Finding]) -> list[Any]:
    if not isinstance(value, list):
        raise wrong_type(field, value)
    if field.name != "types":
        return value
    types = tables["companyType"].rows
    chosen: list[Any] = []
    for each in value:
        type_id = each.get("id") if isinstance(each, dict) else each
        row = types.get(type_id) if is_id(type_id) else None
        if row is None:
            found.append(finding("NotFound", f"Type {type_id} not found", shape.resource, "types/id"))
        else:
            chosen.append({"id": row["id"], "name": row["name"]})
    return chosen


def is_id(value: Any) -> TypeGuard[int]:
    """JSON's true is no number."""
    return isinstance(value, int) and not isinstance(value, bool)


CUSTOM_KINDS = {"Number": Kind.NUMBER, "Currency": Kind.NUMBER, "Percent": Kind.NUMBER, "Checkbox": Kind.BOOLEAN}
"""Custom fields by type whose values are no texts."""


def with_custom_fields(
    definitions: list[dict[str, Any]], values: list[Any] | None, resource: str, found: list[Finding]
) -> list[dict[str, Any]]:
    """Every custom field the MSP has set up, with the sent values; those not sent are emptied."""
    by_id = {definition["id"]: definition for definition in definitions}
    sent: dict[int, Any] = {}
    for each in values or ():
        field_id = each.get("id") if isinstance(each, dict) else None
        definition = by_id.get(field_id) if is_id(field_id) else None
        if definition is None:
            found.append(finding("NotFound", f"Custom field {field_id} not found", resource, "customFields/id"))
        elif each.get("value") is not None:
            sent[definition["id"]] = custom_value(definition, each["value"], resource, found)
    return [{**definition, "value": sent.get(definition["id"])} for definition in definitions]


def custom_value(definition: dict[str, Any], value: Any, resource: str, found: list[Finding]) -> Any:
    kind = CUSTOM_KINDS.get(definition["type"], Kind.TEXT)
    try:
        return plain_value(Field(definition["caption"], kind), value)
    except Refused:
        message = f"The value of {definition['caption']} must be a {kind.name.lower()}."
        found.append(finding("InvalidField", message, resource, "customFields/value"))
        return None


def findings(shape: Shape, record: Record) -> list[Finding]:
    """What is wrong with a whole record: missing, too long, out of range."""
    found: list[Finding] = []
    for name in shape.required:
        value = record.get(name)
        if value is None or value == "":
            found.append(finding("MissingRequiredField", f"The {name} field is required.", shape.resource, name))
    for name, field in shape.fields.items():
        value = record.get(name)
        if field.max_length is not None and isinstance(value, str) and len(value) > field.max_length:
            message = f"The field {name} must be a string with a maximum length of {field.max_length}."
            found.append(finding("MaxLengthField", message, shape.resource, name))
    for name, (low, high) in shape.ranges.items():
        value = record.get(name)
        if value is not None and not low <= value <= high:
            message = f"The field {name} must be between {low} and {high}."
            found.append(finding("OutOfRange", message, shape.resource, name))
    return found


def check(shape: Shape, record: Record, more: list[Finding]) -> None:
    """Raises: Refused (400, InvalidObject) naming every finding at once."""
    named = {each["field"].partition("/")[0] for each in more}
    found = more + [each for each in findings(shape, record) if each["field"] not in named]
    if found:
        raise invalid_object(shape.resource, found)
