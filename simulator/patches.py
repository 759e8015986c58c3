"""JSON Patch as ConnectWise understands it.

Paths are case-sensitive and may begin with a slash. Inside a reference nothing can be changed: such an
operation answers 200 and has no effect, which is why a client must read back what it wrote. Custom fields are
replaced as a whole array. All operations of a request are applied together or not at all.
"""

from typing import Any

from simulator.errors import unknown_member, unreadable
from simulator.shapes import Kind, Record, Shape

OPERATIONS = ("add", "replace", "remove")


def changes_of(body: Any, shape: Shape, current: Record) -> Record:
    """The members that a patch sets, with null for those it removes; empty when it would change nothing.

    Raises: Refused (400) for a body that is no patch or a path that names no member.
    """
    if not isinstance(body, list):
        raise unreadable("Cannot deserialize the current JSON into a list of patch operations: an array is expected.")
    changes: Record = {}
    for operation in body:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise unreadable("A patch operation needs op, path and value.")
        op = operation.get("op")
        if op not in OPERATIONS:
            raise unreadable(f"The patch operation {str(op)[:20]!r} is not supported; use {', '.join(OPERATIONS)}.")
        path = operation["path"].removeprefix("/")
        apply(op, path, operation.get("value"), shape=shape, current=current, changes=changes)
    return changes


def apply(op: str, path: str, value: Any, *, shape: Shape, current: Record, changes: Record) -> None:
    name, *inner = path.split("/")
    field = shape.fields.get(name)
    if field is None:
        raise unknown_member(name, shape.type_name, len(name))
    if not inner:
        changes[name] = None if op == "remove" else value
    elif field.kind is Kind.LIST and name != "customFields":
        changes[name] = edited_list(op, inner, value, changes.get(name, current.get(name)) or [], path)


def edited_list(op: str, inner: list[str], value: Any, elements: list[Any], path: str) -> list[Any]:
    """A list with one element, or one member of an element, added, replaced or removed."""
    edited = [dict(each) if isinstance(each, dict) else each for each in elements]
    if inner == ["-"] and op == "add":
        return [*edited, value]
    if not inner[0].isdecimal() or int(inner[0]) >= len(edited) + (op == "add" and len(inner) == 1):
        raise unreadable(f"The patch path '{path[:60]}' points at nothing.")
    index = int(inner[0])
    if len(inner) == 1:
        match op:
            case "add":
                edited.insert(index, value)
            case "replace":
                edited[index] = value
            case _:
                del edited[index]
        return edited
    if len(inner) != 2 or not isinstance(edited[index], dict):
        raise unreadable(f"The patch path '{path[:60]}' points at nothing.")
    if op == "remove":
        edited[index].pop(inner[1], None)
    else:
        edited[index][inner[1]] = value
    return edited
