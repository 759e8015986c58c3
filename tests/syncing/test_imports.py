"""Imports tell what is new, changed and gone, what is mapped and vanished, and go on after a crash."""

from collections.abc import Sequence
from typing import Any

import pytest

from connectwise.client import ReadingClient, WritingClient
from connectwise.shapes import Agreement
from domain.values import MspId, PsaCompanyId
from tests.api.operations import IMPORT
from tests.syncing.whole import Whole

LAST = """{ psaConnection { lastImport {
  run types statuses companies agreements new changed gone vanished finishedAt } } }
"""
MAPPINGS = """query ($f: CompanyMappingsFilter) { companyMappings(filter: $f) {
  counts { state count } nodes { organization company } } }"""
RUN_VANISHED = "query ($r: ID!) { run(id: $r) { vanished { organization companyName } } }"


class Killed(BaseException):
    """As if the process died here: nothing in the way catches it."""


class DiesWhileReading:
    """PSA clients of a worker that dies after it has read the companies, before it has the agreements."""

    def __init__(self, ledger: Whole) -> None:
        self._clients = ledger.tools.clients

    def reading(self, msp: MspId, connection_number: int) -> ReadingClient:
        client = self._clients.reading(msp, connection_number)

        class Dying(ReadingClient):
            def agreements(self, companies: Sequence[PsaCompanyId] | None = None) -> tuple[Agreement, ...]:  # type: ignore[override]  # it dies whatever it is given
                raise Killed

        dying = Dying.__new__(Dying)
        dying.__dict__.update(client.__dict__)
        return dying

    def writing(self, msp: MspId, connection_number: int) -> WritingClient:
        return self._clients.writing(msp, connection_number)


def counts(ledger: Whole, run: str) -> dict[str, int]:
    return ledger.outcomes(run)


def test_an_import_tells_new_changed_and_gone_apart(ledger: Whole) -> None:
    agreements = ledger.agreements()
    changed = next(one["company"]["id"] for one in agreements if one["company"] != agreements[0]["company"])
    ledger.psa_action("record_deleted", table="agreement", id=agreements[0]["id"])
    ledger.psa_action("record_changed", table="company", id=changed, changes={"name": "Renamed"})
    ledger.psa_action("record_added", table="company", values={"name": "Brand New", "identifier": "BrandNew"})

    run = ledger.imported()

    told = counts(ledger, run)
    assert (1, 1, 1, 0) == (told["new"], told["changed"], told["gone"], told["vanished"])


def test_what_is_mapped_and_vanished_is_named_on_the_run_and_in_the_list(ledger: Whole) -> None:
    bills = ledger.billing()
    ledger.psa_action("record_deleted", table="agreement", id=bills.agreement)

    run = ledger.imported()

    assert 1 == counts(ledger, run)["vanished"]
    assert ["globex"] == [one["organization"] for one in ledger.admin.one(RUN_VANISHED, r=run)["vanished"]]
    listed = ledger.admin.one(MAPPINGS, f={"isVanished": True})
    assert ["globex"] == [one["organization"] for one in listed["nodes"]]
    assert {"VANISHED": 1} == {one["state"]: one["count"] for one in listed["counts"]}
    assert [] == ledger.admin.one(MAPPINGS, f={"isVanished": False})["nodes"]


def test_the_last_filter_is_remembered(ledger: Whole) -> None:
    first = ledger.admin.one(LAST)["lastImport"]
    ledger.psa_action(
        "record_changed", table="company", id=ledger.agreements()[0]["company"]["id"], changes={"status": {"id": 2}}
    )
    run = ledger.imported(types=[1, 2], statuses=[1])

    last = ledger.admin.one(LAST)["lastImport"]

    assert ([], []) == (first["types"], first["statuses"])
    assert (run, [1, 2], [1]) == (last["run"], last["types"], last["statuses"])
    assert last["finishedAt"] is not None
    assert last["companies"] < first["companies"]


def test_an_import_killed_in_the_middle_is_resumed_and_ends_right(ledger: Whole) -> None:
    before = ledger.admin.one("{ companies { totalCount } }")["totalCount"]
    ledger.psa_action("record_added", table="company", values={"name": "Brand New", "identifier": "BrandNew"})
    run = ledger.run_of(IMPORT)
    ledger.folded()
    with pytest.raises(Killed):
        ledger.dispatcher(DiesWhileReading(ledger)).look()
    interrupted = ledger.run(run)["status"]
    ledger.forget_leases()

    ledger.settle()

    assert ("REQUESTED", "FINISHED") == (interrupted, ledger.run(run)["status"])
    assert (1, 0, 0) == tuple(counts(ledger, run)[name] for name in ("new", "changed", "gone"))
    assert before + 1 == ledger.admin.one("{ companies { totalCount } }")["totalCount"]


def test_two_imports_with_other_filters_are_carried_out_one_after_another(ledger: Whole) -> None:
    added = {"name": "Of Another Kind", "identifier": "OtherKind", "types": [{"id": 2}], "status": {"id": 1}}
    ledger.psa_action("record_added", table="company", values=added)
    everything: dict[str, Any] = ledger.run(ledger.imported())
    narrow = ledger.run_of(IMPORT, types=[1])
    wide = ledger.run_of(IMPORT)

    ledger.settle()

    companies = {one["state"]: one["count"] for one in everything["progress"]}["companies"]
    assert counts(ledger, narrow)["companies"] < companies
    assert (companies, counts(ledger, narrow)["gone"]) == (
        counts(ledger, wide)["companies"],
        counts(ledger, wide)["new"],
    )
