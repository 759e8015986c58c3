"""An auditor's questions over the API: what was true, what changed, is the month right, who signed, where does an id
lead; and that nobody asks about another's.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.fields import Guarded
from api.schema import Mutation, Query
from connectwise.errors import Unreachable
from domain.addition import PushKind
from domain.values import BillingMonth, PsaAdditionId, PsaAgreementId
from journal.entry import Role
from tests.api.given import (
    AGREEMENT,
    change,
    connected,
    imported,
    map_item,
    new_organization,
    registered,
    with_products,
)
from tests.api.harness import Api, SimulatedTenant
from tests.api.operations import CHANGE_LICENSES, MAP_COMPANIES
from tests.api.pushed import RECORD, push
from tests.journal.sealing import KEY, sealed

AS_OF = """
query ($at: DateTime!, $effectiveAt: DateTime, $first: Int! = 25, $after: String, $msp: ID) {
  connectionAsOf(at: $at, effectiveAt: $effectiveAt, msp: $msp) {
    status number productMappings { plan component product }
    organizations(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes {
      organization name plan agreement company excludedBecause quantities { component counted billed } } } } }
"""
DIFFERENCE = """
query ($from: DateTime!, $to: DateTime!, $first: Int! = 100, $after: String) {
  connectionDifference(from: $from, to: $to, first: $first, after: $after) { totalCount
    pageInfo { hasNextPage endCursor } nodes { subject key field before after } } }
"""
RECONSTRUCT = """
query ($m: BillingMonth!, $psa: Boolean!) { reconstruct(month: $m, withPsa: $psa) { isRight isPsaRight
  additions { agreement product opening deltas closing isRight wrote found isFoundRight
    pushes { kind base wanted replayed delta target after problems } } } }
"""
CHECKPOINTS = """
query ($first: Int! = 25, $after: String) { auditCheckpoints(first: $first, after: $after) { totalCount
  pageInfo { hasNextPage endCursor } nodes { number count chain key previous body signature } } }
"""
FIND = "query ($id: ID!, $msp: ID) { find(id: $id, msp: $msp) { kind id entry { id factType } } }"


def licensed(api: Api, change_id: str, **more: Any) -> None:
    changes = [change(change_id, "globex", **more)]
    answer = api.platform().one(CHANGE_LICENSES, input={"msp": api.msp, "changes": changes})
    assert answer["answers"][0]["outcome"]["__typename"] == "Recorded", answer


def now(api: Api) -> str:
    return api.parts.journal.now().isoformat()


@pytest.fixture
def product(api: Api, tenant: SimulatedTenant) -> int:
    """Globex with twelve licences, connected and mapped. Gives the licences' product."""
    registered(api, new_organization("globex"), new_organization("hooli"))
    connected(api, tenant)
    licenses, _ = with_products(api, tenant)
    imported(api)
    licensed(api, "c1", quantity=12)
    mapped = api.admin().one(MAP_COMPANIES, input={"items": [map_item("globex")]})
    assert mapped["answers"][0]["outcome"]["__typename"] == "MappingChanged", mapped
    return licenses


# --- as of -------------------------------------------------------------------------------------------------------


def test_what_was_true_at_an_instant_and_what_changed_since(api: Api, product: int) -> None:
    before = now(api)
    licensed(api, "c2", delta=5)
    after = now(api)
    auditor = api.auditor()

    then = auditor.one(AS_OF, at=before)
    since = auditor.one(DIFFERENCE, **{"from": before, "to": after})

    (globex, hooli) = then["organizations"]["nodes"]
    assert ("ACTIVE", 2, 2) == (then["status"], len(then["productMappings"]), then["organizations"]["totalCount"])
    assert {"component": "LICENSE", "counted": 12, "billed": 12} in globex["quantities"]
    assert (AGREEMENT, None) == (globex["agreement"], hooli["agreement"])
    assert [("license_billed", "12", "17"), ("license_counted", "12", "17")] == [
        (each["field"], each["before"], each["after"]) for each in since["nodes"]
    ]
    assert 0 == auditor.one(DIFFERENCE, **{"from": after, "to": after})["totalCount"]


def test_a_change_counts_from_when_it_was_effective_if_that_is_asked(api: Api, product: int) -> None:
    yesterday = api.parts.journal.now() - timedelta(days=1)
    licensed(api, "late", quantity=40, effectiveAt=yesterday.isoformat())

    def licences(effective_at: datetime) -> list[int]:
        stood = api.auditor().one(AS_OF, at=now(api), effectiveAt=effective_at.isoformat())
        globex = stood["organizations"]["nodes"][0]
        return [each["counted"] for each in globex["quantities"] if each["component"] == "LICENSE"]

    assert [0] == licences(yesterday - timedelta(seconds=1))
    assert [40] == licences(yesterday)


def test_pages_of_what_was_true_join_without_gap_or_double(api: Api, product: int) -> None:
    at = now(api)
    auditor = api.auditor()

    first = auditor.one(AS_OF, at=at, first=1)["organizations"]
    second = auditor.one(AS_OF, at=at, first=1, after=first["pageInfo"]["endCursor"])["organizations"]

    assert ["globex", "hooli"] == [page["nodes"][0]["organization"] for page in (first, second)]
    assert (True, False) == (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"])


def test_an_instant_that_is_still_to_come_is_refused(api: Api, product: int) -> None:
    tomorrow = (api.parts.journal.now() + timedelta(days=1)).isoformat()

    assert ["InvalidInput"] == api.auditor().ask(AS_OF, at=tomorrow).codes
    assert ["InvalidInput"] == api.auditor().ask(DIFFERENCE, **{"from": now(api), "to": tomorrow}).codes


# --- reconstruct ---------------------------------------------------------------------------------------------------


def test_a_month_is_made_again_and_held_against_what_connectwise_holds(
    api: Api, product: int, tenant: SimulatedTenant
) -> None:
    month = str(BillingMonth.of(api.parts.journal.now()))
    push(api, AGREEMENT, product, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)

    journal_alone = api.auditor().one(RECONSTRUCT, m=month, psa=False)
    (addition,) = journal_alone["additions"]

    assert ("0.00", "12.00", "12.00") == (addition["opening"], addition["deltas"], addition["closing"])
    assert (None, None) == (journal_alone["isPsaRight"], addition["isFoundRight"])
    for held, expected in (({RECORD: "12.00"}, True), ({RECORD: "13.00"}, False), ({}, False)):
        asked = api.with_tenants(Holding(held)).auditor().one(RECONSTRUCT, m=month, psa=True)
        assert expected is asked["isPsaRight"]


class Holding:
    """PSA clients that read these quantities; nothing can be written through them."""

    def __init__(self, held: Mapping[PsaAdditionId, str]) -> None:
        self._held = held

    def reading(self, _msp: str, _number: int) -> "Holding":
        return self

    def additions(self, _agreement: PsaAgreementId) -> list[Any]:
        return [Record(record, Decimal(quantity)) for record, quantity in self._held.items()]


class Record:
    def __init__(self, record: PsaAdditionId, quantity: Decimal) -> None:
        self.id, self.quantity = record, quantity


def test_a_connectwise_that_does_not_answer_is_no_number(api: Api, product: int) -> None:
    push(api, AGREEMENT, product, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)

    class Silent(Holding):
        def additions(self, _agreement: PsaAgreementId) -> list[Any]:
            raise Unreachable("nobody answers")

    month = str(BillingMonth.of(api.parts.journal.now()))
    answer = api.with_tenants(Silent({})).auditor().ask(RECONSTRUCT, m=month, psa=True)

    assert ["PsaUnreachable"] == answer.codes


def test_a_push_that_the_facts_do_not_give_is_told(api: Api, product: int) -> None:
    push(api, AGREEMENT, product, wanted={"globex": Decimal("13.00")}, kind=PushKind.INITIAL)

    made = api.auditor().one(RECONSTRUCT, m=str(BillingMonth.of(api.parts.journal.now())), psa=False)

    (told,) = made["additions"][0]["pushes"]
    assert not made["isRight"]
    assert "wanted: recorded 13.00, the facts give 12.00" in told["problems"]


def test_a_month_that_has_not_begun_can_not_be_made_again(api: Api, product: int) -> None:
    assert ["MonthHasNotBegun"] == api.auditor().ask(RECONSTRUCT, m="2999-01", psa=False).codes


# --- signatures ----------------------------------------------------------------------------------------------------


def test_checkpoints_are_given_with_what_was_signed(api: Api, product: int) -> None:
    for number in range(3):
        licensed(api, f"more-{number}", delta=1)
        sealed(api.database_url)
    auditor = api.auditor()

    newest = auditor.one(CHECKPOINTS, first=2)
    older = auditor.one(CHECKPOINTS, first=2, after=newest["pageInfo"]["endCursor"])

    numbers = [each["number"] for each in newest["nodes"] + older["nodes"]]
    first = newest["nodes"][0]
    KEY.private.public_key().verify(b64decode(first["signature"]), first["body"].encode())
    assert sorted(numbers, reverse=True) == numbers
    assert newest["totalCount"] == len(numbers) == 3
    assert (api.msp, first["chain"], api.facts()) == (
        json.loads(first["body"])["msp"],
        json.loads(first["body"])["chain"],
        first["count"],
    )
    assert {KEY.id} == {each["key"] for each in newest["nodes"]}
    assert KEY.id in [each["id"] for each in auditor.one("{ auditKeys { id publicKey } }")]


def test_heads_over_all_msps_are_for_tokens_of_all_msps_only(api: Api, product: int) -> None:
    sealed(api.database_url)
    query = "{ auditHeads(first: 1) { totalCount nodes { number msps digest body signature } } }"

    (head,) = api.overseer().one(query)["nodes"]

    KEY.private.public_key().verify(b64decode(head["signature"]), head["body"].encode())
    assert ["NotAllowed"] == api.auditor().ask(query).codes
    assert ["NotAllowed"] == api.admin().ask(query).codes


# --- find ----------------------------------------------------------------------------------------------------------


def test_any_id_leads_to_its_facts(api: Api, product: int) -> None:
    own = [raw for raw in api.parts.journal.raw(0, 100_000) if raw.msp == api.msp]
    stored = json.loads(own[0].state)

    def kinds(wanted: str) -> dict[str, str]:
        return {each["kind"]: each["entry"]["factType"] for each in api.auditor().one(FIND, id=wanted)}

    assert {"FACT": own[0].topic.removesuffix(".v1")} == kinds(str(own[0].entry_id))
    assert {"CHANGE": "organization.licenses-changed"} == kinds("c1")
    assert {"ORGANIZATION": "company-mapping.company-mapped"} == kinds("globex")
    assert {"REQUEST"} == kinds(stored["request_id"]).keys()
    assert {"AGREEMENT": "company-mapping.company-mapped"} == kinds(str(AGREEMENT))
    assert {} == kinds("nothing-has-this-id")


def test_the_id_of_a_push_leads_to_its_start(api: Api, product: int) -> None:
    push(api, AGREEMENT, product, wanted={"globex": Decimal("12.00")}, kind=PushKind.INITIAL)
    raw = api.parts.journal.raw(0, 100_000)
    started = next(each for each in raw if each.msp == api.msp and each.topic == "addition.push-started.v1")
    wanted = json.loads(started.state)["data"]["push"]

    (found,) = api.auditor().one(FIND, id=wanted)

    assert ("PUSH", str(started.entry_id)) == (found["kind"], found["entry"]["id"])
    assert [] == Api(api.served, f"{api.msp}-stranger").overseer().one(FIND, id=wanted, msp=other_msp(api))


def other_msp(api: Api) -> str:
    """Another MSP that there is."""
    stranger = Api(api.served, f"{api.msp}-stranger")
    registered(stranger, new_organization("acme"))
    return stranger.msp


def test_an_id_of_another_msp_is_not_found(api: Api, product: int) -> None:
    own = [raw for raw in api.parts.journal.raw(0, 100_000) if raw.msp == api.msp]
    stranger = Api(api.served, f"{api.msp}-stranger")
    registered(stranger, new_organization("acme"))

    for wanted in (str(own[0].entry_id), "c1", "globex", str(AGREEMENT), json.loads(own[0].state)["request_id"]):
        assert [] == stranger.auditor().one(FIND, id=wanted)


# --- walls ---------------------------------------------------------------------------------------------------------


def roles_of(root: type) -> dict[str, frozenset[Role]]:
    """Who may ask each field."""
    fields = root.__strawberry_definition__.fields  # type: ignore[attr-defined]  # strawberry puts it there
    return {field.python_name: one.roles for field in fields for one in field.extensions if isinstance(one, Guarded)}


def test_an_auditor_can_call_no_mutation() -> None:
    roles = roles_of(Mutation)

    assert len(roles) > 25
    assert [] == [name for name, allowed in roles.items() if Role.AUDITOR in allowed]


MONTH = f"{datetime.now(UTC):%Y-%m}"
ABOUT_ANOTHER = {
    "connectionAsOf": 'connectionAsOf(at: "2026-01-01T00:00:00Z", msp: $msp) { number }',
    "connectionDifference": (
        'connectionDifference(from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z", msp: $msp) { totalCount }'
    ),
    "reconstruct": f'reconstruct(month: "{MONTH}", msp: $msp) {{ isRight }}',
    "explainQuantity": f'explainQuantity(agreement: 1, product: 1, month: "{MONTH}", msp: $msp) {{ isSumRight }}',
    "auditCheckpoints": "auditCheckpoints(msp: $msp) { totalCount }",
    "find": 'find(id: "globex", msp: $msp) { kind }',
    "history": "history(msp: $msp) { totalCount }",
}


@pytest.mark.parametrize("name", ABOUT_ANOTHER)
def test_another_msp_and_one_that_never_was_are_told_apart_by_nothing(api: Api, product: int, name: str) -> None:
    stranger = Api(api.served, f"{api.msp}-stranger").auditor()
    query = f"query ($msp: ID) {{ {ABOUT_ANOTHER[name]} }}"

    another, nobody = stranger.ask(query, msp=api.msp), stranger.ask(query, msp="never-was")

    assert json.dumps(another.body).replace(api.msp, "X") == json.dumps(nobody.body).replace("never-was", "X")
    assert ["UnknownMsp"] == another.codes


def test_every_question_an_auditor_can_ask_about_an_msp_is_walled() -> None:
    fields = Query.__strawberry_definition__.fields  # type: ignore[attr-defined]  # strawberry puts it there
    of_no_msp = {"viewer", "server_time", "product_lines", "msps", "audit_keys", "audit_heads"}

    unwalled = {
        field.python_name for field in fields if "msp" not in {argument.python_name for argument in field.arguments}
    }

    assert of_no_msp == unwalled
