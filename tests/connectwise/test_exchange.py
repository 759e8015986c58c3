"""One request: what is tried again, what is said of it when it fails, and what is never sent."""

import gzip
import logging
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from connectwise.budget import ProcessBudget
from connectwise.errors import (
    After,
    DeadlinePassed,
    IdentifierChanged,
    Later,
    NoAnswer,
    OutcomeUnknown,
    PsaError,
    Throttled,
    Unreachable,
    UnreadableAnswer,
    WrongSite,
)
from connectwise.exchange import Answer, Limits, retry_after_seconds
from domain.values import PsaAdditionId, PsaAgreementId, Tenant
from tests.connectwise import documented
from tests.connectwise.edge import ADDRESS, ROOT, FakeTime, Psa, psa_answering, scripted_psa

AGREEMENT = PsaAgreementId(7)
ADDITION = PsaAdditionId(70)
ONE = f"{ROOT}/finance/agreements/7/additions/70"


def read(psa: Psa) -> object:
    return psa.reading().addition(AGREEMENT, ADDITION)


def write(psa: Psa) -> object:
    return psa.writing().set_quantity(AGREEMENT, ADDITION, Decimal(15), deadline=psa.soon())


def answering(*answers: httpx.Response | type[httpx.TransportError], limits: Limits | None = None) -> Psa:
    """A PSA that gives these answers in order, and the last one for ever."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, headers=found.headers, content=found.content)
        raise found("made up")

    return psa_answering(answer, limits=limits)


def fine() -> httpx.Response:
    return httpx.Response(200, json=documented.addition(70))


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500, json=documented.TIMED_OUT),
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(503),
        httpx.Response(408),
        httpx.Response(200, content=b'{"id": 70, "quant'),
        httpx.Response(200, content=b""),
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ReadTimeout,
        httpx.ReadError,
        httpx.RemoteProtocolError,
    ],
)
def test_a_read_is_tried_again_after_a_passing_trouble(trouble: httpx.Response | type[httpx.TransportError]) -> None:
    psa = answering(trouble, trouble, fine())

    read(psa)

    assert len(psa.requests) == 3
    assert psa.time.slept == [0.2, 0.4]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_no_place_of_the_budget_is_kept_while_a_read_pauses(status: int) -> None:
    failed: list[str] = []

    class Noting(ProcessBudget):
        @override
        @contextmanager
        def slot(self, tenant: Tenant, patience_seconds: float) -> Iterator[None]:
            try:
                with super().slot(tenant, patience_seconds):
                    yield
            except PsaError as error:
                failed.append(type(error).__name__)
                raise

    psa = answering(httpx.Response(status, headers={"Retry-After": "2"}), fine())
    psa.wire = replace(psa.wire, budget=Noting(clock=psa.time.monotonic))

    read(psa)

    assert failed == ["Throttled" if status == 429 else "NoAnswer"]


def test_a_read_is_given_up_after_its_attempts_and_says_later() -> None:
    psa = answering(httpx.Response(500, json=documented.TIMED_OUT))

    with pytest.raises(NoAnswer, match="A timeout has occured") as raised:
        read(psa)

    assert raised.value.verdict == Later()
    assert len(psa.requests) == 5


@given(st.floats(0, 1))
def test_pauses_are_drawn_below_a_bound_that_doubles_up_to_its_cap(drawn: float) -> None:
    psa = answering(httpx.Response(500), limits=Limits(attempts=12, retry_seconds=3600))
    psa.time.drawn = drawn

    with pytest.raises(NoAnswer):
        read(psa)

    bounds = [min(0.4 * 2**step, 45.0) for step in range(11)]
    assert psa.time.slept == pytest.approx([drawn * bound for bound in bounds])


def test_a_read_is_not_begun_again_long_after_its_caller_asked() -> None:
    psa = answering(httpx.Response(500), limits=Limits(attempts=50, retry_seconds=10))
    psa.time.drawn = 1.0

    with pytest.raises(NoAnswer):
        read(psa)

    assert sum(psa.time.slept) <= 10
    assert len(psa.requests) < 10


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 415, 418])
def test_a_refusal_is_not_asked_for_again(status: int) -> None:
    psa = scripted_psa()
    psa.router.get(ONE).respond(status, json={"code": "NotFound" if status == 404 else "X", "message": "no"})
    psa.router.get(url__startswith=f"{ROOT}/company/companies/types").respond(200, json=[])

    with pytest.raises(PsaError):
        read(psa)

    assert [request.url.path for request in psa.requests].count(httpx.URL(ONE).path) == 1


def test_a_redirect_is_not_followed() -> None:
    psa = answering(httpx.Response(302, headers={"Location": "https://evil.example/"}))

    with pytest.raises(WrongSite, match="302"):
        read(psa)

    assert [request.url.host for request in psa.requests] == ["api-na.myconnectwise.net"]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError,
        httpx.Response(500, json=documented.TIMED_OUT), httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(503, headers={"Retry-After": "5"}), httpx.Response(408), httpx.Response(302),
        httpx.Response(200, content=b'{"id": 70, "quant'), httpx.Response(200, content=b"null"),
        httpx.Response(200, json=documented.addition(71)), httpx.Response(200, json=documented.addition(70,
        agreement_id=8)), httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=b""),
        httpx.Response(200, content=b'{"id": 70, "quantity": 1e9999999999999999999999}'),
        httpx.Response(200, content=b'{"id": 70, "quantity": ' + b"9" * 5000 + b"}"),
        httpx.Response(200, content=b'{"id": 70, "name": ' + b"[" * 100_000),
        httpx.Response(200, content=b"\xff\xfe["),
        httpx.Response(200, json=documented.addition(70, quantity=10**60)),
    ],
)  # fmt: skip
def test_a_write_whose_outcome_is_unknown_says_so_by_its_type_and_is_sent_once(
    trouble: httpx.Response | type[httpx.TransportError],
) -> None:
    psa = answering(trouble)

    with pytest.raises(OutcomeUnknown) as raised:
        write(psa)

    assert (raised.value.certainly_not_applied, raised.value.verdict) == (False, Later())
    assert len(psa.requests) == 1


@pytest.mark.parametrize("trouble", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_write_that_never_left_was_certainly_not_applied(trouble: type[httpx.TransportError]) -> None:
    psa = answering(trouble)

    with pytest.raises(Unreachable) as raised:
        write(psa)

    assert (raised.value.certainly_not_applied, raised.value.verdict) == (True, Later())
    assert len(psa.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 405, 409, 415, 422, 429])
def test_a_refused_write_was_certainly_not_applied_and_is_sent_once(status: int) -> None:
    psa = answering(httpx.Response(status, json={"code": "X", "message": "no"}))

    with pytest.raises(PsaError) as raised:
        write(psa)

    assert raised.value.certainly_not_applied
    assert len(psa.requests) == 1


def test_a_refusal_whose_explanation_is_cut_short_is_still_a_refusal() -> None:
    def cut() -> Iterator[bytes]:
        yield b'{"code": "Sec'
        raise httpx.ReadError("cut")

    class Cut(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return cut()

    psa = psa_answering(lambda request: httpx.Response(403, stream=Cut()))

    with pytest.raises(PsaError) as raised:
        write(psa)

    assert raised.value.certainly_not_applied


def test_nothing_is_sent_after_the_deadline() -> None:
    psa = answering(fine())

    for deadline in (psa.time.monotonic(), psa.time.monotonic() - 1, psa.time.now() - timedelta(seconds=1)):
        with pytest.raises(DeadlinePassed) as raised:
            psa.writing().set_quantity(AGREEMENT, ADDITION, Decimal(15), deadline=deadline)
        assert raised.value.certainly_not_applied

    assert psa.requests == []


@pytest.mark.parametrize(("left", "is_sent"), [(29.0, False), (31.0, True)])
def test_a_write_is_not_sent_so_late_that_it_could_take_effect_after_it_was_settled(left: float, is_sent: bool) -> None:
    psa = answering(fine(), limits=Limits(least_write_seconds=30))

    def set_quantity() -> None:
        deadline = psa.time.monotonic() + left
        psa.writing().set_quantity(AGREEMENT, ADDITION, Decimal(15), deadline=deadline)

    if is_sent:
        set_quantity()
    else:
        with pytest.raises(DeadlinePassed) as raised:
            set_quantity()
        assert raised.value.certainly_not_applied

    assert int(is_sent) == len(psa.requests)


def test_waiting_for_the_budget_does_not_bring_a_write_too_near_to_its_deadline() -> None:
    psa = answering(fine(), limits=Limits(least_write_seconds=30))
    tenant = psa.writing().tenant
    psa.wire.budget.punish(tenant, 15)

    with pytest.raises(Throttled):
        psa.writing().set_quantity(AGREEMENT, ADDITION, Decimal(15), deadline=psa.time.monotonic() + 40)

    assert psa.requests == []


def test_a_write_waits_for_no_answer_longer_than_to_its_deadline() -> None:
    psa = answering(fine())

    psa.writing().set_quantity(AGREEMENT, ADDITION, Decimal(15), deadline=psa.time.now() + timedelta(seconds=7))

    assert psa.requests[0].extensions["timeout"] == {"connect": 7.0, "read": 7.0, "write": 7.0, "pool": 7.0}


def test_a_read_waits_at_least_a_minute_for_its_answer() -> None:
    psa = answering(fine())

    read(psa)

    assert psa.requests[0].extensions["timeout"]["read"] >= 60


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "999999999"}, 3600.0),
        ({"Retry-After": "Sun, 15 Nov 2026 12:00:09 GMT"}, 9.0),
        ({"Retry-After": "Sun, 15 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Sun, 15 Nov 2026 15:00:09 GMT", "Date": "Sun, 15 Nov 2026 15:00:00 GMT"}, 9.0),
        ({"Retry-After": "99999999999999"}, 3600.0),
        ({"Retry-After": "9" * 5000}, 3600.0),
        ({"Retry-After": "1.99999999999999999"}, 2.0),
        ({"Retry-After": "Sun, 15 Nov 2026 12:00:09 +99999999999999"}, 30.0),
        ({"Retry-After": "Sun, 15 Nov 2026 12:00:09 -999999999999999999"}, 30.0),
        ({"Retry-After": "Sun, 15 Nov 2026 12:00:09 GMT", "Date": "Sun, 15 Nov 2026 12:00:00 +99999999999999"}, 9.0),
        ({"Retry-After": "Mon, 01 Jan 0001 00:00:00 +2359"}, 0.0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359"}, 3600.0),
        ({"Retry-After": "soon"}, 30.0),
        ({"Retry-After": "-5"}, 30.0),
        ({"Retry-After": "1e9"}, 30.0),
        ({}, 30.0),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], expected: float) -> None:
    answer = Answer(429, httpx.Headers(headers), b"{}")

    assert retry_after_seconds(answer, FakeTime().now()) == expected


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,9} [A-Z][a-z]{2} [0-9]{1,9} [-+:0-9]{1,40} [-+]?[0-9A-Z]*")
)
def test_no_retry_after_is_too_odd_to_be_obeyed(told: str) -> None:
    answer = Answer(429, {"Retry-After": told, "Date": told}, b"{}")

    assert 0 <= retry_after_seconds(answer, FakeTime().now()) <= 3600


def test_a_429_with_an_absurd_date_still_closes_the_budget() -> None:
    absurd = httpx.Response(429, headers={"Retry-After": "Sun, 15 Nov 2026 12:00:09 +99999999999999"})
    psa = answering(absurd, limits=Limits(patience_seconds=1))

    for _ in range(2):
        with pytest.raises(Throttled):
            write(psa)

    assert len(psa.requests) == 1


def test_without_the_header_the_sentence_of_the_body_counts() -> None:
    body = b'{"error":"ConnectWiseAPI","message":"Too many requests. Please try again in 12 seconds."}'

    assert retry_after_seconds(Answer(429, httpx.Headers(), body), FakeTime().now()) == 12.0


def test_a_throttled_read_stays_away_as_long_as_it_was_told() -> None:
    psa = answering(httpx.Response(429, headers={"Retry-After": "7"}, json=documented.THROTTLED), fine())

    read(psa)

    assert psa.time.slept == [7.2]


def test_a_long_pause_is_left_to_the_caller_and_closes_the_budget_of_the_tenant() -> None:
    psa = answering(httpx.Response(429, headers={"Retry-After": "300"}))

    with pytest.raises(Throttled) as first:
        read(psa)
    with pytest.raises(Throttled) as second:
        write(psa)

    assert first.value.verdict == second.value.verdict == After(300.0)
    assert second.value.certainly_not_applied
    assert len(psa.requests) == 1
    assert psa.time.slept == []


def small(psa_limits: int = 1000) -> Limits:
    return Limits(answer_bytes=psa_limits, attempts=1)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"[" + b" " * 2000 + b"]"),
        httpx.Response(200, headers={"Content-Encoding": "br"}, content=b""),
        httpx.Response(200, headers={"Content-Encoding": "gzip, gzip"}, content=b""),
    ],
)
def test_an_answer_too_large_or_oddly_encoded_is_not_read(answer: httpx.Response) -> None:
    psa = answering(answer, limits=small())

    with pytest.raises(UnreadableAnswer):
        read(psa)


def streamed(headers: dict[str, str], *pieces: bytes) -> Callable[[httpx.Request], httpx.Response]:
    class Stream(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from pieces

    return lambda request: httpx.Response(200, headers=headers, stream=Stream())


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    tracemalloc.start()
    psa = psa_answering(streamed({"Content-Encoding": "gzip"}, bomb), limits=small(10_000))

    with pytest.raises(UnreadableAnswer, match="larger than 10000"):
        read(psa)

    held_at_most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(bomb) < 100_000
    assert held_at_most < 5_000_000


def test_a_gzipped_answer_is_read_in_any_pieces() -> None:
    body = gzip.compress(fine().content)
    psa = psa_answering(streamed({"Content-Encoding": "gzip"}, *(body[at : at + 1] for at in range(len(body)))))

    read(psa)

    assert psa.requests[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("body", [gzip.compress(b'{"id": 1}', mtime=0)[:-9], b"no gzip at all", zlib.compress(b"{}")])
def test_broken_compression_is_unreadable(body: bytes) -> None:
    psa = psa_answering(streamed({"Content-Encoding": "gzip"}, body), limits=small())

    with pytest.raises(UnreadableAnswer, match="compression"):
        read(psa)


def test_a_cookie_of_one_answer_never_travels_with_another_request() -> None:
    psa = answering(
        httpx.Response(200, headers={"Set-Cookie": "session=of-tenant-a; Path=/"}, json=documented.addition(70))
    )

    read(psa)
    read(psa)

    assert ["cookie" in request.headers for request in psa.requests] == [False, False]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 503])
def test_a_server_that_echoes_the_request_gets_no_key_into_an_error(status: int) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        told = f"privateKey0001, publicKey0001, {request.headers.get('authorization')}, {request.headers['clientid']}"
        return httpx.Response(status, json={"code": "X", "message": told})

    for act in (read, write):
        with pytest.raises(PsaError) as raised:
            act(psa_answering(echo, limits=Limits(attempts=1)))
        shown = "".join(traceback.format_exception(raised.value))

        for secret in ("privateKey0001", "publicKey0001", "our-client-id", "QWNtZV9NU1Ar"):
            assert secret not in shown


def test_a_product_named_like_a_key_is_not_told() -> None:
    psa = scripted_psa()
    psa.router.post(f"{ROOT}/procurement/catalog").respond(
        201, json=documented.catalog_item(identifier="of privateKey0001")
    )

    with pytest.raises(IdentifierChanged) as raised:
        psa.writing().create_product(
            identifier="X", description="", customer_description="", subcategory_id=1, type_id=1, deadline=psa.soon()
        )

    assert raised.value.given == "of …"


def test_bytes_after_the_end_of_the_compression_are_not_collected() -> None:
    body = gzip.compress(fine().content)
    psa = psa_answering(streamed({"Content-Encoding": "gzip"}, body, b"x" * 1000), limits=small(10_000))

    with pytest.raises(UnreadableAnswer, match="goes on"):
        read(psa)


def test_no_key_shows_in_any_error_repr_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    troubles: list[httpx.Response | type[httpx.TransportError]] = [httpx.ReadTimeout, httpx.ConnectError]
    troubles += [httpx.Response(status, json=documented.UNAUTHORIZED) for status in (400, 401, 403, 404, 429, 500)]
    said = [repr(scripted_psa().wire), repr(ADDRESS)]

    for trouble in troubles:
        for act in (read, write):
            psa = answering(trouble, limits=Limits(attempts=1))
            said += [repr(psa.wire), repr(psa.writing())]
            with pytest.raises(PsaError) as raised:
                act(psa)
            said += [repr(raised.value), str(raised.value), repr(raised.value.__cause__)]

    everything = "\n".join([*said, caplog.text])
    for secret in ("privateKey0001", "publicKey0001", "our-client-id", "QWNtZV9NU1Ar"):
        assert secret not in everything
