"""The listener for numbers and readiness, and the API's own pages for them."""

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import pytest

from journal.settings import BadSetting
from telemetry.listener import Question, listening, readiness
from telemetry.numbers import Numbers
from telemetry.settings import NOT_WATCHED, Address, TelemetrySettings, telemetry_settings_from
from tests.monitoring.conftest import Watched
from tests.scenarios.acts import start

WELL, BAD = Question("views", True, "current"), Question("workers", False, "0 look for what is due")


def test_it_answers_its_pages_and_nothing_else() -> None:
    with listening(Address("127.0.0.1", 0), Numbers(), lambda: (WELL,)) as port:
        answers = {
            path: httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=60)
            for path in ("/metrics", "/health", "/ready", "/", "/ready?ask=nothing")
        }

    assert [200, 200, 200, 404, 404] == [answer.status_code for answer in answers.values()]
    assert {"status": "alive"} == answers["/health"].json()
    assert "psa_ledger_pushes_total" in answers["/metrics"].text


def test_one_bad_answer_makes_it_unready_unless_only_another_is_asked_for() -> None:
    assert 503 == readiness((WELL, BAD))[0]
    assert 200 == readiness((WELL, BAD), "views")[0]
    assert {"status": "unready", "questions": [{"name": "workers", "is_well": False, "says": BAD.says}]} == readiness(
        (WELL, BAD), "workers"
    )[1]


def test_an_address_that_is_taken_is_an_error() -> None:
    with listening(Address("127.0.0.1", 0), Numbers(), tuple) as port, pytest.raises(OSError, match="in use"):
        listening(Address("127.0.0.1", port), Numbers(), tuple).__enter__()


def test_questions_are_about_the_business(watched: Watched) -> None:
    start(watched.system)

    told = {question["name"]: question for question in watched.ready().json()["questions"]}

    assert ["database", "views", "projector", "workers", "pushes", "close", "audit"] == list(told)
    assert ("none is due", True) == (told["pushes"]["says"], told["pushes"]["is_well"])
    assert "no MSP had 2026-10 to close" == told["close"]["says"]
    assert "acme" not in watched.ready().text + watched.text()


def test_numbers_are_told_apart_by_short_fixed_lists_never_by_msp_or_id(watched: Watched) -> None:
    system = watched.system
    start(system)
    system.psa.fault("error", status=400, method="PATCH")
    system.licenses("globex", delta=1)
    system.settle()

    labels = {label for name in watched.scrape().series for label in re.findall(r'(\w+)="', name)}

    ours = {
        "age",
        "kind",
        "lane",
        "level",
        "method",
        "outcome",
        "problem",
        "reason",
        "state",
        "status",
        "verdict",
        "view",
    }
    of_prometheus = {"generation", "implementation", "instance", "job", "le", "major", "minor", "patchlevel", "version"}
    assert labels - ours - of_prometheus == set()


def test_how_far_a_close_is_shows_in_numbers_and_words(watched_at: Callable[[datetime], Watched]) -> None:
    watched = watched_at(datetime.fromisoformat("2026-11-20T12:00:00Z"))
    system = watched.system
    start(system)
    assert 0 == watched.scrape().value("psa_ledger_close_msps", state="open")

    began = time.monotonic()
    system.move_clock(datetime.fromisoformat("2026-12-01T00:40:00Z"))
    assert 1 == watched.scrape().value("psa_ledger_close_msps", state="open")
    overdue = watched.scrape().value("psa_ledger_close_overdue_seconds")
    assert 600 <= overdue <= 600 + time.monotonic() - began + 1

    system.settle()
    assert 1 == watched.scrape().value("psa_ledger_close_msps", state="verified")
    [close] = watched.ready("close").json()["questions"]
    assert close["says"].startswith("2026-11: of 1 MSPs all verified; due for 10 min")


def test_a_push_is_counted_with_the_time_since_its_act(watched: Watched) -> None:
    system = watched.system
    start(system)
    began = time.monotonic()
    system.licenses("globex", delta=1)
    system.fold()
    system.move_clock(system.now + timedelta(minutes=3))

    system.settle()

    lasted = time.monotonic() - began
    scrape = watched.scrape()
    assert 1 == scrape.value("psa_ledger_pushes_total", kind="INCREMENTAL", outcome="verified")
    assert 180 == pytest.approx(scrape.value("psa_ledger_push_seconds_sum", kind="INCREMENTAL"), abs=lasted + 0.1)
    assert scrape.value("psa_ledger_psa_calls_total", method="PATCH", verdict="ok") == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("METRICS_LISTEN", "9464"),
        ("METRICS_LISTEN", "localhost:http"),
        ("METRICS_LISTEN", "localhost:70000"),
        ("TRACES_URL", "collector:4318"),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=name):
        telemetry_settings_from({f"PSA_LEDGER_{name}": text})


def test_without_settings_nothing_listens_and_nothing_is_traced() -> None:
    assert NOT_WATCHED == telemetry_settings_from({"PSA_LEDGER_METRICS_LISTEN": ""})
    assert TelemetrySettings(Address("::1", 9464)) == telemetry_settings_from(
        {"PSA_LEDGER_METRICS_LISTEN": "[::1]:9464"}
    )
