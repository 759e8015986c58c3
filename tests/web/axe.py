"""axe-core on the page as it stands, as the browser's own tools run it: past the page's Content Security Policy.

Why: the policy forbids scripts from elsewhere and turning text into script, as it should. A script that the browser is
told to run on every page it opens is not part of the page.
"""

from importlib.resources import files
from typing import Any, Literal

from playwright.sync_api import Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """What is not accessible. Shape: one line per rule and element; empty when there is nothing."""
    if not page.evaluate("'axe' in window"):
        session = page.context.new_cdp_session(page)
        session.send("Runtime.evaluate", {"expression": AXE})
        session.detach()
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def in_both_themes(page: Page) -> list[str]:
    """The same in light and in dark, without loading the page anew."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme} {one}" for one in findings(page)]
    return found
