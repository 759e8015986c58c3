"""How a month ended: safe to invoice, or what is left to do and where."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from domain.addition import PushKind
from journal.entry import Role
from tests.api import given
from tests.api.pushed import close, push
from tests.syncing.whole import Whole
from tests.web.lived import LAST, change
from tests.web.panel import Panel


@pytest.fixture
def closed(connected: Whole) -> None:
    """Globex has had 40 licences for long, mapped now; last month is closed with them and written."""
    change(connected, "globex", 40, timedelta(days=45))
    agreement = connected.agreements()[0]
    connected.map(given.map_item("globex", agreement["company"]["id"], agreement["id"]))
    connected.settle()
    close(connected.api, "globex", LAST, agreement["id"])
    close(connected.api, "initech", LAST, None)
    # Months before the mapping get no final of their own, so this one is recorded here.
    licenses, servers = connected.products()
    for product, quantity in ((licenses, Decimal(40)), (servers, Decimal(0))):
        push(
            connected.api,
            agreement["id"],
            product,
            wanted={"globex": quantity},
            kind=PushKind.FINAL,
            found=quantity,
            month=LAST,
        )


def test_a_closed_month_is_safe_to_invoice_and_every_line_leads_to_its_proof(closed: None, panel: Panel) -> None:
    panel.open("/month-end")

    expect(panel.page.get_by_text("Safe to invoice")).to_be_visible()
    lines = panel.page.get_by_role("region", name="Closed lines (2)")
    expect(lines.get_by_text("Verified", exact=True)).to_have_count(3)
    lines.get_by_role("link", name=re.compile("^Why 40")).first.press("Enter")
    expect(panel.page.get_by_role("heading", level=1, name=re.compile("^Why is .* 40 in "))).to_be_visible()
    expect(panel.page).to_have_url(re.compile(f"month={LAST}"))


def test_a_late_change_is_a_correction_that_can_be_pushed(connected: Whole, closed: None, panel: Panel) -> None:
    change(connected, "globex", 12, datetime.now(UTC) - (LAST.ends_at - timedelta(days=3)))
    panel.open("/month-end")

    corrections = panel.page.get_by_role("region", name=re.compile("^Corrected since the close"))
    expect(corrections.get_by_role("row").nth(1)).to_contain_text("Globex")
    expect(corrections.get_by_role("row").nth(1)).to_contain_text("12")
    expect(panel.page.get_by_text(re.compile("^Not yet: "))).to_be_visible()
    corrections.get_by_role("link", name=re.compile("^Push to ")).click()

    expect(panel.heading("Preview of Sync now")).to_be_visible()
    expect(panel.page.get_by_role("combobox", name="Month")).to_have_value(str(LAST))


def test_usage_that_nobody_bills_leads_to_its_mapping(connected: Whole, panel: Panel) -> None:
    change(connected, "initech", 7, timedelta(days=45))
    close(connected.api, "initech", LAST, None)
    panel.open(f"/month-end/{LAST}")

    leaks = panel.page.get_by_role("region", name="Used, but billed nowhere (1)")
    expect(leaks.get_by_role("row").nth(1)).to_contain_text("7")
    leaks.get_by_role("link", name="Map… Initech").click()

    expect(panel.heading("Companies")).to_be_visible()
    expect(panel.page).to_have_url(re.compile("search=Initech"))


def test_on_paper_there_are_tables_and_nothing_to_press(closed: None, panel: Panel) -> None:
    panel.page.set_viewport_size({"width": 700, "height": 1000})
    panel.page.emulate_media(media="print", color_scheme="dark")
    panel.open(f"/month-end/{LAST}")
    lines = panel.page.get_by_role("region", name="Closed lines (2)")
    expect(lines.get_by_role("columnheader", name="Closed with")).to_be_visible()
    panel.settled()

    ink = panel.page.evaluate("getComputedStyle(document.body).color")

    assert ink == "rgb(22, 33, 31)"
    expect(panel.page.get_by_text("Safe to invoice")).to_be_visible()
    expect(panel.page.get_by_role("navigation")).to_have_count(0)
    expect(panel.page.get_by_role("button")).to_have_count(0)
    assert 700 == panel.page.evaluate("document.documentElement.scrollWidth")


def test_an_open_month_says_when_it_closes(connected: Whole, panel: Panel) -> None:
    panel.open("/month-end")
    panel.page.get_by_role("navigation", name="Billing month").get_by_role("link", name=re.compile("^After")).click()

    expect(panel.page.get_by_text("Not closed yet")).to_be_visible()


def test_an_auditor_is_offered_no_push_and_failures_can_be_tried_again(
    connected: Whole, closed: None, panel: Panel
) -> None:
    change(connected, "globex", 12, datetime.now(UTC) - (LAST.ends_at - timedelta(days=3)))
    panel.without_news()
    with panel.failing("MonthEnd"):
        panel.open("/month-end", Role.AUDITOR)
        expect(panel.page.get_by_text("There is no answer.")).to_be_visible()
    panel.button("Try again").click()

    expect(panel.page.get_by_role("region", name=re.compile("^Corrected since"))).to_be_visible()
    expect(panel.page.get_by_role("main").get_by_role("link", name=re.compile("^Push to "))).to_have_count(0)
