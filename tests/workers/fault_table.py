"""The table of every fault that the simulator can be told to have, for reads, updates and creates.

Licences are to move an addition from 12 to 15, or 15 are to be billed on an agreement for the first time. A row says

- the fault, and the request that it meets: the read of the additions before a push, the update, or the create;
- what the client says: the error that it raises, if any;
- what the worker does at once, in facts, and what the PSA then holds of the product: a number per running addition;
- what somebody does about it, in order; time passes afterwards. Most faults need nobody;
- what the worker does from then on, and what the PSA holds in the end;
- what the next night's watch still has to say.

In no row two additions stand that the API made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

Fault = Mapping[str, Any]
Cure = str | Fault
"""What an admin presses, or an action in the PSA."""


class Meets(Enum):
    """Method and endpoint of the request that is struck."""

    READ = ("GET", "/finance/agreements/*/additions")
    UPDATE = ("PATCH", "/finance/agreements/*/additions/*")
    CREATE = ("POST", "/finance/agreements/*/additions")


@dataclass(frozen=True)
class Row:
    fault: Fault
    meets: Meets
    says: str
    does: str
    holds: tuple[int, ...]
    then: str
    ends: tuple[int, ...]
    cure: tuple[Cure, ...] = ()
    watch: str = ""

    @property
    def is_quick(self) -> bool:
        """What could bill twice, and what needs a person, runs with the quick tests; the rest with the long ones."""
        return bool(self.cure) or (self.meets is Meets.CREATE and self.fault != AS_MEASURED)

    @property
    def is_too_slow(self) -> bool:
        """Whether the client is to give up before the PSA answers."""
        return self.fault in (TOO_LATE, TOO_SLOW)

    def __str__(self) -> str:
        words = [str(word) for word in self.fault.values() if not isinstance(word, dict)]
        return " ".join([self.meets.name, *words])


def action(name: str, **detail: Any) -> Fault:
    return {"kind": "action", "action": name, **detail}


def done(name: str, **detail: Any) -> Fault:
    return {"action": name, **detail}


A_LITTLE_LATE = {"kind": "latency", "seconds": 0.02}
TOO_LATE = {"kind": "latency", "seconds": 1}
AS_MEASURED = {"kind": "latency", "distribution": "measured"}
TOO_SLOW = {"kind": "slow_body", "seconds": 1}
THROTTLED = {"kind": "throttle", "retry_after": 30}
THROTTLED_UNTIL = {"kind": "throttle", "retry_after": "date"}
THROTTLED_ANYHOW = {"kind": "throttle", "retry_after": None}
ERROR = {"kind": "error", "status": 500, "body": "json"}
TIMED_OUT = {"kind": "error", "status": 500, "body": "timeout"}
NO_BOOLEAN = {"kind": "error", "status": 500, "body": "boolean"}
FRONT_ERROR = {"kind": "error", "status": 502, "body": "html"}
ERROR_AFTER = {"kind": "error_after", "status": 500, "body": "timeout"}
FRONT_ERROR_AFTER = {"kind": "error_after", "status": 504, "body": "html"}
CUT_BEFORE = {"kind": "cut", "when": "before"}
CUT_AFTER = {"kind": "cut", "when": "after"}
TRUNCATED = {"kind": "truncated"}
OVERSIZED = {"kind": "oversized", "bytes": 2_000_000}

UPGRADED = action("codebase_upgrade", codebase="v2027_1")
REVOKED = action("keys_revoked")
CANCELLED = action("agreement_cancelled", agreement="the agreement")
RUNS_AGAIN = done("record_changed", table="agreement", id="the agreement",
                  changes={"cancelledFlag": False, "dateCancelled": None})  # fmt: skip
AGREEMENT_DELETED = action("record_deleted", table="agreement", id="the agreement")
COMPANY_DELETED = action("company_deleted", company=1)
COMPANY_RESTORED = done("company_restored", company=1)
INACTIVE = action("record_changed", table="catalogItem", id="the product", changes={"inactiveFlag": True})
NO_INQUIRE = action("right_withdrawn", function="Agreements", verb="inquire")
NO_EDIT = action("right_withdrawn", function="Agreements", verb="edit")
NO_ADD = action("right_withdrawn", function="Agreements", verb="add")
INQUIRE = done("right_granted", function="Agreements", verb="inquire")
EDIT = done("right_granted", function="Agreements", verb="edit")
ADD = done("right_granted", function="Agreements", verb="add")
ONLY_MINE = action("right_granted", function="Agreements", verb="inquire", level="My")
EDIT_MINE = action("right_granted", function="Agreements", verb="edit", level="My")
SETUP_CLOSED = action("table_closed", table="companyType")
CLOSED = action("table_closed", table="addition")
OPENED = done("table_opened", table="addition")
UNRELATED = action("record_added", table="companyStatus", values={"name": "Prospect"})
HAND_EDIT = action("hand_edit", addition="our addition", changes={"quantity": 13})
DELETED = action("addition_deleted", addition="our addition")
DOUBLED = action("addition_duplicated", addition="our addition")
ANOTHER = action("addition_added", agreement="the agreement",
                 values={"product": {"id": "the product"}, "billCustomer": "Billable", "quantity": 7})  # fmt: skip
UNFIT = action("value_planted", table="addition", id="our addition", changes={"serialNumber": "9" * 60})
FIT_AGAIN = done("hand_edit", addition="our addition", changes={"serialNumber": None})
EDITED = done("hand_edit", addition="our addition", changes={"quantity": 20})

READ, UPDATE, CREATE = Meets.READ, Meets.UPDATE, Meets.CREATE
WRITES = "PushStarted UsagePushed"
CREATES = "PushStarted AdditionCreated UsagePushed"
FAILED = "PushFailed PSA_UNAVAILABLE again"
LATER = f"PushStarted {FAILED}"
"""It is known that nothing was written, so nothing waits for a deadline."""
NOT_APPLIED = "PushFailed NOT_APPLIED again"
"""After the deadline the PSA still holds what it held."""
AGAIN = f"{NOT_APPLIED} {WRITES}"
MADE_AGAIN = f"{NOT_APPLIED} {CREATES}"
FOUND = "AdditionCreated UsagePushed"
"""After the deadline the addition is found, and not made a second time."""

UNKNOWN = "PushOutcomeUnknown DriftDetected PushRefused OUTCOME_UNKNOWN"
FORBIDDEN = "PushStarted PushFailed MISSING_RIGHT"
REFUSED = "AttentionRaised WRONG_KEYS"
HEALED = "AttentionCleared "
ASKED = "RetryRequested "
LOST = "AdditionLost PushRefused ADDITION_LOST"
ENDED = "PushRefused AGREEMENT_ENDED"

# fmt: off
TABLE = (
    #   fault               meets   the client says     the worker     the PSA and later, and in the end
    Row(A_LITTLE_LATE,      READ,   "",                 WRITES,        (15,),  "", (15,)),
    Row(A_LITTLE_LATE,      UPDATE, "",                 WRITES,        (15,),  "", (15,)),
    Row(A_LITTLE_LATE,      CREATE, "",                 CREATES,       (15,),  "", (15,)),
    Row(AS_MEASURED,        READ,   "",                 WRITES,        (15,),  "", (15,)),
    Row(AS_MEASURED,        UPDATE, "",                 WRITES,        (15,),  "", (15,)),
    Row(AS_MEASURED,        CREATE, "",                 CREATES,       (15,),  "", (15,)),
    Row(TOO_LATE,           READ,   "NoAnswer",         "",            (12,),  WRITES, (15,)),
    Row(TOO_LATE,           UPDATE, "OutcomeUnknown",   "PushStarted", (15,),  "UsagePushed", (15,)),
    Row(TOO_LATE,           CREATE, "OutcomeUnknown",   "PushStarted", (15,),  FOUND, (15,)),
    Row(TOO_SLOW,           READ,   "NoAnswer",         "",            (12,),  WRITES, (15,)),
    Row(TOO_SLOW,           UPDATE, "OutcomeUnknown",   "PushStarted", (15,),  "UsagePushed", (15,)),
    Row(TOO_SLOW,           CREATE, "OutcomeUnknown",   "PushStarted", (15,),  FOUND, (15,)),

    Row(THROTTLED,          READ,   "Throttled",        "",            (12,),  WRITES, (15,)),
    Row(THROTTLED,          UPDATE, "Throttled",        LATER,         (12,),  WRITES, (15,)),
    Row(THROTTLED,          CREATE, "Throttled",        LATER,         (),     CREATES, (15,)),
    Row(THROTTLED_UNTIL,    READ,   "Throttled",        "",            (12,),  WRITES, (15,)),
    Row(THROTTLED_UNTIL,    UPDATE, "Throttled",        LATER,         (12,),  WRITES, (15,)),
    Row(THROTTLED_UNTIL,    CREATE, "Throttled",        LATER,         (),     CREATES, (15,)),
    Row(THROTTLED_ANYHOW,   READ,   "Throttled",        "",            (12,),  WRITES, (15,)),
    Row(THROTTLED_ANYHOW,   UPDATE, "Throttled",        LATER,         (12,),  WRITES, (15,)),
    Row(THROTTLED_ANYHOW,   CREATE, "Throttled",        LATER,         (),     CREATES, (15,)),

    Row(ERROR,              READ,   "NoAnswer",         "",            (12,),  WRITES, (15,)),
    Row(ERROR,              UPDATE, "OutcomeUnknown",   "PushStarted", (12,),  AGAIN, (15,)),
    Row(ERROR,              CREATE, "OutcomeUnknown",   "PushStarted", (),     MADE_AGAIN, (15,)),
    Row(TIMED_OUT,          CREATE, "OutcomeUnknown",   "PushStarted", (),     MADE_AGAIN, (15,)),
    Row(NO_BOOLEAN,         CREATE, "OutcomeUnknown",   "PushStarted", (),     MADE_AGAIN, (15,)),
    Row(FRONT_ERROR,        READ,   "NoAnswer",         "",            (12,),  WRITES, (15,)),
    Row(FRONT_ERROR,        UPDATE, "OutcomeUnknown",   "PushStarted", (12,),  AGAIN, (15,)),
    Row(FRONT_ERROR,        CREATE, "OutcomeUnknown",   "PushStarted", (),     MADE_AGAIN, (15,)),
    Row(ERROR_AFTER,        READ,   "NoAnswer",         "",            (12,),  WRITES, (15,)),
    Row(ERROR_AFTER,        UPDATE, "OutcomeUnknown",   "PushStarted", (15,),  "UsagePushed", (15,)),
    Row(ERROR_AFTER,        CREATE, "OutcomeUnknown",   "PushStarted", (15,),  FOUND, (15,)),
    Row(FRONT_ERROR_AFTER,  UPDATE, "OutcomeUnknown",   "PushStarted", (15,),  "UsagePushed", (15,)),
    Row(FRONT_ERROR_AFTER,  CREATE, "OutcomeUnknown",   "PushStarted", (15,),  FOUND, (15,)),
    Row(CUT_BEFORE,         READ,   "NoAnswer",         "",            (12,),  WRITES, (15,)),
    Row(CUT_BEFORE,         UPDATE, "OutcomeUnknown",   "PushStarted", (12,),  AGAIN, (15,)),
    Row(CUT_BEFORE,         CREATE, "OutcomeUnknown",   "PushStarted", (),     MADE_AGAIN, (15,)),
    Row(CUT_AFTER,          READ,   "NoAnswer",         "",            (12,),  WRITES, (15,)),
    Row(CUT_AFTER,          UPDATE, "OutcomeUnknown",   "PushStarted", (15,),  "UsagePushed", (15,)),
    Row(CUT_AFTER,          CREATE, "OutcomeUnknown",   "PushStarted", (15,),  FOUND, (15,)),
    Row(TRUNCATED,          READ,   "UnreadableAnswer", "",            (12,),  WRITES, (15,)),
    Row(TRUNCATED,          UPDATE, "OutcomeUnknown",   "PushStarted", (15,),  "UsagePushed", (15,)),
    Row(TRUNCATED,          CREATE, "OutcomeUnknown",   "PushStarted", (15,),  FOUND, (15,)),
    Row(OVERSIZED,          READ,   "UnreadableAnswer", "",            (12,),  WRITES, (15,)),
    Row(OVERSIZED,          UPDATE, "OutcomeUnknown",   "PushStarted", (15,),  "UsagePushed", (15,)),
    Row(OVERSIZED,          CREATE, "OutcomeUnknown",   "PushStarted", (15,),  FOUND, (15,)),

    # The tenant moves to another codebase: asked for once more, and a write is sent to where it has effect only.
    Row(UPGRADED,           READ,   "",                 WRITES,        (15,),  "", (15,)),
    Row(UPGRADED,           UPDATE, "",                 WRITES,        (15,),  "", (15,)),
    Row(UPGRADED,           CREATE, "",                 CREATES,       (15,),  "", (15,)),

    # ConnectWise refuses the connection or a right: pushes wait for a person, and go out once it is cured.
    Row(REVOKED,            READ,   "WrongKeys",        REFUSED,       (12,),  HEALED + WRITES, (15,), ("new keys",)),
    Row(REVOKED,            UPDATE, "WrongKeys",        f"PushStarted {REFUSED} {FAILED}", (12,),
        HEALED + WRITES, (15,), ("new keys",)),
    Row(REVOKED,            CREATE, "WrongKeys",        f"PushStarted {REFUSED} {FAILED}", (),
        HEALED + CREATES, (15,), ("new keys",)),
    Row(NO_INQUIRE,         READ,   "RightMissing",     "AttentionRaised MISSING_RIGHT", (12,),
        HEALED + WRITES, (15,), (INQUIRE,)),
    Row(NO_EDIT,            UPDATE, "RightMissing",     FORBIDDEN,     (12,),  WRITES, (15,), (EDIT,)),
    Row(NO_ADD,             CREATE, "RightMissing",     FORBIDDEN,     (),     CREATES, (15,), (ADD,)),
    Row(ONLY_MINE,          READ,   "RightMissing",     "PushRefused RECORD_FORBIDDEN", (12,),
        WRITES, (15,), (INQUIRE,)),
    Row(EDIT_MINE,          UPDATE, "RightMissing",     FORBIDDEN,     (12,),  WRITES, (15,), (EDIT,)),
    Row(CLOSED,             READ,   "RightMissing",     "PushRefused RECORD_FORBIDDEN", (12,),
        WRITES, (15,), (OPENED,)),
    Row(CLOSED,             UPDATE, "RightMissing",     FORBIDDEN,     (12,),  WRITES, (15,), (OPENED,)),
    Row(CLOSED,             CREATE, "RightMissing",     FORBIDDEN,     (),     CREATES, (15,), (OPENED,)),
    Row(SETUP_CLOSED,       READ,   "",                 WRITES,        (15,),  "", (15,)),

    # Somebody works in ConnectWise meanwhile. Between our read and our write nothing guards a record: the API has no
    # conditional write, so what happens there is seen by the next read, or by the watch.
    Row(HAND_EDIT,          READ,   "",                 f"DriftDetected {WRITES}", (16,),  "", (16,)),
    Row(HAND_EDIT,          UPDATE, "",                 WRITES,        (15,),  "", (15,)),
    Row(DELETED,            READ,   "",                 LOST,          (),
        ASKED + CREATES, (15,), ("create again",)),
    Row(DELETED,            UPDATE, "NotFound",         f"PushStarted {FAILED}", (),
        f"{LOST} {ASKED}{CREATES}", (15,), ("time", "create again")),
    Row(DOUBLED,            READ,   "",                 WRITES,        (15, 12), "", (15, 12), watch="TWO_RUNNING"),
    Row(DOUBLED,            UPDATE, "",                 WRITES,        (15, 12), "", (15, 12), watch="TWO_RUNNING"),
    Row(ANOTHER,            READ,   "",                 WRITES,        (15, 7), "", (15, 7), watch="TWO_RUNNING"),
    Row(ANOTHER,            UPDATE, "",                 WRITES,        (15, 7), "", (15, 7), watch="TWO_RUNNING"),
    Row(ANOTHER,            CREATE, "",                 CREATES,       (7, 15), "", (7, 15), watch="TWO_RUNNING"),
    Row(UNFIT,              UPDATE, "RequestRefused",   "PushStarted PushFailed REFUSED_BY_PSA", (12,),
        ASKED + WRITES, (15,), (FIT_AGAIN, "retry")),
    Row(CANCELLED,          READ,   "",                 ENDED,         (12,),  WRITES, (15,), (RUNS_AGAIN,)),
    Row(CANCELLED,          UPDATE, "",                 WRITES,        (15,),  "", (15,), watch="AGREEMENT_ENDED"),
    Row(CANCELLED,          CREATE, "",                 CREATES,       (15,),  "", (15,), watch="AGREEMENT_ENDED"),
    Row(AGREEMENT_DELETED,  READ,   "NotFound NotFound", "PushRefused AGREEMENT_GONE", (),
        "", (), watch="AGREEMENT_GONE"),
    Row(AGREEMENT_DELETED,  UPDATE, "NotFound",         f"PushStarted {FAILED}", (),
        "PushRefused AGREEMENT_GONE", (), watch="AGREEMENT_GONE"),
    Row(AGREEMENT_DELETED,  CREATE, "NotFound",         f"PushStarted {FAILED}", (),
        "PushRefused AGREEMENT_GONE", (), watch="AGREEMENT_GONE"),
    Row(COMPANY_DELETED,    READ,   "",                 WRITES,        (15,),  "", (15,), watch="COMPANY_DELETED"),
    Row(COMPANY_DELETED,    UPDATE, "",                 WRITES,        (15,),  "", (15,), (COMPANY_RESTORED,)),
    Row(COMPANY_DELETED,    CREATE, "",                 CREATES,       (15,),  "", (15,), watch="COMPANY_DELETED"),
    Row(INACTIVE,           READ,   "",                 WRITES,        (15,),  "", (15,), watch="PRODUCT_INACTIVE"),
    Row(INACTIVE,           UPDATE, "",                 WRITES,        (15,),  "", (15,), watch="PRODUCT_INACTIVE"),
    Row(INACTIVE,           CREATE, "",                 CREATES,       (15,),  "", (15,), watch="PRODUCT_INACTIVE"),
    Row(UNRELATED,          READ,   "",                 WRITES,        (15,),  "", (15,)),

    # The outcome is unknown, and before it can be looked up somebody works in ConnectWise.
    Row(CUT_BEFORE,         UPDATE, "OutcomeUnknown",   "PushStarted", (12,),
        f"{UNKNOWN} {WRITES}", (15,), (EDITED, "time", "sync now")),
    Row(CUT_AFTER,          CREATE, "OutcomeUnknown",   "PushStarted", (15,),
        f"AdditionCreated PushOutcomeUnknown {WRITES}", (15,), (EDITED,)),
    Row(CUT_AFTER,          CREATE, "OutcomeUnknown",   "PushStarted", (15,),
        MADE_AGAIN, (15,), (done("addition_deleted", addition="our addition"),)),
    Row(CUT_AFTER,          CREATE, "OutcomeUnknown",   "PushStarted", (15,),
        f"{NOT_APPLIED} PushRefused TWO_RUNNING", (15, 15),
        (done("addition_duplicated", addition="our addition"),), "TWO_RUNNING"),
)
# fmt: on
