"""Seeing what would be written, writing exactly that, watching it, and putting it back."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Route, expect

from journal.entry import Role
from tests.api import operations
from tests.syncing.whole import PREVIEW_SYNC, Billing, Whole
from tests.web.axe import in_both_themes
from tests.web.panel import CARRIED_OUT, Panel


@pytest.fixture
def bills(connected: Whole) -> Billing:
    """Globex with 40 licences, pushed."""
    return connected.billing()


def rows(panel: Panel, table: str) -> Locator:
    return panel.page.get_by_role("region", name=table).get_by_role("row")


def test_a_hand_edit_is_seen_overwritten_and_put_back(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 43)
    panel.open("/runs")
    panel.link("Sync now…").click()

    expect(panel.heading("Preview of Sync now")).to_be_visible()
    line = rows(panel, "Preview of Sync now").nth(1)
    expect(line).to_contain_text("Changed by hand in ConnectWise", timeout=CARRIED_OUT)
    expect(line).to_contain_text("The hand edit is overwritten.")
    assert connected.holds(bills.agreement, bills.licenses) == [Decimal(43)]
    panel.button("Write 1 quantity").click()

    expect(panel.page.get_by_text("All lines are done.")).to_be_visible(timeout=CARRIED_OUT)
    expect(panel.page.get_by_role("main").get_by_text("Verified 1")).to_be_visible()
    assert connected.holds(bills.agreement, bills.licenses) == [Decimal(40)]

    panel.link("Undo run…").click()
    expect(panel.heading("Preview of the undo")).to_be_visible()
    panel.button("Put back 1 quantity").click()

    expect(panel.page.get_by_role("link", name="Undoes an earlier run")).to_be_visible()
    expect(panel.page.get_by_text("All lines are done.")).to_be_visible(timeout=CARRIED_OUT)
    assert connected.holds(bills.agreement, bills.licenses) == [Decimal(43)]


def test_sync_now_goes_by_keyboard_alone(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 99)
    panel.open("/runs")
    panel.link("Sync now…").press("Enter")
    expect(panel.heading("Preview of Sync now")).to_be_focused()
    held = panel.page.get_by_role("checkbox", name=re.compile("^Write the held line"))
    expect(panel.button("Write 0 quantities")).to_be_disabled(timeout=CARRIED_OUT)

    held.press("Space")
    panel.button("Write 1 quantity").press("Enter")

    expect(panel.page.get_by_role("heading", level=1, name=re.compile("^Sync now, "))).to_be_focused()
    expect(panel.page.get_by_text("All lines are done.")).to_be_visible(timeout=CARRIED_OUT)
    assert connected.holds(bills.agreement, bills.licenses) == [Decimal(40)]


def test_what_moved_since_the_preview_is_told_and_not_written(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 43)
    panel.open("/runs/preview")
    write = panel.button("Write 1 quantity")
    expect(write).to_be_visible(timeout=CARRIED_OUT)
    connected.hand_edit(bills.agreement, bills.licenses, 44)

    write.click()

    expect(panel.page.get_by_text("Changed since the preview: ConnectWise holds 44")).to_be_visible(timeout=CARRIED_OUT)
    assert connected.holds(bills.agreement, bills.licenses) == [Decimal(44)]


def test_a_double_click_on_write_makes_one_run(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 43)
    panel.open("/runs/preview")

    panel.button("Write 1 quantity").dblclick()

    expect(panel.page.get_by_text("All lines are done.")).to_be_visible(timeout=CARRIED_OUT)
    found = connected.admin.one("{ runs(filter: {kind: OVERWRITE}) { totalCount } }")
    assert found == {"totalCount": 1}


def test_a_reload_shows_the_same_preview(connected: Whole, bills: Billing, panel: Panel) -> None:
    panel.open("/runs/preview")
    expect(panel.page.get_by_text("ConnectWise holds exactly what the facts say.")).to_be_visible(timeout=CARRIED_OUT)
    address = panel.page.url

    panel.page.reload()

    expect(panel.page.get_by_text("ConnectWise holds exactly what the facts say.")).to_be_visible()
    assert panel.page.url == address
    assert connected.admin.one("{ runs(filter: {kind: PREVIEW}) { totalCount } }") == {"totalCount": 1}


def test_a_preview_of_another_scope_is_another_preview(connected: Whole, bills: Billing, panel: Panel) -> None:
    panel.open("/runs/preview")
    organizations = panel.page.get_by_role("combobox", name="Organizations")
    expect(organizations.get_by_role("option", name="Globex")).to_be_attached(timeout=CARRIED_OUT)
    expect(panel.page).to_have_url(re.compile("run="))
    first = panel.page.url

    organizations.select_option("Globex")

    expect(panel.page.get_by_role("combobox", name="Organizations")).to_have_value("globex")
    expect(panel.page).to_have_url(re.compile("run="))
    expect(panel.page).not_to_have_url(first)


def test_within_the_days_of_hold_sync_now_goes_through_after_a_warning(
    connected: Whole, bills: Billing, panel: Panel
) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 43)
    connected.ask(operations.CHANGE_SETTINGS, holdDays=3)
    on_day(panel, 4)
    panel.open("/runs/preview")

    warning = panel.page.get_by_text("The settings hold new-month quantities for 3 days after the close.")
    expect(warning).to_be_visible(timeout=CARRIED_OUT)
    expect(warning).to_contain_text("Sync now writes them all the same, so last month must be invoiced already.")
    panel.button("Write 1 quantity").click()

    expect(panel.page.get_by_text("All lines are done.")).to_be_visible(timeout=CARRIED_OUT)
    assert connected.holds(bills.agreement, bills.licenses) == [Decimal(40)]


def test_after_the_days_of_hold_there_is_no_warning(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 43)
    connected.ask(operations.CHANGE_SETTINGS, holdDays=3)
    on_day(panel, 5)

    panel.open("/runs/preview")

    expect(panel.button("Write 1 quantity")).to_be_visible(timeout=CARRIED_OUT)
    expect(panel.page.get_by_text("The settings hold new-month quantities")).to_have_count(0)


def on_day(panel: Panel, day: int) -> None:
    """The API's time, as the preview is told it, is on a day of the month."""

    def told(route: Route) -> None:
        if '"operationName":"Preview"' not in (route.request.post_data or ""):
            route.fallback()
            return
        answer = route.fetch()
        said = answer.json()
        said["data"]["serverTime"] = f"{said['data']['serverTime'][:8]}{day:02}T12:00:00Z"
        route.fulfill(response=answer, json=said)

    panel.page.route("**/graphql", told)


def test_a_paused_connection_is_told_with_the_way_to_resume(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.ask("mutation ($input: ConnectionInput!) { pause(input: $input) { __typename } }")

    panel.open("/runs/preview")

    expect(panel.page.get_by_role("alert")).to_contain_text("not active")
    expect(panel.page.get_by_role("alert").get_by_role("link")).to_be_visible()


def test_an_auditor_reads_runs_and_previews_and_is_offered_nothing(
    connected: Whole, bills: Billing, panel: Panel
) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 43)
    run = connected.carried_out(PREVIEW_SYNC)["id"]
    panel.open("/runs", Role.AUDITOR)
    expect(panel.page.get_by_role("main").get_by_role("link", name="Preview", exact=True)).to_be_visible()
    expect(panel.link("Sync now…")).to_have_count(0)

    panel.open(f"/runs/preview?run={run}", Role.AUDITOR)

    expect(rows(panel, "Preview of Sync now").nth(1)).to_be_visible()
    expect(panel.page.get_by_role("button", name=re.compile("^(Write|Refresh)"))).to_have_count(0)
    answer = connected.api.auditor().ask(operations.SYNC_NOW, input={})
    assert answer.codes == ["NotAllowed"]


def test_runs_can_be_narrowed_by_kind(connected: Whole, panel: Panel) -> None:
    panel.open("/runs")
    expect(rows(panel, "Runs")).to_have_count(2)

    panel.page.get_by_label("Kind").select_option("UNDO")

    expect(panel.page.get_by_text("Nothing fits these filters.")).to_be_visible()
    panel.button("Clear filters").click()
    rows(panel, "Runs").nth(1).get_by_role("link").click()
    expect(panel.heading("Import companies")).to_be_visible()
    expect(panel.page.get_by_role("region", name="Run").get_by_text("Agreements")).to_be_visible()


def test_there_is_nothing_before_the_first_run(panel: Panel) -> None:
    panel.open("/runs")

    expect(panel.page.get_by_text("There were no runs yet.")).to_be_visible()


def test_a_failed_list_keeps_its_rows_and_can_be_tried_again(connected: Whole, panel: Panel) -> None:
    panel.without_news()
    panel.open("/runs")
    expect(rows(panel, "Runs")).to_have_count(2)
    with panel.failing("Runs"):
        panel.page.get_by_label("Status").select_option("FINISHED")
        expect(panel.page.get_by_text("There is no answer.")).to_be_visible()
        expect(rows(panel, "Runs")).to_have_count(2)

    panel.button("Try again").click()

    expect(panel.page.get_by_text("There is no answer.")).to_have_count(0)


def test_they_are_accessible(connected: Whole, bills: Billing, panel: Panel) -> None:
    connected.hand_edit(bills.agreement, bills.licenses, 99)
    found = {}

    panel.open("/runs/preview")
    expect(panel.page.get_by_role("checkbox")).to_be_visible(timeout=CARRIED_OUT)
    found["preview"] = in_both_themes(panel.page)
    panel.page.get_by_role("checkbox").check()
    panel.button("Write 1 quantity").click()
    expect(panel.page.get_by_text("All lines are done.")).to_be_visible(timeout=CARRIED_OUT)
    found["run"] = in_both_themes(panel.page)
    panel.open("/runs")
    expect(rows(panel, "Runs")).to_have_count(4)
    found["runs"] = in_both_themes(panel.page)

    assert set(map(len, found.values())) == {0}, found
