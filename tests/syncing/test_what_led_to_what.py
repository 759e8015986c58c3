"""A fact names the one that it reacts to; what a fact led to can be asked for the other way round."""

from tests.syncing.whole import Whole

HISTORY = """query ($f: HistoryFilterInput) { history(filter: $f, first: 50, order: OLDEST_FIRST) { nodes {
  id factType causationId } } }"""


def test_a_licence_change_led_to_a_push_and_the_push_to_its_answer(ledger: Whole) -> None:
    ledger.billing()
    ledger.licenses("globex", 41)
    ledger.settle()
    facts = ledger.admin.one(HISTORY, f={"factType": "organization.licenses-changed"})["nodes"]
    change = facts[-1]["id"]

    [started] = ledger.admin.one(HISTORY, f={"causedBy": change})["nodes"]
    [pushed] = ledger.admin.one(HISTORY, f={"causedBy": started["id"]})["nodes"]

    assert [started["factType"], pushed["factType"]] == ["addition.push-started", "addition.usage-pushed"]
    assert [started["causationId"], pushed["causationId"]] == [change, started["id"]]
