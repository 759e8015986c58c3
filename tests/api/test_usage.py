"""What is used, what was pushed, what waits for a person, how the month ended, and why a quantity is what it is."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from domain.addition import PushKind
from domain.values import BillingMonth
from tests.api.given import (
    AGREEMENT,
    COMPANY,
    change,
    connected,
    imported,
    map_item,
    new_organization,
    registered,
    with_products,
)
from tests.api.harness import Api, SimulatedTenant
from tests.api.operations import (
    APPROVE_PUSH,
    CHANGE_LICENSES,
    EXCLUDE,
    MAP_COMPANIES,
    RETRY_EXCEPTION,
    UNMAP_COMPANIES,
)
from tests.api.pushed import close, push

USAGE = """
query ($m: BillingMonth) { usage(month: $m) { nodes { organization { id } month lines {
  product state inForce wanted monthToDate closed rule minimum items { plan component }
  addition { agreement base wrote found problem } } } } }
"""

EXPLAIN = """
query ($a: Int!, $p: Int!, $m: BillingMonth!, $at: DateTime) {
 explainQuantity(agreement: $a, product: $p, month: $m, at: $at) {
  wanted openingBase closingBase isSumRight isWaiting checks { name isRight }
  organizations { organization quantity closed opening changes { changeId delta quantity totalAfter isLate } }
  pushes { kind base wrote found wanted delta target contributions { organization quantity }
           answer { fact before after } } } }
"""

MONTH_END = """
query ($m: BillingMonth!) { monthEnd(month: $m) { isClosed safeToInvoice sentence
  lines { agreement product closed target verifiedAt state organizations } exceptions { problem }
  leaks { organization quantity } excluded { organization excludedBecause }
  corrections { organization oldQuantity quantity changeId } } }
"""

EXCEPTIONS = """
{ exceptions { totalCount counts { state count }
  nodes { id problem reason cure detail agreement product found target push } } }
"""


@dataclass(frozen=True)
class Billed:
    """Globex with 12 licences and 2 servers, mapped and connected."""

    api: Api
    licenses: int
    servers: int
    month: BillingMonth

    def line(self, product: int | None, month: BillingMonth | None = None) -> dict[str, Any]:
        nodes = self.api.admin().one(USAGE, m=None if month is None else str(month))["nodes"]
        [globex] = [node for node in nodes if node["organization"]["id"] == "globex"]
        [line] = [line for line in globex["lines"] if line["product"] == product]
        return dict(line)

    def change(self, change_id: str, **more: Any) -> None:
        changes = [change(change_id, "globex", **more)]
        answer = self.api.platform().one(CHANGE_LICENSES, input={"msp": self.api.msp, "changes": changes})
        assert answer["answers"][0]["outcome"]["__typename"] == "Recorded", answer


@pytest.fixture
def billed(api: Api, tenant: SimulatedTenant) -> Billed:
    registered(api, new_organization("globex"))
    connected(api, tenant)
    licenses, servers = with_products(api, tenant)
    imported(api)
    api.platform().one(
        CHANGE_LICENSES,
        input={
            "msp": api.msp,
            "changes": [
                change("c1", "globex", quantity=12, effectiveAt="2026-01-10T00:00:00Z"),
                change("c2", "globex", component="SERVER", quantity=2, effectiveAt="2026-01-10T00:00:00Z"),
            ],
        },
    )
    return Billed(api, licenses, servers, BillingMonth.of(api.parts.journal.now()))


def mapped(api: Api) -> None:
    answer = api.admin().one(MAP_COMPANIES, input={"items": [map_item("globex")]})
    assert answer["answers"][0]["outcome"]["__typename"] == "MappingChanged", answer


def test_usage_is_shown_before_and_after_it_is_mapped_and_pushed(billed: Billed) -> None:
    unmapped = billed.line(billed.licenses)
    mapped(billed.api)
    waiting = billed.line(billed.licenses)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)
    verified = billed.line(billed.licenses)

    assert (unmapped["state"], unmapped["inForce"], unmapped["wanted"]) == ("UNMAPPED", 12, "12.00")
    assert (waiting["state"], waiting["addition"]) == ("WAITING", None)
    assert verified["state"] == "VERIFIED"
    assert verified["addition"] == {
        "agreement": AGREEMENT,
        "base": "12.00",
        "wrote": "12.00",
        "found": "12.00",
        "problem": None,
    }


def test_a_push_that_is_under_way_is_writing(billed: Billed) -> None:
    mapped(billed.api)

    push(
        billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL, verify=False
    )

    assert billed.line(billed.licenses)["state"] == "WRITING"


def test_why_a_quantity_is_what_it_is(billed: Billed) -> None:
    mapped(billed.api)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)
    billed.change("c3", delta=3)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("15.00")}, found=Decimal("13.00"))

    why = billed.api.auditor().one(EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(billed.month))

    [globex] = why["organizations"]
    first, second = why["pushes"]
    assert why["isSumRight"] is True, why["checks"]
    assert (why["wanted"], why["openingBase"], why["closingBase"]) == ("15.00", "0.00", "15.00")
    assert [(one["changeId"], one["delta"], one["totalAfter"]) for one in globex["changes"]] == [("c3", 3, 15)]
    assert globex["opening"] == 12
    assert (first["kind"], first["target"], first["answer"]["after"]) == ("INITIAL", "12.00", "12.00")
    assert (second["base"], second["found"], second["delta"], second["target"]) == ("12.00", "13.00", "3.00", "16.00")


def test_what_another_months_overwrite_moved_in_between_is_told_with_the_months_pushes(billed: Billed) -> None:
    mapped(billed.api)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)
    push(
        billed.api,
        AGREEMENT,
        billed.licenses,
        wanted={"globex": Decimal("9.00")},
        kind=PushKind.OVERWRITE,
        month=billed.month.previous(),
        found=Decimal("12.00"),
    )
    billed.change("c3", delta=3)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("15.00")}, found=Decimal("9.00"))

    why = billed.api.auditor().one(EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(billed.month))

    assert why["isSumRight"] is True, why["checks"]
    assert ("0.00", ["12.00", "-3.00", "6.00"], "15.00") == (
        why["openingBase"],
        [one["delta"] for one in why["pushes"]],
        why["closingBase"],
    )


def test_a_push_that_does_not_add_up_is_found_out(billed: Billed) -> None:
    mapped(billed.api)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("11.00")}, kind=PushKind.INITIAL)

    why = billed.api.auditor().one(EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(billed.month))

    assert (why["isSumRight"], why["isWaiting"]) == (False, False)
    assert [check["name"] for check in why["checks"] if not check["isRight"]] == [
        "the last push wanted what the facts say"
    ]


def test_what_is_recorded_but_not_pushed_yet_is_waiting_and_not_wrong(billed: Billed) -> None:
    mapped(billed.api)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)
    billed.change("c3", delta=3)

    why = billed.api.auditor().one(EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(billed.month))

    assert (why["wanted"], why["closingBase"], why["isSumRight"], why["isWaiting"]) == ("15.00", "12.00", False, True)


def test_why_a_quantity_was_what_it_was_is_told_by_what_was_recorded_then(billed: Billed) -> None:
    def why(at: str | None) -> dict[str, Any]:
        found: dict[str, Any] = billed.api.auditor().one(
            EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(billed.month), at=at
        )
        return found

    before = billed.api.admin().one("{ serverTime }")
    mapped(billed.api)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)
    then = billed.api.admin().one("{ serverTime }")
    stood = why(None)
    billed.change("c3", delta=3)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("15.00")}, found=Decimal("12.00"))

    assert why(then) == stood
    assert why(None)["wanted"] == "15.00"
    unmapped = billed.api.auditor().ask(EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(billed.month), at=before)
    assert unmapped.codes == ["UnknownAddition"]
    later = billed.api.auditor().ask(
        EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(billed.month), at="2999-01-01T00:00:00Z"
    )
    assert later.codes == ["InvalidInput"]


def test_a_month_that_closed_since_was_open_then(billed: Billed) -> None:
    mapped(billed.api)
    last = billed.month.previous()
    before = billed.api.admin().one("{ serverTime }")
    close(billed.api, "globex", last, AGREEMENT)

    then = billed.api.auditor().one(EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(last), at=before)
    now = billed.api.auditor().one(EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(last))

    assert [None, "12.00"] == [each["organizations"][0]["closed"] for each in (then, now)]


def test_explaining_what_was_never_billed_is_refused(billed: Billed) -> None:
    answer = billed.api.auditor().ask(EXPLAIN, a=12345, p=1, m=str(billed.month))

    assert answer.codes == ["UnknownAddition"]


def test_a_closed_month_is_explained_also_by_those_who_left_before_it_was_pushed(billed: Billed) -> None:
    api, month = billed.api, billed.month.previous()
    mapped(api)
    close(api, "globex", month, AGREEMENT)
    api.admin().one(UNMAP_COMPANIES, input={"items": [{"organization": "globex"}]})

    why = api.auditor().one(EXPLAIN, a=AGREEMENT, p=billed.licenses, m=str(month))

    assert ("12.00", ["globex"]) == (why["wanted"], [one["organization"] for one in why["organizations"]])


def test_a_held_push_is_approved_for_the_numbers_shown(billed: Billed) -> None:
    mapped(billed.api)
    push(
        billed.api,
        AGREEMENT,
        billed.licenses,
        wanted={"globex": Decimal("12.00")},
        kind=PushKind.OVERWRITE,
        found=Decimal("99.00"),
    )
    [held] = billed.api.admin().one(EXCEPTIONS)["nodes"]
    facts = billed.api.facts()
    answer = {"agreement": AGREEMENT, "product": billed.licenses, "push": held["push"], "found": held["found"]}

    moved = billed.api.admin().one(APPROVE_PUSH, input={**answer, "target": "13"})
    unheld = billed.api.admin().one(APPROVE_PUSH, input={**answer, "push": "x", "target": held["target"]})
    unknown = billed.api.admin().one(APPROVE_PUSH, input={**answer, "product": 999_999, "target": held["target"]})
    refused_facts = billed.api.facts()
    approved = billed.api.admin().one(APPROVE_PUSH, input={**answer, "target": held["target"]})

    assert (held["problem"], held["reason"], held["found"], held["target"]) == ("HELD", "DROP_GUARD", "99.00", "12.00")
    assert "approve" in held["cure"]
    assert billed.line(billed.licenses)["state"] in {"WAITING", "VERIFIED"}
    names = [one["__typename"] for one in (moved, unheld, unknown, approved)]
    assert names == ["NumbersMoved", "NotHeld", "UnknownAddition", "PushAnswered"]
    assert refused_facts == facts


def test_there_is_nothing_to_retry_without_an_exception(billed: Billed) -> None:
    mapped(billed.api)
    push(billed.api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)

    answer = billed.api.admin().one(RETRY_EXCEPTION, input={"agreement": AGREEMENT, "product": billed.licenses})

    assert answer["__typename"] == "NothingToRetry"


def test_a_month_that_is_not_closed_is_not_safe_to_invoice(billed: Billed) -> None:
    report = billed.api.auditor().one(MONTH_END, m=str(billed.month))

    assert (report["isClosed"], report["safeToInvoice"]) == (False, False)
    assert report["sentence"] == f"{billed.month} is not closed yet."


def test_a_closed_month_is_safe_once_every_addition_holds_it(billed: Billed) -> None:
    api, month = billed.api, billed.month.previous()
    mapped(api)
    close(api, "globex", month, AGREEMENT)
    waiting = api.auditor().one(MONTH_END, m=str(month))
    for product, quantity in ((billed.licenses, "12.00"), (billed.servers, "2.00")):
        push(api, AGREEMENT, product, wanted={"globex": Decimal(quantity)}, kind=PushKind.FINAL, month=month)
    safe = api.auditor().one(MONTH_END, m=str(month))
    billed.change("c3", delta=1)
    push(api, AGREEMENT, billed.licenses, wanted={"globex": Decimal("13.00")}, found=Decimal("12.00"))
    moved_on = api.auditor().one(MONTH_END, m=str(month))

    line = billed.line(billed.licenses, month)
    assert (waiting["safeToInvoice"], waiting["sentence"]) == (False, "2 additions wait for their final.")
    assert (safe["safeToInvoice"], safe["sentence"]) == (True, f"All 2 additions hold what {month} closed with.")
    assert moved_on["sentence"] == "1 addition was pushed again after its final."
    assert (line["closed"], line["state"], line["inForce"]) == ("12.00", "VERIFIED", 12)


def test_a_late_change_corrects_a_closed_month_and_is_told(billed: Billed) -> None:
    api, month = billed.api, billed.month.previous()
    mapped(api)
    close(api, "globex", month, AGREEMENT)
    for product, quantity in ((billed.licenses, "12.00"), (billed.servers, "2.00")):
        push(api, AGREEMENT, product, wanted={"globex": Decimal(quantity)}, kind=PushKind.FINAL, month=month)

    billed.change("late", delta=5, effectiveAt=month.begins_at.isoformat())

    report = api.auditor().one(MONTH_END, m=str(month))
    correction = {"organization": "globex", "oldQuantity": "12.00", "quantity": "17.00", "changeId": "late"}
    assert [correction] == report["corrections"]
    assert [line["state"] for line in report["lines"]] == ["CORRECTED_LATER", "VERIFIED"]
    assert report["sentence"] == "1 addition was corrected after its final was written."
    assert billed.line(billed.licenses, month)["closed"] == "17.00"


def test_usage_that_nobody_bills_is_a_leak_unless_excluded_with_a_reason(billed: Billed) -> None:
    api, month = billed.api, billed.month.previous()
    close(api, "globex", month, None)

    leaking = api.auditor().one(MONTH_END, m=str(month))
    api.admin().one(EXCLUDE, input={"items": [{"organization": "globex", "reason": "billed by hand"}]})
    excluded = api.auditor().one(MONTH_END, m=str(month))

    assert [(leak["organization"], leak["quantity"]) for leak in leaking["leaks"]] == [
        ("globex", "12.00"),
        ("globex", "2.00"),
    ]
    assert (excluded["leaks"], excluded["safeToInvoice"]) == ([], True)
    assert excluded["excluded"][0] == {"organization": "globex", "excludedBecause": "billed by hand"}


def test_companies_are_known_by_their_id(billed: Billed) -> None:
    mapped(billed.api)

    answer = billed.api.auditor().one(
        "query ($f: CompanyMappingsFilter) { companyMappings(filter: $f) { totalCount } }", f={"company": COMPANY}
    )

    assert answer == {"totalCount": 1}


def test_a_months_final_is_told_for_ever_also_after_that_of_a_newer_month(billed: Billed) -> None:
    api, newer = billed.api, billed.month.previous()
    older = newer.previous()
    mapped(api)
    for month in (older, newer):
        close(api, "globex", month, AGREEMENT)
        for product, quantity in ((billed.licenses, "12.00"), (billed.servers, "2.00")):
            push(api, AGREEMENT, product, wanted={"globex": Decimal(quantity)}, kind=PushKind.FINAL, month=month)

    report = api.auditor().one(MONTH_END, m=str(older))

    assert {"MOVED_ON"} == {line["state"] for line in report["lines"]}
    assert all(line["verifiedAt"] for line in report["lines"])
