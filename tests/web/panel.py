"""The panel in a browser, for one test: who is signed in, and what stands behind it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Route, expect

from journal.entry import Role
from tests.api.harness import Api
from tests.syncing.whole import Whole

MOST_FRAMES = 1_200
FRAMES_OF_QUIET = 4
MOST_TABS = 60
CARRIED_OUT = 20_000
"""Milliseconds at most until it is seen what a worker did, over the journal, ConnectWise and back, what a page without
a stream asks for every few seconds, or what walks all pages of a long list."""


class Held:
    """Keeps requests back until they are let go."""

    def __init__(self, is_kept: Callable[[Request], bool]) -> None:
        self._is_kept = is_kept
        self._waiting: list[Route] = []

    def __call__(self, route: Route) -> None:
        if self._is_kept(route.request):
            self._waiting.append(route)
        else:
            route.fallback()

    @property
    def requests(self) -> set[Request]:
        return {route.request for route in self._waiting}

    def end(self) -> None:
        """Let go, and keep nothing back from now on."""
        self._is_kept = lambda _: False
        while self._waiting:
            self._waiting.pop().continue_()


def asks_for(operation: str) -> Callable[[Request], bool]:
    return lambda request: f'"operationName":"{operation}"' in (request.post_data or "")


def is_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


@dataclass
class Complaints:
    """What the browser said against the page. A test that provokes something names it beforehand."""

    heard: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.heard.append(f"page error: {error}"))
        page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard.append(f"console {message.type}: {message.text}")

    def expect(self, *parts: str) -> None:
        """Such complaints belong to what the test is about."""
        self.expected.extend(parts)

    @property
    def unexpected(self) -> list[str]:
        return [one for one in self.heard if not any(part in one for part in self.expected)]


@dataclass
class Panel:
    """`page` shows the panel of `ledger`'s MSP once `open` was called."""

    page: Page
    url: str
    ledger: Whole
    complaints: Complaints
    asking: set[Request] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("request", self._asks)
        self.page.on("requestfinished", self._answered)
        self.page.on("requestfailed", self._answered)

    def _asks(self, request: Request) -> None:
        # The one stream of a tab stays open.
        if not is_stream(request):
            self.asking.add(request)

    @property
    def api(self) -> Api:
        return self.ledger.api

    def _answered(self, request: Request) -> None:
        self.asking.discard(request)

    def token(self, role: Role = Role.ADMIN) -> str:
        if role is Role.ADMIN:
            return self.api.admin().token
        return self.api.auditor().token if role is Role.AUDITOR else self.api.platform().token

    def open(self, path: str = "/", role: Role = Role.ADMIN) -> None:
        """Follow a link as `make run` prints it."""
        if role is Role.PLATFORM:
            path += f"{'&' if '?' in path else '?'}msp={self.api.msp}"
        self.page.goto(f"{self.url}{path}#token={self.token(role)}")

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", level=1, name=name, exact=True)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name)

    def settled(self) -> None:
        """Until the page is all there: nothing is asked for any more, also not for what an answer named."""
        self._quiet(lambda: not self.asking)
        expect(self.page.locator(".skeleton")).to_have_count(0)

    def settled_but(self, held: Held) -> None:
        """Until the page is all there except for what `held` keeps back, which it has asked for."""
        self._quiet(lambda: bool(held.requests) and self.asking <= held.requests)

    def _quiet(self, is_quiet: Callable[[], bool]) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        quiet = 0
        for _ in range(MOST_FRAMES):
            self.page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
            quiet = quiet + 1 if is_quiet() else 0
            if quiet == FRAMES_OF_QUIET:
                return
        raise AssertionError(f"the page still waits for {[one.url for one in self.asking]}")

    def tab_to(self, target: Locator) -> None:
        """Press Tab until it has the focus."""
        expect(target).to_be_enabled()
        for _ in range(MOST_TABS):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError("the keyboard does not reach it")

    def without_news(self) -> Held:
        """No stream opens until that is let go, as on a slow network: nothing is loaded anew but by who presses."""
        self.page.route("**/graphql", stream := Held(is_stream))
        return stream

    @contextmanager
    def without_stream(self) -> Iterator[None]:
        """The network lets no stream through; everything else works."""

        def is_graphql(url: str) -> bool:
            return url.endswith("/graphql")

        self.page.route(is_graphql, lambda route: route.abort() if is_stream(route.request) else route.fallback())
        yield
        self.page.unroute(is_graphql)

    @contextmanager
    def _graphql(self, handle: Callable[[Route], None]) -> Iterator[None]:
        """What the page asks for, except who it is shown to and the stream, goes to `handle` instead."""

        def is_graphql(url: str) -> bool:
            return url.endswith("/graphql")

        def to_handle(route: Route) -> None:
            if is_stream(route.request) or asks_for("Viewer")(route.request):
                route.fallback()
            else:
                handle(route)

        self.page.route(is_graphql, to_handle)
        yield
        self.page.unroute(is_graphql)

    @contextmanager
    def failing_wholly(self) -> Iterator[None]:
        """The API knows who asks, and answers nothing else."""
        self.complaints.expect("Failed to load resource")
        with self._graphql(lambda route: route.fulfill(status=503, body="")):
            yield

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Answers are still to come; with the end of the block they do."""
        held = Held(lambda _: True)
        with self._graphql(held):
            yield
            held.end()

    @contextmanager
    def failing(self, operation: str) -> Iterator[None]:
        """The API does not answer this operation; everything else works."""
        self.complaints.expect("Failed to load resource")

        def is_graphql(url: str) -> bool:
            return url.endswith("/graphql")

        self.page.route(
            is_graphql,
            lambda route: (
                route.fulfill(status=503, body="") if asks_for(operation)(route.request) else route.fallback()
            ),
        )
        yield
        self.page.unroute(is_graphql)
