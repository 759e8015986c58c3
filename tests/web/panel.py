"""The panel in a browser, for one test: who is signed in, and what stands behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Locator, Page

from journal.entry import Role
from tests.api.harness import Api
from tests.syncing.whole import Whole


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

    @property
    def api(self) -> Api:
        return self.ledger.api

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

    @contextmanager
    def without_stream(self) -> Iterator[None]:
        """The network lets no stream through; everything else works."""

        def is_stream(url: str) -> bool:
            return url.endswith("/graphql")

        self.page.route(
            is_stream,
            lambda route: (
                route.abort() if "text/event-stream" in route.request.headers.get("accept", "") else route.fallback()
            ),
        )
        yield
        self.page.unroute(is_stream)

    @contextmanager
    def failing(self, operation: str) -> Iterator[None]:
        """The API does not answer this operation; everything else works."""
        self.complaints.expect("Failed to load resource")

        def is_graphql(url: str) -> bool:
            return url.endswith("/graphql")

        self.page.route(
            is_graphql,
            lambda route: (
                route.fulfill(status=503, body="")
                if f'"operationName":"{operation}"' in (route.request.post_data or "")
                else route.fallback()
            ),
        )
        yield
        self.page.unroute(is_graphql)
