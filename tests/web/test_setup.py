"""Setting a connection up: credentials with rights, and which product bills what."""

import pytest
from playwright.sync_api import expect

from journal.entry import Role
from tests.api import given
from tests.syncing.whole import Whole
from tests.web.axe import in_both_themes
from tests.web.panel import Panel


def fill(panel: Panel, **other: str) -> None:
    """The keys of the test's tenant, or others."""
    keys = {**panel.ledger.tenant.keys, **other}
    for label, name in (
        ("Site URL", "siteUrl"),
        ("Company ID", "companyId"),
        ("Public key", "publicKey"),
        ("Private key", "privateKey"),
    ):
        panel.page.get_by_label(label, exact=True).fill(keys[name])


def connection(ledger: Whole) -> str:
    status: str = ledger.admin.one("{ psaConnection { status } }")["status"]
    return status


def test_a_test_shows_the_rights_one_by_one_and_saves_nothing(panel: Panel) -> None:
    panel.open("/setup/credentials")
    fill(panel)

    panel.button("Test connection").click()

    rights = panel.page.get_by_role("region", name="Rights of this API member")
    expect(rights.get_by_role("listitem")).to_have_count(7)
    expect(rights.get_by_text("Granted")).to_have_count(4)
    expect(rights.get_by_text("Shows when first used")).to_have_count(3)
    assert connection(panel.ledger) == "NOT_CONNECTED"


def test_saving_connects_and_goes_on_to_the_products(panel: Panel) -> None:
    panel.open("/setup/credentials")
    fill(panel)

    panel.button("Save and continue").click()

    expect(panel.heading("Products")).to_be_visible()
    assert connection(panel.ledger) == "SETUP"
    steps = panel.page.get_by_role("navigation", name="Set-up")
    expect(steps.get_by_role("link", name="Credentials (done)")).to_be_visible()


@pytest.mark.parametrize(
    ("other", "field", "told"),
    [
        ({"siteUrl": "http://10.0.0.1"}, "Site URL", "can not be called"),
        ({"companyId": "nobody"}, "Company ID", "does not know this company"),
        ({"privateKey": "wrong"}, "Private key", "does not accept these keys"),
        ({"publicKey": ""}, "Public key", "needed"),
    ],
)
def test_each_refusal_marks_its_own_field(panel: Panel, other: dict[str, str], field: str, told: str) -> None:
    panel.open("/setup/credentials")
    fill(panel, **other)

    panel.button("Save and continue").click()

    marked = panel.page.get_by_label(field, exact=True)
    expect(marked).to_have_attribute("aria-invalid", "true")
    description = marked.get_attribute("aria-describedby")
    assert description is not None
    expect(panel.page.locator(f"[id='{description.split()[-1]}']")).to_contain_text(told)
    assert connection(panel.ledger) == "NOT_CONNECTED"


def test_a_missing_right_says_where_it_is_granted(panel: Panel) -> None:
    panel.ledger.psa_action("right_withdrawn", function="Agreements", verb="inquire")
    panel.open("/setup/credentials")
    fill(panel)

    panel.button("Save and continue").click()

    expect(panel.page.get_by_text("The API member lacks rights.")).to_be_visible()
    expect(panel.page.get_by_role("listitem").get_by_text("Finance › Agreements: set Inquire to All")).to_be_visible()


def test_a_pasted_address_is_cut_to_its_origin_and_shown_so(panel: Panel) -> None:
    panel.open("/setup/credentials")
    site = panel.page.get_by_label("Site URL", exact=True)

    site.fill("https://na.myconnectwise.net/v4_6_release/ConnectWise.aspx?locale=en_US")
    site.blur()

    expect(site).to_have_value("https://na.myconnectwise.net")
    expect(panel.page.get_by_text("Shortened to https://na.myconnectwise.net.")).to_be_visible()


def test_what_was_cut_is_told_of_the_address_that_stands_there_only(panel: Panel) -> None:
    panel.open("/setup/credentials")
    site = panel.page.get_by_label("Site URL", exact=True)
    site.fill("https://na.myconnectwise.net/v4_6_release")
    site.blur()
    expect(panel.page.get_by_text("Shortened to")).to_be_visible()

    site.fill("eu myconnectwise")
    expect(panel.page.get_by_text("Shortened to")).to_have_count(0)
    site.blur()

    expect(site).to_have_value("eu myconnectwise")
    expect(panel.page.get_by_text("Shortened to")).to_have_count(0)


def test_choosing_a_product_moves_no_column(connected: Whole, panel: Panel) -> None:
    panel.page.set_viewport_size({"width": 1280, "height": 900})
    panel.open("/products")
    heads = panel.page.get_by_role("region", name="Password manager").get_by_role("columnheader")
    expect(heads.first).to_be_visible()
    panel.settled()
    before = [one.bounding_box() for one in heads.all()]

    panel.page.get_by_role("combobox", name="ConnectWise product for Business Licences").click()
    panel.page.get_by_role("listbox").get_by_role("option").first.click()

    expect(panel.page.get_by_role("combobox", name="Rule for Business Licences")).to_be_visible()
    assert [one.bounding_box() for one in heads.all()] == before


def test_an_auditor_finds_no_set_up(panel: Panel) -> None:
    panel.open("/setup/credentials", Role.AUDITOR)

    expect(panel.heading("There is no such page")).to_be_visible()


def test_the_set_up_can_be_done_by_keyboard_alone(panel: Panel) -> None:
    given.registered(panel.api, given.new_organization("globex", plan="network-lite"))
    keys = panel.ledger.tenant.keys
    panel.open("/setup/credentials")
    expect(panel.page.get_by_label("Site URL", exact=True)).to_be_visible()
    press = panel.page.keyboard.press
    panel.page.get_by_label("Site URL", exact=True).focus()
    for name in ("siteUrl", "companyId", "publicKey", "privateKey"):
        panel.page.keyboard.type(keys[name])
        press("Tab")
    press("Shift+Tab")
    press("Enter")

    expect(panel.heading("Products")).to_be_focused()
    panel.tab_to(panel.page.get_by_role("combobox", name="ConnectWise product for Lite Licences"))
    press("ArrowDown")
    expect(panel.page.get_by_role("option").first).to_be_visible()
    press("ArrowDown")
    press("Enter")
    expect(panel.page.get_by_role("listbox")).to_have_count(0)
    panel.tab_to(panel.button("Review and confirm"))
    press("Enter")
    panel.tab_to(panel.button("Confirm 1 change"))
    press("Enter")
    panel.tab_to(panel.button("Confirm the mapping"))
    press("Enter")

    expect(panel.heading("Import companies")).to_be_focused()
    assert connection(panel.ledger) == "ACTIVE"


def test_a_remapping_shows_which_lines_it_touches_before_it_is_confirmed(connected: Whole, panel: Panel) -> None:
    bills = connected.billing()
    panel.open("/products")
    expect(panel.page.get_by_text("1 agreement").first).to_be_visible()
    writes = connected.writes()

    product = panel.page.get_by_role("combobox", name="ConnectWise product for Core Licences")
    product.click()
    product.fill(connected.tenant.product(3)["identifier"])
    panel.page.get_by_role("option", name=connected.tenant.product(3)["identifier"]).first.click()
    panel.button("Review and confirm").click()

    dialog = panel.page.get_by_role("dialog", name="Review the changes")
    expect(dialog.get_by_text("Touches 1 agreement.")).to_be_visible()
    expect(dialog.get_by_role("row")).to_have_count(3)
    assert connected.writes() == writes
    dialog.get_by_role("button", name="Confirm 1 change").click()
    expect(dialog).to_have_count(0)
    connected.settle()
    assert [0] == [int(one) for one in connected.holds(bills.agreement, bills.licenses)]


def test_a_product_is_created_in_connectwise_and_chosen(connected: Whole, panel: Panel) -> None:
    panel.open("/products")
    product = panel.page.get_by_role("combobox", name="ConnectWise product for Premium Licences")
    product.click()
    panel.page.get_by_role("option", name="Create product in ConnectWise PSA…").click()

    dialog = panel.page.get_by_role("dialog")
    dialog.get_by_label("Product ID").fill("PREMIUM-USER")
    dialog.get_by_label("Subcategory").select_option(index=1)
    dialog.get_by_label("Type").select_option(index=1)
    dialog.get_by_role("button", name="Create").click()

    expect(dialog).to_have_count(0)
    expect(product).to_have_value("PREMIUM-USER  Premium Licences")
    expect(panel.page.get_by_text("1 change not saved")).to_be_visible()
    made = [one for one in connected.tenant.admin("GET", "/records/catalogItem") if one["identifier"] == "PREMIUM-USER"]
    assert [("Agreement", "Premium Licences")] == [(one["productClass"], one["description"]) for one in made]


def test_drafts_survive_a_reload_and_leaving_asks_first(connected: Whole, panel: Panel) -> None:
    panel.open("/products")
    rule = panel.page.get_by_label("Rule for Core Licences")
    rule.select_option("PEAK")
    expect(panel.page.get_by_text("1 change not saved")).to_be_visible()

    panel.link("Overview").click()

    dialog = panel.page.get_by_role("dialog", name="Leave this page?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Stay").click()
    panel.page.once("dialog", lambda asked: asked.accept())
    panel.page.reload()
    expect(rule).to_have_value("PEAK")


def test_an_auditor_sees_the_products_without_a_field(connected: Whole, panel: Panel) -> None:
    panel.open("/products", Role.AUDITOR)

    expect(panel.page.get_by_role("row", name="Core Licences")).to_be_visible()
    expect(panel.page.get_by_role("combobox")).to_have_count(0)


def test_an_open_list_is_accessible(connected: Whole, panel: Panel) -> None:
    panel.open("/products")
    panel.page.get_by_role("combobox", name="ConnectWise product for Core Licences").click()
    expect(panel.page.get_by_role("option").first).to_be_visible()

    assert in_both_themes(panel.page) == []


def test_a_refused_form_is_accessible(panel: Panel) -> None:
    panel.open("/setup/credentials")
    panel.button("Save and continue").click()
    expect(panel.page.get_by_text("This is needed.").first).to_be_visible()

    assert in_both_themes(panel.page) == []
