"""What stands before the attack: an MSP that is connected and mapped, and another one with facts of its own."""

from typing import Any

from tests.api import operations
from tests.api.given import new_organization
from tests.api.harness import SimulatedTenant
from tests.hostile.world import OTHERS, OURS, World


def done(world: World, query: str, who: tuple[str, str | None], given: dict[str, Any]) -> Any:
    answered = world.ask(query, {"input": given}, world.token(*who))
    assert not answered.is_refused, answered.text
    [value] = answered.body["data"].values()
    return value


def set_up(world: World, tenant: SimulatedTenant, others_tenant: SimulatedTenant) -> None:
    for msp, organizations in ((OURS, ("globex", "initech")), (OTHERS, ("hooli", "globex"))):
        listed = [new_organization(each, name=f"{each} of {msp}") for each in organizations]
        done(world, operations.REGISTER, ("PLATFORM", None), {"msp": msp, "organizations": listed})
    for msp, keys in ((OURS, tenant), (OTHERS, others_tenant)):
        done(world, operations.CONNECT, ("ADMIN", msp), keys.keys)
        for number, component in enumerate(("LICENSE", "SERVER")):
            product = keys.product(number)["id"]
            mapped = {"plan": "network-core", "component": component, "product": product}
            done(world, operations.MAP_PRODUCT, ("ADMIN", msp), mapped)
        done(world, operations.CONFIRM, ("ADMIN", msp), {})
        world.secrets += [keys.private_key, keys.public_key]


def ids_of_others(world: World) -> dict[str, str]:
    """Of an organization, a run and a fact."""
    started = done(world, IMPORT, ("ADMIN", OTHERS), {})
    auditor = world.token("AUDITOR", OTHERS)
    fact = world.ask("{ history(first: 1) { nodes { id } } }", {}, auditor).body["data"]["history"]["nodes"][0]
    return {"organization": "hooli", "run": started["run"]["id"], "fact": fact["id"]}


IMPORT = """
mutation ($input: ImportCompaniesInput!) { importCompanies(input: $input) { __typename
  ... on RunAccepted { run { id } } } }
"""
