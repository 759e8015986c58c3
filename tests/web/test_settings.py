"""Settings: keys, rules of syncing, pausing, and the way out."""

import pytest
from playwright.sync_api import expect

from journal.entry import Role
from tests.syncing.whole import Whole
from tests.web.axe import in_both_themes
from tests.web.panel import CARRIED_OUT, Panel

STANDING = "{ psaConnection { status keyHint settings { driftPolicy holdDays dropGuardPercent } } }"


def test_settings_are_saved_and_shown_again(connected: Whole, panel: Panel) -> None:
    panel.open("/settings")
    panel.page.get_by_label("Keep the difference").check()
    panel.page.get_by_label("Days to wait after the close").fill("3")

    panel.button("Save the settings").click()

    expect(panel.page.get_by_text("The settings are saved.")).to_be_visible()
    settings = connected.admin.one(STANDING)["settings"]
    assert {"driftPolicy": "KEEP", "holdDays": 3, "dropGuardPercent": 50} == settings
    panel.page.reload()
    expect(panel.page.get_by_label("Days to wait after the close")).to_have_value("3")


@pytest.mark.parametrize(("value", "told"), [("three", "A whole number is needed."), ("4000", "days")])
def test_a_wrong_number_marks_its_field(connected: Whole, panel: Panel, value: str, told: str) -> None:
    panel.open("/settings")
    days = panel.page.get_by_label("Days to wait after the close")
    days.fill(value)

    panel.button("Save the settings").click()

    expect(days).to_have_attribute("aria-invalid", "true")
    assert connected.admin.one(STANDING)["settings"]["holdDays"] == 0


def test_syncing_is_paused_and_resumed(connected: Whole, panel: Panel) -> None:
    panel.open("/settings")

    panel.button("Pause syncing").click()
    expect(panel.page.get_by_text("Syncing is paused.")).to_be_visible()
    paused = connected.admin.one(STANDING)["status"]
    panel.button("Resume syncing").click()
    expect(panel.button("Pause syncing")).to_be_visible()

    assert ("PAUSED", "ACTIVE") == (paused, connected.admin.one(STANDING)["status"])


def test_new_keys_replace_the_old_ones_only_when_they_work(connected: Whole, panel: Panel) -> None:
    panel.open("/settings")
    panel.button("Replace the keys…").click()
    dialog = panel.page.get_by_role("dialog", name="Replace the keys")
    dialog.get_by_label("Public key", exact=True).fill("wrong-key-0000")
    dialog.get_by_label("Private key", exact=True).fill("wrong")

    dialog.get_by_role("button", name="Test and replace").click()

    expect(dialog.get_by_label("Public key", exact=True)).to_have_attribute("aria-invalid", "true")
    before = connected.admin.one(STANDING)["keyHint"]
    connected.tenant.admin("POST", "/keys", {"public": "freshkey4f2a", "private": "fresh", "role": "minimum"})
    dialog.get_by_label("Public key", exact=True).fill("freshkey4f2a")
    dialog.get_by_label("Private key", exact=True).fill("fresh")
    dialog.get_by_role("button", name="Test and replace").click()
    expect(dialog).to_have_count(0)
    expect(panel.page.get_by_text("ends in …4f2a")).to_be_visible()
    assert before != connected.admin.one(STANDING)["keyHint"]


def test_revoked_keys_are_told_with_what_they_mean_and_cured_here(connected: Whole, panel: Panel) -> None:
    bills = connected.billing()
    connected.psa_action("keys_revoked")
    connected.licenses("globex", 44)
    panel.open("/")
    expect(panel.page.get_by_text("ConnectWise refuses the API keys.")).to_be_visible(timeout=CARRIED_OUT)
    expect(panel.page.get_by_text("changes wait and nothing is lost")).to_be_visible()

    panel.link("Replace the keys").click()

    expect(panel.heading("Settings")).to_be_visible()
    panel.button("Replace the keys…").click()
    connected.tenant.admin("POST", "/keys", {"public": "cured-key-77aa", "private": "fresh", "role": "minimum"})
    dialog = panel.page.get_by_role("dialog", name="Replace the keys")
    dialog.get_by_label("Public key", exact=True).fill("cured-key-77aa")
    dialog.get_by_label("Private key", exact=True).fill("fresh")
    dialog.get_by_role("button", name="Test and replace").click()
    expect(dialog).to_have_count(0)
    expect(panel.page.get_by_text("Active", exact=True)).to_be_visible()
    connected.settle()
    assert [44] == [int(one) for one in connected.holds(bills.agreement, bills.licenses)]


def test_disconnecting_wants_the_company_id_and_says_what_goes_and_stays(connected: Whole, panel: Panel) -> None:
    connected.billing()
    panel.open("/settings")
    panel.button("Disconnect…").click()
    dialog = panel.page.get_by_role("dialog", name="Disconnect ConnectWise")
    expect(dialog.get_by_text("1 company mapping, all product mappings and the keys.")).to_be_visible()
    field = dialog.get_by_label(f"Type {connected.tenant.company_id} to confirm")
    field.fill("something else")
    dialog.get_by_role("button", name="Disconnect ConnectWise").click()
    expect(dialog.get_by_text("This is not the company ID.")).to_be_visible()
    still = connected.admin.one(STANDING)["status"]

    field.fill(connected.tenant.company_id)
    dialog.get_by_role("button", name="Disconnect ConnectWise").click()

    expect(panel.page.get_by_role("heading", name="Connect ConnectWise PSA")).to_be_visible()
    assert ("ACTIVE", "NOT_CONNECTED") == (still, connected.admin.one(STANDING)["status"])


def test_after_connecting_again_the_old_mappings_are_offered(connected: Whole, panel: Panel) -> None:
    connected.billing()
    connected.admin.one("mutation { disconnect(input: {}) { __typename } }")
    connected.ask("mutation ($input: ConnectInput!) { connect(input: $input) { __typename } }", **connected.tenant.keys)
    connected.imported()
    panel.open("/companies")

    panel.button("Look at them…").click()
    panel.button("Restore 1 mapping").click()

    expect(panel.page.get_by_text("1 mapping restored.")).to_be_visible()
    assert connected.admin.one("{ companyMappings { totalCount } }")["totalCount"] == 1


def test_an_auditor_reads_the_settings_and_changes_nothing(connected: Whole, panel: Panel) -> None:
    panel.open("/settings", Role.AUDITOR)

    expect(panel.page.get_by_label("Days to wait after the close")).to_be_disabled()
    for name in ("Save the settings", "Pause syncing", "Disconnect…", "Replace the keys…"):
        expect(panel.button(name)).to_have_count(0)


def test_it_is_accessible_also_with_its_dialogs(connected: Whole, panel: Panel) -> None:
    panel.open("/settings")
    expect(panel.button("Disconnect…")).to_be_visible()
    page = in_both_themes(panel.page)
    panel.button("Disconnect…").click()
    expect(panel.page.get_by_role("dialog")).to_be_visible()

    assert ([], []) == (page, in_both_themes(panel.page))
