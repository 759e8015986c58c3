"""What the licences of all organizations come to on each day of a month."""

from datetime import datetime
from typing import Any

import pytest

from domain.values import BillingMonth
from tests.api.given import change, new_organization, registered
from tests.api.harness import Api
from tests.api.operations import CHANGE_LICENSES, CHANGE_PLAN
from tests.api.pushed import close

BY_DAY = "query ($m: BillingMonth) { licensesByDay(month: $m) { month opening days { day inForce } } }"
IN_ALL = "{ organizations(first: 100) { nodes { usageToDate { component counted billed } } } }"
CHANGE = "mutation ($input: %s!) { %s(input: $input) { __typename } }"


def reported(api: Api, *changes: dict[str, Any]) -> None:
    answer = api.platform().one(CHANGE_LICENSES, input={"msp": api.msp, "changes": list(changes)})
    assert [each["outcome"]["__typename"] for each in answer["answers"]] == ["Recorded"] * len(changes), answer


def done(api: Api, mutation: str, **given: Any) -> None:
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    answer = api.platform().one(CHANGE % (kind, mutation), input={"msp": api.msp, "changeId": f"{mutation}-1", **given})
    assert answer["__typename"] == "OrganizationChanged", answer


def in_march(api: Api) -> tuple[int, dict[int, int]]:
    """What was in force before March began, and on its days. Shape: only days on which it is another than before."""
    shown = api.auditor().one(BY_DAY, m="2026-03")
    assert [each["day"] for each in shown["days"]] == list(range(1, 32))
    opening = before = int(shown["opening"])
    moved = {}
    for each in shown["days"]:
        if (now := int(each["inForce"])) != before:
            moved[each["day"]] = before = now
    return opening, moved


def at(day: int, time: str = "12:00:00", month: int = 3) -> dict[str, str]:
    return {"effectiveAt": f"2026-{month:02d}-{day:02d}T{time}Z"}


@pytest.fixture
def two(api: Api) -> Api:
    """12 licences of one customer and 5 of another since February."""
    registered(api, new_organization("globex"), new_organization("initech"))
    reported(
        api,
        change("g", "globex", quantity=12, **at(10, month=2)),
        change("i", "initech", quantity=5, **at(28, "23:59:59.999999", month=2)),
    )
    return api


def test_days_add_up_all_organizations_and_end_at_midnight_in_utc(two: Api) -> None:
    reported(
        two,
        change("first", "globex", delta=3, **at(1, "00:00:00")),
        change("same day", "initech", delta=1, **at(5, "00:30:00")),
        change("same day too", "globex", delta=-4, **at(5, "23:59:59.999999")),
        change("last", "globex", delta=7, **at(31, "23:59:59.999999")),
        change("next month", "globex", delta=100, **at(1, "00:00:00", month=4)),
    )

    assert in_march(two) == (17, {1: 20, 5: 17, 31: 24})


def test_only_what_is_billed_counts(api: Api) -> None:
    registered(
        api,
        new_organization("paid"),
        new_organization("trial", licenseType="TRIAL"),
        new_organization("gift", licenseType="NFR"),
        new_organization("itself", management="SELF"),
    )
    reported(api, *(change(one, one, quantity=10, **at(2)) for one in ("paid", "trial", "gift", "itself")))
    reported(api, change("servers", "paid", component="SERVER", quantity=1_000, **at(2)))

    assert in_march(api) == (0, {2: 10})


def test_a_trial_that_is_bought_and_one_that_manages_itself_move_the_days_from_then_on(two: Api) -> None:
    registered(two, new_organization("trial", licenseType="TRIAL"))
    reported(two, change("t", "trial", quantity=30, **at(1, month=2)))

    done(two, "changeLicenseType", organization="trial", licenseType="PAID", **at(9))
    done(two, "changeManagement", organization="globex", management="SELF", **at(20))

    assert in_march(two) == (17, {9: 47, 20: 35})


def test_an_organization_that_ended_counts_up_to_its_end(two: Api) -> None:
    done(two, "closeOrganization", organization="globex", **at(20, "00:00:00"))

    assert in_march(two) == (17, {20: 5})


def test_a_late_change_counts_from_when_it_is_effective(two: Api) -> None:
    reported(two, change("in time", "globex", delta=3, **at(20)))
    assert in_march(two) == (17, {20: 20})

    reported(two, change("late", "globex", quantity=30, **at(10)))
    assert in_march(two) == (17, {10: 35, 20: 38})

    reported(two, change("later still", "globex", quantity=1, **at(20, month=2)))
    assert in_march(two) == (6, {10: 35, 20: 38})


def test_a_correction_of_a_closed_month_shows_in_its_days(two: Api) -> None:
    close(two, "globex", BillingMonth(2026, 3), None)

    reported(two, change("late", "globex", delta=4, **at(11)))

    assert in_march(two) == (17, {11: 21})


def test_licences_go_along_when_the_plan_changes(two: Api) -> None:
    answer = two.platform().one(
        CHANGE_PLAN,
        input={"msp": two.msp, "organization": "globex", "changeId": "p", "plan": "network-lite", **at(7)},
    )
    assert answer["__typename"] == "OrganizationChanged"

    assert in_march(two) == (17, {})


def test_today_is_what_the_organizations_add_up_to(two: Api) -> None:
    registered(two, new_organization("trial", licenseType="TRIAL"), new_organization("hooli"))
    reported(two, change("t", "trial", quantity=30), change("h", "hooli", delta=8))
    done(two, "closeOrganization", organization="initech", **at(20))

    nodes = two.admin().one(IN_ALL)["nodes"]
    shown = two.admin().one(BY_DAY)

    billed = [each["billed"] for node in nodes for each in node["usageToDate"] if each["component"] == "LICENSE"]
    assert (shown["days"][-1]["inForce"], sum(billed)) == ("20", 20)


def test_a_month_under_way_ends_with_today(two: Api) -> None:
    before = datetime.fromisoformat(two.admin().one("{ serverTime }"))
    shown = two.admin().one(BY_DAY)
    after = datetime.fromisoformat(two.admin().one("{ serverTime }"))

    month, today = shown["month"], shown["days"][-1]["day"]
    assert f"{before:%Y-%m-%d}" <= f"{month}-{today:02d}" <= f"{after:%Y-%m-%d}"
    assert [each["day"] for each in shown["days"]] == list(range(1, today + 1))


def test_an_msp_without_organizations_has_none_in_force(api: Api) -> None:
    assert in_march(api) == (0, {})


def test_a_month_before_everything_has_none_in_force(two: Api) -> None:
    shown = two.admin().one(BY_DAY, m="2000-01")

    assert (shown["opening"], {each["inForce"] for each in shown["days"]}) == ("0", {"0"})


def test_a_month_that_has_not_begun_is_refused(api: Api) -> None:
    now = datetime.fromisoformat(api.admin().one("{ serverTime }"))

    for month in (BillingMonth.of(now).next(), BillingMonth(2098, 1)):
        assert api.admin().ask(BY_DAY, m=str(month)).codes == ["MonthHasNotBegun"]


def test_what_others_have_never_counts(two: Api) -> None:
    stranger = Api(two.served, f"{two.msp}-next-door")
    registered(stranger, new_organization("globex"))
    reported(stranger, change("g", "globex", quantity=1_000, **at(3)))

    assert in_march(two) == (17, {})
    assert in_march(stranger) == (0, {3: 1_000})


def test_sums_are_exact_however_large(two: Api) -> None:
    registered(two, *(new_organization(f"large-{number}") for number in range(4)))
    reported(two, *(change(f"l{n}", f"large-{n}", quantity=1_000_000_000, **at(4)) for n in range(4)))

    shown = two.admin().one(BY_DAY, m="2026-03")

    assert {each["inForce"] for each in shown["days"]} == {"17", "4000000017"}
