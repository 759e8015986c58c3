"""HTTP for the command line: one request, JSON in and out, and patience while a server is being restarted.

The standard library is enough here; the ledger's own HTTP client belongs to the room that talks to ConnectWise.
Proxies of the environment are not used: everything asked here runs on this machine.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoAnswer(Exception):
    """The server did not answer, or answered with something that is not JSON."""


class Refused(Exception):
    """The server answered with a status that is no success; the message shows the beginning of its body."""

    def __init__(self, method: str, url: str, status: int, body: str) -> None:
        super().__init__(f"{method} {url} answered {status}: {body[:500]}")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a request is repeated while nobody answers. Units: seconds."""

    seconds: float = 0.0
    pause: float = 0.1
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic


def ask(
    method: str,
    url: str,
    body: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = 30.0,
    patience: Patience | None = None,
) -> Any:
    """Send one request and hand back the JSON of its answer, none for an empty one.

    With `patience` it is repeated when nobody answers or a server is not ready (502 to 504): for requests only that
    may be repeated without harm.
    Raises: Refused; NoAnswer.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"not an HTTP URL: {url}")
    patient = patience or Patience()
    give_up_at = patient.now() + patient.seconds
    while True:
        try:
            return _ask_once(method, url, body, headers or {}, timeout_seconds)
        except (NoAnswer, Refused) as error:
            is_passing = isinstance(error, NoAnswer) or error.status in (502, 503, 504)
            if not is_passing or patient.now() >= give_up_at:
                raise
        patient.sleep(patient.pause)


def _ask_once(method: str, url: str, body: object, headers: Mapping[str, str], timeout_seconds: float) -> Any:
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - `ask` lets http and https through, nothing else
        url, data=sent, method=method, headers={"Accept": "application/json", **headers}
    )
    if sent is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with _OPENER.open(request, timeout=timeout_seconds) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(method, url, error.code, error.read().decode(errors="replace")) from error
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{method} {url}: {error}") from error
    try:
        return json.loads(text) if text else None
    except json.JSONDecodeError as error:
        raise NoAnswer(f"{method} {url} answered something that is not JSON") from error
