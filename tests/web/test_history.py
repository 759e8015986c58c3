"""What happened: listed, filtered, followed, compared, exported, and looked at as of an instant."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect

from journal.entry import Role
from tests.api import given, operations
from tests.syncing.whole import Whole
from tests.web.panel import CARRIED_OUT, Held, Panel, asks_for


@pytest.fixture
def billing(connected: Whole) -> Whole:
    """Globex with 40 licences, pushed."""
    connected.billing()
    return connected


def facts(panel: Panel) -> Locator:
    return panel.page.get_by_role("region", name="Facts").get_by_role("listitem")


def test_a_fact_tells_who_what_it_came_from_and_what_it_led_to(billing: Whole, panel: Panel) -> None:
    billing.licenses("globex", 41)
    billing.settle()
    panel.open("/history?type=organization.licenses-changed")
    expect(facts(panel)).to_have_count(2)

    facts(panel).first.get_by_role("link").click()

    fact = panel.page.get_by_role("region", name="Fact", exact=True)
    expect(fact.get_by_role("heading", name="Globex licences +1, now 41")).to_be_visible()
    expect(fact.get_by_text("platform · Platform")).to_be_visible()
    fact.get_by_role("link", name=re.compile("^began to write 41 to ")).press("Enter")
    expect(fact.get_by_role("link", name=re.compile("^wrote 41 to .*verified$"))).to_be_visible()
    expect(fact.get_by_role("link", name="Globex licences +1, now 41")).to_be_visible()
    address = panel.page.url
    panel.page.reload()
    expect(fact.get_by_role("heading", name=re.compile("^began to write 41"))).to_be_visible()
    assert panel.page.url == address
    fact.get_by_role("link", name="Why this quantity?").click()
    expect(panel.page.get_by_role("heading", level=1, name=re.compile("^Why is .* 41 in "))).to_be_visible()


def test_following_counts_what_is_new_and_moves_nothing(billing: Whole, panel: Panel) -> None:
    panel.open("/history?type=organization.licenses-changed&follow=1")
    expect(facts(panel)).to_have_count(1)

    billing.licenses("globex", 41)
    billing.licenses("globex", 42)

    show = panel.button("Show 2 new")
    expect(show).to_be_visible()
    expect(facts(panel)).to_have_count(1)
    show.press("Enter")
    expect(facts(panel)).to_have_count(3)
    expect(show).to_have_count(0)


def test_following_counts_also_what_was_recorded_before_the_stream_was_open(billing: Whole, panel: Panel) -> None:
    news = panel.without_news()
    panel.open("/history?type=organization.licenses-changed&follow=1")
    expect(facts(panel)).to_have_count(1)

    billing.licenses("globex", 41)
    billing.licenses("globex", 42)
    news.end()

    expect(panel.button("Show 2 new")).to_be_visible()


def test_following_goes_on_counting_when_more_is_loaded(billing: Whole, panel: Panel) -> None:
    changes = [given.change(f"many-{n}", "globex", quantity=n) for n in range(60)]
    billing.api.platform().one(operations.CHANGE_LICENSES, input={"msp": billing.msp, "changes": changes})
    panel.open("/history?type=organization.licenses-changed&follow=1")
    expect(facts(panel)).to_have_count(50)
    billing.licenses("globex", 41)
    expect(panel.button("Show 1 new")).to_be_visible()

    panel.button("Load more").click()

    expect(facts(panel)).to_have_count(61)
    expect(panel.button("Show 1 new")).to_be_visible()


def test_following_counts_also_without_a_stream(billing: Whole, panel: Panel) -> None:
    panel.complaints.expect("Failed to load resource")
    with panel.without_stream():
        panel.open("/history?type=organization.licenses-changed&follow=1")
        expect(panel.page.get_by_text("The live connection is lost.")).to_be_visible()

        billing.licenses("globex", 41)

        expect(panel.button("Show 1 new")).to_be_visible(timeout=CARRIED_OUT)


def test_filters_are_the_address_and_chips_take_them_away(billing: Whole, panel: Panel) -> None:
    panel.open("/history?organization=globex")
    everything = panel.page.get_by_role("region", name="Facts")
    expect(everything.get_by_text("registered Globex")).to_be_visible()

    panel.page.get_by_label("Role").select_option("PLATFORM")
    expect(everything.get_by_text(re.compile("^mapped Globex"))).to_have_count(0)
    expect(panel.page).to_have_url(re.compile("role=PLATFORM"))
    panel.page.get_by_label("Who").fill("nobody at all")
    panel.page.get_by_label("Who").press("Enter")
    expect(panel.page.get_by_text("Nothing fits these filters.")).to_be_visible()
    panel.page.get_by_label("Who").fill("")
    panel.page.get_by_label("Who").press("Enter")

    panel.button("Remove the filter Organization: Globex").click()

    expect(everything.get_by_text("registered Initech")).to_be_visible()


def test_what_is_typed_stays_while_the_page_is_drawn_anew(billing: Whole, panel: Panel) -> None:
    panel.open("/history")
    everything = panel.page.get_by_role("region", name="Facts")
    mapped = everything.get_by_text(re.compile("^mapped Globex"))
    expect(mapped).to_be_visible()
    panel.page.route("**/graphql", answers := Held(asks_for("History")))
    panel.page.get_by_label("Role").select_option("PLATFORM")

    who = panel.page.get_by_label("Who")
    who.fill("nobody at all")
    answers.end()

    expect(mapped).to_have_count(0)
    expect(who).to_have_value("nobody at all")
    who.press("Enter")
    expect(panel.page.get_by_text("Nothing fits these filters.")).to_be_visible()
    panel.button("Clear filters").first.click()
    expect(who).to_have_value("")


def test_what_is_filtered_can_be_taken_along_with_its_proof(billing: Whole, panel: Panel) -> None:
    panel.open("/history?type=organization.licenses-changed")

    with panel.page.expect_download() as download:
        panel.button("Export with proof").click()

    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert [one for one in map(json.loads, lines) if "licenses-changed" in json.dumps(one)] != []


def test_a_failed_export_is_told(billing: Whole, panel: Panel) -> None:
    panel.complaints.expect("Failed to load resource")
    panel.open("/history")
    panel.page.route("**/exports/**", lambda route: route.fulfill(status=500))

    panel.button("Export with proof").click()

    expect(panel.page.get_by_role("alert")).to_be_visible()


def test_two_instants_are_compared_side_by_side(connected: Whole, panel: Panel) -> None:
    before = connected.admin.one("{ serverTime }")
    connected.billing()
    after = connected.admin.one("{ serverTime }")
    panel.open("/history")
    panel.link("Compare two instants…").press("Enter")
    expect(panel.heading("Compare two instants")).to_be_focused()
    panel.button("Compare").click()
    expect(panel.page).to_have_url(re.compile("from="))

    panel.open(f"/history/compare?from={before}&to={after}")

    rows = panel.page.get_by_role("region", name="Compare two instants").get_by_role("row")
    expect(rows.filter(has_text="Globex").filter(has_text="agreement").first).to_be_visible()
    panel.open(f"/history/compare?from={after}&to={after}")
    expect(panel.page.get_by_text("Nothing differs.")).to_be_visible()


def test_instants_that_are_still_to_come_are_refused_at_their_field(connected: Whole, panel: Panel) -> None:
    panel.open("/history/compare")
    later = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S")
    field = panel.page.get_by_label("Second (UTC)")
    field.fill(later)

    panel.button("Compare").click()

    expect(panel.page.get_by_text("Give two instants that have passed, the earlier one first.")).to_be_visible()
    expect(field).to_have_value(later)


def test_the_header_takes_the_panel_to_an_instant_and_back(connected: Whole, panel: Panel) -> None:
    before = connected.admin.one("{ serverTime }")
    connected.ask("mutation ($input: ConnectionInput!) { pause(input: $input) { __typename } }")
    panel.open("/")
    expect(panel.page.get_by_text("Paused", exact=True)).to_be_visible()
    panel.button("As of: now").press("Enter")
    dialog = panel.page.get_by_role("dialog")
    dialog.get_by_label("Date and time (UTC)").fill(before[:23])

    dialog.get_by_role("button", name="Show").press("Enter")

    expect(panel.page.get_by_text("You are looking at what was recorded by")).to_be_visible()
    expect(panel.page.get_by_text("Active", exact=True)).to_be_visible()
    expect(panel.page.get_by_role("region", name="Products").get_by_role("row")).to_have_count(3)
    panel.link("Runs").click()
    expect(panel.page.get_by_text("This page always shows now")).to_be_visible()
    expect(panel.page.get_by_role("region", name="Runs").get_by_role("row")).to_have_count(2)
    expect(panel.link("Sync now…")).to_have_count(0)
    panel.page.get_by_role("main").get_by_role("button", name="Back to now").click()
    expect(panel.link("Sync now…")).to_be_visible()


def test_an_auditor_reads_it_and_the_platform_does_not(billing: Whole, panel: Panel) -> None:
    panel.open("/history", Role.AUDITOR)
    expect(facts(panel).first).to_be_visible()

    panel.open("/history", Role.PLATFORM)

    expect(panel.heading("There is no such page")).to_be_visible()


def test_there_is_nothing_before_the_first_fact_and_failures_are_told(panel: Panel) -> None:
    panel.without_news()
    with panel.failing("History"):
        panel.open("/history")
        expect(panel.page.get_by_text("There is no answer.")).to_be_visible()
    panel.button("Try again").click()
    expect(panel.page.get_by_text("Nothing has happened yet.")).to_be_visible()

    panel.open("/history?fact=not-there")

    expect(panel.page.get_by_text("There is no fact with this id.")).to_be_visible()
