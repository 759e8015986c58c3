"""What holds on every page there is: in use, before anything, failed, slow, narrow, in longer words.

The pages come from the panel's own table of routes.
"""

import pytest
from playwright.sync_api import expect

from journal.entry import Role
from tests.web.aria import outline
from tests.web.axe import in_both_themes
from tests.web.lived import Lived
from tests.web.panel import Panel
from tests.web.routes import FURTHER, UNKNOWN, Visit, filled, routes, visits
from tests.web.tables import differences, without_file

VISITS = visits()
PLAIN = [visit for visit in VISITS if "?" not in visit.path and (visit.page, visit.path) not in FURTHER]
NARROW = 320


def cut_tables_at_1024(panel: Panel) -> list[str]:
    """Tables of which a part has to be scrolled into view."""
    panel.page.set_viewport_size({"width": 1024, "height": 900})
    found: list[str] = panel.page.evaluate(
        """() => [...document.querySelectorAll('main .table')].filter((one) => one.scrollWidth > one.clientWidth)
          .map((one) => `${one.ariaLabel}: ${one.scrollWidth} in ${one.clientWidth}`)"""
    )
    return found


def width_at_320(panel: Panel) -> int:
    panel.page.set_viewport_size({"width": NARROW, "height": 800})
    found: int = panel.page.evaluate("document.documentElement.scrollWidth")
    return found


def test_every_page_is_visited() -> None:
    assert {route.name for route in routes()} == {visit.page for visit in VISITS}


@pytest.mark.parametrize("visit", VISITS, ids=str)
def test_in_use(onlooker: Panel, in_use: Lived, visit: Visit) -> None:
    panel, page = onlooker, onlooker.page
    with panel.held_back():
        panel.open(filled(visit, in_use.names), visit.role)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("main").locator(".skeleton").first).to_be_attached()
        expect(page.get_by_role("progressbar")).to_have_count(0)
    panel.settled()

    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    assert str(page.get_by_role("heading", level=1).text_content()) in page.title()
    assert in_both_themes(page) == []
    outline(visit).holds(page)
    assert without_file(page) + differences(page) == []
    assert cut_tables_at_1024(panel) == []
    assert width_at_320(panel) == NARROW


# The platform knows of an MSP by its first organization only.
@pytest.mark.parametrize("visit", [visit for visit in PLAIN if visit.role is Role.ADMIN], ids=str)
def test_before_anything(newcomer: Panel, in_use: Lived, visit: Visit) -> None:
    newcomer.open(filled(visit, in_use.names | UNKNOWN), visit.role)
    newcomer.settled()

    main = newcomer.page.get_by_role("main")
    dead_ends = [one.inner_text() for one in main.get_by_role("alert").all() if not one.get_by_role("link").count()]
    assert dead_ends == []
    assert main.inner_text() != newcomer.page.get_by_role("heading", level=1).inner_text(), "it says nothing"
    assert in_both_themes(newcomer.page) == []
    assert width_at_320(newcomer) == NARROW


@pytest.mark.parametrize("visit", PLAIN, ids=str)
def test_failed(onlooker: Panel, in_use: Lived, visit: Visit) -> None:
    page = onlooker.page
    failures = page.get_by_role("main").get_by_role("alert").filter(has_text="There is no answer.")
    again = failures.get_by_role("button", name="Try again")
    news = onlooker.without_news()
    with onlooker.failing_wholly():
        onlooker.open(filled(visit, in_use.names), visit.role)
        onlooker.settled()
        expect(page.get_by_role("main").get_by_text("There is no answer.").first).to_be_visible()
        expect(again.first).to_be_visible()
        assert in_both_themes(page) == []
        assert width_at_320(onlooker) == NARROW

    for left in reversed(range(again.count())):
        again.first.click()
        expect(again).to_have_count(left)
    news.end()
    onlooker.settled()

    expect(page.get_by_role("main").get_by_text("There is no answer.")).to_have_count(0)


@pytest.mark.parametrize("visit", VISITS, ids=str)
def test_in_longer_words(onlooker: Panel, in_use: Lived, names_of_others: set[str], visit: Visit) -> None:
    address = filled(visit, in_use.names)
    onlooker.page.set_viewport_size({"width": NARROW, "height": 800})
    onlooker.open(f"{address}{'&' if '?' in address else '?'}lang=pseudo", visit.role)
    onlooker.settled()

    assert plain_texts(onlooker, names_of_others) == []
    assert width_at_320(onlooker) == NARROW


def plain_texts(panel: Panel, known: set[str]) -> list[str]:
    """Texts on the page that were not in the words: they carry no accents."""
    plain: list[str] = panel.page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, th, legend, button, .button, label, .help, .muted, p')]
          .filter((one) => one.checkVisibility() && !one.querySelector('input, select, code, kbd, time'))
          .map((one) => one.innerText.trim())
          .filter((text) => /^[A-Z][a-z]+( [a-z]+)*$/.test(text))"""
    )
    return [one for one in plain if one not in known and one.split(" ", maxsplit=1)[0] not in known]


@pytest.fixture(scope="module")
def names_of_others(in_use: Lived) -> set[str]:
    """Names of types, statuses, companies and agreements come from ConnectWise, of plans and organizations from the
    vendor."""
    ledger = in_use.ledger
    tables = ("company", "companyType", "companyStatus", "agreement", "catalogItem")
    rows = [row for table in tables for row in ledger.tenant.admin("GET", f"/records/{table}")]
    named = {str(row.get(field)) for row in rows for field in ("name", "identifier")}
    names = "{ productLines { name plans { name } } organizations(first: 100) { nodes { name } } }"
    vendor = ledger.admin.ask(names).data
    lines = vendor["productLines"]
    plans = {plan["name"] for line in lines for plan in line["plans"]} | {line["name"] for line in lines}
    return named | plans | {one["name"] for one in vendor["organizations"]["nodes"]}
