"""The overview: is it on, is it right, what is next, what needs me."""

from playwright.sync_api import expect

from journal.entry import Role
from tests.syncing.whole import Whole
from tests.web.panel import Panel


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
