"""Second part: mapping bills at once, changes travel, hand edits survive, Sync now and the month's end decide."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.clock import instant
from cli.graphql import Json
from cli.story.setting_up import (
    GLOBEX,
    LICENSES,
    LITE,
    LITE_LICENSES,
    RUN,
    SELF_MANAGED,
    SERVERS,
    TRIAL,
    change,
    change_licenses,
)
from cli.story.stage import Stage, expect

MAPPED = "... on MappingsChanged { answers { outcome { __typename ... on Refusal { message } } } }"
CLOSE_DELAY = timedelta(minutes=30)
"""A month is closed at 00:30 UTC of the next one."""
REPORTED = "... on LicensesReported { answers { outcome { __typename ... on Refusal { message } } } }"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an organization bills to: a company and one of its agreements, by their numbers in the PSA."""

    company: int
    agreement: int


@dataclass(frozen=True, slots=True)
class Places:
    """Which agreement of the story's PSA each organization is mapped to; `second` is another one of Globex's."""

    globex: Place
    second: Place
    lite: Place
    trial: Place


def find_places(stage: Stage) -> Places:
    """Look the agreements up in the PSA, as its MSP's people would, and clear them of what the demo data put there."""

    def place(company_name: str, agreement_name: str) -> Place:
        company = stage.psa.company(company_name)["id"]
        return Place(company, stage.psa.agreement(company, agreement_name)["id"])

    places = Places(
        globex=place("Globex Corporation", "Security Subscriptions"),
        second=place("Globex Corporation", "Managed Services"),
        lite=place("Initech LLC", "Managed Services"),
        trial=place("Umbrella Café & Catering", "Managed Services"),
    )
    stage.agreements = frozenset(each.agreement for each in (places.globex, places.second, places.lite, places.trial))
    for line in stage.psa.lines():
        if line.agreement in stage.agreements:
            stage.psa.happens("addition_deleted", addition=line.id)
    return places


def bill(stage: Stage, places: Places) -> None:
    map_companies(stage, places)
    map_a_trial_without_the_right(stage, places)
    change_what_they_have(stage, places)
    refuse_wrong_changes(stage)
    keep_a_hand_edit(stage, places)
    sync_now(stage, places)
    hold_a_drop(stage, places)
    close_the_month(stage, places)


def mapping(organization: str, place: Place, **other: object) -> Json:
    return {"organization": organization, "company": place.company, "agreement": place.agreement, **other}


def map_organizations(stage: Stage, *items: Json) -> list[Json]:
    """Shape: the outcome of each item, in order; some may be refusals."""
    answers = stage.admin.do("mapCompanies", {"items": list(items)}, MAPPED)["answers"]
    return [answer["outcome"] for answer in answers]


def map_companies(stage: Stage, places: Places) -> None:
    with stage.step("The admin maps Globex (12 licences, 2 servers) and Initech (Lite, 5 licences): both bill at once"):
        refused = {
            "UnknownCompany": mapping(GLOBEX, Place(999_999_999, places.globex.agreement)),
            "AgreementOfAnotherCompany": mapping(GLOBEX, Place(places.lite.company, places.globex.agreement)),
            "OrganizationIsSelfManaged": mapping(SELF_MANAGED, places.trial),
            "UnknownOrganization": mapping("nobody", places.trial),
        }
        refuse_items(stage, refused)
        outcomes = map_organizations(stage, mapping(GLOBEX, places.globex), mapping(LITE, places.lite))
        expect("the mappings", [outcome["__typename"] for outcome in outcomes], ["MappingChanged"] * 2)
        stage.until_verified(places.globex.agreement, LICENSES, 12)
        stage.until_verified(places.globex.agreement, SERVERS, 2)
        stage.until_verified(places.lite.agreement, LITE_LICENSES, 5)
        expect("servers billed for a Lite plan", stage.psa.line(places.lite.agreement, SERVERS), None)
        refuse_items(stage, {"AlreadyMapped": mapping(GLOBEX, places.second)})


def refuse_items(stage: Stage, items: dict[str, Json]) -> None:
    """Each item must be refused by its name, and nothing recorded."""
    stage.look_at_facts()
    outcomes = map_organizations(stage, *items.values())
    expect("the answers of mapCompanies", [outcome["__typename"] for outcome in outcomes], list(items))
    by_people = [fact.name for fact in stage.look_at_facts() if fact.role != "WORKER"]
    expect("facts recorded by refused mappings", by_people, [])
    for outcome in outcomes:
        stage.tell(f"    no     {outcome['__typename']}: {outcome['message']}")


def map_a_trial_without_the_right(stage: Stage, places: Places) -> None:
    with stage.step("A trial organization is mapped while the API member may not add to agreements; then it may"):
        stage.psa.happens("right_withdrawn", function="Agreements", verb="add")
        map_organizations(stage, mapping(TRIAL, places.trial))
        await_missing_right(stage, "Agreements: Add", 2)
        stage.psa.happens("right_granted", function="Agreements", verb="add")
        retry(stage, places.trial.agreement, LICENSES)
        retry(stage, places.trial.agreement, SERVERS)
        stage.until_verified(places.trial.agreement, LICENSES, 0)
        stage.until_verified(places.trial.agreement, SERVERS, 0)


def await_missing_right(stage: Stage, right: str, count: int) -> None:
    """Wait for exceptions that name a right."""

    def named() -> list[bool]:
        return [right in found["detail"] for found in stage.exceptions() if found["problem"] == "MISSING_RIGHT"]

    stage.until(f"exceptions that name {right}", [True] * count, named)
    found = stage.exceptions()[0]
    stage.tell(f"    no     {found['problem']}: {found['detail']}")
    stage.tell(f"    cure   {found['cure']}")


def retry(stage: Stage, agreement: int, product: str) -> None:
    stage.admin.do("retryException", {"agreement": agreement, "product": stage.psa.product(product)["id"]})


def change_what_they_have(stage: Stage, places: Places) -> None:
    agreement = places.globex.agreement
    with stage.step("Globex buys 3 licences: 15"):
        change_licenses(stage, change(GLOBEX, "plus-3", delta=3))
        stage.until_verified(agreement, LICENSES, 15)
    with stage.step("Globex gives back 5 while the API member may not edit agreements; then it may: 10"):
        stage.psa.happens("right_withdrawn", function="Agreements", verb="edit")
        change_licenses(stage, change(GLOBEX, "minus-5", delta=-5))
        await_missing_right(stage, "Agreements: Edit", 1)
        stage.psa.happens("right_granted", function="Agreements", verb="edit")
        retry(stage, agreement, LICENSES)
        stage.until_verified(agreement, LICENSES, 10)
    with stage.step("The platform repeats its report: nothing is recorded, the first answer comes again"):
        stage.look_at_facts()
        [outcome] = change_licenses(stage, change(GLOBEX, "minus-5", delta=-5))
        answered = (outcome["delta"], outcome["quantity"], outcome["alreadyRecorded"])
        expect("the answer", answered, (-5, 10, True))
        expect("facts recorded by a repeated report", [fact.name for fact in stage.look_at_facts()], [])


def refuse_wrong_changes(stage: Stage) -> None:
    with stage.step("Wrong reports are refused one by one, right ones in the same call are not affected by them"):
        now = server_time(stage)
        tomorrow = (now + timedelta(days=1)).isoformat()
        stage.look_at_facts()
        refused = {
            "QuantityBelowZero": change(GLOBEX, "too-few", delta=-11),
            "ChangeIdReused": change(GLOBEX, "plus-3", delta=4),
            "EffectiveInFuture": change(GLOBEX, "tomorrow", delta=1, effectiveAt=tomorrow),
            "PlanLacksComponent": change(LITE, "servers", component="SERVER", quantity=1),
            "UnknownOrganization": change("nobody", "opening", quantity=1),
        }
        answered = stage.platform.do("changeLicenses", {"changes": list(refused.values())}, REPORTED)["answers"]
        outcomes = [answer["outcome"] for answer in answered]
        expect("the answers of changeLicenses", [outcome["__typename"] for outcome in outcomes], list(refused))
        expect("facts recorded by refused changes", [fact.name for fact in stage.look_at_facts()], [])
        for outcome in outcomes:
            stage.tell(f"    no     {outcome['__typename']}: {outcome['message']}")
        next_month = f"{month_after(now):%Y-%m}"
        stage.refused(stage.admin, "syncNow", {"month": next_month}, "MonthHasNotBegun")
    with stage.step("Questions that make no sense, or that are not for who asks them, are refused by name as well"):
        admin = stage.admin
        stage.not_told(admin, "{ organizations(first: 0) { totalCount } }", "InvalidInput")
        stage.not_told(admin, "{ organizations(first: 10000) { totalCount } }", "InvalidInput")
        stage.not_told(admin, '{ monthEnd(month: "2026-13") { isClosed } }', "InvalidInput")
        stage.not_told(admin, f'{{ monthEnd(month: "{next_month}") {{ isClosed }} }}', "MonthHasNotBegun")
        stage.not_told(admin, '{ organizations(msp: "somebody-else") { totalCount } }', "UnknownMsp")
        stage.not_told(stage.auditor, "mutation { pause(input: {}) { __typename } }", "NotAllowed")


def keep_a_hand_edit(stage: Stage, places: Places) -> None:
    agreement = places.globex.agreement
    with stage.step("Somebody edits Globex's line to 13 in ConnectWise; one licence more makes 14, the edit is kept"):
        stage.psa.edit_by_hand(agreement, LICENSES, 13)
        change_licenses(stage, change(GLOBEX, "plus-1", delta=1))
        stage.until_verified(agreement, LICENSES, 14)
        drift = stage.payload_of_newest("addition.drift-detected", agreement, LICENSES)
        expect("the recorded drift", (number(drift["wrote"]), number(drift["found"])), (10, 13))


def sync_now(stage: Stage, places: Places) -> None:
    agreement = places.globex.agreement
    with stage.step("The admin says Sync now: 11, what the facts say; the fact remembers the 14 it found"):
        ended = run_sync(stage)
        expect("lines written by the run", ended.get("VERIFIED", 0), 1)
        stage.until_verified(agreement, LICENSES, 11)
        pushed = stage.payload_of_newest("addition.usage-pushed", agreement, LICENSES)
        before = [number(pushed["before"]), number(pushed["after"])]
        expect("what the fact remembers as found and written", before, [14, 11])
        explain(stage, agreement)


def run_sync(stage: Stage, **given: object) -> dict[str, int]:
    """Ask for Sync now and wait for its end. Shape: the number of lines by outcome."""
    run = stage.admin.do("syncNow", given, RUN)["run"]["id"]
    return {row["state"]: row["count"] for row in stage.until_run_is_over(run)["progress"]}


def explain(stage: Stage, agreement: int) -> None:
    """Ask why Globex's quantity is 11, and hold the answer against what the story did."""
    found = stage.auditor.query(
        "query ($agreement: Int!, $product: Int!, $month: BillingMonth!) {"
        " explainQuantity(agreement: $agreement, product: $product, month: $month)"
        " { wanted isSumRight organizations { changes { changeId component totalAfter } }"
        "   pushes { kind base wrote found wanted target answer { fact } } } }",
        agreement=agreement,
        product=stage.psa.product(LICENSES)["id"],
        month=f"{server_time(stage):%Y-%m}",
    )["explainQuantity"]
    expect("wanted, and whether the sum is right", (number(found["wanted"]), found["isSumRight"]), (11, True))
    [globex] = found["organizations"]
    licenses = [each for each in globex["changes"] if each["component"] != "SERVER"]
    changes = [(each["changeId"], each["totalAfter"]) for each in licenses]
    told = (("created", 0), ("opening", 12), ("plus-3", 15), ("minus-5", 10), ("plus-1", 11))
    expect("the changes, each with the total after it", changes, [(f"{GLOBEX}-{name}", total) for name, total in told])
    verified = [push for push in found["pushes"] if (push["answer"] or {}).get("fact", "").endswith("usage-pushed")]
    numbers = [(push["kind"], number(push["found"] or "0"), number(push["target"])) for push in verified]
    expected = [
        ("INITIAL", 0, 12),
        ("INCREMENTAL", 12, 15),
        ("INCREMENTAL", 15, 10),
        ("INCREMENTAL", 13, 14),
        ("OVERWRITE", 14, 11),
    ]
    expect("the verified pushes: kind, found, target", numbers, expected)
    for push in verified:
        told_numbers = ", ".join(f"{name} {push[name]}" for name in ("base", "wrote", "found", "wanted", "target"))
        stage.tell(f"    why    {push['kind']}: {told_numbers}")


def hold_a_drop(stage: Stage, places: Places) -> None:
    agreement, product = places.globex.agreement, stage.psa.product(LICENSES)["id"]
    with stage.step("Somebody edits the line to 99; Sync now holds so deep a drop until the admin approves it"):
        stage.psa.edit_by_hand(agreement, LICENSES, 99)
        ended = run_sync(stage)
        expect("lines held by the run", ended.get("HELD", 0), 1)
        expect("what the PSA holds meanwhile", stage.psa.quantity(agreement, LICENSES), 99)
        [held] = [found for found in stage.exceptions() if found["problem"] == "HELD"]
        expect("found and target of the held push", [number(held["found"]), number(held["target"])], [99, 11])
        given = {"agreement": agreement, "product": product, "push": held["push"], "found": held["found"]}
        stage.refused(stage.admin, "approvePush", {**given, "target": "12"}, "NumbersMoved")
        stage.admin.do("approvePush", {**given, "target": held["target"], "answer": "APPROVE"})
        stage.until_verified(agreement, LICENSES, 11)


def close_the_month(stage: Stage, places: Places) -> None:
    now = server_time(stage)
    closes_at = month_after(now) + CLOSE_DELAY
    month = f"{now:%Y-%m}"
    with stage.step(f"The clock goes to {closes_at:%Y-%m-%d %H:%M}: {month} closes and its finals are written"):
        stage.psa.edit_by_hand(places.globex.agreement, LICENSES, 20)
        stage.move_clock(closes_at)
        stage.until_verified(places.globex.agreement, LICENSES, 11)
        finals = "{ runs(first: 5, filter: { kind: FINAL }) { nodes { month status } } }"
        stage.until(
            "the run of the finals",
            [{"month": month, "status": "FINISHED"}],
            lambda: stage.admin.query(finals)["runs"]["nodes"],
        )
        report = stage.admin.query(
            "query ($month: BillingMonth!) { monthEnd(month: $month)"
            " { isClosed safeToInvoice sentence lines { agreement product closed state } leaks { organization } } }",
            month=month,
        )["monthEnd"]
        stage.tell(f"    report {report['sentence']}")
        expect("whether it is closed and safe to invoice", (report["isClosed"], report["safeToInvoice"]), (True, True))
        expect("usage that nobody bills", report["leaks"], [])
        lines = {(line["agreement"], line["product"]): number(line["closed"]) for line in report["lines"]}
        product = {name: stage.psa.product(name)["id"] for name in (LICENSES, SERVERS, LITE_LICENSES)}
        closed = {
            (places.globex.agreement, product[LICENSES]): 11,
            (places.globex.agreement, product[SERVERS]): 2,
            (places.lite.agreement, product[LITE_LICENSES]): 5,
            (places.trial.agreement, product[LICENSES]): 0,
            (places.trial.agreement, product[SERVERS]): 0,
        }
        expect("what the month closed with, by agreement and product", lines, closed)
        for (agreement, _), line in zip(lines, report["lines"], strict=True):
            expect(f"the state of the line on agreement {agreement}", line["state"], "VERIFIED")
        earlier = stage.admin.query(
            "query ($month: BillingMonth!) { monthEnd(month: $month) { isClosed } }", month=f"{month_before(now):%Y-%m}"
        )
        expect(
            "whether the month before it, which was never connected, is closed", earlier["monthEnd"]["isClosed"], False
        )


def server_time(stage: Stage) -> datetime:
    return instant(stage.admin.query("{ serverTime }")["serverTime"])


def month_after(now: datetime) -> datetime:
    """The first instant of the next month."""
    return (now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)).replace(day=1)


def month_before(now: datetime) -> datetime:
    """The last instant of the month before."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(microseconds=1)


def number(text: str) -> int:
    """A quantity of the story, all of which are whole."""
    return int(float(text))
