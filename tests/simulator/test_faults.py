"""Troubles to order: what the caller sees, and what the PSA holds afterwards."""

import random
import socket
import statistics
from base64 import b64encode
from contextlib import ExitStack, closing
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from time import monotonic
from typing import Any

import httpx
import pytest

from simulator import faults
from simulator.rights import AGREEMENTS
from tests.simulator.conftest import Psa

ADDITIONS = "/finance/agreements/{parentId}/additions"
ADDITION = f"{ADDITIONS}/{{id}}"


@pytest.fixture
def line(psa: Psa) -> dict[str, Any]:
    of = psa.agreement(psa.company("Globex"))
    return psa.addition(of, psa.product("SEAT"), 10)


def path_of(line: dict[str, Any]) -> str:
    return f"/finance/agreements/{line['agreementId']}/additions/{line['id']}"


def quantity(psa: Psa, line: dict[str, Any]) -> float:
    found: float = psa.tenant.tables["addition"].rows[line["id"]]["quantity"]
    return found


def order(psa: Psa, kind: str, **detail: Any) -> dict[str, Any]:
    ordered: dict[str, Any] = psa.admin("POST", "/faults", {"kind": kind, **detail})
    return ordered


def test_a_fault_meets_its_method_and_endpoint_only_and_is_used_up(psa: Psa, line: dict[str, Any]) -> None:
    order(psa, "error", method="PATCH", endpoint=ADDITION, skip=1, count=2, status=503)

    statuses = [
        psa.get(path_of(line)).status_code,
        *(psa.patch(path_of(line), quantity=n).status_code for n in range(5)),
    ]

    assert statuses == [200, 200, 503, 503, 200, 200]
    assert psa.admin("GET", "/faults") == []


def test_a_fault_can_be_meant_for_one_path_by_a_glob(psa: Psa, line: dict[str, Any]) -> None:
    order(psa, "error", endpoint="/finance/agreements/1/*")

    assert psa.get(path_of(line)).status_code == 500
    assert psa.get("/finance/agreements/1").status_code == 200


def test_faults_of_one_tenant_do_not_meet_another(psa: Psa, demo_psa: Psa) -> None:
    order(psa, "error")

    assert (psa.get("/system/info").status_code, demo_psa.get("/system/info").status_code) == (500, 200)


def test_faults_can_be_cleared_one_by_one_and_all(psa: Psa) -> None:
    first, second = order(psa, "error"), order(psa, "latency", seconds=0)

    assert [fault["id"] for fault in psa.admin("DELETE", f"/faults/{first['id']}")] == [second["id"]]
    assert psa.admin("DELETE", "/faults") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("json", "An unexpected error has occurred."),
        ("timeout", "A timeout has occured. Please try again."),
        ("boolean", "String was not recognized as a valid Boolean."),
    ],
)
def test_a_server_error_keeps_the_request_from_being_carried_out(
    psa: Psa, line: dict[str, Any], body: str, message: str
) -> None:
    order(psa, "error", body=body)

    answer = psa.patch(path_of(line), quantity=6)

    assert (answer.status_code, answer.json()) == (500, {"code": "ConnectWiseApi", "message": message})
    assert quantity(psa, line) == 10.0


def test_the_front_answers_in_html(psa: Psa) -> None:
    order(psa, "error", status=502, body="html")

    answer = psa.get("/system/info")

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_an_error_can_come_although_the_write_took_effect(psa: Psa, line: dict[str, Any]) -> None:
    order(psa, "error_after", status=504, body="html")

    answer = psa.patch(path_of(line), quantity=6)

    assert (answer.status_code, quantity(psa, line)) == (504, 6.0)


def test_too_many_requests_say_how_long_in_seconds_as_a_date_or_not_at_all(psa: Psa) -> None:
    order(psa, "throttle", retry_after=30, count=1)
    order(psa, "throttle", retry_after="date", skip=1, count=1)
    order(psa, "throttle", skip=2, count=1)

    seconds, date, nothing = (psa.get("/system/info") for _ in range(3))

    assert (seconds.status_code, seconds.headers["retry-after"]) == (429, "30")
    assert seconds.json() == {
        "error": "ConnectWiseAPI",
        "message": "Too many requests. Please try again in 30 seconds.",
    }
    assert parsedate_to_datetime(date.headers["retry-after"]).tzinfo is not None
    assert (nothing.status_code, "retry-after" in nothing.headers) == (429, False)


def test_a_tenant_over_its_limit_per_minute_is_throttled(psa: Psa) -> None:
    psa.switch(requests_per_minute=3)

    statuses = [psa.get("/system/info").status_code for _ in range(5)]

    assert statuses == [200, 200, 200, 429, 429]
    assert 1 <= int(psa.get("/system/info").headers["retry-after"]) <= 60


@pytest.mark.parametrize(("when", "held"), [("before", 10.0), ("after", 6.0)])
def test_a_connection_is_cut_before_or_after_the_write_took_effect(
    psa: Psa, line: dict[str, Any], when: str, held: float
) -> None:
    order(psa, "cut", when=when, count=1)

    with pytest.raises(httpx.RemoteProtocolError):
        psa.patch(path_of(line), quantity=6)

    assert quantity(psa, line) == held
    assert psa.get(path_of(line)).json()["quantity"] == held


@pytest.mark.parametrize(("when", "additions"), [("before", 1), ("after", 2)])
def test_a_cut_post_leaves_an_addition_or_none(psa: Psa, line: dict[str, Any], when: str, additions: int) -> None:
    order(psa, "cut", when=when, method="POST", count=1)
    path = f"/finance/agreements/{line['agreementId']}/additions"

    with pytest.raises(httpx.RemoteProtocolError):
        psa.call("POST", path, json={"product": {"identifier": "SEAT"}, "billCustomer": "Billable"})

    assert len(psa.rows(path)) == additions


def test_latency_holds_the_answer_back(psa: Psa) -> None:
    order(psa, "latency", seconds=0.15)
    began = monotonic()

    psa.get("/system/info")

    assert monotonic() - began >= 0.15


def test_the_measured_latency_has_the_measured_median_and_tail() -> None:
    chance = random.Random(1)

    drawn = sorted(faults.latency_seconds({"distribution": "measured"}, chance) for _ in range(4000))

    assert statistics.median(drawn) == pytest.approx(1.0, rel=0.1)
    assert drawn[3600] == pytest.approx(6.3, rel=0.1)
    assert drawn[-1] == 28.0


def test_a_slow_body_arrives_whole_in_the_end(psa: Psa, line: dict[str, Any]) -> None:
    order(psa, "slow_body", seconds=0.2)
    began = monotonic()

    answer = psa.get(path_of(line))

    assert answer.json()["quantity"] == 10.0
    assert monotonic() - began >= 0.2


def test_a_truncated_body_is_no_json_although_its_length_fits(psa: Psa) -> None:
    order(psa, "truncated")
    key = next(iter(psa.tenant.keys.values()))

    with httpx.Client(trust_env=False, timeout=60) as client:
        answer = client.get(
            f"{psa.root}/system/info",
            auth=(f"{psa.tenant.company_id}+{key.public}", key.private),
            headers={"clientId": "x"},
        )

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        answer.json()


def test_an_oversized_body_is_as_large_as_ordered(psa: Psa) -> None:
    order(psa, "oversized", bytes=300_000)

    answer = psa.get("/system/info")

    assert (len(answer.content), answer.json()["version"]) == (300_000, "v2026.4.12345")


def test_an_action_happens_right_before_the_request_it_meets(psa: Psa, line: dict[str, Any]) -> None:
    edit = {"action": "hand_edit", "addition": line["id"], "changes": {"quantity": 13}}
    order(psa, "action", method="GET", endpoint=ADDITION, count=1, **edit)

    row = psa.get(path_of(line)).json()

    assert (row["quantity"], row["_info"]["updatedBy"]) == (13.0, "jdoe")


def test_an_addition_can_vanish_or_double_between_read_and_write(psa: Psa, line: dict[str, Any]) -> None:
    order(psa, "action", method="PATCH", count=1, action="addition_duplicated", addition=line["id"])
    order(psa, "action", method="PATCH", skip=1, count=1, action="addition_deleted", addition=line["id"])
    path = f"/finance/agreements/{line['agreementId']}/additions"

    doubled = psa.patch(path_of(line), quantity=6).status_code
    quantities = [row["quantity"] for row in psa.rows(path)]
    vanished = psa.patch(path_of(line), quantity=7)

    assert (doubled, quantities) == (200, [6.0, 10.0])
    assert vanished.json() == {"code": "NotFound", "message": f"Addition {line['id']} not found"}


def test_rights_keys_and_codebase_can_go_in_the_middle(psa: Psa, line: dict[str, Any]) -> None:
    order(psa, "action", method="PATCH", count=1, action="right_withdrawn", function=AGREEMENTS, verb="edit")
    order(psa, "action", method="GET", skip=1, count=1, action="keys_revoked")
    before = psa.get("/system/info").status_code
    key = next(each for each in psa.tenant.keys.values() if each.role == "minimum")

    patched = psa.patch(path_of(line), quantity=6).status_code
    revoked = psa.get("/system/info").status_code
    later = psa.client.get(
        f"{psa.root}/system/info",
        auth=(f"{psa.tenant.company_id}+{key.public}", key.private),
        headers={"clientId": "x"},
    ).status_code

    assert (before, patched, revoked, later) == (200, 403, 401, 401)
    assert quantity(psa, line) == 10.0


def test_an_agreement_and_a_company_can_go_in_the_middle(psa: Psa, line: dict[str, Any]) -> None:
    order(psa, "action", endpoint="/finance/agreements/{id}", action="agreement_cancelled", agreement=1, count=1)
    order(psa, "action", endpoint="/company/companies", action="company_deleted", company=1, count=1)

    assert psa.get("/finance/agreements/1").json()["agreementStatus"] == "Cancelled"
    assert psa.rows("/company/companies", conditions="deletedFlag=false") == []


def test_an_action_that_can_no_longer_happen_is_noted_and_the_request_goes_on(psa: Psa, line: dict[str, Any]) -> None:
    order(psa, "action", action="addition_deleted", addition=99)

    answer = psa.patch(path_of(line), quantity=6)

    assert (answer.status_code, psa.admin("GET", "/log")[-1]["missed"]) == (200, ["addition_deleted: no addition 99"])


def test_the_most_requests_at_one_time_are_counted(psa: Psa) -> None:
    order(psa, "latency", seconds=0.5)
    key = next(iter(psa.tenant.keys.values()))
    token = b64encode(f"{psa.tenant.company_id}+{key.public}:{key.private}".encode()).decode()
    asked = {"Authorization": f"Basic {token}", "clientId": "x"}

    with ExitStack() as opened:
        callers = [opened.enter_context(closing(HTTPConnection(psa.site.removeprefix("http://")))) for _ in range(3)]
        for caller in callers:
            caller.connect()
        # One right after the other, without a thread that might come late for the first one's answer.
        for caller in callers:
            caller.request("GET", "/v4_6_release/apis/3.0/system/info", headers=asked)
        assert [caller.getresponse().status for caller in callers] == [200] * 3

    assert psa.admin("GET", "/traffic")["most_in_flight"] == 3
    assert psa.tenant.traffic.in_flight == 0


def test_a_request_whose_client_goes_away_while_sending_is_not_carried_out(psa: Psa, line: dict[str, Any]) -> None:
    key = next(iter(psa.tenant.keys.values()))
    token = b64encode(f"{psa.tenant.company_id}+{key.public}:{key.private}".encode()).decode()
    host, _, port = psa.site.removeprefix("http://").partition(":")
    head = (
        f"PATCH /v4_6_release/apis/3.0{path_of(line)} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\n"
        "clientId: x\r\nContent-Length: 500\r\n\r\n["
    )

    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
    after = psa.get(path_of(line))

    assert (after.status_code, quantity(psa, line)) == (200, 10.0)
    assert list(psa.tenant.traffic.requests) == [f"GET {ADDITION}"]


def test_discovery_can_fail_too(psa: Psa) -> None:
    order(psa, "error", endpoint="/login/companyinfo/*", status=503, count=1)
    url = f"{psa.site}/login/companyinfo/{psa.tenant.company_id}"

    assert [psa.client.get(url).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "fire"},
        {"kind": "latency"},
        {"kind": "latency", "seconds": -1},
        {"kind": "cut"},
        {"kind": "cut", "when": "later"},
        {"kind": "error", "status": 200},
        {"kind": "error", "body": "xml"},
        {"kind": "throttle", "retry_after": "soon"},
        {"kind": "oversized"},
        {"kind": "slow_body"},
        {"kind": "truncated", "seconds": 1},
        {"kind": "error", "count": 0},
        {"kind": "error", "skip": -1},
        {"kind": "error", "method": 5},
        {"kind": "error", "endpoint": 5},
        {"kind": "action"},
        {"kind": "action", "action": "explode"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(psa: Psa, wrong: dict[str, Any]) -> None:
    answer = psa.client.post(f"{psa.site}/_simulator/tenants/{psa.tenant.company_id}/faults", json=wrong)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert psa.tenant.faults == []
