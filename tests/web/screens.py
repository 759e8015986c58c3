"""`make screens`: pictures of every page, in both themes and three widths, in `tests/web/screens/`.

Each is taken of an MSP that is in use: a few mapped customers, usage over the month, things that need somebody. Nothing
is compared; somebody looks at them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

from journal.entry import Role
from tests.web.lived import Lived
from tests.web.panel import Panel

FOLDER = Path(__file__).with_name("screens")
WIDTHS = (1440, 1024, 360)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def at(path: str, role: Role = Role.ADMIN) -> Callable[[Panel, Lived], None]:
    """A page as its link shows it."""

    def open_it(panel: Panel, lived: Lived) -> None:
        panel.open(path.format(**lived.names), role)

    return open_it


SCREENS: dict[str, Callable[[Panel, Lived], None]] = {
    "overview": at("/"),
    "overview-auditor": at("/", Role.AUDITOR),
    "setup-connected": at("/setup/credentials"),
    "products": at("/products"),
    "setup-products": at("/setup/products"),
    "import": at("/import"),
    "companies": at("/companies"),
    "companies-suggested": at("/companies?state=suggested"),
    "settings": at("/settings"),
    "licences": at("/licences", Role.PLATFORM),
    "companies-by-organization": at("/companies?by=organization"),
    "organizations": at("/organizations"),
    "organization": at("/organizations/{globex}"),
    "explain": at("/explain/{agreement}/{license}"),
    "runs": at("/runs"),
    "preview": at("/runs/preview?run={preview}"),
    "run": at("/runs/{run}"),
    "run-import": at("/runs/{imported}"),
    "history": at("/history?follow=1&fact={fact}"),
    "compare": at("/history/compare?from=2026-01-01T00:00:00Z&to={now}"),
    "month-end": at("/month-end"),
    "month-end-open": at("/month-end/{month}"),
    "overview-then": at("/?at={now}"),
}


def take(page: Page, name: str) -> None:
    """One picture per width and theme, of the whole page."""
    FOLDER.mkdir(exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("name", SCREENS)
def test_screen(name: str, panel: Panel, lived: Lived) -> None:
    SCREENS[name](panel, lived)
    panel.settled()
    take(panel.page, name)


def test_screen_of_a_newcomer(panel: Panel) -> None:
    panel.open("/")
    panel.settled()
    take(panel.page, "overview-not-connected")
    panel.open("/setup/credentials")
    panel.settled()
    take(panel.page, "setup-credentials")
