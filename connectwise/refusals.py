"""What a 4xx of ConnectWise means, read from its status and its body.

The same trouble comes in several dresses: wrong keys as 401 or 404, a bad clientId as 400, 401 or 403, a page of a
firewall with any status. The bodies are those that were seen in the field. Source: api-facts §2, §4.
"""

import re

from connectwise import shapes
from connectwise.errors import (
    AlreadyExists,
    ClientIdRefused,
    FrontRefused,
    NotFound,
    PsaError,
    Reason,
    RecordInUse,
    RequestRefused,
    RightMissing,
    UnreadableAnswer,
    WrongKeys,
    WrongSite,
)
from connectwise.exchange import Answer
from connectwise.rights import Right
from connectwise.words import fit


def refusal(answer: Answer, right: Right) -> PsaError:
    """The error that a 4xx stands for. `right` is the one that the request needed."""
    told = _told(answer)
    code, said = _text(told, "code"), _text(told, "message")
    message = fit(said, answer.secrets) or f"the PSA answered {answer.status}"
    if answer.status in {400, 401, 403} and re.search(r"client[ _-]?id\b", f"{code} {said[:2000]}", re.IGNORECASE):
        return ClientIdRefused(f"the PSA refuses our clientId: {message}")
    if "ssl is required" in said.lower():
        return WrongSite(
            "the PSA says that SSL is required: the API answers at another host, usually with the prefix api-"
        )
    match answer.status:
        case 401:
            return WrongKeys(f"company id, public or private key are not accepted: {message}")
        case 403 if told is None:
            return FrontRefused("403 without ConnectWise's own words: a firewall in front of the PSA refused us")
        case 403:
            return RightMissing(right, message)
        case 404 if told is None:
            return FrontRefused("404 without ConnectWise's own words: something in front of the PSA knows no such path")
        case 404 if is_path_gone(answer):
            return WrongSite(f"the PSA does not have what every PSA has: {message}")
        case 404:
            return NotFound(message)
        case status if told is None:
            return FrontRefused(f"{status} without ConnectWise's own words: something in front of the PSA refused us")
        case 409:
            return RecordInUse(409, fit(code, answer.secrets), message, _reasons(told, answer))
        case status:
            reasons = _reasons(told, answer)
            kind = AlreadyExists if any(each.code == "ObjectExists" for each in reasons) else RequestRefused
            return kind(status, fit(code, answer.secrets), message, reasons)


def is_path_gone(answer: Answer) -> bool:
    """Whether a 404 is about the path, not about a record: then the tenant may have moved to another codebase."""
    return answer.status == 404 and _text(_told(answer), "code") != "NotFound"


def is_endpoint_unknown(answer: Answer) -> bool:
    """Whether ConnectWise itself says that it has no such path, and therefore did nothing. Source: api-facts §4."""
    return answer.status == 404 and "endpoint does not exist" in _text(_told(answer), "message").lower()


def _told(answer: Answer) -> shapes.Record | None:
    """The PSA's own words, or None when the body is not ConnectWise's JSON."""
    try:
        parsed = shapes.parse_json(answer.body)
    except UnreadableAnswer:
        return None
    return parsed if isinstance(parsed, dict) else None


def _text(told: shapes.Record | None, name: str) -> str:
    """As it came: to be compared, not to be shown."""
    value = told.get(name) if told else None
    return value if isinstance(value, str) else ""


def _reasons(told: shapes.Record, answer: Answer) -> tuple[Reason, ...]:
    errors = told.get("errors")
    inner = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []

    def shown(each: shapes.Record, name: str) -> str:
        return fit(_text(each, name), answer.secrets)

    return tuple(
        Reason(shown(each, "code"), shown(each, "message"), shown(each, "field") or None) for each in inner[:20]
    )
