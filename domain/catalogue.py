"""The vendor's catalogue: product lines, their plans, and what is counted within each plan.

It is read from TOML (`catalogue.toml`). Facts record the components a plan had when it was bought, so editing the
file never changes what was recorded.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.refusals import UnknownPlan
from domain.values import Component, LineId, PlanComponent, PlanId


class CatalogueError(ValueError):
    """The catalogue file can not be used; the message names the place."""


@dataclass(frozen=True, slots=True)
class Plan:
    id: PlanId
    line: LineId
    name: str
    components: tuple[Component, ...]

    @property
    def items(self) -> tuple[PlanComponent, ...]:
        return tuple(PlanComponent(self.id, component) for component in self.components)


@dataclass(frozen=True, slots=True)
class ProductLine:
    id: LineId
    name: str
    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Shape: lines and plans in the order of the file."""

    lines: tuple[ProductLine, ...]
    _plans: Mapping[PlanId, Plan] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_plans", {plan.id: plan for line in self.lines for plan in line.plans})

    def plan(self, plan: str) -> Plan:
        """Raises: UnknownPlan."""
        known = self._plans.get(PlanId(plan))
        if known is None:
            raise UnknownPlan(plan)
        return known


def parse_catalogue(text: str) -> Catalogue:
    """Read a catalogue.

    Raises: CatalogueError for broken TOML, a missing or empty name, an unknown component, a plan id used twice, a
    plan without components.

    >>> catalogue = parse_catalogue('''
    ... [lines.network]
    ... name = "Network"
    ... [lines.network.plans.network-lite]
    ... name = "Lite"
    ... components = ["LICENSE"]
    ... ''')
    >>> catalogue.plan("network-lite").components
    (<Component.LICENSE: 'LICENSE'>,)
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"the catalogue is not TOML: {error}") from error
    lines = []
    seen: set[str] = set()
    for line_id, line in _table(document, "lines", "").items():
        where = f"lines.{line_id}"
        plans = []
        for plan_id, plan in _table(line, "plans", where).items():
            if plan_id in seen:
                raise CatalogueError(f"plan {plan_id} stands twice in the catalogue")
            seen.add(plan_id)
            components = _components(plan, f"{where}.plans.{plan_id}")
            plans.append(Plan(PlanId(plan_id), LineId(line_id), _name(plan, f"{where}.plans.{plan_id}"), components))
        lines.append(ProductLine(LineId(line_id), _name(line, where), tuple(plans)))
    return Catalogue(tuple(lines))


def _table(of: object, key: str, where: str) -> Mapping[str, object]:
    table = of.get(key) if isinstance(of, dict) else None
    if not isinstance(table, dict) or not table:
        raise CatalogueError(f"the catalogue has no [{where + '.' if where else ''}{key}]")
    return table


def _name(of: object, where: str) -> str:
    name = of.get("name") if isinstance(of, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise CatalogueError(f"{where} has no name")
    return name


def _components(plan: object, where: str) -> tuple[Component, ...]:
    listed = plan.get("components") if isinstance(plan, dict) else None
    if not isinstance(listed, list) or not listed:
        raise CatalogueError(f"{where} has no components")
    if unknown := [entry for entry in listed if entry not in list(Component)]:
        raise CatalogueError(f"{where} names an unknown component: {unknown[0]!r}")
    if len(set(listed)) != len(listed):
        raise CatalogueError(f"{where} names a component twice")
    return tuple(Component(entry) for entry in listed)
