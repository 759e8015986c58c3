"""What holds on every page: signing in, losing the stream or the token, keys, words, narrow screens, API calls."""

import json
import re
import subprocess
from datetime import timedelta

from playwright.sync_api import Route, expect

from domain.values import MspId
from journal.entry import Role
from tests.api import given
from tests.syncing.whole import Whole
from tests.web.axe import findings
from tests.web.panel import CARRIED_OUT, Held, Panel, is_stream


def test_without_a_token_one_can_be_pasted(panel: Panel) -> None:
    panel.page.goto(f"{panel.url}/settings")
    expect(panel.heading("Sign in")).to_be_visible()

    panel.page.get_by_label("Access token").fill(panel.token())
    panel.button("Sign in").click()

    expect(panel.heading("Settings")).to_be_visible()


def test_a_token_that_is_not_accepted_says_so_at_its_field(panel: Panel) -> None:
    panel.complaints.expect("401")
    panel.page.goto(panel.url)
    panel.page.get_by_label("Access token").fill("not a token")

    panel.button("Sign in").click()

    expect(panel.page.get_by_label("Access token")).to_have_attribute("aria-invalid", "true")
    assert findings(panel.page) == []


def test_a_token_that_runs_out_in_the_middle_of_a_draft_loses_nothing(connected: Whole, panel: Panel) -> None:
    panel.complaints.expect("401")
    panel.open("/products")
    panel.page.get_by_label("Rule for Core Licences").select_option("PEAK")
    panel.button("Review and confirm").click()
    confirm = panel.button("Confirm 1 change")
    expect(confirm).to_be_enabled()
    turned_away: list[str] = []

    def turn_away(route: Route) -> None:
        turned_away.append(route.request.headers["authorization"])
        route.fulfill(status=401, json={"errors": [{"message": "the token has expired"}]})

    panel.page.route("**/graphql", turn_away)
    confirm.click()
    again = panel.page.get_by_role("dialog", name="Sign in again")
    expect(again).to_be_visible()
    panel.page.unroute("**/graphql")
    again.get_by_label("Access token").fill(panel.token())
    again.get_by_role("button", name="Sign in").click()

    expect(again).to_have_count(0)
    expect(panel.page.get_by_text("1 change saved.")).to_be_visible()
    rules = connected.admin.one("{ psaConnection { productMappings { component rule } } }")["productMappings"]
    assert ("LICENSE", "PEAK") in [(one["component"], one["rule"]) for one in rules]
    assert turned_away


def test_somebody_elses_token_begins_anew(connected: Whole, panel: Panel) -> None:
    panel.complaints.expect("401")
    panel.open("/companies")
    expect(panel.page.get_by_role("rowheader").first).to_be_visible()
    panel.page.route(
        "**/graphql", lambda route: route.fulfill(status=401, json={"errors": [{"message": "the token has expired"}]})
    )
    panel.page.get_by_role("searchbox").fill("x")
    again = panel.page.get_by_role("dialog", name="Sign in again")
    expect(again).to_be_visible()
    panel.page.unroute("**/graphql")
    stranger = panel.api.served.key.issue(
        subject="stranger", role=Role.ADMIN, msp=MspId(f"{connected.msp}-other"), lifetime=timedelta(minutes=5)
    )
    again.get_by_label("Access token").fill(stranger)
    again.get_by_role("button", name="Sign in").click()

    expect(panel.page.get_by_text("No companies yet")).to_be_visible()


def test_a_lost_stream_is_told_and_the_page_asks_instead(connected: Whole, panel: Panel) -> None:
    panel.complaints.expect("ERR_FAILED")
    with panel.without_stream():
        panel.open("/")
        expect(panel.page.get_by_text("The live connection is lost.")).to_be_visible(timeout=CARRIED_OUT)
        connected.licenses("globex", 23)

        expect(panel.page.get_by_text("licences +23, now 23")).to_be_visible(timeout=CARRIED_OUT)


def test_when_nobody_answers_the_old_rows_stay_and_it_can_be_tried_again(connected: Whole, panel: Panel) -> None:
    panel.complaints.expect("ERR_FAILED")
    panel.without_news()
    panel.open("/companies")
    panel.settled()

    def nobody_answers(route: Route) -> None:
        # Also a stream that is asked for only now stays kept back, or it would load the page anew by itself.
        route.fallback() if is_stream(route.request) else route.abort()

    panel.page.route("**/graphql", nobody_answers)

    panel.page.get_by_label("Mapped", exact=False).first.check(force=True)

    expect(panel.page.get_by_text("There is no answer.").first).to_be_visible()
    expect(panel.page.get_by_role("rowheader").first).to_be_visible()
    panel.page.unroute("**/graphql", nobody_answers)
    panel.button("Try again").first.click()
    expect(panel.page.get_by_text("There is no answer.")).to_have_count(0)


def test_the_lines_of_the_api_calls_run_as_printed(connected: Whole, panel: Panel) -> None:
    panel.without_news()
    panel.open("/companies")
    panel.settled()

    panel.button("API calls").click()

    drawer = panel.page.get_by_role("dialog", name="API calls of this page")
    calls = drawer.get_by_role("group")
    expect(calls.filter(has_text="CompaniesHead").first).to_be_visible()
    printed = {}
    for call in calls.all():
        call.locator("summary").click()
        printed[call.locator("summary").inner_text()] = call.locator("pre").filter(has_text="curl").inner_text()
    assert findings(panel.page) == []
    for named, line in printed.items():
        assert panel.token() not in line
        # A stream is printed as well; it would not end by itself.
        if "text/event-stream" in line:
            continue
        ran = subprocess.run(
            ["/bin/sh", "-c", line],
            check=False,
            capture_output=True,
            text=True,
            timeout=20,
            env={"TOKEN": panel.token(), "PATH": "/usr/bin:/bin"},
        )
        answer = json.loads(ran.stdout)
        assert answer["data"], named
        assert "errors" not in answer, named
        if "CompaniesHead" in named:
            assert answer["data"]["psaConnection"]["status"] == "ACTIVE"


def test_the_keys_open_what_they_say(connected: Whole, panel: Panel) -> None:
    panel.open("/companies")
    expect(panel.page.get_by_role("rowheader").first).to_be_visible()
    press = panel.page.keyboard.press

    press("/")
    expect(panel.page.get_by_role("searchbox")).to_be_focused()
    panel.page.get_by_role("searchbox").blur()
    press("?")
    expect(panel.page.get_by_role("dialog", name="Keys")).to_be_visible()
    press("Escape")
    expect(panel.page.get_by_role("dialog")).to_have_count(0)
    press("Control+k")
    expect(panel.page.get_by_role("dialog", name="Go to")).to_be_visible()


def test_an_organization_is_found_by_name_from_anywhere(connected: Whole, panel: Panel) -> None:
    panel.open("/settings")
    expect(panel.button("Save the settings")).to_be_visible()
    panel.page.keyboard.press("Control+k")
    field = panel.page.get_by_role("combobox", name="Page, organization, company, run or the id of a fact")
    field.fill("globex")
    option = panel.page.get_by_role("option").filter(has_text="organization · network-core · globex")
    expect(option).to_be_visible()

    option.click()

    expect(panel.page).to_have_url(f"{panel.url}/organizations/globex")


def test_going_to_a_page_moves_the_focus_to_its_heading_and_sets_the_title(connected: Whole, panel: Panel) -> None:
    panel.open("/")
    expect(panel.heading("Overview")).to_be_visible()

    panel.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Products").click()

    expect(panel.heading("Products")).to_be_focused()
    expect(panel.page).to_have_title("Products · PSA Ledger")
    panel.page.go_back()
    expect(panel.heading("Overview")).to_be_focused()


def test_the_heading_takes_the_focus_also_when_the_page_before_was_left_before_it_was_drawn(
    connected: Whole, panel: Panel
) -> None:
    panel.page.route("**/assets/Overview-*.js", scripts := Held(lambda _: True))
    panel.open("/")

    panel.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Companies").click()

    expect(panel.heading("Companies")).to_be_focused()
    scripts.end()
    panel.page.go_back()
    expect(panel.heading("Overview")).to_be_focused()


def test_the_page_that_the_panel_was_opened_with_takes_no_focus(connected: Whole, panel: Panel) -> None:
    panel.open("/companies")
    expect(panel.page.get_by_role("rowheader").first).to_be_visible()

    expect(panel.heading("Companies")).not_to_be_focused()
    panel.page.keyboard.press("Tab")
    expect(panel.link("Skip to the content")).to_be_focused()


def test_own_time_is_shown_on_demand_and_utc_stays_in_the_tooltip(connected: Whole, panel: Panel) -> None:
    panel.open("/settings")
    instant = panel.page.get_by_role("time").first
    expect(instant).to_contain_text("UTC")

    panel.page.get_by_role("banner").locator("summary").click()
    panel.page.get_by_label("Show times in my own time zone").check()

    expect(instant).to_contain_text(re.compile(r"\bEES?T\b"))
    assert "UTC" in str(instant.get_attribute("title"))


def test_on_a_narrow_screen_the_pages_are_behind_a_menu(connected: Whole, panel: Panel) -> None:
    panel.page.set_viewport_size({"width": 360, "height": 800})
    panel.open("/")
    pages = panel.page.get_by_role("navigation", name="Pages")
    expect(pages).to_be_hidden()

    panel.button("Menu").click()
    pages.get_by_role("link", name="Companies").click()

    expect(panel.heading("Companies")).to_be_focused()
    expect(pages).to_be_hidden()


def test_targets_are_large_enough_to_be_hit(connected: Whole, panel: Panel) -> None:
    given.registered(connected.api, given.new_organization("hooli"))
    panel.open("/companies")
    panel.settled()

    small = panel.page.evaluate(
        """() => [...document.querySelectorAll('button, select, .button, summary')]
          .filter((one) => one.checkVisibility())
          .map((one) => [one.innerText, one.getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24))
          .map(([text]) => text)"""
    )
    assert small == []
