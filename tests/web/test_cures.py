"""Curing what went wrong to its end, from the page alone."""

from playwright.sync_api import expect

from tests.syncing.whole import Whole
from tests.web.axe import findings
from tests.web.panel import Panel


def test_an_ended_agreement_leads_to_mapping_again(connected: Whole, panel: Panel) -> None:
    bills = connected.billing()
    connected.psa_action("agreement_cancelled", agreement=bills.agreement)
    connected.licenses("globex", 45)
    connected.settle()
    panel.open("/")
    trouble = panel.page.get_by_role("listitem").filter(has_text="The agreement has ended in ConnectWise.")
    expect(trouble).to_contain_text("Its licences are not billed.")
    expect(trouble).to_contain_text("map the organization to another agreement")
    found = findings(panel.page)

    trouble.get_by_role("link", name="Map again…").click()

    expect(panel.heading("Companies")).to_be_visible()
    company = panel.page.get_by_role("combobox", name="Company for Globex")
    expect(company).to_be_visible()
    other = next(one for one in connected.agreements() if one["company"]["id"] != bills.company)
    company.fill(other["company"]["name"])
    panel.page.get_by_role("option", name=other["company"]["name"]).first.click()
    agreement = panel.page.get_by_role("combobox", name=f"Agreement for {other['company']['name']}")
    agreement.select_option(value=str(other["id"]))
    panel.button("Review 1 mapping").click()
    panel.button("Map 1 organization").click()
    expect(panel.page.get_by_text("1 mapping saved. Quantities are being written.")).to_be_visible()
    connected.settle()
    assert ([45], []) == ([int(one) for one in connected.holds(other["id"], bills.licenses)], found)


def test_a_lost_addition_is_created_again_once_somebody_says_so(connected: Whole, panel: Panel) -> None:
    bills = connected.billing()
    [record] = connected.additions(bills.agreement, bills.licenses)
    connected.psa_action("addition_deleted", addition=record["id"])
    connected.licenses("globex", 45)
    connected.settle()
    panel.open("/")
    trouble = panel.page.get_by_role("listitem").filter(has_text="The addition is no longer in ConnectWise.")
    expect(trouble).to_contain_text("Nothing is billed for it until it is back.")

    trouble.get_by_role("button", name="Try again…").click()
    dialog = panel.page.get_by_role("dialog", name="Try again")
    dialog.get_by_role("checkbox").check()
    found = findings(panel.page)
    dialog.get_by_role("button", name="Try again").click()

    expect(dialog).to_have_count(0)
    expect(trouble).to_have_count(0)
    connected.settle()
    assert ([45], []) == ([int(one) for one in connected.holds(bills.agreement, bills.licenses)], found)
