"""One request and its answer: bounded in time and size, counted against the budget, told apart by what may have
happened.

A read is tried again, with growing, jittered pauses and obeying Retry-After; a write is sent once, ever. What failed
before the first byte left is certainly not applied; what failed after it is unknown, and says so by its type.

Source: api-facts §4 (retry rules, limits, latency: median 1.0 s, slowest 28 s and beyond).
"""

import random
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

import httpx

from connectwise.budget import Budget
from connectwise.errors import (
    DeadlinePassed,
    HostNotFound,
    NoAnswer,
    OutcomeUnknown,
    PsaError,
    Throttled,
    Unreachable,
    UnreadableAnswer,
    WrongSite,
)
from connectwise.guard import ending_by
from connectwise.words import fit, secrets_of
from domain.values import Tenant

T = TypeVar("T")

Deadline = datetime | float
"""An aware instant of `Time.now`, or seconds of `Time.monotonic`."""

DEFAULT_PAUSE_SECONDS = 30.0
"""What a 429 without any number means: the guide's own example says 30 seconds."""

ONE_RECORD_BYTES = 1024 * 1024
"""More than any single record, count or refusal has; only pages of many records may be larger."""

LONGEST_PAUSE_SECONDS = 3600.0
"""What a 429 can ask for, however much it says: nobody may lock a tenant out of its own billing for days."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Time:
    """Everything here that depends on time or chance, to be replaced by tests."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def ends_at(self, deadline: Deadline) -> float:
        """The deadline in seconds of `monotonic`."""
        if isinstance(deadline, datetime):
            return self.monotonic() + (deadline - self.now()).total_seconds()
        return deadline


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request and of its retries.

    Units: seconds and bytes. `request_seconds` bounds one request from connecting to the last byte, `read_seconds`
    one step of waiting for bytes, `answer_bytes` the largest decompressed answer of any kind. `patience_seconds` is
    how long a request waits for the budget. A write is not sent with less than `least_write_seconds` left before its
    deadline: what is given up early can still take effect, after its outcome was looked up. A read is tried `attempts`
    times, but not again later than `retry_seconds` after it began; a pause longer than `longest_pause_seconds` is left
    to the caller.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 75.0
    write_seconds: float = 30.0
    request_seconds: float = 120.0
    patience_seconds: float = 60.0
    answer_bytes: int = 32 * 1024 * 1024
    attempts: int = 5
    first_pause_seconds: float = 0.4
    longest_pause_seconds: float = 45.0
    retry_seconds: float = 240.0
    least_write_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: any status from 200 to 299, or a 4xx that is not 408 or 429.

    `secrets` is what the request carried and no message may repeat.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_json(self) -> bool:
        return self.body.lstrip()[:1] in {b"{", b"["} or self.body.strip() == b"null"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as those who watch are told of it. Units: seconds of `Time.monotonic`.

    `verdict` is `ok`, `refused` for a 4xx in the PSA's own words, `unknown` for a write that may have been applied, or
    the verdict of the error: `never`, `later`, `after`. `waited` is how long the budget kept it, `lasted` the time
    after that.
    """

    method: str
    verdict: str
    waited: float
    lasted: float


@dataclass(slots=True)
class _Spent:
    """When the budget let a request go; none while it waits."""

    sent_at: float | None = None


def _nobody_watches(_: Call) -> None:
    return None


class Http(Protocol):
    """The way to the sites (`guard.GuardedHttp`), to be replaced by tests."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Mapping[str, float]
    ) -> httpx.Response: ...


@dataclass(frozen=True, slots=True)
class Wire:
    """The way out that all tenants of a process share: guarded transport, our clientId, the budget, the bounds.

    `watch` is told of every request that ended, in whatever way.
    """

    http: Http
    client_id: str = field(repr=False)
    budget: Budget
    time: Time = Time()
    limits: Limits = Limits()
    watch: Callable[[Call], None] = _nobody_watches

    def read(self, tenant: Tenant, url: str, headers: Mapping[str, str]) -> Answer:
        """GET, tried again while that makes sense.

        Raises: SiteRefused, WrongSite, Unreachable, Throttled, NoAnswer, UnreadableAnswer.
        """
        return self.retrying(lambda: self.read_once(tenant, url, headers))

    def read_once(
        self, tenant: Tenant, url: str, headers: Mapping[str, str], most_bytes: int = ONE_RECORD_BYTES
    ) -> Answer:
        """GET, once. `most_bytes` bounds what is unpacked. Raises: as `read`."""
        return self._watched("GET", lambda spent: self._read_once(tenant, url, headers, most_bytes, spent))

    def _read_once(
        self, tenant: Tenant, url: str, headers: Mapping[str, str], most_bytes: int, spent: _Spent
    ) -> Answer:
        ends_at = self.time.monotonic() + self.limits.request_seconds
        with self._slot(tenant, ends_at, spent):
            try:
                answer = self._carry("GET", url, headers, None, ends_at=ends_at, most_bytes=most_bytes)
            except httpx.TransportError as error:
                raise NoAnswer(f"the PSA gave no complete answer ({type(error).__name__})") from None
            # Told within the slot: a pause follows, and nobody keeps a place meanwhile.
            if answer.status == 408 or answer.status >= 500:
                raise NoAnswer(f"the PSA answered {answer.status}{_excerpt(answer)}")
            self._refuse_throttled(tenant, answer)
        if not 200 <= answer.status < 300 and not 400 <= answer.status < 500:
            raise WrongSite(f"the site answered {answer.status}; redirects are not followed")
        return answer

    def write(
        self, tenant: Tenant, method: str, url: str, *, headers: Mapping[str, str], body: bytes, deadline: Deadline
    ) -> Answer:
        """POST or PATCH, sent at most once and never after the deadline; the request ends by it.

        Raises: DeadlinePassed, Throttled, Unreachable, SiteRefused: nothing was sent or applied. OutcomeUnknown: it may
        have been.
        """
        return self._watched(
            method,
            lambda spent: self._write(tenant, method, url, headers=headers, body=body, deadline=deadline, spent=spent),
        )

    def _write(
        self,
        tenant: Tenant,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        deadline: Deadline,
        spent: _Spent,
    ) -> Answer:
        ends_at = min(self.time.ends_at(deadline), self.time.monotonic() + self.limits.request_seconds)
        with self._slot(tenant, ends_at, spent, self.limits.least_write_seconds):
            try:
                typed = {**headers, "Content-Type": "application/json"}
                answer = self._carry(method, url, typed, body, ends_at=ends_at, most_bytes=ONE_RECORD_BYTES)
            except httpx.TransportError as error:
                raise OutcomeUnknown(f"{method} was sent and not answered ({type(error).__name__})") from None
            except UnreadableAnswer as error:
                raise OutcomeUnknown(f"{method} was sent; {error.message}") from error
        if answer.status == 408 or not (200 <= answer.status < 300 or 400 <= answer.status < 500):
            raise OutcomeUnknown(f"{method} was sent and answered {answer.status}{_excerpt(answer)}")
        self._refuse_throttled(tenant, answer)
        return answer

    def _watched(self, method: str, send: Callable[[_Spent], Answer]) -> Answer:
        """Send, and tell whoever watches how it went."""
        spent, began = _Spent(), self.time.monotonic()

        def tell(verdict: str) -> None:
            ended = self.time.monotonic()
            sent_at = ended if spent.sent_at is None else spent.sent_at
            self.watch(Call(method, verdict, sent_at - began, ended - sent_at))

        try:
            answer = send(spent)
        except PsaError as error:
            tell("unknown" if isinstance(error, OutcomeUnknown) else type(error.verdict).__name__.lower())
            raise
        if answer.status < 400:
            tell("ok")
        else:
            # A page that is not in the PSA's own words comes from a front, and passes (see `refusals`).
            tell("refused" if answer.is_json and answer.status != 409 else "later")
        return answer

    def retrying(self, attempt: Callable[[], T]) -> T:
        """Call a read until it answers, is refused, or its attempts are used up. The last error is raised.

        Units: the pause is drawn evenly from 0 to a bound that starts at `first_pause_seconds` and doubles; never
        less than Retry-After.
        """
        bound = self.limits.first_pause_seconds
        not_after = self.time.monotonic() + self.limits.retry_seconds
        for left in range(self.limits.attempts - 1, -1, -1):
            try:
                return attempt()
            except PsaError as error:
                pause = self._pause_after(error, bound)
                if left == 0 or pause is None or self.time.monotonic() + pause > not_after:
                    raise
            self.time.sleep(pause)
            bound = min(bound * 2, self.limits.longest_pause_seconds)
        raise AssertionError("a read is tried at least once")

    def _pause_after(self, error: PsaError, bound: float) -> float | None:
        """Seconds to wait before the same read may be sent again, or None when it is not for us to try."""
        jitter = self.time.random() * bound
        if isinstance(error, Throttled):
            return error.seconds + jitter if error.seconds <= self.limits.longest_pause_seconds else None
        is_passing = isinstance(error, NoAnswer | UnreadableAnswer | Unreachable) and not isinstance(
            error, HostNotFound
        )
        return jitter if is_passing else None

    @contextmanager
    def _slot(self, tenant: Tenant, ends_at: float, spent: _Spent, least_seconds: float = 0.0) -> Iterator[None]:
        """Raises: DeadlinePassed when less than `least_seconds` are left for the request; Throttled by the budget."""
        last_start = ends_at - least_seconds
        left = last_start - self.time.monotonic()
        if left <= 0:
            raise DeadlinePassed("too little time was left before the deadline; nothing was sent")
        with self.budget.slot(tenant, min(self.limits.patience_seconds, left)):
            spent.sent_at = self.time.monotonic()
            if spent.sent_at >= last_start:
                raise DeadlinePassed("the deadline came too near while waiting for the request budget")
            yield

    def _carry(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, ends_at: float, most_bytes: int
    ) -> Answer:
        """Raises: Unreachable, DeadlinePassed when nothing was sent; httpx.TransportError when it may have been: its
        text may quote the server and is not to be repeated.
        """
        left = ends_at - self.time.monotonic()
        timeouts = {
            "connect": min(self.limits.connect_seconds, left),
            "read": min(self.limits.read_seconds, left),
            "write": min(self.limits.write_seconds, left),
            "pool": min(self.limits.patience_seconds, left),
        }
        sent = {"User-Agent": "PSA-Ledger", **headers, "Accept-Encoding": "gzip"}
        try:
            with ending_by(ends_at), closing(self.http.send(method, url, sent, body, timeouts)) as response:
                received = self._receive(response, min(most_bytes, self.limits.answer_bytes))
                return Answer(response.status_code, response.headers, received, secrets_of(headers))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            if self.time.monotonic() >= ends_at:
                raise DeadlinePassed("the deadline passed before anything was sent") from error
            raise Unreachable(_why_unreachable(httpx.URL(url).host, error)) from error

    def _receive(self, response: httpx.Response, most_bytes: int) -> bytes:
        """The decompressed body. A refusal whose explanation is cut short is still that refusal."""
        try:
            return b"".join(_decompressed(response, most_bytes))
        except (httpx.TransportError, UnreadableAnswer):
            if 400 <= response.status_code < 500:
                return b""
            raise

    def _refuse_throttled(self, tenant: Tenant, answer: Answer) -> None:
        if answer.status == 429:
            seconds = retry_after_seconds(answer, self.time.now())
            self.budget.punish(tenant, seconds)
            raise Throttled(seconds, f"the PSA asks to stay away for {seconds:g} s")


def retry_after_seconds(answer: Answer, now: datetime) -> float:
    """How long a 429 asks us to stay away: header in seconds or as a date, or the sentence in the body.

    Units: seconds from 0 to 3,600; a date is compared with the answer's own Date, so that our clock does not matter.
    """
    told = (answer.headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", told):
        return min(float(told), LONGEST_PAUSE_SECONDS)
    if (until := _http_date(told)) is not None:
        answered_at = _http_date(answer.headers.get("Date") or "") or now
        return min(max((until - answered_at).total_seconds(), 0.0), LONGEST_PAUSE_SECONDS)
    sentence = re.search(rb"try again in ([0-9]{1,400}) second", answer.body[:2000], re.IGNORECASE)
    return min(float(sentence[1]), LONGEST_PAUSE_SECONDS) if sentence else DEFAULT_PAUSE_SECONDS


def _http_date(text: str) -> datetime | None:
    """Shape: None for whatever is no date; the standard library's reader stumbles over some of it in many ways."""
    try:
        parsed = parsedate_to_datetime(text[:100])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed


def _decompressed(response: httpx.Response, limit: int) -> Iterator[bytes]:
    """The body piece by piece, never expanding more than the limit at once.

    Raises: UnreadableAnswer for a longer body, an encoding that we did not ask for, or broken compression.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise UnreadableAnswer("the answer is encoded in a way that was not asked for")
    gzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    left = limit
    assert isinstance(response.stream, httpx.SyncByteStream)
    for raw in response.stream:
        if gzip is not None and gzip.eof:
            raise UnreadableAnswer("the answer goes on after its compression ended")
        try:
            piece = raw if gzip is None else gzip.decompress(raw, left + 1)
        except zlib.error as error:
            raise UnreadableAnswer("the answer's compression is broken") from error
        left -= len(piece)
        if left < 0:
            raise UnreadableAnswer(f"the answer is larger than {limit} bytes")
        yield piece
    if gzip is not None and not gzip.eof:
        raise UnreadableAnswer("the answer's compression is cut short")


def _why_unreachable(host: str, error: httpx.TransportError) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"the certificate of {host} is not to be trusted"
    return f"{host} can not be reached ({type(error).__name__})"


def _excerpt(answer: Answer) -> str:
    """What a 5xx says, when it says it in the PSA's JSON; pages of a front are not repeated."""
    found = re.search(rb'"message"\s*:\s*"([^"\\]{1,200})"', answer.body[:5000])
    return f": {fit(found[1].decode(errors='replace'), answer.secrets)}" if found and answer.is_json else ""
