"""Troubles to order: each fault names the requests it meets, how often, and what happens to them.

A fault meets requests of its method (any if absent) whose endpoint or path fits its glob, passes over the
first `skip`, and is used up after `count` of them (never if absent). Kinds:

    latency     {"seconds": 1.5} or {"distribution": "measured"}: the answer comes later
    throttle    {"retry_after": 30 | "date" | null}: 429, in seconds, as an HTTP date, or without the header
    error       {"status": 500, "body": "json" | "timeout" | "boolean" | "html"}: nothing is done
    error_after the same, but the request took effect first
    cut         {"when": "before" | "after"}: the connection drops, before or after the request took effect
    slow_body   {"seconds": 5}: the body trickles
    truncated   {}: the body ends in the middle of the JSON, with a length that fits
    oversized   {"bytes": 200000000}: the body is padded with blanks to that size
    action      {"action": "...", ...}: one of `actions` happens right before the request is carried out
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = (
    "latency",
    "throttle",
    "error",
    "error_after",
    "cut",
    "slow_body",
    "truncated",
    "oversized",
    "action",
)
ERROR_BODIES = ("json", "timeout", "boolean", "html")
CUTS = ("before", "after")
MEASURED_MEDIAN = 1.0
MEASURED_P90 = 6.3
MEASURED_MAX = 28.0
"""Seconds; 56 calls to a real cloud tenant in 2025."""
SIGMA = math.log(MEASURED_P90 / MEASURED_MEDIAN) / 1.2815515655446004
"""Spread of the log-normal distribution through that median and 90th percentile."""


@dataclass(slots=True)
class Fault:
    id: int
    kind: str
    method: str | None = None
    endpoint: str = "*"
    skip: int = 0
    count: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    met: int = 0

    def meets(self, method: str, endpoint: str, path: str) -> bool:
        return (self.method is None or self.method == method) and (
            fnmatchcase(endpoint.lower(), self.endpoint.lower()) or fnmatchcase(path.lower(), self.endpoint.lower())
        )


def fault_from(described: Mapping[str, Any], fault_id: int) -> Fault:
    """Read a fault as the admin path takes it: kind, method, endpoint, skip, count; the rest is the kind's own detail.

    Raises: ValueError when it does not make sense.
    """
    rest = dict(described)
    kind = rest.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"no kind of fault {str(kind)[:40]!r}; there are {', '.join(KINDS)}")
    method = rest.pop("method", None)
    endpoint = rest.pop("endpoint", "*")
    skip = rest.pop("skip", 0)
    count = rest.pop("count", None)
    if method is not None and not isinstance(method, str):
        raise ValueError("method is a text like PATCH")
    if not isinstance(endpoint, str):
        raise ValueError("endpoint is a text like /finance/agreements/*/additions")
    if not whole(skip, 0) or (count is not None and not whole(count, 1)):
        raise ValueError("skip is 0 or more, count 1 or more")
    check_detail(kind, rest)
    return Fault(fault_id, kind, method.upper() if method else None, endpoint, skip, count, rest)


def check_detail(kind: str, detail: Mapping[str, Any]) -> None:
    known: dict[str, tuple[str, ...]] = {
        "latency": ("seconds", "distribution"),
        "throttle": ("retry_after",),
        "error": ("status", "body"),
        "error_after": ("status", "body"),
        "cut": ("when",),
        "slow_body": ("seconds",),
        "truncated": (),
        "oversized": ("bytes",),
    }
    if kind != "action" and (strange := set(detail) - set(known[kind])):
        raise ValueError(f"{kind} knows nothing of {', '.join(sorted(strange))}")
    match kind:
        case "latency" if detail.get("distribution") != "measured" and not number(detail.get("seconds")):
            raise ValueError('latency needs "seconds" or "distribution": "measured"')
        case "slow_body" if not number(detail.get("seconds")):
            raise ValueError('slow_body needs "seconds"')
        case "oversized" if not whole(detail.get("bytes"), 1):
            raise ValueError('oversized needs "bytes"')
        case "cut" if detail.get("when") not in CUTS:
            raise ValueError('cut needs "when": "before" or "after"')
        case "error" | "error_after" if (
            not whole(detail.get("status", 500), 400) or detail.get("body", "json") not in ERROR_BODIES
        ):
            raise ValueError('error takes a "status" from 400 and a "body" of json, timeout, boolean or html')
        case "throttle" if not (detail.get("retry_after") in {None, "date"} or whole(detail.get("retry_after"), 0)):
            raise ValueError('throttle takes "retry_after" as seconds, "date" or null')
        case "action" if not isinstance(detail.get("action"), str):
            raise ValueError('action needs "action": its name')
        case _:
            return


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def take(faults: list[Fault], method: str, endpoint: str, path: str) -> list[Fault]:
    """The faults that this request meets, counted; those used up are dropped from the list."""
    struck: list[Fault] = []
    for fault in faults:
        if fault.meets(method, endpoint, path):
            fault.met += 1
            if fault.met > fault.skip:
                struck.append(fault)
    faults[:] = [each for each in faults if each.count is None or each.met < each.skip + each.count]
    return struck


def latency_seconds(detail: Mapping[str, Any], chance: random.Random) -> float:
    """How long this answer is held back."""
    if detail.get("distribution") == "measured":
        return min(MEASURED_MAX, MEASURED_MEDIAN * math.exp(chance.gauss(0, SIGMA)))
    return float(detail["seconds"])
