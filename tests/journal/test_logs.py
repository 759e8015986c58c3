"""What processes say: one JSON object a line, with the ids of the work and without any secret."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.refusals import InvalidInput
from journal.logs import JsonLines, log_fields, redacted, set_up_logging, shown, told_exception

SECRET = "Sup3r-Secret-Value-0815"
FORMER = (sys.excepthook, threading.excepthook)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What this process says after `set_up_logging`; everything is as it was before afterwards."""
    for found_out in ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing"):
        monkeypatch.setattr(logging, found_out, getattr(logging, found_out))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    root.handlers[:] = []
    set_up_logging("test", stream, also=lambda: {"trace_id": "t1"})
    yield stream
    logging.captureWarnings(capture=False)
    sys.excepthook, threading.excepthook = FORMER
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_the_ids_of_the_work(said: io.StringIO) -> None:
    with log_fields(request_id="r1", correlation_id="c1", msp=None), log_fields(job="addition.push"):
        logging.getLogger("psa_ledger.test").warning("gone for %s s\nand more", 5, extra={"attempt": 2})

    [line] = lines(said)
    at = line.pop("at")
    assert {
        "level": "WARNING",
        "process": "test",
        "logger": "psa_ledger.test",
        "message": "gone for 5 s\nand more",
        "request_id": "r1",
        "correlation_id": "c1",
        "job": "addition.push",
        "trace_id": "t1",
        "attempt": 2,
    } == line
    assert at.endswith("Z")


def test_fields_end_with_the_work_they_name(said: io.StringIO) -> None:
    with log_fields(request_id="r1"):
        pass
    logging.getLogger("x").warning("after")

    assert "request_id" not in lines(said)[0]


TEXTS = {
    "a bearer token": f"sent Authorization: Bearer {SECRET}",
    "a bearer token without its header": f"sent bearer {SECRET}",
    "basic credentials": f"{{'authorization': 'Basic {SECRET}'}}",
    "a JWT": f"token was eyJhbGciOiJSUzI1NiJ9.{SECRET}.{SECRET}",
    "a password in a URL": f"postgresql://ledger:{SECRET}@db:5432/ledger refused",
    "a key as JSON": json.dumps({"input": {"privateKey": SECRET, "companyId": "acme"}}),
    "a key as JSON with quotes in it": json.dumps({"private_key": f'a"{SECRET}'}),
    "a key as Python": repr({"private_key": SECRET}),
    "a key in a query": f"?publicKey={SECRET}&page=1",
    "a password in a conninfo": f"host=db password={SECRET} user=ledger",
    "a PEM key": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
    "half a PEM key": f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}",
    "a master key": f"1:{'A' * 20}{SECRET.replace('-', '/')}=",
    "a cookie": f"Cookie: session={SECRET}",
}


@pytest.mark.parametrize("what", list(TEXTS))
def test_a_text_that_holds_a_secret_is_shown_without_it(what: str, said: io.StringIO) -> None:
    logging.getLogger("x").error(TEXTS[what])
    logging.getLogger("x").error("%s", TEXTS[what])
    logging.getLogger("x").error("told", extra={"answer": {"body": [TEXTS[what]]}})

    assert SECRET not in said.getvalue()
    assert SECRET.replace("-", "/") not in said.getvalue()
    assert "[redacted]" in lines(said)[0]["message"]


NAMED: list[Mapping[str, object]] = [
    {"private_key": SECRET},
    {"input": {"privateKey": SECRET}},
    {"headers": {"Authorization": SECRET, "X-Api-Key": SECRET}},
    {"items": [{"credentials": {"public": SECRET}}]},
    {"master_keys": [SECRET]},
    {"client_secret": SECRET},
    {"data_key": SECRET.encode()},
]


@pytest.mark.parametrize("fields", NAMED, ids=str)
def test_a_field_whose_name_says_secret_is_shown_without_its_value(
    fields: Mapping[str, object], said: io.StringIO
) -> None:
    logging.getLogger("x").error("told", extra=dict(fields))

    assert SECRET not in said.getvalue()
    assert "[redacted]" in said.getvalue()


def test_ordinary_words_stay_as_they_are() -> None:
    for text in ("a basic idea", "the key 7 of acme", "https://na.myconnectwise.net/v4", "page 2 of 3: a token bucket"):
        assert text == redacted(text)
    assert {"idempotencyKey": "k", "agreement": 7} == shown({"idempotencyKey": "k", "agreement": 7})


def test_an_exception_shows_where_it_passed_and_no_values(said: io.StringIO) -> None:
    def broken(held: str) -> None:
        raise RuntimeError(f"exploded holding {held}")

    try:
        try:
            broken(SECRET)
        except RuntimeError as error:
            raise KeyError(SECRET) from error
    except KeyError:
        logging.getLogger("x").exception("failed")

    [line] = lines(said)
    assert SECRET not in said.getvalue()
    assert ("KeyError", "RuntimeError") == (line["exception"]["type"], line["exception"]["because"]["type"])
    assert ":broken:" in line["exception"]["because"]["trace"][-1]


def test_an_exception_of_ours_and_a_lost_connection_say_what_happened() -> None:
    assert "holdDays" in str(told_exception(InvalidInput("holdDays", "0 to 27"))["message"])
    assert "gone" == told_exception(psycopg.OperationalError("gone"))["message"]
    assert "message" not in told_exception(psycopg.DataError(f"invalid input: {SECRET}"))


def test_a_group_of_exceptions_is_told_one_by_one() -> None:
    told = told_exception(ExceptionGroup("two", [ValueError(SECRET), OSError(28, "No space left on device")]))

    assert SECRET not in str(told)
    assert "No space left" in str(told)


def test_what_asyncio_says_of_a_forgotten_failure_holds_no_values(said: io.StringIO) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        try:
            raise RuntimeError(SECRET)
        except RuntimeError as error:
            loop.call_exception_handler({"message": "Task exception was never retrieved", "exception": error})
            loop.call_exception_handler({"message": "never retrieved", "exception": error, "future": error})

    asyncio.run(main())

    assert SECRET not in said.getvalue()
    assert 2 == len(lines(said))


def test_warnings_are_lines_too(said: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    assert "py.warnings" == lines(said)[0]["logger"]


def test_whatever_is_logged_becomes_a_line(said: io.StringIO) -> None:
    deep: dict[str, object] = {}
    deep["itself"] = deep
    odd = {"nan": float("nan"), "bytes": b"\x00", "id": UUID(int=1), "half": "\ud800", "deep": deep, "set": {1}}

    logging.getLogger("x").error("odd", extra=odd)
    logging.getLogger("x").error("x" * 1_000_000)
    badly_written = logging.makeLogRecord({"msg": "%d and %s", "args": ("no number", "text")})

    strange, long = lines(said)
    bad = json.loads(JsonLines("p").format(badly_written))
    assert "%d and %s" in bad["message"]
    assert ("nan", "<1 bytes>", str(UUID(int=1))) == (strange["nan"], strange["bytes"], strange["id"])
    assert len(long["message"]) < 10_000


def test_a_line_can_not_be_broken_or_forged_by_what_it_tells(said: io.StringIO) -> None:
    forged = '\n{"level":"INFO","message":"all is well"}\u2028\x1b[2J'
    erased = "deleted\x7f"
    logging.getLogger("x").error(forged)
    logging.getLogger("x").error(erased)

    assert said.getvalue().isascii()
    assert all(line.isprintable() for line in said.getvalue().splitlines())
    assert [forged, erased] == [line["message"] for line in lines(said)]


@pytest.mark.parametrize("where", ["main", "thread"])
def test_what_ends_a_process_or_a_thread_is_a_line_without_values(where: str) -> None:
    program = (
        "import threading; from journal.logs import set_up_logging; set_up_logging('api')\n"
        f"def broken(): raise RuntimeError({SECRET!r})\n"
        + ("broken()" if where == "main" else "t = threading.Thread(target=broken, name='n'); t.start(); t.join()")
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    [line] = [json.loads(each) for each in ended.stderr.splitlines()]
    assert (1 if where == "main" else 0) == ended.returncode
    assert ("CRITICAL", "api", "RuntimeError") == (line["level"], line["process"], line["exception"]["type"])
    assert SECRET not in ended.stderr


def test_redaction_takes_no_time_however_a_text_is_made() -> None:
    for text in ("eyJ" * 30_000, "://" * 30_000, 'secret="' + "\\" * 90_000, "-----BEGIN PRIVATE KEY-----" * 3_000):
        assert len(redacted(text)) < 10_000


def test_a_record_of_the_standard_library_is_shown_whole() -> None:
    record = logging.makeLogRecord({"name": "x", "msg": "m", "levelname": "INFO"})

    assert "m" == json.loads(JsonLines("p").format(record))["message"]
