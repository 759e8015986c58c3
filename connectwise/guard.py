"""Whom we may call: the last check before a connection is opened on behalf of an address that somebody typed.

A site URL is input from outside, so it could name our own network. The name is resolved once, every address it
resolves to is judged, and the connection goes to the very address that was judged; certificate and Host still carry
the name. Redirects and environment proxies are not followed. `allowed_origins` are exact origins (the simulator's)
exempt from both rules.

The same layer ends a request by its deadline: httpx bounds single reads, not a server that drips byte by byte.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from types import TracebackType
from typing import Any

import httpcore
import httpx
from typing_extensions import override

from connectwise.errors import HostNotFound, SiteRefused, Unreachable

NEVER_CALLED = (
    IPv4Network("168.63.129.16/32"),  # Azure's host agent, behind a public address
    IPv4Network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata service answers at 192.0.0.192
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, retired
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    IPv6Network("2002::/16"),  # 6to4: carries an IPv4 address of any kind
    IPv6Network("3fff::/20"),  # documentation
)
"""What Python 3.11 takes for the open internet and is not: some serve secrets to whoever asks from inside a cloud."""

GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")

Resolve = Callable[[str, int], tuple[str, ...]]


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Every address of a name, in the system's order of preference.

    Raises: HostNotFound when the name does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise HostNotFound(f"the name {host} does not resolve") from error
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet, so that calling it can not reach our own network.

    IPv6 forms that carry an IPv4 address are judged by it (mapped, NAT64) or refused (6to4, Teredo).

    >>> is_public("20.42.65.92"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1"), is_public("100.64.0.1")
    (True, False, False, False)
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if parsed in NAT64:
            return is_public(str(IPv4Address(int(parsed) & 0xFFFF_FFFF)))
        if parsed not in GLOBAL_UNICAST:
            return False
    return (
        parsed.is_global
        and not parsed.is_multicast
        and not parsed.is_reserved
        and not any(parsed in network for network in NEVER_CALLED)
    )


def origin_of(url: httpx.URL) -> str:
    """`scheme://host[:port]`, lower case, the scheme's own port left out."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port is not None else "")


@dataclass(slots=True)
class Exchange:
    """What the wire needs to know of the request that the current thread carries out."""

    ends_at: float
    sent: bool = False


_current: ContextVar[Exchange | None] = ContextVar("current exchange", default=None)


@contextmanager
def ending_by(ends_at: float) -> Iterator[Exchange]:
    """Let every read and write of the requests made inside end by an instant.

    Units: seconds of the transport's monotonic clock.
    Why a context variable: httpx hands its transport no way to tell the socket about a request; a thread carries one
    request.
    """
    exchange = Exchange(ends_at)
    token = _current.set(exchange)
    try:
        yield exchange
    finally:
        _current.reset(token)


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules, with the resolver and the clock they use."""

    allowed_origins: frozenset[str] = frozenset()
    resolve: Resolve = resolve
    clock: Callable[[], float] = time.monotonic

    def check_url(self, url: httpx.URL) -> None:
        """Raises: SiteRefused unless the URL is https, without user info, or of an allowed origin."""
        if url.userinfo:
            raise SiteRefused("a site URL can not carry a user name or password")
        if origin_of(url) not in self.allowed_origins and url.scheme != "https":
            raise SiteRefused("only https sites are called")

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of a host, all of them judged.

        Shape: at least one.
        Raises: HostNotFound; SiteRefused when any address is not public: a name that answers with both is a trick.
        """
        found = self.resolve(host, port)
        if not found:
            raise HostNotFound(f"the name {host} does not resolve")
        if not self._is_exempt(host, port) and not all(is_public(address) for address in found):
            raise SiteRefused(f"{host} leads into a private or reserved network")
        return found

    def _is_exempt(self, host: str, port: int) -> bool:
        """Lifts the address rule only: httpcore tells host and port here, `check_url` has judged the scheme before."""
        return any(
            (allowed := httpx.URL(origin)).host == host and (allowed.port or _own_port(allowed.scheme)) == port
            for origin in self.allowed_origins
        )


KEEPALIVE_SECONDS = 30.0
HOSTS_PER_LANE = 4


class Lanes:
    """Connection pools through each of which one request goes at a time. Thread-safe.

    Why not one pool for all: for every request httpcore looks at each connection of a pool once per connection, which
    with 24 in use took a fifth of a worker's time.
    """

    def __init__(
        self,
        open_pool: Callable[[], httpcore.ConnectionPool],
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_pool = open_pool
        self._clock = clock
        self._places = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[tuple[float, httpcore.ConnectionPool]] = []
        """Since when, in the order of time."""

    def take(self, origin: httpcore.Origin, patience_seconds: float | None) -> httpcore.ConnectionPool:
        """The lane that was last connected to the origin; else the one that rested longest, or a new one.

        Raises: httpcore.PoolTimeout when no lane came free in time.
        """
        if not self._places.acquire(timeout=patience_seconds):
            raise httpcore.PoolTimeout(f"no lane came free within {patience_seconds} s")
        with self._lock:
            for place in range(len(self._idle) - 1, -1, -1):
                if any(one.can_handle_request(origin) for one in self._idle[place][1].connections):
                    return self._idle.pop(place)[1]
            return self._idle.pop(0)[1] if self._idle else self._open_pool()

    def give_back(self, lane: httpcore.ConnectionPool) -> None:
        """Let others use it; lanes whose connections nobody keeps alive any more are closed."""
        rested: list[httpcore.ConnectionPool] = []
        with self._lock:
            now = self._clock()  # asked under the lock, so that the list stays in the order of time
            while self._idle and now - self._idle[0][0] > KEEPALIVE_SECONDS:
                rested.append(self._idle.pop(0)[1])
            self._idle.append((now, lane))
        self._places.release()
        for one in rested:
            one.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, lane in idle:
            lane.close()


@dataclass(frozen=True, slots=True)
class _Site:
    """An origin that may be called, as httpcore and the Host header spell it."""

    scheme: bytes
    host: bytes
    port: int | None
    netloc: bytes


MOST_SITES = 1_000
"""Connection tests name sites that nobody calls again."""


class GuardedHttp(AbstractContextManager["GuardedHttp"]):
    """Carries requests over connections that the guard has judged. Thread-safe.

    Why httpx's answers without its requests: taking a whole URL apart and putting headers together as it does takes as
    long as sending them.
    """

    def __init__(self, guard: Guard, tls: ssl.SSLContext, most_requests: int) -> None:
        self._guard = guard
        self._sites: dict[str, _Site] = {}
        self._lanes = Lanes(
            lambda: httpcore.ConnectionPool(
                ssl_context=tls,
                max_connections=HOSTS_PER_LANE,
                max_keepalive_connections=HOSTS_PER_LANE,
                keepalive_expiry=KEEPALIVE_SECONDS,
                network_backend=_JudgedNetwork(guard),
            ),
            most_requests,
            guard.clock,
        )

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Mapping[str, float]
    ) -> httpx.Response:
        """Send a request and return its answer, unread; closing that gives the connection back.

        Shape: `url` is encoded already; of `timeouts` httpcore reads `connect`, `read`, `write` and `pool`, in seconds.
        Raises: SiteRefused, HostNotFound, Unreachable; httpx.TransportError.
        """
        scheme, _, rest = url.partition("://")
        netloc, _, path = rest.partition("/")
        site = self._site(f"{scheme}://{netloc}")
        sent = [
            (b"Host", site.netloc),
            *((name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()),
        ]
        if body is not None:
            sent.append((b"Content-Length", b"%d" % len(body)))
        request = httpcore.Request(
            method=method,
            url=httpcore.URL(scheme=site.scheme, host=site.host, port=site.port, target=f"/{path}"),
            headers=sent,
            content=body,
            extensions={"timeout": timeouts},
        )
        with _in_httpx_words():
            lane = self._lanes.take(request.url.origin, timeouts.get("pool"))
            try:
                response = lane.handle_request(request)
            except BaseException:
                self._lanes.give_back(lane)
                raise
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response, lambda: self._lanes.give_back(lane)),
            extensions=response.extensions,
        )

    def _site(self, origin: str) -> _Site:
        """Raises: SiteRefused."""
        known = self._sites.get(origin)
        if known is None:
            url = httpx.URL(origin)
            self._guard.check_url(url)
            if len(self._sites) >= MOST_SITES:
                self._sites.clear()
            known = self._sites[origin] = _Site(url.raw_scheme, url.raw_host, url.port, url.netloc)
        return known

    def close(self) -> None:
        self._lanes.close()

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_http(guard: Guard, most_requests: int = 64) -> GuardedHttp:
    """The way out of a whole process and all its tenants: making one costs 37 ms of loading certificates.

    Certificates are checked against certifi's authorities, or against those that SSL_CERT_FILE names.
    Why no client of httpx: a client would follow the environment's proxies, which could lead requests elsewhere,
    and redirects, which would carry the keys along, and would send a cookie that one tenant's answer sets with the next
    tenant's request to the same host. It also takes as long for a request as everything else together.
    """
    return GuardedHttp(guard, httpx.create_ssl_context(), most_requests)


@dataclass(slots=True)
class _JudgedNetwork(httpcore.NetworkBackend):
    guard: Guard
    _sockets: httpcore.SyncBackend = field(default_factory=httpcore.SyncBackend)

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self.guard.addresses(host, port):
            left = _time_left(self.guard.clock, timeout)
            if left is not None and left <= 0:
                raise httpcore.ConnectTimeout("no time was left to connect")
            try:
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self.guard.clock)
        raise failure or Unreachable(f"{host} has no address")

    @override
    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise SiteRefused("a PSA is never reached over a local socket")


@dataclass(slots=True)
class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends by the deadline of the request that the thread carries out.

    What is written leaves when the request ends, so that its head and body go out in one piece: two are twice the work
    for both ends. httpcore ends one of a told length by writing nothing; others leave when their answer is read.
    """

    stream: httpcore.NetworkStream
    clock: Callable[[], float]
    _unsent: bytes = b""
    _write_timeout: float | None = None

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            with suppress(httpcore.WriteError):  # who closes early may have answered before, as httpcore knows too
                self._send()
        left = _time_left(self.clock, timeout)
        if left is not None and left <= 0:
            raise httpcore.ReadTimeout("the deadline passed before the answer was complete")
        return self.stream.read(max_bytes, left)

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer
        self._write_timeout = timeout
        if not buffer and self._unsent:
            self._send()

    def _send(self) -> None:
        """Marks the request as sent just before its first byte, and never sends a first byte after the deadline."""
        left = _time_left(self.clock, self._write_timeout)
        exchange = _current.get()
        if left is not None and left <= 0:
            if exchange is not None and not exchange.sent:
                raise httpcore.ConnectTimeout("the deadline passed before anything was sent")
            raise httpcore.WriteTimeout("the deadline passed while the request was being sent")
        if exchange is not None:
            exchange.sent = True
        unsent, self._unsent = self._unsent, b""
        self.stream.write(unsent, left)

    @override
    def close(self) -> None:
        self.stream.close()

    @override
    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _time_left(self.clock, timeout)
        if left is not None and left <= 0:
            raise httpcore.ConnectTimeout("no time was left for the TLS handshake")
        return _TimedStream(self.stream.start_tls(ssl_context, server_hostname, left), self.clock)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


@dataclass(slots=True)
class _Body(httpx.SyncByteStream):
    """`ended` is called once, when the connection may carry another request."""

    response: httpcore.Response
    ended: Callable[[], None]
    is_closed: bool = False

    @override
    def __iter__(self) -> Iterator[bytes]:
        with _in_httpx_words():
            yield from self.response.iter_stream()

    @override
    def close(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        try:
            self.response.close()
        finally:
            self.ended()


def _time_left(clock: Callable[[], float], timeout: float | None) -> float | None:
    exchange = _current.get()
    if exchange is None:
        return timeout
    left = exchange.ends_at - clock()
    return left if timeout is None else min(left, timeout)


def _own_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


_IN_HTTPX_WORDS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
)


@contextmanager
def _in_httpx_words() -> Iterator[None]:
    """Callers meet one family of exceptions, whatever transport answers."""
    try:
        yield
    except tuple(ours for ours, _ in _IN_HTTPX_WORDS) as error:
        theirs = next(theirs for ours, theirs in _IN_HTTPX_WORDS if isinstance(error, ours))
        raise theirs(str(error)) from error
