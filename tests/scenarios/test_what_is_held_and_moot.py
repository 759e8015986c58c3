"""A push that waits for an admin waits no longer than there is something to push, and can be answered until then."""

from collections.abc import Mapping

from domain.connection import confirm_product_mapping
from domain.run import RUN, RunStatus, cancel_run
from domain.streams import run_stream
from domain.values import Component, LeftBehind, PlanComponent
from tests.scenarios.acts import heal, start
from tests.workers.system import CORE, MSP, System


def exceptions(system: System) -> Mapping[str, str]:
    """Problem and kind of push of everything on the exception list about the licences' addition."""
    system.fold()
    with system.tools.pool.connection() as connection:
        rows = connection.execute(
            "SELECT problem, kind FROM exceptions WHERE product = %s", (system.license_product,)
        ).fetchall()
    return {str(problem): str(kind) for problem, kind in rows}


def adopted_with_a_held_first_push(system: System) -> None:
    """Somebody bills 99 licences by hand already; ours are 12, which is a steep drop."""
    system.psa.post(
        "actions",
        action="addition_added",
        agreement=system.agreement,
        values={"product": {"id": system.license_product}, "billCustomer": "Billable", "quantity": 99},
    )
    start(system)
    assert {"HELD": "INITIAL"} == exceptions(system)


def test_a_held_first_push_of_an_addition_that_everybody_left_is_held_no_longer(system: System) -> None:
    adopted_with_a_held_first_push(system)

    system.unmap_company("globex", LeftBehind.UNTOUCHED)
    system.settle()

    assert {"NOTHING_MAPPED": "INITIAL"} == exceptions(system)
    assert [99] == system.held(system.license_product)


def test_a_held_sync_of_an_addition_that_everybody_left_is_held_no_longer(system: System) -> None:
    adopted_with_a_held_first_push(system)
    system.sync_now()
    system.settle()
    assert {"HELD": "OVERWRITE"} == exceptions(system)

    system.unmap_company("globex", LeftBehind.UNTOUCHED)
    system.settle()

    assert {"NOTHING_MAPPED": "OVERWRITE"} == exceptions(system)


def test_what_everybody_left_is_held_again_once_somebody_comes_back(system: System) -> None:
    adopted_with_a_held_first_push(system)
    system.unmap_company("globex", LeftBehind.UNTOUCHED)
    system.settle()

    system.map_company("globex")
    system.settle()
    assert "HELD" in exceptions(system)
    system.approve(system.license_product)
    system.settle()

    assert {} == exceptions(system)
    assert [12] == system.held(system.license_product)


def test_a_line_that_a_cancelled_run_held_can_still_be_approved(system: System) -> None:
    adopted_with_a_held_first_push(system)
    system.create("initech")
    system.licenses("initech", quantity=7)
    system.map_company("initech", system.other_agreement)
    system.settle()
    system.psa.fault("error", count=50, endpoint=f"*/agreements/{system.other_agreement}*", status=503, body="json")
    run = system.sync_now()
    system.settle()
    assert {"HELD": "OVERWRITE"} == exceptions(system)

    system.journal.execute(RUN, run_stream(MSP, run), lambda state: cancel_run(state, run), system.origin())
    heal(system)
    system.forget_patience()
    system.settle()
    assert {"HELD": "OVERWRITE"} == exceptions(system)
    system.approve(system.license_product)
    system.settle()

    assert {} == exceptions(system)
    assert [12] == system.held(system.license_product)
    assert RunStatus.CANCELLED is system.journal.state(RUN, run_stream(MSP, run)).state.status


def test_what_was_held_when_the_connection_ended_is_asked_of_nobody_any_more(system: System) -> None:
    adopted_with_a_held_first_push(system)

    system.disconnect()
    assert {} == exceptions(system)
    system.connect()
    system.settle()

    assert {} == exceptions(system)


def test_a_first_push_is_held_again_when_the_line_is_billed_by_a_new_connection(system: System) -> None:
    adopted_with_a_held_first_push(system)

    system.disconnect()
    system.connect()
    system.map_product(CORE, Component.LICENSE, system.license_product)
    system.on_connection(lambda state: confirm_product_mapping(state, [PlanComponent(CORE.id, Component.LICENSE)]))
    system.map_company("globex")
    system.settle()

    assert {"HELD": "INITIAL"} == exceptions(system)
