"""What every exchange over HTTP has: headers, an id, a bound, a line in the log, and an answer when we fail."""

import asyncio
import json
import logging
from typing import Any

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Scope

from api.exchanges import BODY_SECONDS, HEADERS, LARGEST_BODY, Exchanges
from journal.logs import JsonLines
from tests.api.harness import Api

SECRET = "Sup3r-Secret-Value-0815"


async def fine(_: Request) -> Response:
    return PlainTextResponse("fine")


async def page(_: Request) -> Response:
    return Response("<p>", headers={"Content-Security-Policy": "default-src 'self'", "Cache-Control": "no-cache"})


async def reading(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def broken(_: Request) -> Response:
    raise RuntimeError(f"exploded holding {SECRET}")


async def full(_: Request) -> Response:
    raise psycopg.errors.DiskFull(f"could not extend file holding {SECRET}")


async def breaking_off(_: Request) -> Response:
    async def chunks() -> Any:
        yield b"half"
        raise RuntimeError(SECRET)

    return StreamingResponse(chunks())


APP = Starlette(
    routes=[
        Route("/fine", fine),
        Route("/page", page),
        Route("/reading", reading, methods=["POST"]),
        Route("/broken", broken),
        Route("/full", full),
        Route("/breaking-off", breaking_off),
        Route("/health", fine),
    ],
    middleware=[Middleware(Exchanges)],
)


def asked(method: str, path: str, **more: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(APP, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=more.pop("base_url", "http://api.test")) as client:
            return await client.request(method, path, **more)

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/fine", "/missing", "/broken", "/health", "/reading"])
def test_every_answer_tells_browsers_to_be_careful(path: str) -> None:
    answer = asked("GET", path)

    assert HEADERS == {name: answer.headers[name] for name in HEADERS}


def test_a_page_with_a_policy_of_its_own_keeps_it() -> None:
    answer = asked("GET", "/page")

    assert "default-src 'self'" == answer.headers["content-security-policy"]
    assert "no-cache" == answer.headers["cache-control"]
    assert "nosniff" == answer.headers["x-content-type-options"]


def test_browsers_are_told_to_stay_with_tls_only_where_there_is_some() -> None:
    assert "strict-transport-security" not in asked("GET", "/fine").headers
    assert "max-age=31536000" == asked("GET", "/fine", base_url="https://api.test").headers["strict-transport-security"]


def test_no_answer_opens_itself_to_another_origin(api: Api) -> None:
    token = api.admin().token
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
        "Authorization": f"Bearer {token}",
    }

    async def ask(method: str, path: str) -> httpx.Response:
        return await api.served.client.request(method, path, headers=headers, json={"query": "{ serverTime }"})

    for method in ("OPTIONS", "POST", "GET"):
        for path in ("/graphql", "/exports/facts.csv", "/health"):
            answer = api.served.portal.call(ask, method, path)
            assert not [name for name in answer.headers if name.startswith("access-control")], (method, path)


def test_cookies_are_neither_set_nor_believed(api: Api) -> None:
    cookie = {"Cookie": f"Authorization=Bearer {api.admin().token}; token={api.admin().token}"}

    refused = api.post({"query": "{ serverTime }"}, cookie)
    answered = api.admin().ask("{ serverTime }")

    assert 401 == refused.status
    assert "set-cookie" not in answered.headers


def test_a_form_of_another_page_can_not_ask(api: Api) -> None:
    """Without a bearer token nothing is done, and no form or image can carry one."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = api.post({"query": "mutation { pause(input: {}) { __typename } }"}, {"Content-Type": kind})
        assert 401 == answer.status

    with_token = {"Content-Type": "text/plain", "Authorization": f"Bearer {api.admin().token}"}
    assert 400 == api.post({"query": "{ serverTime }"}, with_token).status
    assert 0 == api.facts()


def test_what_we_do_wrong_is_answered_with_an_id_and_logged_once_without_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        answer = asked("GET", "/broken", headers={"X-Request-Id": "r1"})

    [error] = answer.json()["errors"]
    [bug] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert 500 == answer.status_code
    assert vars(bug)["error_id"] == error["extensions"]["errorId"]
    assert ("r1", "r1") == (vars(bug)["request_id"], answer.headers["x-request-id"])
    assert SECRET not in answer.text + caplog.text + JsonLines("api").format(bug)


def test_a_database_in_trouble_is_no_bug_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    answer = asked("GET", "/full")

    assert (503, "5") == (answer.status_code, answer.headers["retry-after"])
    assert "Unavailable" == answer.json()["errors"][0]["extensions"]["code"]
    assert SECRET not in answer.text + caplog.text


def test_an_answer_that_breaks_off_is_cut_and_logged_without_values(caplog: pytest.LogCaptureFixture) -> None:
    answer = asked("GET", "/breaking-off")

    assert "half" == answer.text
    assert ["internal error"] == [each.message for each in caplog.records if each.name == "psa_ledger.api"]
    assert SECRET not in caplog.text


def test_each_exchange_is_one_line_and_healthy_looks_are_none(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="psa_ledger.requests"):
        asked("GET", "/fine?token=secret", headers={"X-Request-Id": "r2", "Authorization": f"Bearer {SECRET}"})
        asked("GET", "/health")

    [line] = [json.loads(JsonLines("api").format(record)) for record in caplog.records]
    assert ("GET", "/fine", 200) == (line["method"], line["path"], line["status"])
    assert "secret" not in json.dumps(line).lower()


def test_the_log_says_who_asked_for_what(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="psa_ledger.requests"):
        api.admin().ask("query Look { serverTime }")

    [line] = [vars(record) for record in caplog.records]
    assert (f"admin@{api.msp}", "ADMIN", api.msp, "Look") == (
        line["subject"],
        line["role"],
        line["msp"],
        line["operation"],
    )


def test_a_body_is_bounded_whether_its_length_is_told_or_not() -> None:
    async def drops() -> Any:
        for _ in range(LARGEST_BODY // 65_536 + 1):
            yield b"x" * 65_536

    whole = asked("POST", "/reading", content=b"x" * LARGEST_BODY)
    told = asked("POST", "/reading", content=b"x" * (LARGEST_BODY + 1))
    untold = asked("POST", "/reading", content=drops())

    assert (str(LARGEST_BODY), 413, 413) == (whole.text, told.status_code, untold.status_code)


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def ask() -> int:
        sent: list[Message] = []
        waited = 0.0
        loop = asyncio.get_running_loop()
        began = loop.time

        async def receive() -> Message:
            nonlocal waited
            waited += BODY_SECONDS
            loop.time = lambda: began() + waited  # type: ignore[method-assign]  # the loop's clock, so as not to wait
            return await asyncio.Future()

        async def send(message: Message) -> None:
            sent.append(message)

        scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/reading",
            "raw_path": b"/reading",
            "query_string": b"",
            "headers": [],
            "scheme": "http",
        }
        await APP(scope, receive, send)
        return int(sent[0]["status"])

    assert 408 == asyncio.run(ask())
