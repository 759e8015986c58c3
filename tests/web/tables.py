"""A table on the page held against the file that its button gives."""

import csv
import io
from typing import Any

from playwright.sync_api import Locator, Page

NOTHING = {"", "–"}


def differences(page: Page) -> list[str]:
    """What the files of the page's tables lack that the tables show. Empty when each holds every cell."""
    found = []
    for block in page.locator("main .with-file").all():
        if not block.is_visible():
            continue
        found += [f"{block.get_by_role('region').first.get_attribute('aria-label')}: {one}" for one in _lacking(block)]
    return found


def without_file(page: Page) -> list[str]:
    """Tables on a page that offers no file at all."""
    shown = [one for one in page.locator("main section.table").all() if one.is_visible()]
    tables = [one.get_attribute("aria-label") or "" for one in shown]
    return [] if page.get_by_role("main").get_by_role("button", name="CSV").count() else tables


def _lacking(block: Locator) -> list[str]:
    with block.page.expect_download() as download:
        block.get_by_role("button", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    shown: dict[str, Any] = block.evaluate(
        """(block) => ({
          names: [...block.querySelectorAll('thead th')].map((th) => th.querySelector('.hidden') ? null : th.innerText),
          rows: [...block.querySelectorAll('tbody tr')].map((tr) => [...tr.children].map((cell) => {
            const field = cell.querySelector('input:not([type=checkbox]), select');
            return field ? field.value : cell.innerText.trim();
          })),
        })"""
    )
    missing = [f"no column {name}" for name in shown["names"] if name is not None and name not in header]
    if missing:
        return missing
    if len(rows) < len(shown["rows"]):
        return [f"{len(rows)} of {len(shown['rows'])} rows"]
    return [
        f"{name} of row {place + 1} is empty, the table says {cell}"
        for place, cells in enumerate(shown["rows"])
        for name, cell in zip(shown["names"], cells, strict=True)
        if name is not None and cell not in NOTHING and rows[place][header.index(name)] == ""
    ]
