"""What goes wrong, and who may know how.

Four roads lead out of a resolver that can not answer:
- a refusal of the domain or of the PSA: in a mutation a member of its result union (`refusals`), in a query, and for
  input that is malformed before a resolver ever sees it, an error whose extensions carry the refusal's name and values;
- `Denied`: the caller may not ask this, or asks for what does not exist for them;
- the database is gone, full or slow: `Unavailable`, logged with an id, to be tried again with the same idempotency key;
- anything else is a bug: the caller gets an id, the log gets the id and the trace, once, and nobody gets a secret.
Mistakes in the query itself (syntax, unknown fields) are told as they are and not logged.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionContext

from api.refusals import as_graphql
from connectwise.errors import PsaError
from domain.refusals import Refusal
from domain.values import BillingMonth
from journal.application import UNAVAILABLE
from journal.logs import told_exception

LOG = logging.getLogger("psa_ledger.api")


class Told(Exception):
    """An error that the caller may see. `extensions` is where GraphQL clients look for its kind and values."""

    def __init__(self, message: str, extensions: Mapping[str, object]) -> None:
        super().__init__(message)
        self.extensions = dict(extensions)


class Refused(Told):
    """A rule, or the PSA, said no to something that has no result union to say so."""

    def __init__(self, refusal: Refusal | PsaError) -> None:
        shown = as_graphql(refusal)
        values = {
            _camel(each.name): plain(getattr(shown, each.name)) for each in fields(shown) if each.name != "message"
        }
        super().__init__(shown.message, {"code": type(shown).__name__, "values": values})


class Unavailable(Told):
    """The database did not answer or could not take this; the same act may be tried again."""


class Denied(Told):
    """The caller's token does not reach this."""


def not_allowed(role: str) -> Denied:
    return Denied(f"this is not for the role {role}", {"code": "NotAllowed", "values": {"role": role}})


def unknown_msp(msp: str) -> Denied:
    """Also the answer about an MSP that exists but is none of the caller's."""
    return Denied(f"there is no MSP {msp}", {"code": "UnknownMsp", "values": {"msp": msp}})


def msp_needed() -> Denied:
    return Denied("this token is for all MSPs: say which one with `msp`", {"code": "MspNeeded", "values": {}})


def told_errors(errors: Sequence[GraphQLError], running: ExecutionContext | None) -> list[GraphQLError]:
    """The errors as the caller may see them: told ones as they are, bugs behind an id and logged once."""
    return [_told_error(error, running) if is_bug(error) else error for error in errors]


def _told_error(error: GraphQLError, running: ExecutionContext | None) -> GraphQLError:
    root = root_of(error)
    if isinstance(root, RecursionError) and (running is None or running.graphql_document is None):
        return GraphQLError("the document is nested too deeply", extensions={"code": "DocumentTooLarge", "values": {}})
    if isinstance(root, CannotGetOperationTypeError | MissingQueryError):  # of a stream; others are answered with a 400
        return GraphQLError("the request names no operation", extensions={"code": "NoOperation", "values": {}})
    error_id = secrets.token_hex(8)
    if isinstance(root, UNAVAILABLE):
        told = unavailable(error_id, root)
        return GraphQLError(str(told), nodes=error.nodes, path=error.path, extensions=told.extensions)
    log_bug(error_id, root, request_id=getattr(running and running.context, "request_id", None), path=error.path)
    return GraphQLError(
        f"something went wrong on our side; it is noted under {error_id}",
        nodes=error.nodes,
        path=error.path,
        extensions={"code": "InternalError", "errorId": error_id},
    )


def is_bug(error: GraphQLError) -> bool:
    """Whether an error comes from our own code and was not meant for the caller."""
    cause = root_of(error)
    return not isinstance(cause, GraphQLError | Told)


def root_of(error: BaseException) -> BaseException:
    """The exception at the bottom of GraphQL's wrappers."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def unavailable(error_id: str, error: BaseException) -> Unavailable:
    """Log that the database is in trouble, and say so to the caller without its words."""
    LOG.error("the database is not available", extra={"error_id": error_id, "exception": told_exception(error)})
    return Unavailable(
        f"the database can not do this now; ask again, with the same idempotencyKey; it is noted under {error_id}",
        {"code": "Unavailable", "values": {}, "errorId": error_id},
    )


def log_bug(error_id: str, error: BaseException, *, request_id: str | None, path: object) -> None:
    """One line with the trace's places but not its values: values may be keys, so the exception itself stays here."""
    told = {"error_id": error_id, "path": path, "exception": told_exception(error)}
    LOG.error("internal error", extra=told if request_id is None else {**told, "request_id": request_id})


def plain(value: Any) -> Any:
    """A value of the domain as JSON shows it: the same written forms as the schema's scalars."""
    match value:
        case Enum():
            return value.value
        case Decimal():
            return format(value, "f")
        case BillingMonth():
            return str(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case Mapping():
            return {plain_key(key): plain(each) for key, each in value.items()}
        case tuple() | list() | frozenset():
            return [plain(each) for each in value]
        case None | str() | int() | bool():
            return value
        case _ if hasattr(value, "__dataclass_fields__"):
            return {_camel(each.name): plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            return str(value)


def plain_key(key: object) -> str:
    return str(plain(key))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
