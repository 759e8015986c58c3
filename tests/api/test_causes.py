"""What led to what: the changes behind a usage, the facts behind a fact, an organization as it was."""

import pytest

from tests.api import operations
from tests.api.given import (
    AGREEMENT,
    change,
    connected,
    imported,
    map_item,
    new_organization,
    registered,
    with_products,
)
from tests.api.harness import Api, SimulatedTenant

USAGE = """{ usage { nodes { lines { product opening
  changes { changeId subject fact delta quantity totalAfter } } } } }"""
HISTORY = "query ($f: HistoryFilterInput) { history(filter: $f) { nodes { id } } }"
AS_OF = "query ($t: DateTime!, $o: ID!) { connectionAsOf(at: $t) { organization(id: $o) { name agreementName } } }"


@pytest.fixture
def mapped(api: Api, tenant: SimulatedTenant) -> tuple[int, int]:
    """Globex and Initech on one agreement, 12 and 5 licences. Gives agreement and product."""
    registered(api, new_organization("globex"), new_organization("initech"))
    connected(api, tenant)
    product, _ = with_products(api, tenant)
    imported(api)
    changes = [change("c1", "globex", quantity=12), change("c2", "initech", quantity=5)]
    api.platform().one(operations.CHANGE_LICENSES, input={"msp": api.msp, "changes": changes})
    api.admin().one(operations.MAP_COMPANIES, input={"items": [map_item("globex"), map_item("initech")]})
    return AGREEMENT, product


def test_usage_tells_what_moved_it_in_the_month(api: Api, mapped: tuple[int, int]) -> None:
    _, product = mapped

    answer = api.admin().one(USAGE)

    [line] = [one for one in answer["nodes"][0]["lines"] if one["product"] == product]
    assert line["opening"] == 0
    assert line["changes"] == [
        {
            "changeId": "c1",
            "subject": "platform",
            "fact": "organization.licenses-changed",
            "delta": 12,
            "quantity": 12,
            "totalAfter": 12,
        }
    ]


def test_what_no_fact_can_have_led_to_is_refused(api: Api, mapped: tuple[int, int]) -> None:
    answer = api.admin().ask(HISTORY, f={"causedBy": "not an id"})

    assert answer.codes == ["InvalidInput"]


def test_one_organization_is_told_as_it_was(api: Api, mapped: tuple[int, int]) -> None:
    now = api.admin().one("{ serverTime }")

    known = api.admin().one(AS_OF, t=now, o="globex")["organization"]
    unknown = api.admin().one(AS_OF, t=now, o="hooli")["organization"]

    assert known == {"name": "Globex", "agreementName": "Globex monthly"}
    assert unknown is None
