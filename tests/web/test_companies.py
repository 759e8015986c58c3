"""Importing companies, and mapping organizations to them: by mouse, by keyboard, one and many."""

import re
from collections import Counter

import pytest
from playwright.sync_api import Locator, expect

from journal.entry import Role
from tests.api import given
from tests.api.harness import new_tenant
from tests.syncing.whole import Whole
from tests.web.panel import CARRIED_OUT, Panel

EXACT = """query ($after: String) {
  mappingSuggestions(first: 100, after: $after, filter: {likeness: EXACT, isAmbiguous: false}) {
    nodes { preselectedAgreement } pageInfo { hasNextPage endCursor } } }"""


def mapped(ledger: Whole) -> dict[str, int]:
    """Which agreement each organization is mapped to."""
    nodes = ledger.admin.one("{ companyMappings(first: 100) { nodes { organization agreement } } }")["nodes"]
    return {one["organization"]: one["agreement"] for one in nodes}


def billable(ledger: Whole) -> list[tuple[str, int, int]]:
    """Companies with one agreement that can be billed. Shape: name, company, agreement."""
    by_company: dict[int, list[dict[str, object]]] = {}
    for agreement in ledger.tenant.admin("GET", "/records/agreement"):
        by_company.setdefault(agreement["company"]["id"], []).append(agreement)
    usable = {one["id"] for one in ledger.agreements()}
    found = []
    for company in ledger.tenant.admin("GET", "/records/company"):
        there = [int(str(one["id"])) for one in by_company.get(company["id"], []) if one["id"] in usable]
        if len(there) == 1 and not company.get("deletedFlag"):
            found.append((company["name"], company["id"], there[0]))
    return found


def row(panel: Panel, name: str) -> Locator:
    return panel.page.get_by_role("row").filter(has=panel.page.get_by_role("rowheader", name=name)).first


def test_an_import_runs_shows_what_it_found_and_leads_on(ledger: Whole, panel: Panel) -> None:
    given.connected(ledger.api, ledger.tenant)
    panel.open("/import")

    panel.button("Import companies").click()

    done = panel.page.get_by_role("region", name="The import is done.")
    expect(done).to_be_visible(timeout=CARRIED_OUT)
    [run] = ledger.admin.one("{ runs(first: 5) { nodes { kind progress { state count } } } }")["nodes"]
    counts = {one["state"]: one["count"] for one in run["progress"]}
    expect(done.get_by_text(str(counts["companies"]), exact=True).first).to_be_visible()
    done.get_by_role("link", name="Map companies").click()
    expect(panel.heading("Companies")).to_be_focused()


def test_companies_are_counted_before_they_are_imported(ledger: Whole, panel: Panel) -> None:
    given.connected(ledger.api, ledger.tenant)
    companies = [one for one in ledger.tenant.admin("GET", "/records/company") if not one.get("deletedFlag")]
    having = Counter(each["name"] for one in companies for each in one["types"])
    name, count = next((name, count) for name, count in having.items() if 0 < count < len(companies))
    panel.open("/import")
    expect(panel.page.get_by_text(f"About {len(companies)} companies would be read.")).to_be_visible()
    kind = panel.page.get_by_role("group", name="Company types").locator("label").filter(has_text=name).first
    expect(kind).to_contain_text(str(count))

    kind.get_by_role("checkbox").check()

    expect(panel.page.get_by_text(re.compile(rf"^About {count} compan"))).to_be_visible()
    panel.button("Import companies").click()
    done = panel.page.get_by_role("region", name="The import is done.")
    expect(done.get_by_text(str(count), exact=True).first).to_be_visible(timeout=CARRIED_OUT)


def test_what_is_mapped_to_a_company_that_is_gone_leads_to_another_mapping(connected: Whole, panel: Panel) -> None:
    bills = connected.billing()
    connected.psa_action("company_deleted", company=bills.company)
    panel.open("/import")

    panel.button("Import again").click()

    done = panel.page.get_by_role("region", name="The import is done.")
    expect(done.get_by_text(re.compile("^Globex is mapped to .+ · .+\\."))).to_be_visible(timeout=CARRIED_OUT)
    done.get_by_role("link", name="Map again…").click()
    expect(panel.heading("Companies")).to_be_focused()
    expect(panel.page.get_by_role("combobox", name="Company for Globex")).to_be_visible()


def test_an_import_that_fails_says_what_it_means(ledger: Whole, panel: Panel) -> None:
    given.connected(ledger.api, ledger.tenant)
    panel.open("/import")
    expect(panel.button("Import companies")).to_be_visible()
    ledger.psa_action("right_withdrawn", function="Company Maintenance", verb="inquire")

    panel.button("Import companies").click()

    expect(panel.page.get_by_text("The import did not finish.")).to_be_visible(timeout=CARRIED_OUT)
    expect(panel.page.get_by_text("Nothing on an invoice has changed.")).to_be_visible()


def test_a_company_is_mapped_after_a_review_of_what_connectwise_will_hold(connected: Whole, panel: Panel) -> None:
    connected.licenses("globex", 17)
    name, _, agreement = billable(connected)[0]
    panel.open(f"/companies?search={name}")

    organization = row(panel, name).get_by_role("combobox", name=f"Organization for {name}")
    organization.click()
    organization.fill("glob")
    panel.page.get_by_role("option", name="Globex").click()
    panel.button("Review 1 mapping").click()

    dialog = panel.page.get_by_role("dialog", name="Review the mappings")
    expect(dialog.get_by_role("row").filter(has_text="new addition").first).to_contain_text("17")
    assert (connected.writes(), mapped(connected)) == (0, {})
    dialog.get_by_role("button", name="Map 1 organization").click()
    expect(row(panel, name).get_by_text("Mapped", exact=True)).to_be_visible()
    connected.settle()
    licenses, _ = connected.products()
    assert ({"globex": agreement}, [17]) == (
        mapped(connected),
        [int(one) for one in connected.holds(agreement, licenses)],
    )


def test_a_mapping_can_be_made_by_keyboard_alone(connected: Whole, panel: Panel) -> None:
    name, _, agreement = billable(connected)[0]
    panel.open(f"/companies?search={name}")
    organization = row(panel, name).get_by_role("combobox", name=f"Organization for {name}")
    expect(organization).to_be_visible()
    press = panel.page.keyboard.press

    press("/")
    expect(panel.page.get_by_role("searchbox")).to_be_focused()
    panel.tab_to(organization)
    panel.page.keyboard.type("initech")
    expect(panel.page.get_by_role("option", name="Initech Core")).to_be_visible()
    press("ArrowDown")
    press("Enter")
    expect(organization).to_have_value("Initech")
    panel.tab_to(panel.button("Review 1 mapping"))
    press("Enter")
    panel.tab_to(panel.button("Map 1 organization"))
    press("Enter")

    expect(row(panel, name).get_by_text("Mapped", exact=True)).to_be_visible()
    assert mapped(connected) == {"initech": agreement}


def test_exact_suggestions_are_accepted_together_and_nothing_is_mapped_before(connected: Whole, panel: Panel) -> None:
    names = [name for name, _, _ in billable(connected)[:2]]
    given.registered(connected.api, *(given.new_organization(f"exact-{n}", name=name) for n, name in enumerate(names)))
    panel.open("/companies?state=suggested")

    panel.button("Accept 2 exact").click()

    expect(panel.page.get_by_text("2 changes not saved")).to_be_visible()
    assert mapped(connected) == {}
    panel.button("Review 2 mappings").click()
    panel.button("Map 2 organizations").click()
    expect(panel.page.get_by_text("2 mappings saved. Quantities are being written.")).to_be_visible()
    assert {"exact-0", "exact-1"} == set(mapped(connected))


@pytest.fixture
def many(ledger: Whole) -> list[str]:
    """130 companies, each suggested for an organization; one name fits two of them. Gives the names."""
    tenant = new_tenant(ledger.tenant.url, data={"companies": 130, "agreements": 130, "products": 12})
    ledger.tenant = tenant
    names = [one["name"] for one in tenant.admin("GET", "/records/company") if not one.get("deletedFlag")]
    given.registered(ledger.api, *(given.new_organization(f"o{n}", name=name) for n, name in enumerate(names)))
    given.connected(ledger.api, tenant)
    ledger.with_products()
    ledger.imported()
    return names


def test_all_that_match_are_selected_also_those_that_are_not_on_the_screen(
    ledger: Whole, many: list[str], panel: Panel
) -> None:
    clear = ledger.admin.one("{ mappingSuggestions(first: 1, filter: {isAmbiguous: false}) { totalCount } }")[
        "totalCount"
    ]
    assert clear > 100
    panel.open("/companies?state=suggested")

    panel.button(f"Select all {clear} matching").click()

    drafted = panel.page.get_by_text(re.compile(r"^\d+ changes not saved"))
    expect(drafted).to_be_visible(timeout=CARRIED_OUT)
    assert int(str(drafted.text_content()).split(" ")[0]) > 100
    expect(panel.button(f"Select all {clear} matching")).to_have_count(0)
    assert mapped(ledger) == {}


def test_the_search_narrows_what_is_selected(ledger: Whole, many: list[str], panel: Panel) -> None:
    panel.open(f"/companies?state=suggested&search={many[0]}")

    panel.button("Select all 1 matching").click()

    expect(panel.page.get_by_text("1 change not saved")).to_be_visible()


def test_exact_ones_are_accepted_from_all_pages(ledger: Whole, many: list[str], panel: Panel) -> None:
    panel.open("/companies")

    panel.button("Accept all exact").click()

    first = ledger.admin.one(EXACT)
    rest = ledger.admin.one(EXACT, after=first["pageInfo"]["endCursor"])
    ready = [one for one in first["nodes"] + rest["nodes"] if one["preselectedAgreement"] is not None]
    assert first["pageInfo"]["hasNextPage"]
    assert not rest["pageInfo"]["hasNextPage"]
    expect(panel.page.get_by_text(f"{len(ready)} changes not saved")).to_be_visible(timeout=CARRIED_OUT)


def test_a_range_is_ticked_with_shift(connected: Whole, panel: Panel) -> None:
    names = sorted(name for name, _, _ in billable(connected))
    given.registered(connected.api, *(given.new_organization(f"exact-{n}", name=name) for n, name in enumerate(names)))
    panel.open("/companies?state=suggested")
    boxes = panel.page.get_by_role("checkbox", name=re.compile("^Map "))
    expect(boxes.nth(2)).to_be_enabled()

    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])

    expect(panel.page.get_by_text("3 changes not saved")).to_be_visible()
    boxes.nth(1).click()
    expect(panel.page.get_by_text("2 changes not saved")).to_be_visible()


def test_an_organization_is_created_with_its_mapping(connected: Whole, panel: Panel) -> None:
    name, _, agreement = billable(connected)[0]
    panel.open(f"/companies?search={name}")
    organization = row(panel, name).get_by_role("combobox", name=f"Organization for {name}")
    organization.click()
    organization.fill("Brand New")
    panel.page.get_by_role("option", name="Create organization “Brand New”…").click()
    dialog = panel.page.get_by_role("dialog", name="Create organization")
    expect(dialog.get_by_label("Name")).to_have_value("Brand New")
    dialog.get_by_label("Licence type").select_option("TRIAL")
    dialog.get_by_label("Plan").select_option(label="Core")
    dialog.get_by_role("button", name="Use it for this mapping").click()
    expect(organization).to_have_value("Brand New (new)")

    panel.button("Review 1 mapping").click()
    panel.button("Map 1 organization").click()

    expect(row(panel, name).get_by_text("Mapped", exact=True)).to_be_visible()
    made = connected.admin.one(
        '{ organizations(filter: {search: "Brand New"}) { nodes { plan licenseType mapping { agreement } } } }'
    )["nodes"]
    assert [{"plan": "network-core", "licenseType": "TRIAL", "mapping": {"agreement": agreement}}] == made


def test_unmapping_says_what_becomes_of_the_number(connected: Whole, panel: Panel) -> None:
    bills = connected.billing()
    panel.open("/companies?state=mapped")
    panel.button("More for Globex").click()
    panel.button("Unmap").click()
    panel.button("Review 1 mapping").click()

    dialog = panel.page.get_by_role("dialog", name="Review the mappings")
    expect(dialog.get_by_text("the number stays as it is").first).to_be_visible()
    dialog.get_by_label("Set them to 0, so that nobody is billed twice").check()
    expect(dialog.get_by_text("set to 0").first).to_be_visible()
    dialog.get_by_role("button", name="unmap 1 organization").click()

    expect(dialog).to_have_count(0)
    connected.settle()
    assert ({}, [0]) == (
        mapped(connected),
        [int(one) for one in connected.holds(bills.agreement, bills.licenses)],
    )


def test_a_refused_row_stays_a_draft_and_says_why(connected: Whole, panel: Panel) -> None:
    name, company, agreement = billable(connected)[0]
    panel.open(f"/companies?search={name}")
    organization = row(panel, name).get_by_role("combobox", name=f"Organization for {name}")
    organization.click()
    organization.fill("glob")
    panel.page.get_by_role("option", name="Globex").click()
    panel.button("Review 1 mapping").click()
    confirm = panel.button("Map 1 organization")
    expect(confirm).to_be_enabled()
    connected.map(given.map_item("globex", company, agreement))

    confirm.click()

    expect(panel.page.get_by_text("1 row was refused; they stay as drafts.")).to_be_visible()
    expect(panel.page.get_by_text("is mapped to agreement").first).to_be_visible()


def test_an_organization_is_excluded_with_a_reason_and_included_again(connected: Whole, panel: Panel) -> None:
    panel.open("/companies?by=organization")
    panel.button("More for Globex").click()
    panel.button("Exclude from billing…").click()
    panel.page.get_by_label("Reason").fill("billed by hand")
    panel.button("Exclude").last.click()

    expect(panel.page.get_by_text("excluded: billed by hand")).to_be_visible()
    panel.button("More for Globex").click()
    panel.button("Include again").click()
    expect(panel.page.get_by_text("excluded: billed by hand")).to_have_count(0)
    assert mapped(connected) == {}


def test_filters_that_nothing_fits_can_be_cleared(connected: Whole, panel: Panel) -> None:
    panel.open("/companies?search=nobody-has-this-name")
    expect(panel.page.get_by_text("Nothing fits these filters.")).to_be_visible()

    panel.button("Clear filters").click()

    expect(panel.page.get_by_role("rowheader").first).to_be_visible()
    assert "search" not in panel.page.url


def test_the_file_holds_every_row_of_the_filter(connected: Whole, panel: Panel) -> None:
    panel.open("/companies")
    expect(panel.page.get_by_role("rowheader").first).to_be_visible()

    with panel.page.expect_download() as download:
        panel.button("CSV").click()

    text = download.value.path().read_text(encoding="utf-8-sig")
    total = connected.admin.one("{ companies(first: 1) { totalCount } }")["totalCount"]
    assert text.startswith("company_id,company_identifier,company,")
    assert total + 1 == len(text.splitlines())


def test_an_auditor_sees_the_mappings_and_no_action(connected: Whole, panel: Panel) -> None:
    connected.billing()
    panel.open("/companies?state=mapped", Role.AUDITOR)

    expect(panel.page.get_by_role("link", name="Globex")).to_be_visible()
    expect(panel.page.get_by_role("checkbox")).to_have_count(0)
    panel.button("More for Globex").click()
    expect(panel.link("Open in ConnectWise")).to_be_visible()
    expect(panel.button("Unmap")).to_have_count(0)
    answer = panel.api.auditor().ask(
        'mutation { unmapCompanies(input: {items: [{organization: "globex"}]}) { __typename } }'
    )
    assert answer.codes == ["NotAllowed"]


def test_as_of_an_instant_shows_what_was_mapped_then(connected: Whole, panel: Panel) -> None:
    before = connected.admin.one("{ serverTime }")
    connected.billing()
    panel.open(f"/companies?at={before}")

    expect(panel.page.get_by_text("You are looking at what was recorded by")).to_be_visible()
    expect(panel.page.get_by_role("rowheader", name="Globex")).to_be_visible()
    expect(panel.page.get_by_role("combobox")).to_have_count(0)
    panel.button("Back to now").click()
    expect(panel.page.get_by_role("combobox").first).to_be_visible()
