"""Suggestions are listed with what a person needs to decide, and map nothing by themselves."""

from typing import Any

from tests.api.given import map_item, new_organization, registered
from tests.api.operations import EXCLUDE
from tests.syncing.whole import Whole

SUGGESTIONS = """
query ($n: Int = 25, $a: String, $f: MappingSuggestionsFilter) { mappingSuggestions(first: $n, after: $a, filter: $f) {
  totalCount counts { state count } pageInfo { hasNextPage endCursor }
  nodes { organization { id licenses } company { id name } likeness score reason isAmbiguous isPreselected
    agreements { id } preselectedAgreement } } }
"""


def companies(ledger: Whole) -> list[dict[str, Any]]:
    """Live companies, those with an agreement first."""
    found = [one for one in ledger.tenant.admin("GET", "/records/company") if not one["deletedFlag"]]
    owners = {one["company"]["id"] for one in ledger.agreements()}
    return sorted(found, key=lambda one: one["id"] not in owners)


def rename(ledger: Whole, company: dict[str, Any], name: str) -> None:
    ledger.psa_action("record_changed", table="company", id=company["id"], changes={"name": name})


def nodes(ledger: Whole, **variables: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ledger.admin.one(SUGGESTIONS, **variables)["nodes"]
    return found


def test_a_pair_of_the_same_name_is_preselected_with_its_only_monthly_agreement(ledger: Whole) -> None:
    company = companies(ledger)[0]
    rename(ledger, company, "GLOBEX")
    ledger.imported()
    facts = ledger.api.facts()

    found = ledger.admin.one(SUGGESTIONS, f={"search": "globex"})

    [one] = found["nodes"]
    assert ("globex", company["id"], "EXACT", 1.0, True, False) == (
        one["organization"]["id"],
        one["company"]["id"],
        one["likeness"],
        one["score"],
        one["isPreselected"],
        one["isAmbiguous"],
    )
    [agreement] = [each["id"] for each in ledger.agreements() if each["company"]["id"] == company["id"]]
    assert ([agreement], agreement) == ([each["id"] for each in one["agreements"]], one["preselectedAgreement"])
    assert facts == ledger.api.facts()


def test_two_companies_of_one_name_are_listed_and_none_is_preselected(ledger: Whole) -> None:
    first, second, *_ = companies(ledger)
    rename(ledger, first, "Globex")
    rename(ledger, second, "globex")
    ledger.imported()

    found = nodes(ledger, f={"isAmbiguous": True, "search": "globex"})

    assert [(first["id"], True, False), (second["id"], True, False)] == [
        (one["company"]["id"], one["isAmbiguous"], one["isPreselected"]) for one in found
    ]


def test_a_company_with_two_monthly_agreements_has_none_preselected(ledger: Whole) -> None:
    company = companies(ledger)[0]
    other = next(one for one in ledger.agreements() if one["company"]["id"] != company["id"])
    rename(ledger, company, "Globex")
    moved = {"company": {"id": company["id"]}}
    ledger.psa_action("record_changed", table="agreement", id=other["id"], changes=moved)
    ledger.imported()

    [one] = nodes(ledger, f={"search": "globex", "likeness": "EXACT"})

    assert (2, None) == (len(one["agreements"]), one["preselectedAgreement"])


def test_only_what_is_still_to_be_mapped_is_suggested(ledger: Whole) -> None:
    first, second, *_ = companies(ledger)
    agreement = next(one for one in ledger.agreements() if one["company"]["id"] == first["id"])
    rename(ledger, first, "Globex")
    rename(ledger, second, "Initech")
    registered(ledger.api, new_organization("selfish", name="Initech Ltd", management="SELF"))
    ledger.imported()
    before = {one["organization"]["id"] for one in nodes(ledger)}

    ledger.map(map_item("globex", first["id"], agreement["id"]))
    mapped = {one["organization"]["id"] for one in nodes(ledger)}
    ledger.ask(EXCLUDE, items=[{"organization": "initech", "reason": "billed by hand"}])
    excluded = {one["organization"]["id"] for one in nodes(ledger)}

    assert [{"globex", "initech"}, {"initech"}, set()] == [before, mapped, excluded]


def test_suggestions_come_in_pages_with_counts_by_likeness(ledger: Whole) -> None:
    spellings = {"Hooli": "Hooli", "Wayne": "Wayne Ltd", "Umbrella Cafe": "Umbrela Cafe"}
    for (name, as_company), company in zip(spellings.items(), companies(ledger), strict=False):
        registered(ledger.api, new_organization(name.lower().replace(" ", "-"), name=name))
        rename(ledger, company, as_company)
    ledger.imported()

    whole = ledger.admin.one(SUGGESTIONS)
    paged, more = [], {"hasNextPage": True, "endCursor": None}
    while more["hasNextPage"]:
        page = ledger.admin.one(SUGGESTIONS, n=1, a=more["endCursor"])
        paged += page["nodes"]
        more = page["pageInfo"]

    assert {"EXACT": 1, "LEGAL_FORM": 1, "CLOSE": 1} == {one["state"]: one["count"] for one in whole["counts"]}
    assert (3, False) == (whole["totalCount"], whole["pageInfo"]["hasNextPage"])
    assert whole["nodes"] == paged
    assert ["hooli", "umbrella-cafe", "wayne"] == [one["organization"]["id"] for one in paged]
