"""What every process says about itself: one JSON object a line, on standard error, with no secret in it.

`set_up_logging` is called once, by the entry point of a process; everything else uses the standard library's loggers.
Whoever begins a piece of work (a request, a job) names it with `log_fields`, and each line said meanwhile carries the
names: `request_id`, `correlation_id`, `msp`, `job`.

Three rules keep secrets out, whoever wrote the call:
- a field whose name says secret (`private_key`, `authorization`, …) shows as `[redacted]`, at any depth;
- in texts, whatever looks like one is cut out: bearer and basic credentials, JWTs, passwords in URLs, PEM and master
  keys, and `name=value` where the name says secret;
- of an exception the line shows type and places, and its message only where we know what stands in it: in our own
  exceptions, which never hold a secret (style, errors), and in those that tell of a lost connection or a full disk.
  The values in any other message may be anything, a key among them.
"""

import json
import logging
import math
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, TextIO

import orjson
import psycopg
from typing_extensions import override

REDACTED = "[redacted]"
LONGEST_TEXT = 8_000
"""Characters of one text in a line; the rest is cut off after redaction."""
MOST_FRAMES = 12
LONGEST_CHAIN = 4
DEEPEST = 6

OUR_PACKAGES = frozenset({"api", "cli", "connectwise", "domain", "journal", "projections", "telemetry", "workers"})
TELLING = (psycopg.OperationalError, OSError)
"""Exceptions of others whose messages speak of connections, files and resources, never of what was being stored."""

SECRET_NAMES = (
    *("password", "passwd", "secret", "token", "authorization", "cookie", "credentials", "basic"),
    *("privatekey", "publickey", "apikey", "masterkey", "masterkeys", "datakey", "vaultkeys", "signingkeys"),
)
"""How a name ends that says secret, in lower case and without `_` and `-`."""

_NAMES_IN_TEXT = (
    r"pass(?:word|wd)?|pwd|secret|private_?key|public_?key|api_?key|client_?secret|(?:access_?|refresh_?)?token"
    r"|authorization|cookie"
)
_VALUE = r"""(?:(?:bearer|basic)\s{1,3})?(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,;&})\]"']+)"""
_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for pattern, replacement in (
        (rf"(\b(?:{_NAMES_IN_TEXT})[\"']?\s{{0,3}}[:=]\s{{0,3}}){_VALUE}", rf"\1{REDACTED}"),
        (r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", REDACTED),
        (r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", rf"\1 {REDACTED}"),
        (r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?", REDACTED),
        (r"\b\d{1,10}:[A-Za-z0-9+/]{43}=", REDACTED),
        (r"(://)[^/\s@'\"]{1,500}@", rf"\1{REDACTED}@"),
    )
)

_MAY_HOLD_ONE = re.compile(r"[:=\s]|eyj", re.IGNORECASE)
"""What each of these needs somewhere in the text; most texts in a line are words and ids that have none of it."""

_LINE = json.JSONEncoder(separators=(",", ":"))
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_fields: ContextVar[Mapping[str, object]] = ContextVar("log fields", default={})  # noqa: B039 - never changed in place

Fields = Callable[[], Mapping[str, object]]


@contextmanager
def log_fields(**named: object) -> Iterator[None]:
    """Let each line said inside carry these fields, beside those of the work around it; None leaves a field out."""
    told = {name: value for name, value in named.items() if value is not None}
    before = _fields.set({**_fields.get(), **told})
    try:
        yield
    finally:
        _fields.reset(before)


def set_up_logging(process: str, stream: TextIO = sys.stderr, *, also: Fields = dict) -> None:
    """Make this process speak JSON: every logger, warnings, and what ends a thread or the process itself.

    `also` is asked for more fields at each line, in the thread that says it (the ids of a trace, for example).
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(process, also))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "pika"):  # each request or frame a line; ours say what matters of them
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    # What no line of ours shows need not be found out for each. Source: Python's logging HOWTO, "Optimization".
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    sys.excepthook = _ended
    threading.excepthook = _thread_ended


class JsonLines(logging.Formatter):
    """A record as one line of JSON. Never raises: what can not be shown is shown by the name of its type."""

    def __init__(self, process: str, also: Fields = dict) -> None:
        super().__init__()
        self._process = process
        self._also = also

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "process": self._process,
            "logger": record.name,
            "message": redacted(_message(record)),
        }
        own = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        for name, value in {**_fields.get(), **self._also(), **own}.items():
            line.setdefault(name, shown(value, name))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = told_exception(record.exc_info[1])
        try:
            written = orjson.dumps(line)
        except TypeError:  # a surrogate, or a whole number beyond 64 bits
            return _LINE.encode(line)
        # Whatever is not printed in ASCII is escaped: it may command a terminal, or the stream may not hold it.
        return written.decode() if written.isascii() and b"\x7f" not in written else _LINE.encode(line)


def redacted(text: str) -> str:
    """A text without what looks like a secret, and no longer than a line may be.

    >>> redacted("GET / with Authorization: Basic YWNtZStwdWI6cHJpdg== failed")
    'GET / with Authorization: [redacted] failed'
    >>> redacted("postgresql://ledger:hunter2@db/ledger is gone")
    'postgresql://[redacted]@db/ledger is gone'
    """
    if _MAY_HOLD_ONE.search(text):
        for pattern, replacement in _IN_TEXT:
            text = pattern.sub(replacement, text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


@lru_cache(1_000)
def says_secret(name: str) -> bool:
    """Whether a name promises a secret.

    >>> [name for name in ("private_key", "X-Api-Key", "clientSecret", "idempotencyKey", "msp") if says_secret(name)]
    ['private_key', 'X-Api-Key', 'clientSecret']
    """
    return name.lower().replace("_", "").replace("-", "").endswith(SECRET_NAMES)


def shown(value: object, name: str = "", depth: int = 0) -> object:
    """A value as JSON can hold it, without secrets. `name` is what the value is called where it stands."""
    if says_secret(name):
        return REDACTED
    if type(value) is str:  # nearly all of them are; the rest is looked at more closely
        return redacted(value)
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return redacted(value)
        case _ if depth >= DEEPEST:
            return f"<{type(value).__name__}>"
        case Mapping():
            return {redacted(str(key)): shown(each, str(key), depth + 1) for key, each in value.items()}
        case BaseException():
            return told_exception(value)
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case Sequence() | set() | frozenset():
            return [shown(each, name, depth + 1) for each in value]
        case _:
            return redacted(str(value))


def told_exception(error: BaseException, links: int = LONGEST_CHAIN) -> dict[str, object]:
    """Type and places of an exception, its message where that is known to be harmless, and what caused it."""
    kind = type(error)
    told: dict[str, object] = {"type": f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")}
    if kind.__module__.partition(".")[0] in OUR_PACKAGES or isinstance(error, TELLING):
        told["message"] = redacted(str(error))
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        told["sqlstate"] = error.sqlstate
    told["trace"] = frames(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and links > 1:
        told["because"] = told_exception(cause, links - 1)
    if isinstance(error, BaseExceptionGroup) and links > 1:
        told["of"] = [told_exception(each, links - 1) for each in error.exceptions[:10]]
    return told


def frames(trace: TracebackType | None) -> list[str]:
    """Where an exception passed, the innermost last, without any value: `journal.vault:get:87`."""
    found = []
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "?")
        found.append(f"{module}:{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return found[-MOST_FRAMES:]


def _message(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except Exception as error:  # noqa: BLE001 - a badly written call must not end what it tells about
        return f"{record.msg} ({type(error).__name__} while putting in its values)"
    # asyncio writes the exception's repr, values and all, below its own first line.
    return message.partition("\n")[0] if record.name == "asyncio" and record.exc_info else message


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("psa_ledger").critical("the process ends", exc_info=(kind, error, trace))


def _thread_ended(ended: Any) -> None:
    if ended.exc_value is None or issubclass(ended.exc_type, SystemExit):
        return
    name = ended.thread.name if ended.thread is not None else "?"
    logging.getLogger("psa_ledger").critical(
        "the thread %s ends", name, exc_info=(ended.exc_type, ended.exc_value, ended.exc_traceback)
    )
