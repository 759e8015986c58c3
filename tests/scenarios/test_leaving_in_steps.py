"""An addition that is left in several acts, with a worker that read its row before the last of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from domain.values import Component, LeftBehind, MspId
from tests.scenarios.acts import driven_by
from tests.workers.system import CORE, System
from workers.tools import Clients


@dataclass
class Interrupting:
    """Lets something happen right before each of the next passes reads ConnectWise; its due rows are read already."""

    clients: Clients
    happenings: list[Callable[[], None]]

    def reading(self, msp: MspId, connection_number: int) -> Any:
        return self.clients.reading(msp, connection_number)

    def writing(self, msp: MspId, connection_number: int) -> Any:
        if self.happenings:
            self.happenings.pop(0)()
        return self.clients.writing(msp, connection_number)


@pytest.mark.parametrize(("left", "held"), [(LeftBehind.ZERO, Decimal(0)), (LeftBehind.UNTOUCHED, Decimal(25))])
def test_a_second_remapping_between_row_and_states_still_releases_what_is_left(
    system: System, left: LeftBehind, held: Decimal
) -> None:
    shared = system.spare_product
    system.map_product(CORE, Component.LICENSE, shared, left=LeftBehind.ZERO)
    system.map_product(CORE, Component.SERVER, shared, left=LeftBehind.ZERO)
    system.create("globex")
    system.licenses("globex", quantity=12)
    system.licenses("globex", quantity=2, component=Component.SERVER)
    system.map_company("globex")
    system.settle()
    assert [Decimal(14)] == system.held(shared)
    system.psa.hand_edit(system.agreement, shared, 25)

    system.map_product(CORE, Component.SERVER, system.server_product, left=left)
    system.fold()
    second = Interrupting(
        system.tools.clients, [lambda: system.map_product(CORE, Component.LICENSE, system.license_product, left=left)]
    )
    driven_by(system, replace(system.tools, clients=second)).settle()
    system.forget_patience()
    system.settle()

    assert [held] == system.held(shared)
    assert "RELEASE" == system.pushes(shared)[-1][0]
    assert [Decimal(12)] == system.held(system.license_product)
    assert [Decimal(2)] == system.held(system.server_product)
