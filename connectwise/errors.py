"""The PSA said no, or did not answer. Each class knows its verdict: never again, later, or after so many seconds.

    PsaError
    ├── SiteRefused          NEVER  an address that we do not call (http, private network, a trick in the URL)
    ├── WrongSite            NEVER  somebody answers there, but it is no ConnectWise PSA
    ├── UnknownCompany       NEVER  the site knows no such login company
    ├── WrongKeys            NEVER  company id, public or private key are not accepted
    ├── ClientIdRefused      NEVER  our own clientId is missing, unknown or blocked: ours to cure, not the MSP's
    ├── RightMissing         NEVER  403: names the right and the menu path that grants it
    ├── NotFound             NEVER  the record is not there (any more)
    ├── RequestRefused       NEVER  400 and its kin, with every inner reason
    │   ├── AlreadyExists    NEVER  a record with this identifier is there already
    │   └── RecordInUse      LATER  409: somebody holds the record
    ├── IdentifierChanged    NEVER  a product was created, but under another identifier than asked for
    ├── Unreachable          LATER  no connection; nothing was sent
    │   └── HostNotFound     LATER  the name does not resolve
    ├── DeadlinePassed       LATER  our own deadline came first; nothing was sent
    ├── FrontRefused         LATER  a firewall in front of the PSA refused, not the PSA itself
    ├── Throttled            AFTER  429, or our own budget: how many seconds to stay away
    ├── NoAnswer             LATER  a read was cut, timed out or met a 5xx
    ├── UnreadableAnswer     LATER  an answer that is cut short, too large or lacks what we need
    ├── IncompleteRead       LATER  a list that could not be proven whole; never a shorter list
    └── OutcomeUnknown       LATER  a write was sent and its outcome is unknown: read before writing again

After a write every class but `OutcomeUnknown` and `IdentifierChanged` means that it was certainly not applied
(`certainly_not_applied`). Messages hold addresses, record numbers and the PSA's own words, never a key: retries
store them.
"""

from dataclasses import dataclass
from typing import ClassVar

from connectwise.rights import Right


@dataclass(frozen=True, slots=True)
class Never:
    """Trying the same again can not help; a person has to change something."""


@dataclass(frozen=True, slots=True)
class Later:
    """Try again with a growing pause."""


@dataclass(frozen=True, slots=True)
class After:
    """Try again, but not before so many seconds have passed."""

    seconds: float


Verdict = Never | Later | After

LONGEST_MESSAGE = 500
"""Characters of what a server says that one message repeats."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One inner error of a refusal, in the PSA's words. Source: `ValidationError` of the vendor's OpenAPI document."""

    code: str
    message: str
    field: str | None = None


class PsaError(Exception):
    """Anything that keeps a call from giving its answer.

    `certainly_not_applied` is meaningful after a write: false only where the PSA may have changed.
    """

    verdict: Verdict = Never()
    certainly_not_applied: ClassVar[bool] = True

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SiteRefused(PsaError):
    pass


class WrongSite(PsaError):
    pass


class UnknownCompany(PsaError):
    pass


class WrongKeys(PsaError):
    pass


class ClientIdRefused(PsaError):
    pass


class RightMissing(PsaError):
    def __init__(self, right: Right, message: str) -> None:
        super().__init__(f"the right “{right}” is missing ({message}). {right.cure}")
        self.right = right


class NotFound(PsaError):
    pass


class RequestRefused(PsaError):
    """Shape: `reasons` in the PSA's order; empty when it gave none beyond `message`."""

    def __init__(self, status: int, code: str, message: str, reasons: tuple[Reason, ...] = ()) -> None:
        inner = "; ".join(reason.message for reason in reasons)
        told = f"{message}: {inner}" if inner else message
        super().__init__(told if len(told) <= LONGEST_MESSAGE else f"{told[: LONGEST_MESSAGE - 1]}…")
        self.status = status
        self.code = code
        self.reasons = reasons


class AlreadyExists(RequestRefused):
    pass


class RecordInUse(RequestRefused):
    verdict = Later()


class IdentifierChanged(PsaError):
    """Some sites answer a taken identifier with a second product named `…Copy0` instead of refusing."""

    certainly_not_applied = False

    def __init__(self, product_id: int, asked: str, given: str) -> None:
        super().__init__(f"product {product_id} was created as “{given}” instead of “{asked}”")
        self.product_id = product_id
        self.asked = asked
        self.given = given


class Unreachable(PsaError):
    verdict = Later()


class HostNotFound(Unreachable):
    pass


class DeadlinePassed(PsaError):
    verdict = Later()


class FrontRefused(PsaError):
    verdict = Later()


class Throttled(PsaError):
    """Units: seconds, at least 0."""

    def __init__(self, seconds: float, message: str) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.verdict = After(seconds)


class NoAnswer(PsaError):
    verdict = Later()


class UnreadableAnswer(PsaError):
    verdict = Later()


class IncompleteRead(PsaError):
    verdict = Later()


class OutcomeUnknown(PsaError):
    """The write may or may not have been applied. LATER means here: read first, then decide; never just send again."""

    verdict = Later()
    certainly_not_applied = False
