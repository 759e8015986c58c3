"""axe-core on the page as it stands, as the browser's own tools run it: past the page's Content Security Policy.

Why: the policy forbids scripts from elsewhere and turning text into script, as it should. A script that the browser is
told to run on every page it opens is not part of the page.
"""

from importlib.resources import files
from typing import Any, Literal

from playwright.sync_api import Page

LIGHT: Literal["light"] = "light"
DARK: Literal["dark"] = "dark"
OF_COLOURS = "{resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block']}"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """What is not accessible. Shape: one line per rule and element; empty when there is nothing."""
    return _broken(page, "{resultTypes: ['violations']}")


def _broken(page: Page, options: str) -> list[str]:
    if not page.evaluate("'axe' in window"):
        session = page.context.new_cdp_session(page)
        session.send("Runtime.evaluate", {"expression": AXE})
        session.detach()
    result: dict[str, Any] = page.evaluate(f"axe.run(document, {options})")
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def in_both_themes(page: Page) -> list[str]:
    """The same in light and in dark, without loading the page anew. A theme changes colours and nothing else."""
    page.emulate_media(color_scheme=LIGHT)
    found = [f"{LIGHT} {one}" for one in findings(page)]
    page.emulate_media(color_scheme=DARK)
    return found + [f"{DARK} {one}" for one in _broken(page, OF_COLOURS)]
