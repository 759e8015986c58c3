"""Which form of answer a client accepts, and which model version it asks for."""

import re

from simulator.errors import WRONG_VERSION, Refused, refused

CURRENT_VERSION = "2026.4"
VENDOR_TYPE = "application/vnd.connectwise.com+json"
VERSION = re.compile(r"(?:v)?(\d{4})[._](\d{1,2})")
OLDEST, NEWEST = (2015, 3), (2026, 4)


def content_type(accept: str, refused_versions: tuple[str, ...]) -> str:
    """The content type of the answer, for any number of media ranges in the Accept header.

    The first range that can be met decides.
    Raises: Refused, 406 when there is none, 400 when only a malformed, unknown or rejected version stood in the way.
    """
    if not accept.strip():
        return "application/json; charset=utf-8"
    wrong_version: Refused | None = None
    for media_range in accept.split(","):
        media, *parameters = (part.strip() for part in media_range.split(";"))
        lower = media.lower()
        if lower == VENDOR_TYPE:
            try:
                return f"{VENDOR_TYPE}; version={model_version(parameters, refused_versions)}; charset=utf-8"
            except Refused as refusal:
                wrong_version = refusal
        elif lower in {"*/*", "application/*", "application/json"}:
            return "application/json; charset=utf-8"
    raise wrong_version or refused(406, "ConnectWiseApi", "None of the media types in the Accept header can be served.")


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
