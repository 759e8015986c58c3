"""Every way the PSA says no, with the body it was seen to send.

    Refused          carries status, body and headers; raised anywhere, turned into an answer in one place (`psa`)

Bodies marked [seen] were recorded from live systems or stand in the vendor's guide; the others follow the
common shape.
"""

from collections.abc import Iterable, Mapping
from typing import Any

WRONG_VERSION = "Check your accept header to make sure you are using the correct version."


class Refused(Exception):
    """The PSA's no. `body` is JSON-ready; bytes are sent as they are."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body!r}"[:300])
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def refused(status: int, code: str, message: str) -> Refused:
    return Refused(status, {"code": code, "message": message})


def no_such_endpoint() -> Refused:
    """[seen]"""
    return refused(404, "ConnectWiseApi", "The endpoint does not exist.")


def no_such_record(type_name: str, record_id: int | str) -> Refused:
    """[seen]"""
    return refused(404, "NotFound", f"{type_name} {record_id} not found")


def no_permission() -> Refused:
    """[seen]"""
    return refused(403, "Security", "You do not have security permission to perform this action.")


def ssl_required(status: int) -> Refused:
    """The body is [seen]; its status was not recorded."""
    return Refused(status, {"code": "Security", "message": "SSL is required.", "errors": None})


def too_many_requests(retry_after: str | None, seconds: int) -> Refused:
    """[seen] Note `error` where every other body has `code`."""
    body = {"error": "ConnectWiseAPI", "message": f"Too many requests. Please try again in {seconds} seconds."}
    return Refused(429, body, {} if retry_after is None else {"Retry-After": retry_after})


def bad_condition(message: str) -> Refused:
    """[seen] Without `errors`."""
    return refused(400, "ApiFindCondition", message)


def unknown_name(name: str) -> Refused:
    """[seen]"""
    return bad_condition(f"{name} is not a recognized name.")


def unknown_member(member: str, type_name: str, position: int) -> Refused:
    """[seen] for search bodies. `position` counts characters to the end of the member's name."""
    return refused(
        400,
        "ConnectWiseApi",
        f"Could not find member '{member}' on object of type '{type_name}'. "
        f"Path '{member}', line 1, position {position}.{WRONG_VERSION}",
    )


def unreadable(message: str) -> Refused:
    return refused(400, "ConnectWiseApi", message)


Finding = dict[str, str]
"""One entry of `errors`: code, message, resource, field."""


def finding(code: str, message: str, resource: str, field: str) -> Finding:
    return {"code": code, "message": message, "resource": resource, "field": field}


def invalid_object(resource: str, findings: Iterable[Finding]) -> Refused:
    """[seen] Several findings may come at once."""
    return Refused(400, {"code": "InvalidObject", "message": f"{resource} object is invalid", "errors": list(findings)})
