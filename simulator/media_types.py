"""Which form of answer a client accepts, and which model version it asks for."""

import re

from simulator.errors import WRONG_VERSION, refused

CURRENT_VERSION = "2026.4"
VENDOR_TYPE = "application/vnd.connectwise.com+json"
VERSION = re.compile(r"(?:v)?(\d{4})[._](\d{1,2})")
OLDEST, NEWEST = (2015, 3), (2026, 4)


def content_type(accept: str, refused_versions: tuple[str, ...]) -> str:
    """The content type of the answer, for any number of media ranges in the Accept header.

    Raises: Refused (406 when no range can be met, 400 for a version that is malformed, unknown or rejected).
    """
    if not accept.strip():
        return "application/json; charset=utf-8"
    fitting: str | None = None
    for media_range in accept.split(","):
        media, *parameters = (part.strip() for part in media_range.split(";"))
        lower = media.lower()
        if lower == VENDOR_TYPE:
            return f"{VENDOR_TYPE}; version={model_version(parameters, refused_versions)}; charset=utf-8"
        if lower in {"*/*", "application/*", "application/json"}:
            fitting = "application/json; charset=utf-8"
    if fitting is None:
        raise refused(406, "ConnectWiseApi", "None of the media types in the Accept header can be served.")
    return fitting


def model_version(parameters: list[str], refused_versions: tuple[str, ...]) -> str:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() != "version":
            continue
        text = value.strip().strip('"')
        match = VERSION.fullmatch(text)
        number = (int(match[1]), int(match[2])) if match else None
        if number is None or not OLDEST <= number <= NEWEST or text in refused_versions:
            raise refused(400, "ConnectWiseApi", f"The version '{text[:20]}' is not supported.{WRONG_VERSION}")
        return text
    return CURRENT_VERSION
