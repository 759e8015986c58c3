"""What is billed nowhere is shown with its size, what is left out on purpose apart."""

from tests.api.given import new_organization, registered
from tests.api.operations import EXCLUDE
from tests.syncing.whole import Whole

UNBILLED = "{ unbilledUsage { state plan component organizations units } }"
COUNTS = "{ organizations(filter: {isMapped: false}) { totalCount counts { state count } } }"


def test_unmapped_and_excluded_usage_is_told_with_its_size(ledger: Whole) -> None:
    trial = new_organization("trial", licenseType="TRIAL")
    registered(ledger.api, new_organization("hooli"), new_organization("wayne"), trial)
    ledger.billing()
    for name, quantity in (("hooli", 7), ("initech", 5), ("wayne", 30), ("trial", 50)):
        ledger.licenses(name, quantity)
    ledger.licenses("hooli", 2, component="SERVER")
    ledger.ask(EXCLUDE, items=[{"organization": "wayne", "reason": "billed by hand"}])

    found = ledger.admin.one(UNBILLED)

    assert [
        ("EXCLUDED", "LICENSE", 1, 30),
        ("UNMAPPED", "LICENSE", 2, 12),
        ("UNMAPPED", "SERVER", 1, 2),
    ] == [(one["state"], one["component"], one["organizations"], one["units"]) for one in found]
    listed = ledger.admin.one(COUNTS)
    assert (4, {"MAPPED": 1, "UNMAPPED": 3, "EXCLUDED": 1}) == (
        listed["totalCount"],
        {one["state"]: one["count"] for one in listed["counts"]},
    )
