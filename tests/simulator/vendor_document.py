"""The vendor's OpenAPI document as a judge of answers, where it is at hand.

The document uses OpenAPI's `nullable`; it is turned into JSON Schema, and members that it does not name are not
allowed, so that the simulator invents nothing. Three places are read more loosely than written: `customFields[].value`
holds any value, `errors` of an error may be null as recorded, and an answer cut down by `fields` need not have what is
required.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator

PATH = Path(__file__).parents[3] / "shared" / "connectwise" / "openapi-subset.json"
MISSING = f"the vendor's OpenAPI document is not there ({PATH.name})"


def is_present() -> bool:
    return PATH.is_file()


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(PATH.read_text())
    return loaded


@cache
def patterns() -> list[tuple[re.Pattern[str], str]]:
    """A pattern per path; those without a parameter first, so that `/count` is not taken for an id."""
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path.rstrip("/")) + "/?", re.IGNORECASE), path) for path in paths]


@cache
def validator(path: str, method: str, status: int) -> Draft202012Validator | None:
    """What the document says about an answer; None when it says nothing."""
    answer = document()["paths"][path].get(method, {}).get("responses", {}).get(str(status))
    if answer is None:
        return None
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content")
    if not content:
        return None
    schemas = {name: as_json_schema(each) for name, each in document()["components"]["schemas"].items()}
    schemas["CustomFieldValue"]["properties"]["value"] = {}
    schemas["ErrorResponseMessage"]["properties"]["errors"]["type"] = ["array", "null"]
    schema = as_json_schema(next(iter(content.values()))["schema"])
    return Draft202012Validator({**schema, "components": {"schemas": schemas}})


def as_json_schema(schema: Any) -> Any:
    if isinstance(schema, list):
        return [as_json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    turned = {name: as_json_schema(value) for name, value in schema.items() if name not in {"nullable", "example"}}
    if "properties" in turned and isinstance(turned["properties"], dict) and "type" in turned:
        turned.setdefault("additionalProperties", False)
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        turned["type"] = [schema["type"], "null"]
        if "enum" in turned:
            turned["enum"] = [*turned["enum"], None]
    return turned


def judge(response: httpx.Response) -> None:
    """Raises: AssertionError with the first disagreements between an answer and the document."""
    request = response.request
    path = request.url.path
    where = re.fullmatch(r"/+[^/]+/+apis/3\.0(/.*)", path)
    rest = where[1] if where else path
    found = next((name for pattern, name in patterns() if pattern.fullmatch(re.sub(r"/+", "/", rest))), None)
    if found is None:
        return
    judging = validator(found, request.method.lower(), response.status_code)
    if judging is None:
        return
    cut_down = any(name.lower() == "fields" for name in request.url.params)
    errors = [
        f"{error.json_path}: {error.message}"
        for error in judging.iter_errors(response.json())
        if not (cut_down and error.validator == "required")
    ]
    assert errors == [], f"{request.method} {found} {response.status_code}"
