"""The platform's page: change here, watch the addition move there."""

from playwright.sync_api import Browser, expect

from journal.entry import Role
from tests.syncing.whole import Whole
from tests.web.panel import CARRIED_OUT, Held, Panel, asks_for


def report(panel: Panel, organization: str, how: str, amount: str) -> None:
    field = panel.page.get_by_role("combobox", name="Organization")
    field.click()
    panel.page.get_by_role("option", name=organization).first.click()
    panel.page.get_by_label("How", exact=True).select_option(label=how)
    panel.page.get_by_label("Number").fill(amount)
    panel.button("Report the change").click()


def test_a_change_reported_here_reaches_connectwise_while_the_msp_watches(
    connected: Whole, panel: Panel, browser: Browser, base_url: str
) -> None:
    bills = connected.billing()
    with browser.new_context() as context:
        watching = context.new_page()
        watching.goto(f"{base_url}/#token={connected.api.admin().token}")
        expect(watching.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        panel.open("/licences", Role.PLATFORM)

        report(panel, "Globex", "Change by", "+5")

        expect(panel.page.get_by_text("Recorded: Licences +5, now 45.")).to_be_visible()
        expect(watching.get_by_text("licences +5, now 45")).to_be_visible()
        expect(watching.get_by_text("wrote 45 to")).to_be_visible(timeout=CARRIED_OUT)
    connected.settle()
    assert [45] == [int(one) for one in connected.holds(bills.agreement, bills.licenses)]


def test_a_change_reported_again_counts_once(connected: Whole, panel: Panel) -> None:
    panel.open("/licences", Role.PLATFORM)
    report(panel, "Globex", "Change by", "5")
    expect(panel.page.get_by_text("Recorded: Licences +5, now 5.")).to_be_visible()

    panel.button("Report the change").click()

    expect(panel.page.get_by_text("Already recorded: nothing changed.")).to_be_visible()


def test_another_number_is_another_change(connected: Whole, panel: Panel) -> None:
    panel.open("/licences", Role.PLATFORM)
    report(panel, "Globex", "Change by", "5")
    expect(panel.page.get_by_text("Recorded: Licences +5, now 5.")).to_be_visible()

    panel.page.get_by_label("Number").fill("3")
    panel.button("Report the change").click()

    expect(panel.page.get_by_text("Recorded: Licences +3, now 8.")).to_be_visible()


def test_another_organization_is_another_change(connected: Whole, panel: Panel) -> None:
    panel.open("/licences", Role.PLATFORM)
    report(panel, "Globex", "Change by", "5")
    expect(panel.page.get_by_text("Recorded: Licences +5, now 5.")).to_be_visible()

    panel.page.get_by_role("row").filter(has_text="Initech").get_by_role("button").click()
    panel.button("Report the change").click()

    expect(panel.page.get_by_text("Recorded: Licences +5, now 5.")).to_have_count(2)


def test_an_id_that_a_person_names_stays(connected: Whole, panel: Panel) -> None:
    panel.open("/licences", Role.PLATFORM)
    report(panel, "Globex", "Change by", "5")
    expect(panel.page.get_by_text("Recorded: Licences +5, now 5.")).to_be_visible()

    panel.page.get_by_label("Change ID").fill("mine-2")
    panel.page.get_by_label("Number").fill("3")
    panel.button("Report the change").click()

    expect(panel.page.get_by_text("Recorded: Licences +3, now 8.")).to_be_visible()
    expect(panel.page.get_by_text("mine-2").first).to_be_visible()
    expect(panel.page.get_by_label("Change ID")).to_have_value("mine-2")


def test_what_is_typed_while_a_change_is_on_its_way_is_another_change(connected: Whole, panel: Panel) -> None:
    panel.open("/licences", Role.PLATFORM)
    panel.page.route("**/graphql", hold_back := Held(asks_for("ChangeLicenses")))
    report(panel, "Globex", "Change by", "5")
    panel.page.get_by_label("Number").fill("3")
    hold_back.end()
    expect(panel.page.get_by_text("Recorded: Licences +5, now 5.")).to_be_visible()

    panel.button("Report the change").click()

    expect(panel.page.get_by_text("Recorded: Licences +3, now 8.")).to_be_visible()


def test_what_is_refused_says_why(connected: Whole, panel: Panel) -> None:
    panel.open("/licences", Role.PLATFORM)
    report(panel, "Globex", "Change by", "-5")

    expect(panel.page.get_by_text("The quantity would fall below zero.")).to_be_visible()


def test_missing_fields_are_marked(connected: Whole, panel: Panel) -> None:
    panel.open("/licences", Role.PLATFORM)

    panel.button("Report the change").click()

    expect(panel.page.get_by_text("Choose an organization.")).to_be_visible()
    expect(panel.page.get_by_text("A whole number is needed.")).to_be_visible()


def test_a_platform_without_an_msp_chooses_one(connected: Whole, panel: Panel, base_url: str) -> None:
    panel.page.goto(f"{base_url}/#token={panel.token(Role.PLATFORM)}")
    expect(panel.heading("Choose an MSP")).to_be_visible()

    panel.page.get_by_role("link", name=str(connected.msp), exact=True).click()

    expect(panel.heading("Change licences")).to_be_visible()
    assert f"msp={connected.msp}" in panel.page.url


def test_an_admin_finds_no_such_page(panel: Panel) -> None:
    panel.open("/licences")

    expect(panel.heading("There is no such page")).to_be_visible()
