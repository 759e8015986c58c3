"""Organizations and their usage over a month, and the proof behind a quantity."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from journal.entry import Role
from tests.syncing.whole import Whole
from tests.web.axe import findings
from tests.web.lived import change
from tests.web.panel import CARRIED_OUT, Panel

MONTH = datetime.now(UTC).strftime("%Y-%m")


@pytest.fixture
def billing(connected: Whole) -> Whole:
    """Globex with 40 licences, pushed."""
    connected.billing()
    return connected


def test_the_list_shows_who_bills_where_and_can_be_narrowed(billing: Whole, panel: Panel) -> None:
    panel.open("/organizations")
    rows = panel.page.get_by_role("region", name="Organizations").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("Mapped")

    panel.page.keyboard.press("/")
    panel.page.keyboard.type("init")

    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Initech")
    panel.page.get_by_role("radio", name="Mapped", exact=False).first.check()
    expect(panel.page.get_by_text("Nothing fits these filters.")).to_be_visible()
    panel.button("Clear filters").click()
    expect(rows).to_have_count(3)


def test_all_rows_of_the_filter_become_a_file(billing: Whole, panel: Panel) -> None:
    panel.open("/organizations?search=glob")

    with panel.page.expect_download() as download:
        panel.button("CSV").click()

    rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [row.split(",")[:2] for row in rows] == [["id", "Organization"], ["globex", "Globex"]]


def test_usage_moves_without_reload_and_leads_to_its_proof(billing: Whole, panel: Panel) -> None:
    panel.open("/organizations/globex")
    licences = panel.page.get_by_role("region", name="Licences")
    expect(licences.get_by_text("Verified", exact=True).first).to_be_visible()

    billing.licenses("globex", 43)

    licences.get_by_role("link", name=re.compile(r"^Why 43\?")).click()
    expect(panel.page.get_by_role("heading", level=1, name=re.compile(r"^Why is .* 43 in "))).to_be_focused()
    proof = panel.page.get_by_role("region", name="Line by line").get_by_role("row")
    expect(proof.last).to_contain_text("Verified", timeout=CARRIED_OUT)
    expect(proof.last).to_contain_text("40 → 43")
    expect(panel.page.get_by_text("Sum checked")).to_be_visible()
    expect(panel.page.get_by_text("0 + 40 + 3 = 43")).to_be_visible()


def test_the_chart_says_what_it_shows_and_the_table_holds_its_points(billing: Whole, panel: Panel) -> None:
    change(billing, "globex", 41, timedelta(seconds=0))
    panel.open("/organizations/globex")
    licences = panel.page.get_by_role("region", name="Licences", exact=True)

    chart = licences.get_by_role("img", name=re.compile(r"^Licences in .*: 0 from .* and 41 from .*to ConnectWise\.$"))
    expect(chart).to_be_visible()
    licences.get_by_text("Show what moved it").press("Enter")

    expect(licences.get_by_role("region", name="What moved Licences").get_by_role("row").last).to_contain_text("41")


def test_the_month_is_part_of_the_address(billing: Whole, panel: Panel) -> None:
    panel.open("/organizations/globex")
    month = panel.page.get_by_role("navigation", name="Billing month")
    expect(month).to_be_visible()

    month.get_by_role("link", name=re.compile("^Before")).press("Enter")

    before = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    expect(panel.page).to_have_url(re.compile(f"month={before}"))
    month.get_by_role("link", name=re.compile("^After")).click()
    expect(panel.page).to_have_url(re.compile(f"month={MONTH}"))


def test_a_hand_edit_stands_in_the_proof_and_a_replay_finds_it(billing: Whole, panel: Panel) -> None:
    bills = billing.admin.one("{ companyMappings { nodes { agreement } } }")["nodes"][0]["agreement"]
    product, _ = billing.products()
    billing.hand_edit(bills, product, 44)
    billing.licenses("globex", 42)
    billing.settle()
    billing.hand_edit(bills, product, 50)
    panel.open(f"/explain/{bills}/{product}?month={MONTH}")

    expect(panel.page.get_by_text("hand edit: we wrote 40, found 44")).to_be_visible()
    panel.button("Replay this month from the journal").press("Enter")

    expect(panel.page.get_by_text("every push agrees with the facts")).to_be_visible()
    expect(panel.page.get_by_text("ConnectWise holds 50, 46 was written last")).to_be_visible()


def test_why_is_answered_as_of_an_instant_without_what_came_later(billing: Whole, panel: Panel) -> None:
    before = billing.admin.one("{ serverTime }")
    billing.licenses("globex", 46)
    billing.settle()
    panel.open(f"/organizations/globex?at={before}")
    expect(panel.heading("Globex")).to_be_visible()
    [agreement] = {
        one["agreement"] for one in billing.admin.one("{ companyMappings { nodes { agreement } } }")["nodes"]
    }
    licenses, _ = billing.products()

    panel.open(f"/explain/{agreement}/{licenses}?at={before}")

    expect(panel.page.get_by_role("heading", level=1, name=re.compile(r"^Why is .* 40 in "))).to_be_visible()
    expect(panel.page.get_by_text("You are looking at what was recorded by")).to_be_visible()
    expect(panel.page.get_by_text("Sum checked")).to_be_visible()
    expect(panel.button("Replay this month from the journal")).to_have_count(0)
    panel.page.get_by_role("main").get_by_role("button", name="Back to now").click()
    expect(panel.page.get_by_role("heading", level=1, name=re.compile(r"^Why is .* 46 in "))).to_be_visible()


def test_what_is_recorded_and_not_written_yet_is_no_wrong_sum(billing: Whole, panel: Panel) -> None:
    billing.ask("mutation ($input: ConnectionInput!) { pause(input: $input) { __typename } }")
    billing.licenses("globex", 46)
    [agreement] = {
        one["agreement"] for one in billing.admin.one("{ companyMappings { nodes { agreement } } }")["nodes"]
    }
    licenses, _ = billing.products()

    panel.open(f"/explain/{agreement}/{licenses}")

    expect(panel.page.get_by_text("Something newer is still to be written")).to_be_visible()
    expect(panel.page.get_by_role("alert")).to_have_count(0)


def test_what_never_was_billed_is_told_with_the_way_on(billing: Whole, panel: Panel) -> None:
    panel.open("/explain/424242/7")

    expect(panel.page.get_by_role("alert")).to_be_visible()


def test_what_is_unknown_leads_back_to_the_list(billing: Whole, panel: Panel) -> None:
    panel.open("/organizations/nobody")

    expect(panel.heading("There is no such organization")).to_be_visible()
    expect(panel.link("All organizations")).to_be_visible()


def test_a_failed_load_can_be_tried_again(billing: Whole, panel: Panel) -> None:
    panel.without_news()
    with panel.failing("OrganizationUsage"):
        panel.open("/organizations/globex")
        expect(panel.page.get_by_text("There is no answer.")).to_be_visible()

    panel.button("Try again").click()

    expect(panel.page.get_by_role("region", name="Licences")).to_be_visible()


def test_there_is_nothing_before_the_first_organization(panel: Panel) -> None:
    panel.open("/organizations")

    expect(panel.page.get_by_text("There are no organizations yet.")).to_be_visible()
    assert findings(panel.page) == []


def test_an_auditor_reads_everything_and_is_offered_nothing(billing: Whole, panel: Panel) -> None:
    panel.open("/organizations/initech", Role.AUDITOR)

    expect(panel.page.get_by_text("Not mapped: its usage is billed nowhere.")).to_be_visible()
    expect(panel.page.get_by_role("main").get_by_role("link", name="Map it…")).to_have_count(0)


def test_the_platform_sees_usage_but_no_proof(billing: Whole, panel: Panel) -> None:
    panel.open("/organizations/globex", Role.PLATFORM)

    expect(panel.page.get_by_role("region", name="Licences")).to_be_visible()
    expect(panel.page.get_by_role("link", name=re.compile("^Why"))).to_have_count(0)


def test_an_instant_in_the_past_shows_what_was_known_then(connected: Whole, panel: Panel) -> None:
    before = connected.admin.one("{ serverTime }")
    connected.billing()
    panel.open(f"/organizations/globex?at={before}")

    expect(panel.page.get_by_text("You are looking at what was recorded by")).to_be_visible()
    expect(panel.page.get_by_text("Not mapped: its usage is billed nowhere.")).to_be_visible()
    panel.button("Back to now").first.click()

    expect(panel.page.get_by_text(re.compile("^Bills to "))).to_be_visible()


def test_words_in_the_chart_never_cover_each_other(connected: Whole, panel: Panel) -> None:
    """The highest value there is, reached just now, stands right below the mark of now."""
    connected.licenses("globex", 2)
    panel.open("/organizations/globex")
    card = panel.page.get_by_role("region", name="Licences", exact=True)
    expect(card.get_by_text("2", exact=True).first).to_be_visible()
    panel.settled()

    covered: list[str] = card.get_by_role("img").evaluate(
        """(chart) => {
          const texts = [...chart.querySelectorAll('text')]
            .map((one) => [one.textContent, one.getBoundingClientRect()]);
          const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
          return texts.flatMap(([one, at], place) =>
            texts.slice(place + 1).filter(([, other]) => touch(at, other)).map(([other]) => `${one} and ${other}`));
        }"""
    )
    assert covered == []
