"""The committed corpus of hostile inputs, as the files beside this module hold it.

Each file is an object of named inputs, or a list of inputs that name themselves. What would be too long to write down
is described: `{"repeat": TEXT, "times": N}`, `{"join": [PARTS]}`, `{"count": [BEFORE, AFTER, N]}` (a number between),
`{"chain": [A, B, C, D, N]}` (a number after A, the next one after B and after C). Numbers have two forms of their own:
`{"raw": TEXT}` stands in the JSON as it is, `{"value": ANYTHING}` is that value.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "corpus"
NAMES = (
    *("texts", "numbers", "urls", "documents", "bodies", "raw_bodies"),
    *("parameters", "paths", "methods", "requests", "headers"),
)


@dataclass(frozen=True, slots=True)
class Raw:
    """A piece of JSON that no encoder would write."""

    text: str


def inputs(name: str) -> dict[str, Any]:
    """The inputs of one file by name, as the file describes them."""
    read = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return read if isinstance(read, dict) else {_name(each): each for each in read}


def text(described: Any) -> str:
    """The text that a description stands for."""
    match described:
        case str():
            return described
        case {"repeat": part, "times": times}:
            return text(part) * int(times)
        case {"join": parts}:
            return "".join(map(text, parts))
        case {"count": [before, after, times]}:
            return "".join(f"{before}{number}{after}" for number in range(times))
        case {"chain": [first, second, third, fourth, times]}:
            return "".join(f"{first}{n}{second}{n + 1}{third}{n + 1}{fourth}" for n in range(times))
        case _:
            raise ValueError(f"no text: {described!r}")


def number(described: Any) -> Any:
    """What stands where a number should: a value, or `Raw` JSON."""
    match described:
        case {"raw": raw}:
            return Raw(text(raw))
        case {"value": value}:
            return value
        case {"repeat": _} | {"join": _}:
            return text(described)
        case _:
            return described


def raw_bytes(described: Any) -> bytes:
    match described:
        case {"hex": digits}:
            return bytes.fromhex(digits)
        case {"encode": [told, encoding]}:
            encoded: bytes = told.encode(encoding)
            return encoded
        case _:
            raise ValueError(f"no bytes: {described!r}")


def as_json(value: Any) -> str:
    """JSON with `Raw` pieces in it, halves of surrogate pairs as escapes."""
    match value:
        case Raw(text=raw):
            return raw
        case dict():
            return "{" + ",".join(f"{json.dumps(str(key))}:{as_json(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ",".join(map(as_json, value)) + "]"
        case _:
            return json.dumps(value)


def _name(described: Any) -> str:
    return described if isinstance(described, str) else json.dumps(described)[:80]
