"""The overview: is it on, is it right, what is next, what needs me."""

import re
from datetime import datetime

import pytest
from playwright.sync_api import Locator, expect

from journal.entry import Role
from tests.syncing.whole import Whole
from tests.web.axe import findings
from tests.web.panel import Held, Panel, asks_for


def test_a_newcomer_is_shown_how_to_connect(panel: Panel) -> None:
    panel.open()

    expect(panel.heading("Overview")).to_be_visible()
    expect(panel.page.get_by_role("heading", name="Connect ConnectWise PSA")).to_be_visible()
    expect(panel.link("Connect ConnectWise PSA")).to_be_visible()


def test_the_token_leaves_the_address_and_stays_in_the_tab(panel: Panel) -> None:
    panel.open()
    expect(panel.heading("Overview")).to_be_visible()

    assert "token" not in panel.page.url
    panel.page.reload()
    expect(panel.heading("Overview")).to_be_visible()


def test_an_auditor_is_offered_nothing_to_do(panel: Panel) -> None:
    panel.open(role=Role.AUDITOR)

    expect(panel.page.get_by_role("heading", name="Connect ConnectWise PSA")).to_be_visible()
    expect(panel.page.get_by_role("banner").get_by_text("Read only")).to_be_visible()
    expect(panel.link("Connect ConnectWise PSA")).to_have_count(0)


def test_who_connected_sees_the_status_and_what_is_next(connected: Whole, panel: Panel) -> None:
    panel.open()

    expect(panel.page.get_by_text("Active", exact=True)).to_be_visible()
    expect(panel.page.get_by_text("closes")).to_be_visible()


def test_a_licence_change_is_seen_without_reload(connected: Whole, panel: Panel) -> None:
    panel.open()
    expect(panel.page.get_by_text("Active", exact=True)).to_be_visible()

    connected.licenses("globex", 17)

    expect(panel.page.get_by_text("licences +17, now 17")).to_be_visible()


def test_the_months_licences_move_without_reload(connected: Whole, panel: Panel) -> None:
    panel.open()
    card = to_date(panel)
    expect(card.get_by_text("0 licences", exact=True)).to_be_visible()
    days = today(connected)

    connected.licenses("initech", 5)
    connected.licenses("globex", 4_307)

    expect(card.get_by_text("4,312 licences", exact=True)).to_be_visible()
    expect(card.get_by_text("+4,312 since")).to_be_visible()
    chart = card.get_by_role("img")
    expect(chart).to_have_accessible_name(re.compile(r"\b0 when it began, 4,312 now; lowest "))
    level = "".join(f"{'M0 ' if day == 1 else 'V'}40H{day}" for day in range(1, days))
    line = f"{level}V0H{days}" if level else "M0 20H1"
    expect(chart.locator("path")).to_have_attribute("d", line)


def test_the_months_licences_are_there_day_by_day_in_words(connected: Whole, panel: Panel) -> None:
    connected.licenses("initech", 5)
    panel.open()
    card = to_date(panel)

    card.get_by_text("By day").click()

    last = card.get_by_role("row").last
    expect(last.get_by_role("rowheader")).to_have_text(re.compile(rf"^{today(connected)} "))
    expect(last.get_by_role("cell").first).to_have_text("5")
    expect(card.get_by_role("row")).to_have_count(today(connected) + 1)
    expect(card.get_by_text("Licences that are billed")).to_be_visible()
    assert [] == findings(panel.page)


@pytest.mark.parametrize("width", [320, 1024])
def test_the_days_fit_the_screen_also_of_a_large_msp(connected: Whole, panel: Panel, width: int) -> None:
    connected.licenses("initech", 654_312)
    panel.page.set_viewport_size({"width": width, "height": 900})
    panel.open()
    card = to_date(panel)

    card.get_by_text("By day").click()

    expect(card.get_by_role("row").last.get_by_role("cell").first).to_have_text("654,312")
    assert card.locator("section.table").evaluate("shown => shown.scrollWidth <= shown.clientWidth")


def test_a_new_day_is_shown_although_nothing_is_recorded(connected: Whole, panel: Panel) -> None:
    panel.page.clock.install()
    panel.open()
    panel.settled()

    with panel.page.expect_request(asks_for("Overview")):
        panel.page.clock.fast_forward("24:00:20")


def test_nothing_moves_while_the_figures_of_the_overview_arrive(connected: Whole, panel: Panel) -> None:
    """Mapping suggestions take longer than the rest: what is there already stays where it is."""
    connected.licenses("initech", 5)
    panel.without_news()
    panel.open()
    expect(panel.heading("Overview")).to_be_visible()
    for width in (1440, 1024, 360):
        panel.page.set_viewport_size({"width": width, "height": 900})
        panel.page.route("**/graphql", hold_back := Held(asks_for("Mapping")))
        panel.page.reload()
        panel.settled_but(hold_back)
        recent = panel.page.get_by_role("heading", name="Recent")
        suggested = panel.page.get_by_text("Suggested")
        expect(suggested).to_be_hidden()
        before = recent.bounding_box()

        hold_back.end()

        expect(suggested).to_be_visible()
        panel.settled()
        assert before is not None
        assert recent.bounding_box() == before


def test_what_is_billed_nowhere_is_told_by_component(connected: Whole, panel: Panel) -> None:
    connected.licenses("globex", 5)
    connected.licenses("globex", 1, "SERVER")
    connected.licenses("initech", 1_200)

    panel.open()

    told = "Organizations that are not mapped use 1,205 licences and 1 server. They are not billed."
    expect(panel.page.get_by_text(told, exact=True)).to_be_visible()


def to_date(panel: Panel) -> Locator:
    return panel.page.get_by_role("region", name="to date")


def today(ledger: Whole) -> int:
    return datetime.fromisoformat(ledger.admin.one("{ serverTime }")).day
