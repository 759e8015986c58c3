"""What the panel may weigh, and how long one may wait for it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from api.panel import PANEL_FILES
from tests.api import given
from tests.api.harness import Api, Served, SimulatedTenant, new_msp, new_tenant
from tests.syncing.whole import Whole, whole
from tests.web.panel import Panel
from tests.web.served import Attended

KB = 1024


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PANEL_FILES / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    return found


def with_imports(key: str, seen: set[str] | None = None) -> set[str]:
    """An entry and everything that is loaded with it at once."""
    seen = set() if seen is None else seen
    if key not in seen:
        seen.add(key)
        for one in manifest()[key].get("imports", ()):
            with_imports(one, seen)
    return seen


def weight(*files: str) -> int:
    return sum(len(gzip.compress((PANEL_FILES / file).read_bytes(), 9)) for file in files)


def test_the_first_script_weighs_at_most_25_kb() -> None:
    files = [manifest()[key]["file"] for key in with_imports("index.html")]

    assert weight(*files) <= 25 * KB


def pages() -> list[str]:
    """What a route loads. What a page itself loads later, when somebody opens it, is not waited for."""
    if not (PANEL_FILES / "index.html").is_file():
        return []
    return [key for key in manifest()["index.html"]["dynamicImports"] if "/pages/" in key]


@pytest.mark.parametrize("page", pages())
def test_a_page_weighs_at_most_12_kb_beside_what_is_there_already(page: str) -> None:
    own = with_imports(page) - with_imports("index.html")

    assert weight(*(manifest()[key]["file"] for key in own)) <= 12 * KB


def test_all_styles_together_weigh_at_most_8_kb() -> None:
    files = {file for entry in manifest().values() for file in entry.get("css", ())}

    assert weight(*files) <= 8 * KB


def test_nothing_is_left_out_of_the_compressed_neighbours() -> None:
    assets = [path for path in Path(PANEL_FILES / "assets").iterdir() if path.suffix != ".br"]

    assert [] == [path.name for path in assets if not path.with_name(f"{path.name}.br").is_file()]


@pytest.fixture
def many(served: Served, simulator_url: str, workers: None) -> Whole:
    """An MSP with 500 companies imported."""
    tenant: SimulatedTenant = new_tenant(simulator_url, data={"companies": 500, "agreements": 500, "products": 12})
    with whole(served, Api(served, new_msp()), tenant) as ready:
        ledger = Attended(ready.api, ready.tenant, ready.tools, ready.pool)
        given.registered(ledger.api, *(given.new_organization(f"o{n}", name=f"Customer {n}") for n in range(100)))
        given.connected(ledger.api, tenant)
        ledger.with_products()
        ledger.imported()
        return ledger


TRIES = 12
USUAL_MS = 80
"""How long the browser takes over `FIELDS` on the machine that the budgets were set for: two cores, nothing else on
them, a million additions in a loop of Python in 45 ms.
"""
FIELDS = """() => {
  const began = performance.now();
  for (let round = 0; round < 2; round++) {
    const table = document.createElement("table");
    for (let row = 0; row < 100; row++) {
      const line = table.insertRow();
      for (let cell = 0; cell < 6; cell++) {
        const field = document.createElement("input");
        field.value = `${row}/${cell}`;
        line.insertCell().append(`${row * cell}`, field);
      }
    }
    document.body.append(table);
    table.getBoundingClientRect();
    table.remove();
  }
  return performance.now() - began;
}"""
WATCHED = """
window.painted = new Promise((painted) => {
  new MutationObserver((_, watch) => {
    if (document.querySelectorAll("tbody th").length < 50) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => painted(performance.now())));
  }).observe(document, { childList: true, subtree: true });
});
"""
"""Says in the page itself when the first 50 rows are painted: to ask from outside takes the page's own time."""


def slowness(blank: Page, rate: int = 1) -> float:
    """How many times as long as usual the browser takes now for the same work; never below 1.

    Units: `rate` is by how much the browser is slowed down on purpose. Needs an empty page, so that nothing of the
    panel is measured by itself.
    Why: machines that are shared are now and then half as fast as an hour before, and the panel is no worse for it.
    """
    spent: list[float] = [blank.evaluate(FIELDS) for _ in range(3)]
    return max(1.0, min(spent) / (USUAL_MS * rate))


def fastest(panel: Panel, within: float, rate: int = 1) -> float:
    """Seconds from following the link until the companies are painted: the best of a few tries.

    Each from an empty page and with nothing kept: from the page itself the link would load nothing anew. A machine that
    is slower than usual before and after a try is made up for.
    Why the best: it says what the panel needs, the others what else the machine was doing.
    """
    page = panel.page
    browser = page.context.new_cdp_session(page)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    page.add_init_script(WATCHED)
    found: list[float] = []
    page.goto("about:blank")
    before = slowness(page, rate)
    for _ in range(TRIES):
        browser.send("Network.clearBrowserCache")
        panel.open("/companies")
        seconds = page.evaluate("() => window.painted") / 1000
        expect(page.get_by_role("rowheader").nth(49)).to_be_visible()
        page.goto("about:blank")
        after = slowness(page, rate)
        found.append(seconds / min(before, after))
        before = after
        if min(found) <= within:
            break
    return min(found)


@pytest.mark.long
def test_companies_are_visible_within_a_second(many: Whole, panel: Panel) -> None:
    panel.ledger = many

    assert fastest(panel, 1.0) <= 1.0


@pytest.mark.long
def test_companies_are_visible_within_two_and_a_half_seconds_on_a_machine_four_times_slower(
    many: Whole, panel: Panel
) -> None:
    panel.ledger = many

    assert fastest(panel, 2.5, rate=4) <= 2.5


@pytest.mark.long
def test_a_list_opens_at_once_among_500_rows(many: Whole, panel: Panel) -> None:
    panel.ledger = many
    panel.open("/companies")
    headers = panel.page.get_by_role("rowheader")
    shown = 50
    while shown < 500:
        expect(headers.nth(shown - 1)).to_be_visible()
        more = panel.button("Load more")
        if not more.count():
            break
        more.click()
        shown += 50
    expect(headers.nth(450)).to_be_attached()
    field = panel.page.get_by_role("combobox", name="Organization for").first
    field.scroll_into_view_if_needed()

    opening = """(field) => new Promise((resolve) => {
      field.blur();
      requestAnimationFrame(() => {
        const began = performance.now();
        field.focus();
        field.click();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
      });
    })"""
    blank = panel.page.context.new_page()
    before = slowness(blank)
    panel.page.bring_to_front()
    spent = [panel.page.evaluate(opening, field.element_handle()) for _ in range(TRIES)]
    blank.bring_to_front()

    assert min(spent) / min(before, slowness(blank)) <= 150
