"""Troubles as people meet them: what happened, what it means for the invoice, how it is cured, and the way there."""

from decimal import Decimal

import pytest
from playwright.sync_api import Locator, expect

from journal.entry import Role
from tests.api import given
from tests.syncing.whole import Billing, Whole
from tests.web.axe import findings
from tests.web.panel import CARRIED_OUT, Held, Panel
from workers.watch_drift import watch_connection


@pytest.fixture
def bills(connected: Whole) -> Billing:
    """Globex with 40 licences, pushed."""
    return connected.billing()


def trouble(panel: Panel, what: str) -> Locator:
    return panel.page.get_by_role("main").get_by_role("listitem").filter(has_text=what)


def test_a_hand_edit_leads_to_the_preview_that_overwrites_it(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 43)
    watch_connection(connected.tools, connected.msp)
    panel.open()

    found = trouble(panel, "Somebody changed the quantity in ConnectWise.")
    expect(found).to_contain_text("The invoice would show their number, not the licences in force.")
    assert findings(panel.page) == []
    found.get_by_role("link", name="Preview Sync now…").press("Enter")
    panel.button("Write 1 quantity").click()
    expect(panel.page.get_by_text("All lines are done.")).to_be_visible(timeout=CARRIED_OUT)

    panel.link("Overview").click()
    expect(panel.page.get_by_text("Last push")).to_be_visible()
    expect(found).to_have_count(0)
    assert connected.holds(bills.agreement, bills.licenses) == [Decimal(40)]


def test_a_revoked_key_leads_to_where_it_is_replaced(connected: Whole, bills: Billing, panel: Panel) -> None:
    panel.open()
    expect(panel.page.get_by_text("Active", exact=True)).to_be_visible()
    connected.psa_action("keys_revoked")

    connected.licenses("globex", 41)

    found = trouble(panel, "ConnectWise refuses the API keys.")
    expect(found).to_be_visible(timeout=CARRIED_OUT)
    expect(found).to_contain_text("Nothing is written with them; changes wait and nothing is lost.")
    found.get_by_role("link", name="Replace the keys").click()
    expect(panel.heading("Settings")).to_be_visible()
    expect(panel.button("Replace the keys…")).to_be_visible()


def test_an_ended_agreement_leads_to_another_mapping(connected: Whole, bills: Billing, panel: Panel) -> None:
    panel.open()
    expect(panel.page.get_by_text("Active", exact=True)).to_be_visible()
    connected.psa_action("agreement_cancelled", agreement=bills.agreement)

    connected.licenses("globex", 41)

    found = trouble(panel, "The agreement has ended in ConnectWise.").first
    expect(found).to_be_visible(timeout=CARRIED_OUT)
    expect(found).to_contain_text("Its licences are not billed.")
    expect(found).to_contain_text("map the organization to another agreement")
    found.get_by_role("link", name="Map again…").click()
    expect(panel.heading("Companies")).to_be_visible()


def test_a_lost_stream_is_told_and_can_be_taken_up_again(connected: Whole, panel: Panel) -> None:
    panel.complaints.expect("Failed to load resource")
    with panel.without_stream():
        panel.open("/organizations")
        told = panel.page.get_by_role("status").filter(has_text="The live connection is lost.")
        expect(told).to_contain_text("No invoice is affected")
        expect(told).to_contain_text("It connects again by itself")
        assert findings(panel.page) == []
        connected.licenses("globex", 19)
        expect(panel.page.get_by_role("cell", name="19", exact=True)).to_be_visible(timeout=CARRIED_OUT)

    told.get_by_role("button", name="Connect again").click()

    expect(told).to_have_count(0)


def test_an_auditor_reads_the_trouble_without_its_buttons(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 43)
    watch_connection(connected.tools, connected.msp)
    panel.open("/", Role.AUDITOR)

    found = trouble(panel, "Somebody changed the quantity in ConnectWise.")
    expect(found).to_be_visible()
    expect(found.get_by_role("link")).to_have_count(0)
    expect(found.get_by_role("button")).to_have_count(0)


def test_one_answer_is_given_at_a_time_also_while_the_dialogs_are_loaded(connected: Whole, panel: Panel) -> None:
    mapped = [
        (organization, connected.agreements()[number]) for number, organization in enumerate(("globex", "initech"))
    ]
    connected.map(*(given.map_item(name, one["company"]["id"], one["id"]) for name, one in mapped))
    connected.settle()
    for organization, agreement in mapped:
        connected.psa_action("agreement_cancelled", agreement=agreement["id"])
        connected.licenses(organization, 9)
    connected.settle()
    panel.open()
    buttons = panel.page.locator("ul.exceptions > li").get_by_role("button")
    expect(buttons.nth(1)).to_be_visible()
    panel.settled()
    panel.page.route("**/assets/*.js", scripts := Held(lambda _: True))

    buttons.nth(0).click()
    buttons.nth(1).click()
    scripts.end()

    dialog = panel.page.locator("dialog[open]")
    expect(dialog).to_have_count(1)
    panel.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    buttons.nth(0).click()
    expect(dialog).to_have_count(1)
