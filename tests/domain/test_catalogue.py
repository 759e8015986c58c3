"""The vendor's catalogue: what is read, and what is wrong with a file that can not be used."""

from pathlib import Path

import pytest

from domain.catalogue import Catalogue, CatalogueError, Plan, ProductLine, parse_catalogue
from domain.refusals import UnknownPlan
from domain.values import Component, LineId, PlanComponent, PlanId

WHOLE = """
[lines.network]
name = "Network security"
[lines.network.plans.core]
name = "Core"
components = ["LICENSE", "SERVER"]
[lines.network.plans.lite]
name = "Lite"
components = ["LICENSE"]
[lines.passwords]
name = "Passwords"
[lines.passwords.plans.business]
name = "Business"
components = ["LICENSE"]
"""


def test_lines_and_plans_stand_in_the_order_of_the_file() -> None:
    network, passwords = LineId("network"), LineId("passwords")

    catalogue = parse_catalogue(WHOLE)

    core = Plan(PlanId("core"), network, "Core", (Component.LICENSE, Component.SERVER))
    lite = Plan(PlanId("lite"), network, "Lite", (Component.LICENSE,))
    business = Plan(PlanId("business"), passwords, "Business", (Component.LICENSE,))
    expected = Catalogue(
        (
            ProductLine(network, "Network security", (core, lite)),
            ProductLine(passwords, "Passwords", (business,)),
        )
    )
    assert expected == catalogue
    assert lite == catalogue.plan("lite")


def test_each_component_of_a_plan_is_one_thing_to_map() -> None:
    core = parse_catalogue(WHOLE).plan("core")

    expected = (PlanComponent(core.id, Component.LICENSE), PlanComponent(core.id, Component.SERVER))
    assert expected == core.items


def test_a_plan_that_the_catalogue_lacks_is_unknown() -> None:
    with pytest.raises(UnknownPlan) as refused:
        parse_catalogue(WHOLE).plan("Core")

    assert str(refused.value) == "the catalogue has no plan Core"


def test_the_shipped_catalogue_can_be_read_and_its_lite_plans_have_no_servers() -> None:
    shipped = parse_catalogue((Path(__file__).parents[2] / "catalogue.toml").read_text(encoding="utf-8"))

    lite = [plan for line in shipped.lines for plan in line.plans if plan.name == "Lite"]
    assert lite
    assert all(plan.components == (Component.LICENSE,) for plan in lite)


PLAN = '[lines.a]\nname = "A"\n[lines.a.plans.p]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lines = [", "the catalogue is not TOML: "),
        ("", "the catalogue has no [lines]"),
        ("lines = 1", "the catalogue has no [lines]"),
        ("[lines]", "the catalogue has no [lines]"),
        ("[lines]\na = 1", "the catalogue has no [lines.a.plans]"),
        ('[lines.a]\nname = "A"', "the catalogue has no [lines.a.plans]"),
        ('[lines.a.plans.p]\nname = "P"\ncomponents = ["LICENSE"]', "lines.a has no name"),
        ('[lines.a]\nname = " "\n[lines.a.plans.p]\nname = "P"\ncomponents = ["LICENSE"]', "lines.a has no name"),
        (PLAN + 'components = ["LICENSE"]', "lines.a.plans.p has no name"),
        (PLAN + 'name = 5\ncomponents = ["LICENSE"]', "lines.a.plans.p has no name"),
        (PLAN + 'name = "P"', "lines.a.plans.p has no components"),
        (PLAN + 'name = "P"\ncomponents = []', "lines.a.plans.p has no components"),
        (PLAN + 'name = "P"\ncomponents = "LICENSE"', "lines.a.plans.p has no components"),
        ('[lines.a]\nname = "A"\n[lines.a.plans]\np = 1', "lines.a.plans.p has no components"),
        (PLAN + 'name = "P"\ncomponents = ["license"]', "lines.a.plans.p names an unknown component: 'license'"),
        (PLAN + 'name = "P"\ncomponents = [{}]', "lines.a.plans.p names an unknown component: {}"),
        (PLAN + 'name = "P"\ncomponents = ["SERVER", "SERVER"]', "lines.a.plans.p names a component twice"),
        (WHOLE + '[lines.passwords.plans.core]\nname = "C"\ncomponents = ["LICENSE"]', "plan core stands twice"),
    ],
)
def test_a_catalogue_that_can_not_be_used_names_the_place(text: str, message: str) -> None:
    with pytest.raises(CatalogueError) as unusable:
        parse_catalogue(text)

    assert str(unusable.value).startswith(message)
