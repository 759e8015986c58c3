"""From nothing to an explained number, as somebody would go who has read only the two help pages."""

import re

from playwright.sync_api import Browser, expect

from journal.entry import Role
from tests.api import given
from tests.syncing.whole import Whole
from tests.web.panel import Panel
from tests.web.test_companies import billable, row
from tests.web.test_setup import fill


def test_from_not_connected_to_why_a_quantity_is_what_it_is(
    ledger: Whole, panel: Panel, browser: Browser, base_url: str
) -> None:
    given.registered(ledger.api, given.new_organization("globex", plan="network-lite"))
    page = panel.page

    panel.open("/")
    panel.link("Connect ConnectWise PSA").click()
    fill(panel)
    panel.button("Test connection").click()
    expect(page.get_by_text("Everything that can be checked is there.")).to_be_visible()
    panel.button("Save and continue").click()

    product = page.get_by_role("combobox", name="ConnectWise product for Lite Licences")
    product.click()
    page.get_by_role("option").first.click()
    panel.button("Review and confirm").click()
    panel.button("Confirm 1 change").click()
    panel.button("Confirm the mapping").click()

    expect(panel.heading("Import companies")).to_be_visible()
    panel.button("Import companies").click()
    page.get_by_role("region", name="The import is done.").get_by_role("link", name="Map companies").click()

    name, _, agreement = billable(ledger)[0]
    page.get_by_role("searchbox").fill(name)
    organization = row(panel, name).get_by_role("combobox", name=f"Organization for {name}")
    organization.click()
    organization.fill("globex")
    page.get_by_role("option", name=re.compile("^Globex Lite")).click()
    panel.button("Review 1 mapping").click()
    panel.button("Map 1 organization").click()
    expect(row(panel, name).get_by_text("Mapped", exact=True)).to_be_visible()

    panel.open("/organizations/globex")
    with browser.new_context() as context:
        platform = context.new_page()
        platform.goto(f"{base_url}/licences?msp={ledger.msp}#token={panel.token(Role.PLATFORM)}")
        platform.get_by_role("button", name="Change Globex").click()
        platform.get_by_label("Number").fill("17")
        platform.get_by_role("button", name="Report the change").click()
        expect(platform.get_by_text("Recorded: Licences +17, now 17.")).to_be_visible()
    # Without a reload.
    expect(page.get_by_role("main").get_by_text(re.compile(r"\b17\b")).first).to_be_visible()
    ledger.settle()
    [mapped] = ledger.admin.one("{ psaConnection { productMappings { product } } }")["productMappings"]
    assert [17] == [int(one) for one in ledger.holds(agreement, mapped["product"])]

    page.get_by_role("link", name=re.compile(r"^Why 17\?")).first.click()
    expect(page.get_by_role("heading", level=1, name=re.compile(r"^Why is .* 17 in "))).to_be_focused()
    expect(page.get_by_text("Sum checked")).to_be_visible()

    panel.open("/runs")
    panel.link("Sync now…").click()
    expect(panel.heading("Preview of Sync now")).to_be_visible()
